/* test_elementwise.c: operators on one and two numbers: results, broadcasting, scales, and what they refuse. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "one_op.h"

#define REFUSED ONE_OP_REFUSED
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* The same eight numbers in every quantized test; expected results come from the reference interpreter. */
static const int8_t x8[8] = {-128, -100, -37, -1, 0, 5, 60, 127},
                    y8[8] = {127, -20, 33, -128, 7, -90, 64, -1};
static const int16_t x16[8] = {-32768, -20000, -300, -1, 0, 500, 12345, 32767};
static const int16_t y16[8] = {32767, -2000, 3333, -32768, 7, -9000, 640, -1};

static void f32(int32_t code, const void *options, const one_operand *in, int n_in, lrt_shape shape,
                const float *expected, int line) {
  static const lrt_mode modes[] = {LRT_MODE_REF, LRT_MODE_FAST};
  for (int m = 0; m < 2; m++) {
    const one_operand out = {.type = LRT_FLOAT32};
    one_op o;
    CHECK_INT(one_op_run(&o, modes[m], code, options, in, n_in, &out, 1), LRT_OK);
    if (o.error.message[0] != '\0') fprintf(stderr, "line %d: %s\n", line, o.error.message);
    const lrt_tensor_view view = one_op_result(&o, 0);
    CHECK_INT(view.bytes, lrt_shape_bytes(&shape, LRT_FLOAT32));
    for (int64_t i = 0; view.data != NULL && i < lrt_shape_count(&shape); i++) {
      const float got = ((const float *)view.data)[i];
      const bool same = (isnan(got) && isnan(expected[i])) ||
                        fabsf(got - expected[i]) <= 2e-6f * (1 + fabsf(expected[i])) || got == expected[i];
      if (!same)
        fprintf(stderr, "line %d, element %d: %g, expected %g\n", line, (int)i, (double)got,
                (double)expected[i]);
      check_failures += !same;
    }
    one_op_close(&o);
  }
}
#define F32(code, options, in, n_in, shape, ...)                                                             \
  f32(code, options, in, n_in, shape, (const float[]){__VA_ARGS__}, __LINE__)
#define REAL(rank, a, b, ...)                                                                                \
  {                                                                                                          \
    .type = LRT_FLOAT32, .shape = {rank, {a, b}}, .data = (const float[]) {                                  \
      __VA_ARGS__                                                                                            \
    }                                                                                                        \
  }
#define WHOLE(...)                                                                                           \
  {                                                                                                          \
    .type = LRT_INT32, .shape = {1, {COUNT(((int32_t[]){__VA_ARGS__}))}}, .data = (const int32_t[]) {        \
      __VA_ARGS__                                                                                            \
    }                                                                                                        \
  }

