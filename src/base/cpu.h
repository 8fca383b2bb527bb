/* cpu.h: which instruction sets may be used: present, enabled by the system, and not masked by LITERT_CPU. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_CPU_H
#define LRT_BASE_CPU_H

#include <stdbool.h>

/* X(NAME, "name"): levels name file suffixes (gemm_avx2.c) and values of LITERT_CPU. Order within an
 * architecture is from least to most capable. */
#define LRT_CPU_LIST(X)                                                                                      \
  X(GENERIC, "generic")                                                                                      \
  X(AVX2, "avx2")             /* AVX2 + FMA + F16C */                                                        \
  X(AVXVNNI, "avxvnni")       /* AVX2 level + AVX-VNNI */                                                    \
  X(AVX512, "avx512")         /* F, BW, DQ, VL, CD */                                                        \
  X(AVX512VNNI, "avx512vnni") /* AVX512 level + VNNI */                                                      \
  X(AVX512BF16, "avx512bf16")                                                                                \
  X(AMX, "amx")                                                                                              \
  X(NEON, "neon")                                                                                            \
  X(NEONDOT, "neondot")   /* + dot product */                                                                \
  X(NEONI8MM, "neoni8mm") /* + int8 matrix multiply */

typedef enum lrt_cpu_level {
#define LRT_CPU_ENUM(name, text) LRT_CPU_##name,
  LRT_CPU_LIST(LRT_CPU_ENUM)
#undef LRT_CPU_ENUM
      LRT_CPU_COUNT
} lrt_cpu_level;

/* Set of usable levels, bit n = level n; GENERIC is always set. Probed once, thread-safe. */
unsigned lrt_cpu_usable(void);
/* True when kernels of that level may run. */
bool lrt_cpu_has(lrt_cpu_level level);
const char *lrt_cpu_level_name(lrt_cpu_level level);

/* Sizes in bytes, 0 where unknown. */
typedef struct lrt_cpu_caches {
  unsigned l1d, l2, l3;
} lrt_cpu_caches;
const lrt_cpu_caches *lrt_cpu_cache_sizes(void);
/* Cores this process may use: affinity mask and cgroup quota included; at least 1. */
int lrt_cpu_cores(void);

#endif
