/* gemm_int.c: walks the tiles of an integer product: copies rows into strips, multiplies, applies the epilogue. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "kernels/gemm/gemm_grid.h"
#include "kernels/requant/fixed.h"

/* int16 times int8 over more elements than this may leave int32: 32768 * 128 * 496 < 2^31. */
#define INT16_CHUNK 496
#define GEMV_COLUMNS 64
#define MAX_MR 32
#define NO_VALUE 256

/* A worker's scratch; column arrays are n_step long, rounded up to a multiple of 16. */
typedef struct parts {
  const void **rows;     /* [taps][mr] */
  uint8_t *gathered;     /* [mr][kp] where taps are short */
  void *strip;           /* [mr][kp] of the kernel's strip type */
  uint8_t *outside;      /* [mr][kc] direct: what the rows' padding reads as */
  int64_t apart;         /* direct: of rows, where `rows` holds the first one's taps only; else 0 */
  int32_t outside_value; /* of all rows of `outside`, or NO_VALUE */
  int32_t *acc;          /* [mr][nr], or [GEMV_COLUMNS] */
  int64_t *acc64;        /* [mr][nr]: int16 rows */
  int32_t *fold, *mult, *shift, *w_sums;
  float *scale, *bias_f32;
  int64_t *bias64; /* int16 outputs by the 64-bit rule, like the next three */
  double *start, *factor;
  bool *exact_double;                       /* start and factor may be used */
  int32_t *pads, *sums, *row_add, *a_zeros; /* [mr] */
  float *a_scale;                           /* [mr] */
  int8_t *panels;                           /* [n_step / nr][kp][nr], or [GEMV_COLUMNS][k] */
} parts;

static int64_t k_of(const lrt_gemm_int *g) {
  return g->a.taps * g->a.kc;
}
static int64_t kp_of(const lrt_gemm_int *g) {
  return lrt_gemm_round_up(k_of(g), g->kernel->kr);
}
static size_t strip_size(const lrt_gemm_int *g) {
  return g->kernel->strip == LRT_GEMM_STRIP_S16 ? 2 : 1;
}

/* int16 outputs by the 64-bit rule with its 16-bit multiplier. */
static bool wide_rule(const lrt_gemm_int *g) {
  return g->out_type == LRT_INT16 && !g->bias_is_32 && (g->bias64 != NULL || g->bias == NULL);
}

static int32_t weight_zero(const lrt_gemm_int *g) {
  return g->w_type == LRT_UINT8 ? g->w_zero - 128 : g->w_zero;
}

/* Rows are multiplied where they stand; sums of rows, which need a strip, only weights with a zero point ask for. */
static bool is_direct(const lrt_gemm_int *g) {
  return g->kernel->direct != NULL && !g->grid.gemv && g->a_type != LRT_INT16 && weight_zero(g) == 0;
}
/* Direct rows come in whole steps of the kernel, at least two of them; others are copied side by side first. */
static bool is_gathered(const lrt_gemm_int *g) {
  if (!is_direct(g)) return g->grid.gather;
  return g->a.kc % g->kernel->kr != 0 || (g->a.taps > 1 && g->a.kc < 2 * g->kernel->kr);
}

/* The six arrays of int32 and float, side by side. */
static void carve_columns(lrt_gemm_carve *carve, size_t bytes, parts *p) {
  p->fold = lrt_gemm_carve_take(carve, bytes);
  p->mult = lrt_gemm_carve_take(carve, bytes);
  p->shift = lrt_gemm_carve_take(carve, bytes);
  p->w_sums = lrt_gemm_carve_take(carve, bytes);
  p->scale = lrt_gemm_carve_take(carve, bytes);
  p->bias_f32 = lrt_gemm_carve_take(carve, bytes);
}

/* Bytes of one array of the columns of all outputs; what lies behind the last one may be read. */
static size_t all_columns(const lrt_gemm_int *g) {
  return (size_t)lrt_gemm_round_up(g->groups * g->n + 16, 16) * 4;
}

