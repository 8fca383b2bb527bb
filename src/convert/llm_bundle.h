/* llm_bundle.h: a checkpoint becomes a .litertlm bundle: metadata, tokenizer, model. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CONVERT_LLM_BUNDLE_H
#define LRT_CONVERT_LLM_BUNDLE_H

#include "convert/llm_graph.h"
#include "formats/bundle_sections.h"

typedef struct lrt_llm_bundle_options {
  lrt_llm_graph_options graph;
  lrt_section_kind
      tokenizer_kind;    /* SENTENCEPIECE, or HF_TOKENIZER_ZLIB for the text of a tokenizer.json; NONE */
  const void *tokenizer; /* [tokenizer_length] */
  size_t tokenizer_length;
  int64_t start_token;        /* -1 = none is put before a text */
  const int32_t *stop_tokens; /* [stop_token_count] */
  size_t stop_token_count;
  const char *chat_template; /* Jinja, or NULL */
  size_t chat_template_length;
} lrt_llm_bundle_options;

/* What was written, for a report. */
typedef struct lrt_llm_bundle_result {
  uint64_t bytes; /* of the file */
  uint64_t parameters;
  lrt_weight_error linear, embedding; /* summed over the matrices of each kind */
} lrt_llm_bundle_result;

/* Writes the bundle to `path`, which appears only when it is whole. The same input gives the same bytes. Memory: the
 * graph, and a few rows of weights at a time. Errors: those of the source, the graph and the output. */
lrt_status lrt_llm_bundle_write(const char *path, const lrt_llm_source *source,
                                const lrt_llm_bundle_options *options, lrt_alloc *alloc,
                                lrt_llm_bundle_result *result, lrt_error *err);

#endif
