/* lstm_i8.c: the LSTM and SVDF cells in integers, bit exact with the reference. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/requant/fixed_math.h"
#include "kernels/rnn/fixed16.h"
#include "kernels/rnn/lstm.h"

static int16_t saturate16(int64_t x) {
  return (int16_t)(x < INT16_MIN ? INT16_MIN : x > INT16_MAX ? INT16_MAX : x);
}

static int32_t dot(const int8_t *a, const int8_t *b, int64_t n, int32_t start) {
  uint32_t sum = (uint32_t)start;
  for (int64_t i = 0; i < n; i++) sum += (uint32_t)(a[i] * b[i]);
  return (int32_t)sum;
}

/* gate[rows] += (bias + weights * x) * mul, saturated. */
static void accumulate16(const int8_t *weights, const int32_t *bias, lrt_multiplier mul, const int8_t *x,
                         int64_t rows, int64_t cols, int16_t *gate) {
  for (int64_t r = 0; r < rows; r++)
    gate[r] =
        saturate16((int64_t)lrt_multiplier_apply(dot(weights + r * cols, x, cols, bias[r]), mul) + gate[r]);
}

/* To mean 0, variance 1 with 10 fraction bits, then times the weights, plus the bias. */
static void normalize(const lrt_lstm_i8_gate *g, int64_t n, int16_t *gate) {
  int64_t sum = 0, squares = 0;
  for (int64_t i = 0; i < n; i++) {
    sum += gate[i];
    squares += (int32_t)gate[i] * gate[i];
  }
  const int32_t mean = (int32_t)(sum * 1024 / n);
  const int64_t variance = squares * ((1 << 20) / n) - (int64_t)mean * mean;
  int32_t whole = (int32_t)(variance / (1 << 20));
  if (whole < 1) whole = g->variance_guard;
  const lrt_multiplier inverse = lrt_fixed_inverse_sqrt(whole);
  const lrt_multiplier out = {g->norm_mul.q, g->norm_mul.shift + 12};
  for (int64_t i = 0; i < n; i++) {
    const int64_t scaled =
        (int64_t)lrt_multiplier_apply(1024 * gate[i] - mean, inverse) * g->norm[i] + g->norm_bias[i];
    const int32_t rounded = lrt_fixed_saturate((scaled + (scaled > 0 ? 512 : -512)) / 1024);
    gate[i] = saturate16(lrt_multiplier_apply(rounded, out));
  }
}

static void compute_gate(const lrt_lstm_i8 *l, lrt_lstm_gate which, const int8_t *x, const int8_t *h,
                         const int16_t *c, int16_t *gate) {
  const lrt_lstm_i8_gate *g = &l->gate[which];
  const int64_t n = l->n_cell;
  memset(gate, 0, (size_t)n * sizeof *gate);
  accumulate16(g->input, g->input_bias, g->input_mul, x, n, l->n_input, gate);
  accumulate16(g->recurrent, g->recurrent_bias, g->recurrent_mul, h, n, l->n_output, gate);
  if (g->peephole != NULL)
    for (int64_t i = 0; i < n; i++)
      gate[i] = saturate16((int64_t)lrt_multiplier_apply(g->peephole[i] * c[i], g->peephole_mul) + gate[i]);
  if (g->norm != NULL) normalize(g, n, gate);
  for (int64_t i = 0; i < n; i++)
    gate[i] = which == LRT_LSTM_CELL ? lrt_fixed16_tanh(gate[i], 3) : lrt_fixed16_logistic(gate[i], 3);
}

static void update_cell(const lrt_lstm_i8 *l, const int16_t *input, const int16_t *forget,
                        const int16_t *cell, int16_t *c) {
  for (int64_t i = 0; i < l->n_cell; i++) {
    const int32_t in = l->coupled ? INT16_MAX - forget[i] : input[i];
    const int16_t kept = (int16_t)lrt_fixed_round_shift(forget[i] * c[i], 15);
    const int16_t added = (int16_t)lrt_fixed_round_shift(in * cell[i], 30 + l->cell_exponent);
    c[i] = saturate16(kept + added);
    if (l->cell_clip > 0) c[i] = (int16_t)lrt_fixed_clamp(c[i], -l->cell_clip, l->cell_clip);
  }
}

static int8_t saturate8(int64_t x) {
  return (int8_t)(x < INT8_MIN ? INT8_MIN : x > INT8_MAX ? INT8_MAX : x);
}

/* Hidden value i: output gate times tanh of the cell state. */
static int8_t hidden_value(const lrt_lstm_i8 *l, int16_t output, int16_t c, int32_t zero) {
  const int16_t t = lrt_fixed16_tanh(c, 15 + l->cell_exponent);
  return saturate8((int64_t)lrt_multiplier_apply(output * t, l->hidden_mul) + zero);
}

size_t lrt_lstm_i8_scratch(const lrt_lstm_i8 *l) {
  return (size_t)(LRT_LSTM_GATES * l->n_cell) * sizeof(int16_t) + (size_t)l->n_cell;
}

