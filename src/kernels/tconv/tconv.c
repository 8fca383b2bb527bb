/* tconv.c: walks the taps that reach an output row and adds their products, channel by channel. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/tconv/tconv.h"

#include <math.h>
#include <string.h>

#include "kernels/requant/fixed.h"

/* The input coordinate that tap `k` brings to output `o` along axis `d`; -1 = none. */
static int64_t source_of(const lrt_tconv *t, int d, int64_t o, int64_t k) {
  const int64_t at = o + t->pad[d] - k * t->dilation[d];
  if (at < 0 || at % t->stride[d] != 0) return -1;
  return at / t->stride[d] < t->in[d] ? at / t->stride[d] : -1;
}

/* Inputs [first, last) of a line whose tap `k` falls into the output. */
static void span_of(const lrt_tconv *t, int64_t k, int64_t *first, int64_t *last) {
  const int64_t stride = t->stride[2], base = k * t->dilation[2] - t->pad[2], room = t->out[2] - 1 - base;
  *first = base < 0 ? (-base + stride - 1) / stride : 0;
  *last = room < 0 ? 0 : room / stride + 1;
  if (*last > t->in[2]) *last = t->in[2];
}

/* Calls `BODY(pixel of the input, tap, x of the output)` for everything that reaches the row. */
#define FOR_EACH_SOURCE(BODY)                                                                                \
  const int64_t b = row / ((int64_t)t->out[0] * t->out[1]);                                                  \
  const int64_t z = row / t->out[1] % t->out[0], y = row % t->out[1];                                        \
  for (int64_t kz = 0; kz < t->kernel[0]; kz++) {                                                            \
    const int64_t iz = source_of(t, 0, z, kz);                                                               \
    for (int64_t ky = 0; iz >= 0 && ky < t->kernel[1]; ky++) {                                               \
      const int64_t iy = source_of(t, 1, y, ky);                                                             \
      if (iy < 0) continue;                                                                                  \
      const int64_t line = ((b * t->in[0] + iz) * t->in[1] + iy) * t->in[2];                                 \
      for (int64_t kx = 0; kx < t->kernel[2]; kx++) {                                                        \
        const int64_t tap = (kz * t->kernel[1] + ky) * t->kernel[2] + kx;                                    \
        int64_t first, last;                                                                                 \
        span_of(t, kx, &first, &last);                                                                       \
        int64_t x = first * t->stride[2] + kx * t->dilation[2] - t->pad[2];                                  \
        for (int64_t ix = first; ix < last; ix++, x += t->stride[2]) {                                       \
          BODY(line + ix, tap, x);                                                                           \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }

static void add_f32(const float *restrict from, float *restrict to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] += from[i];
}

static void add_i32(const int32_t *restrict from, int32_t *restrict to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = (int32_t)((uint32_t)to[i] + (uint32_t)from[i]);
}

void lrt_tconv_row_f32(const lrt_tconv *t, const float *cols, const float *bias, float lo, float hi,
                       int64_t row, float *out) {
  const int64_t taps = lrt_tconv_taps(t), n = t->channels;
  for (int64_t x = 0; x < t->out[2]; x++) {
    if (bias != NULL)
      memcpy(out + x * n, bias, (size_t)n * sizeof *out);
    else
      memset(out + x * n, 0, (size_t)n * sizeof *out);
  }
#define BODY(pixel, tap, x) add_f32(cols + ((pixel)*taps + (tap)) * n, out + (x)*n, n)
  FOR_EACH_SOURCE(BODY)
#undef BODY
  for (int64_t i = 0; i < t->out[2] * n; i++) {
    out[i] = out[i] < lo ? lo : out[i];
    out[i] = out[i] > hi ? hi : out[i];
  }
}

void lrt_tconv_row_i32(const lrt_tconv *t, const int32_t *cols, int64_t row, int32_t *acc) {
  const int64_t taps = lrt_tconv_taps(t), n = t->channels;
  memset(acc, 0, (size_t)(t->out[2] * n) * sizeof *acc);
#define BODY(pixel, tap, x) add_i32(cols + ((pixel)*taps + (tap)) * n, acc + (x)*n, n)
  FOR_EACH_SOURCE(BODY)
#undef BODY
}

void lrt_tconv_finish(const lrt_tconv_rescale *r, const int32_t *acc, int64_t pixels, int64_t channels,
                      uint8_t *out) {
  const float lo = (float)(r->lo - r->zero), hi = (float)(r->hi - r->zero);
  for (int64_t p = 0; p < pixels; p++, acc += channels, out += channels) {
    for (int64_t c = 0; c < channels; c++) {
      const int32_t sum = lrt_fixed_add(acc[c], r->bias != NULL ? r->bias[c] : 0);
      if (r->exact) {
        const lrt_multiplier m = {r->mult[c], r->shift[c]};
        const int64_t v = (int64_t)lrt_multiplier_apply(sum, m) + r->zero;
        out[c] = (uint8_t)(v < r->lo ? r->lo : v > r->hi ? r->hi : v);
      } else {
        float v = (float)sum * r->scale[c];
        v = v < lo ? lo : v;
        v = v > hi ? hi : v;
        out[c] = (uint8_t)((int32_t)lrintf(v) + r->zero);
      }
    }
  }
}

static int64_t dot(const int16_t *a, const int8_t *w, int64_t count) {
  int64_t sum = 0;
  for (int64_t i = 0; i < count; i++) sum += a[i] * w[i];
  return sum;
}

static int16_t rescale_i16(const lrt_tconv_rescale *r, int64_t acc, int64_t c) {
  const lrt_multiplier m = {r->mult[c], r->shift[c]};
  int32_t v;
  if (r->bias_is_32) {
    v = lrt_multiplier_apply(
        (int32_t)((uint32_t)(uint64_t)acc + (uint32_t)(r->bias != NULL ? r->bias[c] : 0)), m);
  } else {
    v = lrt_multiplier_apply64((int64_t)((uint64_t)acc + (uint64_t)(r->bias64 != NULL ? r->bias64[c] : 0)),
                               m);
  }
  return (int16_t)lrt_fixed_clamp(v, r->lo, r->hi);
}

void lrt_tconv_row_i16(const lrt_tconv *t, const int16_t *in, const int8_t *w, int64_t depth,
                       const lrt_tconv_rescale *r, int64_t row, int64_t *acc, int16_t *out) {
  const int64_t n = t->channels;
  memset(acc, 0, (size_t)(t->out[2] * n) * sizeof *acc);
#define BODY(pixel, tap, x)                                                                                  \
  for (int64_t c = 0; c < n; c++) acc[(x)*n + c] += dot(in + (pixel)*depth, w + ((tap)*n + c) * depth, depth)
  FOR_EACH_SOURCE(BODY)
#undef BODY
  for (int64_t i = 0; i < t->out[2] * n; i++) out[i] = rescale_i16(r, acc[i], i % n);
}
