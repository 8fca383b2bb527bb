/* gemm_table.c: the tables of product kernels and the choice by CPU level. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/gemm/gemm_core.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const lrt_gemm_f32_kernel f32_table[] = {
#define LRT_GEMM_F32(suffix, level_, mr_, nr_, pack_)                                                        \
  {"gemm_f32_" #mr_ "x" #nr_ "__" #suffix,                                                                   \
   LRT_CPU_##level_,                                                                                         \
   mr_,                                                                                                      \
   nr_,                                                                                                      \
   lrt_gemm_f32_##mr_##x##nr_##__##suffix,                                                                   \
   lrt_gemm_gemv_f32__##suffix,                                                                              \
   lrt_gemm_gemv_f16__##suffix,                                                                              \
   pack_},
#include "kernels/gemm/gemm.def"
};

static const lrt_gemm_int_kernel int_table[] = {
#define LRT_GEMM_INT(suffix, level_, strip_, mr_, nr_, kr_, pack_, direct_)                                  \
  {"gemm_int_" #strip_ "_" #mr_ "x" #nr_ "__" #suffix,                                                       \
   LRT_CPU_##level_,                                                                                         \
   LRT_GEMM_STRIP_##strip_,                                                                                  \
   mr_,                                                                                                      \
   nr_,                                                                                                      \
   kr_,                                                                                                      \
   lrt_gemm_int_##strip_##_##mr_##x##nr_##__##suffix,                                                        \
   lrt_gemm_fill_##strip_##__##suffix,                                                                       \
   lrt_gemm_gemv_##strip_##__##suffix,                                                                       \
   pack_,                                                                                                    \
   direct_},
#include "kernels/gemm/gemm.def"
};

static const lrt_gemm_int_epilogue epilogue_table[] = {
#define LRT_GEMM_EPILOGUE(suffix, level_)                                                                    \
  {#suffix,                                                                                                  \
   LRT_CPU_##level_,                                                                                         \
   lrt_gemm_exact__##suffix,                                                                                 \
   lrt_gemm_fast__##suffix,                                                                                  \
   lrt_gemm_hybrid__##suffix,                                                                                \
   lrt_gemm_int16__##suffix},
#include "kernels/gemm/gemm.def"
};

static const lrt_gemm_i4b_kernel i4b_table[] = {
#define LRT_GEMM_I4B(suffix, level_)                                                                         \
  {"gemm_i4b__" #suffix, LRT_CPU_##level_, lrt_gemm_i4b__##suffix, lrt_gemm_i4b_add__##suffix},
#include "kernels/gemm/gemm.def"
};

const lrt_gemm_f32_kernel *lrt_gemm_f32_table(int *count) {
  *count = COUNT(f32_table);
  return f32_table;
}

const lrt_gemm_int_kernel *lrt_gemm_int_table(int *count) {
  *count = COUNT(int_table);
  return int_table;
}

const lrt_gemm_int_epilogue *lrt_gemm_epilogue_table(int *count) {
  *count = COUNT(epilogue_table);
  return epilogue_table;
}

const lrt_gemm_i4b_kernel *lrt_gemm_i4b_table(int *count) {
  *count = COUNT(i4b_table);
  return i4b_table;
}

/* The reference is the last line and usable everywhere, so the loops end. */
const lrt_gemm_f32_kernel *lrt_gemm_f32_pick(bool ref) {
  const lrt_gemm_f32_kernel *kernel = f32_table;
  if (ref) return f32_table + COUNT(f32_table) - 1;
  while (!lrt_cpu_has(kernel->level)) kernel++;
  return kernel;
}

const lrt_gemm_int_kernel *lrt_gemm_int_pick(bool ref, bool int16_rows) {
  const lrt_gemm_int_kernel *kernel = int_table;
  if (ref) return int_table + COUNT(int_table) - 1;
  while (!lrt_cpu_has(kernel->level) || (int16_rows && kernel->strip != LRT_GEMM_STRIP_S16)) kernel++;
  return kernel;
}

const lrt_gemm_int_epilogue *lrt_gemm_epilogue_pick(bool ref) {
  const lrt_gemm_int_epilogue *epilogue = epilogue_table;
  if (ref) return epilogue_table + COUNT(epilogue_table) - 1;
  while (!lrt_cpu_has(epilogue->level)) epilogue++;
  return epilogue;
}

const lrt_gemm_i4b_kernel *lrt_gemm_i4b_pick(bool ref) {
  const lrt_gemm_i4b_kernel *kernel = i4b_table;
  if (ref) return i4b_table + COUNT(i4b_table) - 1;
  while (!lrt_cpu_has(kernel->level)) kernel++;
  return kernel;
}
