/* reduce_levels.h: the reductions of every instruction set, for the choice among them and for tests. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_REDUCE_LEVELS_H
#define LRT_KERNELS_REDUCE_LEVELS_H

#include "kernels/reduce/reduce.h"

typedef lrt_reduce_fn lrt_reduce_pick_fn(lrt_reduce_op op, lrt_type type, bool quantized);

typedef struct lrt_reduce_level {
  const char *name;
  int level; /* lrt_cpu_level */
  lrt_reduce_pick_fn *pick;
} lrt_reduce_level;

/* Best first; the last one is usable everywhere and is the reference. */
extern const lrt_reduce_level lrt_reduce_levels[];
extern const int lrt_reduce_level_count;

#define LRT_REDUCE_LEVEL(suffix, level) lrt_reduce_pick_fn lrt_reduce_pick__##suffix;
#include "kernels/reduce/reduce.def"
#undef LRT_REDUCE_LEVEL

#endif
