/* pool_decl.h: prototypes of every variant in pool.def, and the window arithmetic they share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_POOL_DECL_H
#define LRT_KERNELS_POOL_DECL_H

#include "kernels/pool/pool.h"

#define V(op, type, ref, level, function)                                                                    \
  void function(const lrt_pool_params *p, const void *in, void *out, int64_t begin, int64_t end);
#include "kernels/pool/pool.def"
#undef V

/* Rows and columns of the picture that a window covers: [y0, y1) x [x0, x1). */
typedef struct lrt_pool_window {
  int64_t y0, y1, x0, x1;
} lrt_pool_window;

static inline lrt_pool_window lrt_pool_window_of(const lrt_pool_params *p, int64_t out_y, int64_t out_x) {
  const int64_t top = out_y * p->stride_height - p->pad_top, left = out_x * p->stride_width - p->pad_left;
  lrt_pool_window w = {top, top + p->filter_height, left, left + p->filter_width};
  if (w.y0 < 0) w.y0 = 0;
  if (w.x0 < 0) w.x0 = 0;
  if (w.y1 > p->in_height) w.y1 = p->in_height;
  if (w.x1 > p->in_width) w.x1 = p->in_width;
  if (w.y1 < w.y0) w.y1 = w.y0;
  if (w.x1 < w.x0) w.x1 = w.x0;
  return w;
}

#endif
