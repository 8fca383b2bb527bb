/* svdf.c: SVDF: a feature product into a sliding memory, weighted over time; f32, int8 weights, or all integers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/rnn/lstm.h"
#include "ops/rnn_weights.h"

enum { X, FEATURE, TIME, BIAS, STATE };

/* Units are batch rows. */
typedef struct svdf_plan {
  int64_t n_input, filters, units;
  lrt_svdf_f32 f32;
  lrt_svdf_i8 i8;
  bool symmetric;
  lrt_unary_fn activation; /* f32; NULL = identity */
} svdf_plan;

static lrt_status f32_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const svdf_plan *plan = step->params;
  lrt_svdf_f32 cell = plan->f32;
  lrt_rnn_matrix_bind(step, FEATURE, &cell.feature);
  if (cell.time == NULL) cell.time = lrt_rnn_data(step, TIME);
  cell.bias = lrt_rnn_data(step, BIAS);
  float *scratch = lrt_step_scratch(step, run); /* [filters], then the quantized input */
  const lrt_unary_params none = {0};
  for (int64_t b = begin; b < end; b++) {
    const lrt_rnn_vector x = lrt_rnn_vector_of(
        (const float *)step->inputs[X]->data + b * plan->n_input, plan->n_input,
        cell.feature.i8 != NULL ? (int8_t *)(scratch + plan->filters) : NULL, plan->symmetric);
    float *out = (float *)step->outputs[0]->data + b * plan->units;
    lrt_svdf_f32_step(&cell, &x, (float *)step->inputs[STATE]->data + b * plan->filters * cell.memory, out,
                      scratch);
    if (plan->activation != NULL) plan->activation(&none, out, out, (size_t)plan->units);
  }
  return LRT_OK;
}

static lrt_status i8_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const svdf_plan *plan = step->params;
  lrt_svdf_i8 cell = plan->i8;
  (void)run;
  cell.feature = lrt_rnn_data(step, FEATURE);
  cell.time = lrt_rnn_data(step, TIME);
  cell.bias = lrt_rnn_data(step, BIAS);
  for (int64_t b = begin; b < end; b++)
    lrt_svdf_i8_step(&cell, (const int8_t *)step->inputs[X]->data + b * plan->n_input,
                     (int16_t *)step->inputs[STATE]->data + b * plan->filters * cell.memory,
                     (int8_t *)step->outputs[0]->data + b * plan->units);
  return LRT_OK;
}

static lrt_status prepare_f32(lrt_prepare *p, const lrt_svdf_options *options, int64_t memory,
                              svdf_plan *plan, int64_t batch) {
  const float *widened = NULL;
  LRT_TRY(lrt_rnn_matrix_read(p, FEATURE, plan->filters, plan->n_input, false, &plan->f32.feature));
  LRT_TRY(lrt_rnn_vector_read(p, TIME, plan->filters * memory, &plan->f32.time));
  LRT_TRY(lrt_rnn_vector_read(p, BIAS, plan->units, &widened));
  if (widened != NULL) return lrt_prepare_fail(p, LRT_UNSUPPORTED, "an int8 bias");
  LRT_TRY(lrt_rnn_state_check(p, STATE, LRT_FLOAT32, batch * plan->filters * memory));
  LRT_TRY(lrt_rnn_activation(p, options->activation, &plan->activation));
  plan->symmetric = !options->asymmetric_quantize_inputs;
  plan->f32.memory = memory;
  plan->f32.rank = options->rank;
  return lrt_prepare_step(p, f32_step, plan, batch,
                          (size_t)plan->filters * sizeof(float) + (size_t)plan->n_input,
                          plan->f32.feature.i8 != NULL ? "lrt_svdf_f32 (int8 weights)" : "lrt_svdf_f32");
}

static lrt_status check_integers(lrt_prepare *p) {
  static const int wanted[] = {LRT_INT8, LRT_INT8, LRT_INT16, LRT_INT32, LRT_INT16};
  for (int i = 0; i < 5; i++) {
    if (p->inputs[i] == NULL) continue;
    if ((int)p->inputs[i]->type != wanted[i])
      return lrt_prepare_fail(p, LRT_UNSUPPORTED, "tensor \"%s\" of type %s, expected %s", p->inputs[i]->name,
                              lrt_type_name(p->inputs[i]->type), lrt_type_name((lrt_type)wanted[i]));
    if (i != BIAS) LRT_TRY(lrt_prepare_quantized(p, p->inputs[i]));
  }
  return lrt_prepare_quantized(p, p->outputs[0]);
}

static lrt_status prepare_i8(lrt_prepare *p, const lrt_svdf_options *options, int64_t memory, svdf_plan *plan,
                             int64_t batch) {
  LRT_TRY(check_integers(p));
  LRT_TRY(lrt_rnn_state_check(p, STATE, LRT_INT16, batch * plan->filters * memory));
  if (options->activation != LRT_ACT_RELU)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "integer form with fused activation %d", options->activation);
  const float state = lrt_value_scale(p->inputs[STATE]);
  plan->i8 =
      (lrt_svdf_i8){.feature_mul = lrt_multiplier_make((double)(lrt_value_scale(p->inputs[X]) *
                                                                lrt_value_scale(p->inputs[FEATURE]) / state)),
                    .output_mul = lrt_multiplier_make(
                        (double)(state * lrt_value_scale(p->inputs[TIME]) / lrt_value_scale(p->outputs[0]))),
                    .in_zero = lrt_value_zero_point(p->inputs[X]),
                    .out_zero = lrt_value_zero_point(p->outputs[0]),
                    .n_input = plan->n_input,
                    .filters = plan->filters,
                    .memory = memory,
                    .rank = options->rank};
  return lrt_prepare_step(p, i8_step, plan, batch, 0, "lrt_svdf_i8");
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT8, -1};
  const lrt_svdf_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 3, 5, 1));
  LRT_TRY(lrt_prepare_types(p, X, types));
  LRT_TRY(lrt_prepare_same_type(p, p->inputs[X], p->outputs[0]));
  const lrt_shape *x = &p->inputs[X]->shape, *feature = &p->inputs[FEATURE]->shape,
                  *time = &p->inputs[TIME]->shape;
  if (options == NULL || options->rank < 1 || p->node->input_count != 5 || x->rank != 2 ||
      feature->rank != 2 || time->rank != 2 || feature->dims[0] % options->rank != 0 ||
      feature->dims[1] != x->dims[1] || time->dims[0] != feature->dims[0] || time->dims[1] < 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the input, weights and rank do not fit each other");
  svdf_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->n_input = x->dims[1];
  plan->filters = feature->dims[0];
  plan->units = plan->filters / options->rank;
  if (p->inputs[BIAS] != NULL && lrt_shape_count(&p->inputs[BIAS]->shape) != plan->units)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the bias does not fit the weights");
  const lrt_shape shape = lrt_shape_of(2, (const int32_t[]){x->dims[0], (int32_t)plan->units});
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return p->inputs[X]->type == LRT_INT8 ? prepare_i8(p, options, time->dims[1], plan, x->dims[0])
                                        : prepare_f32(p, options, time->dims[1], plan, x->dims[0]);
}

const lrt_op lrt_op_svdf = {prepare, false, 0, false};