static size_t carve_parts(const lrt_gemm_int *g, void *scratch, parts *p) {
  lrt_gemm_carve carve = {scratch, 0};
  const size_t mr = (size_t)g->kernel->mr, nr = (size_t)g->kernel->nr, kp = (size_t)kp_of(g);
  const size_t columns = (size_t)lrt_gemm_round_up(g->grid.n_step, 16) * 4, tile = mr * nr;
  memset(p, 0, sizeof *p);
  if (is_direct(g))
    p->outside = lrt_gemm_carve_take(&carve, mr * (size_t)g->a.kc);
  else
    p->strip = lrt_gemm_carve_take(&carve, mr * kp * strip_size(g));
  p->outside_value = NO_VALUE;
  if (is_gathered(g)) p->gathered = lrt_gemm_carve_take(&carve, mr * kp);
  p->rows = lrt_gemm_carve_take(&carve, (size_t)g->a.taps * mr * sizeof(void *));
  p->acc = lrt_gemm_carve_take(&carve, (tile < GEMV_COLUMNS ? GEMV_COLUMNS : tile) * 4);
  if (g->a_type == LRT_INT16) p->acc64 = lrt_gemm_carve_take(&carve, tile * 8);
  if (g->columns == NULL) carve_columns(&carve, columns, p);
  if (wide_rule(g)) {
    p->bias64 = lrt_gemm_carve_take(&carve, 2 * columns);
    p->start = lrt_gemm_carve_take(&carve, 2 * columns);
    p->factor = lrt_gemm_carve_take(&carve, 2 * columns);
    p->exact_double = lrt_gemm_carve_take(&carve, 1);
  }
  p->pads = lrt_gemm_carve_take(&carve, mr * 4);
  p->sums = lrt_gemm_carve_take(&carve, mr * 4);
  p->row_add = lrt_gemm_carve_take(&carve, mr * 4);
  p->a_zeros = lrt_gemm_carve_take(&carve, mr * 4);
  p->a_scale = lrt_gemm_carve_take(&carve, mr * 4);
  if (g->grid.gemv && g->w_type != LRT_INT8) {
    p->panels = lrt_gemm_carve_take(&carve, GEMV_COLUMNS * (size_t)k_of(g));
  } else if (!g->grid.gemv && g->packed == NULL) {
    p->panels = lrt_gemm_carve_take(&carve, (size_t)g->grid.n_step * kp);
  }
  return carve.used;
}

static void sums_by_k(const lrt_gemm_int *g, int32_t *out) {
  const int8_t *w = g->w;
  memset(out, 0, (size_t)g->n * sizeof *out);
  for (int64_t i = 0; i < g->a.kc; i++, w += g->n) {
    for (int64_t n = 0; n < g->n; n++) out[n] = (int32_t)((uint32_t)out[n] + (uint32_t)w[n]);
  }
}

void lrt_gemm_int_sums(const lrt_gemm_int *g, int32_t *out) {
  int8_t chunk[256];
  const int64_t k = k_of(g);
  if (g->by_k) {
    sums_by_k(g, out);
    return;
  }
  for (int64_t n = 0; n < g->groups * g->n; n++) {
    uint32_t sum = 0;
    for (int64_t k0 = 0; k0 < k; k0 += 256) {
      const int64_t count = k - k0 < 256 ? k - k0 : 256;
      lrt_gemm_int_widen(g, n, k0, count, chunk);
      int32_t part = 0;
      for (int64_t i = 0; i < count; i++) part += chunk[i];
      sum += (uint32_t)part;
    }
    out[n] = (int32_t)sum;
  }
}

void lrt_gemm_int_plan(lrt_gemm_int *g, int workers) {
  g->epilogue = lrt_gemm_epilogue_pick(g->ref);
  lrt_gemm_int_plan_for(g, lrt_gemm_int_pick(g->ref, g->a_type == LRT_INT16), workers);
}

