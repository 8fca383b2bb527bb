/* test_product.c: FULLY_CONNECTED, BATCH_MATMUL and EMBEDDING_LOOKUP with every kind of weights, and refusals. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/half.h"
#include "one_op.h"

enum { K = 64, N = 5 };

static const lrt_mode modes[] = {LRT_MODE_REF, LRT_MODE_FAST};
static int8_t weights[N * K];
static float numbers[N * K], inputs[3 * K], scales[N];
static uint8_t packed[N * K];
static int32_t zeros[N];

static int value_at(int i, int bits) {
  return i * 37 % (1 << bits) - (1 << (bits - 1));
}

/* Weights of `bits` bits, plain in `weights` and packed lowest bits first in `packed`. */
static void make_weights(int bits) {
  memset(packed, 0, sizeof packed);
  for (int i = 0; i < N * K; i++) {
    weights[i] = (int8_t)value_at(i, bits);
    packed[i * bits / 8] =
        (uint8_t)(packed[i * bits / 8] | (weights[i] & ((1 << bits) - 1)) << (i * bits % 8));
  }
  for (int i = 0; i < 3 * K; i++) inputs[i] = (float)(i * 29 % 101 - 40) / 16;
  for (int n = 0; n < N; n++) scales[n] = 0.05f * (float)(n + 1);
}

static double exact(int m, int n) {
  double sum = 0;
  for (int k = 0; k < K; k++) sum += (double)inputs[m * K + k] * weights[n * K + k] * (double)scales[n];
  return sum;
}

/* Quantized activations are off by about half a step per element. */
static void check_rows(const one_operand *in, int n_in, int rows, double tolerance) {
  const lrt_fully_connected_options options = {.asymmetric_quantize_inputs = 1};
  for (int m = 0; m < 2; m++) {
    const one_operand out = {.type = LRT_FLOAT32};
    one_op o;
    CHECK_INT(one_op_run(&o, modes[m], LRT_OP_FULLY_CONNECTED, &options, in, n_in, &out, 1), LRT_OK);
    const lrt_tensor_view view = one_op_result(&o, 0);
    CHECK_INT(view.bytes, (size_t)(rows * N) * sizeof(float));
    for (int i = 0; i < rows * N && view.data != NULL; i++) {
      const double wanted = exact(i / N, i % N);
      CHECK(fabs((double)((const float *)view.data)[i] - wanted) <= tolerance * (1 + fabs(wanted)));
    }
    one_op_close(&o);
  }
}

static void test_dynamic_range(void) {
  static const struct {
    lrt_type type;
    int bits;
  } kinds[] = {{LRT_INT8, 8}, {LRT_INT4, 4}, {LRT_INT2, 2}};
  const lrt_quant quant = {LRT_QUANT_AFFINE, N, scales, zeros, 0, 0, -1, -1};
  for (int i = 0; i < 3; i++) {
    for (int rows = 1; rows <= 3; rows += 2) {
      make_weights(kinds[i].bits);
      one_operand in[] = {
          {.shape = {2, {rows, K}}, .data = inputs},
          {.type = kinds[i].type, .shape = {2, {N, K}}, .data = packed, .constant = true, .quant = &quant}};
      check_rows(in, 2, rows, 0.05);
      in[1].constant = false;
      check_rows(in, 2, rows, 0.05);
    }
  }
}

static void test_halves(void) {
  static uint16_t halves[N * K];
  make_weights(4);
  for (int n = 0; n < N; n++) {
    scales[n] = 0.25f;
    for (int k = 0; k < K; k++) {
      numbers[n * K + k] = 0.25f * (float)weights[n * K + k];
      halves[n * K + k] = lrt_half_from_float(numbers[n * K + k]);
    }
  }
  for (int rows = 1; rows <= 3; rows += 2) {
    const one_operand full[] = {{.shape = {2, {rows, K}}, .data = inputs},
                                {.shape = {2, {N, K}}, .data = numbers, .constant = true}};
    const one_operand half[] = {
        {.shape = {2, {rows, K}}, .data = inputs},
        {.type = LRT_FLOAT16, .shape = {2, {N, K}}, .data = halves, .constant = true}};
    check_rows(full, 2, rows, 1e-5);
    check_rows(half, 2, rows, 1e-5);
  }
}

