/* half_convert.h: arrays of half to float and back at the best speed of the machine; the same results everywhere. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_HALF_CONVERT_H
#define LRT_KERNELS_HALF_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"
#include "base/half.h"

void lrt_half_widen__avx2(const uint16_t *half, float *out, size_t count);
void lrt_half_narrow__avx2(const float *in, uint16_t *out, size_t count);

/* Source and destination must not overlap. */
static inline void lrt_half_widen(const uint16_t *half, float *out, size_t count) {
#if defined(__x86_64__)
  if (lrt_cpu_has(LRT_CPU_AVX2)) {
    lrt_half_widen__avx2(half, out, count);
    return;
  }
#endif
  lrt_half_to_float_array(half, out, count);
}

static inline void lrt_half_narrow(const float *in, uint16_t *out, size_t count) {
#if defined(__x86_64__)
  if (lrt_cpu_has(LRT_CPU_AVX2)) {
    lrt_half_narrow__avx2(in, out, count);
    return;
  }
#endif
  lrt_half_from_float_array(in, out, count);
}

#endif
