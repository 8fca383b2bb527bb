/* test_ew_unary.c: every one-operand variant against its reference; casts; quantized tables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/cpu.h"
#include "kernels/elementwise/ew_lut.h"
#include "kernels/elementwise/ew_unary.h"

enum { N = 4099 };
static float in[N + 1], out[N + 1], expected[N + 1];

static void fill(void) {
  const float special[12] = {0.0f,   -0.0f,   INFINITY, -INFINITY, NAN,     88.8f,
                             -88.0f, -103.5f, 1e-30f,   -1e-30f,   3.4e38f, -3.4e38f};
  for (int i = 0; i <= N; i++) in[i] = i < 12 ? special[i] : ((float)i - N / 2.0f) * 0.0123f;
}

static bool close_enough(float a, float b) {
  if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
  if (isinf(a) || isinf(b)) return a == b || (fabsf(a) > 3e38f && fabsf(b) > 3e38f);
  return fabsf(a - b) <= 5e-7f + 5e-7f * fabsf(b);
}

static void f32_variants(void) {
  size_t count;
  const lrt_unary_variant *all = lrt_unary_variants(&count);
  const lrt_unary_params p = {0.2f};
  fill();
  for (size_t i = 0; i < count; i++) {
    const lrt_unary_variant *v = &all[i];
    if (v->type != LRT_FLOAT32 || v->ref || !lrt_cpu_has((lrt_cpu_level)v->level)) continue;
    /* An odd count from an unaligned start. */
    v->fn(&p, in + 1, out + 1, N);
    lrt_unary_pick(v->op, LRT_FLOAT32, true)(&p, in + 1, expected + 1, N);
    for (int k = 1; k <= N; k++) {
      /* The reference's -inf * 0 is NaN; the fast forms give the limit. */
      const bool gelu = v->op == LRT_UNARY_GELU || v->op == LRT_UNARY_GELU_TANH;
      if (close_enough(out[k], expected[k]) || (gelu && in[k] == -INFINITY && out[k] == 0.0f)) continue;
      fprintf(stderr, "%s(%g) is %.9g, expected %.9g\n", v->name, (double)in[k], (double)out[k],
              (double)expected[k]);
      check_failures++;
      break;
    }
  }
}

static float apply(lrt_unary_op op, float x) {
  const lrt_unary_params p = {0.1f};
  float y;
  lrt_unary_pick(op, LRT_FLOAT32, true)(&p, &x, &y, 1);
  return y;
}

static void edge_values(void) {
  CHECK(isnan(apply(LRT_UNARY_RELU, NAN)));
  CHECK(signbit(apply(LRT_UNARY_RELU, -0.0f)));
  CHECK_NEAR(apply(LRT_UNARY_ROUND, 2.5f), 2, 0);
  CHECK_NEAR(apply(LRT_UNARY_ROUND, 3.5f), 4, 0);
  CHECK_NEAR(apply(LRT_UNARY_ROUND, -2.5f), -2, 0);
  CHECK(!signbit(apply(LRT_UNARY_ROUND, -0.5f)));
  CHECK_NEAR(apply(LRT_UNARY_SIGN, -3.0f), -1, 0);
  CHECK_NEAR(apply(LRT_UNARY_LEAKY_RELU, -3.0f), -0.3, 1e-7);
  int32_t low = INT32_MIN, y = 0;
  const lrt_unary_params p = {0};
  lrt_unary_pick(LRT_UNARY_NEG, LRT_INT32, true)(&p, &low, &y, 1);
  CHECK_INT(y, INT32_MIN);
  lrt_unary_pick(LRT_UNARY_ABS, LRT_INT32, true)(&p, &low, &y, 1);
  CHECK_INT(y, INT32_MIN);
  CHECK(lrt_unary_pick(LRT_UNARY_SIN, LRT_INT32, true) == NULL);
}

