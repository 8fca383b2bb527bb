/* numeric_verify.c: NumericVerify: how far a quantized tensor is from the floats it stands for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "ops/custom_options.h"
#include "ops/movement.h"
#include "ops/pieces.h"
#include "ops/quant_axis.h"

typedef struct verify_params {
  lrt_quantize_scale scale;
  int64_t count;
  bool strict;
  float allowed; /* strict: largest difference */
} verify_params;

static lrt_status verify_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const verify_params *v = step->params;
  const float *expected = step->inputs[1]->data;
  float *out = step->outputs[0]->data;
  const int64_t from = lrt_pieces_at(begin, LRT_PIECE_CHEAP, v->count),
                to = lrt_pieces_at(end, LRT_PIECE_CHEAP, v->count);
  lrt_dequantize(step->inputs[0]->data, step->inputs[0]->type, &v->scale, out, from, to);
  for (int64_t i = from; i < to; i++) {
    out[i] -= expected[i];
    if (v->strict && fabsf(out[i]) > v->allowed)
      return lrt_fail(run->err, LRT_RUN_FAILED,
                      "NumericVerify: element %lld of tensor \"%s\" differs by %g from %g, allowed is %g",
                      (long long)i, step->inputs[0]->name, (double)out[i], (double)expected[i],
                      (double)v->allowed);
  }
  return LRT_OK;
}

/* Differences fail the run where the options say so and allow at least a tenth of a quantization step; smaller
 * tolerances only ask for the differences. */
static lrt_status read_options(lrt_prepare *p, verify_params *v) {
  float tolerance = 0;
  lrt_flex map;
  LRT_TRY(lrt_custom_map(p, &map));
  LRT_TRY(lrt_custom_float(p, map, "tolerance", 0, &tolerance));
  v->strict = lrt_flex_bool(lrt_flex_find(map, "log_if_failed"), false) && (double)tolerance >= 0.1;
  v->allowed = p->inputs[0]->type == LRT_FLOAT16 ? 0 : tolerance * lrt_value_scale(p->inputs[0]);
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_UINT8, LRT_INT8, LRT_INT16, LRT_FLOAT16, -1}, floats[] = {LRT_FLOAT32, -1};
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_prepare_types(p, 1, floats));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_FLOAT32));
  verify_params *v = lrt_prepare_params(p, sizeof *v);
  if (v == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *shape = &p->inputs[0]->shape;
  v->count = lrt_shape_count(shape);
  if (lrt_shape_count(&p->inputs[1]->shape) != v->count)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the inputs differ in size");
  LRT_TRY(read_options(p, v));
  if (p->inputs[0]->type != LRT_FLOAT16) LRT_TRY(lrt_quant_axis(p, p->inputs[0], shape, &v->scale));
  LRT_TRY(lrt_prepare_shape(p, 0, shape));
  return lrt_prepare_step(p, verify_step, v, lrt_pieces_of(v->count, LRT_PIECE_CHEAP), 0, "numeric_verify");
}

const lrt_op lrt_op_numeric_verify = {prepare, false, 0, false};
