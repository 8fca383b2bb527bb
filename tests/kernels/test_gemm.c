/* test_gemm.c: every product kernel of the table against plain loops: odd sizes, guard pages, saturation, all types. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "check.h"
#include "guard.h"
#include "kernels/gemm/gemm_core.h"
#include "kernels/requant/fixed.h"

/* The emulated build tests only the levels that it emulates. */
static bool usable(lrt_cpu_level level) {
#ifdef LRT_SIMDE_TEST
  return level == LRT_CPU_AVX512 || level == LRT_CPU_AVX512VNNI;
#else
  return lrt_cpu_has(level);
#endif
}

/* A product, plain or convolution, with naive results. */
typedef struct shape {
  int batch, h, w, kc, kh, kw, stride, dilation, pad, groups, n;
  bool conv;
} shape;

static const shape shapes[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, false},   {1, 1, 1, 37, 1, 1, 1, 1, 0, 1, 70, false},
    {1, 1, 3, 5, 1, 1, 1, 1, 0, 1, 17, false},  {1, 5, 5, 64, 1, 1, 1, 1, 0, 1, 33, false},
    {1, 7, 9, 16, 1, 1, 1, 1, 0, 1, 96, false}, {1, 9, 9, 3, 3, 3, 2, 1, 1, 1, 16, true},
    {2, 6, 5, 17, 3, 3, 1, 1, 1, 1, 19, true},  {1, 8, 8, 8, 3, 3, 1, 2, 2, 2, 10, true},
    {1, 5, 7, 4, 2, 3, 1, 1, 0, 3, 1, true},    {1, 4, 4, 600, 1, 1, 1, 1, 0, 1, 24, false},
    {1, 3, 3, 130, 3, 3, 1, 1, 1, 1, 5, true},  {1, 6, 6, 20, 1, 1, 2, 1, 0, 1, 15, true},
    {2, 5, 6, 20, 3, 3, 1, 1, 1, 1, 19, true},  {3, 3, 3, 8, 3, 3, 1, 1, 1, 2, 37, true},
    {1, 4, 30, 12, 3, 3, 2, 2, 2, 1, 40, true}, {2, 3, 40, 16, 3, 5, 1, 1, 1, 1, 9, true},
};
#define SHAPES ((int)(sizeof shapes / sizeof shapes[0]))

static lrt_gemm_a geometry(const shape *s) {
  lrt_gemm_a a = {.taps = s->kh * s->kw,
                  .kc = s->kc,
                  .ld = (int64_t)s->kc * s->groups,
                  .conv = s->conv,
                  .in_h = s->h,
                  .in_w = s->w,
                  .kernel_h = s->kh,
                  .kernel_w = s->kw,
                  .stride_h = s->stride,
                  .stride_w = s->stride,
                  .dilation_h = s->dilation,
                  .dilation_w = s->dilation,
                  .pad_top = s->pad,
                  .pad_left = s->pad};
  a.out_h = (s->h + 2 * s->pad - s->dilation * (s->kh - 1) - 1) / s->stride + 1;
  a.out_w = (s->w + 2 * s->pad - s->dilation * (s->kw - 1) - 1) / s->stride + 1;
  a.m = (int64_t)s->batch * a.out_h * a.out_w;
  if (!s->conv) a = (lrt_gemm_a){.m = a.m, .taps = 1, .kc = a.kc, .ld = a.ld}; /* nothing else is read */
  return a;
}

/* Index into A of row m, tap t, or -1 outside the picture. */
static int64_t source(const lrt_gemm_a *a, int64_t m, int64_t t) {
  if (!a->conv) return m * a->ld;
  const int64_t pixels = (int64_t)a->out_h * a->out_w, b = m / pixels, y = m % pixels / a->out_w,
                x = m % a->out_w;
  const int64_t iy = y * a->stride_h - a->pad_top + t / a->kernel_w * a->dilation_h;
  const int64_t ix = x * a->stride_w - a->pad_left + t % a->kernel_w * a->dilation_w;
  if (iy < 0 || iy >= a->in_h || ix < 0 || ix >= a->in_w) return -1;
  return ((b * a->in_h + iy) * a->in_w + ix) * a->ld;
}

static void *scratch_of(size_t bytes) {
  return aligned_alloc(64, (bytes + 127) / 64 * 64);
}

