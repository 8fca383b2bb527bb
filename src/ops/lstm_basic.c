/* lstm_basic.c: LSTM of kernel type BASIC: one joined weight matrix, state handed in and out as tensors. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/elementwise/ew_unary.h"
#include "kernels/rnn/lstm.h"
#include "ops/lstm_slots.h"
#include "ops/rnn_weights.h"

/* Inputs: x, previous activation, weights [4 n][n_input + n], bias [4 n], previous state. Outputs: activation, state,
 * x joined with the previous activation, sums of the gates. The gates stand in the order input, cell, forget, output. */
typedef struct basic_plan {
  int64_t batch, n_input, n;
  lrt_unary_fn sigmoid, tanh;
} basic_plan;

/* Units are batch rows. */
static lrt_status basic_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const basic_plan *b = step->params;
  const int64_t n = b->n, joined = b->n_input + n;
  const lrt_rnn_matrix weights = {.f32 = lrt_rnn_data(step, 2), .rows = 4 * n, .cols = joined};
  const float *x = lrt_rnn_data(step, 0), *before = lrt_rnn_data(step, 1), *bias = lrt_rnn_data(step, 3);
  const float *state = lrt_rnn_data(step, 4);
  float *out = step->outputs[0]->data, *state_out = step->outputs[1]->data;
  const lrt_unary_params none = {0};
  for (int64_t row = begin; row < end; row++) {
    float *all = (float *)step->outputs[2]->data + row * joined,
          *sums = (float *)step->outputs[3]->data + row * 4 * n, *gates = lrt_step_scratch(step, run);
    memcpy(all, x + row * b->n_input, (size_t)b->n_input * sizeof *all);
    memcpy(all + b->n_input, before + row * n, (size_t)n * sizeof *all);
    memcpy(sums, bias, (size_t)(4 * n) * sizeof *sums);
    const lrt_rnn_vector v = lrt_rnn_vector_of(all, joined, NULL, false);
    lrt_rnn_accumulate(&weights, &v, sums);
    b->sigmoid(&none, sums, gates, (size_t)n);
    b->tanh(&none, sums + n, gates + n, (size_t)n);
    b->sigmoid(&none, sums + 2 * n, gates + 2 * n, (size_t)(2 * n));
    for (int64_t i = 0; i < n; i++)
      state_out[row * n + i] = gates[i] * gates[n + i] + gates[2 * n + i] * state[row * n + i];
    b->tanh(&none, state_out + row * n, out + row * n, (size_t)n);
    for (int64_t i = 0; i < n; i++) out[row * n + i] *= gates[3 * n + i];
  }
  return LRT_OK;
}

static lrt_status basic_u8_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_lstm_u8 *plan = step->params;
  lrt_lstm_u8 l = *plan;
  const int64_t n = l.n, n_input = l.cols - n;
  const uint8_t *x = lrt_rnn_data(step, 0), *before = lrt_rnn_data(step, 1);
  const int16_t *state = lrt_rnn_data(step, 4);
  (void)run;
  l.weights = lrt_rnn_data(step, 2);
  l.bias = lrt_rnn_data(step, 3);
  for (int64_t row = begin; row < end; row++) {
    uint8_t *all = (uint8_t *)step->outputs[2]->data + row * l.cols;
    memcpy(all, x + row * n_input, (size_t)n_input);
    memcpy(all + n_input, before + row * n, (size_t)n);
    lrt_lstm_u8_step(&l, all, state + row * n, (int16_t *)step->outputs[3]->data + row * 4 * n,
                     (int16_t *)step->outputs[1]->data + row * n,
                     (uint8_t *)step->outputs[0]->data + row * n);
  }
  return LRT_OK;
}

static lrt_status expect(lrt_prepare *p, int input, int rank, int64_t rows, int64_t cols) {
  const lrt_shape *shape = &p->inputs[input]->shape;
  if (shape->rank == rank && shape->dims[0] == rows && (rank == 1 || shape->dims[1] == cols)) return LRT_OK;
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "tensor \"%s\" does not fit the other operands",
                          p->inputs[input]->name);
}

