/* lstm.h: one time step of an LSTM cell for one batch row, in f32 (or f32 over int8 weights) and in integers. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_LSTM_H
#define LRT_KERNELS_LSTM_H

#include "kernels/elementwise/ew_unary.h"
#include "kernels/requant/fixed.h"
#include "kernels/rnn/rnn.h"

typedef enum lrt_lstm_gate {
  LRT_LSTM_INPUT,
  LRT_LSTM_FORGET,
  LRT_LSTM_CELL,
  LRT_LSTM_OUTPUT,
  LRT_LSTM_GATES
} lrt_lstm_gate;

/* gate = sigma(W x + A aux + R h + p * c + b); with layer normalisation, sigma(norm * normalised(W x + …) + b).
 * c = forget * c + (coupled ? 1 - forget : input) * cell, clipped; h = projection(output * activation(c)), clipped.
 * The output gate's peephole sees the new c. */
typedef struct lrt_lstm_f32 {
  lrt_rnn_matrix input[LRT_LSTM_GATES];     /* [n_cell][n_input] */
  lrt_rnn_matrix aux[LRT_LSTM_GATES];       /* [n_cell][n_aux] or absent */
  lrt_rnn_matrix recurrent[LRT_LSTM_GATES]; /* [n_cell][n_output] */
  lrt_rnn_matrix projection;                /* [n_output][n_cell] or absent: n_output = n_cell */
  const float *peephole[LRT_LSTM_GATES];    /* [n_cell] or NULL */
  const float *bias[LRT_LSTM_GATES];        /* [n_cell] */
  const float *norm[LRT_LSTM_GATES];        /* [n_cell] or NULL */
  const float *projection_bias;             /* [n_output] or NULL */
  int64_t n_input, n_aux, n_cell, n_output;
  bool coupled;                     /* no input gate */
  bool hybrid, symmetric;           /* int8 weights; how activations are quantized */
  lrt_unary_fn sigmoid, activation; /* f32; activation NULL = identity */
  float cell_clip, proj_clip;       /* > 0: bounds */
} lrt_lstm_f32;

size_t lrt_lstm_f32_scratch(const lrt_lstm_f32 *l);
/* x [n_input], aux [n_aux] or NULL; h [n_output] and c [n_cell] are read and written; scratch: aligned for float. */
void lrt_lstm_f32_step(const lrt_lstm_f32 *l, const float *x, const float *aux, float *h, float *c,
                       void *scratch);

/* Integers: int8 activations and weights, int16 gates and cell state, int32 biases. A gate's biases have the zero
 * points folded in: input_bias = bias - zero * row sums (without `bias` under layer normalisation). */
typedef struct lrt_lstm_i8_gate {
  const int8_t *input, *recurrent;            /* [n_cell][n_input], [n_cell][n_output] */
  const int32_t *input_bias, *recurrent_bias; /* [n_cell] */
  const int16_t *peephole, *norm;             /* [n_cell] or NULL */
  const int32_t *norm_bias;                   /* [n_cell], with norm */
  lrt_multiplier input_mul, recurrent_mul, peephole_mul, norm_mul;
  int32_t variance_guard; /* with norm: used where the variance is 0 */
} lrt_lstm_i8_gate;

typedef struct lrt_lstm_i8 {
  lrt_lstm_i8_gate gate[LRT_LSTM_GATES];
  const int8_t *projection;       /* [n_output][n_cell] or NULL */
  const int32_t *projection_bias; /* [n_output], zero point folded in; with projection */
  lrt_multiplier projection_mul, hidden_mul;
  int32_t hidden_zero, output_zero;
  int64_t n_input, n_cell, n_output;
  int32_t cell_exponent;        /* the cell state's scale is 2^cell_exponent, -15..-9 */
  int32_t cell_clip, proj_clip; /* > 0: bounds */
  bool coupled;
} lrt_lstm_i8;

size_t lrt_lstm_i8_scratch(const lrt_lstm_i8 *l);
void lrt_lstm_i8_step(const lrt_lstm_i8 *l, const int8_t *x, int8_t *h, int16_t *c, void *scratch);

/* One batch row of the BASIC kernel in uint8: gates [4 n] (input, cell, forget, output; Q3.12) and state [n] (Q4.11) are
 * written; x [cols] is uint8 with the zero point 128, weights [4 n][cols]. */
typedef struct lrt_lstm_u8 {
  const uint8_t *weights;
  const int32_t *bias; /* [4 n] */
  int32_t weights_zero;
  lrt_multiplier mul;
  int64_t n, cols;
} lrt_lstm_u8;
void lrt_lstm_u8_step(const lrt_lstm_u8 *l, const uint8_t *x, const int16_t *state, int16_t *gates,
                      int16_t *state_out, uint8_t *out);

/* SVDF in integers: int8 input, int16 state and time weights, int32 bias; see lrt_svdf_f32. */
typedef struct lrt_svdf_i8 {
  const int8_t *feature; /* [filters][n_input] */
  const int16_t *time;   /* [filters][memory] */
  const int32_t *bias;   /* [filters / rank] or NULL */
  lrt_multiplier feature_mul, output_mul;
  int32_t in_zero, out_zero;
  int64_t n_input, filters, memory, rank;
} lrt_svdf_i8;
void lrt_svdf_i8_step(const lrt_svdf_i8 *s, const int8_t *x, int16_t *state, int8_t *out);

#endif