static float weight_f32(const lrt_gemm_f32 *g, int64_t n, int64_t index) {
  switch (g->w_type) {
  case LRT_FLOAT32: return ((const float *)g->w)[index];
  case LRT_FLOAT16: return lrt_half_to_float(((const uint16_t *)g->w)[index]);
  case LRT_INT8: return (float)((const int8_t *)g->w)[index] * g->w_scale[n];
  default: {
    const int nibble = (((const uint8_t *)g->w)[index / 2] >> (index % 2 * 4)) & 15;
    return (float)((nibble ^ 8) - 8) * g->w_scale[n];
  }
  }
}

static void compare_f32(const lrt_gemm_f32 *g, const char *what) {
  const int64_t k = g->a.taps * g->a.kc, total = g->groups * g->n;
  int bad = 0;
  for (int64_t m = 0; m < g->a.m; m++) {
    for (int64_t n = 0; n < total; n++) {
      double sum = g->bias[n], size = 1;
      for (int64_t t = 0; t < g->a.taps; t++) {
        const int64_t at = source(&g->a, m, t);
        for (int64_t i = 0; at >= 0 && i < g->a.kc; i++) {
          const double p = (double)((const float *)g->a.data)[at + n / g->n * g->a.kc + i] *
                           (double)weight_f32(g, n, n * k + t * g->a.kc + i);
          sum += p;
          size += fabs(p);
        }
      }
      sum = sum < (double)g->lo ? (double)g->lo : sum > (double)g->hi ? (double)g->hi : sum;
      bad += !(fabs((double)g->c[m * g->ldc + n] - sum) <= 2e-6 * size);
    }
  }
  if (bad > 0) fprintf(stderr, "f32 %s: %d wrong of %lld\n", what, bad, (long long)(g->a.m * total));
  CHECK(bad == 0);
}

static void run_f32(lrt_gemm_f32 *g, bool pack, const char *what) {
  void *packed = NULL;
  g->packed = NULL;
  if (pack) {
    packed = scratch_of(lrt_gemm_f32_packed_bytes(g));
    lrt_gemm_f32_pack(g, packed);
    g->packed = packed;
    g->grid.gemv = false;
    if (g->a.m == 1)
      g->grid.n_step = (g->n + g->kernel->nr - 1) / g->kernel->nr * g->kernel->nr, g->grid.n_tiles = 1;
  }
  memset(g->c, 0x7f, (size_t)(g->a.m * g->ldc) * 4);
  guard scratch = guard_make((lrt_gemm_f32_scratch(g) + 63) / 64 * 64);
  for (int64_t t = lrt_gemm_f32_tiles(g) - 1; t >= 0; t--) lrt_gemm_f32_run(g, t, t + 1, scratch.data);
  compare_f32(g, what);
  guard_free(&scratch);
  free(packed);
}

static void f32_shape(const lrt_gemm_f32_kernel *kernel, const shape *s, lrt_type type) {
  lrt_gemm_f32 g = {
      .a = geometry(s), .groups = s->groups, .n = s->n, .w_type = type, .lo = -0.9f, .hi = 1.5f};
  const size_t total = (size_t)(s->groups * s->n), k = (size_t)(g.a.taps * g.a.kc);
  const size_t a_count =
      g.a.conv ? (size_t)(s->batch * s->h * s->w) * (size_t)g.a.ld : (size_t)(g.a.m * g.a.ld);
  guard a = guard_make(a_count * 4), w = guard_make(total * k * 4), bias = guard_make(total * 4);
  guard scale = guard_make(total * 4), c = guard_make((size_t)g.a.m * total * 4);
  for (size_t i = 0; i < a_count; i++) ((float *)a.data)[i] = guard_float();
  for (size_t i = 0; i < total; i++) ((float *)bias.data)[i] = guard_float();
  for (size_t i = 0; i < total; i++) ((float *)scale.data)[i] = 0.01f + fabsf(guard_float()) / 64;
  for (size_t i = 0; i < total * k; i++) {
    if (type == LRT_FLOAT32)
      ((float *)w.data)[i] = guard_float();
    else if (type == LRT_FLOAT16)
      ((uint16_t *)w.data)[i] = lrt_half_from_float(guard_float());
    else
      ((int8_t *)w.data)[i] = (int8_t)guard_random();
  }
  g.a.data = a.data, g.w = w.data, g.bias = bias.data, g.w_scale = scale.data, g.c = c.data;
  g.ldc = (int64_t)total;
  for (int pass = 0; pass < 3; pass++) {
    char what[64];
    snprintf(what, sizeof what, "%s shape %d type %d pass %d", kernel->name, (int)(s - shapes), (int)type,
             pass);
    lrt_gemm_f32_plan_for(&g, kernel, 1 + pass);
    run_f32(&g, pass == 1, what);
  }
  guard_free(&a), guard_free(&w), guard_free(&bias), guard_free(&scale), guard_free(&c);
}

