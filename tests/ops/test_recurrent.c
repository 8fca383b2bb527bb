/* test_recurrent.c: LSTM, RNN and SVDF against results of the reference interpreter, and operands that do not fit. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

enum { CAPACITY = 64, SLOTS = 48 };

/* Operands with a simple pattern as contents: ((7 i + k) mod 11 - 5), in tenths or times a whole factor. */
typedef struct operands {
  one_operand at[SLOTS];
  union {
    float f32[CAPACITY];
    int32_t i32[CAPACITY];
    int16_t i16[CAPACITY];
    int8_t i8[CAPACITY];
  } data[SLOTS];
  int count;
} operands;

static one_operand *put(operands *o, lrt_type type, lrt_shape shape, int k, int factor, float scale,
                        int32_t zero) {
  const int slot = o->count++;
  one_operand *t = &o->at[slot];
  *t = (one_operand){.type = type,
                     .shape = shape,
                     .data = &o->data[slot],
                     .constant = slot > 0,
                     .scale = scale,
                     .zero_point = zero};
  for (int i = 0; i < lrt_shape_count(&shape); i++) {
    const int v = (i * 7 + k) % 11 - 5;
    if (type == LRT_FLOAT32)
      o->data[slot].f32[i] = (float)v / 10;
    else if (type == LRT_INT32)
      o->data[slot].i32[i] = v * factor;
    else if (type == LRT_INT16)
      o->data[slot].i16[i] = (int16_t)(v * factor);
    else
      o->data[slot].i8[i] = (int8_t)(v * factor);
  }
  return t;
}

static void put_absent(operands *o, int count) {
  for (int i = 0; i < count; i++) {
    one_operand *t = put(o, LRT_FLOAT32, build_shape(1, 1), 0, 1, 0, 0);
    t->absent = true;
    t->constant = false;
  }
}

static void put_state(operands *o, lrt_type type, lrt_shape shape, float scale, int32_t zero) {
  one_operand *t = put(o, type, shape, 0, 1, scale, zero);
  t->variable = true;
  t->constant = false;
}

/* Runs once per expected row and compares f32 results. */
static void expect_f32(int32_t code, const void *options, const operands *in, const float *expected,
                       int count, int runs) {
  static const lrt_mode modes[] = {LRT_MODE_REF, LRT_MODE_FAST};
  for (int m = 0; m < 2; m++) {
    const one_operand out = {.type = LRT_FLOAT32};
    one_op o;
    CHECK_INT(one_op_run(&o, modes[m], code, options, in->at, in->count, &out, 1), LRT_OK);
    if (o.error.message[0] != '\0') fprintf(stderr, "%s\n", o.error.message);
    for (int r = 0; r < runs && o.session.it != NULL; r++) {
      if (r > 0) CHECK_INT(lrt_interpreter_invoke(o.session.it, 0, &o.error), LRT_OK);
      const lrt_tensor_view view = one_op_result(&o, 0);
      CHECK_INT(view.bytes, (size_t)count * sizeof(float));
      for (int i = 0; i < count && view.bytes == (size_t)count * sizeof(float); i++)
        CHECK_NEAR(((const float *)view.data)[i], expected[r * count + i], 1e-5);
    }
    one_op_close(&o);
  }
}

static lrt_status run_status(int32_t code, const void *options, const operands *in) {
  const one_operand out = {.type = in->at[0].type, .scale = in->at[0].scale};
  one_op o;
  const lrt_status status = one_op_run(&o, LRT_MODE_REF, code, options, in->at, in->count, &out, 1);
  CHECK(status == LRT_OK || o.error.message[0] != '\0');
  one_op_close(&o);
  return status;
}

static const lrt_unidirectional_sequence_lstm_options lstm_options = {
    .activation = LRT_ACT_TANH, .cell_clip = 0.5f, .asymmetric_quantize_inputs = 1};

