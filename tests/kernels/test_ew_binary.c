/* test_ew_binary.c: every two-operand variant against its reference; broadcasting; edge values. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/cpu.h"
#include "kernels/elementwise/ew_binary.h"

enum { N = 203 };
static uint32_t seed = 1;
static uint32_t next(void) {
  return seed = seed * 1664525u + 1013904223u, seed >> 8;
}

static void fill(void *data, lrt_type type) {
  for (int i = 0; i < N; i++) {
    const uint32_t r = next();
    switch (type) {
    case LRT_FLOAT32:
      ((float *)data)[i] = r % 29 == 0 ? NAN : r % 31 == 0 ? INFINITY : ((float)(r % 2000) - 1000) / 64;
      break;
    case LRT_FLOAT64: ((double *)data)[i] = ((double)(r % 2000) - 1000) / 64; break;
    case LRT_INT8:
    case LRT_UINT8:
    case LRT_BOOL: ((uint8_t *)data)[i] = (uint8_t)r; break;
    case LRT_INT16:
    case LRT_UINT16: ((uint16_t *)data)[i] = (uint16_t)r; break;
    case LRT_INT32:
    case LRT_UINT32: ((uint32_t *)data)[i] = r % 7 ? r - 8000000 : 0x80000000u; break;
    default: ((uint64_t *)data)[i] = ((uint64_t)r << 40) ^ next(); break;
    }
  }
}

static const lrt_binary_variant *reference_of(const lrt_binary_variant *v) {
  size_t count;
  const lrt_binary_variant *all = lrt_binary_variants(&count);
  for (size_t i = 0; i < count; i++) {
    if (all[i].op == v->op && all[i].type == v->type && all[i].quantized == v->quantized && all[i].ref)
      return &all[i];
  }
  return NULL;
}

static bool is_comparison(lrt_binary_op op) {
  return op >= LRT_BINARY_EQUAL;
}

static void compare(const lrt_binary_variant *v, const uint8_t *a, const uint8_t *b, size_t size) {
  for (int i = 0; i < N; i++) {
    if (v->type == LRT_FLOAT32 && !is_comparison(v->op)) {
      float x, y;
      memcpy(&x, a + 4 * i, 4);
      memcpy(&y, b + 4 * i, 4);
      if (!(x == y || (isnan(x) && isnan(y)))) {
        fprintf(stderr, "%s[%d]: %g, expected %g\n", v->name, i, (double)x, (double)y);
        check_failures++;
        return;
      }
    } else if (v->quantized && !v->ref) {
      const int x = size == 2             ? ((const int16_t *)(const void *)a)[i]
                    : v->type == LRT_INT8 ? (int8_t)a[i]
                                          : a[i];
      const int y = size == 2             ? ((const int16_t *)(const void *)b)[i]
                    : v->type == LRT_INT8 ? (int8_t)b[i]
                                          : b[i];
      if (abs(x - y) > 1) {
        fprintf(stderr, "%s[%d]: %d, expected %d\n", v->name, i, x, y);
        check_failures++;
        return;
      }
    } else if (memcmp(a + (size_t)i * size, b + (size_t)i * size, size) != 0) {
      fprintf(stderr, "%s[%d] differs\n", v->name, i);
      check_failures++;
      return;
    }
  }
}

static lrt_binary_params params_of(const lrt_binary_variant *v) {
  const bool u8 = v->type == LRT_UINT8, i16 = v->type == LRT_INT16;
  const lrt_binary_quant q = {0.021f,
                              0.034f,
                              0.05f,
                              u8    ? 120
                              : i16 ? 0
                                    : 3,
                              u8    ? 131
                              : i16 ? 0
                                    : -7,
                              u8    ? 99
                              : i16 ? 0
                                    : 5,
                              u8    ? 4
                              : i16 ? -30000
                                    : -120,
                              u8    ? 250
                              : i16 ? 30000
                                    : 100};
  lrt_binary_params p = lrt_binary_params_plain(v->type);
  if (!v->quantized) {
    p.low = -9.5f;
    p.high = 12.0f;
    return p;
  }
  switch (v->op) {
  case LRT_BINARY_ADD: return lrt_binary_quant_add(&q, v->type, false, false);
  case LRT_BINARY_SUB: return lrt_binary_quant_add(&q, v->type, false, true);
  case LRT_BINARY_MUL: return lrt_binary_quant_mul(&q);
  case LRT_BINARY_DIV: return lrt_binary_quant_div(&q);
  case LRT_BINARY_SQUARED_DIFFERENCE: return lrt_binary_quant_squared_difference(&q);
  case LRT_BINARY_PRELU: return lrt_binary_quant_prelu(&q);
  default: return is_comparison(v->op) ? lrt_binary_quant_compare(&q) : p;
  }
}

static void variants_match(void) {
  size_t count;
  const lrt_binary_variant *all = lrt_binary_variants(&count);
  static uint64_t a[N + 1], b[N + 1], x[N + 1], y[N + 1];
  for (size_t i = 0; i < count; i++) {
    const lrt_binary_variant *v = &all[i], *ref = reference_of(v);
    if (!lrt_cpu_has((lrt_cpu_level)v->level)) continue;
    if (ref == NULL || (v->type == LRT_COMPLEX64)) {
      CHECK(v->type == LRT_COMPLEX64);
      continue;
    }
    const size_t size = lrt_type_bits(v->type) / 8, out_size = is_comparison(v->op) ? 1 : size;
    const lrt_binary_params p = params_of(v);
    fill(a, v->type);
    fill(b, v->type);
    for (size_t steps = 0; steps < 4; steps++) {
      memset(x, 0, sizeof x);
      memset(y, 0, sizeof y);
      /* One element further: vectors start unaligned. */
      v->fn(&p, (char *)a + size, (char *)b + size, x, N - 1, steps & 1, steps >> 1);
      ref->fn(&p, (char *)a + size, (char *)b + size, y, N - 1, steps & 1, steps >> 1);
      compare(v, (const uint8_t *)x, (const uint8_t *)y, out_size);
    }
  }
}

