/* tflite_types.c: element types, lists and operator options between this library and the structs of TFLite. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tflite_types.h"

#include <string.h>

#include "base/fail.h"
#include "tflite/core/c/builtin_op_data.h"

static const TfLiteType types[LRT_TYPE_COUNT] = {
    [LRT_FLOAT32] = kTfLiteFloat32,
    [LRT_FLOAT16] = kTfLiteFloat16,
    [LRT_INT32] = kTfLiteInt32,
    [LRT_UINT8] = kTfLiteUInt8,
    [LRT_INT64] = kTfLiteInt64,
    [LRT_STRING] = kTfLiteString,
    [LRT_BOOL] = kTfLiteBool,
    [LRT_INT16] = kTfLiteInt16,
    [LRT_COMPLEX64] = kTfLiteComplex64,
    [LRT_INT8] = kTfLiteInt8,
    [LRT_FLOAT64] = kTfLiteFloat64,
    [LRT_COMPLEX128] = kTfLiteComplex128,
    [LRT_UINT64] = kTfLiteUInt64,
    [LRT_RESOURCE] = kTfLiteResource,
    [LRT_VARIANT] = kTfLiteVariant,
    [LRT_UINT32] = kTfLiteUInt32,
    [LRT_UINT16] = kTfLiteUInt16,
    [LRT_INT4] = kTfLiteInt4,
    [LRT_BFLOAT16] = kTfLiteBFloat16,
    [LRT_INT2] = kTfLiteInt2,
    [LRT_UINT4] = kTfLiteUInt4,
    [LRT_FLOAT8_E4M3FN] = kTfLiteFloat8E4M3FN,
    [LRT_FLOAT8_E5M2] = kTfLiteFloat8E5M2,
};

TfLiteType lrt_tflite_type(lrt_type type) {
  return (int)type >= 0 && type < LRT_TYPE_COUNT ? types[type] : kTfLiteNoType;
}

lrt_type lrt_tflite_type_back(TfLiteType type) {
  for (int i = 0; i < LRT_TYPE_COUNT; i++)
    if (types[i] == type) return (lrt_type)i;
  return LRT_TYPE_COUNT;
}

TfLiteIntArray *lrt_tflite_list(lrt_arena *arena, const int32_t *values, int32_t count) {
  TfLiteIntArray *list = lrt_arena_get(arena, TfLiteIntArrayGetSizeInBytes(count));
  if (list == NULL) return NULL;
  list->size = count;
  if (count > 0) memcpy(list->data, values, (size_t)count * sizeof *values);
  return list;
}

/* ---- options ---- */

/* The same number in another type, whatever both are. */
#define SAME(to, from) ((to) = (__typeof__(to))(from))
#define LENGTH(array) (uint32_t)(sizeof(array) / sizeof(array)[0])

#define PARAMS(table, name)                                                                                  \
  static bool fill_##table(const void *options, void *params) {                                              \
    const lrt_##table##_options *o = options;                                                                \
    TfLite##name##Params *p = params;
#define COPY(table, field, option) SAME(p->field, o->option);
#define NEXT(table, field, option) SAME(p->field, o->option + 1);
#define TYPE(table, field, option) p->field = lrt_tflite_type((lrt_type)o->option);
#define TEXT(table, field, option) p->field = o->option;
#define FIXED(table, field, option)                                                                          \
  if (o->option.count > LENGTH(p->field)) return false;                                                      \
  for (uint32_t i = 0; i < o->option.count; i++) SAME(p->field[i], o->option.data[i]);
#define LIST(table, field, number, option)                                                                   \
  FIXED(table, field, option)                                                                                \
  SAME(p->number, o->option.count);
#define POINTER(table, field, number, option)                                                                \
  p->field = o->option.data;                                                                                 \
  SAME(p->number, o->option.count);
#define END_PARAMS(table)                                                                                    \
  return true;                                                                                               \
  }
#include "api/tflite_params.def"
#undef PARAMS
#undef COPY
#undef NEXT
#undef TYPE
#undef TEXT
#undef FIXED
#undef LIST
#undef POINTER
#undef END_PARAMS

static const struct {
  const char *table;
  size_t bytes;
  bool (*fill)(const void *options, void *params);
} rows[] = {
#define PARAMS(table, name) {#table, sizeof(TfLite##name##Params), fill_##table},
#define COPY(table, field, option)
#define NEXT(table, field, option)
#define TYPE(table, field, option)
#define TEXT(table, field, option)
#define FIXED(table, field, option)
#define LIST(table, field, number, option)
#define POINTER(table, field, number, option)
#define END_PARAMS(table)
#include "api/tflite_params.def"
};

lrt_status lrt_tflite_params(const lrt_node *node, lrt_arena *arena, void **out, lrt_error *err) {
  const lrt_op_info *info = lrt_op_info_of(node->code);
  *out = NULL;
  if (info == NULL || node->options == NULL || node->code == LRT_OP_DELEGATE) return LRT_OK;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (strcmp(rows[i].table, info->options->name) != 0) continue;
    *out = lrt_arena_get(arena, rows[i].bytes);
    if (*out == NULL) return lrt_alloc_fail(err, arena->alloc, rows[i].bytes, "a delegate's options");
    if (rows[i].fill(node->options, *out)) return LRT_OK;
    return lrt_fail(err, LRT_INVALID_MODEL, "the options of %s hold a longer list than delegates can take",
                    lrt_node_name(node));
  }
  return LRT_OK;
}
