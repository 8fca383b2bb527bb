/* move_resize.c: bilinear and nearest-neighbour resizing of NHWC pictures, exact with the reference. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "kernels/move/move.h"
#include "kernels/move/resize_taps.h"

/* Two source positions and the weight of the second along one axis. */
typedef struct real_tap {
  int32_t low, high;
  float weight;
} real_tap;

static real_tap real_tap_of(int64_t at, int32_t in, int32_t out, bool align, bool half_pixel) {
  const float scale = align && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
  const float position = half_pixel ? ((float)at + 0.5f) * scale - 0.5f : (float)at * scale;
  const int32_t low = (int32_t)floorf(position), high = (int32_t)ceilf(position);
  real_tap t = {low > 0 ? low : 0, high < in - 1 ? high : in - 1, 0.0f};
  if (t.low > in - 1) t.low = in - 1;
  t.weight = position - (float)t.low;
  return t;
}

/* The same in units of 1/1024. */
typedef struct fixed_tap {
  int64_t low, high, weight;
} fixed_tap;

static fixed_tap fixed_tap_of(int64_t at, int64_t in, int64_t out, bool align, bool half_pixel) {
  const int64_t scale =
      align && out > 1 ? (1024 * (in - 1) + (out - 1) / 2) / (out - 1) : (1024 * in + out / 2) / out;
  const int64_t position = half_pixel ? at * scale + scale / 2 - 512 : at * scale;
  const int64_t low = position / 1024, high = (position + 1023) / 1024;
  fixed_tap t = {low > 0 ? low : 0, high < in - 1 ? high : in - 1, 0};
  if (t.low > in - 1) t.low = in - 1;
  t.weight = position - 1024 * t.low;
  return t;
}

void lrt_resize_taps(const lrt_resize *r, bool vertical, bool fixed_positions, lrt_resize_tap *taps) {
  const int32_t in = vertical ? r->in_height : r->in_width, out = vertical ? r->out_height : r->out_width;
  for (int32_t i = 0; i < out; i++) {
    const real_tap real = real_tap_of(i, in, out, r->align_corners, r->half_pixel);
    const fixed_tap fixed = fixed_tap_of(i, in, out, r->align_corners, r->half_pixel);
    taps[i] = (lrt_resize_tap){fixed_positions ? (int32_t)fixed.low : real.low,
                               fixed_positions ? (int32_t)fixed.high : real.high, real.weight,
                               (int32_t)fixed.weight};
  }
}

/* Adds the four products in the reference's order; `half` is 0.5 for integer results, which are then truncated. */
#define BILINEAR_REAL(name, T, half)                                                                         \
  static void name(const lrt_resize *r, const T *in, T *out, int64_t begin, int64_t end) {                   \
    const int64_t c = r->channels, row_size = r->in_width * c;                                               \
    for (int64_t row = begin; row < end; row++) {                                                            \
      const real_tap v =                                                                                     \
          real_tap_of(row % r->out_height, r->in_height, r->out_height, r->align_corners, r->half_pixel);    \
      const T *picture = in + row / r->out_height * r->in_height * row_size;                                 \
      const T *top = picture + v.low * row_size, *bottom = picture + v.high * row_size;                      \
      for (int64_t x = 0; x < r->out_width; x++) {                                                           \
        const real_tap h = real_tap_of(x, r->in_width, r->out_width, r->align_corners, r->half_pixel);       \
        T *o = out + (row * r->out_width + x) * c;                                                           \
        const int64_t left = h.low * c, right = h.high * c;                                                  \
        for (int64_t i = 0; i < c; i++) {                                                                    \
          const float a = (float)top[left + i] * (1 - v.weight) * (1 - h.weight);                            \
          const float b = (float)bottom[left + i] * v.weight * (1 - h.weight);                               \
          const float d = (float)top[right + i] * (1 - v.weight) * h.weight;                                 \
          const float e = (float)bottom[right + i] * v.weight * h.weight;                                    \
          o[i] = (T)(a + b + d + e + half);                                                                  \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }
BILINEAR_REAL(bilinear_f32, float, 0.0f)
BILINEAR_REAL(bilinear_u8, uint8_t, 0.5f)

#define BILINEAR_FIXED(name, T)                                                                              \
  static void name(const lrt_resize *r, const T *in, T *out, int64_t begin, int64_t end) {                   \
    const int64_t c = r->channels, row_size = r->in_width * c;                                               \
    for (int64_t row = begin; row < end; row++) {                                                            \
      const fixed_tap v =                                                                                    \
          fixed_tap_of(row % r->out_height, r->in_height, r->out_height, r->align_corners, r->half_pixel);   \
      const T *picture = in + row / r->out_height * r->in_height * row_size;                                 \
      const T *top = picture + v.low * row_size, *bottom = picture + v.high * row_size;                      \
      for (int64_t x = 0; x < r->out_width; x++) {                                                           \
        const fixed_tap h = fixed_tap_of(x, r->in_width, r->out_width, r->align_corners, r->half_pixel);     \
        T *o = out + (row * r->out_width + x) * c;                                                           \
        const int64_t left = h.low * c, right = h.high * c;                                                  \
        for (int64_t i = 0; i < c; i++) {                                                                    \
          const int64_t upper = top[left + i] * (1024 - h.weight) + top[right + i] * h.weight;               \
          const int64_t lower = bottom[left + i] * (1024 - h.weight) + bottom[right + i] * h.weight;         \
          const int64_t sum = upper * (1024 - v.weight) + lower * v.weight;                                  \
          o[i] = (T)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));                                  \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }
BILINEAR_FIXED(bilinear_i8, int8_t)
BILINEAR_FIXED(bilinear_i16, int16_t)

bool lrt_resize_bilinear(const lrt_resize *r, const void *in, lrt_type type, void *out, int64_t begin,
                         int64_t end) {
  switch (type) {
  case LRT_FLOAT32: bilinear_f32(r, in, out, begin, end); return true;
  case LRT_UINT8: bilinear_u8(r, in, out, begin, end); return true;
  case LRT_INT8: bilinear_i8(r, in, out, begin, end); return true;
  case LRT_INT16: bilinear_i16(r, in, out, begin, end); return true;
  default: return false;
  }
}

static int64_t nearest(int64_t at, int32_t in, int32_t out, bool align, bool half_pixel) {
  const float scale = align && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
  const float position = ((float)at + (half_pixel ? 0.5f : 0.0f)) * scale;
  const int64_t index = (int64_t)(align ? roundf(position) : floorf(position));
  return index > in - 1 ? in - 1 : index < 0 ? 0 : index;
}

void lrt_resize_nearest(const lrt_resize *r, const void *in, size_t size, void *out, int64_t begin,
                        int64_t end) {
  const size_t pixel = (size_t)r->channels * size;
  for (int64_t row = begin; row < end; row++) {
    const int64_t y =
        nearest(row % r->out_height, r->in_height, r->out_height, r->align_corners, r->half_pixel);
    const char *source =
        (const char *)in + (size_t)((row / r->out_height * r->in_height + y) * r->in_width) * pixel;
    char *target = (char *)out + (size_t)(row * r->out_width) * pixel;
    for (int64_t x = 0; x < r->out_width; x++, target += pixel) {
      const int64_t from = nearest(x, r->in_width, r->out_width, r->align_corners, r->half_pixel);
      memcpy(target, source + (size_t)from * pixel, pixel);
    }
  }
}