/* All f32, or uint8 with 32-bit biases and 16-bit state and gates. */
static lrt_status check_types(lrt_prepare *p, bool integer) {
  static const lrt_type ins[5] = {LRT_UINT8, LRT_UINT8, LRT_UINT8, LRT_INT32, LRT_INT16};
  static const lrt_type outs[4] = {LRT_UINT8, LRT_INT16, LRT_UINT8, LRT_INT16};
  for (int i = 0; i < 5; i++) {
    const int types[] = {integer ? (int)ins[i] : LRT_FLOAT32, -1};
    LRT_TRY(lrt_prepare_types(p, i, types));
  }
  for (int i = 0; i < 4; i++) {
    const lrt_type type = integer ? outs[i] : LRT_FLOAT32;
    if (p->outputs[i]->type != type)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output %d has the type %s, expected %s", i,
                              lrt_type_name(p->outputs[i]->type), lrt_type_name(type));
  }
  return LRT_OK;
}

/* Activations have the scale 1/128 and the zero point 128; the biases' scale is that of the sums. */
static lrt_status emit_u8(lrt_prepare *p, int32_t batch, int64_t n, int64_t joined) {
  const int activations[3] = {0, 1, -1};
  for (int i = 0; i < 3; i++) {
    const lrt_value *value = activations[i] < 0 ? p->outputs[0] : p->inputs[activations[i]];
    LRT_TRY(lrt_prepare_quantized(p, value));
    if (lrt_value_zero_point(value) != 128 || lrt_value_scale(value) != 1.0f / 128)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                              "tensor \"%s\" must have the scale 1/128 and zero point 128", value->name);
  }
  LRT_TRY(lrt_prepare_quantized(p, p->inputs[2]));
  LRT_TRY(lrt_prepare_quantized(p, p->inputs[3]));
  lrt_lstm_u8 *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  *plan = (lrt_lstm_u8){.weights_zero = lrt_value_zero_point(p->inputs[2]),
                        .mul = lrt_multiplier_make(4096.0 * (double)lrt_value_scale(p->inputs[3])),
                        .n = n,
                        .cols = joined};
  if (plan->weights_zero < 0 || plan->weights_zero > 255 || !(lrt_value_scale(p->inputs[3]) < 4096))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the quantization of weights or bias is out of range");
  return lrt_prepare_step(p, basic_u8_step, plan, batch, 0, "lrt_lstm_u8");
}

lrt_status lrt_lstm_basic_prepare(lrt_prepare *p) {
  LRT_TRY(lrt_prepare_arity(p, 5, 5, 4));
  const bool integer = p->inputs[0] != NULL && p->inputs[0]->type == LRT_UINT8;
  LRT_TRY(check_types(p, integer));
  const lrt_shape *x = &p->inputs[0]->shape, *before = &p->inputs[1]->shape;
  if (x->rank != 2 || before->rank != 2)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the input must have rank 2");
  const int32_t batch = x->dims[0], n = before->dims[1];
  const int64_t joined = (int64_t)x->dims[1] + n;
  LRT_TRY(expect(p, 1, 2, batch, n));
  LRT_TRY(expect(p, 2, 2, 4 * (int64_t)n, joined));
  LRT_TRY(expect(p, 3, 1, 4 * (int64_t)n, 0));
  LRT_TRY(expect(p, 4, 2, batch, n));
  /* The weights' own dimensions have shown that both widths fit 32 bits. */
  const int32_t widths[4] = {n, n, (int32_t)joined, 4 * n};
  for (int i = 0; i < 4; i++) {
    const lrt_shape shape = lrt_shape_of(2, (const int32_t[]){batch, widths[i]});
    LRT_TRY(lrt_prepare_shape(p, i, &shape));
  }
  if (integer) return emit_u8(p, batch, n, joined);
  basic_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  const bool ref = p->mode == LRT_OP_REF;
  *plan = (basic_plan){batch, x->dims[1], n, lrt_unary_pick(LRT_UNARY_LOGISTIC, LRT_FLOAT32, ref),
                       lrt_unary_pick(LRT_UNARY_TANH, LRT_FLOAT32, ref)};
  return lrt_prepare_step(p, basic_step, plan, batch, (size_t)n * 4 * sizeof(float), "lrt_lstm_basic_f32");
}
