/* gemm_pack.c: gathers rows of A by pointer and turns rows of weights into panels, whatever their storage type. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/half.h"
#include "kernels/gemm/gemm_core.h"

/* Pointers of one output pixel; `step` = pointers from tap to tap. */
static void pixel_rows(const lrt_gemm_a *a, const char *picture, size_t pixel_bytes, int32_t y, int32_t x,
                       const void *outside, const void **rows, int step) {
  const int64_t top = (int64_t)y * a->stride_h - a->pad_top, left = (int64_t)x * a->stride_w - a->pad_left;
  const size_t across = (size_t)a->dilation_w * pixel_bytes;
  const bool inner = left >= 0 && left + (int64_t)(a->kernel_w - 1) * a->dilation_w < a->in_w;
  for (int32_t ky = 0; ky < a->kernel_h; ky++) {
    const int64_t iy = top + (int64_t)ky * a->dilation_h;
    if (iy < 0 || iy >= a->in_h) {
      for (int32_t kx = 0; kx < a->kernel_w; kx++, rows += step) *rows = outside;
      continue;
    }
    if (inner) {
      const char *pixel = picture + (size_t)(iy * a->in_w + left) * pixel_bytes;
      for (int32_t kx = 0; kx < a->kernel_w; kx++, rows += step, pixel += across) *rows = pixel;
      continue;
    }
    for (int32_t kx = 0; kx < a->kernel_w; kx++, rows += step) {
      const int64_t ix = left + (int64_t)kx * a->dilation_w;
      *rows = ix >= 0 && ix < a->in_w ? picture + (size_t)(iy * a->in_w + ix) * pixel_bytes : outside;
    }
  }
}

/* Rows that lie side by side in one line of outputs and read inside the picture, left and right: pointers `advance` apart.
 * `top`: the first line of the windows; `left`: the first pixel of the first one. */
static void neighbour_rows(const lrt_gemm_a *a, const char *picture, size_t pixel_bytes, int64_t top,
                           int64_t left, int mr, const void *outside, const void **rows, int step) {
  const size_t advance = (size_t)a->stride_w * pixel_bytes, across = (size_t)a->dilation_w * pixel_bytes;
  for (int32_t ky = 0; ky < a->kernel_h; ky++) {
    const int64_t iy = top + (int64_t)ky * a->dilation_h;
    const bool inside = iy >= 0 && iy < a->in_h;
    const char *line = inside ? picture + (size_t)(iy * a->in_w + left) * pixel_bytes : outside;
    for (int32_t kx = 0; kx < a->kernel_w; kx++, rows += step) {
      for (int r = 0; r < mr; r++) rows[r] = inside ? line + (size_t)r * advance : line;
      line += inside ? across : 0;
    }
  }
}

static bool are_neighbours(const lrt_gemm_a *a, int32_t x, int64_t left, int mr) {
  const int64_t last = left + (int64_t)(mr - 1) * a->stride_w + (int64_t)(a->kernel_w - 1) * a->dilation_w;
  return x + mr <= a->out_w && left >= 0 && last < a->in_w;
}

void lrt_gemm_rows(const lrt_gemm_a *a, const void *data, size_t size, int64_t m0, int mr, int row_step,
                   const void *outside, const void **rows) {
  const size_t ld = (size_t)a->ld * size;
  if (!a->conv) {
    for (int r = 0; r < mr; r++) rows[r] = (const char *)data + (size_t)(m0 + r) * ld;
  } else {
    const int64_t pixels = (int64_t)a->out_h * a->out_w;
    const size_t picture_bytes = (size_t)a->in_h * (size_t)a->in_w * ld;
    int64_t batch = m0 / pixels;
    int32_t y = (int32_t)(m0 % pixels / a->out_w), x = (int32_t)(m0 % pixels % a->out_w);
    const int64_t left = (int64_t)x * a->stride_w - a->pad_left;
    if (are_neighbours(a, x, left, mr))
      neighbour_rows(a, (const char *)data + (size_t)batch * picture_bytes, ld,
                     (int64_t)y * a->stride_h - a->pad_top, left, mr, outside, rows, row_step);
    else
      for (int r = 0; r < mr; r++) {
        pixel_rows(a, (const char *)data + (size_t)batch * picture_bytes, ld, y, x, outside, rows + r,
                   row_step);
        if (++x == a->out_w) x = 0, y++;
        if (y == a->out_h) y = 0, batch++;
      }
  }
  for (int64_t t = 0; mr < row_step && t < a->taps; t++) {
    for (int r = mr; r < row_step; r++) rows[t * row_step + r] = rows[t * row_step];
  }
}