/* Batch 2, two time steps, three inputs, two cells. */
static void lstm_operands(operands *o, lrt_type weights, int outputs, bool projection, bool norm,
                          bool peephole) {
  o->count = 0;
  const float scale = weights == LRT_INT8 ? 0.005f : 0;
  put(o, LRT_FLOAT32, build_shape(3, 2, 2, 3), 6, 1, 0, 0);
  for (int g = 0; g < 4; g++) put(o, weights, build_shape(2, 2, 3), g, 20, scale, 0);
  for (int g = 0; g < 4; g++) put(o, weights, build_shape(2, 2, outputs), g + 4, 20, scale, 0);
  if (!peephole)
    put_absent(o, 3);
  else
    for (int g = 0; g < 3; g++) put(o, weights, build_shape(1, 2), g + 8, 20, scale, 0);
  for (int g = 0; g < 4; g++) put(o, LRT_FLOAT32, build_shape(1, 2), g + 1, 1, 0, 0);
  if (!projection)
    put_absent(o, 2);
  else {
    put(o, weights, build_shape(2, outputs, 2), 3, 20, scale, 0);
    put(o, LRT_FLOAT32, build_shape(1, outputs), 2, 1, 0, 0);
  }
  put_state(o, LRT_FLOAT32, build_shape(2, 2, outputs), 0, 0);
  put_state(o, LRT_FLOAT32, build_shape(2, 2, 2), 0, 0);
  if (!norm)
    put_absent(o, 4);
  else
    for (int g = 0; g < 4; g++) put(o, LRT_FLOAT32, build_shape(1, 2), g + 5, 1, 0, 0);
}

static void test_lstm(void) {
  operands peephole;
  lstm_operands(&peephole, LRT_FLOAT32, 2, false, false, true);
  operands norm;
  lstm_operands(&norm, LRT_FLOAT32, 2, true, true, false);
  operands wide;
  lstm_operands(&wide, LRT_FLOAT32, 3, true, false, false);
  operands hybrid;
  lstm_operands(&hybrid, LRT_INT8, 2, false, false, false);
  const int32_t code = LRT_OP_UNIDIRECTIONAL_SEQUENCE_LSTM;
  expect_f32(code, &lstm_options, &peephole,
             (float[]){-0.0511003733f, 0.0601483509f, -0.0700240955f, 0.0894167945f, -0.0543777645f,
                       0.0641401187f, -0.0251422282f, 0.187791154f},
             8, 1);
  expect_f32(code, &lstm_options, &norm,
             (float[]){-0.243926555f, 0.366355985f, -0.238016993f, 0.364024639f, -0.25379777f, 0.373493075f,
                       -0.199734911f, 0.340595454f},
             8, 1);
  expect_f32(code, &lstm_options, &wide,
             (float[]){-0.259696752f, 0.376875252f, -0.0211442616f, -0.253129125f, 0.373430401f,
                       -0.0310584512f, -0.257015973f, 0.37534079f, -0.0226238351f, -0.208942369f,
                       0.346337557f, -0.0194425341f},
             12, 1);
  expect_f32(code, &lstm_options, &hybrid,
             (float[]){-0.0528091565f, 0.0595718771f, -0.0754852071f, 0.0881153867f, -0.0565662682f,
                       0.0632907301f, -0.0262109786f, 0.183909088f},
             8, 1);
}