static void quantized_division(void) {
  const lrt_binary_quant q = {0.02f, 0.05f, 0.01f, 1, -2, 3, -128, 127};
  const lrt_binary_params p = lrt_binary_quant_div(&q);
  for (int x = -128; x < 128; x++) {
    for (int y = -128; y < 128; y++) {
      const int8_t a = (int8_t)x, b = (int8_t)y;
      int8_t fast = 0, ref = 0;
      if (y == q.b_zero) continue;
      const double real = 0.02 * (x - 1) / (0.05 * (y + 2)) / 0.01 + 3, bounded = real < -128  ? -128
                                                                                  : real > 127 ? 127
                                                                                               : real;
      lrt_binary_pick(LRT_BINARY_DIV, LRT_INT8, true, false)(&p, &a, &b, &fast, 1, 1, 1);
      lrt_binary_pick(LRT_BINARY_DIV, LRT_INT8, true, true)(&p, &a, &b, &ref, 1, 1, 1);
      CHECK_INT(fast,
                ref); /* its fixed-point reciprocal is far off for quotients near 0: both modes repeat it */
      if (fabs(real - 3) > 1.5) CHECK_NEAR(ref, bounded, 1.01);
    }
  }
}

static void nan_rules(void) {
  const float a[4] = {NAN, 1.0f, -0.0f, 3.0f}, b[4] = {1.0f, NAN, 0.0f, 2.0f};
  float out[4];
  const lrt_binary_params p = lrt_binary_params_plain(LRT_FLOAT32);
  for (int ref = 0; ref < 2; ref++) {
    lrt_binary_pick(LRT_BINARY_MAX, LRT_FLOAT32, false, ref)(&p, a, b, out, 4, 1, 1);
    CHECK(out[0] == 1.0f && isnan(out[1]) && out[3] == 3.0f);
    lrt_binary_pick(LRT_BINARY_MIN, LRT_FLOAT32, false, ref)(&p, a, b, out, 4, 1, 1);
    CHECK(out[0] == 1.0f && isnan(out[1]) && out[3] == 2.0f);
  }
}

