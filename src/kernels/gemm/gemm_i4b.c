/* gemm_i4b.c: int8 rows times blockwise int4 weights: vectors from the file's layout, matrices through int8 panels. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/half.h"
#include "kernels/gemm/gemm_grid.h"

/* A worker's scratch. */
typedef struct parts {
  uint8_t *x;          /* vector: [k] plus 128, even and odd elements of each 32 apart */
  const void **rows;   /* [mr] */
  void *strip;         /* [mr][k] */
  int32_t *pads;       /* [mr] */
  int32_t *acc;        /* [mr][nr] */
  float *sum;          /* [mr][nr] */
  float *y;            /* [n_step] */
  int8_t *panel;       /* [k][nr] */
  float *scale;        /* [k / block][nr] */
  int32_t *block_sums; /* [k / block][nr]: what the strip's offset adds to that of 128 */
} parts;

static size_t carve_parts(const lrt_gemm_i4b *g, void *scratch, parts *p) {
  lrt_gemm_carve carve = {scratch, 0};
  const size_t k = (size_t)g->k, mr = (size_t)g->kernel->mr, nr = (size_t)g->kernel->nr;
  memset(p, 0, sizeof *p);
  if (g->grid.gemv) {
    p->x = lrt_gemm_carve_take(&carve, k);
    p->y = lrt_gemm_carve_take(&carve, (size_t)g->grid.n_step * 4);
    return carve.used;
  }
  p->rows = lrt_gemm_carve_take(&carve, mr * sizeof(void *));
  p->strip = lrt_gemm_carve_take(&carve, mr * k * (g->kernel->strip == LRT_GEMM_STRIP_S16 ? 2 : 1));
  p->pads = lrt_gemm_carve_take(&carve, mr * 4);
  p->acc = lrt_gemm_carve_take(&carve, mr * nr * 4);
  p->sum = lrt_gemm_carve_take(&carve, mr * nr * 4);
  p->panel = lrt_gemm_carve_take(&carve, k * nr);
  p->scale = lrt_gemm_carve_take(&carve, k / (size_t)g->block * nr * 4);
  p->block_sums = lrt_gemm_carve_take(&carve, k / (size_t)g->block * nr * 4);
  return carve.used;
}

void lrt_gemm_i4b_sums(const lrt_gemm_i4b *g, float *out) {
  const int64_t blocks = g->k / g->block;
  for (int64_t n = 0; n < g->n; n++) {
    const uint8_t *w = g->w + n * (g->k / 2);
    float total = 0;
    for (int64_t b = 0; b < blocks; b++) {
      int32_t sum = 0;
      for (int64_t i = 0; i < g->block / 2; i++, w++) sum += ((*w & 15) ^ 8) + ((*w >> 4) ^ 8) - 16;
      total += lrt_half_to_float(g->w_scale[n * blocks + b]) * (float)sum;
    }
    out[n] = total;
  }
}

void lrt_gemm_i4b_plan(lrt_gemm_i4b *g, int workers) {
  g->gemv = lrt_gemm_i4b_pick(g->ref);
  lrt_gemm_i4b_plan_for(g, lrt_gemm_int_pick(g->ref, false), workers);
}

void lrt_gemm_i4b_plan_for(lrt_gemm_i4b *g, const lrt_gemm_int_kernel *kernel, int workers) {
  g->kernel = kernel;
  g->grid.gather = false;
  g->grid.gemv = g->m == 1;
  g->grid.n_step = g->grid.gemv ? 64 : g->kernel->nr;
  g->grid.n_tiles = lrt_gemm_div_up(g->n, g->grid.n_step);
  const int64_t wanted = g->grid.gemv ? 1 : lrt_gemm_div_up(2 * (int64_t)workers, g->grid.n_tiles);
  g->grid.m_step = lrt_gemm_round_up(lrt_gemm_div_up(g->m, wanted), g->kernel->mr);
  g->grid.m_tiles = lrt_gemm_div_up(g->m, g->grid.m_step);
}

int64_t lrt_gemm_i4b_tiles(const lrt_gemm_i4b *g) {
  return g->grid.m_tiles * g->grid.n_tiles;
}

size_t lrt_gemm_i4b_scratch(const lrt_gemm_i4b *g) {
  parts p;
  return carve_parts(g, NULL, &p);
}

/* The vector's elements as lrt_gemm_i4b_fn wants them. */
static void split_vector(const lrt_gemm_i4b *g, const parts *p) {
  for (int64_t i = 0; i < g->k; i += 32) {
    for (int64_t q = 0; q < 16; q++) {
      p->x[i + q] = (uint8_t)(g->a[i + 2 * q] + 128);
      p->x[i + 16 + q] = (uint8_t)(g->a[i + 2 * q + 1] + 128);
    }
  }
}

/* What the zero point of row m contributes. */
static float start(const lrt_gemm_i4b *g, int64_t m, int64_t n) {
  return -(float)(g->a_zeros[m] + 128) * g->w_sums[n];
}