static void test_lstm_refused(void) {
  const int32_t code = LRT_OP_UNIDIRECTIONAL_SEQUENCE_LSTM;
  operands good;
  lstm_operands(&good, LRT_FLOAT32, 2, false, false, false);
  CHECK_INT(run_status(code, &lstm_options, &good), LRT_OK);
  operands bad = good;
  bad.at[2].absent = true; /* the forget gate's weights */
  CHECK_INT(run_status(code, &lstm_options, &bad), LRT_INVALID_MODEL);
  bad = good;
  bad.at[18].variable = false;
  bad.at[18].constant = true;
  CHECK_INT(run_status(code, &lstm_options, &bad), LRT_INVALID_MODEL);
  bad = good;
  bad.at[19].shape = build_shape(2, 2, 1);
  CHECK_INT(run_status(code, &lstm_options, &bad), LRT_INVALID_MODEL);
  bad = good;
  bad.at[7].shape = build_shape(2, 2, 3);
  CHECK_INT(run_status(code, &lstm_options, &bad), LRT_INVALID_MODEL);
  bad = good;
  bad.at[13].shape = build_shape(1, 5);
  CHECK_INT(run_status(code, &lstm_options, &bad), LRT_INVALID_MODEL);
  bad = good;
  bad.count = 4;
  CHECK_INT(run_status(code, &lstm_options, &bad), LRT_INVALID_MODEL);
  lstm_operands(&bad, LRT_INT8, 2, false, false, false);
  bad.at[3].scale = 0;
  CHECK_INT(run_status(code, &lstm_options, &bad), LRT_INVALID_MODEL);
}

static void test_rnn(void) {
  const lrt_rnn_options options = {.activation = LRT_ACT_TANH};
  operands o = {.count = 0};
  put(&o, LRT_FLOAT32, build_shape(2, 2, 3), 6, 1, 0, 0);
  put(&o, LRT_FLOAT32, build_shape(2, 2, 3), 1, 1, 0, 0);
  put(&o, LRT_FLOAT32, build_shape(2, 2, 2), 2, 1, 0, 0);
  put(&o, LRT_FLOAT32, build_shape(1, 2), 3, 1, 0, 0);
  put_state(&o, LRT_FLOAT32, build_shape(2, 2, 2), 0, 0);
  expect_f32(LRT_OP_RNN, &options, &o,
             (float[]){-0.353991717f, 0.300437093f, -0.336375564f, 0.345214009f, -0.142648101f, 0.187577501f,
                       -0.110548042f, 0.218341962f},
             4, 2);
  operands bad = o;
  bad.at[2].shape = build_shape(2, 2, 1);
  CHECK_INT(run_status(LRT_OP_RNN, &options, &bad), LRT_INVALID_MODEL);
  bad = o;
  bad.at[3].absent = true;
  CHECK_INT(run_status(LRT_OP_RNN, &options, &bad), LRT_INVALID_MODEL);
}

/* Two time steps of a batch of two; both directions in one output. */
static void test_sequence_rnn(void) {
  const lrt_sequence_rnn_options options = {.activation = LRT_ACT_TANH},
                                 major = {.activation = LRT_ACT_TANH, .time_major = 1};
  const lrt_bidirectional_sequence_rnn_options both = {.activation = LRT_ACT_TANH, .merge_outputs = 1};
  operands o = {.count = 0};
  put(&o, LRT_FLOAT32, build_shape(3, 2, 2, 3), 6, 1, 0, 0);
  for (int d = 0; d < 2; d++) {
    put(&o, LRT_FLOAT32, build_shape(2, 2, 3), 1 + 3 * d, 1, 0, 0);
    put(&o, LRT_FLOAT32, build_shape(2, 2, 2), 2 + 3 * d, 1, 0, 0);
    put(&o, LRT_FLOAT32, build_shape(1, 2), 3 + 3 * d, 1, 0, 0);
    put_state(&o, LRT_FLOAT32, build_shape(2, 2, 2), 0, 0);
  }
  put_absent(&o, 3);
  expect_f32(LRT_OP_BIDIRECTIONAL_SEQUENCE_RNN, &both, &o,
             (float[]){-0.353991717f, 0.300437093f, 0.458396882f, -0.275324374f, -0.123001628f, 0.235330582f,
                       0.345214039f, -0.438199341f, -0.318520784f, 0.388472676f, 0.379948974f, -0.495155543f,
                       0.264504224f, 0.481250972f, -0.109558471f, 0},
             16, 1);
  o.count = 9;
  o.at[6].shape = build_shape(2, 2, 3);
  CHECK_INT(run_status(LRT_OP_BIDIRECTIONAL_SEQUENCE_RNN, &both, &o), LRT_INVALID_MODEL);
  o.count = 5;
  expect_f32(LRT_OP_UNIDIRECTIONAL_SEQUENCE_RNN, &options, &o,
             (float[]){-0.353991717f, 0.300437093f, -0.123001628f, 0.235330582f, -0.318520784f, 0.388472676f,
                       0.264504224f, 0.481250972f},
             8, 1);
  expect_f32(LRT_OP_UNIDIRECTIONAL_SEQUENCE_RNN, &major, &o,
             (float[]){-0.353991717f, 0.300437093f, -0.336375564f, 0.345214009f, -0.103258289f, 0.281973898f,
                       0.253358334f, 0.494435817f},
             8, 1);
  o.at[4].variable = false;
  CHECK_INT(run_status(LRT_OP_UNIDIRECTIONAL_SEQUENCE_RNN, &options, &o), LRT_INVALID_MODEL);
}