static void f32_products(void) {
  static const lrt_type types[] = {LRT_FLOAT32, LRT_FLOAT16, LRT_INT8, LRT_INT4};
  int count;
  const lrt_gemm_f32_kernel *table = lrt_gemm_f32_table(&count);
  for (int v = 0; v < count; v++) {
    if (!usable(table[v].level)) continue;
    for (int s = 0; s < SHAPES; s++) {
      for (int t = 0; t < 4; t++) f32_shape(table + v, shapes + s, types[t]);
    }
  }
}

/* The first rows of a product have the same bits however many come with them. */
static void f32_rows_alone_and_together(void) {
  enum { M = 7, N = 77, K = 70 };
  int count;
  const lrt_gemm_f32_kernel *table = lrt_gemm_f32_table(&count);
  guard a = guard_make(M * K * 4), w = guard_make(N * K * 4), bias = guard_make(N * 4);
  guard together = guard_make(M * N * 4), alone = guard_make(M * N * 4);
  for (int i = 0; i < M * K; i++) ((float *)a.data)[i] = guard_float();
  for (int i = 0; i < N * K; i++) ((float *)w.data)[i] = guard_float();
  for (int i = 0; i < N; i++) ((float *)bias.data)[i] = guard_float();
  for (int v = 0; v < count; v++) {
    if (!usable(table[v].level)) continue;
    for (int m = M; m >= 2; m--) {
      lrt_gemm_f32 g = {.a = {.data = a.data, .m = m, .taps = 1, .kc = K, .ld = K}, .groups = 1, .n = N};
      g.w_type = LRT_FLOAT32, g.w = w.data, g.bias = bias.data, g.lo = -INFINITY, g.hi = INFINITY;
      g.c = m == M ? together.data : alone.data, g.ldc = N;
      lrt_gemm_f32_plan_for(&g, table + v, 1);
      guard scratch = guard_make((lrt_gemm_f32_scratch(&g) + 63) / 64 * 64);
      lrt_gemm_f32_run(&g, 0, lrt_gemm_f32_tiles(&g), scratch.data);
      guard_free(&scratch);
      if (m < M) CHECK(memcmp(alone.data, together.data, (size_t)m * N * 4) == 0);
    }
  }
  guard_free(&a), guard_free(&w), guard_free(&bias), guard_free(&together), guard_free(&alone);
}

/* Integers: expected accumulators in 64 bits, then the scalar rules. */
typedef struct int_case {
  lrt_type a_type, w_type, out_type;
  bool exact, bias_is_32;
} int_case;

static int64_t weight_int(const lrt_gemm_int *g, int64_t index) {
  const uint8_t *w = g->w;
  switch (g->w_type) {
  case LRT_INT8: return (int8_t)w[index];
  case LRT_UINT8: return w[index] - g->w_zero;
  case LRT_INT4: return (((w[index / 2] >> (index % 2 * 4)) & 15) ^ 8) - 8;
  default: return (((w[index / 4] >> (index % 4 * 2)) & 3) ^ 2) - 2;
  }
}

static int64_t input_int(const lrt_gemm_int *g, int64_t index, int32_t zero) {
  switch (g->a_type) {
  case LRT_INT8: return ((const int8_t *)g->a.data)[index] - zero;
  case LRT_UINT8: return ((const uint8_t *)g->a.data)[index] - zero;
  default: return ((const int16_t *)g->a.data)[index];
  }
}

