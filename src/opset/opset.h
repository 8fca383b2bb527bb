/* opset.h: the operator tables as C: codes, versions, option structs and their fields. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPSET_H
#define LRT_OPSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Builtin operator codes, LRT_OP_ADD = 0 … */
typedef enum lrt_op_code {
#define OP(name, code, min, max, options, impl) LRT_OP_##name = code,
#include "opset/ops.def"
#undef OP
  LRT_OP_CODE_COUNT,
} lrt_op_code;

/* Vectors inside options point into the model's arena. */
#define LRT_OPTION_VECTOR(type)                                                                              \
  struct {                                                                                                   \
    const type *data;                                                                                        \
    uint32_t count;                                                                                          \
  }
typedef LRT_OPTION_VECTOR(uint8_t) lrt_option_bytes; /* every VEC_ kind has this layout */

#define LRT_OPTION_KINDS(X)                                                                                  \
  X(BOOL)                                                                                                    \
  X(I8)                                                                                                      \
  X(U8) X(I32) X(U32) X(I64) X(F32) X(STR) X(VEC_U8) X(VEC_BOOL) X(VEC_I32) X(VEC_U32) X(VEC_I64) X(VEC_F32)

typedef enum lrt_option_kind {
#define KIND(kind) LRT_OPTION_##kind,
  LRT_OPTION_KINDS(KIND)
#undef KIND
} lrt_option_kind;

/* One struct per options table with fields: lrt_conv_2d_options … */
#define LRT_C_BOOL uint8_t
#define LRT_C_I8 int8_t
#define LRT_C_U8 uint8_t
#define LRT_C_I32 int32_t
#define LRT_C_U32 uint32_t
#define LRT_C_I64 int64_t
#define LRT_C_F32 float
#define LRT_C_STR const char *
#define LRT_C_VEC_U8 LRT_OPTION_VECTOR(uint8_t)
#define LRT_C_VEC_BOOL LRT_OPTION_VECTOR(uint8_t)
#define LRT_C_VEC_I32 LRT_OPTION_VECTOR(int32_t)
#define LRT_C_VEC_U32 LRT_OPTION_VECTOR(uint32_t)
#define LRT_C_VEC_I64 LRT_OPTION_VECTOR(int64_t)
#define LRT_C_VEC_F32 LRT_OPTION_VECTOR(float)
#define OPTIONS(name, schema, union_number, member) typedef struct lrt_##name##_options {
#define FIELD(name, field, slot, kind, value) LRT_C_##kind field;
#define END(name)                                                                                            \
  }                                                                                                          \
  lrt_##name##_options;
#define EMPTY(name, schema, union_number, member)
#include "opset/options.def"
#undef OPTIONS
#undef FIELD
#undef END
#undef EMPTY

typedef struct lrt_option_field {
  const char *name;
  uint16_t slot; /* flatbuffer field number */
  uint8_t kind;  /* lrt_option_kind */
  size_t offset; /* in the option struct */
  double value;  /* default */
} lrt_option_field;

typedef struct lrt_option_table {
  const char *name;     /* "conv_2d" */
  const char *schema;   /* "Conv2DOptions" */
  uint8_t union_number; /* 1 BuiltinOptions, 2 BuiltinOptions2, 0 none */
  uint8_t member;
  uint16_t count;
  size_t bytes; /* of the option struct, 0 for tables without fields */
  const lrt_option_field *fields;
} lrt_option_table;

typedef struct lrt_op_info {
  const char *name; /* "CONV_2D" */
  int32_t code;
  int32_t version_min, version_max; /* 0, 0: in the schema only, nothing runs it */
  const lrt_option_table *options;  /* NULL where the operator has none */
} lrt_op_info;

/* The operand types that test rows prove for a builtin operator, separated by blanks; "" where there is none.
 * A form is TYPE, TYPEq when quantized, weights after *, the output after >, other details after a colon. */
const char *lrt_op_forms_of(int32_t code);

/* Row of a builtin code, NULL for numbers outside the schema. */
const lrt_op_info *lrt_op_info_of(int32_t code);

/* Values of the enumerations that options store (schema-wide numbers). */
enum { LRT_PADDING_SAME = 0, LRT_PADDING_VALID = 1 };
enum {
  LRT_ACT_NONE = 0,
  LRT_ACT_RELU = 1,
  LRT_ACT_RELU_N1_TO_1 = 2,
  LRT_ACT_RELU6 = 3,
  LRT_ACT_TANH = 4,
  LRT_ACT_SIGN_BIT = 5
};

#endif