/* One time step per run, and the older form with all gates in one matrix. */
static void test_single_lstm(void) {
  const lrt_lstm_options options = {.activation = LRT_ACT_TANH},
                         basic = {.activation = LRT_ACT_TANH, .kernel_type = 1};
  operands o;
  lstm_operands(&o, LRT_FLOAT32, 2, false, false, true);
  o.at[0].shape = build_shape(2, 2, 3);
  expect_f32(LRT_OP_LSTM, &options, &o,
             (float[]){-0.051100377f, 0.0601483546f, -0.0527661964f, 0.0622287206f, -0.068739906f,
                       0.0868744776f, -0.0709396675f, 0.0905562863f},
             4, 2);
  o.at[0].shape = build_shape(3, 2, 1, 3);
  CHECK_INT(run_status(LRT_OP_LSTM, &options, &o), LRT_INVALID_MODEL);

  const one_operand out[4] = {
      {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}, {.type = LRT_FLOAT32}};
  const float activation[4] = {0.0249547232f, -0.341491431f, 0.0944086239f, -0.195610002f};
  const float state[4] = {0.0583711006f, -0.638144374f, 0.301060766f, -0.290536672f};
  one_op run;
  o.count = 0;
  put(&o, LRT_FLOAT32, build_shape(2, 2, 3), 6, 1, 0, 0);
  put(&o, LRT_FLOAT32, build_shape(2, 2, 2), 1, 1, 0, 0)->constant = false;
  put(&o, LRT_FLOAT32, build_shape(2, 8, 5), 2, 1, 0, 0);
  put(&o, LRT_FLOAT32, build_shape(1, 8), 3, 1, 0, 0);
  put(&o, LRT_FLOAT32, build_shape(2, 2, 2), 4, 1, 0, 0)->constant = false;
  CHECK_INT(one_op_run(&run, LRT_MODE_REF, LRT_OP_LSTM, &basic, o.at, o.count, out, 4), LRT_OK);
  for (int i = 0; i < 4 && run.session.it != NULL; i++) {
    CHECK_NEAR(((const float *)one_op_result(&run, 0).data)[i], activation[i], 1e-5);
    CHECK_NEAR(((const float *)one_op_result(&run, 1).data)[i], state[i], 1e-5);
    /* Output 3 keeps the sums before the activations: [2][input, cell, forget, output][2]. */
    const float *sums = (const float *)one_op_result(&run, 3).data + i / 2 * 8 + i % 2;
    const float before = ((const float *)one_op_result(&run, 1).data)[i];
    CHECK_NEAR(tanhf(before) / (1 + expf(-sums[6])), activation[i], 1e-5);
  }
  one_op_close(&run);
  o.at[2].shape = build_shape(2, 8, 4);
  CHECK_INT(one_op_run(&run, LRT_MODE_REF, LRT_OP_LSTM, &basic, o.at, o.count, out, 4), LRT_INVALID_MODEL);
  one_op_close(&run);
}

