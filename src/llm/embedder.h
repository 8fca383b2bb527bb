/* embedder.h: the models of a bundle that turn tokens into embeddings before the language model sees them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_LLM_EMBEDDER_H
#define LRT_LLM_EMBEDDER_H

#include "base/arena.h"
#include "litert/parts.h"
#include "llm/llm_layout.h"

/* A signature that takes `width` tokens. */
typedef struct lrt_llm_embedder_entry {
  int32_t subgraph, width;
  lrt_llm_port tokens, rows;
} lrt_llm_embedder_entry;

/* Model NULL: none. */
typedef struct lrt_llm_embedder {
  lrt_model *model;
  const lrt_llm_embedder_entry *entries; /* [entry_count] by width, ascending */
  int32_t entry_count;
  int64_t row_floats; /* floats per token */
} lrt_llm_embedder;

/* Opens the section of that name ("tf_lite_embedder"); every signature must take tokens and give `row_floats` floats for
 * each, others are left out. Errors: INVALID_MODEL when there is no such section or no such signature. */
lrt_status lrt_llm_embedder_open(const lrt_parts *parts, const char *name, int64_t row_floats,
                                 lrt_arena *arena, lrt_llm_embedder *out, lrt_error *err);
void lrt_llm_embedder_clear(lrt_llm_embedder *embedder);
/* Writes the embeddings of ids: [count], and of `padding` more tokens 0, to out: [count + padding][row_floats]. `it` is an
 * interpreter of the embedder's model. */
lrt_status lrt_llm_embed(const lrt_llm_embedder *embedder, lrt_interpreter *it, const int32_t *ids,
                         int32_t count, int32_t padding, float *out, lrt_error *err);

#endif
