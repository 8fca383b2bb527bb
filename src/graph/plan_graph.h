/* plan_graph.h: the plan graph: a private copy of one subgraph that passes may rewrite before it is planned. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_PLAN_GRAPH_H
#define LRT_PLAN_GRAPH_H

#include "base/deadline.h"
#include "graph/graph.h"

/* One value. The first `tensor_count` of the subgraph are its own tensors, in the file's order; those of inlined
 * decompositions follow. */
typedef struct lrt_plan_tensor {
  const lrt_tensor *tensor;
  int32_t subgraph; /* where `tensor` stands in the file */
  int32_t index;
  int32_t scales; /* value that holds the scales of blockwise quantization, or -1 */
} lrt_plan_tensor;

typedef struct lrt_plan_node {
  lrt_node node;          /* operands are value indices of the plan graph */
  int32_t *inputs;        /* the same memory as node.inputs, writable for passes */
  int32_t file_index;     /* the node of the outer subgraph that this one stands for */
  const char *within;     /* name of the composite it was inlined from, or NULL */
  const lrt_node *origin; /* in the file graph */
  bool dead;
  bool is_group;      /* stands for delegated nodes; file_index is a number beyond those of the file */
  int32_t pads[4];    /* convolutions: top, bottom, left, right, beside what the options ask for */
  const char *remark; /* why a pass left the node as it is, where it nearly did not; or NULL */
  bool weights_only;  /* operand 1 was a DEQUANTIZE of constant weights: widen, do not quantize activations */
  bool squares;       /* MEAN, SUM: of the squares of operand 0 */
} lrt_plan_node;

typedef struct lrt_plan_graph {
  const lrt_graph *graph;
  const lrt_subgraph *subgraph;
  int32_t subgraph_index;
  lrt_plan_tensor *tensors;
  int32_t tensor_count, tensor_capacity;
  lrt_plan_node *nodes;
  int32_t node_count, node_capacity;
  lrt_arena arena;
} lrt_plan_graph;

/* What a plan graph is made of where nodes are delegated, in the order of execution. */
typedef struct lrt_plan_item {
  int32_t index;         /* of the node in the file, or the number of the group */
  const lrt_node *group; /* the node that stands for a group, NULL = a node of the file */
} lrt_plan_item;

/* Copies a subgraph, or the given items of it (NULL = all nodes in their order of execution); composites are replaced by their
 * decompositions, except, with `by_name`, those that an operator of this library computes: they become nodes of that custom
 * operator. Destroy with lrt_plan_graph_destroy. `deadline` may be NULL. */
lrt_status lrt_plan_graph_create(const lrt_graph *graph, int32_t subgraph, const lrt_plan_item *items,
                                 int32_t item_count, bool by_name, lrt_alloc *alloc,
                                 const lrt_deadline *deadline, lrt_plan_graph **out, lrt_error *err);
void lrt_plan_graph_destroy(lrt_plan_graph *plan);

#endif
