/* dwconv_run.c: packs depthwise weights and walks output rows: pointers to inputs, kernel, epilogue. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/half.h"
#include "kernels/dwconv/dwconv_core.h"
#include "kernels/gemm/gemm_grid.h"

/* int16 times int8 over more taps than this may leave int32; longer kernels add up parts in 64 bits. */
#define TAP_CHUNK 496
/* Accumulators of one segment of pixels: a share of L1. */
#define SEGMENT_BYTES 8192

/* The packed block: columns padded to 16, then weights. */
typedef struct columns {
  float *bias;                  /* f32 */
  int32_t *fold, *mult, *shift; /* integers */
  float *scale;
  int64_t *bias64; /* int16 by the 64-bit rule */
  double *start, *factor;
  bool *exact_double;
  void *
      w; /* f32 [taps][channels], or chunks of taps each as lrt_dwconv_int_fn wants them; or blocks for i8_3x3 */
} columns;

/* A worker's scratch. */
typedef struct parts {
  void *zero;         /* [zero_pixels][channels]: what lies outside the picture */
  const void **rows;  /* [segment][taps] */
  const char **lines; /* [kernel_h]: input lines of the output row, NULL outside */
  char *expanded;     /* [kernel_h][in_w][channels]: inputs repeated `multiplier` times */
  int32_t *acc;       /* [segment][ld_acc] */
  int64_t *acc64;     /* [ld_acc]: kernels of more than TAP_CHUNK taps */
} parts;

static bool is_float(const lrt_dwconv *d) {
  return d->a_type == LRT_FLOAT32;
}
static int64_t taps_of(const lrt_dwconv *d) {
  return (int64_t)d->kernel_h * d->kernel_w;
}
static int64_t channels_of(const lrt_dwconv *d) {
  return (int64_t)d->channels * d->multiplier;
}
static int64_t padded(const lrt_dwconv *d) {
  return lrt_gemm_round_up(channels_of(d), 16);
}
static size_t element(const lrt_dwconv *d) {
  return is_float(d) ? 4 : d->a_type == LRT_INT16 ? 2 : 1;
}
static bool wide_rule(const lrt_dwconv *d) {
  return d->a_type == LRT_INT16 && !d->bias_is_32 && (d->bias64 != NULL || d->bias == NULL);
}
/* int16 values of one chunk of taps. */
static int64_t chunk_size(const lrt_dwconv *d, int64_t taps) {
  return padded(d) * ((taps + 1) / 2) * 2;
}

static bool by_window(const lrt_dwconv *d) {
  return is_float(d) && d->kernel->f32_3x3 != NULL && d->kernel_h == 3 && d->kernel_w == 3 &&
         d->dilation_w == 1 && d->stride_w <= 2;
}
/* int8 3x3 rescaled in float; bytes by bytes. */
static bool by_bytes(const lrt_dwconv *d) {
  return d->kernel->i8_3x3 != NULL && d->a_type == LRT_INT8 && !d->exact && d->kernel_h == 3 &&
         d->kernel_w == 3 && d->dilation_w == 1 && d->stride_w <= 2 &&
         channels_of(d) >= LRT_DWCONV_LEAST_BLOCK;
}
static int next_block(const lrt_dwconv *d, int64_t at, int64_t *c0) {
  return lrt_dwconv_next_block(at, channels_of(d), d->kernel->widest, c0);
}
static size_t block_bytes(const lrt_dwconv *d) {
  size_t bytes = 0;
  int64_t c0;
  for (int64_t at = 0, n; at < channels_of(d); at += n) {
    n = next_block(d, at, &c0);
    bytes += (size_t)n * LRT_DWCONV_BLOCK_BYTES;
  }
  return bytes;
}
static size_t zero_pixels(const lrt_dwconv *d) {
  return by_window(d) ? LRT_DWCONV_ZERO_PIXELS : 1;
}

static int64_t segment_of(const lrt_dwconv *d) {
  if (taps_of(d) > TAP_CHUNK) return 1;
  const int64_t fit = SEGMENT_BYTES / (padded(d) * 4);
  return fit < 1 ? 1 : fit > 32 ? 32 : fit;
}

