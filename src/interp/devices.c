/* devices.c: the public view of the processor probe. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "litert/devices.h"

#include <stddef.h>

#include "base/cpu.h"

void lrt_cpu_describe(lrt_cpu_description *out) {
  const lrt_cpu_caches *caches = lrt_cpu_cache_sizes();
  out->cores = lrt_cpu_cores();
  out->l1_data_bytes = caches->l1d;
  out->l2_bytes = caches->l2;
  out->l3_bytes = caches->l3;
}

const char *lrt_cpu_usable_level(int index) {
  if (index < 0) return NULL;
  for (int level = 0; level < LRT_CPU_COUNT; level++)
    if (lrt_cpu_has((lrt_cpu_level)level) && index-- == 0) return lrt_cpu_level_name((lrt_cpu_level)level);
  return NULL;
}
