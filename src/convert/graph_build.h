/* graph_build.h: makes the subgraphs of a new model node by node. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CONVERT_GRAPH_BUILD_H
#define LRT_CONVERT_GRAPH_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "graph/graph.h"

/* A subgraph under construction; everything lives in the arena. Memory errors stick: after the first one all calls return
 * tensor 0 and lrt_build_finish reports it. */
typedef struct lrt_build {
  lrt_arena *arena;
  const char *prefix; /* of tensor names */
  lrt_tensor *tensors;
  lrt_node *nodes;
  int32_t *inputs, *outputs;
  lrt_signature_entry *input_names, *output_names;
  int32_t tensor_count, tensor_capacity, node_count, node_capacity;
  int32_t input_count, output_count, port_capacity;
  bool failed;
} lrt_build;

/* At most `ports` inputs and outputs each. */
void lrt_build_begin(lrt_build *b, lrt_arena *arena, const char *prefix, int32_t ports);

/* Shapes are written as lists: LRT_DIMS(1, 16, 64). */
#define LRT_DIMS(...) (&(const lrt_shape){sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t), {__VA_ARGS__}})
#define LRT_SCALAR (&(const lrt_shape){0, {0}})

/* A computed tensor called PREFIX/NAME; `name` is copied. */
int32_t lrt_build_tensor(lrt_build *b, const char *name, lrt_type type, const lrt_shape *shape);
/* The same as the next input or output of the subgraph and its signature. */
int32_t lrt_build_input(lrt_build *b, const char *name, lrt_type type, const lrt_shape *shape);
void lrt_build_output(lrt_build *b, const char *name, int32_t tensor);
/* A constant; `data` must outlive the graph (or be an address that stands for contents: tflite_write.h). */
int32_t lrt_build_constant(lrt_build *b, const char *name, lrt_type type, const lrt_shape *shape,
                           const void *data);
/* Small constants, copied; equal ones are made once. */
int32_t lrt_build_integers(lrt_build *b, const int32_t *values, int32_t count);
int32_t lrt_build_float(lrt_build *b, float value);
#define LRT_INTEGERS(b, ...)                                                                                 \
  lrt_build_integers(b, (const int32_t[]){__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

/* A node with one new output of that type and shape, called after its operator; returns the output. options: copied,
 * `option_bytes` of the operator's option struct. inputs: [count]. */
int32_t lrt_build_node(lrt_build *b, lrt_op_code code, int32_t version, const void *options,
                       size_t option_bytes, const int32_t *inputs, int32_t count, lrt_type type,
                       const lrt_shape *shape);
#define LRT_NO_OPTIONS ((const char *)NULL)
#define LRT_NODE(b, code, version, options, type, shape, ...)                                                \
  lrt_build_node(b, LRT_OP_##code, version, options, (options) == NULL ? 0 : sizeof *(options),              \
                 (const int32_t[]){__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t), type,   \
                 shape)

const lrt_shape *lrt_build_shape(const lrt_build *b, int32_t tensor);

/* The finished subgraph, and the signature `key` for it (may be NULL). Its lists are those of the builder. Errors:
 * OUT_OF_MEMORY, OVER_BUDGET. */
lrt_status lrt_build_finish(lrt_build *b, const char *key, int32_t index, lrt_subgraph *subgraph,
                            lrt_signature *signature, lrt_error *err);

#endif
