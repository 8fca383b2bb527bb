/* gemm_grid.h: cuts a product into tiles that fit the caches and are enough for all workers. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_GEMM_GRID_H
#define LRT_KERNELS_GEMM_GRID_H

#include "kernels/gemm/gemm_core.h"

static inline int64_t lrt_gemm_div_up(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
static inline int64_t lrt_gemm_round_up(int64_t a, int64_t b) {
  return lrt_gemm_div_up(a, b) * b;
}
static inline size_t lrt_gemm_align(size_t bytes) {
  return (bytes + 63) & ~(size_t)63;
}

/* Columns whose panels stay in a 256 KB share of L2 (at least one panel); then rows so that there are about four
 * tiles per worker, though never fewer than eight strips per tile: packing a panel must be repaid. */
static inline void lrt_gemm_plan_grid(lrt_gemm_grid *grid, int64_t m, int64_t n, int64_t column_bytes, int mr,
                                      int nr, int64_t groups, int workers) {
  int64_t n_step = (256 * 1024 / column_bytes) / nr * nr;
  if (n_step < nr) n_step = nr;
  n_step = n_step < n ? n_step : lrt_gemm_round_up(n, nr);
  grid->n_tiles = lrt_gemm_div_up(n, n_step);
  grid->n_step = lrt_gemm_round_up(lrt_gemm_div_up(n, grid->n_tiles), nr); /* even shares */
  grid->n_tiles = lrt_gemm_div_up(n, grid->n_step);
  const int64_t wanted = workers > 1 ? 4 * (int64_t)workers : 1;
  const int64_t m_tiles = lrt_gemm_div_up(wanted, grid->n_tiles * groups);
  int64_t m_step = lrt_gemm_round_up(lrt_gemm_div_up(m, m_tiles), mr);
  if (m_step < 8 * mr) m_step = 8 * mr;
  if (m_step >= m) m_step = lrt_gemm_round_up(m, mr);
  grid->m_step = m_step;
  grid->m_tiles = lrt_gemm_div_up(m, m_step);
  if (workers > 1 && grid->m_tiles * grid->n_tiles * groups < workers) { /* few rows: share out the columns */
    grid->n_step = lrt_gemm_round_up(lrt_gemm_div_up(n, 2 * (int64_t)workers), nr);
    grid->n_tiles = lrt_gemm_div_up(n, grid->n_step);
  }
}

/* One tile: its group, rows [m0, m1) and columns [n0, n1) of the group. */
typedef struct lrt_gemm_tile {
  int64_t group, m0, m1, n0, n1;
} lrt_gemm_tile;

static inline lrt_gemm_tile lrt_gemm_tile_at(const lrt_gemm_grid *grid, int64_t m, int64_t n, int64_t index) {
  lrt_gemm_tile tile;
  tile.m0 = index % grid->m_tiles * grid->m_step;
  index /= grid->m_tiles;
  tile.n0 = index % grid->n_tiles * grid->n_step;
  tile.group = index / grid->n_tiles;
  tile.m1 = tile.m0 + grid->m_step < m ? tile.m0 + grid->m_step : m;
  tile.n1 = tile.n0 + grid->n_step < n ? tile.n0 + grid->n_step : n;
  return tile;
}

/* Rows are told of in runs of about this many results, so that what follows finds them in the nearest cache. */
#define LRT_GEMM_MADE_RUN 2048
/* Rows [m0, m1) of columns [n0, n1) are finished. */
static inline void lrt_gemm_tell(const lrt_gemm_made *made, int64_t ldc, int64_t m0, int64_t m1, int64_t n0,
                                 int64_t n1) {
  if (n1 - n0 == ldc) {
    made->fn(made->arg, m0 * ldc, m1 * ldc);
    return;
  }
  for (int64_t m = m0; m < m1; m++) made->fn(made->arg, m * ldc + n0, m * ldc + n1);
}
/* After rows up to m of a tile: tells of those from *told on when there are enough, or no more. */
static inline void lrt_gemm_tell_rows(const lrt_gemm_made *made, int64_t ldc, int64_t *told, int64_t m,
                                      bool last, int64_t n0, int64_t n1) {
  if (made->fn == NULL || (!last && (m - *told) * (n1 - n0) < LRT_GEMM_MADE_RUN)) return;
  lrt_gemm_tell(made, ldc, *told, m, n0, n1);
  *told = m;
}

/* Carves pieces off a scratch block; with base NULL it only adds up sizes. */
typedef struct lrt_gemm_carve {
  char *base;
  size_t used;
} lrt_gemm_carve;

static inline void *lrt_gemm_carve_take(lrt_gemm_carve *carve, size_t bytes) {
  void *piece = carve->base != NULL ? carve->base + carve->used : NULL;
  carve->used += lrt_gemm_align(bytes);
  return piece;
}

#endif
