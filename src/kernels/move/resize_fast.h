/* resize_fast.h: bilinear rows with tabulated taps, compiled once per level: LEVEL(name) names the functions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/move/resize_taps.h"

/* Four weights per pixel, shared by its channels. */
void LEVEL(resize_bilinear_f32)(const lrt_resize *r, const lrt_resize_tap *rows,
                                const lrt_resize_tap *columns, const void *in, void *out, int64_t begin,
                                int64_t end) {
  const int64_t c = r->channels, width = r->in_width * c;
  for (int64_t row = begin; row < end; row++) {
    const lrt_resize_tap v = rows[row % r->out_height];
    const float *picture = (const float *)in + row / r->out_height * r->in_height * width;
    const float *top = picture + v.low * width, *bottom = picture + v.high * width;
    float *restrict o = (float *)out + row * r->out_width * c;
    for (int64_t x = 0; x < r->out_width; x++, o += c) {
      const lrt_resize_tap h = columns[x];
      const float *a = top + h.low * c, *b = top + h.high * c, *d = bottom + h.low * c,
                  *e = bottom + h.high * c;
      const float wa = (1 - v.weight) * (1 - h.weight), wb = (1 - v.weight) * h.weight;
      const float wd = v.weight * (1 - h.weight), we = v.weight * h.weight;
      for (int64_t i = 0; i < c; i++) o[i] = a[i] * wa + b[i] * wb + d[i] * wd + e[i] * we;
    }
  }
}

/* The same sum as the reference: bytes times weights of 2^20 fit 32 bits. */
void LEVEL(resize_bilinear_i8)(const lrt_resize *r, const lrt_resize_tap *rows, const lrt_resize_tap *columns,
                               const void *in, void *out, int64_t begin, int64_t end) {
  const int64_t c = r->channels, width = r->in_width * c;
  for (int64_t row = begin; row < end; row++) {
    const lrt_resize_tap v = rows[row % r->out_height];
    const int8_t *picture = (const int8_t *)in + row / r->out_height * r->in_height * width;
    const int8_t *top = picture + v.low * width, *bottom = picture + v.high * width;
    int8_t *restrict o = (int8_t *)out + row * r->out_width * c;
    for (int64_t x = 0; x < r->out_width; x++, o += c) {
      const lrt_resize_tap h = columns[x];
      const int8_t *a = top + h.low * c, *b = top + h.high * c, *d = bottom + h.low * c,
                   *e = bottom + h.high * c;
      const int32_t wa = (1024 - v.fixed) * (1024 - h.fixed), wb = (1024 - v.fixed) * h.fixed;
      const int32_t wd = v.fixed * (1024 - h.fixed), we = v.fixed * h.fixed;
      for (int64_t i = 0; i < c; i++) {
        const int32_t sum = a[i] * wa + b[i] * wb + d[i] * wd + e[i] * we;
        o[i] = (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
      }
    }
  }
}