static void test_real_binary(void) {
  const lrt_add_options plain = {.pot_scale_int16 = 1}, relu6 = {.activation = LRT_ACT_RELU6},
                        sign = {.activation = LRT_ACT_SIGN_BIT};
  const one_operand in[] = {REAL(2, 2, 3, -1, 2, 3, 4, 5, 6), REAL(1, 3, 0, 0.5f, -1, 1)};
  const one_operand pair[] = {REAL(1, 3, 0, NAN, 1, -7), REAL(1, 3, 0, 1, NAN, 2)};
  F32(LRT_OP_ADD, &plain, in, 2, build_shape(2, 2, 3), -0.5f, 1, 4, 4.5f, 4, 7);
  F32(LRT_OP_ADD, &relu6, in, 2, build_shape(2, 2, 3), 0, 1, 4, 4.5f, 4, 6);
  one_op_expect(LRT_FLOAT32, LRT_OP_ADD, &sign, in, 2, REFUSED, NULL);
  F32(LRT_OP_MUL, NULL, in, 2, build_shape(2, 2, 3), -0.5f, -2, 3, 2, -5, 6);
  F32(LRT_OP_MAXIMUM, NULL, pair, 2, build_shape(1, 3), 1, NAN, 2);
  F32(LRT_OP_MINIMUM, NULL, pair, 2, build_shape(1, 3), 1, NAN, -7);
  F32(LRT_OP_FLOOR_MOD, NULL, ((one_operand[]){REAL(1, 3, 0, 5, -5, 5), REAL(1, 3, 0, 3, 3, -3)}), 2,
      build_shape(1, 3), 2, 1, -1);
  F32(LRT_OP_FLOOR_DIV, NULL, ((one_operand[]){REAL(1, 2, 0, -7, 7), REAL(1, 1, 0, 2)}), 2, build_shape(1, 2),
      -4, 3);
  F32(LRT_OP_POW, NULL, ((one_operand[]){REAL(1, 2, 0, 2, 9), REAL(1, 2, 0, 10, 0.5f)}), 2, build_shape(1, 2),
      1024, 3);
  F32(LRT_OP_ATAN2, NULL, ((one_operand[]){REAL(1, 2, 0, 1, -1), REAL(1, 2, 0, 1, 0)}), 2, build_shape(1, 2),
      0.7853982f, -1.5707964f);
  F32(LRT_OP_PRELU, NULL, ((one_operand[]){REAL(2, 2, 2, -1, 2, -3, -4), REAL(1, 2, 0, 0.5f, 0.25f)}), 2,
      build_shape(2, 2, 2), -0.5f, 2, -1.5f, -1);
  F32(LRT_OP_SQUARED_DIFFERENCE, NULL, ((one_operand[]){REAL(0, 0, 0, 3), REAL(1, 2, 0, 1, 5)}), 2,
      build_shape(1, 2), 4, 4);
  F32(LRT_OP_ADD_N, NULL, ((one_operand[]){REAL(1, 2, 0, 1, 2), REAL(1, 2, 0, 3, 4), REAL(1, 2, 0, 5, 6)}), 3,
      build_shape(1, 2), 9, 12);
  F32(LRT_OP_ADD, &plain, ((one_operand[]){REAL(2, 0, 3, 0), REAL(1, 3, 0, 1, 2, 3)}), 2,
      build_shape(2, 0, 3), 0);
}

static void test_integers(void) {
  const one_operand div[] = {WHOLE(7, -7, 9), WHOLE(2, 2, -4)}, by_zero[] = {WHOLE(7, 7), WHOLE(2, 0)};
  const one_operand pow[] = {WHOLE(2, -3), WHOLE(10, 3)}, negative[] = {WHOLE(2, 2), WHOLE(1, -1)};
  one_op_expect(LRT_INT32, LRT_OP_DIV, NULL, div, 2, build_shape(1, 3), (int32_t[]){3, -3, -2});
  one_op_expect(LRT_INT32, LRT_OP_FLOOR_DIV, NULL, div, 2, build_shape(1, 3), (int32_t[]){3, -4, -3});
  one_op_expect(LRT_INT32, LRT_OP_FLOOR_MOD, NULL, div, 2, build_shape(1, 3), (int32_t[]){1, 1, -3});
  one_op_expect(LRT_INT32, LRT_OP_DIV, NULL, by_zero, 2, REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_FLOOR_MOD, NULL, by_zero, 2, REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_POW, NULL, pow, 2, build_shape(1, 2), (int32_t[]){1024, -27});
  one_op_expect(LRT_INT32, LRT_OP_POW, NULL, negative, 2, REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_RIGHT_SHIFT, NULL, div, 2, build_shape(1, 3), (int32_t[]){1, -2, 9});
  one_op_expect(LRT_INT32, LRT_OP_BITWISE_XOR, NULL, div, 2, build_shape(1, 3), (int32_t[]){5, -5, -11});
  one_op_expect(LRT_INT32, LRT_OP_ADD, NULL, (one_operand[]){WHOLE(1, 2), WHOLE(1, 2, 3)}, 2, REFUSED, NULL);
  one_op_expect(LRT_INT32, LRT_OP_ADD, NULL, (one_operand[]){WHOLE(1, 2), REAL(1, 2, 0, 1, 2)}, 2, REFUSED,
                NULL);
  one_op_expect(LRT_FLOAT32, LRT_OP_ADD, NULL, (one_operand[]){WHOLE(1, 2), WHOLE(1, 2)}, 2, REFUSED, NULL);
  one_op_expect(LRT_BOOL, LRT_OP_ADD, NULL, (one_operand[]){WHOLE(1, 2)}, 1, REFUSED, NULL);
}

