/* rnn_matrix.c: products of a weight matrix and one activation vector, and the SVDF cell made of them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/rnn/rnn.h"
#include "kernels/rowquant/rowquant.h"

/* Independent partial sums, the same number on every machine. */
enum { LANES = 16 };

static float dot_f32(const float *a, const float *b, int64_t n) {
  float lane[LANES] = {0}, sum = 0.0f;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    for (int l = 0; l < LANES; l++) lane[l] += a[i + l] * b[i + l];
  }
  for (; i < n; i++) sum += a[i] * b[i];
  for (int l = 0; l < LANES; l++) sum += lane[l];
  return sum;
}

/* Wraps modulo 2^32, as vectors of more than 131072 full-scale products would. */
static int32_t dot_i8(const int8_t *a, const int8_t *b, int64_t n) {
  uint32_t sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (uint32_t)(a[i] * b[i]);
  return (int32_t)sum;
}

lrt_rnn_vector lrt_rnn_vector_of(const float *x, int64_t count, int8_t *q, bool symmetric) {
  lrt_rnn_vector v = {x, q, count, 1.0f, 0};
  if (q == NULL) return v;
  const lrt_rowquant_kernel *kernel = lrt_rowquant_pick(true);
  (symmetric ? kernel->symmetric : kernel->asymmetric)(x, count, q, &v.scale, &v.zero);
  return v;
}

void lrt_rnn_accumulate(const lrt_rnn_matrix *m, const lrt_rnn_vector *v, float *out) {
  if (m->diagonal) {
    for (int64_t r = 0; r < m->rows; r++) out[r] += m->f32[r] * v->x[r];
  } else if (m->i8 != NULL) {
    const float scale = v->scale * m->scale;
    for (int64_t r = 0; r < m->rows; r++) {
      const int32_t dot = dot_i8(m->i8 + r * m->cols, v->q, m->cols);
      out[r] += (float)((int64_t)dot - (int64_t)v->zero * m->sums[r]) * scale;
    }
  } else {
    for (int64_t r = 0; r < m->rows; r++) out[r] += dot_f32(m->f32 + r * m->cols, v->x, m->cols);
  }
}

void lrt_rnn_row_sums(const int8_t *weights, int64_t rows, int64_t cols, int32_t *sums) {
  for (int64_t r = 0; r < rows; r++) {
    int64_t sum = 0;
    for (int64_t c = 0; c < cols; c++) sum += weights[r * cols + c];
    sums[r] = (int32_t)(uint32_t)(uint64_t)sum;
  }
}

void lrt_svdf_f32_step(const lrt_svdf_f32 *s, const lrt_rnn_vector *x, float *state, float *out,
                       float *scratch) {
  const int64_t filters = s->feature.rows, memory = s->memory;
  memset(scratch, 0, (size_t)filters * sizeof *scratch);
  lrt_rnn_accumulate(&s->feature, x, scratch);
  for (int64_t f = 0; f < filters; f++) {
    float *row = state + f * memory;
    memmove(row, row + 1, (size_t)(memory - 1) * sizeof *row);
    row[memory - 1] = scratch[f];
    scratch[f] = dot_f32(row, s->time + f * memory, memory);
  }
  for (int64_t u = 0; u < filters / s->rank; u++) {
    out[u] = s->bias != NULL ? s->bias[u] : 0.0f;
    for (int64_t r = 0; r < s->rank; r++) out[u] += scratch[u * s->rank + r];
  }
}
