/* tflite_types.h: element types, lists and operator options between this library and the structs of TFLite. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TFLITE_TYPES_H
#define LRT_TFLITE_TYPES_H

#include "graph/graph.h"
#include "tflite/core/c/common.h"

/* kTfLiteNoType for what TFLite does not know. */
TfLiteType lrt_tflite_type(lrt_type type);
/* LRT_TYPE_COUNT for what this library does not know. */
lrt_type lrt_tflite_type_back(TfLiteType type);
/* A list in an arena, NULL when refused. The other side must not free it. */
TfLiteIntArray *lrt_tflite_list(lrt_arena *arena, const int32_t *values, int32_t count);
/* A node's options as the struct of builtin_op_data.h; *out is NULL where there is none. INVALID_MODEL where a list is
 * longer than the struct has room for. */
lrt_status lrt_tflite_params(const lrt_node *node, lrt_arena *arena, void **out, lrt_error *err);

#endif
