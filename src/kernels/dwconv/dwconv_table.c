/* dwconv_table.c: the table of depthwise kernels and the choice by CPU level. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/dwconv/dwconv_core.h"

static const lrt_dwconv_kernel table[] = {
#define LRT_DWCONV(suffix, level_, real, whole, f32_3x3_, i8_3x3_)                                           \
  {"dwconv__" #suffix,                                                                                       \
   LRT_CPU_##level_,                                                                                         \
   lrt_dwconv_f32__##real,                                                                                   \
   f32_3x3_,                                                                                                 \
   lrt_dwconv_s8__##whole,                                                                                   \
   lrt_dwconv_u8__##whole,                                                                                   \
   lrt_dwconv_s16__##whole,                                                                                  \
   i8_3x3_,                                                                                                  \
   LRT_CPU_##level_ == LRT_CPU_AVXVNNI ? 32 : 64},
#include "kernels/dwconv/dwconv.def"
};
#define COUNT ((int)(sizeof table / sizeof table[0]))

const lrt_dwconv_kernel *lrt_dwconv_table(int *count) {
  *count = COUNT;
  return table;
}

/* The reference is the last line and usable everywhere, so the loop ends. */
const lrt_dwconv_kernel *lrt_dwconv_pick(bool ref) {
  const lrt_dwconv_kernel *kernel = table;
  if (ref) return table + COUNT - 1;
  while (!lrt_cpu_has(kernel->level)) kernel++;
  return kernel;
}
