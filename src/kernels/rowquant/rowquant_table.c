/* rowquant_table.c: the table of row quantizers and the choice by CPU level. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/rowquant/rowquant.h"

static const lrt_rowquant_kernel table[] = {
#define LRT_ROWQUANT(suffix, level_)                                                                         \
  {#suffix, LRT_CPU_##level_, lrt_rowquant_asymmetric__##suffix, lrt_rowquant_symmetric__##suffix,           \
   lrt_rowquant_nearest__##suffix},
#include "kernels/rowquant/rowquant.def"
};
#define COUNT ((int)(sizeof table / sizeof table[0]))

const lrt_rowquant_kernel *lrt_rowquant_table(int *count) {
  *count = COUNT;
  return table;
}

/* The reference is the last line and usable everywhere, so the loop ends. */
const lrt_rowquant_kernel *lrt_rowquant_pick(bool ref) {
  const lrt_rowquant_kernel *kernel = table;
  if (ref) return table + COUNT - 1;
  while (!lrt_cpu_has(kernel->level)) kernel++;
  return kernel;
}

void lrt_rowquant_rows(const float *x, int64_t rows, int64_t count, bool symmetric, bool ref, int8_t *q,
                       float *scales, int32_t *zeros) {
  const lrt_rowquant_kernel *kernel = lrt_rowquant_pick(ref);
  lrt_rowquant_fn *fn = symmetric ? kernel->symmetric : ref ? kernel->asymmetric : kernel->nearest;
  for (int64_t r = 0; r < rows; r++) fn(x + r * count, count, q + r * count, &scales[r], &zeros[r]);
}
