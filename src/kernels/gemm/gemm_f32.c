/* gemm_f32.c: walks the tiles of an f32 product: rows by pointer, panels packed once or just before use. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/gemm/gemm_grid.h"

/* A worker's scratch. */
typedef struct parts {
  float *zero;             /* [kc]: pixels outside the picture */
  const void **rows;       /* [taps][mr] */
  const void **strip_rows; /* [mr]: rows of `strip` */
  float *strip;            /* [mr][k] when rows are copied */
  float *bias;             /* [n_step] padded to nr */
  float *panels;           /* [n_step / nr][k][nr] when not packed */
  float *wide;             /* [4][k]: weights of other types, matrix times vector */
} parts;

static size_t carve_parts(const lrt_gemm_f32 *g, void *scratch, parts *p) {
  lrt_gemm_carve carve = {scratch, 0};
  const size_t k = (size_t)(g->a.taps * g->a.kc), mr = (size_t)g->kernel->mr, size = sizeof(float);
  memset(p, 0, sizeof *p);
  if (g->grid.gemv) {
    p->wide = lrt_gemm_carve_take(&carve, 4 * k * size);
    return carve.used;
  }
  p->zero = lrt_gemm_carve_take(&carve, (size_t)g->a.kc * size);
  p->rows = lrt_gemm_carve_take(&carve, (size_t)g->a.taps * mr * sizeof(void *));
  p->strip_rows = lrt_gemm_carve_take(&carve, mr * sizeof(void *));
  if (g->grid.gather) p->strip = lrt_gemm_carve_take(&carve, mr * k * size);
  p->bias = lrt_gemm_carve_take(&carve, (size_t)g->grid.n_step * size);
  if (g->packed == NULL) p->panels = lrt_gemm_carve_take(&carve, (size_t)g->grid.n_step * k * size);
  return carve.used;
}

void lrt_gemm_f32_plan(lrt_gemm_f32 *g, int workers) {
  lrt_gemm_f32_plan_for(g, lrt_gemm_f32_pick(g->ref), workers);
}

void lrt_gemm_f32_plan_for(lrt_gemm_f32 *g, const lrt_gemm_f32_kernel *kernel, int workers) {
  const int64_t k = g->a.taps * g->a.kc;
  g->kernel = kernel;
  const int mr = g->kernel->mr, nr = g->kernel->nr;
  lrt_gemm_plan_grid(&g->grid, g->a.m, g->n, k * 4 > 0 ? k * 4 : 1, mr, nr, g->groups, workers);
  g->grid.gemv = !g->a.conv && !g->by_k && g->groups == 1 && g->a.m == 1;
  g->grid.gather = g->a.conv && g->a.taps > 1 && g->a.kc < 16;
  if (g->grid.gemv) {
    g->grid.n_step = 64;
    g->grid.n_tiles = lrt_gemm_div_up(g->n, 64);
  }
}

bool lrt_gemm_f32_wants_pack(const lrt_gemm_f32 *g) {
  return !g->grid.gemv;
}

size_t lrt_gemm_f32_packed_bytes(const lrt_gemm_f32 *g) {
  const int64_t panels = lrt_gemm_div_up(g->n, g->kernel->nr);
  return (size_t)(g->groups * panels * g->kernel->nr * g->a.taps * g->a.kc) * sizeof(float);
}

void lrt_gemm_f32_pack(const lrt_gemm_f32 *g, void *packed) {
  const int nr = g->kernel->nr;
  float *panel = packed;
  for (int64_t group = 0; group < g->groups; group++) {
    for (int64_t n0 = 0; n0 < g->n; n0 += nr, panel += g->a.taps * g->a.kc * nr) {
      const int cols = g->n - n0 < nr ? (int)(g->n - n0) : nr;
      lrt_gemm_f32_pack_panel(g, group * g->n + n0, cols, nr, panel);
    }
  }
}

int64_t lrt_gemm_f32_tiles(const lrt_gemm_f32 *g) {
  return g->groups * g->grid.m_tiles * g->grid.n_tiles;
}

size_t lrt_gemm_f32_scratch(const lrt_gemm_f32 *g) {
  parts p;
  return carve_parts(g, NULL, &p);
}

/* Rows of `strip`; those past mr repeat the first. */
static void point_at_strip(const lrt_gemm_f32 *g, const parts *p, int mr) {
  const int64_t k = g->a.taps * g->a.kc;
  for (int r = 0; r < g->kernel->mr; r++) p->strip_rows[r] = p->strip + (r < mr ? r : 0) * k;
}