void lrt_gemm_int_plan_for(lrt_gemm_int *g, const lrt_gemm_int_kernel *kernel, int workers) {
  const bool wide = g->a_type == LRT_INT16;
  g->kernel = kernel;
  const int64_t column_bytes = kp_of(g) > 0 ? kp_of(g) : 1;
  lrt_gemm_plan_grid(&g->grid, g->a.m, g->n, column_bytes, g->kernel->mr, g->kernel->nr, g->groups, workers);
  g->grid.gemv = !g->a.conv && !g->by_k && g->groups == 1 && g->a.m == 1 && (!wide || g->a.kc <= INT16_CHUNK);
  g->grid.gather = g->a.conv && g->a.taps > 1 && g->a.kc < 16 && !wide;
  if (g->grid.gemv) {
    g->grid.n_step = GEMV_COLUMNS;
    g->grid.n_tiles = lrt_gemm_div_up(g->n, GEMV_COLUMNS);
  }
}

bool lrt_gemm_int_wants_pack(const lrt_gemm_int *g) {
  return !g->grid.gemv;
}

size_t lrt_gemm_int_packed_bytes(const lrt_gemm_int *g) {
  return (size_t)(g->groups * lrt_gemm_round_up(g->n, g->kernel->nr) * kp_of(g));
}

void lrt_gemm_int_pack(const lrt_gemm_int *g, void *packed) {
  const int nr = g->kernel->nr;
  int8_t *panel = packed;
  for (int64_t group = 0; group < g->groups; group++) {
    for (int64_t n0 = 0; n0 < g->n; n0 += nr, panel += kp_of(g) * nr) {
      const int cols = g->n - n0 < nr ? (int)(g->n - n0) : nr;
      lrt_gemm_int_pack_panel(g, group * g->n + n0, cols, panel);
    }
  }
}

int64_t lrt_gemm_int_tiles(const lrt_gemm_int *g) {
  return g->groups * g->grid.m_tiles * g->grid.n_tiles;
}

size_t lrt_gemm_int_scratch(const lrt_gemm_int *g) {
  parts p;
  return carve_parts(g, NULL, &p);
}

/* A zero point of A in the int8 domain. */
static int32_t row_zero(const lrt_gemm_int *g, int32_t zero) {
  return g->a_type == LRT_UINT8 ? zero - 128 : zero;
}

static void copy_columns(void *to, const void *from, int64_t first, int64_t count) {
  if (from != NULL) memcpy(to, (const int32_t *)from + first, (size_t)count * 4);
}

/* Copies parameters to where reading past the last one is harmless, and folds zero points into the bias:
 * sum (s - zs)(w - zw) = sum s w - zs sum w - zw sum s + k zs zw, with s the strip's values. */
static void lay_columns(const lrt_gemm_int *g, int64_t first, int64_t count, size_t bytes, const parts *p) {
  memset(p->fold, 0, 6 * lrt_gemm_align(bytes)); /* the six arrays lie one after the other */
  copy_columns(p->mult, g->mult, first, count);
  copy_columns(p->shift, g->shift, first, count);
  copy_columns(p->w_sums, g->w_sums, first, count);
  copy_columns(p->scale, g->out_type == LRT_FLOAT32 ? g->w_scale : g->scale, first, count);
  copy_columns(p->bias_f32, g->bias_f32, first, count);
  copy_columns(p->fold, g->bias, first, count);
  const int32_t zero = row_zero(g, g->a_zero) + lrt_gemm_strip_offset(g->kernel->strip);
  const uint32_t constant = (uint32_t)k_of(g) * (uint32_t)zero * (uint32_t)weight_zero(g);
  for (int64_t j = 0; j < count; j++) {
    const uint32_t correction = (uint32_t)zero * (uint32_t)p->w_sums[j];
    p->fold[j] = (int32_t)((uint32_t)p->fold[j] - correction + constant);
  }
}

size_t lrt_gemm_int_columns_bytes(const lrt_gemm_int *g) {
  return wide_rule(g) || g->real != NULL ? 0 : 6 * lrt_gemm_align(all_columns(g));
}

void lrt_gemm_int_columns(const lrt_gemm_int *g, void *columns) {
  parts p;
  lrt_gemm_carve carve = {columns, 0};
  carve_columns(&carve, all_columns(g), &p);
  lay_columns(g, 0, g->groups * g->n, all_columns(g), &p);
}

