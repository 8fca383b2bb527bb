/* lstm_integer.c: multipliers, clips and folded biases of the integer LSTM cell. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "ops/lstm_slots.h"
#include "ops/rnn_weights.h"

/* A constant of `type` with `count` elements and one scale; *scale may be NULL for operands whose scale is implied. */
static lrt_status read_constant(lrt_prepare *p, int slot, lrt_type type, int64_t count, float *scale,
                                const void **data) {
  const lrt_value *value = lrt_rnn_operand(p, slot);
  *data = NULL;
  if (value == NULL) return LRT_OK;
  if (value->type != type || !value->constant)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "tensor \"%s\" must be a constant of type %s", value->name,
                            lrt_type_name(type));
  if (lrt_shape_count(&value->shape) != count)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "tensor \"%s\" does not fit the other operands",
                            value->name);
  *data = value->data;
  if (scale == NULL) return LRT_OK;
  LRT_TRY(lrt_prepare_quantized(p, value));
  *scale = lrt_value_scale(value);
  return LRT_OK;
}

/* bias + factor * row sums of the weights: a zero point taken out of the inner loop. */
static lrt_status fold_bias(lrt_prepare *p, const int8_t *weights, const int32_t *bias, int32_t factor,
                            int64_t rows, int64_t cols, const int32_t **out) {
  int32_t *folded = lrt_prepare_params(p, (size_t)rows * sizeof *folded);
  if (folded == NULL) return lrt_prepare_no_memory(p);
  lrt_rnn_row_sums(weights, rows, cols, folded);
  for (int64_t r = 0; r < rows; r++)
    folded[r] = (int32_t)((uint32_t)folded[r] * (uint32_t)factor + (bias != NULL ? (uint32_t)bias[r] : 0));
  *out = folded;
  return LRT_OK;
}

/* What all gates share. */
typedef struct gate_scales {
  float input, h, cell; /* scales of x, h and the cell state */
  int32_t input_zero, h_zero;
  bool norm;
} gate_scales;

static lrt_status gate_scale(lrt_prepare *p, int g, bool norm, float *scale) {
  *scale = 1.0f / 4096; /* 3 integer and 12 fraction bits */
  if (!norm) return LRT_OK;
  LRT_TRY(lrt_prepare_quantized(p, p->intermediates[g]));
  *scale = lrt_value_scale(p->intermediates[g]);
  return LRT_OK;
}

static lrt_status read_norm(lrt_prepare *p, int slot, int64_t cells, lrt_lstm_i8_gate *gate) {
  const void *data;
  float scale = 1.0f;
  LRT_TRY(read_constant(p, slot, LRT_INT16, cells, &scale, &data));
  gate->norm = data;
  gate->norm_mul = lrt_multiplier_make((double)scale);
  if (gate->norm_mul.shift > 16 || scale > 100.0f)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "a normalization scale is too large");
  gate->variance_guard = (int32_t)(10000.0f * scale) > 1 ? (int32_t)(10000.0f * scale) : 1;
  return LRT_OK;
}

static lrt_status read_gate(lrt_prepare *p, const lrt_lstm_slots *slots, const lrt_lstm_sizes *sizes, int g,
                            const gate_scales *s, lrt_lstm_i8_gate *gate) {
  const int64_t cells = sizes->n_cell;
  const void *input, *recurrent, *peephole, *bias;
  float input_scale = 1, recurrent_scale = 1, peephole_scale = 1, out_scale;
  LRT_TRY(gate_scale(p, g, s->norm, &out_scale));
  LRT_TRY(read_constant(p, slots->input[g], LRT_INT8, cells * sizes->n_input, &input_scale, &input));
  LRT_TRY(
      read_constant(p, slots->recurrent[g], LRT_INT8, cells * sizes->n_output, &recurrent_scale, &recurrent));
  LRT_TRY(read_constant(p, slots->peephole[g], LRT_INT16, cells, &peephole_scale, &peephole));
  LRT_TRY(read_constant(p, slots->bias[g], LRT_INT32, cells, NULL, &bias));
  if (s->norm) LRT_TRY(read_norm(p, slots->norm[g], cells, gate));
  LRT_TRY(
      fold_bias(p, input, s->norm ? NULL : bias, -s->input_zero, cells, sizes->n_input, &gate->input_bias));
  LRT_TRY(fold_bias(p, recurrent, NULL, -s->h_zero, cells, sizes->n_output, &gate->recurrent_bias));
  gate->input = input;
  gate->recurrent = recurrent;
  gate->peephole = peephole;
  gate->norm_bias = bias;
  gate->input_mul = lrt_multiplier_make((double)(input_scale * s->input / out_scale));
  gate->recurrent_mul = lrt_multiplier_make((double)(recurrent_scale * s->h / out_scale));
  gate->peephole_mul =
      lrt_multiplier_make((double)(float)((double)s->cell * (double)peephole_scale / (double)out_scale));
  return LRT_OK;
}

