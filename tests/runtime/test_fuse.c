/* test_fuse.c: plans with and without fusion give the same bytes; what is fused, what is not, and that plans say so. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "build_model.h"

static build_subgraph graph;
static int8_t bytes[4096];
static float floats[4096];
static int32_t integers[64];

static void start(build_model *m) {
  memset(&graph, 0, sizeof graph);
  memset(m, 0, sizeof *m);
  for (int i = 0; i < 4096; i++) {
    bytes[i] = (int8_t)(i * 37 % 251 - 125);
    floats[i] = (float)(i * 53 % 199 - 99) / 64;
  }
  for (int i = 0; i < 64; i++) integers[i] = i * 71 % 400 - 200;
}

/* A tensor with one scale where its type is int8. */
static int32_t tensor(lrt_type type, lrt_shape shape, float scale, int zero) {
  const int32_t t = build_tensor(&graph, type, shape);
  if (type == LRT_INT8) build_quant(&graph, t, scale, zero);
  return t;
}
static int32_t weights(lrt_type type, lrt_shape shape) {
  const int32_t t = build_constant(&graph, type, shape, type == LRT_INT8 ? (void *)bytes : (void *)floats);
  if (type == LRT_INT8) build_quant(&graph, t, 0.01f, 0);
  return t;
}
static int32_t node1(int32_t code, const void *options, int32_t a, int32_t out) {
  build_node(&graph, code, options, 1, &a, 1, &out);
  return out;
}
static int32_t node2(int32_t code, const void *options, int32_t a, int32_t b, int32_t out) {
  build_node(&graph, code, options, 2, (int32_t[]){a, b}, 1, &out);
  return out;
}

static void fill_inputs(const build_session *s) {
  for (int i = 0; i < graph.graph.input_count; i++) {
    const lrt_tensor_view view = build_view(s, graph.inputs[i]);
    for (size_t k = 0; k < view.bytes / (view.type == LRT_INT8 ? 1 : 4); k++) {
      if (view.type == LRT_INT8)
        ((int8_t *)view.data)[k] = (int8_t)((int)(k * 29 + (size_t)i * 11) % 255 - 127);
      else
        ((float *)view.data)[k] = (float)((int)(k * 31 + (size_t)i * 7) % 97 - 48) / 16;
    }
  }
}

/* Runs the model unfused and fused on several numbers of threads and compares all outputs. */
static void compare(build_model *m) {
  CHECK_INT(build_finish(m, (build_subgraph *[]){&graph}, 1), LRT_OK);
  const lrt_interpreter_options whole = {.preserve_all_tensors = 1, .num_threads = 1};
  build_session plain, s;
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(build_open(m, &whole, &plain, &err), LRT_OK);
  REQUIRE(plain.it != NULL);
  fill_inputs(&plain);
  CHECK_INT(lrt_interpreter_invoke(plain.it, 0, &err), LRT_OK);
  for (int threads = 1; threads <= 3; threads++) {
    const lrt_interpreter_options options = {.num_threads = threads};
    CHECK_INT(build_open(m, &options, &s, &err), LRT_OK);
    REQUIRE(s.it != NULL);
    for (int round = 0; round < 2; round++) {
      fill_inputs(&s);
      CHECK_INT(lrt_interpreter_invoke(s.it, 0, &err), LRT_OK);
      for (int i = 0; i < graph.graph.output_count; i++) {
        const lrt_tensor_view a = build_view(&plain, graph.outputs[i]), b = build_view(&s, graph.outputs[i]);
        CHECK_INT(a.bytes, b.bytes);
        CHECK(memcmp(a.data, b.data, a.bytes) == 0);
      }
    }
    build_close(&s);
  }
  build_close(&plain);
}

