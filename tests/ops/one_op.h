/* one_op.h: runs one operator as a model of its own: operands in, results out, errors as a status. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_ONE_OP_H
#define LRT_TESTS_ONE_OP_H

#include "base/fail.h"
#include "build_model.h"
#include "opset/opset.h"

/* An operand. Constants are part of the model, the others are given before the run. */
typedef struct one_operand {
  lrt_type type;
  lrt_shape shape;
  const void *data;
  bool constant;
  float scale; /* > 0: quantized */
  int32_t zero_point;
  const lrt_quant *quant; /* in place of one scale; NULL = none */
  bool variable, absent;  /* state kept between runs; an optional operand left out */
} one_operand;

/* In place of options where the code is LRT_OP_CUSTOM. */
typedef struct one_custom {
  const char *name;
  int32_t version;
  const uint8_t *options; /* [bytes] */
  size_t bytes;
} one_custom;

typedef struct one_op {
  build_subgraph subgraph;
  build_model model;
  build_session session;
  lrt_error error;
  int inputs;
} one_op;

#define ONE_I32(...)                                                                                         \
  (one_operand) {                                                                                            \
    .type = LRT_INT32, .shape = {1, {sizeof((int32_t[]){__VA_ARGS__}) / 4}},                                 \
    .data = (int32_t[]){__VA_ARGS__}, .constant = true                                                       \
  }

/* Builds and runs; outputs[i] gives type and quantization. Leaves everything open until one_op_close. */
static inline lrt_status one_op_run(one_op *o, lrt_mode mode, int32_t code, const void *options,
                                    const one_operand *in, int n_in, const one_operand *out, int n_out) {
  int32_t ins[BUILD_MAX], outs[BUILD_MAX];
  memset(o, 0, sizeof *o);
  for (int i = 0; i < n_in + n_out; i++) {
    const one_operand *t = i < n_in ? &in[i] : &out[i - n_in];
    const int32_t index = t->constant ? build_constant(&o->subgraph, t->type, t->shape, t->data)
                                      : build_tensor(&o->subgraph, t->type, t->shape);
    if (t->scale > 0) build_quant(&o->subgraph, index, t->scale, t->zero_point);
    if (t->quant != NULL) o->subgraph.tensors[index].quant = *t->quant;
    o->subgraph.tensors[index].is_variable = t->variable;
    if (i < n_in)
      ins[i] = t->absent ? -1 : index;
    else
      outs[i - n_in] = index;
    if (i < n_in && !t->constant && !t->variable && !t->absent) build_input(&o->subgraph, index);
    if (i >= n_in) build_output(&o->subgraph, index);
  }
  lrt_node *node =
      build_node(&o->subgraph, code, code == LRT_OP_CUSTOM ? NULL : options, n_in, ins, n_out, outs);
  node->version = lrt_op_info_of(code)->version_min;
  if (code == LRT_OP_CUSTOM) {
    const one_custom *custom = options;
    node->version = custom->version;
    node->custom_name = custom->name;
    node->custom_options = custom->options;
    node->custom_options_size = custom->bytes;
  }
  o->inputs = n_in;
  build_subgraph *all = &o->subgraph;
  CHECK(build_finish(&o->model, &all, 1) == LRT_OK);
  const lrt_interpreter_options settings = {.mode = mode, .num_threads = 1};
  LRT_TRY(build_open(&o->model, &settings, &o->session, &o->error));
  for (int i = 0; i < n_in; i++) {
    const lrt_tensor_view view = build_view(&o->session, i);
    if (!in[i].constant && !in[i].variable && !in[i].absent && view.bytes > 0)
      memcpy(view.data, in[i].data, view.bytes);
  }
  return lrt_interpreter_invoke(o->session.it, 0, &o->error);
}

static inline void one_op_close(one_op *o) {
  build_close(&o->session);
  build_clear(&o->model);
}

static inline lrt_tensor_view one_op_result(const one_op *o, int output) {
  return build_view(&o->session, o->inputs + output);
}

/* Compares a result byte for byte and its shape. */
static inline bool one_op_gave(const one_op *o, int output, lrt_shape shape, const void *expected) {
  const lrt_tensor_view view = one_op_result(o, output);
  if (view.shape.rank != shape.rank) return false;
  for (int i = 0; i < shape.rank; i++)
    if (view.shape.dims[i] != shape.dims[i]) return false;
  return view.bytes == 0 || (view.data != NULL && memcmp(view.data, expected, view.bytes) == 0);
}

#define ONE_OP_REFUSED ((lrt_shape){-1, {0}})

/* Runs in both modes and compares the one result of `type`; with the shape ONE_OP_REFUSED expects an error. */
static inline void one_op_expect(lrt_type type, int32_t code, const void *options, const one_operand *in,
                                 int n_in, lrt_shape shape, const void *expected) {
  static const lrt_mode modes[] = {LRT_MODE_REF, LRT_MODE_FAST};
  for (int m = 0; m < 2; m++) {
    const one_operand out = {.type = type, .shape = {0, {0}}};
    one_op o;
    const lrt_status status = one_op_run(&o, modes[m], code, options, in, n_in, &out, 1);
    const bool right = shape.rank < 0 ? status != LRT_OK && o.error.message[0] != '\0'
                                      : status == LRT_OK && one_op_gave(&o, 0, shape, expected);
    if (!right) {
      check_failures++;
      fprintf(stderr, "operator %d, mode %d: %s\n", code, m,
              status == LRT_OK ? "wrong result" : o.error.message);
    }
    one_op_close(&o);
  }
}

#endif
