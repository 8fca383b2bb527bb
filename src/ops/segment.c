/* segment.c: SEGMENT_SUM and UNSORTED_SEGMENT_*: rows combined by an id per row. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "ops/movement.h"

typedef enum combine { COMBINE_SUM, COMBINE_PROD, COMBINE_MAX, COMBINE_MIN } combine;

typedef struct segment_params {
  combine how;
  int64_t rows, inner, segments;
  bool drops_negative; /* rows with a negative id belong to no segment */
} segment_params;

static float start_f32(combine how) {
  return how == COMBINE_SUM    ? 0.0f
         : how == COMBINE_PROD ? 1.0f
         : how == COMBINE_MAX  ? -3.402823466e+38f
                               : 3.402823466e+38f;
}

static int32_t start_i32(combine how) {
  return how == COMBINE_SUM ? 0 : how == COMBINE_PROD ? 1 : how == COMBINE_MAX ? INT32_MIN : INT32_MAX;
}

static void combine_f32(combine how, const float *in, float *out, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    switch (how) {
    case COMBINE_SUM: out[i] += in[i]; break;
    case COMBINE_PROD: out[i] *= in[i]; break;
    case COMBINE_MAX: out[i] = out[i] < in[i] ? in[i] : out[i]; break;
    case COMBINE_MIN: out[i] = in[i] < out[i] ? in[i] : out[i]; break;
    }
  }
}

/* Sums and products wrap. */
static void combine_i32(combine how, const int32_t *in, int32_t *out, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    switch (how) {
    case COMBINE_SUM: out[i] = (int32_t)((uint32_t)out[i] + (uint32_t)in[i]); break;
    case COMBINE_PROD: out[i] = (int32_t)((uint32_t)out[i] * (uint32_t)in[i]); break;
    case COMBINE_MAX: out[i] = out[i] < in[i] ? in[i] : out[i]; break;
    case COMBINE_MIN: out[i] = in[i] < out[i] ? in[i] : out[i]; break;
    }
  }
}

static lrt_status segment_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const segment_params *params = step->params;
  const int32_t *ids = step->inputs[1]->data;
  const bool real = step->inputs[0]->type == LRT_FLOAT32;
  float *out_f = step->outputs[0]->data;
  int32_t *out_i = step->outputs[0]->data;
  (void)begin;
  (void)end;
  for (int64_t i = 0; i < params->segments * params->inner; i++) {
    if (real)
      out_f[i] = start_f32(params->how);
    else
      out_i[i] = start_i32(params->how);
  }
  for (int64_t r = 0; r < params->rows; r++) {
    if (ids[r] < 0 && params->drops_negative) continue;
    if (ids[r] < 0 || ids[r] >= params->segments)
      return lrt_fail(run->err, LRT_RUN_FAILED, "segment id %d of row %lld is outside 0..%lld", ids[r],
                      (long long)r, (long long)params->segments - 1);
    const int64_t from = r * params->inner, to = ids[r] * params->inner;
    if (real)
      combine_f32(params->how, (const float *)step->inputs[0]->data + from, out_f + to, params->inner);
    else
      combine_i32(params->how, (const int32_t *)step->inputs[0]->data + from, out_i + to, params->inner);
  }
  return LRT_OK;
}

/* The ids cover the first dimensions of the data; one row of the result has the rest. */
static lrt_status finish(lrt_prepare *p, combine how, int64_t segments, bool drops_negative) {
  const lrt_shape *in = &p->inputs[0]->shape, *ids = &p->inputs[1]->shape;
  lrt_shape shape = {1, {(int32_t)segments}};
  segment_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params = (segment_params){how, 1, 1, segments, drops_negative};
  for (int i = 0; i < ids->rank; i++) {
    if (ids->rank > in->rank || ids->dims[i] != in->dims[i])
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the segment ids do not fit the data");
    params->rows *= ids->dims[i];
  }
  for (int i = ids->rank; i < in->rank; i++) {
    shape.dims[shape.rank++] = in->dims[i];
    params->inner *= in->dims[i];
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, segment_step, params, 1, 0, "segment");
}

static lrt_status check(lrt_prepare *p, int inputs) {
  static const int types[] = {LRT_FLOAT32, LRT_INT32, -1}, ids[] = {LRT_INT32, -1};
  LRT_TRY(lrt_prepare_arity(p, inputs, inputs, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_prepare_types(p, 1, ids));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  if (p->inputs[1]->shape.rank < 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the segment ids must have a rank of at least 1");
  return LRT_OK;
}

/* The ids rise; the last one says how many rows the result has. */
static lrt_status prepare_segment_sum(lrt_prepare *p) {
  LRT_TRY(check(p, 2));
  LRT_TRY(lrt_moved_rank(p, 1, 1));
  LRT_TRY(lrt_prepare_need(p, 1));
  const int32_t *ids = p->inputs[1]->data;
  const int32_t count = p->inputs[1]->shape.dims[0];
  for (int32_t i = 0; i < count; i++)
    if (ids[i] < (i > 0 ? ids[i - 1] : 0) || ids[i] == INT32_MAX)
      return lrt_prepare_fail(p, p->running ? LRT_RUN_FAILED : LRT_INVALID_MODEL,
                              "segment id %d at position %d is negative or falls", ids[i], i);
  return finish(p, COMBINE_SUM, count > 0 ? (int64_t)ids[count - 1] + 1 : 0, false);
}

const lrt_op lrt_op_segment_sum = {prepare_segment_sum, false, 0, false};

static lrt_status prepare_unsorted(lrt_prepare *p, combine how) {
  int64_t segments;
  LRT_TRY(check(p, 3));
  LRT_TRY(lrt_moved_integer(p, 2, &segments));
  if (segments < 0 || segments > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%lld segments are not possible", (long long)segments);
  return finish(p, how, segments, true);
}

static lrt_status prepare_sum(lrt_prepare *p) {
  return prepare_unsorted(p, COMBINE_SUM);
}
static lrt_status prepare_prod(lrt_prepare *p) {
  return prepare_unsorted(p, COMBINE_PROD);
}
static lrt_status prepare_max(lrt_prepare *p) {
  return prepare_unsorted(p, COMBINE_MAX);
}
static lrt_status prepare_min(lrt_prepare *p) {
  return prepare_unsorted(p, COMBINE_MIN);
}

const lrt_op lrt_op_unsorted_sum = {prepare_sum, false, 0, false};
const lrt_op lrt_op_unsorted_prod = {prepare_prod, false, 0, false};
const lrt_op lrt_op_unsorted_max = {prepare_max, false, 0, false};
const lrt_op lrt_op_unsorted_min = {prepare_min, false, 0, false};
