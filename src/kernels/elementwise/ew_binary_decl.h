/* ew_binary_decl.h: prototypes of every variant in ew_binary.def. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_EW_BINARY_DECL_H
#define LRT_KERNELS_EW_BINARY_DECL_H

#include "kernels/elementwise/ew_binary.h"

/* Some functions serve two element types and are declared twice, which C allows. */
#define V(op, type, quantized, ref, level, function)                                                         \
  void function(const lrt_binary_params *p, const void *a, const void *b, void *out, size_t count,           \
                size_t a_step, size_t b_step);
#include "kernels/elementwise/ew_binary.def"
#undef V

#endif
