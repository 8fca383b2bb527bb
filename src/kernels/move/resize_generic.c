/* resize_generic.c: bilinear rows for any processor, and the choice between the levels. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__generic
#include "kernels/move/resize_fast.h"

#include "base/cpu.h"

lrt_resize_fn lrt_resize_pick(lrt_type type, const char **name) {
  if (type != LRT_FLOAT32 && type != LRT_INT8) return NULL;
#if defined(__x86_64__)
  if (lrt_cpu_has(LRT_CPU_AVX2)) {
    *name = type == LRT_FLOAT32 ? "resize_bilinear_f32__avx2" : "resize_bilinear_i8__avx2";
    return type == LRT_FLOAT32 ? resize_bilinear_f32__avx2 : resize_bilinear_i8__avx2;
  }
#endif
  *name = type == LRT_FLOAT32 ? "resize_bilinear_f32__generic" : "resize_bilinear_i8__generic";
  return type == LRT_FLOAT32 ? resize_bilinear_f32__generic : resize_bilinear_i8__generic;
}
