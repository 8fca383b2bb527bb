/* pool_pick.c: chooses pooling kernels. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "kernels/pool/pool_decl.h"

static const lrt_pool_variant variants[] = {
#define V(op, type, ref, level, function)                                                                    \
  {LRT_POOL_##op, LRT_##type, ref, #function, LRT_CPU_##level, function},
#include "kernels/pool/pool.def"
#undef V
};

const lrt_pool_variant *lrt_pool_variants(size_t *count) {
  *count = sizeof variants / sizeof variants[0];
  return variants;
}

lrt_pool_fn lrt_pool_pick(lrt_pool_op op, lrt_type type, bool ref) {
  for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
    const lrt_pool_variant *v = &variants[i];
    if (v->op == op && v->type == type && (!ref || v->ref) && lrt_cpu_has((lrt_cpu_level)v->level))
      return v->fn;
  }
  return NULL;
}