/* Sums of integers times one scale, rounded once in double precision: the reference's rule. */
static void test_integers(void) {
  static int8_t x[2 * K];
  static const lrt_fully_connected_options options = {.keep_num_dims = 1};
  int32_t bias[N];
  make_weights(8);
  for (int i = 0; i < 2 * K; i++) x[i] = (int8_t)(i * 53 % 255 - 127);
  for (int n = 0; n < N; n++) bias[n] = 100 * n - 200;
  for (int c = 0; c < 2; c++) {
    const lrt_quant quant = {LRT_QUANT_AFFINE, c == 0 ? N : 1, scales, zeros, 0, 0, -1, -1};
    const one_operand in[] = {
        {.type = LRT_INT8, .shape = {3, {1, 2, K}}, .data = x, .scale = 0.02f, .zero_point = -7},
        {.type = LRT_INT8, .shape = {2, {N, K}}, .data = packed, .constant = true, .quant = &quant},
        {.type = LRT_INT32, .shape = {1, {N}}, .data = bias, .constant = true}};
    const one_operand out = {.type = LRT_INT8, .scale = 3.0f, .zero_point = 5};
    for (int m = 0; m < 2; m++) {
      one_op o;
      CHECK_INT(one_op_run(&o, modes[m], LRT_OP_FULLY_CONNECTED, &options, in, 3, &out, 1), LRT_OK);
      const lrt_tensor_view view = one_op_result(&o, 0);
      CHECK_INT(view.shape.rank, 3);
      for (int i = 0; i < 2 * N && view.data != NULL; i++) {
        int sum = bias[i % N];
        for (int k = 0; k < K; k++) sum += (x[i / N * K + k] + 7) * weights[i % N * K + k];
        const double real = (double)0.02f * (double)scales[c == 0 ? i % N : 0] / (double)3.0f;
        double v = round(sum * real) + 5;
        v = v < -128 ? -128 : v > 127 ? 127 : v;
        CHECK(fabs(((const int8_t *)view.data)[i] - v) <= (m == 0 ? 0 : 1));
      }
      one_op_close(&o);
    }
  }
}

static void refuse_rows(lrt_shape input, lrt_shape filter, lrt_type type,
                        const lrt_fully_connected_options *options) {
  const one_operand in[] = {{.shape = input, .data = numbers},
                            {.type = type, .shape = filter, .data = packed, .constant = true}};
  one_op_expect(LRT_FLOAT32, LRT_OP_FULLY_CONNECTED, options, in, 2, ONE_OP_REFUSED, NULL);
}

static void test_refusals(void) {
  const lrt_fully_connected_options plain = {0}, shuffled = {.weights_format = 1},
                                    keep = {.keep_num_dims = 1};
  const lrt_fully_connected_options strange = {.activation = 9};
  const lrt_shape fit = build_shape(2, N, 8), two = build_shape(2, 2, 8);
  refuse_rows(two, build_shape(3, 1, N, 8), LRT_FLOAT32, &plain);
  refuse_rows(two, build_shape(2, N, 7), LRT_FLOAT32, &plain);
  refuse_rows(two, build_shape(2, N, 0), LRT_FLOAT32, &plain);
  refuse_rows(build_shape(2, 8, 2), fit, LRT_FLOAT32, &keep);
  refuse_rows(two, fit, LRT_FLOAT32, &shuffled);
  refuse_rows(two, fit, LRT_FLOAT32, &strange);
  refuse_rows(two, fit, LRT_INT8, &plain); /* no scales */
  refuse_rows(two, fit, LRT_BOOL, &plain);
}

