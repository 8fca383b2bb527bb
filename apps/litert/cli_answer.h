/* cli_answer.h: one answer of a language model: written while it comes, stopped by Ctrl-C, told as JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_ANSWER_H
#define LRT_CLI_ANSWER_H

#include "cli.h"
#include "litert/llm.h"

/* Writes text to standard output at once; on a terminal control characters become '?', so that no answer can steer it. */
void cli_answer_write(const char *text, size_t length);

/* Answers the conversation (NULL: goes on with the text of `session`) and writes the text while it comes, unless
 * `silent`. Ctrl-C stops the answer and nothing else where `stoppable`: *stopped is then true, and the status OK. */
typedef struct cli_answer {
  lrt_conversation *conversation; /* or NULL */
  lrt_session *session;
  const lrt_generate_options *options;
  bool silent, stoppable;
  bool stopped;        /* out */
  size_t prompt_count; /* out: tokens in front of the answer */
} cli_answer;

lrt_status cli_answer_run(cli *c, cli_answer *answer);
/* {"text","ids","prompt_ids","finish_reason","timings":{…},"peak_rss_bytes"} into c->out. */
lrt_status cli_answer_report(cli *c, const cli_answer *answer, double load_seconds);

#endif
