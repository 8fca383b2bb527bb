/* test_requant.c: fixed-point arithmetic against exact wide arithmetic and libm. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "kernels/requant/fixed.h"
#include "kernels/requant/fixed_math.h"
#include "kernels/requant/lut.h"

static void rounding(void) {
  CHECK_INT(lrt_fixed_round_shift(5, 1), 3);
  CHECK_INT(lrt_fixed_round_shift(-5, 1), -3);
  CHECK_INT(lrt_fixed_round_shift(-6, 2), -2);
  CHECK_INT(lrt_fixed_round_shift(6, 2), 2);
  CHECK_INT(lrt_fixed_round_shift(INT32_MIN, 31), -1);
  CHECK_INT(lrt_fixed_round_shift(INT32_MAX, 31), 1);
  CHECK_INT(lrt_fixed_round_shift(-7, 0), -7);
  CHECK_INT(lrt_fixed_mul(INT32_MIN, INT32_MIN), INT32_MAX);
  CHECK_INT(lrt_fixed_mul(1 << 30, 3), 2);   /* 1.5 up */
  CHECK_INT(lrt_fixed_mul(1 << 30, -3), -1); /* -1.5 up */
  CHECK_INT(lrt_fixed_mul16(INT16_MIN, INT16_MIN), INT16_MAX);
  CHECK_INT(lrt_fixed_mul16(1 << 14, -3), -1);
}

static void multiplier(void) {
  lrt_multiplier m = lrt_multiplier_make(0.5);
  CHECK_INT(m.q, 1 << 30);
  CHECK_INT(m.shift, 0);
  m = lrt_multiplier_make(1.0);
  CHECK_INT(m.q, 1 << 30);
  CHECK_INT(m.shift, 1);
  m = lrt_multiplier_make(nextafter(1.0, 0.0)); /* the fraction rounds up to 2^31 */
  CHECK_INT(m.q, 1 << 30);
  CHECK_INT(m.shift, 1);
  CHECK_INT(lrt_multiplier_make(1e-12).q, 0);
  CHECK_INT(lrt_multiplier_make(-1.0).q, 0);
  CHECK_INT(lrt_multiplier_make((double)NAN).q, 0);
  CHECK_INT(lrt_multiplier_make((double)INFINITY).q, 0);
  const double scales[] = {0.0003, 0.017, 0.499, 0.75, 1.5, 7.25};
  for (int s = 0; s < 6; s++) {
    m = lrt_multiplier_make(scales[s]);
    for (int32_t x = -40000; x <= 40000; x += 37) {
      CHECK_NEAR(lrt_multiplier_apply(x, m), scales[s] * x, 0.76);
      CHECK_NEAR(lrt_multiplier_apply64((int64_t)x * 100, m), scales[s] * x * 100,
                 0.51 + fabs(scales[s] * x) * 0.004);
    }
  }
}

static void activation_range(void) {
  int32_t low = INT8_MIN, high = INT8_MAX;
  lrt_fixed_activation_range(0.0f, 6.0f, 0.1f, -10, &low, &high);
  CHECK_INT(low, -10);
  CHECK_INT(high, 50);
  low = 0, high = 255;
  lrt_fixed_activation_range(0.0f, INFINITY, 0.1f, 3, &low, &high);
  CHECK_INT(low, 3);
  CHECK_INT(high, 255);
  CHECK_INT(lrt_fixed_quantize(-2.5f, 1.0f, 0, -128, 127), -3);
  CHECK_INT(lrt_fixed_quantize(NAN, 1.0f, 0, -128, 127), -128);
  CHECK_INT(lrt_fixed_quantize(INFINITY, 1.0f, 0, -128, 127), 127);
}

static void functions(void) {
  const double q0 = 2147483648.0;
  for (int32_t a = INT32_MIN; a < INT32_MAX - 3000017; a += 3000017) {
    if (a <= 0) CHECK_NEAR(lrt_fixed_exp(a, 5) / q0, exp(a / (q0 / 32)), 3e-7);
    CHECK_NEAR(lrt_fixed_logistic(a, 4) / q0, 1 / (1 + exp(a / (q0 / -16))), 3e-7);
    if (a > INT32_MIN) CHECK_NEAR(lrt_fixed_tanh(a, 4) / q0, tanh(a / (q0 / 16)), 3e-7);
    if (a > 1 << 19) CHECK_NEAR(lrt_fixed_log(a, 12, 5) / (q0 / 32), log(a / (q0 / 4096)), 2e-4);
  }
  for (int32_t x = 1; x < 1000000000; x += x / 7 + 1) {
    const lrt_multiplier m = lrt_fixed_inverse_sqrt(x);
    CHECK_NEAR(ldexp(m.q, m.shift - 31) * sqrt(x), 1, 2e-5);
    int over = 0;
    const int32_t r = lrt_fixed_reciprocal(x, 12, &over);
    CHECK_NEAR(ldexp(r / q0, -over) * (x / (q0 / 4096)), 1, 1e-6);
  }
}

static float half(float x, const void *params) {
  (void)params;
  return x * 0.5f;
}

static void tables(void) {
  uint8_t table[256];
  lrt_lut_make8(half, NULL, 0.1f, 3, 0.1f, -5, true, table);
  for (int q = -128; q < 128; q++) {
    CHECK_NEAR((int8_t)table[(uint8_t)q], (q - 3) * 0.5 - 5, 0.5001);
  }
  int16_t table16[513];
  lrt_lut_make16(half, NULL, 0.001f, 0, 0.001f, 0, table16);
  for (int q = -32768; q < 32768; q += 11) CHECK_NEAR(lrt_lut_read16((int16_t)q, table16), q * 0.5, 1.01);
  const float scales[] = {1.0f / 4096, 1.0f / 2048, 0.0003f, 0.002f};
  for (int s = 0; s < 4; s++) {
    const lrt_lut_sigmoid_scale logistic = lrt_lut_sigmoid_prepare(scales[s], 0);
    const lrt_lut_sigmoid_scale tangent = lrt_lut_sigmoid_prepare(scales[s], 1);
    for (int q = -32768; q < 32768; q += 13) {
      const double x = q * (double)scales[s];
      CHECK_NEAR(lrt_lut_logistic16((int16_t)q, logistic) / 32768.0, 1 / (1 + exp(-x)), 3e-4);
      CHECK_NEAR(lrt_lut_tanh16((int16_t)q, tangent) / 32768.0, tanh(x), 5e-4);
    }
  }
}

int main(int argc, char **argv) {
  RUN(rounding);
  RUN(multiplier);
  RUN(activation_range);
  RUN(functions);
  RUN(tables);
  DONE();
}
