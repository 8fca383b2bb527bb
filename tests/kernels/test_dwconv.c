/* test_dwconv.c: every depthwise kernel of the table against plain loops: borders, strides, dilation, multipliers, types. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "check.h"
#include "guard.h"
#include "kernels/dwconv/dwconv_core.h"
#include "kernels/requant/fixed.h"

typedef struct shape {
  int batch, h, w, channels, multiplier, kh, kw, stride, dilation, pad;
} shape;

static const shape shapes[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 1, 0},   {1, 7, 9, 32, 1, 3, 3, 1, 1, 1},   {2, 9, 8, 24, 1, 3, 3, 2, 1, 1},
    {1, 6, 6, 13, 1, 3, 3, 1, 1, 0},  {1, 8, 9, 40, 1, 5, 5, 1, 1, 2},   {1, 9, 7, 7, 1, 3, 3, 1, 2, 2},
    {1, 5, 6, 3, 4, 3, 3, 2, 1, 1},   {1, 12, 3, 1, 8, 10, 4, 2, 1, 2},  {1, 2, 2, 17, 1, 3, 3, 1, 1, 1},
    {1, 4, 20, 16, 2, 1, 7, 1, 1, 3}, {1, 3, 1, 145, 1, 3, 3, 1, 1, 1},  {1, 6, 9, 100, 1, 3, 3, 2, 1, 0},
    {2, 5, 5, 20, 2, 3, 3, 2, 1, 1},  {1, 1, 2, 9, 1, 23, 23, 1, 1, 11}, {1, 14, 14, 600, 1, 3, 3, 1, 1, 1},
};
#define SHAPES ((int)(sizeof shapes / sizeof shapes[0]))

static lrt_dwconv geometry(const shape *s) {
  lrt_dwconv d = {.batch = s->batch,
                  .in_h = s->h,
                  .in_w = s->w,
                  .channels = s->channels,
                  .multiplier = s->multiplier,
                  .kernel_h = s->kh,
                  .kernel_w = s->kw,
                  .stride_h = s->stride,
                  .stride_w = s->stride,
                  .dilation_h = s->dilation,
                  .dilation_w = s->dilation,
                  .pad_top = s->pad,
                  .pad_left = s->pad};
  d.out_h = (s->h + 2 * s->pad - s->dilation * (s->kh - 1) - 1) / s->stride + 1;
  d.out_w = (s->w + 2 * s->pad - s->dilation * (s->kw - 1) - 1) / s->stride + 1;
  return d;
}

static double input(const lrt_dwconv *d, int64_t index) {
  switch (d->a_type) {
  case LRT_FLOAT32: return (double)((const float *)d->a)[index];
  case LRT_INT8: return ((const int8_t *)d->a)[index] - d->a_zero;
  case LRT_UINT8: return ((const uint8_t *)d->a)[index] - d->a_zero;
  default: return ((const int16_t *)d->a)[index];
  }
}

static double weight(const lrt_dwconv *d, int64_t index) {
  const int64_t channel = index % ((int64_t)d->channels * d->multiplier);
  double scale = 1;
  if (d->a_type == LRT_FLOAT32 && d->w_scale != NULL) scale = (double)d->w_scale[channel];
  switch (d->w_type) {
  case LRT_FLOAT32: return (double)((const float *)d->w)[index];
  case LRT_FLOAT16: return (double)lrt_half_to_float(((const uint16_t *)d->w)[index]);
  case LRT_INT8: return scale * ((const int8_t *)d->w)[index];
  case LRT_UINT8: return ((const uint8_t *)d->w)[index] - d->w_zero;
  default: return scale * ((((((const uint8_t *)d->w)[index / 2] >> (index % 2 * 4)) & 15) ^ 8) - 8);
  }
}

/* Sum (exact in a double for integers) and its size for one output. */
static double expected(const lrt_dwconv *d, int64_t b, int64_t y, int64_t x, int64_t channel, double *size) {
  const int64_t total = (int64_t)d->channels * d->multiplier;
  double sum = 0;
  *size = 1;
  for (int64_t t = 0; t < (int64_t)d->kernel_h * d->kernel_w; t++) {
    const int64_t iy = y * d->stride_h - d->pad_top + t / d->kernel_w * d->dilation_h;
    const int64_t ix = x * d->stride_w - d->pad_left + t % d->kernel_w * d->dilation_w;
    if (iy < 0 || iy >= d->in_h || ix < 0 || ix >= d->in_w) continue;
    const double p = input(d, ((b * d->in_h + iy) * d->in_w + ix) * d->channels + channel / d->multiplier) *
                     weight(d, t * total + channel);
    sum += p;
    *size += fabs(p);
  }
  return sum;
}