/* The remark of the node at `index`. */
static void check_remark(const build_model *m, int32_t index, const char *text) {
  build_session s;
  lrt_error err = {LRT_OK, ""};
  lrt_step_info step = {.note = ""};
  CHECK_INT(build_open(m, NULL, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  CHECK_INT(lrt_interpreter_step(s.it, 0, index, &step), LRT_OK);
  if (text == NULL ? strstr(step.note, "fused") != NULL : strstr(step.note, text) == NULL)
    fprintf(stderr, "node %d: \"%s\", expected \"%s\"\n", (int)index, step.note, text == NULL ? "" : text);
  CHECK(text == NULL ? strstr(step.note, "fused") == NULL : strstr(step.note, text) != NULL);
  build_close(&s);
}

static const lrt_conv_2d_options conv = {
    .stride_w = 1, .stride_h = 1, .dilation_w_factor = 1, .dilation_h_factor = 1};
static const lrt_conv_2d_options valid = {
    .padding = 1, .stride_w = 2, .stride_h = 1, .dilation_w_factor = 1, .dilation_h_factor = 1};
static const lrt_depthwise_conv_2d_options depthwise = {.padding = 1,
                                                        .stride_w = 1,
                                                        .stride_h = 1,
                                                        .depth_multiplier = 1,
                                                        .dilation_w_factor = 1,
                                                        .dilation_h_factor = 1};
static const lrt_add_options add = {.pot_scale_int16 = 1};
static const lrt_add_options add_relu = {.activation = 1, .pot_scale_int16 = 1};
static const lrt_mul_options mul = {0};
static const lrt_fully_connected_options full = {0};

/* Convolution, residual sum and activation; of int8 with scales that differ. */
static void products_take_what_follows(void) {
  for (int kind = 0; kind < 2; kind++) {
    const lrt_type type = kind == 0 ? LRT_FLOAT32 : LRT_INT8;
    build_model m;
    start(&m);
    const lrt_shape shape = build_shape(4, 2, 9, 11, 20);
    const int32_t x = tensor(type, shape, 0.05f, 3), r = tensor(type, shape, 0.08f, -7);
    build_input(&graph, x), build_input(&graph, r);
    const int32_t bias = build_constant(&graph, kind == 0 ? LRT_FLOAT32 : LRT_INT32, build_shape(1, 20),
                                        kind == 0 ? (void *)floats : (void *)integers);
    if (kind == 1) build_quant(&graph, bias, 0.0005f, 0);
    const int32_t y = tensor(type, shape, 0.2f, 11), z = tensor(type, shape, 0.25f, -20);
    build_node(&graph, LRT_OP_CONV_2D, &conv, 3,
               (int32_t[]){x, weights(type, build_shape(4, 20, 3, 3, 20)), bias}, 1, &y);
    node2(LRT_OP_ADD, &add_relu, y, r, z);
    const int32_t u = node1(LRT_OP_HARD_SWISH, NULL, z, tensor(type, shape, 0.24f, -18));
    const int32_t v = tensor(type, build_shape(4, 2, 7, 9, 20), 0.5f, 0);
    build_node(&graph, LRT_OP_DEPTHWISE_CONV_2D, &depthwise, 3,
               (int32_t[]){u, weights(type, build_shape(4, 1, 3, 3, 20)), bias}, 1, &v);
    build_output(&graph,
                 node1(LRT_OP_TANH, NULL, v, tensor(type, build_shape(4, 2, 7, 9, 20), 1.0f / 128, 0)));
    compare(&m);
    check_remark(&m, 1, "fused into CONV_2D (node 0)");
    check_remark(&m, 2, "fused into CONV_2D (node 0)");
    check_remark(&m, 4, "fused into DEPTHWISE_CONV_2D (node 3)");
    build_clear(&m);
  }
}

/* One row and many through FULLY_CONNECTED, a bias that is a node, a chain of element-wise nodes. */
static void rows_and_chains(void) {
  for (int rows = 1; rows <= 70; rows += 69) {
    build_model m;
    start(&m);
    const int32_t x = tensor(LRT_FLOAT32, build_shape(2, rows, 30), 0, 0);
    const lrt_shape shape = build_shape(2, rows, 90);
    build_input(&graph, x);
    const int32_t w = weights(LRT_FLOAT32, build_shape(2, 90, 30)),
                  b = weights(LRT_FLOAT32, build_shape(1, 90));
    const int32_t y = tensor(LRT_FLOAT32, shape, 0, 0);
    build_node(&graph, LRT_OP_FULLY_CONNECTED, &full, 3, (int32_t[]){x, w, -1}, 1, &y);
    const int32_t z = node2(LRT_OP_ADD, &add, y, b, tensor(LRT_FLOAT32, shape, 0, 0));
    const int32_t u = node1(LRT_OP_LOGISTIC, NULL, z, tensor(LRT_FLOAT32, shape, 0, 0));
    const int32_t q = node2(LRT_OP_MUL, &mul, z, u, tensor(LRT_FLOAT32, shape, 0, 0)); /* swish */
    const int32_t p = node2(LRT_OP_MUL, &mul, q, b, tensor(LRT_FLOAT32, shape, 0, 0));
    build_output(&graph, node1(LRT_OP_ABS, NULL, p, tensor(LRT_FLOAT32, shape, 0, 0)));
    compare(&m);
    check_remark(&m, 1, "fused into FULLY_CONNECTED (node 0)");
    check_remark(&m, 2, "not fused: its operand is read elsewhere too (node 0)");
    check_remark(&m, 3, "fused into LOGISTIC (node 2)");
    check_remark(&m, 5, "fused into LOGISTIC (node 2)");
    build_clear(&m);
  }
}

static void near_matches_say_why(void) {
  build_model m;
  start(&m);
  const lrt_shape shape = build_shape(4, 1, 5, 5, 8);
  const int32_t x = tensor(LRT_FLOAT32, shape, 0, 0), w = weights(LRT_FLOAT32, build_shape(4, 8, 1, 1, 8));
  build_input(&graph, x);
  int32_t y[6];
  for (int i = 0; i < 6; i++) y[i] = tensor(LRT_FLOAT32, shape, 0, 0);
  node2(LRT_OP_CONV_2D, &conv, x, w, y[0]);
  node1(LRT_OP_RELU, NULL, y[0], y[1]); /* 1: y0 is an output too */
  node2(LRT_OP_CONV_2D, &conv, y[1], w, y[2]);
  node1(LRT_OP_EXP, NULL, y[1], y[3]);       /* 3 */
  node2(LRT_OP_ADD, &add, y[2], y[3], y[4]); /* 4: fits EXP, which comes last, and not the convolution */
  node2(LRT_OP_ADD, &add, y[4], y[4], y[5]); /* 5: its operand is read twice */
  build_output(&graph, y[0]), build_output(&graph, y[5]);
  compare(&m);
  check_remark(&m, 1, "not fused: its operand is an output of the model (node 0)");
  check_remark(&m, 3, "not fused: its operand is read elsewhere too (node 1)");
  check_remark(&m, 4, "fused into EXP (node 3)");
  check_remark(&m, 5, "not fused: its operand is read elsewhere too (node 3)");
  build_clear(&m);
}

static void reference_mode_fuses_nothing(void) {
  build_model m;
  start(&m);
  const int32_t x = tensor(LRT_FLOAT32, build_shape(1, 9), 0, 0),
                y = tensor(LRT_FLOAT32, build_shape(1, 9), 0, 0);
  build_input(&graph, x);
  node1(LRT_OP_EXP, NULL, x, y);
  build_output(&graph, node1(LRT_OP_ABS, NULL, y, tensor(LRT_FLOAT32, build_shape(1, 9), 0, 0)));
  compare(&m);
  check_remark(&m, 1, "fused into EXP (node 0)");
  const lrt_interpreter_options options = {.mode = LRT_MODE_REF};
  build_session s;
  lrt_step_info step = {.note = ""};
  CHECK_INT(build_open(&m, &options, &s, NULL), LRT_OK);
  REQUIRE(s.it != NULL);
  CHECK_INT(lrt_interpreter_step(s.it, 0, 1, &step), LRT_OK);
  CHECK(strstr(step.note, "fused") == NULL);
  build_close(&s);
  build_clear(&m);
}

/* PAD in front of convolutions of both kinds, 1x1 included, PADV2 with and without the value for zero. */
static void convolutions_pad_themselves(void) {
  static const int32_t pads[8] = {0, 0, 2, 1, 0, 3, 0, 0}, deep[8] = {0, 0, 1, 0, 0, 0, 0, 4};
  static const int8_t zero = 3, other = 4;
  for (int kind = 0; kind < 7; kind++) {
    const lrt_type type = kind % 2 == 0 ? LRT_FLOAT32 : LRT_INT8;
    build_model m;
    start(&m);
    const int channels = kind == 6 ? 24 : 20, below = kind == 6 ? 7 : 9, right = kind == 6 ? 6 : 9;
    const int32_t x = tensor(type, build_shape(4, 1, 6, 6, 20), 0.05f, 3);
    const int32_t p = tensor(type, build_shape(4, 1, below, right, channels), kind == 5 ? 0.06f : 0.05f, 3);
    build_input(&graph, x);
    const int32_t by = build_constant(&graph, LRT_INT32, build_shape(2, 4, 2), kind == 6 ? deep : pads);
    if (kind == 1 || kind == 3) {
      const int32_t v = build_constant(&graph, LRT_INT8, build_shape(1, 1), kind == 1 ? &zero : &other);
      build_quant(&graph, v, 0.05f, 3);
      build_node(&graph, LRT_OP_PADV2, NULL, 3, (int32_t[]){x, by, v}, 1, &p);
    } else {
      node2(LRT_OP_PAD, NULL, x, by, p);
    }
    const int32_t a = tensor(type, build_shape(4, 1, below, (right + 1) / 2, 4), 0.3f, 5);
    const int32_t c = tensor(type, build_shape(4, 1, below - 2, right - 2, channels), 0.3f, 5);
    node2(LRT_OP_CONV_2D, &valid, p, weights(type, build_shape(4, 4, 1, 1, channels)), a);
    node2(LRT_OP_DEPTHWISE_CONV_2D, &depthwise, p, weights(type, build_shape(4, 1, 3, 3, channels)), c);
    const int32_t s = tensor(type, build_shape(4, 1, below, right, 4), 0.3f, 5);
    node2(LRT_OP_CONV_2D, &conv, p, weights(type, build_shape(4, 4, 1, 1, channels)), s);
    build_output(&graph, a), build_output(&graph, c), build_output(&graph, s);
    compare(&m);
    check_remark(&m, 0,
                 kind == 3   ? "it does not pad with zero"
                 : kind == 5 ? "its scales differ"
                 : kind == 6 ? "it pads more than height and width"
                             : "absorbed");
    build_clear(&m);
  }
}

/* DEQUANTIZE and QUANTIZE to the same numbers, TRANSPOSE and CAST that change nothing. */
static void what_changes_nothing_is_dropped(void) {
  static const int32_t order[3] = {1, 0, 2};
  for (int same = 0; same < 2; same++) {
    build_model m;
    start(&m);
    const int32_t x = tensor(LRT_INT8, build_shape(3, 1, 7, 9), 0.1f, 5),
                  a = tensor(LRT_INT8, build_shape(3, 1, 7, 9), 0.1f, 5);
    const int32_t real = tensor(LRT_FLOAT32, build_shape(3, 1, 7, 9), 0, 0);
    const int32_t b = tensor(LRT_INT8, build_shape(3, 1, 7, 9), same ? 0.1f : 0.11f, 5);
    const int32_t c = tensor(LRT_INT8, build_shape(3, 7, 1, 9), same ? 0.1f : 0.11f, 5);
    const int32_t d = tensor(LRT_INT8, build_shape(3, 7, 1, 9), same ? 0.1f : 0.11f, 5);
    const int32_t turn = build_constant(&graph, LRT_INT32, build_shape(1, 3), order);
    build_input(&graph, x);
    node1(LRT_OP_ABS, NULL, x, a);
    node1(LRT_OP_DEQUANTIZE, NULL, a, real);
    node1(LRT_OP_QUANTIZE, NULL, real, b);
    node2(LRT_OP_TRANSPOSE, NULL, b, turn, c);
    node1(LRT_OP_QUANTIZE, NULL, c, d);
    build_output(
        &graph, node1(LRT_OP_LOGISTIC, NULL, d, tensor(LRT_INT8, build_shape(3, 7, 1, 9), 1.0f / 256, -128)));
    compare(&m);
    check_remark(&m, 1, same ? "absorbed" : "");
    check_remark(&m, 2, same ? "absorbed" : "its scale or type is another");
    check_remark(&m, 3, "alias");
    check_remark(&m, 4, "alias");
    build_clear(&m);
  }
}

int main(int argc, char **argv) {
  RUN(products_take_what_follows);
  RUN(rows_and_chains);
  RUN(near_matches_say_why);
  RUN(reference_mode_fuses_nothing);
  RUN(convolutions_pad_themselves);
  RUN(what_changes_nothing_is_dropped);
  DONE();
}