/* Points at the parameters of columns from `first` on, or copies them. */
static void load_columns(const lrt_gemm_int *g, int64_t first, int64_t count, parts *p) {
  if (g->columns != NULL) {
    union { /* only read here */
      const void *from;
      void *to;
    } columns = {g->columns};
    lrt_gemm_carve carve = {columns.to, 0};
    carve_columns(&carve, all_columns(g), p);
    p->fold += first, p->mult += first, p->shift += first, p->w_sums += first;
    p->scale += first, p->bias_f32 += first;
    return;
  }
  const size_t bytes = (size_t)lrt_gemm_round_up(g->grid.n_step, 16) * 4;
  lay_columns(g, first, count, bytes, p);
  if (!wide_rule(g)) return;
  memset(p->bias64, 0, 3 * lrt_gemm_align(2 * bytes));
  if (g->bias64 != NULL) memcpy(p->bias64, g->bias64 + first, (size_t)count * sizeof *p->bias64);
  *p->exact_double = lrt_gemm_int16_factors(p->bias64, p->mult, p->shift, count, p->start, p->factor);
}

/* acc + bias below 2^37 times a 15-bit multiplier is below 2^52: exact in a double, as is adding one half. */
bool lrt_gemm_int16_factors(const int64_t *bias64, const int32_t *mult, const int32_t *shift, int64_t count,
                            double *start, double *factor) {
  bool exact = true;
  for (int64_t j = 0; j < count; j++) {
    const int32_t reduced = mult[j] < 0x7FFF0000 ? (mult[j] + (1 << 15)) >> 16 : 0x7FFF;
    exact = exact && bias64[j] < (INT64_C(1) << 36) && bias64[j] > -(INT64_C(1) << 36) && shift[j] <= 0;
    start[j] = (double)bias64[j];
    factor[j] = ldexp((double)reduced, shift[j] - 15);
  }
  return exact;
}

/* int16 rows: copied as they are; outside the picture 0. */
static void fill_int16(const lrt_gemm_strip_args *args) {
  for (int r = 0; r < args->mr; r++) {
    int16_t *dst = (int16_t *)args->strip + r * args->lda;
    for (int64_t t = 0; t < args->taps; t++, dst += args->kc) {
      const void *src = args->rows[t * args->row_step + r];
      if (src != NULL)
        memcpy(dst, src, (size_t)args->kc * 2);
      else
        memset(dst, 0, (size_t)args->kc * 2);
    }
    for (int64_t i = args->taps * args->kc; i < args->lda; i++) *dst++ = 0;
  }
}

/* Short taps: whole rows are copied first. */
static void gather(const lrt_gemm_int *g, const void *data, int64_t m, int mr, int64_t ld, const parts *p) {
  uint8_t pads[MAX_MR];
  for (int r = 0; r < mr; r++) pads[r] = (uint8_t)((uint8_t)p->pads[r] ^ (g->a_type == LRT_UINT8 ? 0x80 : 0));
  lrt_gemm_gather(&g->a, data, 1, m, mr, pads, p->gathered, ld);
  for (int r = 0; r < mr; r++) p->rows[r] = p->gathered + r * ld;
}

/* Zero points and scales of rows [m, m + mr). */
static void load_zeros(const lrt_gemm_int *g, int64_t m, int mr, const parts *p) {
  const int32_t offset = lrt_gemm_strip_offset(g->kernel->strip);
  for (int r = 0; r < mr; r++) {
    int32_t zero = g->a_zero;
    if (g->out_type == LRT_FLOAT32) {
      const int64_t index = g->rows_per_scale == 1 ? m + r : (m + r) / g->rows_per_scale;
      zero = g->a_zeros[index];
      p->a_scale[r] = g->a_scale[index];
    }
    p->pads[r] = row_zero(g, zero);
    p->a_zeros[r] = p->pads[r] + offset;
  }
}