static float finish(const lrt_gemm_i4b *g, int64_t m, int64_t n, float sum) {
  const float v = g->a_scale[m] * sum + (g->bias != NULL ? g->bias[n] : 0);
  const float low = v < g->lo ? g->lo : v;
  return low > g->hi ? g->hi : low;
}

static void run_gemv(const lrt_gemm_i4b *g, int64_t n0, int64_t n1, const parts *p) {
  const int64_t blocks = g->k / g->block;
  for (int64_t n = n0; n < n1; n++) p->y[n - n0] = start(g, 0, n);
  g->gemv->run(p->x, g->k, g->block, g->w + n0 * (g->k / 2), g->w_scale + n0 * blocks, n1 - n0, p->y);
  for (int64_t n = n0; n < n1; n++) g->c[n] = finish(g, 0, n, p->y[n - n0]);
}

/* Columns [n0, n1) as an int8 panel with widened scales; missing columns are zero. */
static void load_panel(const lrt_gemm_i4b *g, int64_t n0, int64_t n1, const parts *p) {
  const int nr = g->kernel->nr;
  const int64_t blocks = g->k / g->block;
  const int32_t offset = lrt_gemm_strip_offset(g->kernel->strip) - 128;
  const lrt_gemm_int weights = {
      .a = {.taps = 1, .kc = g->k}, .w = g->w, .w_type = LRT_INT4, .kernel = g->kernel};
  lrt_gemm_int_pack_panel(&weights, n0, (int)(n1 - n0), p->panel);
  memset(p->scale, 0, (size_t)(blocks * nr) * 4);
  memset(p->block_sums, 0, (size_t)(blocks * nr) * 4);
  for (int64_t j = 0; j < n1 - n0; j++) {
    for (int64_t b = 0; b < blocks; b++) {
      p->scale[b * nr + j] = lrt_half_to_float(g->w_scale[(n0 + j) * blocks + b]);
      for (int64_t i = 0; offset != 0 && i < g->block; i += 32) {
        int8_t values[32];
        int32_t sum = 0;
        lrt_gemm_int_widen(&weights, n0 + j, b * g->block + i, 32, values);
        for (int q = 0; q < 32; q++) sum += values[q];
        p->block_sums[b * nr + j] += sum * offset;
      }
    }
  }
}

static void run_tile(const lrt_gemm_i4b *g, const lrt_gemm_tile *tile, const parts *p) {
  const int step = g->kernel->mr, nr = g->kernel->nr;
  const int64_t size = g->kernel->strip == LRT_GEMM_STRIP_S16 ? 2 : 1;
  load_panel(g, tile->n0, tile->n1, p);
  for (int64_t m = tile->m0; m < tile->m1; m += step) {
    const int mr = tile->m1 - m < step ? (int)(tile->m1 - m) : step;
    for (int r = 0; r < mr; r++) p->rows[r] = g->a + (m + r) * g->lda;
    const lrt_gemm_strip_args args = {.rows = (const uint8_t *const *)p->rows,
                                      .taps = 1,
                                      .kc = g->k,
                                      .lda = g->k,
                                      .mr = mr,
                                      .row_step = step,
                                      .pads = p->pads,
                                      .strip = p->strip};
    g->kernel->fill(&args);
    memset(p->sum, 0, (size_t)(step * nr) * 4);
    for (int r = 0; r < mr; r++)
      for (int64_t n = tile->n0; n < tile->n1; n++) p->sum[r * nr + n - tile->n0] = start(g, m + r, n);
    for (int64_t b = 0; b < g->k / g->block; b++) {
      g->kernel->run((const char *)p->strip + b * g->block * size, g->k, g->block,
                     p->panel + b * g->block * nr, p->acc, nr);
      g->gemv->add(p->acc, p->block_sums + b * nr, p->scale + b * nr, p->sum, mr, nr);
    }
    for (int r = 0; r < mr; r++) {
      float *c = g->c + (m + r) * g->ldc;
      for (int64_t n = tile->n0; n < tile->n1; n++) c[n] = finish(g, m + r, n, p->sum[r * nr + n - tile->n0]);
    }
  }
}

void lrt_gemm_i4b_run(const lrt_gemm_i4b *g, int64_t tile_begin, int64_t tile_end, void *scratch) {
  parts p;
  carve_parts(g, scratch, &p);
  if (g->grid.gemv) {
    split_vector(g, &p);
  } else {
    memset(p.pads, 0, (size_t)g->kernel->mr * 4);
    memset(p.strip, 0, (size_t)(g->kernel->mr * g->k) * (g->kernel->strip == LRT_GEMM_STRIP_S16 ? 2 : 1));
  }
  for (int64_t index = tile_begin; index < tile_end; index++) {
    const lrt_gemm_tile tile = lrt_gemm_tile_at(&g->grid, g->m, g->n, index);
    if (g->grid.gemv)
      run_gemv(g, tile.n0, tile.n1, &p);
    else
      run_tile(g, &tile, &p);
  }
}