static bool matches(const lrt_dwconv *d, int64_t at, int64_t n, double sum, double size) {
  if (d->a_type == LRT_FLOAT32) {
    double v = sum + (double)d->bias_f32[n];
    v = fmin(fmax(v, (double)d->flo), (double)d->fhi);
    return fabs((double)((const float *)d->c)[at] - v) <= 2e-6 * size;
  }
  const lrt_multiplier m = {d->mult[n], d->shift[n]};
  int64_t v;
  if (d->a_type == LRT_INT16 && !d->bias_is_32)
    v = lrt_multiplier_apply64((int64_t)sum + d->bias64[n], m);
  else if (d->a_type == LRT_INT16 || d->exact)
    v = lrt_multiplier_apply((int32_t)sum + d->bias[n], m);
  else
    v = (int64_t)nearbyintf((float)((int32_t)sum + d->bias[n]) * d->scale[n]);
  v += d->c_zero;
  v = v < d->lo ? d->lo : v > d->hi ? d->hi : v;
  if (d->a_type == LRT_INT16) return ((const int16_t *)d->c)[at] == v;
  return d->a_type == LRT_INT8 ? ((const int8_t *)d->c)[at] == v : ((const uint8_t *)d->c)[at] == v;
}

static int run_and_compare(lrt_dwconv *d) {
  guard packed = guard_make((lrt_dwconv_packed_bytes(d) + 63) / 64 * 64);
  lrt_dwconv_pack(d, packed.data);
  d->packed = packed.data;
  guard scratch = guard_make((lrt_dwconv_scratch(d) + 63) / 64 * 64);
  for (int64_t t = lrt_dwconv_tiles(d) - 1; t >= 0; t--) lrt_dwconv_run(d, t, t + 1, scratch.data);
  const int64_t total = (int64_t)d->channels * d->multiplier;
  int bad = 0;
  for (int64_t at = 0; at < (int64_t)d->batch * d->out_h * d->out_w * total; at++) {
    const int64_t pixel = at / total, x = pixel % d->out_w, y = pixel / d->out_w % d->out_h;
    double size;
    const double sum = expected(d, pixel / d->out_w / d->out_h, y, x, at % total, &size);
    bad += !matches(d, at, at % total, sum, size);
  }
  guard_free(&packed), guard_free(&scratch);
  return bad;
}

typedef struct kind {
  lrt_type a, w;
  bool exact, bias_is_32;
} kind;

static void fill(guard *g, size_t count, lrt_type type) {
  for (size_t i = 0; i < count; i++) {
    if (type == LRT_FLOAT32)
      ((float *)g->data)[i] = guard_float();
    else if (type == LRT_FLOAT16)
      ((uint16_t *)g->data)[i] = lrt_half_from_float(guard_float());
    else if (type == LRT_INT16)
      ((int16_t *)g->data)[i] = (int16_t)(guard_random() % 8 ? guard_random() : 0x8000);
    else
      ((uint8_t *)g->data)[i] = (uint8_t)(guard_random() % 8 ? guard_random() : 0x80);
  }
}

static size_t bytes_of(lrt_type type, size_t count) {
  return (count * lrt_type_bits(type) + 7) / 8;
}

