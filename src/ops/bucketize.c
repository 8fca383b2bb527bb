/* bucketize.c: BUCKETIZE: the number of boundaries that a value has reached. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"
#include "ops/pieces.h"

/* Boundaries <= value, by bisection; NaN counts all of them. */
static int32_t bucket_of(const lrt_bucketize_options *options, double value) {
  int32_t low = 0, high = (int32_t)options->boundaries.count;
  while (low < high) {
    const int32_t middle = low + (high - low) / 2;
    if (value < (double)options->boundaries.data[middle])
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static double number_at(const lrt_value *in, int64_t i) {
  switch (in->type) {
  case LRT_FLOAT32: return (double)((const float *)in->data)[i];
  case LRT_FLOAT64: return ((const double *)in->data)[i];
  case LRT_INT32: return ((const int32_t *)in->data)[i];
  default: return (double)((const int64_t *)in->data)[i];
  }
}

static lrt_status bucket_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const int64_t count = lrt_shape_count(&step->inputs[0]->shape);
  const int64_t last = lrt_pieces_at(end, LRT_PIECE_COSTLY, count);
  int32_t *out = step->outputs[0]->data;
  (void)run;
  for (int64_t i = lrt_pieces_at(begin, LRT_PIECE_COSTLY, count); i < last; i++)
    out[i] = bucket_of(step->params, number_at(step->inputs[0], i));
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_FLOAT64, LRT_INT32, LRT_INT64, -1};
  const lrt_bucketize_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_INT32));
  if (options == NULL || options->boundaries.count > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "lacks its boundaries");
  for (uint32_t i = 1; i < options->boundaries.count; i++)
    if (!(options->boundaries.data[i - 1] <= options->boundaries.data[i]))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "boundary %u is smaller than the one before", i);
  LRT_TRY(lrt_prepare_shape(p, 0, &p->inputs[0]->shape));
  const int64_t count = lrt_shape_count(&p->inputs[0]->shape);
  return lrt_prepare_step(p, bucket_step, options, lrt_pieces_of(count, LRT_PIECE_COSTLY), 0, "bucketize");
}

const lrt_op lrt_op_bucketize = {prepare, false, 0, false};