static int64_t accumulate(const lrt_gemm_int *g, int64_t m, int64_t n, int32_t zero) {
  const int64_t k = g->a.taps * g->a.kc;
  int64_t sum = 0;
  for (int64_t t = 0; t < g->a.taps; t++) {
    const int64_t at = source(&g->a, m, t);
    for (int64_t i = 0; at >= 0 && i < g->a.kc; i++) {
      sum += input_int(g, at + n / g->n * g->a.kc + i, zero) * weight_int(g, n * k + t * g->a.kc + i);
    }
  }
  return sum;
}

static int32_t clamped(int64_t v, const lrt_gemm_int *g) {
  return (int32_t)(v < g->lo ? g->lo : v > g->hi ? g->hi : v);
}

static bool matches(const lrt_gemm_int *g, int64_t m, int64_t n) {
  const int64_t r = m / g->rows_per_scale, at = m * g->ldc + n;
  int64_t acc = accumulate(g, m, n, g->out_type == LRT_FLOAT32 ? g->a_zeros[r] : g->a_zero);
  const lrt_multiplier mult = {g->mult[n], g->shift[n]};
  if (g->out_type == LRT_FLOAT32) {
    const float v = (float)acc * (g->a_scale[r] * g->w_scale[n]) + g->bias_f32[n];
    return ((const float *)g->c)[at] == (v < g->flo ? g->flo : v > g->fhi ? g->fhi : v);
  }
  if (g->out_type == LRT_INT16 && !g->bias_is_32) {
    const int32_t v = lrt_multiplier_apply64(acc + g->bias64[n], mult);
    return ((const int16_t *)g->c)[at] == clamped(v, g);
  }
  acc += g->bias[n];
  if (g->out_type == LRT_INT32) return ((const int32_t *)g->c)[at] == (int32_t)acc;
  if (g->out_type == LRT_INT16)
    return ((const int16_t *)g->c)[at] == clamped(lrt_multiplier_apply((int32_t)acc, mult), g);
  int64_t v = (int64_t)lrt_multiplier_apply((int32_t)acc, mult) + g->c_zero;
  if (!g->exact) v = (int64_t)nearbyintf(fminf(fmaxf((float)acc * g->scale[n], -1e6f), 1e6f)) + g->c_zero;
  const int actual = g->out_type == LRT_INT8 ? ((const int8_t *)g->c)[at] : ((const uint8_t *)g->c)[at];
  return actual == clamped(v, g);
}

static void run_int(lrt_gemm_int *g, bool pack, const char *what) {
  void *packed = NULL;
  g->packed = g->columns = NULL;
  if (pack && lrt_gemm_int_wants_pack(g)) {
    packed = scratch_of(lrt_gemm_int_packed_bytes(g));
    lrt_gemm_int_pack(g, packed);
    g->packed = packed;
  }
  guard columns = guard_make(lrt_gemm_int_columns_bytes(g));
  if (pack && lrt_gemm_int_columns_bytes(g) > 0) {
    lrt_gemm_int_columns(g, columns.data);
    g->columns = columns.data;
  }
  guard scratch = guard_make((lrt_gemm_int_scratch(g) + 63) / 64 * 64);
  for (int64_t t = lrt_gemm_int_tiles(g) - 1; t >= 0; t--) lrt_gemm_int_run(g, t, t + 1, scratch.data);
  int bad = 0;
  for (int64_t m = 0; m < g->a.m; m++) {
    for (int64_t n = 0; n < g->groups * g->n; n++) bad += !matches(g, m, n);
  }
  if (bad > 0)
    fprintf(stderr, "int %s: %d wrong of %lld\n", what, bad, (long long)(g->a.m * g->groups * g->n));
  CHECK(bad == 0);
  guard_free(&scratch);
  guard_free(&columns);
  free(packed);
}

static void fill_random(guard *g, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    const uint32_t r = guard_random();
    ((uint8_t *)g->data)[i] = (uint8_t)(r % 16 == 0 ? 0x80 : r % 16 == 1 ? 0x7f : r >> 8);
  }
}

