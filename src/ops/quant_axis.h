/* quant_axis.h: a value's scales and zero points in the form that quantize kernels take. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_QUANT_AXIS_H
#define LRT_OPS_QUANT_AXIS_H

#include "kernels/quantize/quantize.h"
#include "ops/op.h"

/* One scale, or one per index along the quantized dimension of `shape` (the value's own, once known). Fails where there
 * are none, where one is not positive, or where their number does not fit the shape. */
lrt_status lrt_quant_axis(lrt_prepare *p, const lrt_value *value, const lrt_shape *shape,
                          lrt_quantize_scale *out);

#endif
