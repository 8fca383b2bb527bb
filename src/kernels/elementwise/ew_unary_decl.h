/* ew_unary_decl.h: prototypes of every variant in ew_unary.def, and the loop they share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_EW_UNARY_DECL_H
#define LRT_KERNELS_EW_UNARY_DECL_H

#include "kernels/elementwise/ew_unary.h"

#define V(op, type, ref, level, function)                                                                    \
  void function(const lrt_unary_params *p, const void *in, void *out, size_t count);
#include "kernels/elementwise/ew_unary.def"
#undef V

/* One result per element from an expression of x. */
#define LRT_UNARY_ROW(name, T, expression)                                                                   \
  void name(const lrt_unary_params *p_, const void *in_, void *out_, size_t count) {                         \
    const lrt_unary_params local = *p_, *const p = &local;                                                   \
    const T *in = in_;                                                                                       \
    T *out = out_;                                                                                           \
    (void)p;                                                                                                 \
    for (size_t i = 0; i < count; i++) {                                                                     \
      const T x = in[i];                                                                                     \
      out[i] = (T)(expression);                                                                              \
    }                                                                                                        \
  }

#endif