static void int_shape(const lrt_gemm_int_kernel *kernel, const lrt_gemm_int_epilogue *epilogue,
                      const shape *s, const int_case *ic) {
  lrt_gemm_int g = {.a = geometry(s),
                    .groups = s->groups,
                    .n = s->n,
                    .a_type = ic->a_type,
                    .w_type = ic->w_type,
                    .out_type = ic->out_type,
                    .exact = ic->exact,
                    .bias_is_32 = ic->bias_is_32,
                    .flo = -2,
                    .fhi = 3};
  const size_t total = (size_t)(s->groups * s->n), k = (size_t)(g.a.taps * g.a.kc),
               size = ic->a_type == LRT_INT16 ? 2 : 1;
  const size_t a_bytes =
      size * (g.a.conv ? (size_t)(s->batch * s->h * s->w) * (size_t)g.a.ld : (size_t)(g.a.m * g.a.ld));
  const size_t w_bytes = ic->w_type == LRT_INT4   ? (total * k + 1) / 2
                         : ic->w_type == LRT_INT2 ? (total * k + 3) / 4
                                                  : total * k;
  const size_t c_size = ic->out_type == LRT_INT16                                  ? 2
                        : ic->out_type == LRT_FLOAT32 || ic->out_type == LRT_INT32 ? 4
                                                                                   : 1;
  guard a = guard_make(a_bytes), w = guard_make(w_bytes), c = guard_make((size_t)g.a.m * total * c_size);
  guard columns[8], a_scale = guard_make((size_t)g.a.m * 4), a_zeros = guard_make((size_t)g.a.m * 4);
  for (int i = 0; i < 8; i++) columns[i] = guard_make(total * (i == 6 ? 8 : 4));
  fill_random(&a, a_bytes), fill_random(&w, w_bytes);
  const double real = 1.0 / (150.0 * sqrt((double)k)) / (ic->a_type == LRT_INT16 ? 4 : 1);
  for (size_t n = 0; n < total; n++) {
    const double scale = real * (n % 7 == 3 ? 300.0 : 1.0 + fabs((double)guard_float()));
    const lrt_multiplier m = lrt_multiplier_make(scale);
    ((int32_t *)columns[0].data)[n] = guard_between(-30000, 30000);
    ((int32_t *)columns[1].data)[n] = m.q, ((int32_t *)columns[2].data)[n] = m.shift;
    ((float *)columns[3].data)[n] = (float)scale;
    ((float *)columns[5].data)[n] = guard_float();
    ((int64_t *)columns[6].data)[n] = guard_between(-30000, 30000) * INT64_C(4097);
  }
  g.a.data = a.data, g.w = w.data, g.c = c.data, g.ldc = (int64_t)total;
  g.bias = columns[0].data, g.mult = columns[1].data, g.shift = columns[2].data, g.scale = columns[3].data;
  g.w_sums = columns[4].data, g.bias_f32 = columns[5].data, g.bias64 = columns[6].data,
  g.w_scale = columns[3].data;
  g.a_scale = a_scale.data, g.a_zeros = a_zeros.data;
  g.rows_per_scale = g.a.conv ? (int64_t)g.a.out_h * g.a.out_w : 1;
  const int32_t low = ic->a_type == LRT_UINT8 ? 0 : -128;
  for (int64_t m = 0; m < g.a.m; m++) {
    ((float *)a_scale.data)[m] = 0.1f + fabsf(guard_float());
    ((int32_t *)a_zeros.data)[m] = guard_between(low, low + 255);
  }
  g.a_zero = ic->a_type == LRT_INT16 ? 0 : guard_between(low, low + 255);
  g.w_zero = ic->w_type == LRT_UINT8 ? 117 : 0;
  g.lo = ic->out_type == LRT_UINT8 ? 3 : ic->out_type == LRT_INT8 ? -120 : -32768;
  g.hi = ic->out_type == LRT_UINT8 ? 250 : ic->out_type == LRT_INT8 ? 127 : 32767;
  g.c_zero = ic->out_type == LRT_UINT8 ? 128 : ic->out_type == LRT_INT8 ? -7 : 0;
  lrt_gemm_int_sums(&g, columns[4].data);
  g.epilogue = epilogue;
  for (int pass = 0; pass < 3; pass++) {
    char what[96];
    snprintf(what, sizeof what, "%s %s shape %d: %s x %s -> %s exact %d pass %d", kernel->name,
             epilogue->name, (int)(s - shapes), lrt_type_name(ic->a_type), lrt_type_name(ic->w_type),
             lrt_type_name(ic->out_type), ic->exact, pass);
    lrt_gemm_int_plan_for(&g, kernel, 1 + pass);
    run_int(&g, pass == 1, what);
  }
  guard_free(&a), guard_free(&w), guard_free(&c), guard_free(&a_scale), guard_free(&a_zeros);
  for (int i = 0; i < 8; i++) guard_free(columns + i);
}