/* Quantized results stay within one step of the real function; exactness is covered by goldens of whole operators. */
static void quantized(void) {
  const lrt_unary_op ops[] = {LRT_UNARY_RELU, LRT_UNARY_RELU6,    LRT_UNARY_LEAKY_RELU, LRT_UNARY_ELU,
                              LRT_UNARY_GELU, LRT_UNARY_LOGISTIC, LRT_UNARY_TANH,       LRT_UNARY_HARD_SWISH,
                              LRT_UNARY_EXP,  LRT_UNARY_ABS};
  const lrt_unary_params p = {0.1f};
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
    const lrt_unary_quant q = {0.03f, ops[i] == LRT_UNARY_LOGISTIC ? 1.0f / 256 : 0.04f, 4,
                               ops[i] == LRT_UNARY_LOGISTIC ? -128 : -9};
    uint8_t table[256];
    REQUIRE(lrt_unary_table8(ops[i], &p, &q, LRT_INT8, table));
    for (int x = -128; x < 128; x++) {
      const float real = apply(ops[i], q.in_scale * (float)(x - q.in_zero)) / q.out_scale + (float)q.out_zero;
      const float bounded = real < -128 ? -128 : real > 127 ? 127 : real;
      CHECK_NEAR((int8_t)table[(uint8_t)x], bounded, ops[i] == LRT_UNARY_HARD_SWISH ? 1.5 : 1.01);
    }
  }
  uint8_t table[256], bytes[5] = {0, 1, 127, 128, 255}, mapped[5];
  for (int x = 0; x < 256; x++) table[x] = (uint8_t)(255 - x);
  lrt_unary_lut8(table, bytes, mapped, 5);
  for (int i = 0; i < 5; i++) CHECK_INT(mapped[i], 255 - bytes[i]);
}

/* Every index, any length, in place too. */
static void tables(void) {
  uint8_t table[256], bytes[600], by_ref[600], fast[600];
  for (int x = 0; x < 256; x++) table[x] = (uint8_t)(x * 167 + 13);
  for (int i = 0; i < 600; i++) bytes[i] = (uint8_t)(i * 7);
  for (size_t n = 0; n <= 600; n += n < 70 ? 1 : 53) {
    memset(fast, 0xAA, sizeof fast);
    lrt_unary_lut8__ref(table, bytes, by_ref, n);
    lrt_unary_lut8(table, bytes, fast, n);
    CHECK(memcmp(by_ref, fast, n) == 0 && (n == 600 || fast[n] == 0xAA));
  }
  memcpy(fast, bytes, sizeof fast);
  lrt_unary_lut8(table, fast, fast, sizeof fast);
  lrt_unary_lut8__ref(table, bytes, by_ref, sizeof by_ref);
  CHECK(memcmp(by_ref, fast, sizeof fast) == 0);
}

static void casts(void) {
  const float x[8] = {1.9f, -1.9f, 300.0f, -300.0f, NAN, INFINITY, -INFINITY, 0.5f};
  int8_t i8[8];
  uint8_t u8[8], boolean[8];
  int32_t i32[8];
  uint64_t u64[8];
  CHECK(lrt_cast(x, LRT_FLOAT32, 0, i8, LRT_INT8, 0, 8));
  CHECK(i8[0] == 1 && i8[1] == -1 && i8[2] == 127 && i8[3] == -128 && i8[4] == 127 && i8[5] == 127 &&
        i8[6] == -128);
  CHECK(lrt_cast(x, LRT_FLOAT32, 0, u8, LRT_UINT8, 0, 8));
  CHECK(u8[1] == 0 && u8[2] == 255 && u8[3] == 0 && u8[4] == 255);
  CHECK(lrt_cast(x, LRT_FLOAT32, 0, i32, LRT_INT32, 0, 8));
  CHECK(i32[2] == 300 && i32[4] == INT32_MAX && i32[5] == INT32_MAX && i32[6] == INT32_MIN);
  CHECK(lrt_cast(x, LRT_FLOAT32, 0, u64, LRT_UINT64, 0, 8));
  CHECK(u64[3] == 0 && u64[5] == UINT64_MAX);
  CHECK(lrt_cast(x, LRT_FLOAT32, 0, boolean, LRT_BOOL, 0, 8));
  CHECK(boolean[0] == 1 && boolean[4] == 1 && boolean[7] == 1);
  const int32_t wide[3] = {257, -1, 0x7FFFFFFF};
  CHECK(lrt_cast(wide, LRT_INT32, 0, u8, LRT_UINT8, 0, 3));
  CHECK(u8[0] == 1 && u8[1] == 255 && u8[2] == 255);
  const uint8_t nibbles[2] = {0xF7, 0x80}; /* 7 -1 0 -8 */
  float f[4];
  CHECK(lrt_cast(nibbles, LRT_INT4, 1, f, LRT_FLOAT32, 0, 3));
  CHECK(f[0] == -1.0f && f[1] == 0.0f && f[2] == -8.0f);
  uint8_t packed[2] = {0, 0};
  const int8_t small[3] = {-1, 5, -8};
  CHECK(lrt_cast(small, LRT_INT8, 0, packed, LRT_INT4, 0, 3));
  CHECK(packed[0] == 0x5F && packed[1] == 0x08);
  CHECK(!lrt_cast(x, LRT_FLOAT32, 0, u8, LRT_STRING, 0, 1));
}

int main(int argc, char **argv) {
  RUN(f32_variants);
  RUN(edge_values);
  RUN(quantized);
  RUN(tables);
  RUN(casts);
  DONE();
}
