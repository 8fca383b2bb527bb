/* test_rows.c: reductions, pools, softmax, normalization, quantization and casts: results and what they refuse. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "one_op.h"

#define REFUSED ONE_OP_REFUSED
#define REAL(rank, a, b, ...)                                                                                \
  {                                                                                                          \
    .type = LRT_FLOAT32, .shape = {rank, {a, b}}, .data = (const float[]) {                                  \
      __VA_ARGS__                                                                                            \
    }                                                                                                        \
  }
#define INPUT8(rank, a, b)                                                                                   \
  { .type = LRT_INT8, .shape = {rank, {a, b}}, .data = x8, .scale = 0.05f, .zero_point = 3 }

static const int8_t x8[8] = {-128, -100, -37, -1, 0, 5, 60, 127};

/* One f32 result within a few units in the last place, in both modes. */
static void near(int32_t code, const void *options, const one_operand *in, int n_in, lrt_shape shape,
                 const float *expected) {
  static const lrt_mode modes[] = {LRT_MODE_REF, LRT_MODE_FAST};
  for (int m = 0; m < 2; m++) {
    const one_operand out = {.type = LRT_FLOAT32};
    one_op o;
    CHECK_INT(one_op_run(&o, modes[m], code, options, in, n_in, &out, 1), LRT_OK);
    if (o.error.message[0] != '\0') fprintf(stderr, "%s\n", o.error.message);
    const lrt_tensor_view view = one_op_result(&o, 0);
    CHECK_INT(view.bytes, lrt_shape_bytes(&shape, LRT_FLOAT32));
    for (int64_t i = 0; view.data != NULL && i < lrt_shape_count(&shape); i++)
      CHECK_NEAR(((const float *)view.data)[i], expected[i], 2e-6 * (1 + fabs((double)expected[i])));
    one_op_close(&o);
  }
}

/* A quantized result; `slack` is what the fast mode may differ by. */
static void stored(lrt_type type, float scale, int32_t zero, int32_t code, const void *options,
                   const one_operand *in, int n_in, lrt_shape shape, const void *expected, int slack) {
  static const lrt_mode modes[] = {LRT_MODE_REF, LRT_MODE_FAST};
  for (int m = 0; m < 2; m++) {
    const one_operand out = {.type = type, .scale = scale, .zero_point = zero};
    one_op o;
    CHECK_INT(one_op_run(&o, modes[m], code, options, in, n_in, &out, 1), LRT_OK);
    if (o.error.message[0] != '\0') fprintf(stderr, "%s\n", o.error.message);
    const lrt_tensor_view view = one_op_result(&o, 0);
    if (m == 0 || slack == 0)
      CHECK(one_op_gave(&o, 0, shape, expected));
    else if (type == LRT_INT8)
      for (size_t i = 0; i < view.bytes; i++)
        CHECK(abs(((const int8_t *)view.data)[i] - ((const int8_t *)expected)[i]) <= slack);
    one_op_close(&o);
  }
}

static void test_reduce(void) {
  const lrt_reducer_options drop = {0}, keep = {1};
  const one_operand rows[] = {REAL(2, 2, 3, 1, 2, 3, -4, 5, 6), ONE_I32(-1)},
                    all[] = {REAL(2, 2, 3, 1, 2, 3, -4, 5, 6), ONE_I32(0, 1, 1)};
  const one_operand none[] = {REAL(2, 1, 2, 1, 2),
                              {.type = LRT_INT32, .shape = {1, {0}}, .data = x8, .constant = true}};
  const one_operand beyond[] = {REAL(2, 2, 3, 1, 2, 3, 4, 5, 6), ONE_I32(2)},
                    empty[] = {REAL(2, 2, 0, 0), ONE_I32(1)};
  near(LRT_OP_MEAN, &drop, rows, 2, build_shape(1, 2), (float[]){2, 7.0f / 3});
  near(LRT_OP_SUM, &keep, rows, 2, build_shape(2, 2, 1), (float[]){6, 7});
  near(LRT_OP_SUM, &drop, all, 2, build_shape(0), (float[]){13});
  near(LRT_OP_REDUCE_PROD, &drop, rows, 2, build_shape(1, 2), (float[]){6, -120});
  near(LRT_OP_REDUCE_MAX, &drop, rows, 2, build_shape(1, 2), (float[]){3, 6});
  near(LRT_OP_REDUCE_MIN, &keep, all, 2, build_shape(2, 1, 1), (float[]){-4});
  near(LRT_OP_SUM, &drop, none, 2, build_shape(2, 1, 2), (float[]){1, 2});
  near(LRT_OP_SUM, &drop, empty, 2, build_shape(1, 2), (float[]){0, 0});
  one_op_expect(LRT_FLOAT32, LRT_OP_MEAN, &drop, beyond, 2, REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_REDUCE_ANY, &drop, rows, 2, REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_MEAN, &drop, rows, 2, REFUSED, NULL);
  const one_operand flags[] = {
      {.type = LRT_BOOL, .shape = {2, {2, 2}}, .data = (const uint8_t[]){1, 0, 1, 1}}, ONE_I32(1)};
  one_op_expect(LRT_BOOL, LRT_OP_REDUCE_ANY, &drop, flags, 2, build_shape(1, 2), (uint8_t[]){1, 1});
  one_op_expect(LRT_BOOL, LRT_OP_REDUCE_ALL, &drop, flags, 2, build_shape(1, 2), (uint8_t[]){0, 1});
}

