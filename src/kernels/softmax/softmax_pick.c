/* softmax_pick.c: chooses f32 softmax kernels. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "kernels/softmax/softmax_decl.h"

static const lrt_softmax_variant variants[] = {
#define V(op, ref, level, function) {LRT_SOFTMAX_##op, ref, #function, LRT_CPU_##level, function},
#include "kernels/softmax/softmax.def"
#undef V
};

const lrt_softmax_variant *lrt_softmax_variants(size_t *count) {
  *count = sizeof variants / sizeof variants[0];
  return variants;
}

static lrt_softmax_f32_fn pick(lrt_softmax_op op, bool ref) {
  for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
    const lrt_softmax_variant *v = &variants[i];
    if (v->op == op && (!ref || v->ref) && lrt_cpu_has((lrt_cpu_level)v->level)) return v->fn;
  }
  return NULL;
}

lrt_softmax_f32_fn lrt_softmax_f32_pick(bool ref) {
  return pick(LRT_SOFTMAX_SOFTMAX, ref);
}
lrt_softmax_f32_fn lrt_log_softmax_f32_pick(bool ref) {
  return pick(LRT_SOFTMAX_LOG_SOFTMAX, ref);
}
