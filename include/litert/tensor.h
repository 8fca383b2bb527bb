/* tensor.h: element types, shapes and quantization parameters as callers see them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_TENSOR_H
#define LITERT_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "litert/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, number in the .tflite schema, "numpy-like name", bits per element; 0 = no fixed size).
 * Types of fewer than 8 bits are packed, lowest bits first, over the whole tensor without row padding. */
#define LRT_TYPE_LIST(X)                                                                                     \
  X(FLOAT32, 0, "float32", 32)                                                                               \
  X(FLOAT16, 1, "float16", 16)                                                                               \
  X(INT32, 2, "int32", 32)                                                                                   \
  X(UINT8, 3, "uint8", 8)                                                                                    \
  X(INT64, 4, "int64", 64)                                                                                   \
  X(STRING, 5, "string", 0)                                                                                  \
  X(BOOL, 6, "bool", 8)                                                                                      \
  X(INT16, 7, "int16", 16)                                                                                   \
  X(COMPLEX64, 8, "complex64", 64)                                                                           \
  X(INT8, 9, "int8", 8)                                                                                      \
  X(FLOAT64, 10, "float64", 64)                                                                              \
  X(COMPLEX128, 11, "complex128", 128)                                                                       \
  X(UINT64, 12, "uint64", 64)                                                                                \
  X(RESOURCE, 13, "resource", 0)                                                                             \
  X(VARIANT, 14, "variant", 0)                                                                               \
  X(UINT32, 15, "uint32", 32)                                                                                \
  X(UINT16, 16, "uint16", 16)                                                                                \
  X(INT4, 17, "int4", 4)                                                                                     \
  X(BFLOAT16, 18, "bfloat16", 16)                                                                            \
  X(INT2, 19, "int2", 2)                                                                                     \
  X(UINT4, 20, "uint4", 4)                                                                                   \
  X(FLOAT8_E4M3FN, 21, "float8_e4m3fn", 8)                                                                   \
  X(FLOAT8_E5M2, 22, "float8_e5m2", 8)

typedef enum lrt_type {
#define LRT_TYPE_ENUM(name, number, text, bits) LRT_##name = number,
  LRT_TYPE_LIST(LRT_TYPE_ENUM)
#undef LRT_TYPE_ENUM
      LRT_TYPE_COUNT
} lrt_type;

#define LRT_MAX_RANK 8

/* Dimensions, outermost first; `rank` 0 is a scalar. */
typedef struct lrt_shape {
  int32_t rank;
  int32_t dims[LRT_MAX_RANK];
} lrt_shape;

typedef enum lrt_quant_kind {
  LRT_QUANT_NONE = 0,
  LRT_QUANT_AFFINE, /* real = scale[c] * (q - zero_point[c]); one pair, or one per index along `dimension` */
  LRT_QUANT_BLOCKWISE, /* scales live in another tensor of the subgraph, one per `block_size` elements */
  LRT_QUANT_MULTI_AXIS,
  LRT_QUANT_CUSTOM
} lrt_quant_kind;

/* Quantization parameters; pointers are owned by the model and live as long as it does. */
typedef struct lrt_quant {
  lrt_quant_kind kind;
  int32_t count;              /* AFFINE: number of scales, 1 = per tensor */
  const float *scale;         /* AFFINE: [count] */
  const int32_t *zero_point;  /* AFFINE: [count] */
  int32_t dimension;          /* AFFINE, BLOCKWISE: quantized dimension */
  int32_t block_size;         /* BLOCKWISE, MULTI_AXIS */
  int32_t scales_tensor;      /* BLOCKWISE, MULTI_AXIS: tensor index in the same subgraph */
  int32_t zero_points_tensor; /* BLOCKWISE, MULTI_AXIS: tensor index or -1 */
} lrt_quant;

/* Name of a type ("int8"), "unknown" for other numbers. */
LRT_API const char *lrt_type_name(lrt_type type);
/* Bits of one element; 0 for strings, resources and variants. */
LRT_API unsigned lrt_type_bits(lrt_type type);
/* Number of elements (1 for a scalar), or -1 when a dimension is negative or the product overflows int64. */
LRT_API int64_t lrt_shape_count(const lrt_shape *shape);
/* Bytes of a dense tensor (sub-byte types rounded up), or -1 as above or where the type has no fixed size. */
LRT_API int64_t lrt_shape_bytes(const lrt_shape *shape, lrt_type type);

#ifdef __cplusplus
}
#endif
#endif
