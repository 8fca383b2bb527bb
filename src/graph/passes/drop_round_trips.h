/* drop_round_trips.h: quantized numbers that are made real and quantized again the same way stay as they are. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_DROP_ROUND_TRIPS_H
#define LRT_DROP_ROUND_TRIPS_H

#include "graph/plan_graph.h"

/* QUANTIZE of a DEQUANTIZE to the same type, scale and zero point gives the numbers back; its readers read the original.
 * Of QUANTIZE before DEQUANTIZE only the rounding would be left out: that changes results, so it stays. */
lrt_status lrt_pass_drop_round_trips(lrt_plan_graph *plan, lrt_error *err);

#endif
