/* complex_parts.c: REAL, IMAG, COMPLEX_ABS. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "ops/movement.h"
#include "ops/pieces.h"

static lrt_status prepare_part(lrt_prepare *p, lrt_step_fn fn, const char *kernel) {
  static const int types[] = {LRT_COMPLEX64, LRT_COMPLEX128, -1};
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_output_type(p, 0, p->inputs[0]->type == LRT_COMPLEX64 ? LRT_FLOAT32 : LRT_FLOAT64));
  LRT_TRY(lrt_prepare_shape(p, 0, &p->inputs[0]->shape));
  const int64_t count = lrt_shape_count(&p->inputs[0]->shape);
  return lrt_prepare_step(p, fn, NULL, lrt_pieces_of(count, LRT_PIECE_CHEAP), 0, kernel);
}

#define PART(name, single, whole)                                                                            \
  static lrt_status name##_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) { \
    const lrt_value *in = step->inputs[0];                                                                   \
    const int64_t count = lrt_shape_count(&in->shape);                                                       \
    const int64_t first = lrt_pieces_at(begin, LRT_PIECE_CHEAP, count);                                      \
    const int64_t last = lrt_pieces_at(end, LRT_PIECE_CHEAP, count);                                         \
    (void)run;                                                                                               \
    if (in->type == LRT_COMPLEX64) {                                                                         \
      const float *x = in->data;                                                                             \
      float *out = step->outputs[0]->data;                                                                   \
      for (int64_t i = first; i < last; i++) out[i] = single;                                                \
    } else {                                                                                                 \
      const double *x = in->data;                                                                            \
      double *out = step->outputs[0]->data;                                                                  \
      for (int64_t i = first; i < last; i++) out[i] = whole;                                                 \
    }                                                                                                        \
    return LRT_OK;                                                                                           \
  }                                                                                                          \
  static lrt_status prepare_##name(lrt_prepare *p) {                                                         \
    return prepare_part(p, name##_step, #name);                                                              \
  }                                                                                                          \
  const lrt_op lrt_op_##name = {prepare_##name, false, 0, false};

PART(real, x[2 * i], x[2 * i])
PART(imag, x[2 * i + 1], x[2 * i + 1])
PART(complex_abs, hypotf(x[2 * i], x[2 * i + 1]), hypot(x[2 * i], x[2 * i + 1]))