/* Rows [m, m + mr) into the strip, with what the epilogue wants to know about them. */
static void load_strip(const lrt_gemm_int *g, int64_t group, int64_t m, int mr, const parts *p) {
  const size_t size = g->a_type == LRT_INT16 ? 2 : 1;
  const char *data = (const char *)g->a.data + (size_t)(group * g->a.kc) * size;
  const int32_t zw = weight_zero(g);
  load_zeros(g, m, mr, p);
  if (g->grid.gather)
    gather(g, data, m, mr, k_of(g), p);
  else
    lrt_gemm_rows(&g->a, data, size, m, mr, g->kernel->mr, NULL, p->rows);
  const lrt_gemm_strip_args args = {.rows = (const uint8_t *const *)p->rows,
                                    .taps = g->grid.gather ? 1 : g->a.taps,
                                    .kc = g->grid.gather ? k_of(g) : g->a.kc,
                                    .lda = kp_of(g),
                                    .mr = mr,
                                    .row_step = g->kernel->mr,
                                    .flip = g->a_type == LRT_UINT8 ? 0x80 : 0,
                                    .pads = p->pads,
                                    .strip = p->strip,
                                    .sums = zw != 0 ? p->sums : NULL};
  if (g->a_type == LRT_INT16)
    fill_int16(&args);
  else
    g->kernel->fill(&args);
  for (int r = 0; zw != 0 && r < mr; r++) p->row_add[r] = (int32_t)(0U - (uint32_t)zw * (uint32_t)p->sums[r]);
}

/* Makes `outside` read as the rows' zero points; rows of several pictures may differ. */
static bool fill_outside(const lrt_gemm_int *g, int mr, parts *p) {
  const int flip = g->a_type == LRT_UINT8 ? 0x80 : 0;
  bool same = true;
  for (int r = 1; r < mr; r++) same = same && p->pads[r] == p->pads[0];
  if (same && p->pads[0] == p->outside_value) return true;
  p->outside_value = same ? p->pads[0] : NO_VALUE;
  for (int r = 0; r < mr; r++) memset(p->outside + r * g->a.kc, (p->pads[r] ^ flip) & 255, (size_t)g->a.kc);
  return same;
}

/* Pointers to rows [m, m + mr), for kernels that need no strip. */
static void point_at_rows(const lrt_gemm_int *g, int64_t group, int64_t m, int mr, parts *p) {
  const char *data = (const char *)g->a.data + group * g->a.kc;
  const int step = g->kernel->mr;
  load_zeros(g, m, mr, p);
  p->apart = 0;
  if (is_gathered(g)) {
    gather(g, data, m, mr, kp_of(g), p);
    for (int r = mr; r < step; r++) p->rows[r] = p->rows[0];
    return;
  }
  if (mr == step) p->apart = lrt_gemm_first_row(&g->a, data, 1, m, mr, p->rows);
  if (p->apart > 0) return;
  const bool same = !g->a.conv || fill_outside(g, mr, p);
  lrt_gemm_rows(&g->a, data, 1, m, mr, step, same ? p->outside : NULL, p->rows);
  if (same) return;
  for (int64_t i = 0; i < g->a.taps * step; i++)
    if (p->rows[i] == NULL) p->rows[i] = p->outside + (i % step < mr ? i % step : 0) * g->a.kc;
}

static void store_int32(const lrt_gemm_epilogue_args *e) {
  for (int r = 0; r < e->mr; r++) {
    int32_t *c = (int32_t *)e->c + r * e->ldc;
    for (int j = 0; j < e->nr; j++) {
      const uint32_t row_add = (uint32_t)(e->row_add != NULL ? e->row_add[r] : 0);
      c[j] = (int32_t)((uint32_t)e->acc[r * e->ld_acc + j] + (uint32_t)e->fold[j] + row_add);
    }
  }
}

/* round((acc + bias) * real): `first` = column of the whole tensor. */
static void store_real(const lrt_gemm_int *g, const lrt_gemm_epilogue_args *e, int64_t first) {
  const double lo = g->lo - g->c_zero, hi = g->hi - g->c_zero;
  for (int r = 0; r < e->mr; r++) {
    for (int j = 0; j < e->nr; j++) {
      const int64_t at = r * e->ldc + j;
      const uint32_t row_add = (uint32_t)(e->row_add != NULL ? e->row_add[r] : 0);
      int64_t sum = (int32_t)((uint32_t)e->acc[r * e->ld_acc + j] + (uint32_t)e->fold[j] + row_add);
      if (e->acc64 != NULL) sum = e->acc64[r * e->ld_acc + j] + e->fold[j];
      if (g->bias64 != NULL) sum = (int64_t)((uint64_t)sum + (uint64_t)g->bias64[first + j]);
      double v = round((double)sum * g->real[first + j]);
      v = v > lo ? v : lo;
      v = v < hi ? v : hi;
      const int32_t q = (int32_t)v + g->c_zero;
      if (g->out_type == LRT_INT16)
        ((int16_t *)e->c)[at] = (int16_t)q;
      else
        ((uint8_t *)e->c)[at] = (uint8_t)q;
    }
  }
}