int64_t lrt_gemm_first_row(const lrt_gemm_a *a, const void *data, size_t size, int64_t m0, int mr,
                           const void **rows) {
  const size_t ld = (size_t)a->ld * size;
  if (!a->conv) {
    rows[0] = (const char *)data + (size_t)m0 * ld;
    return (int64_t)ld;
  }
  const int64_t pixels = (int64_t)a->out_h * a->out_w, batch = m0 / pixels;
  const int32_t y = (int32_t)(m0 % pixels / a->out_w), x = (int32_t)(m0 % pixels % a->out_w);
  const int64_t top = (int64_t)y * a->stride_h - a->pad_top, left = (int64_t)x * a->stride_w - a->pad_left;
  const int64_t bottom = top + (int64_t)(a->kernel_h - 1) * a->dilation_h;
  if (!are_neighbours(a, x, left, mr) || top < 0 || bottom >= a->in_h) return 0;
  neighbour_rows(a, (const char *)data + (size_t)(batch * a->in_h * a->in_w) * ld, ld, top, left, 1, NULL,
                 rows, 1);
  return (int64_t)((size_t)a->stride_w * ld);
}

/* Short copies in at most a few overlapping pieces. */
static inline void copy_bytes(char *to, const char *from, size_t count) {
  if (count >= 16) {
    for (size_t i = 0; i + 16 <= count; i += 16) memcpy(to + i, from + i, 16);
    memcpy(to + count - 16, from + count - 16, 16);
  } else if (count >= 8) {
    memcpy(to, from, 8);
    memcpy(to + count - 8, from + count - 8, 8);
  } else if (count >= 4) {
    memcpy(to, from, 4);
    memcpy(to + count - 4, from + count - 4, 4);
  } else {
    for (size_t i = 0; i < count; i++) to[i] = from[i];
  }
}

/* One line of a window; pixels left and right of the picture are filled with `pad`. */
static void gather_line(const lrt_gemm_a *a, const char *line, size_t size, int64_t left, int pad, char *to) {
  const size_t tap = (size_t)a->kc * size, pixel = (size_t)a->ld * size;
  if (a->dilation_w == 1 && tap == pixel && left >= 0 && left + a->kernel_w <= a->in_w) {
    copy_bytes(to, line + (size_t)left * pixel, (size_t)a->kernel_w * tap);
    return;
  }
  for (int32_t kx = 0; kx < a->kernel_w; kx++, to += tap) {
    const int64_t x = left + (int64_t)kx * a->dilation_w;
    if (x >= 0 && x < a->in_w)
      copy_bytes(to, line + (size_t)x * pixel, tap);
    else
      memset(to, pad, tap);
  }
}

void lrt_gemm_gather(const lrt_gemm_a *a, const void *data, size_t size, int64_t m0, int mr,
                     const uint8_t *pads, void *out, int64_t ld_out) {
  if (!a->conv) {
    for (int r = 0; r < mr; r++)
      copy_bytes((char *)out + (size_t)(r * ld_out) * size,
                 (const char *)data + (size_t)((m0 + r) * a->ld) * size, (size_t)a->kc * size);
    return;
  }
  const int64_t pixels = (int64_t)a->out_h * a->out_w;
  const size_t line_bytes = (size_t)a->in_w * (size_t)a->ld * size;
  const size_t window_bytes = (size_t)a->kernel_w * (size_t)a->kc * size;
  int64_t batch = m0 / pixels;
  int32_t y = (int32_t)(m0 % pixels / a->out_w), x = (int32_t)(m0 % pixels % a->out_w);
  for (int r = 0; r < mr; r++) {
    char *to = (char *)out + (size_t)(r * ld_out) * size;
    const char *picture = (const char *)data + (size_t)batch * (size_t)a->in_h * line_bytes;
    const int pad = pads != NULL ? pads[r] : 0;
    for (int32_t ky = 0; ky < a->kernel_h; ky++, to += window_bytes) {
      const int64_t iy = (int64_t)y * a->stride_h - a->pad_top + (int64_t)ky * a->dilation_h;
      if (iy < 0 || iy >= a->in_h)
        memset(to, pad, window_bytes);
      else
        gather_line(a, picture + (size_t)iy * line_bytes, size, (int64_t)x * a->stride_w - a->pad_left, pad,
                    to);
    }
    if (++x == a->out_w) x = 0, y++;
    if (y == a->out_h) y = 0, batch++;
  }
}

