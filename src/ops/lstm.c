/* lstm.c: LSTM, UNIDIRECTIONAL_SEQUENCE_LSTM and BIDIRECTIONAL_SEQUENCE_LSTM: cells run over time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "ops/lstm_slots.h"
#include "ops/rnn_weights.h"

/* One direction. Units are batch rows: each runs its whole sequence. */
typedef struct lstm_plan {
  lrt_lstm_slots slots;
  lrt_lstm_sizes sizes;
  lrt_lstm_f32 f32;
  lrt_lstm_i8 i8;
  int output;
  int64_t out_width, out_column; /* elements per time step of the output, and where this direction's begin */
  bool reverse;
} lstm_plan;

static int64_t row_of(const lrt_lstm_sizes *s, int64_t batch, int64_t time) {
  return s->time_major ? time * s->batch + batch : batch * s->time + time;
}

/* Widened vectors are known; the others may move between runs. */
static void bind_vector(const lrt_step *step, int slot, const float **vector) {
  if (*vector == NULL) *vector = lrt_rnn_data(step, slot);
}

static void bind(const lrt_step *step, const lrt_lstm_slots *slots, lrt_lstm_f32 *l) {
  for (int g = 0; g < LRT_LSTM_GATES; g++) {
    lrt_rnn_matrix_bind(step, slots->input[g], &l->input[g]);
    lrt_rnn_matrix_bind(step, slots->aux_weights[g], &l->aux[g]);
    lrt_rnn_matrix_bind(step, slots->recurrent[g], &l->recurrent[g]);
    bind_vector(step, slots->peephole[g], &l->peephole[g]);
    bind_vector(step, slots->bias[g], &l->bias[g]);
    bind_vector(step, slots->norm[g], &l->norm[g]);
  }
  lrt_rnn_matrix_bind(step, slots->projection, &l->projection);
  bind_vector(step, slots->projection_bias, &l->projection_bias);
}

static lrt_status f32_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lstm_plan *plan = step->params;
  const lrt_lstm_sizes *s = &plan->sizes;
  lrt_lstm_f32 cell = plan->f32;
  bind(step, &plan->slots, &cell);
  const float *x = lrt_rnn_data(step, plan->slots.x), *aux = lrt_rnn_data(step, plan->slots.aux);
  float *h = lrt_rnn_data(step, plan->slots.h), *c = lrt_rnn_data(step, plan->slots.c);
  float *out = (float *)step->outputs[plan->output]->data + plan->out_column;
  for (int64_t b = begin; b < end; b++) {
    for (int64_t i = 0; i < s->time; i++) {
      LRT_TRY(lrt_step_check(run));
      const int64_t row = row_of(s, b, plan->reverse ? s->time - 1 - i : i);
      lrt_lstm_f32_step(&cell, x + row * s->n_input, aux != NULL ? aux + row * s->n_aux : NULL,
                        h + b * s->n_output, c + b * s->n_cell, lrt_step_scratch(step, run));
      memcpy(out + row * plan->out_width, h + b * s->n_output, (size_t)s->n_output * sizeof *h);
    }
  }
  return LRT_OK;
}

static lrt_status i8_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lstm_plan *plan = step->params;
  const lrt_lstm_sizes *s = &plan->sizes;
  const int8_t *x = lrt_rnn_data(step, plan->slots.x);
  int8_t *h = lrt_rnn_data(step, plan->slots.h), *out = step->outputs[plan->output]->data;
  int16_t *c = lrt_rnn_data(step, plan->slots.c);
  for (int64_t b = begin; b < end; b++) {
    for (int64_t i = 0; i < s->time; i++) {
      LRT_TRY(lrt_step_check(run));
      const int64_t row = row_of(s, b, i);
      lrt_lstm_i8_step(&plan->i8, x + row * s->n_input, h + b * s->n_output, c + b * s->n_cell,
                       lrt_step_scratch(step, run));
      memcpy(out + row * s->n_output, h + b * s->n_output, (size_t)s->n_output);
    }
  }
  return LRT_OK;
}