static void finish(const lrt_gemm_int *g, const lrt_gemm_epilogue_args *e, int64_t first) {
  if (g->real != NULL) {
    store_real(g, e, first);
    return;
  }
  switch (g->out_type) {
  case LRT_FLOAT32: g->epilogue->f32(e); break;
  case LRT_INT32: store_int32(e); break;
  case LRT_INT16: g->epilogue->int16(e); break;
  default: (g->exact ? g->epilogue->exact : g->epilogue->fast)(e);
  }
}

/* The part of the epilogue's arguments that all tiles share. */
static lrt_gemm_epilogue_args epilogue_base(const lrt_gemm_int *g, const parts *p) {
  const int32_t shift = g->out_type == LRT_UINT8 ? 128 : 0;
  return (lrt_gemm_epilogue_args){.acc = p->acc,
                                  .zero = g->c_zero - shift,
                                  .lo = g->lo - shift,
                                  .hi = g->hi - shift,
                                  .flip = shift != 0 ? 0x80 : 0,
                                  .a_scale = p->a_scale,
                                  .a_zeros = p->a_zeros,
                                  .row_add = weight_zero(g) != 0 ? p->row_add : NULL,
                                  .flo = g->flo,
                                  .fhi = g->fhi,
                                  .ldc = g->ldc};
}

static void set_columns(const lrt_gemm_int *g, lrt_gemm_epilogue_args *e, const parts *p, int64_t at) {
  e->fold = p->fold + at;
  e->mult = p->mult + at;
  e->shift = p->shift + at;
  e->scale = p->scale + at;
  e->w_sums = p->w_sums + at;
  e->bias = p->bias_f32 + at;
  if (!wide_rule(g)) return;
  e->bias64 = p->bias64 + at;
  e->start = *p->exact_double ? p->start + at : NULL;
  e->factor = p->factor + at;
}

static size_t out_size(const lrt_gemm_int *g) {
  return g->out_type == LRT_INT16 ? 2 : g->out_type == LRT_FLOAT32 || g->out_type == LRT_INT32 ? 4 : 1;
}

/* One MR x NR tile of accumulators; true when they are in acc64. */
static bool multiply(const lrt_gemm_int *g, const parts *p, const int8_t *panel, int nr) {
  const int64_t kp = kp_of(g);
  if (is_direct(g)) {
    const bool whole = is_gathered(g);
    g->kernel->direct((const uint8_t *const *)p->rows, p->apart, whole ? 1 : g->a.taps, whole ? kp : g->a.kc,
                      g->a_type == LRT_UINT8 ? 0 : 0x80808080U, panel, p->acc, nr);
    return false;
  }
  if (g->a_type != LRT_INT16 || kp <= INT16_CHUNK) {
    g->kernel->run(p->strip, kp, kp, panel, p->acc, nr);
    return false;
  }
  const int tile = g->kernel->mr * g->kernel->nr;
  memset(p->acc64, 0, (size_t)tile * sizeof *p->acc64);
  for (int64_t k0 = 0; k0 < kp; k0 += INT16_CHUNK) {
    const int64_t count = kp - k0 < INT16_CHUNK ? kp - k0 : INT16_CHUNK;
    g->kernel->run((const int16_t *)p->strip + k0, kp, count, panel + k0 * g->kernel->nr, p->acc, nr);
    for (int i = 0; i < tile; i++) p->acc64[i] += p->acc[i];
  }
  return true;
}