/* 2 x 3 times 3 x 2 with either side turned, and one matrix against two. */
static void test_batch_matmul(void) {
  static const float a[] = {1, 2, 3, 4, 5, 6}, turned_a[] = {1, 4, 2, 5, 3, 6}, b[] = {1, 2, 3, 4, 5, 6},
                     turned_b[] = {1, 3, 5, 2, 4, 6};
  static const float two[] = {1, 2, 3, 4, 5, 6, 2, 4, 6, 8, 10, 12}, c[] = {22, 28, 49, 64, 44, 56, 98, 128};
  for (int x = 0; x < 2; x++) {
    for (int y = 0; y < 2; y++) {
      for (int constant = 0; constant < 2; constant++) {
        const lrt_batch_mat_mul_options options = {.adj_x = (uint8_t)x, .adj_y = (uint8_t)y};
        const one_operand in[] = {
            {.shape = {2, {x ? 3 : 2, x ? 2 : 3}}, .data = x ? turned_a : a},
            {.shape = {2, {y ? 2 : 3, y ? 3 : 2}}, .data = y ? turned_b : b, .constant = constant != 0}};
        one_op_expect(LRT_FLOAT32, LRT_OP_BATCH_MATMUL, &options, in, 2, build_shape(2, 2, 2), c);
      }
    }
  }
  const lrt_batch_mat_mul_options plain = {0};
  const one_operand left[] = {{.shape = {3, {2, 2, 3}}, .data = two}, {.shape = {2, {3, 2}}, .data = b}};
  const one_operand right[] = {{.shape = {3, {1, 2, 3}}, .data = a},
                               {.shape = {4, {2, 1, 3, 2}}, .data = two}};
  one_op_expect(LRT_FLOAT32, LRT_OP_BATCH_MATMUL, &plain, left, 2, build_shape(3, 2, 2, 2), c);
  one_op_expect(LRT_FLOAT32, LRT_OP_BATCH_MATMUL, &plain, right, 2, build_shape(4, 2, 1, 2, 2), c);
  const one_operand misfit[] = {{.shape = {2, {2, 3}}, .data = a}, {.shape = {2, {2, 3}}, .data = b}};
  const one_operand flat[] = {{.shape = {1, {3}}, .data = a}, {.shape = {2, {3, 2}}, .data = b}};
  const one_operand batches[] = {{.shape = {3, {2, 2, 3}}, .data = two},
                                 {.shape = {3, {3, 3, 2}}, .data = numbers}};
  one_op_expect(LRT_FLOAT32, LRT_OP_BATCH_MATMUL, &plain, misfit, 2, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_BATCH_MATMUL, &plain, flat, 2, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_BATCH_MATMUL, &plain, batches, 2, ONE_OP_REFUSED, NULL);
}

static void test_lookup(void) {
  static const int8_t table[] = {1, -2, 3, 4, 5, -6};
  static const uint8_t nibbles[] = {0xE1, 0x43, 0xA5}; /* the same table in 4 bits */
  static const float expected[] = {2.5f, -3.0f, 0.5f, -1.0f};
  const one_operand in[] = {
      ONE_I32(2, 0),
      {.type = LRT_INT8, .shape = {2, {3, 2}}, .data = table, .constant = true, .scale = 0.5f}};
  const one_operand small[] = {
      ONE_I32(2, 0),
      {.type = LRT_INT4, .shape = {2, {3, 2}}, .data = nibbles, .constant = true, .scale = 0.5f}};
  const one_operand same[] = {ONE_I32(1), {.shape = {2, {2, 2}}, .data = expected}};
  const one_operand far[] = {ONE_I32(3), in[1]}, minus[] = {ONE_I32(-1), in[1]};
  one_op_expect(LRT_FLOAT32, LRT_OP_EMBEDDING_LOOKUP, NULL, in, 2, build_shape(2, 2, 2), expected);
  one_op_expect(LRT_FLOAT32, LRT_OP_EMBEDDING_LOOKUP, NULL, small, 2, build_shape(2, 2, 2), expected);
  one_op_expect(LRT_FLOAT32, LRT_OP_EMBEDDING_LOOKUP, NULL, same, 2, build_shape(2, 1, 2), expected + 2);
  one_op_expect(LRT_FLOAT32, LRT_OP_EMBEDDING_LOOKUP, NULL, far, 2, ONE_OP_REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_EMBEDDING_LOOKUP, NULL, minus, 2, ONE_OP_REFUSED, NULL);
}