/* Value of element `index` of a packed 4- or 2-bit array, lowest bits first. */
static int32_t int4_at(const uint8_t *data, int64_t index) {
  return ((data[index / 2] >> (index % 2 * 4) & 15) ^ 8) - 8;
}

static int32_t int2_at(const uint8_t *data, int64_t index) {
  return ((data[index / 4] >> (index % 4 * 2) & 3) ^ 2) - 2;
}

static void widen_int4(const uint8_t *data, int64_t index, int64_t count, int8_t *out) {
  int64_t i = 0;
  if (index % 2 == 0) {
    for (const uint8_t *p = data + index / 2; i + 2 <= count; i += 2, p++) {
      out[i] = (int8_t)(((*p & 15) ^ 8) - 8);
      out[i + 1] = (int8_t)((*p >> 4 ^ 8) - 8);
    }
  }
  for (; i < count; i++) out[i] = (int8_t)int4_at(data, index + i);
}

static void widen_int(const void *w, lrt_type type, int64_t index, int64_t count, int8_t *out) {
  const uint8_t *bytes = w;
  switch (type) {
  case LRT_INT4: widen_int4(bytes, index, count, out); break;
  case LRT_INT2:
    for (int64_t i = 0; i < count; i++) out[i] = (int8_t)int2_at(bytes, index + i);
    break;
  case LRT_UINT8:
    for (int64_t i = 0; i < count; i++) out[i] = (int8_t)(bytes[index + i] ^ 0x80);
    break;
  default: memcpy(out, bytes + index, (size_t)count);
  }
}

void lrt_gemm_int_widen(const lrt_gemm_int *g, int64_t n, int64_t k0, int64_t count, int8_t *out) {
  widen_int(g->w, g->w_type, n * g->a.taps * g->a.kc + k0, count, out);
}

/* Integer weights as floats: (q - zero) * scale. */
static void widen_scaled(const lrt_gemm_f32 *g, int64_t n, int64_t index, int64_t count, float *out) {
  int8_t values[64];
  const float scale = g->w_scale[n];
  int32_t zero = g->w_zero != NULL ? g->w_zero[n] : 0;
  if (g->w_type == LRT_UINT8) zero -= 128; /* the values come minus 128 */
  for (int64_t i = 0; i < count; i += 64) {
    const int64_t chunk = count - i < 64 ? count - i : 64;
    widen_int(g->w, g->w_type, index + i, chunk, values);
    for (int64_t p = 0; p < chunk; p++) out[i + p] = (float)(values[p] - zero) * scale;
  }
}

void lrt_gemm_f32_widen(const lrt_gemm_f32 *g, int64_t n, int64_t k0, int64_t count, float *out) {
  const int64_t index = n * g->a.taps * g->a.kc + k0;
  switch (g->w_type) {
  case LRT_FLOAT32: memcpy(out, (const float *)g->w + index, (size_t)count * sizeof(float)); break;
  case LRT_FLOAT16: lrt_half_to_float_array((const uint16_t *)g->w + index, out, (size_t)count); break;
  case LRT_BFLOAT16:
    for (int64_t i = 0; i < count; i++) out[i] = lrt_bfloat16_to_float(((const uint16_t *)g->w)[index + i]);
    break;
  default: widen_scaled(g, n, index, count, out);
  }
}

#define CHUNK 64
#define MAX_NR 32

/* The plain way, and the end of a row that fast packing leaves. */
static void pack_f32_part(const float *rows, int64_t ld, int cols, int nr, int64_t from, int64_t count,
                          float *panel) {
  for (int64_t i = from; i < count; i++) {
    for (int j = 0; j < nr; j++) panel[i * nr + j] = j < cols ? rows[j * ld + i] : 0;
  }
}