void lrt_lstm_i8_step(const lrt_lstm_i8 *l, const int8_t *x, int8_t *h, int16_t *c, void *scratch) {
  const int64_t n = l->n_cell;
  int16_t *input = scratch, *forget = input + n, *cell = input + 2 * n,
          *output = input + 3 * n; /* [n_cell] each */
  int8_t *hidden = (int8_t *)(input + LRT_LSTM_GATES * n);
  if (!l->coupled) compute_gate(l, LRT_LSTM_INPUT, x, h, c, input);
  compute_gate(l, LRT_LSTM_FORGET, x, h, c, forget);
  compute_gate(l, LRT_LSTM_CELL, x, h, c, cell);
  update_cell(l, input, forget, cell, c);
  compute_gate(l, LRT_LSTM_OUTPUT, x, h, c, output);
  if (l->projection == NULL) {
    for (int64_t i = 0; i < n; i++) h[i] = hidden_value(l, output[i], c[i], l->hidden_zero);
    return;
  }
  /* The reference subtracts the hidden zero point here and adds its share in the projection's bias. */
  for (int64_t i = 0; i < n; i++) hidden[i] = hidden_value(l, output[i], c[i], -l->hidden_zero);
  for (int64_t r = 0; r < l->n_output; r++) {
    const int32_t sum = dot(l->projection + r * n, hidden, n, l->projection_bias[r]);
    int8_t y = saturate8((int64_t)lrt_multiplier_apply(sum, l->projection_mul) + l->output_zero);
    if (l->proj_clip > 0) y = (int8_t)lrt_fixed_clamp(y, -l->proj_clip, l->proj_clip);
    h[r] = y;
  }
}

/* As lrt_multiplier_apply, with halves rounded up: the reference's matrix product does so here. */
static int32_t apply_half_up(int32_t x, lrt_multiplier m) {
  const int right = m.shift < 0 ? -m.shift : 0;
  const int64_t shifted = lrt_fixed_shl(x, m.shift > 0 ? m.shift : 0);
  const int64_t high = lrt_fixed_sar64(shifted * m.q + ((int64_t)1 << 30), 31);
  if (right == 0) return lrt_fixed_saturate(high);
  return lrt_fixed_saturate(lrt_fixed_sar64(high + ((int64_t)1 << (right - 1)), right));
}

void lrt_lstm_u8_step(const lrt_lstm_u8 *l, const uint8_t *x, const int16_t *state, int16_t *gates,
                      int16_t *state_out, uint8_t *out) {
  const int64_t n = l->n;
  for (int64_t r = 0; r < 4 * n; r++) {
    uint32_t sum = (uint32_t)l->bias[r];
    for (int64_t i = 0; i < l->cols; i++)
      sum += (uint32_t)((x[i] - 128) * (l->weights[r * l->cols + i] - l->weights_zero));
    gates[r] = saturate16(apply_half_up((int32_t)sum, l->mul));
  }
  for (int64_t i = 0; i < n; i++) {
    const int16_t added =
        lrt_fixed_mul16(lrt_fixed16_logistic(gates[i], 3), lrt_fixed16_tanh(gates[n + i], 3));
    const int16_t kept = lrt_fixed_mul16(lrt_fixed16_logistic(gates[2 * n + i], 3), state[i]);
    const int16_t now = saturate16(lrt_fixed16_scale(added, -4) + kept);
    const int16_t y = lrt_fixed_mul16(lrt_fixed16_logistic(gates[3 * n + i], 3), lrt_fixed16_tanh(now, 4));
    state_out[i] = now;
    out[i] = (uint8_t)(128 + lrt_fixed_clamp(lrt_fixed_round_shift(y, 8), -128, 127));
  }
}

void lrt_svdf_i8_step(const lrt_svdf_i8 *s, const int8_t *x, int16_t *state, int8_t *out) {
  for (int64_t u = 0; u < s->filters / s->rank; u++) {
    uint32_t sum = s->bias != NULL ? (uint32_t)s->bias[u] : 0;
    for (int64_t f = u * s->rank; f < (u + 1) * s->rank; f++) {
      int16_t *row = state + f * s->memory;
      const int16_t *time = s->time + f * s->memory;
      uint32_t feature = 0;
      for (int64_t i = 0; i < s->n_input; i++)
        feature += (uint32_t)(s->feature[f * s->n_input + i] * (x[i] - s->in_zero));
      memmove(row, row + 1, (size_t)(s->memory - 1) * sizeof *row);
      row[s->memory - 1] = saturate16(lrt_multiplier_apply((int32_t)feature, s->feature_mul));
      for (int64_t m = 0; m < s->memory; m++) sum += (uint32_t)(row[m] * time[m]);
    }
    out[u] = saturate8((int64_t)lrt_multiplier_apply((int32_t)sum, s->output_mul) + s->out_zero);
  }
}