static void integers(void) {
  const lrt_binary_params p = lrt_binary_params_plain(LRT_INT32);
  const int32_t a[6] = {7, -7, 7, -7, INT32_MIN, 5}, b[6] = {2, 2, -2, -2, -1, 0};
  int32_t out[6];
  lrt_binary_pick(LRT_BINARY_DIV, LRT_INT32, false, true)(&p, a, b, out, 6, 1, 1);
  CHECK(out[0] == 3 && out[1] == -3 && out[2] == -3 && out[3] == 3 && out[4] == INT32_MIN && out[5] == 0);
  lrt_binary_pick(LRT_BINARY_FLOOR_DIV, LRT_INT32, false, true)(&p, a, b, out, 6, 1, 1);
  CHECK(out[0] == 3 && out[1] == -4 && out[2] == -4 && out[3] == 3);
  lrt_binary_pick(LRT_BINARY_FLOOR_MOD, LRT_INT32, false, true)(&p, a, b, out, 6, 1, 1);
  CHECK(out[0] == 1 && out[1] == 1 && out[2] == -1 && out[3] == -1 && out[5] == 0);
  const int32_t c[4] = {1 << 30, -8, 3, 2}, d[4] = {2, 1, 40, -1};
  lrt_binary_pick(LRT_BINARY_SHIFT_RIGHT, LRT_INT32, false, true)(&p, c, d, out, 4, 1, 1);
  CHECK(out[0] == 1 << 28 && out[1] == -4 && out[2] == 0 && out[3] == 2);
  lrt_binary_pick(LRT_BINARY_POW, LRT_INT32, false, true)(&p, a, d, out, 2, 1, 1);
  CHECK(out[0] == 49 && out[1] == -7);
  CHECK(lrt_binary_has_zero(b, LRT_INT32, 0, 6));
  CHECK(!lrt_binary_has_zero(b, LRT_INT32, 0, 5));
}

static void broadcasting(void) {
  const lrt_shape a = {3, {2, 3, 4}}, b = {1, {4}}, c = {3, {2, 1, 1}}, d = {4, {5, 1, 3, 1}}, bad = {1, {3}};
  lrt_broadcast s;
  const lrt_shape *ab[2] = {&a, &b}, *ac[2] = {&a, &c}, *ad[2] = {&a, &d}, *aa[2] = {&a, &a},
                  *ax[2] = {&a, &bad};
  CHECK_INT(lrt_broadcast_make(aa, 2, &s, NULL), LRT_OK);
  CHECK_INT(s.rank, 1);
  CHECK_INT(lrt_broadcast_make(ab, 2, &s, NULL), LRT_OK);
  CHECK_INT(s.rank, 2);
  CHECK_INT(lrt_broadcast_make(ac, 2, &s, NULL), LRT_OK);
  CHECK_INT(s.rank, 2);
  CHECK_INT(lrt_broadcast_make(ax, 2, &s, NULL), LRT_INVALID_MODEL);
  CHECK_INT(lrt_broadcast_make(ad, 2, &s, NULL), LRT_OK);
  CHECK_INT(s.count, 120);
  float x[24], y[15], out[120];
  for (int i = 0; i < 24; i++) x[i] = (float)i;
  for (int i = 0; i < 15; i++) y[i] = (float)(100 * i);
  const lrt_binary_params p = lrt_binary_params_plain(LRT_FLOAT32);
  const lrt_binary_fn fn = lrt_binary_pick(LRT_BINARY_ADD, LRT_FLOAT32, false, false);
  /* Odd cuts: ranges may begin and end inside rows. */
  for (int64_t at = 0; at < 120; at += 7)
    lrt_binary_run(&s, fn, &p, x, 4, y, 4, out, 4, at, at + 7 < 120 ? at + 7 : 120);
  for (int i = 0; i < 120; i++) {
    const int n = i / 24, h = i / 12 % 2, w = i / 4 % 3, k = i % 4;
    CHECK_NEAR(out[i], x[(h * 3 + w) * 4 + k] + y[n * 3 + w], 0);
  }
}

static void halves(void) {
  const uint16_t a[3] = {0x3C00, 0x4000, 0xC000}, b[3] = {0x3C00, 0x3C00, 0x3C00}; /* 1 2 -2 and 1 */
  uint16_t out[3];
  uint8_t less[3];
  const lrt_binary_params p = lrt_binary_params_plain(LRT_FLOAT16);
  lrt_binary_pick(LRT_BINARY_ADD, LRT_FLOAT16, false, false)(&p, a, b, out, 3, 1, 1);
  CHECK(out[0] == 0x4000 && out[1] == 0x4200 && out[2] == 0xBC00);
  lrt_binary_pick(LRT_BINARY_LESS, LRT_FLOAT16, false, false)(&p, a, b, less, 3, 1, 0);
  CHECK(less[0] == 0 && less[1] == 0 && less[2] == 1);
}

int main(int argc, char **argv) {
  RUN(variants_match);
  RUN(quantized_division);
  RUN(nan_rules);
  RUN(integers);
  RUN(broadcasting);
  RUN(halves);
  DONE();
}