static void test_reduce_quantized(void) {
  const lrt_reducer_options drop = {0};
  const one_operand in[] = {INPUT8(2, 2, 4), ONE_I32(1)};
  stored(LRT_INT8, 0.04f, 5, LRT_OP_MEAN, &drop, in, 2, build_shape(1, 2), (int8_t[]){-82, 62}, 1);
  stored(LRT_INT8, 0.1f, 5, LRT_OP_SUM, &drop, in, 2, build_shape(1, 2), (int8_t[]){-128, 95}, 1);
  stored(LRT_INT8, 0.5f, 5, LRT_OP_REDUCE_PROD, &drop, in, 2, build_shape(1, 2), (int8_t[]){32, 5}, 1);
  stored(LRT_INT8, 0.05f, 3, LRT_OP_REDUCE_MAX, &drop, in, 2, build_shape(1, 2), (int8_t[]){-1, 127}, 0);
}

/* Steps of 3e9 that end in steps of 0.5: further than the rescaling of 64-bit products goes. */
static void test_reduce_huge_scale(void) {
  static const int8_t values[4] = {1, 2, 3, 4};
  const lrt_reducer_options drop = {0};
  const one_operand in[] = {{.type = LRT_INT8, .shape = {2, {2, 2}}, .data = values, .scale = 3e9f},
                            ONE_I32(1)};
  const one_operand out = {.type = LRT_INT8, .scale = 0.5f};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_REDUCE_PROD, &drop, in, 2, &out, 1), LRT_UNSUPPORTED);
  CHECK(strstr(o.error.message, "too large for a product") != NULL);
  one_op_close(&o);
}

static void test_arg(void) {
  const one_operand rows[] = {REAL(2, 2, 3, 1, 3, 3, -4, -5, -6), ONE_I32(-1)},
                    beyond[] = {REAL(2, 2, 3, 1, 2, 3, 4, 5, 6), ONE_I32(2)};
  const one_operand empty[] = {REAL(2, 2, 0, 0), ONE_I32(1)};
  one_op_expect(LRT_INT32, LRT_OP_ARG_MAX, NULL, rows, 2, build_shape(1, 2), (int32_t[]){1, 0});
  one_op_expect(LRT_INT64, LRT_OP_ARG_MIN, NULL, rows, 2, build_shape(1, 2), (int64_t[]){0, 2});
  one_op_expect(LRT_INT32, LRT_OP_ARG_MAX, NULL, beyond, 2, REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_ARG_MAX, NULL, empty, 2, REFUSED, NULL);
  one_op_expect(LRT_INT8, LRT_OP_ARG_MAX, NULL, rows, 2, REFUSED, NULL);
}