static const int8_t *tile_panels(const lrt_gemm_int *g, const lrt_gemm_tile *tile, const parts *p) {
  const int nr = g->kernel->nr;
  const int64_t kp = kp_of(g);
  if (g->packed != NULL) {
    const int64_t panel = tile->group * lrt_gemm_div_up(g->n, nr) + tile->n0 / nr;
    return (const int8_t *)g->packed + panel * kp * nr;
  }
  for (int64_t n = tile->n0; n < tile->n1; n += nr) {
    const int cols = tile->n1 - n < nr ? (int)(tile->n1 - n) : nr;
    lrt_gemm_int_pack_panel(g, tile->group * g->n + n, cols, p->panels + (n - tile->n0) * kp);
  }
  return p->panels;
}

static void run_tile(const lrt_gemm_int *g, const lrt_gemm_tile *tile, parts *p) {
  const int step = g->kernel->mr, nr = g->kernel->nr;
  const bool direct = is_direct(g);
  const int64_t first = tile->group * g->n;
  const int8_t *panels = tile_panels(g, tile, p);
  lrt_gemm_epilogue_args e = epilogue_base(g, p);
  e.ld_acc = nr;
  load_columns(g, first + tile->n0, tile->n1 - tile->n0, p);
  int64_t told = tile->m0;
  for (int64_t m = tile->m0; m < tile->m1; m += step) {
    e.mr = tile->m1 - m < step ? (int)(tile->m1 - m) : step;
    if (direct)
      point_at_rows(g, tile->group, m, e.mr, p);
    else
      load_strip(g, tile->group, m, e.mr, p);
    for (int64_t n = tile->n0; n < tile->n1; n += nr) {
      const int64_t at = n - tile->n0;
      e.nr = tile->n1 - n < nr ? (int)(tile->n1 - n) : nr;
      const bool wide = multiply(g, p, panels + at * kp_of(g), e.nr);
      set_columns(g, &e, p, at);
      e.acc64 = wide ? p->acc64 : NULL;
      e.c = (char *)g->c + (size_t)(m * g->ldc + first + n) * out_size(g);
      finish(g, &e, first + n);
    }
    lrt_gemm_tell_rows(&g->made, g->ldc, &told, m + e.mr, m + e.mr == tile->m1, first + tile->n0,
                       first + tile->n1);
  }
}

/* Matrix times vector from the file's layout; the strip is loaded. */
static void run_gemv(const lrt_gemm_int *g, const lrt_gemm_tile *tile, parts *p) {
  const int64_t k = g->a.kc, count = tile->n1 - tile->n0;
  const int8_t *w = p->panels;
  if (w == NULL)
    w = (const int8_t *)g->w + tile->n0 * k;
  else
    for (int64_t j = 0; j < count; j++) lrt_gemm_int_widen(g, tile->n0 + j, 0, k, p->panels + j * k);
  lrt_gemm_epilogue_args e = epilogue_base(g, p);
  load_columns(g, tile->n0, count, p);
  g->kernel->gemv(p->strip, k, w, k, (int)count, p->acc);
  e.ld_acc = GEMV_COLUMNS;
  e.mr = 1;
  e.nr = (int)count;
  set_columns(g, &e, p, 0);
  e.c = (char *)g->c + (size_t)tile->n0 * out_size(g);
  finish(g, &e, tile->n0);
}

void lrt_gemm_int_run(const lrt_gemm_int *g, int64_t tile_begin, int64_t tile_end, void *scratch) {
  parts p;
  carve_parts(g, scratch, &p);
  if (g->grid.gemv && tile_begin < tile_end)
    load_strip(g, 0, 0, 1, &p);
  else if (p.strip != NULL) /* rows past the last one are read too */
    memset(p.strip, 0, (size_t)(g->kernel->mr * kp_of(g)) * strip_size(g));
  else if (p.gathered != NULL) /* and what lies between the ends of rows and whole steps */
    memset(p.gathered, 0, (size_t)(g->kernel->mr * kp_of(g)));
  for (int64_t index = tile_begin; index < tile_end; index++) {
    const lrt_gemm_tile tile = lrt_gemm_tile_at(&g->grid, g->a.m, g->n, index);
    if (!g->grid.gemv) {
      run_tile(g, &tile, &p);
      continue;
    }
    run_gemv(g, &tile, &p);
    if (g->made.fn != NULL) g->made.fn(g->made.arg, tile.n0, tile.n1);
  }
}
