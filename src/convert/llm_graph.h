/* llm_graph.h: the graph of a decoder-only language model with prefill and decode signatures. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CONVERT_LLM_GRAPH_H
#define LRT_CONVERT_LLM_GRAPH_H

#include "convert/llm_spec.h"
#include "graph/graph.h"
#include "quant/weight_format.h"

/* A matrix as the file stores it: rows of one weight, or of queries, keys and values interleaved by key head. */
typedef struct lrt_llm_matrix {
  lrt_llm_weight weight; /* LRT_LLM_QUERY stands for all three */
  int32_t layer;
  lrt_weight_format format;
  int64_t rows, columns;
  char codes, block_scales; /* their addresses stand for the contents (tflite_write.h) */
  float
      *row_scales; /* [rows] where rows have one scale each: part of the graph, to be filled before writing */
  int32_t *zero_points; /* [rows] zeros for them */
} lrt_llm_matrix;

typedef struct lrt_llm_graph_options {
  int32_t context;              /* positions of the caches */
  const int32_t *prefill_sizes; /* [prefill_count] tokens per pass, ascending */
  int32_t prefill_count;
  lrt_weight_format linear,
      embedding; /* of matrices in layers; of the embedding, and of the output where it is tied */
} lrt_llm_graph_options;

/* Lives in the arena it was made in. */
typedef struct lrt_llm_graph {
  lrt_graph graph;
  lrt_llm_matrix *matrices; /* [matrix_count] contents to be written apart */
  int32_t matrix_count;
} lrt_llm_graph;

/* Signatures prefill_N and decode. Inputs: tokens int32 [1, N], input_pos int32 [N], mask float32 [1, 1, N, context]
 * (0 = visible, a large negative number = hidden), kv_cache_k_I float32 [1, kv_heads, context, head_dim] and
 * kv_cache_v_I [1, kv_heads, head_dim, context]; outputs: the caches, and logits float32 [1, 1, vocabulary] of decode.
 * Vectors and biases are read from the source now, matrices later (lrt_llm_matrix_rows). Errors: those of the source,
 * lrt_llm_spec_check and lrt_weight_format_check; OUT_OF_MEMORY. */
lrt_status lrt_llm_graph_build(const lrt_llm_source *source, const lrt_llm_graph_options *options,
                               lrt_arena *arena, lrt_llm_graph *out, lrt_error *err);

/* Rows [first, first + count) of a matrix of the file, into out: [count][columns]. */
lrt_status lrt_llm_matrix_rows(const lrt_llm_source *source, const lrt_llm_matrix *matrix, int64_t first,
                               int64_t count, float *out, lrt_error *err);

#endif