static size_t carve_columns(const lrt_dwconv *d, void *packed, columns *p) {
  lrt_gemm_carve carve = {packed, 0};
  const size_t n = (size_t)padded(d);
  memset(p, 0, sizeof *p);
  if (by_bytes(d)) {
    p->w = lrt_gemm_carve_take(&carve, block_bytes(d));
    return carve.used;
  }
  if (is_float(d)) {
    p->bias = lrt_gemm_carve_take(&carve, n * 4);
    p->w = lrt_gemm_carve_take(&carve, (size_t)(taps_of(d) * channels_of(d)) * 4);
    return carve.used;
  }
  p->fold = lrt_gemm_carve_take(&carve, n * 4);
  p->mult = lrt_gemm_carve_take(&carve, n * 4);
  p->shift = lrt_gemm_carve_take(&carve, n * 4);
  p->scale = lrt_gemm_carve_take(&carve, n * 4);
  if (wide_rule(d)) {
    p->bias64 = lrt_gemm_carve_take(&carve, n * 8);
    p->start = lrt_gemm_carve_take(&carve, n * 8);
    p->factor = lrt_gemm_carve_take(&carve, n * 8);
    p->exact_double = lrt_gemm_carve_take(&carve, 1);
  }
  int64_t count = 0;
  for (int64_t t = 0; t < taps_of(d); t += TAP_CHUNK) {
    count += chunk_size(d, taps_of(d) - t < TAP_CHUNK ? taps_of(d) - t : TAP_CHUNK);
  }
  p->w = lrt_gemm_carve_take(&carve, (size_t)count * 2);
  return carve.used;
}

static size_t carve_parts(const lrt_dwconv *d, void *scratch, parts *p) {
  lrt_gemm_carve carve = {scratch, 0};
  const size_t segment = (size_t)segment_of(d), n = (size_t)padded(d), channels = (size_t)channels_of(d);
  memset(p, 0, sizeof *p);
  p->zero = lrt_gemm_carve_take(&carve, zero_pixels(d) * channels * element(d));
  p->rows = lrt_gemm_carve_take(&carve, segment * (size_t)taps_of(d) * sizeof(void *));
  p->lines = lrt_gemm_carve_take(&carve, (size_t)d->kernel_h * sizeof(void *));
  if (d->multiplier > 1) {
    p->expanded = lrt_gemm_carve_take(&carve, (size_t)d->kernel_h * (size_t)d->in_w * channels * element(d));
  }
  if (!is_float(d)) p->acc = lrt_gemm_carve_take(&carve, segment * n * 4);
  if (taps_of(d) > TAP_CHUNK) p->acc64 = lrt_gemm_carve_take(&carve, n * 8);
  return carve.used;
}

void lrt_dwconv_plan(lrt_dwconv *d) {
  d->epilogue = lrt_gemm_epilogue_pick(d->ref);
  lrt_dwconv_plan_for(d, lrt_dwconv_pick(d->ref));
}

void lrt_dwconv_plan_for(lrt_dwconv *d, const lrt_dwconv_kernel *kernel) {
  d->kernel = kernel;
}

size_t lrt_dwconv_packed_bytes(const lrt_dwconv *d) {
  columns p;
  return carve_columns(d, NULL, &p);
}

static int32_t int4_at(const uint8_t *w, int64_t index) {
  return (((w[index / 2] >> (index % 2 * 4)) & 15) ^ 8) - 8;
}

static int32_t weight_int(const lrt_dwconv *d, int64_t index) {
  if (d->w_type == LRT_UINT8) return ((const uint8_t *)d->w)[index] - d->w_zero;
  if (d->w_type == LRT_INT4) return int4_at(d->w, index) - d->w_zero;
  return ((const int8_t *)d->w)[index] - d->w_zero;
}

static float weight_f32(const lrt_dwconv *d, int64_t index) {
  switch (d->w_type) {
  case LRT_FLOAT32: return ((const float *)d->w)[index];
  case LRT_FLOAT16: return lrt_half_to_float(((const uint16_t *)d->w)[index]);
  case LRT_BFLOAT16: return lrt_bfloat16_to_float(((const uint16_t *)d->w)[index]);
  default: return (float)weight_int(d, index) * d->w_scale[index % channels_of(d)];
  }
}

static void pack_f32(const lrt_dwconv *d, const columns *p) {
  const int64_t channels = channels_of(d), count = taps_of(d) * channels;
  memset(p->bias, 0, (size_t)padded(d) * 4);
  if (d->bias_f32 != NULL) memcpy(p->bias, d->bias_f32, (size_t)channels * 4);
  for (int64_t i = 0; i < count; i++) ((float *)p->w)[i] = weight_f32(d, i);
}