/* Weights in blocks of 4 x 16 with flipped sign bits: results of ai-edge-litert 2.3.0, both resolvers alike. */
static void test_shuffled(void) {
  static const int16_t golden[32] = {2846,  1661,  -9253, 1579,  -2190, -9136, -682,  9318,
                                     -2045, -3682, -7738, 7515,  -1147, -1758, -6196, -1305,
                                     1805,  -2436, -2164, -9190, -1467, -8892, 7962,  3722,
                                     8000,  -4715, 7030,  -3651, 14047, -6935, 1089,  -4618};
  const lrt_fully_connected_options shuffled = {.weights_format = 1}, unknown = {.weights_format = 2};
  uint8_t w[8 * 48], x[4 * 48];
  int32_t bias[8];
  for (int i = 0; i < 8 * 48; i++) w[i] = (uint8_t)(i * 37 + i / 7 * 11 + 3);
  for (int i = 0; i < 4 * 48; i++) x[i] = (uint8_t)(i * 91 + i / 5 * 13 + 5);
  for (int i = 0; i < 8; i++) bias[i] = i * 977 % 4001 - 2000;
  one_operand in[] = {
      {.type = LRT_UINT8, .shape = {2, {4, 48}}, .data = x, .scale = 1 / 128.0f, .zero_point = 128},
      {.type = LRT_UINT8,
       .shape = {2, {8, 48}},
       .data = w,
       .constant = true,
       .scale = 3 / 512.0f,
       .zero_point = 128},
      {.type = LRT_INT32, .shape = {1, {8}}, .data = bias, .constant = true, .scale = 3 / 65536.0f}};
  const one_operand out[] = {{.type = LRT_INT16, .scale = 1 / 4096.0f},
                             {.type = LRT_UINT8, .scale = 1 / 128.0f, .zero_point = 128}};
  one_op o;
  for (int m = 0; m < 2; m++) {
    CHECK_INT(one_op_run(&o, modes[m], LRT_OP_FULLY_CONNECTED, &shuffled, in, 3, out, 2), LRT_OK);
    CHECK(one_op_gave(&o, 0, build_shape(2, 4, 8), golden));
    one_op_close(&o);
    CHECK_INT(one_op_run(&o, modes[m], LRT_OP_FULLY_CONNECTED, &unknown, in, 3, out, 1), LRT_UNSUPPORTED);
    one_op_close(&o);
    in[1].zero_point = 127;
    CHECK_INT(one_op_run(&o, modes[m], LRT_OP_FULLY_CONNECTED, &shuffled, in, 3, out, 2), LRT_UNSUPPORTED);
    one_op_close(&o);
    in[1].zero_point = 128;
  }
}

/* A 0 among the dimensions makes a shape valid whose batches are beyond counting. */
static void uncountable_batches_are_refused(void) {
  const one_operand in[] = {
      {.type = LRT_FLOAT32, .shape = {8, {0, 2000000, 2000000, 2000000, 2000000, 1, 1, 1}}},
      {.type = LRT_FLOAT32, .shape = {2, {1, 1}}}};
  one_op_expect(LRT_FLOAT32, LRT_OP_BATCH_MATMUL, NULL, in, 2, ONE_OP_REFUSED, NULL);
}

int main(int argc, char **argv) {
  RUN(test_dynamic_range);
  RUN(test_halves);
  RUN(test_integers);
  RUN(test_refusals);
  RUN(test_shuffled);
  RUN(test_batch_matmul);
  RUN(test_lookup);
  RUN(uncountable_batches_are_refused);
  DONE();
}
