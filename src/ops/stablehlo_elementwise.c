/* stablehlo_elementwise.c: STABLEHLO_ADD, MULTIPLY, MAXIMUM, MINIMUM, AND, SHIFT_LEFT on equal shapes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "ops/movement.h"
#include "ops/pieces.h"
#include "ops/stablehlo_combine.h"

/* Integers wrap; U is the unsigned type of at least `unsigned` width, so that nothing overflows. */
#define INTEGER_CASE(TYPE, T, U)                                                                             \
  case LRT_##TYPE: {                                                                                         \
    const T *a = x, *b = y;                                                                                  \
    T *out = z;                                                                                              \
    for (int64_t i = begin; i < end; i++) {                                                                  \
      switch (code) {                                                                                        \
      case LRT_OP_STABLEHLO_ADD: out[i] = (T)((U)a[i] + (U)b[i]); break;                                     \
      case LRT_OP_STABLEHLO_MULTIPLY: out[i] = (T)((U)a[i] * (U)b[i]); break;                                \
      case LRT_OP_STABLEHLO_MAXIMUM: out[i] = (T)(a[i] > b[i] ? a[i] : b[i]); break;                         \
      case LRT_OP_STABLEHLO_MINIMUM: out[i] = (T)(a[i] < b[i] ? a[i] : b[i]); break;                         \
      case LRT_OP_STABLEHLO_AND: out[i] = (T)(a[i] & b[i]); break;                                           \
      case LRT_OP_STABLEHLO_OR: out[i] = (T)(a[i] | b[i]); break;                                            \
      case LRT_OP_LOGICAL_AND: out[i] = (T)(a[i] != 0 && b[i] != 0); break;                                  \
      case LRT_OP_LOGICAL_OR: out[i] = (T)(a[i] != 0 || b[i] != 0); break;                                   \
      default: out[i] = (T)((U)b[i] < sizeof(T) * 8 ? (U)a[i] << (U)b[i] : 0); break;                        \
      }                                                                                                      \
    }                                                                                                        \
    return;                                                                                                  \
  }

#define REAL_CASE(TYPE, T)                                                                                   \
  case LRT_##TYPE: {                                                                                         \
    const T *a = x, *b = y;                                                                                  \
    T *out = z;                                                                                              \
    for (int64_t i = begin; i < end; i++) {                                                                  \
      switch (code) {                                                                                        \
      case LRT_OP_STABLEHLO_ADD: out[i] = a[i] + b[i]; break;                                                \
      case LRT_OP_STABLEHLO_MULTIPLY: out[i] = a[i] * b[i]; break;                                           \
      case LRT_OP_STABLEHLO_MAXIMUM: out[i] = a[i] > b[i] ? a[i] : b[i]; break;                              \
      case LRT_OP_LOGICAL_AND: out[i] = a[i] != 0 && b[i] != 0; break;                                       \
      case LRT_OP_LOGICAL_OR: out[i] = a[i] != 0 || b[i] != 0; break;                                        \
      default: out[i] = a[i] < b[i] ? a[i] : b[i]; break;                                                    \
      }                                                                                                      \
    }                                                                                                        \
    return;                                                                                                  \
  }

/* Truth values: sum is or, product is and. */
static void combine_bools(int32_t code, const uint8_t *a, const uint8_t *b, uint8_t *out, int64_t begin,
                          int64_t end) {
  const bool either = code == LRT_OP_STABLEHLO_ADD || code == LRT_OP_STABLEHLO_MAXIMUM ||
                      code == LRT_OP_STABLEHLO_OR || code == LRT_OP_LOGICAL_OR;
  for (int64_t i = begin; i < end; i++) out[i] = either ? a[i] != 0 || b[i] != 0 : a[i] != 0 && b[i] != 0;
}

static void combine_halves(int32_t code, const uint16_t *a, const uint16_t *b, uint16_t *out, int64_t begin,
                           int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    const float x = lrt_half_to_float(a[i]), y = lrt_half_to_float(b[i]);
    out[i] = lrt_half_from_float(code == LRT_OP_STABLEHLO_ADD        ? x + y
                                 : code == LRT_OP_STABLEHLO_MULTIPLY ? x * y
                                 : code == LRT_OP_STABLEHLO_MAXIMUM  ? (x > y ? x : y)
                                                                     : (x < y ? x : y));
  }
}

void lrt_stablehlo_combine(int32_t code, lrt_type type, const void *x, const void *y, void *z, int64_t begin,
                           int64_t end) {
  switch (type) {
    REAL_CASE(FLOAT32, float)
    REAL_CASE(FLOAT64, double)
    INTEGER_CASE(INT8, int8_t, uint32_t)
    INTEGER_CASE(UINT8, uint8_t, uint32_t)
    INTEGER_CASE(INT16, int16_t, uint32_t)
    INTEGER_CASE(UINT16, uint16_t, uint32_t)
    INTEGER_CASE(INT32, int32_t, uint32_t)
    INTEGER_CASE(UINT32, uint32_t, uint32_t)
    INTEGER_CASE(INT64, int64_t, uint64_t)
    INTEGER_CASE(UINT64, uint64_t, uint64_t)
  case LRT_BOOL: combine_bools(code, x, y, z, begin, end); return;
  default: combine_halves(code, x, y, z, begin, end); return;
  }
}

typedef struct combine_params {
  int32_t code;
} combine_params;

static lrt_status combine_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const combine_params *params = step->params;
  const int64_t count = lrt_shape_count(&step->outputs[0]->shape);
  (void)run;
  lrt_stablehlo_combine(params->code, step->inputs[0]->type, step->inputs[0]->data, step->inputs[1]->data,
                        step->outputs[0]->data, lrt_pieces_at(begin, LRT_PIECE_CHEAP, count),
                        lrt_pieces_at(end, LRT_PIECE_CHEAP, count));
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int numbers[] = {LRT_FLOAT32, LRT_FLOAT64, LRT_FLOAT16, LRT_INT8,   LRT_UINT8,
                                LRT_INT16,   LRT_UINT16,  LRT_INT32,   LRT_UINT32, LRT_INT64,
                                LRT_UINT64,  LRT_BOOL,    -1};
  static const int bits[] = {LRT_INT8,   LRT_UINT8, LRT_INT16,  LRT_UINT16, LRT_INT32,
                             LRT_UINT32, LRT_INT64, LRT_UINT64, LRT_BOOL,   -1};
  static const int shifted[] = {LRT_INT8, LRT_INT16, LRT_INT32, -1};
  const int32_t code = p->node->code;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0,
                            code == LRT_OP_STABLEHLO_SHIFT_LEFT ? shifted
                            : code == LRT_OP_STABLEHLO_AND      ? bits
                                                                : numbers));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_same_type(p, 1, 0));
  if (!lrt_shape_equal(&p->inputs[0]->shape, &p->inputs[1]->shape))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the inputs differ in shape");
  LRT_TRY(lrt_prepare_shape(p, 0, &p->inputs[0]->shape));
  combine_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  params->code = code;
  const int64_t count = lrt_shape_count(&p->inputs[0]->shape);
  return lrt_prepare_step(p, combine_step, params, lrt_pieces_of(count, LRT_PIECE_CHEAP), 0, "stablehlo");
}

const lrt_op lrt_op_stablehlo_elementwise = {prepare, false, 3, false};
