/* graph.h: the file graph: an immutable picture of a model with the file's own tensor and node indices. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_GRAPH_H
#define LRT_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "litert/status.h"
#include "litert/tensor.h"
#include "opset/opset.h"

/* One dimension of a sparse tensor, in traversal order. */
typedef struct lrt_sparse_dimension {
  bool sparse;        /* false: dense */
  int32_t dense_size; /* dense: number of elements */
  uint32_t segment_count, index_count;
  const int32_t *segments; /* sparse: [segment_count], widened to 32 bits */
  const int32_t *indices;  /* sparse: [index_count] */
} lrt_sparse_dimension;

typedef struct lrt_sparsity {
  uint32_t traversal_count, block_count, dimension_count;
  const int32_t *traversal_order; /* [traversal_count] */
  const int32_t *block_map;       /* [block_count] */
  const lrt_sparse_dimension *dimensions;
} lrt_sparsity;

typedef struct lrt_tensor {
  const char *name;
  lrt_type type;
  lrt_shape shape;           /* as stored; unknown dimensions are 1 or 0 as the writer left them */
  lrt_shape shape_signature; /* -1 = unknown; rank -1 when the file has none */
  bool has_rank;
  bool is_variable;
  uint32_t buffer;          /* index into the file's buffers, 0 = none */
  uint32_t external_buffer; /* 0 = none */
  lrt_quant quant;
  const lrt_sparsity *sparsity; /* NULL = dense */
  const void *data;             /* constant contents, NULL = computed at run time */
  uint64_t bytes;               /* of data */
} lrt_tensor;

typedef struct lrt_node {
  int32_t code; /* lrt_op_code; LRT_OP_CUSTOM for custom operators */
  int32_t version;
  const char *custom_name; /* LRT_OP_CUSTOM only */
  const void *options;     /* lrt_<table>_options with defaults filled in; NULL where the operator has none */
  const uint8_t *custom_options;
  uint64_t custom_options_size;
  int32_t input_count, output_count, intermediate_count;
  const int32_t *inputs; /* tensor indices, -1 = optional operand left out */
  const int32_t *outputs;
  const int32_t *intermediates;
} lrt_node;

/* A node that has to run before another although no tensor says so. */
typedef struct lrt_control_edge {
  int32_t before, after;
} lrt_control_edge;

typedef struct lrt_subgraph {
  const char *name;
  int32_t tensor_count, node_count, input_count, output_count;
  const lrt_tensor *tensors;
  const lrt_node *nodes;
  const int32_t *inputs;
  const int32_t *outputs;
  int32_t control_edge_count;
  const lrt_control_edge *control_edges;
  const int32_t
      *order; /* [node_count] nodes as they run where control edges ask for it; NULL = as numbered */
} lrt_subgraph;

typedef struct lrt_signature_entry {
  const char *name;
  int32_t tensor;
  int32_t place; /* in the file's own list */
} lrt_signature_entry;

typedef struct lrt_signature {
  const char *key;
  int32_t subgraph, input_count, output_count;
  const lrt_signature_entry *inputs; /* sorted by name */
  const lrt_signature_entry *outputs;
} lrt_signature;

typedef struct lrt_metadata_entry {
  const char *name;
  const void *data;
  uint64_t bytes;
} lrt_metadata_entry;

typedef struct lrt_graph {
  const char *description;
  int32_t subgraph_count, signature_count, metadata_count;
  const lrt_subgraph *subgraphs;
  const lrt_signature *signatures;
  const lrt_metadata_entry *metadata;
} lrt_graph;

/* Signature by key; key NULL stands for the only one. NULL where there is none. */
const lrt_signature *lrt_graph_signature(const lrt_graph *graph, const char *key);
/* Name of a node's operator: "CONV_2D", or the custom name. */
const char *lrt_node_name(const lrt_node *node);

#endif