/* Panels and bias of the tile's columns. */
static const float *tile_panels(const lrt_gemm_f32 *g, const lrt_gemm_tile *tile, const parts *p) {
  const int nr = g->kernel->nr;
  const int64_t k = g->a.taps * g->a.kc, first = tile->group * g->n;
  memset(p->bias, 0, (size_t)g->grid.n_step * sizeof(float));
  if (g->bias != NULL) {
    memcpy(p->bias, g->bias + first + tile->n0, (size_t)(tile->n1 - tile->n0) * sizeof(float));
  }
  if (g->packed != NULL) {
    const int64_t panel = tile->group * lrt_gemm_div_up(g->n, nr) + tile->n0 / nr;
    return (const float *)g->packed + panel * k * nr;
  }
  for (int64_t n = tile->n0; n < tile->n1; n += nr) {
    const int cols = tile->n1 - n < nr ? (int)(tile->n1 - n) : nr;
    lrt_gemm_f32_pack_panel(g, first + n, cols, nr, p->panels + (n - tile->n0) * k);
  }
  return p->panels;
}

static void run_tile(const lrt_gemm_f32 *g, const lrt_gemm_tile *tile, const parts *p) {
  const int step = g->kernel->mr, nr = g->kernel->nr;
  const int64_t k = g->a.taps * g->a.kc;
  const float *data = (const float *)g->a.data + tile->group * g->a.kc;
  const float *panels = tile_panels(g, tile, p);
  const int64_t first = tile->group * g->n;
  int64_t told = tile->m0;
  for (int64_t m = tile->m0; m < tile->m1; m += step) {
    const int mr = tile->m1 - m < step ? (int)(tile->m1 - m) : step;
    if (g->grid.gather) {
      lrt_gemm_gather(&g->a, data, sizeof(float), m, mr, NULL, p->strip, k);
      point_at_strip(g, p, mr);
    } else {
      lrt_gemm_rows(&g->a, data, sizeof(float), m, mr, step, p->zero, p->rows);
    }
    const void **rows = g->grid.gather ? p->strip_rows : p->rows;
    const int64_t taps = g->grid.gather ? 1 : g->a.taps, kc = g->grid.gather ? k : g->a.kc;
    float *c = g->c + m * g->ldc + tile->group * g->n;
    for (int64_t n = tile->n0; n < tile->n1; n += nr) {
      const int cols = tile->n1 - n < nr ? (int)(tile->n1 - n) : nr;
      g->kernel->run((const float *const *)rows, taps, kc, panels + (n - tile->n0) * k,
                     p->bias + (n - tile->n0), g->lo, g->hi, c + n, g->ldc, mr, cols);
    }
    lrt_gemm_tell_rows(&g->made, g->ldc, &told, m + mr, m + mr == tile->m1, first + tile->n0,
                       first + tile->n1);
  }
}

/* Matrix times vector, columns [n0, n1), from the file's layout; other types are widened four rows at a time. */
static void run_gemv(const lrt_gemm_f32 *g, int64_t n0, int64_t n1, const parts *p) {
  const int64_t k = g->a.kc;
  const float *x = g->a.data, *bias = g->bias != NULL ? g->bias + n0 : NULL;
  if (g->w_type == LRT_FLOAT32) {
    g->kernel->gemv_f32(x, k, (const float *)g->w + n0 * k, k, n1 - n0, bias, g->lo, g->hi, g->c + n0);
    return;
  }
  if (g->w_type == LRT_FLOAT16) {
    g->kernel->gemv_f16(x, k, (const uint16_t *)g->w + n0 * k, k, n1 - n0, bias, g->lo, g->hi, g->c + n0);
    return;
  }
  for (int64_t n = n0; n < n1; n += 4) {
    const int64_t count = n1 - n < 4 ? n1 - n : 4;
    for (int64_t j = 0; j < count; j++) lrt_gemm_f32_widen(g, n + j, 0, k, p->wide + j * k);
    g->kernel->gemv_f32(x, k, p->wide, k, count, bias != NULL ? bias + (n - n0) : NULL, g->lo, g->hi,
                        g->c + n);
  }
}

void lrt_gemm_f32_run(const lrt_gemm_f32 *g, int64_t tile_begin, int64_t tile_end, void *scratch) {
  parts p;
  carve_parts(g, scratch, &p);
  if (p.zero != NULL) memset(p.zero, 0, (size_t)g->a.kc * sizeof(float));
  for (int64_t index = tile_begin; index < tile_end; index++) {
    const lrt_gemm_tile tile = lrt_gemm_tile_at(&g->grid, g->a.m, g->n, index);
    if (!g->grid.gemv) {
      run_tile(g, &tile, &p);
      continue;
    }
    run_gemv(g, tile.n0, tile.n1, &p);
    if (g->made.fn != NULL) g->made.fn(g->made.arg, tile.n0, tile.n1);
  }
}