static void test_bidirectional_lstm(void) {
  const lrt_bidirectional_sequence_lstm_options options = {.activation = LRT_ACT_TANH, .merge_outputs = 1};
  operands o = {.count = 0};
  put(&o, LRT_FLOAT32, build_shape(3, 2, 2, 3), 6, 1, 0, 0);
  for (int d = 0; d < 2; d++) {
    for (int g = 0; g < 4; g++) put(&o, LRT_FLOAT32, build_shape(2, 2, 3), g + d, 1, 0, 0);
    for (int g = 0; g < 4; g++) put(&o, LRT_FLOAT32, build_shape(2, 2, 2), g + 4 + d, 1, 0, 0);
    put_absent(&o, 3);
    for (int g = 0; g < 4; g++) put(&o, LRT_FLOAT32, build_shape(1, 2), g + 1 + d, 1, 0, 0);
    put_absent(&o, 2);
  }
  for (int i = 0; i < 4; i++) put_state(&o, LRT_FLOAT32, build_shape(2, 2, 2), 0, 0);
  put_absent(&o, 9);
  expect_f32(LRT_OP_BIDIRECTIONAL_SEQUENCE_LSTM, &options, &o,
             (float[]){-0.0528606512f, 0.0594622791f, -0.0706019327f, -0.176994324f, -0.0754924268f,
                       0.0881120488f, -0.0577545017f, -0.113945246f, -0.056559585f, 0.0633442178f,
                       -0.0421160161f, -0.137941092f, -0.0261954032f, 0.183895186f, 0.0422888994f,
                       -0.0711733624f},
             16, 1);
  o.at[38].shape = build_shape(2, 2, 3);
  CHECK_INT(run_status(LRT_OP_BIDIRECTIONAL_SEQUENCE_LSTM, &options, &o), LRT_INVALID_MODEL);
}

static void test_svdf(void) {
  const lrt_svdf_options options = {.rank = 2}, none = {.rank = 0}, odd = {.rank = 3};
  operands o = {.count = 0};
  put(&o, LRT_FLOAT32, build_shape(2, 1, 3), 6, 1, 0, 0);
  put(&o, LRT_FLOAT32, build_shape(2, 4, 3), 1, 1, 0, 0);
  put(&o, LRT_FLOAT32, build_shape(2, 4, 3), 2, 1, 0, 0);
  put(&o, LRT_FLOAT32, build_shape(1, 2), 3, 1, 0, 0);
  put_state(&o, LRT_FLOAT32, build_shape(2, 1, 12), 0, 0);
  expect_f32(LRT_OP_SVDF, &options, &o,
             (float[]){-0.181000009f, 0.555999994f, -0.306000024f, 0.523999989f, -0.17900002f, 0.513999999f},
             2, 3);
  CHECK_INT(run_status(LRT_OP_SVDF, &none, &o), LRT_INVALID_MODEL);
  CHECK_INT(run_status(LRT_OP_SVDF, &odd, &o), LRT_INVALID_MODEL);
}

static void test_svdf_integers(void) {
  static const int8_t expected[3][2] = {{-7, 4}, {-32, -3}, {-7, -4}};
  const lrt_svdf_options options = {.rank = 2, .activation = LRT_ACT_RELU};
  const one_operand out = {.type = LRT_INT8, .scale = 0.02f, .zero_point = -10};
  operands o = {.count = 0};
  one_op run;
  put(&o, LRT_INT8, build_shape(2, 1, 3), 6, 20, 0.01f, 3);
  put(&o, LRT_INT8, build_shape(2, 4, 3), 1, 20, 0.01f, 0);
  put(&o, LRT_INT16, build_shape(2, 4, 3), 2, 1000, 0.0001f, 0);
  put(&o, LRT_INT32, build_shape(1, 2), 3, 100000, 0, 0);
  put_state(&o, LRT_INT16, build_shape(2, 1, 12), 0.001f, 0);
  CHECK_INT(one_op_run(&run, LRT_MODE_REF, LRT_OP_SVDF, &options, o.at, o.count, &out, 1), LRT_OK);
  for (int r = 0; r < 3 && run.session.it != NULL; r++) {
    if (r > 0) CHECK_INT(lrt_interpreter_invoke(run.session.it, 0, NULL), LRT_OK);
    CHECK(one_op_gave(&run, 0, build_shape(2, 1, 2), expected[r]));
  }
  one_op_close(&run);
}

