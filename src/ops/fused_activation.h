/* fused_activation.h: the clamp that an operator's fused activation means, in real and in quantized numbers. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_FUSED_ACTIVATION_H
#define LRT_OPS_FUSED_ACTIVATION_H

#include <math.h>

#include "kernels/requant/fixed.h"
#include "ops/op.h"

/* Real bounds, -INFINITY and INFINITY where there is none; fails for activations that are no clamp. */
static inline lrt_status lrt_fused_activation(lrt_prepare *p, int activation, float *low, float *high) {
  *low = -INFINITY;
  *high = INFINITY;
  switch (activation) {
  case LRT_ACT_NONE: return LRT_OK;
  case LRT_ACT_RELU: *low = 0.0f; return LRT_OK;
  case LRT_ACT_RELU_N1_TO_1:
    *low = -1.0f;
    *high = 1.0f;
    return LRT_OK;
  case LRT_ACT_RELU6:
    *low = 0.0f;
    *high = 6.0f;
    return LRT_OK;
  default: return lrt_prepare_fail(p, LRT_UNSUPPORTED, "fused activation %d is not supported", activation);
  }
}

/* Bounds of an INT8, UINT8 or INT16 output that carries one scale (checked before). */
static inline lrt_status lrt_fused_activation_quantized(lrt_prepare *p, int activation, const lrt_value *out,
                                                        int32_t *low, int32_t *high) {
  float act_low, act_high;
  LRT_TRY(lrt_fused_activation(p, activation, &act_low, &act_high));
  *low = out->type == LRT_UINT8 ? 0 : out->type == LRT_INT8 ? INT8_MIN : INT16_MIN;
  *high = out->type == LRT_UINT8 ? UINT8_MAX : out->type == LRT_INT8 ? INT8_MAX : INT16_MAX;
  lrt_fixed_activation_range(act_low, act_high, lrt_value_scale(out), lrt_value_zero_point(out), low, high);
  return LRT_OK;
}

#endif
