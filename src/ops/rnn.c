/* rnn.c: RNN, UNIDIRECTIONAL_SEQUENCE_RNN and BIDIRECTIONAL_SEQUENCE_RNN: h = activation(W x + A aux + R h + b). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/rnn_weights.h"

/* One direction. Units are batch rows: each runs its whole sequence. */
typedef struct rnn_plan {
  int x, aux, weights, aux_weights, recurrent, bias, state; /* inputs; -1 = none */
  lrt_rnn_matrix input_matrix, aux_matrix, recurrent_matrix;
  int64_t batch, time, n_input, n_aux, n;
  bool time_major, reverse, hybrid, symmetric;
  lrt_unary_fn activation; /* NULL = identity */
  int output;
  int64_t out_width, out_column;
} rnn_plan;

static void one_step(const rnn_plan *plan, const float *x, const float *aux, const float *bias, float *h,
                     void *scratch) {
  float *sum = scratch; /* [n], then the quantized vectors */
  int8_t *q = plan->hybrid ? (int8_t *)(sum + plan->n) : NULL;
  int8_t *q_aux = q != NULL ? q + plan->n_input : NULL, *q_h = q != NULL ? q_aux + plan->n_aux : NULL;
  const lrt_unary_params none = {0};
  const lrt_rnn_vector in = lrt_rnn_vector_of(x, plan->n_input, q, plan->symmetric);
  const lrt_rnn_vector hidden = lrt_rnn_vector_of(h, plan->n, q_h, plan->symmetric);
  memcpy(sum, bias, (size_t)plan->n * sizeof *sum);
  lrt_rnn_accumulate(&plan->input_matrix, &in, sum);
  if (aux != NULL) {
    const lrt_rnn_vector extra = lrt_rnn_vector_of(aux, plan->n_aux, q_aux, plan->symmetric);
    lrt_rnn_accumulate(&plan->aux_matrix, &extra, sum);
  }
  lrt_rnn_accumulate(&plan->recurrent_matrix, &hidden, sum);
  if (plan->activation != NULL)
    plan->activation(&none, sum, h, (size_t)plan->n);
  else
    memcpy(h, sum, (size_t)plan->n * sizeof *h);
}

static lrt_status rnn_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  rnn_plan plan = *(const rnn_plan *)step->params;
  lrt_rnn_matrix_bind(step, plan.weights, &plan.input_matrix);
  lrt_rnn_matrix_bind(step, plan.aux_weights, &plan.aux_matrix);
  lrt_rnn_matrix_bind(step, plan.recurrent, &plan.recurrent_matrix);
  const float *x = lrt_rnn_data(step, plan.x), *aux = lrt_rnn_data(step, plan.aux),
              *bias = lrt_rnn_data(step, plan.bias);
  float *state = lrt_rnn_data(step, plan.state);
  float *out = (float *)step->outputs[plan.output]->data + plan.out_column;
  for (int64_t b = begin; b < end; b++) {
    float *h = state + b * plan.n;
    for (int64_t i = 0; i < plan.time; i++) {
      LRT_TRY(lrt_step_check(run));
      const int64_t t = plan.reverse ? plan.time - 1 - i : i;
      const int64_t row = plan.time_major ? t * plan.batch + b : b * plan.time + t;
      one_step(&plan, x + row * plan.n_input, aux != NULL ? aux + row * plan.n_aux : NULL, bias, h,
               lrt_step_scratch(step, run));
      memcpy(out + row * plan.out_width, h, (size_t)plan.n * sizeof *h);
    }
  }
  return LRT_OK;
}

/* Sizes from the input and the weights; everything else is checked against them. */
static lrt_status read_direction(lrt_prepare *p, int activation, rnn_plan *plan) {
  const lrt_value *x = lrt_rnn_operand(p, plan->x), *aux = lrt_rnn_operand(p, plan->aux);
  const lrt_value *weights = lrt_rnn_operand(p, plan->weights), *bias = lrt_rnn_operand(p, plan->bias);
  const float *widened = NULL;
  const int last = p->node->code == LRT_OP_RNN ? 1 : 2;
  if (x == NULL || x->type != LRT_FLOAT32 || x->shape.rank != last + 1 || weights == NULL ||
      weights->shape.rank != 2 || lrt_rnn_operand(p, plan->recurrent) == NULL || bias == NULL ||
      bias->type != LRT_FLOAT32)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "the input, weights or bias are missing or have a wrong shape or type");
  plan->batch = x->shape.dims[last == 2 && plan->time_major ? 1 : 0];
  plan->time = last == 1 ? 1 : x->shape.dims[plan->time_major ? 0 : 1];
  plan->n_input = x->shape.dims[last];
  plan->n = weights->shape.dims[0];
  if (aux != NULL) {
    if (aux->type != LRT_FLOAT32 || aux->shape.rank != 3 || aux->shape.dims[0] != x->shape.dims[0] ||
        aux->shape.dims[1] != x->shape.dims[1])
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the auxiliary input does not fit the input");
    plan->n_aux = aux->shape.dims[2];
    LRT_TRY(lrt_rnn_matrix_read(p, plan->aux_weights, plan->n, plan->n_aux, false, &plan->aux_matrix));
  }
  LRT_TRY(lrt_rnn_matrix_read(p, plan->weights, plan->n, plan->n_input, false, &plan->input_matrix));
  LRT_TRY(lrt_rnn_matrix_read(p, plan->recurrent, plan->n, plan->n, false, &plan->recurrent_matrix));
  LRT_TRY(lrt_rnn_vector_read(p, plan->bias, plan->n, &widened));
  LRT_TRY(lrt_rnn_state_check(p, plan->state, LRT_FLOAT32, plan->batch * plan->n));
  plan->hybrid =
      plan->input_matrix.i8 != NULL || plan->recurrent_matrix.i8 != NULL || plan->aux_matrix.i8 != NULL;
  return lrt_rnn_activation(p, activation, &plan->activation);
}