static void check_shape(const lrt_dwconv_kernel *kernel, const lrt_gemm_int_epilogue *end, const shape *s,
                        const kind *k) {
  lrt_dwconv d = geometry(s);
  d.a_type = k->a, d.w_type = k->w, d.exact = k->exact, d.bias_is_32 = k->bias_is_32, d.epilogue = end;
  d.flo = -1.2f, d.fhi = 1.5f;
  const size_t total = (size_t)(s->channels * s->multiplier), taps = (size_t)(s->kh * s->kw);
  const size_t a_count = (size_t)(s->batch * s->h * s->w * s->channels);
  guard a = guard_make(bytes_of(k->a, a_count)), w = guard_make(bytes_of(k->w, total * taps));
  guard c = guard_make(bytes_of(k->a, (size_t)(s->batch * d.out_h * d.out_w) * total)), columns[6];
  for (int i = 0; i < 6; i++) columns[i] = guard_make(total * (i == 5 ? 8 : 4));
  fill(&a, a_count, k->a);
  fill(&w, k->w == LRT_INT4 ? (total * taps + 1) / 2 : total * taps, k->w);
  for (size_t n = 0; n < total; n++) {
    const double scale =
        (1.0 + fabs((double)guard_float())) / (120.0 * sqrt((double)taps)) * (n % 7 == 3 ? 200 : 1);
    const lrt_multiplier m = lrt_multiplier_make(scale);
    ((int32_t *)columns[0].data)[n] = m.q, ((int32_t *)columns[1].data)[n] = m.shift;
    ((float *)columns[2].data)[n] = (float)scale, ((float *)columns[3].data)[n] = guard_float();
    ((int32_t *)columns[4].data)[n] = guard_between(-9000, 9000);
    ((int64_t *)columns[5].data)[n] = guard_between(-9000, 9000) * INT64_C(5000);
  }
  d.a = a.data, d.w = w.data, d.c = c.data, d.mult = columns[0].data, d.shift = columns[1].data;
  d.scale = columns[2].data, d.bias_f32 = columns[3].data, d.bias = columns[4].data,
  d.bias64 = columns[5].data;
  if (k->w != LRT_FLOAT32 && k->w != LRT_FLOAT16) d.w_scale = columns[2].data;
  d.a_zero = k->a == LRT_INT8 ? -11 : k->a == LRT_UINT8 ? 130 : 0, d.w_zero = k->w == LRT_UINT8 ? 121 : 0;
  d.c_zero = k->a == LRT_INT8 ? 5 : k->a == LRT_UINT8 ? 120 : 0;
  d.lo = k->a == LRT_INT8 ? -100 : k->a == LRT_UINT8 ? 4 : -32768;
  d.hi = k->a == LRT_INT8 ? 127 : k->a == LRT_UINT8 ? 255 : 32000;
  lrt_dwconv_plan_for(&d, kernel);
  const int bad = run_and_compare(&d);
  if (bad > 0) {
    fprintf(stderr, "%s %s shape %d %s x %s exact %d: %d wrong\n", kernel->name, end->name, (int)(s - shapes),
            lrt_type_name(k->a), lrt_type_name(k->w), k->exact, bad);
  }
  CHECK(bad == 0);
  guard_free(&a), guard_free(&w), guard_free(&c);
  for (int i = 0; i < 6; i++) guard_free(columns + i);
}

static void depthwise(void) {
  static const kind kinds[] = {
      {LRT_FLOAT32, LRT_FLOAT32, false, false}, {LRT_FLOAT32, LRT_FLOAT16, false, false},
      {LRT_FLOAT32, LRT_INT8, false, false},    {LRT_FLOAT32, LRT_INT4, false, false},
      {LRT_INT8, LRT_INT8, true, false},        {LRT_INT8, LRT_INT8, false, false},
      {LRT_INT8, LRT_INT4, true, false},        {LRT_UINT8, LRT_UINT8, true, false},
      {LRT_UINT8, LRT_UINT8, false, false},     {LRT_INT16, LRT_INT8, true, false},
      {LRT_INT16, LRT_INT8, true, true},
  };
  int count, ends;
  const lrt_dwconv_kernel *table = lrt_dwconv_table(&count);
  const lrt_gemm_int_epilogue *end = lrt_gemm_epilogue_table(&ends);
  for (int v = 0; v < count; v++) {
    if (!lrt_cpu_has(table[v].level)) continue;
    for (int s = 0; s < SHAPES; s++) {
      for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        check_shape(table + v, end + (ends - 1), shapes + s, kinds + k);
    }
  }
  for (int e = 0; e < ends; e++) {
    if (!lrt_cpu_has(end[e].level)) continue;
    for (size_t k = 4; k < sizeof kinds / sizeof kinds[0]; k++)
      check_shape(table + (count - 1), end + e, shapes + 1, kinds + k);
  }
}

int main(int argc, char **argv) {
  RUN(depthwise);
  DONE();
}