/* Weights [k][n] are panels but for the stride. */
static void pack_f32_by_k(const lrt_gemm_f32 *g, int64_t n0, int cols, int nr, float *panel) {
  const float *w = (const float *)g->w + n0;
  for (int64_t i = 0; i < g->a.kc; i++, w += g->n, panel += nr) {
    for (int j = 0; j < cols; j++) panel[j] = w[j];
    for (int j = cols; j < nr; j++) panel[j] = 0;
  }
}

void lrt_gemm_f32_pack_panel(const lrt_gemm_f32 *g, int64_t n0, int cols, int nr, float *panel) {
  const int64_t k = g->a.taps * g->a.kc;
  if (g->by_k) {
    pack_f32_by_k(g, n0, cols, nr, panel);
    return;
  }
  lrt_gemm_pack_fn *pack = cols == nr ? g->kernel->pack : NULL;
  if (g->w_type == LRT_FLOAT32) {
    const float *rows = (const float *)g->w + n0 * k;
    const int64_t done = pack != NULL ? pack(rows, k, k, nr, panel) : 0;
    pack_f32_part(rows, k, cols, nr, done, k, panel);
    return;
  }
  float rows[MAX_NR * CHUNK];
  for (int64_t k0 = 0; k0 < k; k0 += CHUNK, panel += CHUNK * nr) {
    const int64_t count = k - k0 < CHUNK ? k - k0 : CHUNK;
    for (int j = 0; j < cols; j++) lrt_gemm_f32_widen(g, n0 + j, k0, count, rows + j * CHUNK);
    const int64_t done = pack != NULL ? pack(rows, CHUNK, count, nr, panel) : 0;
    pack_f32_part(rows, CHUNK, cols, nr, done, count, panel);
  }
}

/* As above; the last group of kr is filled up with zeros. */
static void pack_int_part(const int8_t *rows, int64_t ld, int cols, int nr, int kr, int64_t from,
                          int64_t count, int8_t *panel) {
  for (int64_t i = from; i < count; i += kr) {
    const size_t part = (size_t)(count - i < kr ? count - i : kr);
    int8_t *out = panel + i * nr;
    if (cols < nr || part < (size_t)kr) memset(out, 0, (size_t)(nr * kr));
    for (int j = 0; j < cols; j++) memcpy(out + j * kr, rows + j * ld + i, part);
  }
}

static void pack_int_by_k(const lrt_gemm_int *g, int64_t n0, int cols, int8_t *panel) {
  const int nr = g->kernel->nr, kr = g->kernel->kr;
  const int64_t groups = (g->a.kc + kr - 1) / kr;
  memset(panel, 0, (size_t)(groups * nr * kr));
  for (int64_t i = 0; i < g->a.kc; i++) {
    const int8_t *w = (const int8_t *)g->w + i * g->n + n0;
    int8_t *out = panel + i / kr * nr * kr + i % kr;
    for (int j = 0; j < cols; j++) out[j * kr] = w[j];
  }
}

void lrt_gemm_int_pack_panel(const lrt_gemm_int *g, int64_t n0, int cols, int8_t *panel) {
  const int64_t k = g->a.taps * g->a.kc;
  const int nr = g->kernel->nr, kr = g->kernel->kr;
  if (g->by_k) {
    pack_int_by_k(g, n0, cols, panel);
    return;
  }
  lrt_gemm_pack_fn *pack = cols == nr ? g->kernel->pack : NULL;
  if (g->w_type == LRT_INT8) {
    const int8_t *rows = (const int8_t *)g->w + n0 * k;
    const int64_t done = pack != NULL ? pack(rows, k, k, nr, panel) : 0;
    pack_int_part(rows, k, cols, nr, kr, done, k, panel);
    return;
  }
  int8_t rows[MAX_NR * CHUNK];
  for (int64_t k0 = 0; k0 < k; k0 += CHUNK, panel += CHUNK * nr) {
    const int64_t count = k - k0 < CHUNK ? k - k0 : CHUNK;
    for (int j = 0; j < cols; j++) lrt_gemm_int_widen(g, n0 + j, k0, count, rows + j * CHUNK);
    const int64_t done = pack != NULL ? pack(rows, CHUNK, count, nr, panel) : 0;
    pack_int_part(rows, CHUNK, cols, nr, kr, done, count, panel);
  }
}