static void int_products(void) {
  static const int_case cases[] = {
      {LRT_INT8, LRT_INT8, LRT_INT8, true, false},     {LRT_INT8, LRT_INT8, LRT_INT8, false, false},
      {LRT_UINT8, LRT_UINT8, LRT_UINT8, true, false},  {LRT_UINT8, LRT_UINT8, LRT_UINT8, false, false},
      {LRT_INT8, LRT_INT4, LRT_INT8, true, false},     {LRT_INT8, LRT_INT2, LRT_INT8, true, false},
      {LRT_INT16, LRT_INT8, LRT_INT16, true, false},   {LRT_INT16, LRT_INT8, LRT_INT16, true, true},
      {LRT_INT16, LRT_INT4, LRT_INT16, true, false},   {LRT_INT8, LRT_INT8, LRT_FLOAT32, false, false},
      {LRT_INT8, LRT_INT4, LRT_FLOAT32, false, false}, {LRT_UINT8, LRT_INT8, LRT_FLOAT32, false, false},
      {LRT_INT8, LRT_INT8, LRT_INT32, false, false},   {LRT_UINT8, LRT_INT8, LRT_INT8, false, false},
  };
  int count, epilogues;
  const lrt_gemm_int_kernel *table = lrt_gemm_int_table(&count);
  const lrt_gemm_int_epilogue *ends = lrt_gemm_epilogue_table(&epilogues);
  for (int v = 0; v < count; v++) {
    if (!usable(table[v].level)) continue;
    for (int e = 0; e < epilogues; e++) {
      if (!usable(ends[e].level)) continue;
      for (int s = 0; s < SHAPES; s++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
          if (cases[i].a_type == LRT_INT16 && table[v].strip != LRT_GEMM_STRIP_S16) continue;
          int_shape(table + v, ends + e, shapes + s, cases + i);
        }
      }
    }
  }
}

/* Extreme accumulators and multipliers: every epilogue must equal the reference byte by byte. */
static void epilogue_extremes(void) {
  enum { ROWS = 3, COLUMNS = 32 };
  static const int32_t edge[] = {INT32_MIN,     INT32_MIN + 1, -1,      0,         1,
                                 INT32_MAX - 1, INT32_MAX,     1 << 30, -(1 << 30)};
  int32_t acc[ROWS * COLUMNS], fold[COLUMNS], mult[COLUMNS], shift[COLUMNS], row_add[ROWS] = {0, 5, -77};
  float scale[COLUMNS];
  int count;
  const lrt_gemm_int_epilogue *table = lrt_gemm_epilogue_table(&count), *ref = table + count - 1;
  for (int round = 0; round < 200; round++) {
    for (int i = 0; i < ROWS * COLUMNS; i++) {
      acc[i] = round % 2 ? edge[guard_random() % 9] : (int32_t)guard_random() >> guard_between(0, 24);
    }
    for (int i = 0; i < COLUMNS; i++) {
      fold[i] = guard_between(-1000, 1000);
      mult[i] = i % 5 == 0 ? 0 : (int32_t)(guard_random() >> 2) + (1 << 30);
      shift[i] = guard_between(-31, 12);
      scale[i] = ldexpf((float)mult[i], shift[i] - 31);
    }
    for (int v = 0; v < count; v++) {
      if (!usable(table[v].level)) continue;
      const int nr = guard_between(1, COLUMNS), zero = guard_between(-128, 127);
      guard got = guard_make((size_t)(ROWS * nr)), want = guard_make((size_t)(ROWS * nr));
      lrt_gemm_epilogue_args e = {.acc = acc,
                                  .ld_acc = COLUMNS,
                                  .mr = ROWS,
                                  .nr = nr,
                                  .fold = fold,
                                  .row_add = row_add,
                                  .mult = mult,
                                  .shift = shift,
                                  .scale = scale,
                                  .zero = zero,
                                  .lo = -100,
                                  .hi = 120,
                                  .flip = round % 3 ? 0 : 0x80,
                                  .ldc = nr};
      e.c = got.data, table[v].exact(&e);
      e.c = want.data, ref->exact(&e);
      CHECK(memcmp(got.data, want.data, (size_t)(ROWS * nr)) == 0);
      e.c = got.data, table[v].fast(&e);
      e.c = want.data, ref->fast(&e);
      CHECK(memcmp(got.data, want.data, (size_t)(ROWS * nr)) == 0);
      guard_free(&got), guard_free(&want);
    }
  }
}