static void test_pool(void) {
  const lrt_pool_2d_options same = {LRT_PADDING_SAME, 2, 2, 2, 2, LRT_ACT_NONE},
                            still = {LRT_PADDING_VALID, 0, 1, 2, 2, LRT_ACT_NONE};
  const lrt_pool_2d_options large = {LRT_PADDING_VALID, 1, 1, 9, 9, LRT_ACT_NONE};
  const one_operand picture = {
      .type = LRT_FLOAT32, .shape = {4, {1, 3, 3, 1}}, .data = (const float[]){1, 2, 3, 4, 5, 6, 7, 8, 9}};
  one_operand flat = picture;
  flat.shape = build_shape(2, 3, 3);
  near(LRT_OP_AVERAGE_POOL_2D, &same, &picture, 1, build_shape(4, 1, 2, 2, 1), (float[]){3, 4.5f, 7.5f, 9});
  near(LRT_OP_MAX_POOL_2D, &same, &picture, 1, build_shape(4, 1, 2, 2, 1), (float[]){5, 6, 8, 9});
  near(LRT_OP_L2_POOL_2D, &same, &picture, 1, build_shape(4, 1, 2, 2, 1),
       (float[]){3.3911650f, 4.7434165f, 7.5166482f, 9});
  near(LRT_OP_MAX_POOL_2D, &large, &picture, 1, build_shape(4, 1, 0, 0, 1), NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_MAX_POOL_2D, &still, &picture, 1, REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_AVERAGE_POOL_2D, &same, &flat, 1, REFUSED, NULL);
  const one_operand pixels = {
      .type = LRT_INT8, .shape = {4, {1, 2, 4, 1}}, .data = x8, .scale = 0.05f, .zero_point = 3};
  stored(LRT_INT8, 0.05f, 3, LRT_OP_AVERAGE_POOL_2D, &same, &pixels, 1, build_shape(4, 1, 1, 2, 1),
         (int8_t[]){-56, 37}, 0);
  stored(LRT_INT8, 0.05f, 3, LRT_OP_MAX_POOL_2D, &same, &pixels, 1, build_shape(4, 1, 1, 2, 1),
         (int8_t[]){5, 127}, 0);
}

static void test_softmax(void) {
  const lrt_softmax_options one = {1}, infinite = {INFINITY};
  const one_operand x = REAL(2, 2, 2, 0, 1, 100, 100), in = INPUT8(2, 2, 4);
  near(LRT_OP_SOFTMAX, &one, &x, 1, build_shape(2, 2, 2), (float[]){0.26894142f, 0.73105858f, 0.5f, 0.5f});
  near(LRT_OP_LOG_SOFTMAX, NULL, &x, 1, build_shape(2, 2, 2),
       (float[]){-1.3132617f, -0.31326169f, -0.69314718f, -0.69314718f});
  static int16_t even[70000]; /* their sum leaves 32 bits */
  const one_operand row = {.type = LRT_INT16, .shape = {1, {70000}}, .data = even, .scale = 0.01f};
  const one_operand share = {.type = LRT_INT16, .scale = 1.0f / 32768};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_SOFTMAX, &one, &row, 1, &share, 1), LRT_OK);
  one_op_close(&o);
  one_op_expect(LRT_FLOAT32, LRT_OP_SOFTMAX, &infinite, &x, 1, REFUSED, NULL);
  one_op_expect(LRT_INT8, LRT_OP_SOFTMAX, &one, &in, 1, REFUSED, NULL); /* the output lacks its fixed scale */
  stored(LRT_INT8, 1.0f / 256, -128, LRT_OP_SOFTMAX, &one, &in, 1, build_shape(2, 2, 4),
         (int8_t[]){-128, -126, -92, 90, -128, -127, -119, 118}, 1);
  stored(LRT_INT8, 16.0f / 256, 127, LRT_OP_LOG_SOFTMAX, NULL, &in, 1, build_shape(2, 2, 4),
         (int8_t[]){23, 45, 96, 124, 25, 29, 73, 126}, 1);
}

static void test_normalize(void) {
  const lrt_local_response_normalization_options options = {1, 1, 0.5f, 0.5f}, negative = {-1, 1, 1, 1};
  const one_operand x = REAL(2, 1, 2, 3, 4), in = INPUT8(2, 2, 4), three = REAL(2, 1, 3, 1, 2, 3);
  near(LRT_OP_L2_NORMALIZATION, NULL, &x, 1, build_shape(2, 1, 2), (float[]){0.6f, 0.8f});
  stored(LRT_INT8, 1.0f / 128, 0, LRT_OP_L2_NORMALIZATION, NULL, &in, 1, build_shape(2, 2, 4),
         (int8_t[]){-98, -77, -30, -3, -3, 2, 53, 116}, 0);
  near(LRT_OP_LOCAL_RESPONSE_NORMALIZATION, &options, &three, 1, build_shape(2, 1, 3),
       (float[]){0.53452248f, 0.70710678f, 1.0954452f});
  one_op_expect(LRT_FLOAT32, LRT_OP_LOCAL_RESPONSE_NORMALIZATION, &negative, &three, 1, REFUSED, NULL);
}

