/* densify.h: a sparse constant written out for operators that multiply dense weights only. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_DENSIFY_H
#define LRT_OPS_DENSIFY_H

#include "ops/op.h"

/* Makes *dense a copy of the constant `sparse` with all its elements; they are kept in the model's store of weights.
 * Fails (INVALID_MODEL) where the description of the sparsity is damaged. */
lrt_status lrt_densify_constant(lrt_prepare *p, const lrt_value *sparse, lrt_value *dense);

#endif