/* Two int8 operands of scales 0.05 and 0.02 into 0.06; fast mode may be off by one. */
static void quantized_pair(int32_t code, const void *options, const int8_t expected[8]) {
  static const lrt_mode modes[] = {LRT_MODE_REF, LRT_MODE_FAST};
  const one_operand in[] = {
      {.type = LRT_INT8, .shape = {1, {8}}, .data = x8, .scale = 0.05f, .zero_point = 3},
      {.type = LRT_INT8, .shape = {1, {8}}, .data = y8, .scale = 0.02f, .zero_point = -7}};
  for (int m = 0; m < 2; m++) {
    const one_operand out = {.type = LRT_INT8, .scale = 0.06f, .zero_point = 10};
    one_op o;
    CHECK_INT(one_op_run(&o, modes[m], code, options, in, 2, &out, 1), LRT_OK);
    const int8_t *got = one_op_result(&o, 0).data;
    for (int i = 0; got != NULL && i < 8; i++)
      if (abs(got[i] - expected[i]) > m) {
        check_failures++;
        fprintf(stderr, "operator %d, element %d: %d, expected %d\n", code, i, got[i], expected[i]);
      }
    one_op_close(&o);
  }
}

static void test_quantized_binary(void) {
  const lrt_add_options relu = {.activation = LRT_ACT_RELU};
  quantized_pair(LRT_OP_ADD, NULL, (int8_t[]){-55, -80, -10, -34, 12, -16, 81, 115});
  quantized_pair(LRT_OP_ADD, &relu, (int8_t[]){10, 10, 10, 10, 12, 10, 81, 115});
  quantized_pair(LRT_OP_SUB, NULL, (int8_t[]){-128, -72, -37, 47, 3, 39, 34, 111});
  quantized_pair(LRT_OP_MUL, NULL, (int8_t[]){-128, 32, -17, 18, 9, 7, 77, 22});
  quantized_pair(LRT_OP_DIV, NULL, (int8_t[]){-31, 127, -32, 11, 1, 9, 43, 127});
  quantized_pair(LRT_OP_SQUARED_DIFFERENCE, NULL, (int8_t[]){127, 127, 127, 92, 13, 62, 44, 127});
  quantized_pair(LRT_OP_PRELU, NULL, (int8_t[]){-128, 32, -17, 18, 9, 12, 58, 113});
}

static void test_int16(void) {
  const lrt_add_options general = {.pot_scale_int16 = 0};
  const one_operand in[] = {{.type = LRT_INT16, .shape = {1, {8}}, .data = x16, .scale = 0.001f},
                            {.type = LRT_INT16, .shape = {1, {8}}, .data = y16, .scale = 0.0005f}};
  const one_operand out = {.type = LRT_INT16, .scale = 0.0012f},
                    shifted = {.type = LRT_INT16, .scale = 1, .zero_point = 1};
  const int16_t expected[8] = {-13654, -17500, 1139, -13654, 3, -3333, 10554, 27305};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_ADD, &general, in, 2, &out, 1), LRT_OK);
  CHECK(one_op_gave(&o, 0, build_shape(1, 8), expected));
  one_op_close(&o);
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_ADD, &general, in, 2, &shifted, 1), LRT_INVALID_MODEL);
  one_op_close(&o);
}

/* Scales that are missing, or zero points outside their type, are refused before any kernel sees them. */
static void test_bad_scales(void) {
  const one_operand good = {.type = LRT_INT8, .shape = {1, {8}}, .data = x8, .scale = 0.05f};
  one_operand none = good, far = good;
  none.scale = 0;
  far.zero_point = 1000;
  const one_operand out = {.type = LRT_INT8, .scale = 0.06f};
  const one_operand pairs[][2] = {{good, none}, {none, good}, {good, far}};
  for (int i = 0; i < COUNT(pairs); i++) {
    one_op o;
    CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_MUL, NULL, pairs[i], 2, &out, 1), LRT_INVALID_MODEL);
    one_op_close(&o);
  }
  one_op_expect(LRT_INT8, LRT_OP_LOGISTIC, NULL, &none, 1, REFUSED, NULL);
  one_op_expect(LRT_BOOL, LRT_OP_LESS, NULL, (one_operand[]){good, none}, 2, REFUSED, NULL);
}