static void pack_weights(const lrt_dwconv *d, int16_t *w) {
  const int64_t taps = taps_of(d), channels = channels_of(d);
  for (int64_t t0 = 0; t0 < taps; t0 += TAP_CHUNK) {
    const int64_t part = taps - t0 < TAP_CHUNK ? taps - t0 : TAP_CHUNK, pairs = (part + 1) / 2;
    memset(w, 0, (size_t)chunk_size(d, part) * 2);
    for (int64_t t = 0; t < part; t++) {
      for (int64_t i = 0; i < channels; i++) {
        w[(i / 8 * pairs + t / 2) * 16 + i % 8 * 2 + t % 2] = (int16_t)weight_int(d, (t0 + t) * channels + i);
      }
    }
    w += chunk_size(d, part);
  }
}

static void copy_column(void *to, const void *from, int64_t count, int64_t room) {
  memset(to, 0, (size_t)room * 4);
  if (from != NULL) memcpy(to, from, (size_t)count * 4);
}

/* One block of `width` channels from c0 on. */
static void pack_block(const lrt_dwconv *d, int64_t c0, int width, int8_t *w) {
  const int64_t channels = channels_of(d);
  int32_t *fold = (int32_t *)(void *)(w + 12 * width);
  float *scale = (float *)(void *)(w + 16 * width);
  for (int i = 0; i < width; i++) { /* i = [g][width / 16][j] */
    const int g = i / (width / 4), lane = i % (width / 4) / 4, j = i % 4;
    const int64_t channel = c0 + 16 * lane + 4 * g + j;
    uint32_t sum = 0;
    for (int ky = 0; ky < 4; ky++) {
      for (int kx = 0; kx < 3; kx++) {
        const int32_t v = ky < 3 ? weight_int(d, (ky * 3 + kx) * channels + channel) : 0;
        w[(kx * width + i) * 4 + ky] = (int8_t)v;
        sum += (uint32_t)v;
      }
    }
    const uint32_t bias = d->bias != NULL ? (uint32_t)d->bias[channel] : 0;
    fold[i] = (int32_t)(bias - sum * (uint32_t)(d->a_zero + 128));
    scale[i] = d->scale[channel];
  }
}

void lrt_dwconv_pack(const lrt_dwconv *d, void *packed) {
  columns p;
  carve_columns(d, packed, &p);
  if (by_bytes(d)) {
    int64_t c0;
    int8_t *w = p.w;
    for (int64_t at = 0, n; at < channels_of(d); at += n, w += n * LRT_DWCONV_BLOCK_BYTES) {
      n = next_block(d, at, &c0);
      pack_block(d, c0, (int)n, w);
    }
    return;
  }
  if (is_float(d)) {
    pack_f32(d, &p);
    return;
  }
  const int64_t taps = taps_of(d), channels = channels_of(d), room = padded(d);
  pack_weights(d, p.w);
  copy_column(p.mult, d->mult, channels, room);
  copy_column(p.shift, d->shift, channels, room);
  copy_column(p.scale, d->scale, channels, room);
  copy_column(p.fold, d->bias, channels, room);
  for (int64_t t = 0; t < taps; t++) { /* the input's zero point goes into the bias */
    for (int64_t i = 0; i < channels; i++) {
      const uint32_t w = (uint32_t)weight_int(d, t * channels + i);
      p.fold[i] = (int32_t)((uint32_t)p.fold[i] - w * (uint32_t)d->a_zero);
    }
  }
  if (!wide_rule(d)) return;
  memset(p.bias64, 0, (size_t)room * 8);
  memset(p.start, 0, (size_t)room * 8);
  memset(p.factor, 0, (size_t)room * 8);
  if (d->bias64 != NULL) memcpy(p.bias64, d->bias64, (size_t)channels * 8);
  *p.exact_double = lrt_gemm_int16_factors(p.bias64, p.mult, p.shift, channels, p.start, p.factor);
}

int64_t lrt_dwconv_tiles(const lrt_dwconv *d) {
  return (int64_t)d->batch * d->out_h;
}

size_t lrt_dwconv_scratch(const lrt_dwconv *d) {
  parts p;
  return carve_parts(d, NULL, &p);
}

static void fill_zero(const lrt_dwconv *d, const parts *p) {
  const bool bytes = d->a_type == LRT_INT8 || d->a_type == LRT_UINT8;
  memset(p->zero, bytes ? d->a_zero & 255 : 0, zero_pixels(d) * (size_t)channels_of(d) * element(d));
}

#define EXPAND(TYPE)                                                                                         \
  const TYPE *from = (const void *)line;                                                                     \
  TYPE *to = (void *)out;                                                                                    \
  const int32_t times = d->multiplier;                                                                       \
  for (int64_t i = 0; i < count; i++, to += times) {                                                         \
    const TYPE v = from[i];                                                                                  \
    for (int32_t q = 0; q < times; q++) to[q] = v;                                                           \
  }
