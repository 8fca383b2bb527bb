/* build_model.h: makes small models for tests: tensors, nodes and options in a few lines, written as .tflite bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_BUILD_MODEL_H
#define LRT_TESTS_BUILD_MODEL_H

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "litert/interpreter.h"
#include "model/tflite_write.h"

#define BUILD_MAX 56

/* One subgraph under construction. Zero-initialise; indices are handed out in order. */
typedef struct build_subgraph {
  lrt_tensor tensors[BUILD_MAX];
  lrt_node nodes[BUILD_MAX];
  int32_t operands[BUILD_MAX][2][BUILD_MAX];
  int32_t inputs[BUILD_MAX], outputs[BUILD_MAX];
  float scales[BUILD_MAX];
  int32_t zero_points[BUILD_MAX];
  lrt_subgraph graph;
} build_subgraph;

static inline lrt_shape build_shape(int rank, ...) {
  lrt_shape shape = {rank, {0}};
  va_list args;
  va_start(args, rank);
  for (int i = 0; i < rank; i++) shape.dims[i] = va_arg(args, int);
  va_end(args);
  return shape;
}

/* A computed tensor; returns its index. */
static inline int32_t build_tensor(build_subgraph *b, lrt_type type, lrt_shape shape) {
  static const char *const names[] = {"t0", "t1", "t2",  "t3",  "t4",  "t5",  "t6",  "t7",
                                      "t8", "t9", "t10", "t11", "t12", "t13", "t14", "t15"};
  const int32_t i = b->graph.tensor_count++;
  memset(&b->tensors[i], 0, sizeof b->tensors[i]);
  b->tensors[i].name = i < 16 ? names[i] : "tensor";
  b->tensors[i].type = type;
  b->tensors[i].shape = shape;
  b->tensors[i].shape_signature.rank = -1;
  return i;
}

/* A constant; `data` must outlive the building. */
static inline int32_t build_constant(build_subgraph *b, lrt_type type, lrt_shape shape, const void *data) {
  const int32_t i = build_tensor(b, type, shape);
  b->tensors[i].data = data;
  b->tensors[i].bytes = (uint64_t)lrt_shape_bytes(&shape, type);
  return i;
}

/* Gives a tensor one scale and zero point. */
static inline void build_quant(build_subgraph *b, int32_t tensor, float scale, int32_t zero_point) {
  b->scales[tensor] = scale;
  b->zero_points[tensor] = zero_point;
  b->tensors[tensor].quant =
      (lrt_quant){LRT_QUANT_AFFINE, 1, &b->scales[tensor], &b->zero_points[tensor], 0, 0, -1, -1};
}

/* A node; the operand lists are arrays of tensor indices. `options`: the operator's option struct, or NULL. */
static inline lrt_node *build_node(build_subgraph *b, int32_t code, const void *options, int n_in,
                                   const int32_t *in, int n_out, const int32_t *out) {
  const int32_t i = b->graph.node_count++;
  if (n_in > 0) memcpy(b->operands[i][0], in, (size_t)n_in * sizeof *in);
  if (n_out > 0) memcpy(b->operands[i][1], out, (size_t)n_out * sizeof *out);
  b->nodes[i] = (lrt_node){.code = code,
                           .version = 1,
                           .options = options,
                           .input_count = n_in,
                           .output_count = n_out,
                           .inputs = b->operands[i][0],
                           .outputs = b->operands[i][1]};
  return &b->nodes[i];
}

static inline void build_input(build_subgraph *b, int32_t tensor) {
  b->inputs[b->graph.input_count++] = tensor;
}
static inline void build_output(build_subgraph *b, int32_t tensor) {
  b->outputs[b->graph.output_count++] = tensor;
}

/* A model under construction and the bytes made from it. */
typedef struct build_model {
  lrt_subgraph rows[8];
  lrt_graph graph;
  lrt_fb_builder builder;
  const uint8_t *bytes;
  size_t size;
} build_model;

/* Where LRT_KEEP_MODELS names a folder, every model goes there: seeds for the programs that change models. */
static inline void build_keep(const uint8_t *bytes, size_t size) {
  static int number;
  char path[1024];
  const char *folder = getenv("LRT_KEEP_MODELS");
  if (folder == NULL) return;
  snprintf(path, sizeof path, "%s/%s_%03d.tflite", folder, program_invocation_short_name, number++);
  FILE *file = fopen(path, "wb");
  REQUIRE(file != NULL);
  CHECK(fwrite(bytes, 1, size, file) == size);
  fclose(file);
}

/* Writes `count` subgraphs (with optional signatures set in m->graph before) as .tflite bytes. */
static inline lrt_status build_finish(build_model *m, build_subgraph *const *subgraphs, int count) {
  for (int i = 0; i < count; i++) {
    build_subgraph *b = subgraphs[i];
    b->graph.name = i == 0 ? "main" : "branch";
    b->graph.tensors = b->tensors;
    b->graph.nodes = b->nodes;
    b->graph.inputs = b->inputs;
    b->graph.outputs = b->outputs;
    m->rows[i] = b->graph;
  }
  m->graph.description = "made by a test";
  m->graph.subgraphs = m->rows;
  m->graph.subgraph_count = count;
  lrt_fb_builder_init(&m->builder, lrt_alloc_default());
  const lrt_status status = lrt_tflite_write(&m->graph, &m->builder, &m->bytes, &m->size, NULL);
  if (status == LRT_OK) build_keep(m->bytes, m->size);
  return status;
}

static inline void build_clear(build_model *m) {
  lrt_fb_builder_clear(&m->builder);
}

/* Opens the finished bytes, creates an interpreter and allocates subgraph 0. On failure both stay NULL and the error
 * is in *err. Close with build_close. */
typedef struct build_session {
  lrt_model *model;
  lrt_interpreter *it;
} build_session;

static inline lrt_status build_open(const build_model *m, const lrt_interpreter_options *options,
                                    build_session *s, lrt_error *err) {
  s->model = NULL;
  s->it = NULL;
  lrt_status status = lrt_model_open_memory(m->bytes, m->size, NULL, &s->model, err);
  if (status == LRT_OK) status = lrt_interpreter_create(s->model, options, &s->it, err);
  if (status == LRT_OK) status = lrt_interpreter_allocate(s->it, 0, err);
  return status;
}

static inline void build_close(build_session *s) {
  lrt_interpreter_destroy(s->it);
  lrt_model_destroy(s->model);
}

/* Memory of a tensor of subgraph 0. */
static inline lrt_tensor_view build_view(const build_session *s, int32_t tensor) {
  lrt_tensor_view view = {LRT_FLOAT32, {0, {0}}, NULL, 0};
  lrt_interpreter_tensor(s->it, 0, tensor, &view, NULL);
  return view;
}

#endif