static void i4b_shape(const lrt_gemm_int_kernel *kernel, const lrt_gemm_i4b_kernel *gemv, int m, int n, int k,
                      int block) {
  lrt_gemm_i4b g = {
      .m = m, .n = n, .k = k, .lda = k, .block = block, .lo = -50, .hi = 60, .ldc = n, .gemv = gemv};
  guard a = guard_make((size_t)(m * k)), w = guard_make((size_t)(n * k / 2)),
        c = guard_make((size_t)(m * n) * 4);
  guard scale = guard_make((size_t)(n * (k / block)) * 2), sums = guard_make((size_t)n * 4);
  guard a_scale = guard_make((size_t)m * 4), a_zeros = guard_make((size_t)m * 4),
        bias = guard_make((size_t)n * 4);
  fill_random(&a, (size_t)(m * k)), fill_random(&w, (size_t)(n * k / 2));
  for (int i = 0; i < n * (k / block); i++)
    ((uint16_t *)scale.data)[i] = lrt_half_from_float(guard_float() / 16);
  for (int i = 0; i < m; i++)
    ((float *)a_scale.data)[i] = 0.01f, ((int32_t *)a_zeros.data)[i] = guard_between(-128, 127);
  for (int i = 0; i < n; i++) ((float *)bias.data)[i] = guard_float();
  g.a = a.data, g.w = w.data, g.w_scale = scale.data, g.c = c.data, g.w_sums = sums.data, g.bias = bias.data;
  g.a_scale = a_scale.data, g.a_zeros = a_zeros.data;
  lrt_gemm_i4b_sums(&g, sums.data);
  lrt_gemm_i4b_plan_for(&g, kernel, 2);
  guard scratch = guard_make((lrt_gemm_i4b_scratch(&g) + 63) / 64 * 64);
  for (int64_t t = lrt_gemm_i4b_tiles(&g) - 1; t >= 0; t--) lrt_gemm_i4b_run(&g, t, t + 1, scratch.data);
  int bad = 0;
  for (int i = 0; i < m * n; i++) {
    const int row = i / n, col = i % n;
    double sum = 0, size = 1;
    for (int p = 0; p < k; p++) {
      const int nibble = ((g.w[(col * k + p) / 2] >> (p % 2 * 4) & 15) ^ 8) - 8;
      const double s = (double)lrt_half_to_float(g.w_scale[col * (k / block) + p / block]);
      const double v = s * nibble * (g.a[row * k + p] - g.a_zeros[row]);
      sum += v, size += fabs(s * nibble) * 128;
    }
    sum = sum * (double)g.a_scale[row] + (double)g.bias[col];
    sum = fmin(fmax(sum, -50), 60);
    bad += !(fabs((double)g.c[i] - sum) <= 2e-6 * size);
  }
  if (bad > 0)
    fprintf(stderr, "i4b %s %s m %d n %d k %d block %d: %d wrong\n", kernel->name, gemv->name, m, n, k, block,
            bad);
  CHECK(bad == 0);
  guard_free(&a), guard_free(&w), guard_free(&c), guard_free(&scale), guard_free(&sums), guard_free(&a_scale);
  guard_free(&a_zeros), guard_free(&bias), guard_free(&scratch);
}

/* Block scales of eight significant bits, as converters write them: products with sums of a block are exact, so fused and
 * unfused multiply-adds agree. */
static uint16_t short_scale(void) {
  return (uint16_t)(lrt_half_from_float(guard_float() / 16) & 0xfff8);
}

