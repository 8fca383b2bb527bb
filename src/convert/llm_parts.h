/* llm_parts.h: what the signatures of a language model share: weights, tables, and the decomposition of norms. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CONVERT_LLM_PARTS_H
#define LRT_CONVERT_LLM_PARTS_H

#include "convert/graph_build.h"
#include "convert/llm_graph.h"

#define LRT_LLM_MAX_NORMS 256

typedef struct lrt_llm_parts {
  const lrt_llm_source *source;
  const lrt_llm_graph_options *options;
  lrt_arena *arena;
  const float *
      *vectors; /* [layers + 1][LRT_LLM_WEIGHT_COUNT], made on first use; the last row is that of layer -1 */
  lrt_llm_matrix **matrix_of; /* the same for matrices */
  lrt_llm_matrix *matrices;   /* [matrix_count] */
  int32_t matrix_count;
  const float *frequencies[2]; /* of the global and the local rotation */
  const float *count_up;       /* 0, 1, 2 … */
  const uint8_t *norm_attributes;
  uint32_t norm_attribute_bytes;
  lrt_shape norm_shapes[LRT_LLM_MAX_NORMS]; /* [norm_count] of the decompositions asked for */
  int32_t norm_count;
  lrt_subgraph *subgraphs; /* [signature_count + norm_count] */
  lrt_signature *signatures;
  int32_t signature_count;
  lrt_status status; /* of the first failure */
  lrt_error error;
} lrt_llm_parts;

lrt_status lrt_llm_parts_init(lrt_llm_parts *parts, const lrt_llm_source *source,
                              const lrt_llm_graph_options *options, lrt_arena *arena, lrt_error *err);
/* The first failure of the calls below, which then return tensor 0. */
lrt_status lrt_llm_parts_status(const lrt_llm_parts *parts, lrt_error *err);
/* Adds the decompositions and gives everything to `out`. */
lrt_status lrt_llm_parts_finish(lrt_llm_parts *parts, lrt_llm_graph *out, lrt_error *err);

/* A matrix as a tensor of the subgraph under construction; *rows of it. */
int32_t lrt_llm_parts_matrix(lrt_llm_parts *parts, lrt_build *b, lrt_llm_weight weight, int32_t layer,
                             int64_t *rows);
/* A vector, float32 [columns]. */
int32_t lrt_llm_parts_vector(lrt_llm_parts *parts, lrt_build *b, lrt_llm_weight weight, int32_t layer);
/* Biases of queries, keys and values in the order of the fused matrix's rows. */
int32_t lrt_llm_parts_fused_bias(lrt_llm_parts *parts, lrt_build *b, int32_t layer);
/* theta^(-2i / D) / factor, float32 [1, 1, D / 2]; `factor` 1 and the local theta give the second table. */
int32_t lrt_llm_parts_frequencies(lrt_llm_parts *parts, lrt_build *b, float theta, float factor);
/* 0, 1 … count - 1, float32 [1, 1, 1, count]. */
int32_t lrt_llm_parts_count_up(lrt_llm_parts *parts, lrt_build *b, int32_t count);
/* The options of an RMS norm over the last dimension of that shape. */
lrt_stablehlo_composite_options lrt_llm_parts_norm(lrt_llm_parts *parts, const lrt_shape *shape);

#endif
