/* devices.h: what models can run on here. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_DEVICES_H
#define LITERT_DEVICES_H

#include <stdint.h>

#include "litert/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The processor, as far as this process may use it. */
typedef struct lrt_cpu_description {
  int cores;                                  /* affinity mask and cgroup quota included; at least 1 */
  uint32_t l1_data_bytes, l2_bytes, l3_bytes; /* 0 = unknown */
} lrt_cpu_description;

/* Fills `out`; cannot fail. */
LRT_API void lrt_cpu_describe(lrt_cpu_description *out);
/* Instruction set levels that kernels may use, from "generic" up, LITERT_CPU considered; NULL past the end. */
LRT_API const char *lrt_cpu_usable_level(int index);

#ifdef __cplusplus
}
#endif
#endif
