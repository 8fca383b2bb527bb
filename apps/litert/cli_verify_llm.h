/* cli_verify_llm.h: compares what two language models predict after each token of a text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_VERIFY_LLM_H
#define LRT_CLI_VERIFY_LLM_H

#include "cli.h"

typedef struct cli_verify_llm_options {
  const char *text_file; /* UTF-8; NULL = a text of the command's own */
  int64_t tokens;        /* at most, 0 = the whole text or context */
  double most_kl;        /* a larger mean divergence ends the command with 1; 0 = any is fine */
  int num_threads;
} cli_verify_llm_options;

/* Whether the file is a .litertlm bundle; false where it cannot be read. */
bool cli_is_bundle(const char *path);
/* Writes the comparison of `first`, by which `second` is judged; both have the same vocabulary. */
lrt_status cli_verify_llm(cli *c, const char *first, const char *second,
                          const cli_verify_llm_options *options);

#endif