static void test_compare(void) {
  const one_operand in[] = {WHOLE(1, 2, 3), WHOLE(2)};
  const uint8_t a[] = {1, 0, 1, 0}, b[] = {1, 1, 0, 0};
  const one_operand flags[] = {{.type = LRT_BOOL, .shape = {1, {4}}, .data = a},
                               {.type = LRT_BOOL, .shape = {1, {4}}, .data = b}};
  one_op_expect(LRT_BOOL, LRT_OP_EQUAL, NULL, in, 2, build_shape(1, 3), (uint8_t[]){0, 1, 0});
  one_op_expect(LRT_BOOL, LRT_OP_NOT_EQUAL, NULL, in, 2, build_shape(1, 3), (uint8_t[]){1, 0, 1});
  one_op_expect(LRT_BOOL, LRT_OP_LESS, NULL, in, 2, build_shape(1, 3), (uint8_t[]){1, 0, 0});
  one_op_expect(LRT_BOOL, LRT_OP_LESS_EQUAL, NULL, in, 2, build_shape(1, 3), (uint8_t[]){1, 1, 0});
  one_op_expect(LRT_BOOL, LRT_OP_GREATER, NULL, in, 2, build_shape(1, 3), (uint8_t[]){0, 0, 1});
  one_op_expect(LRT_BOOL, LRT_OP_GREATER_EQUAL, NULL, in, 2, build_shape(1, 3), (uint8_t[]){0, 1, 1});
  one_op_expect(LRT_BOOL, LRT_OP_LOGICAL_AND, NULL, flags, 2, build_shape(1, 4), (uint8_t[]){1, 0, 0, 0});
  one_op_expect(LRT_BOOL, LRT_OP_LOGICAL_OR, NULL, flags, 2, build_shape(1, 4), (uint8_t[]){1, 1, 1, 0});
  one_op_expect(LRT_BOOL, LRT_OP_LOGICAL_NOT, NULL, flags, 1, build_shape(1, 4), (uint8_t[]){0, 1, 0, 1});
  one_op_expect(LRT_INT32, LRT_OP_LESS, NULL, in, 2, REFUSED, NULL);
  one_op_expect(LRT_BOOL, LRT_OP_LOGICAL_AND, NULL, in, 2, REFUSED, NULL);
}