/* Four cells in integers; the intermediate tensors carry the gates' and the hidden value's scales. */
static lrt_status run_integer_lstm(one_op *o, int intermediates) {
  const lrt_unidirectional_sequence_lstm_options options = {.activation = LRT_ACT_TANH};
  static operands in;
  static int32_t ins[SLOTS], middle[5];
  build_subgraph *b = &o->subgraph;
  memset(o, 0, sizeof *o);
  memset(&in, 0, sizeof in);
  put(&in, LRT_INT8, build_shape(3, 2, 2, 3), 6, 20, 0.01f, -5);
  for (int g = 0; g < 4; g++) put(&in, LRT_INT8, build_shape(2, 4, 3), g, 20, 0.01f, 0);
  for (int g = 0; g < 4; g++) put(&in, LRT_INT8, build_shape(2, 4, 4), g + 4, 20, 0.01f, 0);
  put_absent(&in, 3);
  for (int g = 0; g < 4; g++) put(&in, LRT_INT32, build_shape(1, 4), g + 1, 1000, 0, 0);
  put_absent(&in, 2);
  put_state(&in, LRT_INT8, build_shape(2, 2, 4), 0.008f, 4);
  put_state(&in, LRT_INT16, build_shape(2, 2, 4), 1.0f / 4096, 0);
  for (int i = 0; i < in.count; i++) {
    const one_operand *t = &in.at[i];
    ins[i] = t->constant ? build_constant(b, t->type, t->shape, t->data) : build_tensor(b, t->type, t->shape);
    if (t->scale > 0) build_quant(b, ins[i], t->scale, t->zero_point);
    b->tensors[ins[i]].is_variable = t->variable;
    if (t->absent) ins[i] = -1;
  }
  build_input(b, ins[0]);
  const int32_t out = build_tensor(b, LRT_INT8, build_shape(3, 2, 2, 4));
  build_quant(b, out, 0.008f, 4);
  build_output(b, out);
  for (int i = 0; i < intermediates; i++) {
    middle[i] = build_tensor(b, i < 4 ? LRT_INT16 : LRT_INT8, build_shape(1, 0));
    build_quant(b, middle[i], i < 4 ? 1.0f / 4096 : 0.008f, i < 4 ? 0 : 4);
  }
  lrt_node *node = build_node(b, LRT_OP_UNIDIRECTIONAL_SEQUENCE_LSTM, &options, in.count, ins, 1, &out);
  node->intermediates = middle;
  node->intermediate_count = intermediates;
  o->inputs = in.count;
  CHECK_INT(build_finish(&o->model, &b, 1), LRT_OK);
  const lrt_interpreter_options settings = {.mode = LRT_MODE_REF, .num_threads = 1};
  LRT_TRY(build_open(&o->model, &settings, &o->session, &o->error));
  memcpy(build_view(&o->session, ins[0]).data, in.at[0].data, 12);
  return lrt_interpreter_invoke(o->session.it, 0, &o->error);
}

static void test_lstm_integers(void) {
  static const int8_t expected[16] = {-3, 1, -6, -1, -5, 2, -9, -5, -4, 4, -2, -5, 26, 37, 19, -10};
  one_op o;
  CHECK_INT(run_integer_lstm(&o, 5), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(3, 2, 2, 4), expected));
  one_op_close(&o);
  CHECK_INT(run_integer_lstm(&o, 2), LRT_UNSUPPORTED);
  one_op_close(&o);
}

int main(int argc, char **argv) {
  RUN(test_lstm);
  RUN(test_lstm_refused);
  RUN(test_rnn);
  RUN(test_sequence_rnn);
  RUN(test_single_lstm);
  RUN(test_bidirectional_lstm);
  RUN(test_svdf);
  RUN(test_svdf_integers);
  RUN(test_lstm_integers);
  DONE();
}