/* A row gives the same bits alone, as a vector, and among others, as a matrix. */
static void i4b_rows_alone_and_together(void) {
  enum { M = 7, N = 37, K = 608 };
  int count, vectors;
  const lrt_gemm_int_kernel *table = lrt_gemm_int_table(&count);
  const lrt_gemm_i4b_kernel *gemv = lrt_gemm_i4b_table(&vectors);
  guard a = guard_make(M * K), w = guard_make(N * K / 2), scale = guard_make(N * (K / 32) * 2);
  guard sums = guard_make(N * 4), together = guard_make(M * N * 4), alone = guard_make(N * 4);
  float a_scale[M];
  int32_t a_zeros[M];
  fill_random(&a, M * K), fill_random(&w, N * K / 2);
  for (int i = 0; i < N * (K / 32); i++) ((uint16_t *)scale.data)[i] = short_scale();
  for (int i = 0; i < M; i++) a_scale[i] = 0.013f, a_zeros[i] = guard_between(-128, 127);
  for (int v = 0; v < vectors; v++) {
    if (!lrt_cpu_has(gemv[v].level)) continue;
    lrt_gemm_i4b g = {.a = a.data, .lda = K, .m = M, .k = K, .n = N, .a_scale = a_scale, .a_zeros = a_zeros};
    g.w = w.data, g.w_scale = scale.data, g.block = 32, g.w_sums = sums.data, g.lo = -INFINITY,
    g.hi = INFINITY;
    g.c = together.data, g.ldc = N, g.gemv = gemv + v;
    lrt_gemm_i4b_sums(&g, sums.data);
    for (int i = 0; i < count; i++) {
      if (!lrt_cpu_has(table[i].level)) continue;
      g.m = M, g.a = a.data, g.a_scale = a_scale, g.a_zeros = a_zeros, g.c = together.data;
      lrt_gemm_i4b_plan_for(&g, table + i, 1);
      guard scratch = guard_make((lrt_gemm_i4b_scratch(&g) + 63) / 64 * 64);
      lrt_gemm_i4b_run(&g, 0, lrt_gemm_i4b_tiles(&g), scratch.data);
      guard_free(&scratch);
      for (int r = 0; r < M; r++) {
        g.m = 1, g.a = (const int8_t *)a.data + r * K, g.a_scale = a_scale + r, g.a_zeros = a_zeros + r;
        g.c = alone.data;
        lrt_gemm_i4b_plan_for(&g, table + i, 1);
        guard own = guard_make((lrt_gemm_i4b_scratch(&g) + 63) / 64 * 64);
        lrt_gemm_i4b_run(&g, 0, lrt_gemm_i4b_tiles(&g), own.data);
        guard_free(&own);
        CHECK(memcmp(alone.data, (float *)together.data + r * N, N * 4) == 0);
      }
    }
  }
  guard_free(&a), guard_free(&w), guard_free(&scale), guard_free(&sums), guard_free(&together),
      guard_free(&alone);
}

static void i4b_products(void) {
  int count, vectors;
  const lrt_gemm_int_kernel *table = lrt_gemm_int_table(&count);
  const lrt_gemm_i4b_kernel *gemv = lrt_gemm_i4b_table(&vectors);
  for (int v = 0; v < vectors; v++) {
    if (!usable(gemv[v].level)) continue;
    i4b_shape(table + count - 1, gemv + v, 1, 67, 96, 32);
    i4b_shape(table + count - 1, gemv + v, 1, 3, 32, 32);
    i4b_shape(table + count - 1, gemv + v, 1, 130, 640, 64);
    i4b_shape(table + count - 1, gemv + v, 1, 13, 608, 32);
    i4b_shape(table + count - 1, gemv + v, 1, 7, 512, 128);
    i4b_shape(table + count - 1, gemv + v, 5, 33, 96, 32);
  }
  for (int v = 0; v < count; v++) {
    if (!usable(table[v].level)) continue;
    i4b_shape(table + v, gemv + vectors - 1, 5, 33, 96, 32);
    i4b_shape(table + v, gemv + vectors - 1, 30, 16, 128, 128);
  }
}

int main(int argc, char **argv) {
#ifdef LRT_SIMDE_ABSENT
  SKIP("libsimde-dev is not installed: AVX-512 kernels are tested on processors that have it");
#endif
  RUN(f32_products);
  RUN(f32_rows_alone_and_together);
  RUN(int_products);
  RUN(epilogue_extremes);
  RUN(i4b_products);
  RUN(i4b_rows_alone_and_together);
  DONE();
}
