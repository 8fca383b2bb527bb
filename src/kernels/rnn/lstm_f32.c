/* lstm_f32.c: the LSTM cell on f32 activations. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "kernels/rnn/lstm.h"

size_t lrt_lstm_f32_scratch(const lrt_lstm_f32 *l) {
  const int64_t wide = l->n_output > l->n_cell ? l->n_output : l->n_cell;
  return (size_t)(LRT_LSTM_GATES * l->n_cell) * sizeof(float) +
         (l->hybrid ? (size_t)(l->n_input + l->n_aux + wide) : 0);
}

/* To mean 0 and variance 1. */
static void normalize(float *x, int64_t n) {
  float sum = 0.0f, squares = 0.0f;
  for (int64_t i = 0; i < n; i++) sum += x[i];
  const float mean = sum / (float)n;
  for (int64_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
  const float inverse = 1.0f / sqrtf(squares / (float)n + 1e-8f);
  for (int64_t i = 0; i < n; i++) x[i] = (x[i] - mean) * inverse;
}

static void clip(float *x, int64_t n, float limit) {
  for (int64_t i = 0; i < n; i++) x[i] = x[i] > limit ? limit : x[i] < -limit ? -limit : x[i];
}

/* vectors: x, aux, h. */
static void compute_gate(const lrt_lstm_f32 *l, lrt_lstm_gate g, const lrt_rnn_vector vectors[3],
                         const float *c, float *gate) {
  const int64_t n = l->n_cell;
  const lrt_unary_params none = {0};
  if (l->norm[g] != NULL)
    memset(gate, 0, (size_t)n * sizeof *gate);
  else
    memcpy(gate, l->bias[g], (size_t)n * sizeof *gate);
  lrt_rnn_accumulate(&l->input[g], &vectors[0], gate);
  lrt_rnn_accumulate(&l->aux[g], &vectors[1], gate);
  lrt_rnn_accumulate(&l->recurrent[g], &vectors[2], gate);
  if (l->peephole[g] != NULL)
    for (int64_t i = 0; i < n; i++) gate[i] += l->peephole[g][i] * c[i];
  if (l->norm[g] != NULL) {
    normalize(gate, n);
    for (int64_t i = 0; i < n; i++) gate[i] = gate[i] * l->norm[g][i] + l->bias[g][i];
  }
  const lrt_unary_fn fn = g == LRT_LSTM_CELL ? l->activation : l->sigmoid;
  if (fn != NULL) fn(&none, gate, gate, (size_t)n);
}

static void project(const lrt_lstm_f32 *l, const float *hidden, float *h, int8_t *q) {
  if (l->projection.rows == 0) {
    memcpy(h, hidden, (size_t)l->n_output * sizeof *h);
    return;
  }
  const lrt_rnn_vector v = lrt_rnn_vector_of(hidden, l->n_cell, q, l->symmetric);
  if (l->projection_bias != NULL)
    memcpy(h, l->projection_bias, (size_t)l->n_output * sizeof *h);
  else
    memset(h, 0, (size_t)l->n_output * sizeof *h);
  lrt_rnn_accumulate(&l->projection, &v, h);
  if (l->proj_clip > 0.0f) clip(h, l->n_output, l->proj_clip);
}

void lrt_lstm_f32_step(const lrt_lstm_f32 *l, const float *x, const float *aux, float *h, float *c,
                       void *scratch) {
  const int64_t n = l->n_cell;
  const lrt_unary_params none = {0};
  float *gates = scratch; /* [LRT_LSTM_GATES][n_cell] */
  float *input = gates, *forget = gates + n, *cell = gates + 2 * n, *output = gates + 3 * n;
  int8_t *q = l->hybrid ? (int8_t *)(gates + LRT_LSTM_GATES * n) : NULL;
  int8_t *q_aux = q != NULL ? q + l->n_input : NULL, *q_h = q != NULL ? q_aux + l->n_aux : NULL;
  const lrt_rnn_vector vectors[3] = {
      lrt_rnn_vector_of(x, l->n_input, q, l->symmetric),
      lrt_rnn_vector_of(aux, aux != NULL ? l->n_aux : 0, aux != NULL ? q_aux : NULL, l->symmetric),
      lrt_rnn_vector_of(h, l->n_output, q_h, l->symmetric)};
  if (!l->coupled) compute_gate(l, LRT_LSTM_INPUT, vectors, c, input);
  compute_gate(l, LRT_LSTM_FORGET, vectors, c, forget);
  compute_gate(l, LRT_LSTM_CELL, vectors, c, cell);
  for (int64_t i = 0; i < n; i++)
    c[i] = c[i] * forget[i] + cell[i] * (l->coupled ? 1.0f - forget[i] : input[i]);
  if (l->cell_clip > 0.0f) clip(c, n, l->cell_clip);
  compute_gate(l, LRT_LSTM_OUTPUT, vectors, c, output);
  float *hidden = cell;
  if (l->activation != NULL)
    l->activation(&none, c, hidden, (size_t)n);
  else
    memcpy(hidden, c, (size_t)n * sizeof *hidden);
  for (int64_t i = 0; i < n; i++) hidden[i] *= output[i];
  project(l, hidden, h, q_h);
}