static void test_unary(void) {
  const lrt_leaky_relu_options tenth = {0.1f};
  const lrt_gelu_options tanh_form = {1};
  const one_operand x[] = {REAL(1, 5, 0, -2, -0.5f, 0, 0.5f, 7)}, positive[] = {REAL(1, 3, 0, 0.25f, 1, 4)};
  const lrt_shape five = build_shape(1, 5), three = build_shape(1, 3);
  F32(LRT_OP_RELU, NULL, x, 1, five, 0, 0, 0, 0.5f, 7);
  F32(LRT_OP_RELU6, NULL, x, 1, five, 0, 0, 0, 0.5f, 6);
  F32(LRT_OP_RELU_N1_TO_1, NULL, x, 1, five, -1, -0.5f, 0, 0.5f, 1);
  F32(LRT_OP_RELU_0_TO_1, NULL, x, 1, five, 0, 0, 0, 0.5f, 1);
  F32(LRT_OP_LEAKY_RELU, &tenth, x, 1, five, -0.2f, -0.05f, 0, 0.5f, 7);
  F32(LRT_OP_ELU, NULL, x, 1, five, -0.86466472f, -0.39346934f, 0, 0.5f, 7);
  F32(LRT_OP_LOGISTIC, NULL, x, 1, five, 0.11920292f, 0.37754067f, 0.5f, 0.62245933f, 0.99908895f);
  F32(LRT_OP_TANH, NULL, x, 1, five, -0.96402758f, -0.46211716f, 0, 0.46211716f, 0.99999834f);
  F32(LRT_OP_HARD_SWISH, NULL, x, 1, five, -0.33333334f, -0.20833333f, 0, 0.29166667f, 7);
  F32(LRT_OP_GELU, NULL, x, 1, five, -0.04550026f, -0.15426877f, 0, 0.34573123f, 7);
  F32(LRT_OP_GELU, &tanh_form, x, 1, five, -0.04540231f, -0.15428599f, 0, 0.34571401f, 7);
  F32(LRT_OP_EXP, NULL, positive, 1, three, 1.2840254f, 2.7182818f, 54.59815f);
  F32(LRT_OP_LOG, NULL, positive, 1, three, -1.3862944f, 0, 1.3862944f);
  F32(LRT_OP_SQRT, NULL, positive, 1, three, 0.5f, 1, 2);
  F32(LRT_OP_RSQRT, NULL, positive, 1, three, 2, 1, 0.5f);
  F32(LRT_OP_SIN, NULL, positive, 1, three, 0.24740396f, 0.84147098f, -0.7568025f);
  F32(LRT_OP_COS, NULL, positive, 1, three, 0.96891242f, 0.54030231f, -0.65364362f);
  F32(LRT_OP_ABS, NULL, x, 1, five, 2, 0.5f, 0, 0.5f, 7);
  F32(LRT_OP_NEG, NULL, x, 1, five, 2, 0.5f, 0, -0.5f, -7);
  F32(LRT_OP_SQUARE, NULL, x, 1, five, 4, 0.25f, 0, 0.25f, 49);
  F32(LRT_OP_FLOOR, NULL, x, 1, five, -2, -1, 0, 0, 7);
  F32(LRT_OP_CEIL, NULL, x, 1, five, -2, 0, 0, 1, 7);
  F32(LRT_OP_ROUND, NULL, x, 1, five, -2, 0, 0, 0, 7);
  F32(LRT_OP_SIGN, NULL, x, 1, five, -1, -1, 0, 1, 1);
  one_op_expect(LRT_INT32, LRT_OP_EXP, NULL, (one_operand[]){WHOLE(1, 2)}, 1, REFUSED, NULL);
}

/* One int8 operand of scale 0.05 and zero point 3. */
static void quantized_one(int32_t code, const void *options, const int8_t *x, float scale, int32_t zero,
                          const int8_t expected[8]) {
  const one_operand in = {.type = LRT_INT8, .shape = {1, {8}}, .data = x, .scale = 0.05f, .zero_point = 3};
  const one_operand out = {.type = LRT_INT8, .scale = scale, .zero_point = zero};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, code, options, &in, 1, &out, 1), LRT_OK);
  if (!one_op_gave(&o, 0, build_shape(1, 8), expected)) {
    check_failures++;
    fprintf(stderr, "operator %d gives a wrong result\n", code);
  }
  one_op_close(&o);
}

static void test_quantized_unary(void) {
  const lrt_leaky_relu_options tenth = {0.1f};
  const int8_t above[8] = {127, 100, 37, 4, 4, 5, 60, 127};
  quantized_one(LRT_OP_RELU6, NULL, x8, 0.03f, -100, (int8_t[]){-100, -100, -100, -100, -100, -97, -5, 100});
  quantized_one(LRT_OP_LOGISTIC, NULL, x8, 1.0f / 256, -128,
                (int8_t[]){-128, -127, -97, -13, -10, 6, 114, 127});
  quantized_one(LRT_OP_TANH, NULL, x8, 1.0f / 128, 0, (int8_t[]){-128, -128, -123, -25, -19, 13, 127, 127});
  quantized_one(LRT_OP_HARD_SWISH, NULL, x8, 0.05f, -60, (int8_t[]){-60, -60, -67, -62, -61, -59, -4, 64});
  quantized_one(LRT_OP_EXP, NULL, x8, 1, -128, (int8_t[]){-128, -128, -128, -127, -127, -127, -111, 127});
  quantized_one(LRT_OP_GELU, NULL, x8, 0.05f, -100, (int8_t[]){-100, -100, -101, -102, -101, -99, -43, 24});
  quantized_one(LRT_OP_ABS, NULL, x8, 0.05f, -100, (int8_t[]){31, 3, -60, -96, -97, -98, -43, 24});
  quantized_one(LRT_OP_RSQRT, NULL, above, 0.01f, -128, (int8_t[]){-88, -83, -51, 127, 127, 127, -69, -88});
  quantized_one(LRT_OP_LEAKY_RELU, &tenth, x8, 0.06f, 10, (int8_t[]){-1, 1, 7, 10, 10, 12, 58, 113});
  const one_operand in = {.type = LRT_INT8, .shape = {1, {8}}, .data = x8, .scale = 0.05f, .zero_point = 3};
  const one_operand out = {.type = LRT_INT8, .scale = 0.01f};
  one_op o;
  CHECK_INT(one_op_run(&o, LRT_MODE_REF, LRT_OP_SQRT, NULL, &in, 1, &out, 1), LRT_RUN_FAILED);
  one_op_close(&o);
}