/* Peepholes, normalization and the input gate come all together or not at all. */
static lrt_status check_presence(lrt_prepare *p, const lrt_lstm_slots *slots) {
  const bool coupled = lrt_rnn_operand(p, slots->input[LRT_LSTM_INPUT]) == NULL;
  const bool peephole = lrt_rnn_operand(p, slots->peephole[LRT_LSTM_OUTPUT]) != NULL;
  const bool norm = lrt_rnn_operand(p, slots->norm[LRT_LSTM_OUTPUT]) != NULL;
  const bool aux = lrt_rnn_operand(p, slots->aux_weights[LRT_LSTM_OUTPUT]) != NULL;
  for (int g = 0; g < LRT_LSTM_GATES; g++) {
    const bool used = g != LRT_LSTM_INPUT || !coupled;
    if ((lrt_rnn_operand(p, slots->input[g]) != NULL) != used ||
        (lrt_rnn_operand(p, slots->recurrent[g]) != NULL) != used ||
        (used && lrt_rnn_operand(p, slots->bias[g]) == NULL) ||
        (lrt_rnn_operand(p, slots->aux_weights[g]) != NULL) != (used && aux) ||
        (lrt_rnn_operand(p, slots->norm[g]) != NULL) != (used && norm) ||
        (lrt_rnn_operand(p, slots->peephole[g]) != NULL) != (used && peephole && g != LRT_LSTM_CELL))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "some weights of gate %d are missing or superfluous", g);
  }
  if (aux && lrt_rnn_operand(p, slots->aux) == NULL)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "auxiliary weights without auxiliary input");
  return LRT_OK;
}

lrt_status lrt_lstm_f32_read(lrt_prepare *p, const lrt_lstm_slots *slots, const lrt_lstm_sizes *sizes,
                             lrt_lstm_f32 *out) {
  const int64_t cells = sizes->n_cell;
  for (int g = 0; g < LRT_LSTM_GATES; g++) {
    LRT_TRY(lrt_rnn_matrix_read(p, slots->input[g], cells, sizes->n_input, false, &out->input[g]));
    LRT_TRY(lrt_rnn_matrix_read(p, slots->aux_weights[g], cells, sizes->n_aux, false, &out->aux[g]));
    LRT_TRY(lrt_rnn_matrix_read(p, slots->recurrent[g], cells, sizes->n_output, true, &out->recurrent[g]));
    LRT_TRY(lrt_rnn_vector_read(p, slots->peephole[g], cells, &out->peephole[g]));
    LRT_TRY(lrt_rnn_vector_read(p, slots->bias[g], cells, &out->bias[g]));
    LRT_TRY(lrt_rnn_vector_read(p, slots->norm[g], cells, &out->norm[g]));
    out->hybrid |= out->input[g].i8 != NULL || out->recurrent[g].i8 != NULL || out->aux[g].i8 != NULL;
  }
  LRT_TRY(lrt_rnn_matrix_read(p, slots->projection, sizes->n_output, cells, false, &out->projection));
  LRT_TRY(lrt_rnn_vector_read(p, slots->projection_bias, sizes->n_output, &out->projection_bias));
  out->hybrid |= out->projection.i8 != NULL;
  out->n_input = sizes->n_input;
  out->n_aux = sizes->n_aux;
  out->n_cell = cells;
  out->n_output = sizes->n_output;
  out->coupled = lrt_rnn_operand(p, slots->input[LRT_LSTM_INPUT]) == NULL;
  out->sigmoid = lrt_unary_pick(LRT_UNARY_LOGISTIC, LRT_FLOAT32, p->mode == LRT_OP_REF);
  return LRT_OK;
}