static lrt_status emit(lrt_prepare *p, rnn_plan *plan) {
  const size_t floats = (size_t)plan->n * sizeof(float);
  const size_t bytes = plan->hybrid ? (size_t)(plan->n_input + plan->n_aux + plan->n) : 0;
  return lrt_prepare_step(p, rnn_step, plan, plan->time > 0 ? plan->batch : 0, floats + bytes,
                          plan->hybrid ? "lrt_rnn (int8 weights)" : "lrt_rnn");
}

static lrt_shape output_shape(const lrt_prepare *p, int64_t width) {
  lrt_shape shape = p->inputs[0]->shape;
  shape.dims[shape.rank - 1] = (int32_t)width;
  return shape;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, -1};
  const bool sequence = p->node->code == LRT_OP_UNIDIRECTIONAL_SEQUENCE_RNN;
  LRT_TRY(lrt_prepare_arity(p, 5, 5, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_prepare_same_type(p, p->inputs[0], p->outputs[0]));
  if (p->node->options == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has no options");
  const lrt_rnn_options *single = p->node->options;
  const lrt_sequence_rnn_options *many = p->node->options;
  rnn_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  *plan = (rnn_plan){.x = 0,
                     .aux = -1,
                     .weights = 1,
                     .aux_weights = -1,
                     .recurrent = 2,
                     .bias = 3,
                     .state = 4,
                     .time_major = sequence && many->time_major,
                     .symmetric =
                         !(sequence ? many->asymmetric_quantize_inputs : single->asymmetric_quantize_inputs)};
  LRT_TRY(read_direction(p, sequence ? many->activation : single->activation, plan));
  plan->out_width = plan->n;
  const lrt_shape shape = output_shape(p, plan->n);
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return emit(p, plan);
}

const lrt_op lrt_op_rnn = {prepare, false, 0, false};

/* Without auxiliary weights an auxiliary input is what the backward direction reads instead of the input. */
static lrt_status read_both(lrt_prepare *p, const lrt_bidirectional_sequence_rnn_options *options,
                            rnn_plan *plans[2]) {
  const bool weighted = lrt_rnn_operand(p, 10) != NULL && lrt_rnn_operand(p, 11) != NULL;
  const bool aux = lrt_rnn_operand(p, 9) != NULL;
  for (int d = 0; d < 2; d++) {
    plans[d] = lrt_prepare_params(p, sizeof *plans[d]);
    if (plans[d] == NULL) return lrt_prepare_no_memory(p);
    *plans[d] = (rnn_plan){.x = aux && !weighted && d == 1 ? 9 : 0,
                           .aux = aux && weighted ? 9 : -1,
                           .weights = 1 + 4 * d,
                           .recurrent = 2 + 4 * d,
                           .bias = 3 + 4 * d,
                           .state = 4 + 4 * d,
                           .aux_weights = aux && weighted ? 10 + d : -1,
                           .time_major = options->time_major != 0,
                           .reverse = d == 1,
                           .symmetric = !options->asymmetric_quantize_inputs};
    LRT_TRY(read_direction(p, options->activation, plans[d]));
  }
  if (plans[0]->batch != plans[1]->batch || plans[0]->time != plans[1]->time)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the directions have different lengths");
  return LRT_OK;
}

static lrt_status prepare_bidirectional(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, -1};
  const lrt_bidirectional_sequence_rnn_options *options = p->node->options;
  rnn_plan *plans[2];
  if (options == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has no options");
  LRT_TRY(lrt_prepare_arity(p, 9, 12, options->merge_outputs ? 1 : 2));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(read_both(p, options, plans));
  const int64_t both = plans[0]->n + plans[1]->n;
  if (both > INT32_MAX) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the output is too large");
  for (int d = 0; d < 2; d++) {
    plans[d]->output = options->merge_outputs ? 0 : d;
    plans[d]->out_width = options->merge_outputs ? both : plans[d]->n;
    plans[d]->out_column = options->merge_outputs && d == 1 ? plans[0]->n : 0;
    const lrt_shape shape = output_shape(p, plans[d]->out_width);
    LRT_TRY(lrt_prepare_same_type(p, p->inputs[0], p->outputs[plans[d]->output]));
    LRT_TRY(lrt_prepare_shape(p, plans[d]->output, &shape));
    LRT_TRY(emit(p, plans[d]));
  }
  return LRT_OK;
}

const lrt_op lrt_op_bidirectional_sequence_rnn = {prepare_bidirectional, false, 0, false};