/* A line of inputs with every channel repeated. */
static void expand_line(const lrt_dwconv *d, const char *line, char *out) {
  const int64_t count = (int64_t)d->in_w * d->channels;
  if (element(d) == 4) {
    EXPAND(uint32_t)
  } else if (element(d) == 2) {
    EXPAND(uint16_t)
  } else {
    EXPAND(uint8_t)
  }
}

/* The input lines under output row y; NULL outside the picture. */
static void find_lines(const lrt_dwconv *d, int64_t batch, int64_t y, const parts *p) {
  const size_t line_bytes = (size_t)d->in_w * (size_t)d->channels * element(d);
  const size_t expanded_bytes = line_bytes * (size_t)d->multiplier;
  for (int64_t ky = 0; ky < d->kernel_h; ky++) {
    const int64_t iy = y * d->stride_h - d->pad_top + ky * d->dilation_h;
    p->lines[ky] = NULL;
    if (iy < 0 || iy >= d->in_h) continue;
    p->lines[ky] = (const char *)d->a + (size_t)(batch * d->in_h + iy) * line_bytes;
    if (p->expanded == NULL) continue;
    char *out = p->expanded + (size_t)ky * expanded_bytes;
    expand_line(d, p->lines[ky], out);
    p->lines[ky] = out;
  }
}

/* rows[pixels][taps] of output pixels [x0, x0 + pixels). */
static void find_rows(const lrt_dwconv *d, int64_t x0, int64_t pixels, const parts *p) {
  const int64_t pixel_bytes = channels_of(d) * (int64_t)element(d), across = d->dilation_w * pixel_bytes;
  const int64_t reach = (int64_t)(d->kernel_w - 1) * d->dilation_w;
  const void **rows = p->rows;
  for (int64_t x = x0; x < x0 + pixels; x++) {
    const int64_t left = x * d->stride_w - d->pad_left;
    const bool inner = left >= 0 && left + reach < d->in_w;
    for (int64_t ky = 0; ky < d->kernel_h; ky++) {
      const char *line = p->lines[ky];
      if (inner && line != NULL) {
        line += left * pixel_bytes;
        for (int64_t kx = 0; kx < d->kernel_w; kx++, line += across) *rows++ = line;
        continue;
      }
      for (int64_t kx = 0; kx < d->kernel_w; kx++) {
        const int64_t ix = left + kx * d->dilation_w;
        *rows++ = line != NULL && ix >= 0 && ix < d->in_w ? line + ix * pixel_bytes : p->zero;
      }
    }
  }
}

static void pixels_f32(const lrt_dwconv *d, int64_t x0, int64_t x1, const columns *q, const parts *p,
                       float *c) {
  const int64_t channels = channels_of(d), segment = segment_of(d);
  for (int64_t x = x0; x < x1; x += segment) {
    const int64_t count = x1 - x < segment ? x1 - x : segment;
    find_rows(d, x, count, p);
    d->kernel->f32((const float *const *)p->rows, count, taps_of(d), channels, q->w, q->bias, d->flo, d->fhi,
                   c + x * channels, channels);
  }
}

/* A row of 3x3 outputs: the part without left and right padding in one call. */
static void row_3x3(const lrt_dwconv *d, const columns *q, const parts *p, float *c) {
  const int64_t channels = channels_of(d), last = (int64_t)d->in_w - 3 + d->pad_left;
  int64_t x0 = lrt_gemm_div_up(d->pad_left, d->stride_w), x1 = last < 0 ? 0 : last / d->stride_w + 1;
  if (x1 > d->out_w) x1 = d->out_w;
  if (x0 > x1) x0 = x1;
  pixels_f32(d, 0, x0, q, p, c);
  pixels_f32(d, x1, d->out_w, q, p, c);
  if (x0 == x1) return;
  lrt_dwconv_window window = {.stride = d->stride_w};
  for (int r = 0; r < 3; r++) {
    const float *line = (const float *)(const void *)p->lines[r];
    const bool outside = line == NULL;
    window.top[r] = outside ? p->zero : line + (x0 * d->stride_w - d->pad_left) * channels;
    window.next[r] = outside ? 0 : d->stride_w * channels;
  }
  d->kernel->f32_3x3(&window, x1 - x0, channels, q->w, q->bias, d->flo, d->fhi, c + x0 * channels, channels);
}

static lrt_dwconv_int_fn *int_kernel(const lrt_dwconv *d) {
  return d->a_type == LRT_INT16 ? d->kernel->s16 : d->a_type == LRT_UINT8 ? d->kernel->u8 : d->kernel->s8;
}