/* Rescaled to next to nothing, results leave 32 bits before their zero point is added. */
static void test_tiny_output_scales(void) {
  static const int32_t one[] = {LRT_OP_LEAKY_RELU, LRT_OP_ABS, LRT_OP_RELU, LRT_OP_RSQRT};
  static const int32_t two[] = {LRT_OP_ADD, LRT_OP_SUB, LRT_OP_MUL, LRT_OP_SQUARED_DIFFERENCE, LRT_OP_PRELU};
  const one_operand in = {
      .type = LRT_INT8, .shape = {1, {8}}, .data = x8, .scale = 0.05f, .zero_point = -128};
  const one_operand other = {
      .type = LRT_INT8, .shape = {1, {8}}, .data = y8, .scale = 0.07f, .zero_point = 127};
  const one_operand tiny = {.type = LRT_INT8, .scale = 1e-10f, .zero_point = 127};
  const lrt_leaky_relu_options steep = {-1e6f};
  for (int mode = LRT_MODE_FAST; mode <= LRT_MODE_REF; mode++)
    for (int i = 0; i < COUNT(one) + COUNT(two); i++) {
      const bool unary = i < COUNT(one);
      one_op o;
      CHECK_INT(one_op_run(&o, (lrt_mode)mode, unary ? one[i] : two[i - COUNT(one)], i == 0 ? &steep : NULL,
                           (one_operand[]){in, other}, unary ? 1 : 2, &tiny, 1),
                LRT_OK);
      one_op_close(&o);
    }
}

static void test_half(void) {
  const uint16_t a[3] = {lrt_half_from_float(1.5f), lrt_half_from_float(-2), lrt_half_from_float(70000)};
  const uint16_t sums[3] = {lrt_half_from_float(3), lrt_half_from_float(-4), lrt_half_from_float(INFINITY)};
  const one_operand x = {.type = LRT_FLOAT16, .shape = {1, {3}}, .data = a};
  one_op_expect(LRT_FLOAT16, LRT_OP_ADD, NULL, (one_operand[]){x, x}, 2, build_shape(1, 3), sums);
  const uint16_t relu[3] = {a[0], 0, a[2]};
  one_op_expect(LRT_FLOAT16, LRT_OP_RELU, NULL, &x, 1, build_shape(1, 3), relu);
}

/* Long enough to be cut into units: the result must not show where. */
static void test_units(void) {
  enum { N = 100003 };
  static float a[N], expected[N];
  for (int i = 0; i < N; i++) a[i] = (float)i * 0.001f - 50, expected[i] = a[i] + 0.5f;
  const one_operand in[] = {{.type = LRT_FLOAT32, .shape = {1, {N}}, .data = a}, REAL(1, 1, 0, 0.5f)};
  one_op_expect(LRT_FLOAT32, LRT_OP_ADD, NULL, in, 2, build_shape(1, N), expected);
}

int main(int argc, char **argv) {
  RUN(test_real_binary);
  RUN(test_integers);
  RUN(test_quantized_binary);
  RUN(test_int16);
  RUN(test_bad_scales);
  RUN(test_compare);
  RUN(test_unary);
  RUN(test_quantized_unary);
  RUN(test_tiny_output_scales);
  RUN(test_half);
  RUN(test_units);
  DONE();
}
