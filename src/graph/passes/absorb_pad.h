/* absorb_pad.h: explicit padding becomes the padding of the convolution that reads it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_ABSORB_PAD_H
#define LRT_ABSORB_PAD_H

#include "graph/plan_graph.h"

/* PAD, and PADV2 with the value that stands for zero, of height and width in front of CONV_2D and DEPTHWISE_CONV_2D:
 * these read zeros outside the picture anyway, so results are the same to the bit. Pooling is left alone: it leaves out
 * what is outside the picture instead of counting it as zero. */
lrt_status lrt_pass_absorb_pad(lrt_plan_graph *plan, lrt_error *err);

#endif