static void test_quantize(void) {
  const one_operand real = REAL(1, 4, 0, -2.5f, 2.5f, 300, NAN), in = INPUT8(1, 8, 0);
  const one_operand out = {.type = LRT_INT8, .scale = 1};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_QUANTIZE, NULL, &real, 1, &out, 1), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(1, 4), (int8_t[]){-3, 3, 127, -128}));
  one_op_close(&o);
  CHECK_INT(one_op_run(&o, LRT_MODE_FAST, LRT_OP_QUANTIZE, NULL, &real, 1, &out, 1), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(1, 4), (int8_t[]){-2, 2, 127, -128}));
  one_op_close(&o);
  stored(LRT_INT8, 0.03f, -10, LRT_OP_QUANTIZE, NULL, &in, 1, build_shape(1, 8),
         (int8_t[]){-128, -128, -77, -17, -15, -7, 85, 127}, 0);
  one_op_expect(LRT_INT8, LRT_OP_QUANTIZE, NULL, &real, 1, REFUSED, NULL);
  one_op_expect(LRT_INT64, LRT_OP_QUANTIZE, NULL, &real, 1, REFUSED, NULL);
}

static void test_dequantize(void) {
  const uint8_t packed[2] = {0x9f, 0x07}; /* -1, -7, 7 */
  const uint16_t half[2] = {lrt_half_from_float(1.5f), lrt_half_from_float(-0.25f)};
  const one_operand in = INPUT8(1, 8, 0),
                    small = {.type = LRT_INT4, .shape = {1, {3}}, .data = packed, .scale = 0.5f};
  const one_operand halves = {.type = LRT_FLOAT16, .shape = {1, {2}}, .data = half};
  one_operand bare = in;
  bare.scale = 0;
  near(LRT_OP_DEQUANTIZE, NULL, &in, 1, build_shape(1, 8),
       (float[]){-6.55f, -5.15f, -2, -0.2f, -0.15f, 0.1f, 2.85f, 6.2f});
  near(LRT_OP_DEQUANTIZE, NULL, &small, 1, build_shape(1, 3), (float[]){-0.5f, -3.5f, 3.5f});
  near(LRT_OP_DEQUANTIZE, NULL, &halves, 1, build_shape(1, 2), (float[]){1.5f, -0.25f});
  one_op_expect(LRT_FLOAT32, LRT_OP_DEQUANTIZE, NULL, &bare, 1, REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_DEQUANTIZE, NULL, &in, 1, REFUSED, NULL);
}

static void test_fake_quant(void) {
  const lrt_fake_quant_options eight = {-1, 1, 8, 0}, backwards = {1, -1, 8, 0}, wide = {-1, 1, 40, 0};
  const one_operand x = REAL(1, 3, 0, -2, 0.003f, 0.5f);
  near(LRT_OP_FAKE_QUANT, &eight, &x, 1, build_shape(1, 3), (float[]){-0.9960785f, 0, 0.50196075f});
  one_op_expect(LRT_FLOAT32, LRT_OP_FAKE_QUANT, &backwards, &x, 1, REFUSED, NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_FAKE_QUANT, &wide, &x, 1, REFUSED, NULL);
}

static void test_cast(void) {
  const one_operand x = REAL(1, 4, 0, -1.9f, 3.7f, 1e20f, NAN);
  one_op_expect(LRT_INT32, LRT_OP_CAST, NULL, &x, 1, build_shape(1, 4),
                (int32_t[]){-1, 3, INT32_MAX, INT32_MAX});
  one_op_expect(LRT_BOOL, LRT_OP_CAST, NULL, &x, 1, build_shape(1, 4), (uint8_t[]){1, 1, 1, 1});
  one_op_expect(LRT_UINT8, LRT_OP_CAST, NULL, &x, 1, build_shape(1, 4), (uint8_t[]){0, 3, 255, 255});
  one_op_expect(LRT_STRING, LRT_OP_CAST, NULL, &x, 1, REFUSED, NULL);
}

int main(int argc, char **argv) {
  RUN(test_reduce);
  RUN(test_reduce_quantized);
  RUN(test_reduce_huge_scale);
  RUN(test_arg);
  RUN(test_pool);
  RUN(test_softmax);
  RUN(test_normalize);
  RUN(test_quantize);
  RUN(test_dequantize);
  RUN(test_fake_quant);
  RUN(test_cast);
  DONE();
}
