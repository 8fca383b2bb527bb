/* softmax_decl.h: prototypes and table of the variants in softmax.def. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_SOFTMAX_DECL_H
#define LRT_KERNELS_SOFTMAX_DECL_H

#include "kernels/softmax/softmax.h"

#define V(op, ref, level, function)                                                                          \
  void function(const float *in, float *out, int64_t depth, float beta, int64_t begin, int64_t end);
#include "kernels/softmax/softmax.def"
#undef V

typedef enum lrt_softmax_op { LRT_SOFTMAX_SOFTMAX, LRT_SOFTMAX_LOG_SOFTMAX } lrt_softmax_op;
typedef struct lrt_softmax_variant {
  lrt_softmax_op op;
  bool ref;
  const char *name;
  int level;
  lrt_softmax_f32_fn fn;
} lrt_softmax_variant;
const lrt_softmax_variant *lrt_softmax_variants(size_t *count);

#endif