/* One pixel of a kernel with more than TAP_CHUNK taps. */
static void long_pixel(const lrt_dwconv *d, const columns *q, const parts *p) {
  const int64_t taps = taps_of(d), channels = channels_of(d);
  const int16_t *w = q->w;
  memset(p->acc64, 0, (size_t)padded(d) * 8);
  for (int64_t t = 0; t < taps; t += TAP_CHUNK) {
    const int64_t part = taps - t < TAP_CHUNK ? taps - t : TAP_CHUNK;
    int_kernel(d)(p->rows + t, 1, part, channels, w, p->acc, padded(d));
    for (int64_t i = 0; i < channels; i++) p->acc64[i] += p->acc[i];
    w += chunk_size(d, part);
  }
  for (int64_t i = 0; i < channels; i++) p->acc[i] = (int32_t)(uint32_t)(uint64_t)p->acc64[i];
}

static lrt_gemm_epilogue_args epilogue_of(const lrt_dwconv *d, const columns *q, const parts *p) {
  const int32_t shift = d->a_type == LRT_UINT8 ? 128 : 0;
  const bool wide = wide_rule(d);
  return (lrt_gemm_epilogue_args){.acc = p->acc,
                                  .ld_acc = padded(d),
                                  .nr = (int)channels_of(d),
                                  .fold = q->fold,
                                  .mult = q->mult,
                                  .shift = q->shift,
                                  .scale = q->scale,
                                  .zero = d->c_zero - shift,
                                  .lo = d->lo - shift,
                                  .hi = d->hi - shift,
                                  .flip = shift != 0 ? 0x80 : 0,
                                  .acc64 = d->a_type == LRT_INT16 ? p->acc64 : NULL,
                                  .bias64 = q->bias64,
                                  .start = wide && *q->exact_double ? q->start : NULL,
                                  .factor = q->factor,
                                  .ldc = channels_of(d)};
}

static void row_int(const lrt_dwconv *d, const columns *q, const parts *p, char *c) {
  const int64_t channels = channels_of(d), segment = segment_of(d);
  lrt_gemm_epilogue_args e = epilogue_of(d, q, p);
  lrt_gemm_epilogue_fn *finish = d->a_type == LRT_INT16 ? d->epilogue->int16
                                 : d->exact             ? d->epilogue->exact
                                                        : d->epilogue->fast;
  for (int64_t x = 0; x < d->out_w; x += segment) {
    const int64_t count = d->out_w - x < segment ? d->out_w - x : segment;
    find_rows(d, x, count, p);
    if (p->acc64 != NULL)
      long_pixel(d, q, p);
    else
      int_kernel(d)(p->rows, count, taps_of(d), channels, q->w, p->acc, padded(d));
    e.mr = (int)count;
    e.c = c + (size_t)(x * channels) * element(d);
    finish(&e);
  }
}

static void row_bytes(const lrt_dwconv *d, const columns *q, const parts *p, int8_t *c) {
  const int64_t channels = channels_of(d);
  lrt_dwconv_bytes row = {.outside = p->zero,
                          .in_w = d->in_w,
                          .out_w = d->out_w,
                          .channels = channels,
                          .first = -(int64_t)d->pad_left,
                          .stride = d->stride_w,
                          .zero = d->c_zero,
                          .lo = d->lo,
                          .hi = d->hi};
  for (int r = 0; r < 3; r++) {
    const bool outside = p->lines[r] == NULL;
    row.top[r] = outside ? p->zero : (const int8_t *)p->lines[r];
    row.next[r] = outside ? 0 : channels;
  }
  d->kernel->i8_3x3(&row, q->w, c);
}

void lrt_dwconv_run(const lrt_dwconv *d, int64_t tile_begin, int64_t tile_end, void *scratch) {
  columns q;
  parts p;
  union { /* the packed block is only read here */
    const void *from;
    void *to;
  } packed = {d->packed};
  carve_columns(d, packed.to, &q);
  carve_parts(d, scratch, &p);
  fill_zero(d, &p);
  const bool window = by_window(d), bytes = by_bytes(d);
  for (int64_t tile = tile_begin; tile < tile_end; tile++) {
    find_lines(d, tile / d->out_h, tile % d->out_h, &p);
    char *c = (char *)d->c + (size_t)(tile * d->out_w * channels_of(d)) * element(d);
    if (bytes)
      row_bytes(d, &q, &p, (int8_t *)c);
    else if (window)
      row_3x3(d, &q, &p, (float *)(void *)c);
    else if (is_float(d))
      pixels_f32(d, 0, d->out_w, &q, &p, (float *)(void *)c);
    else
      row_int(d, &q, &p, c);
  }
}
