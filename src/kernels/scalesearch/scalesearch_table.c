/* scalesearch_table.c: the table of scale searches and the choice by CPU level. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/scalesearch/scalesearch.h"

static const lrt_scalesearch_kernel table[] = {
#define LRT_SCALESEARCH(suffix, level_) {#suffix, LRT_CPU_##level_, lrt_scalesearch__##suffix},
#include "kernels/scalesearch/scalesearch.def"
};
#define COUNT ((int)(sizeof table / sizeof table[0]))

const lrt_scalesearch_kernel *lrt_scalesearch_table(int *count) {
  *count = COUNT;
  return table;
}

/* The reference is the last line and usable everywhere, so the loop ends. */
lrt_scalesearch_fn *lrt_scalesearch_pick(bool ref) {
  const lrt_scalesearch_kernel *kernel = table;
  if (ref) return table[COUNT - 1].run;
  while (!lrt_cpu_has(kernel->level)) kernel++;
  return kernel->run;
}