/* Batch, time and the widths from the operands that everything else is checked against. */
static lrt_status read_sizes(lrt_prepare *p, const lrt_lstm_slots *slots, bool time_major,
                             lrt_lstm_sizes *out) {
  const lrt_value *x = lrt_rnn_operand(p, slots->x), *aux = lrt_rnn_operand(p, slots->aux);
  const lrt_value *weights = lrt_rnn_operand(p, slots->input[LRT_LSTM_OUTPUT]);
  const lrt_value *projection = lrt_rnn_operand(p, slots->projection);
  LRT_TRY(check_presence(p, slots));
  const int last = p->node->code == LRT_OP_LSTM ? 1 : 2;
  if (x == NULL || x->type != p->inputs[0]->type || x->shape.rank != last + 1 || weights->shape.rank != 2 ||
      weights->shape.dims[0] < 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the input or the weights have a wrong shape");
  *out = (lrt_lstm_sizes){.batch = x->shape.dims[last == 2 && time_major ? 1 : 0],
                          .time = 1,
                          .n_input = x->shape.dims[last],
                          .n_cell = weights->shape.dims[0],
                          .time_major = time_major};
  if (last == 2) out->time = x->shape.dims[time_major ? 0 : 1];
  out->n_output = out->n_cell;
  if (projection != NULL) {
    if (projection->shape.rank != 2 || projection->shape.dims[0] < 1)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the projection weights have a wrong shape");
    out->n_output = projection->shape.dims[0];
  }
  if (aux == NULL) return LRT_OK;
  if (aux->type != LRT_FLOAT32 || aux->shape.rank != 3 || aux->shape.dims[0] != x->shape.dims[0] ||
      aux->shape.dims[1] != x->shape.dims[1])
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the auxiliary input does not fit the input");
  out->n_aux = aux->shape.dims[2];
  return LRT_OK;
}

typedef struct lstm_settings {
  int activation;
  float cell_clip, proj_clip;
  bool asymmetric, time_major;
} lstm_settings;

static lrt_status emit_f32(lrt_prepare *p, const lstm_settings *settings, lstm_plan *plan) {
  const lrt_lstm_sizes *s = &plan->sizes;
  LRT_TRY(lrt_lstm_f32_read(p, &plan->slots, s, &plan->f32));
  LRT_TRY(lrt_rnn_activation(p, settings->activation, &plan->f32.activation));
  plan->f32.symmetric = !settings->asymmetric;
  plan->f32.cell_clip = settings->cell_clip;
  plan->f32.proj_clip = settings->proj_clip;
  LRT_TRY(lrt_rnn_state_check(p, plan->slots.h, LRT_FLOAT32, s->batch * s->n_output));
  LRT_TRY(lrt_rnn_state_check(p, plan->slots.c, LRT_FLOAT32, s->batch * s->n_cell));
  return lrt_prepare_step(p, f32_step, plan, s->time > 0 ? s->batch : 0, lrt_lstm_f32_scratch(&plan->f32),
                          plan->f32.hybrid ? "lrt_lstm_f32 (int8 weights)" : "lrt_lstm_f32");
}

static lrt_status emit_i8(lrt_prepare *p, const lstm_settings *settings, lstm_plan *plan) {
  const lrt_lstm_sizes *s = &plan->sizes;
  LRT_TRY(lrt_lstm_i8_read(p, &plan->slots, s, settings->cell_clip, settings->proj_clip, &plan->i8));
  LRT_TRY(lrt_rnn_state_check(p, plan->slots.h, LRT_INT8, s->batch * s->n_output));
  LRT_TRY(lrt_rnn_state_check(p, plan->slots.c, LRT_INT16, s->batch * s->n_cell));
  return lrt_prepare_step(p, i8_step, plan, s->time > 0 ? s->batch : 0, lrt_lstm_i8_scratch(&plan->i8),
                          "lrt_lstm_i8");
}

static lrt_shape output_shape(const lrt_prepare *p, int slot, int64_t width) {
  lrt_shape shape = p->inputs[slot]->shape;
  shape.dims[shape.rank - 1] = (int32_t)width;
  return shape;
}

static lrt_status read_settings(lrt_prepare *p, lstm_settings *out) {
  const void *options = p->node->options;
  if (options == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has no options");
  if (p->node->code == LRT_OP_LSTM) {
    const lrt_lstm_options *o = options;
    *out =
        (lstm_settings){o->activation, o->cell_clip, o->proj_clip, o->asymmetric_quantize_inputs != 0, false};
  } else if (p->node->code == LRT_OP_UNIDIRECTIONAL_SEQUENCE_LSTM) {
    const lrt_unidirectional_sequence_lstm_options *o = options;
    *out = (lstm_settings){o->activation, o->cell_clip, o->proj_clip, o->asymmetric_quantize_inputs != 0,
                           o->time_major != 0};
  } else {
    const lrt_bidirectional_sequence_lstm_options *o = options;
    *out = (lstm_settings){o->activation, o->cell_clip, o->proj_clip, o->asymmetric_quantize_inputs != 0,
                           o->time_major != 0};
  }
  if (isfinite(out->cell_clip) && isfinite(out->proj_clip)) return LRT_OK;
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "a clip is not finite");
}

/* Step functions index the operands without looking at their number. */
static void drop_absent(const lrt_prepare *p, lrt_lstm_slots *s) {
  int *const single[] = {&s->x, &s->aux, &s->projection, &s->projection_bias, &s->h, &s->c};
  int *const by_gate[] = {s->input, s->recurrent, s->aux_weights, s->peephole, s->bias, s->norm};
  for (size_t i = 0; i < sizeof single / sizeof single[0]; i++)
    if (lrt_rnn_operand(p, *single[i]) == NULL) *single[i] = -1;
  for (size_t i = 0; i < sizeof by_gate / sizeof by_gate[0]; i++)
    for (int g = 0; g < LRT_LSTM_GATES; g++)
      if (lrt_rnn_operand(p, by_gate[i][g]) == NULL) by_gate[i][g] = -1;
}

/* Operands of one direction in the order that all of these operators share, from `first` on. */
static lrt_lstm_slots slots_from(int first, int norm, int h, int c) {
  lrt_lstm_slots s = {
      .x = 0, .aux = -1, .projection = first + 15, .projection_bias = first + 16, .h = h, .c = c};
  for (int g = 0; g < LRT_LSTM_GATES; g++) {
    s.input[g] = first + g;
    s.recurrent[g] = first + 4 + g;
    s.bias[g] = first + 11 + g;
    s.aux_weights[g] = s.peephole[g] = -1;
  }
  for (int g = 0; g < LRT_LSTM_GATES; g++) s.norm[g] = norm >= 0 ? norm + g : -1;
  s.peephole[LRT_LSTM_INPUT] = first + 8;
  s.peephole[LRT_LSTM_FORGET] = first + 9;
  s.peephole[LRT_LSTM_OUTPUT] = first + 10;
  return s;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT8, -1};
  const lrt_lstm_options *options = p->node->options;
  lstm_settings settings;
  if (p->node->code == LRT_OP_LSTM && options != NULL && options->kernel_type == 1)
    return lrt_lstm_basic_prepare(p);
  LRT_TRY(read_settings(p, &settings));
  LRT_TRY(lrt_prepare_arity(p, 1, 24, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_prepare_same_type(p, p->inputs[0], p->outputs[0]));
  lstm_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->slots = slots_from(1, 20, 18, 19);
  drop_absent(p, &plan->slots);
  LRT_TRY(read_sizes(p, &plan->slots, settings.time_major, &plan->sizes));
  const lrt_shape shape = output_shape(p, 0, plan->sizes.n_output);
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  plan->out_width = plan->sizes.n_output;
  return p->inputs[0]->type == LRT_INT8 ? emit_i8(p, &settings, plan) : emit_f32(p, &settings, plan);
}

const lrt_op lrt_op_lstm = {prepare, false, 0, false};

/* Without auxiliary weights an auxiliary input is what the backward direction reads instead of the input. */
static lrt_status prepare_direction(lrt_prepare *p, const lstm_settings *settings, bool backward,
                                    lstm_plan **out) {
  const bool weighted = lrt_rnn_operand(p, 41) != NULL;
  lstm_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  plan->slots = backward ? slots_from(18, -1, 37, 38) : slots_from(1, -1, 35, 36);
  plan->reverse = backward;
  if (lrt_rnn_operand(p, 39) != NULL) {
    if (weighted)
      plan->slots.aux = 39;
    else if (backward)
      plan->slots.x = 39;
  }
  for (int g = 0; g < LRT_LSTM_GATES && weighted; g++) plan->slots.aux_weights[g] = (backward ? 44 : 40) + g;
  drop_absent(p, &plan->slots);
  LRT_TRY(read_sizes(p, &plan->slots, settings->time_major, &plan->sizes));
  *out = plan;
  return LRT_OK;
}

static lrt_status prepare_bidirectional(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, -1};
  const lrt_bidirectional_sequence_lstm_options *options = p->node->options;
  lstm_settings settings;
  lstm_plan *plans[2];
  LRT_TRY(read_settings(p, &settings));
  const bool merged = options->merge_outputs != 0;
  LRT_TRY(lrt_prepare_arity(p, 1, 48, merged ? 1 : 2));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  for (int d = 0; d < 2; d++) LRT_TRY(prepare_direction(p, &settings, d == 1, &plans[d]));
  if (plans[0]->sizes.batch != plans[1]->sizes.batch || plans[0]->sizes.time != plans[1]->sizes.time)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the directions have different lengths");
  const int64_t both = plans[0]->sizes.n_output + plans[1]->sizes.n_output;
  if (both > INT32_MAX) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the output is too large");
  for (int d = 0; d < 2; d++) {
    plans[d]->output = merged ? 0 : d;
    plans[d]->out_width = merged ? both : plans[d]->sizes.n_output;
    plans[d]->out_column = merged && d == 1 ? plans[0]->sizes.n_output : 0;
    const lrt_shape shape = output_shape(p, 0, plans[d]->out_width);
    LRT_TRY(lrt_prepare_same_type(p, p->inputs[0], p->outputs[plans[d]->output]));
    LRT_TRY(lrt_prepare_shape(p, plans[d]->output, &shape));
  }
  for (int d = 0; d < 2; d++) LRT_TRY(emit_f32(p, &settings, plans[d]));
  return LRT_OK;
}

const lrt_op lrt_op_bidirectional_sequence_lstm = {prepare_bidirectional, false, 0, false};