/* Scale of the hidden value, the last intermediate, and the projection that follows it. */
static lrt_status read_projection(lrt_prepare *p, const lrt_lstm_slots *slots, const lrt_lstm_sizes *sizes,
                                  float h_scale, lrt_lstm_i8 *out) {
  const lrt_value *hidden = p->intermediates[4];
  const void *weights, *bias;
  float scale = 1;
  LRT_TRY(lrt_prepare_quantized(p, hidden));
  const float hidden_scale = lrt_value_scale(hidden);
  out->hidden_zero = lrt_value_zero_point(hidden);
  out->hidden_mul =
      lrt_multiplier_make((double)(float)(ldexp(1, -15) / (double)hidden_scale * ldexp(1, -15)));
  LRT_TRY(read_constant(p, slots->projection, LRT_INT8, sizes->n_output * sizes->n_cell, &scale, &weights));
  LRT_TRY(read_constant(p, slots->projection_bias, LRT_INT32, sizes->n_output, NULL, &bias));
  if (weights == NULL) return LRT_OK;
  out->projection = weights;
  out->projection_mul = lrt_multiplier_make((double)(scale * hidden_scale / h_scale));
  return fold_bias(p, weights, bias, out->hidden_zero, sizes->n_output, sizes->n_cell, &out->projection_bias);
}

static lrt_status cell_exponent(lrt_prepare *p, const lrt_value *cell, int32_t *out) {
  LRT_TRY(lrt_prepare_quantized(p, cell));
  const float exponent = log2f(lrt_value_scale(cell)), whole = roundf(exponent);
  if (fabsf(exponent - whole) > 1e-3f || whole < -15 || whole > -9)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                            "the cell state's scale must be a power of two from 2^-15 to 2^-9");
  *out = (int32_t)whole;
  return LRT_OK;
}

static int32_t clip_of(float clip, float scale, int32_t high) {
  if (!(clip > 0)) return 0;
  return clip / scale < (float)high ? (int32_t)(clip / scale) : high;
}

lrt_status lrt_lstm_i8_read(lrt_prepare *p, const lrt_lstm_slots *slots, const lrt_lstm_sizes *sizes,
                            float cell_clip, float proj_clip, lrt_lstm_i8 *out) {
  const lrt_value *h = lrt_rnn_operand(p, slots->h), *c = lrt_rnn_operand(p, slots->c);
  if (p->node->intermediate_count != 5)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "integer LSTM with %d intermediate tensors, expected 5",
                            p->node->intermediate_count);
  for (int i = 0; i < 5; i++)
    if (p->intermediates[i] == NULL)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "intermediate tensor %d is missing", i);
  if (h == NULL || c == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has no state tensors");
  LRT_TRY(lrt_prepare_quantized(p, p->inputs[0]));
  LRT_TRY(lrt_prepare_quantized(p, p->outputs[0]));
  LRT_TRY(lrt_prepare_quantized(p, h));
  LRT_TRY(cell_exponent(p, c, &out->cell_exponent));
  const gate_scales s = {.input = lrt_value_scale(p->inputs[0]),
                         .h = lrt_value_scale(h),
                         .cell = ldexpf(1, out->cell_exponent),
                         .input_zero = lrt_value_zero_point(p->inputs[0]),
                         .h_zero = lrt_value_zero_point(h),
                         .norm = lrt_rnn_operand(p, slots->norm[LRT_LSTM_OUTPUT]) != NULL};
  out->coupled = lrt_rnn_operand(p, slots->input[LRT_LSTM_INPUT]) == NULL;
  for (int g = out->coupled ? 1 : 0; g < LRT_LSTM_GATES; g++)
    LRT_TRY(read_gate(p, slots, sizes, g, &s, &out->gate[g]));
  LRT_TRY(read_projection(p, slots, sizes, s.h, out));
  out->n_input = sizes->n_input;
  out->n_cell = sizes->n_cell;
  out->n_output = sizes->n_output;
  out->output_zero = s.h_zero;
  out->cell_clip = clip_of(cell_clip, lrt_value_scale(c), INT16_MAX);
  out->proj_clip = clip_of(proj_clip, lrt_value_scale(p->outputs[0]), INT8_MAX);
  return LRT_OK;
}
