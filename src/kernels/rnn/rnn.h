/* rnn.h: matrix-vector products of recurrent cells, on f32 weights or on int8 ones with quantized activations. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_RNN_H
#define LRT_KERNELS_RNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of f32 and i8 is set; rows 0 stands for an absent matrix. */
typedef struct lrt_rnn_matrix {
  const float *f32;    /* [rows][cols], or its diagonal [rows] */
  const int8_t *i8;    /* [rows][cols] */
  const int32_t *sums; /* i8: [rows] sums of a row */
  float scale;         /* i8 */
  int64_t rows, cols;
  bool diagonal; /* f32 only; rows = cols */
} lrt_rnn_matrix;

/* An activation vector, beside its int8 form where weights are int8. */
typedef struct lrt_rnn_vector {
  const float *x;  /* [count] */
  const int8_t *q; /* [count] or NULL: x is about (q - zero) * scale */
  int64_t count;
  float scale;
  int32_t zero;
} lrt_rnn_vector;

/* `q` ([count] bytes to work in): quantizes, per vector, around zero (symmetric) or not; NULL: f32 only. */
lrt_rnn_vector lrt_rnn_vector_of(const float *x, int64_t count, int8_t *q, bool symmetric);
/* out[rows] += m * v. */
void lrt_rnn_accumulate(const lrt_rnn_matrix *m, const lrt_rnn_vector *v, float *out);
void lrt_rnn_row_sums(const int8_t *weights, int64_t rows, int64_t cols, int32_t *sums);

/* SVDF of one batch row. `state` [filters][memory] moves one column to the left; the feature product fills the last one.
 * out[u] = bias[u] + sum of the filters' dot products with their time weights over the filters of unit u. */
typedef struct lrt_svdf_f32 {
  lrt_rnn_matrix feature; /* [filters][n_input] */
  const float *time;      /* [filters][memory] */
  const float *bias;      /* [filters / rank] or NULL */
  int64_t memory, rank;
} lrt_svdf_f32;
/* scratch: [filters]. */
void lrt_svdf_f32_step(const lrt_svdf_f32 *s, const lrt_rnn_vector *x, float *state, float *out,
                       float *scratch);

#endif
