/* test_rnn.c: products of recurrent cells against plain loops, and 16-bit fixed-point functions against real ones. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "kernels/rnn/fixed16.h"
#include "kernels/rnn/rnn.h"

enum { ROWS = 5, COLS = 37 };

static void products(void) {
  float weights[ROWS * COLS], x[COLS], out[ROWS] = {1, 2, 3, 4, 5};
  for (int i = 0; i < ROWS * COLS; i++) weights[i] = (float)(i * 31 % 17 - 8) / 16;
  for (int i = 0; i < COLS; i++) x[i] = (float)(i * 13 % 19 - 9) / 8;
  const lrt_rnn_matrix m = {.f32 = weights, .rows = ROWS, .cols = COLS};
  const lrt_rnn_vector v = lrt_rnn_vector_of(x, COLS, NULL, false);
  lrt_rnn_accumulate(&m, &v, out);
  for (int r = 0; r < ROWS; r++) {
    double sum = r + 1;
    for (int c = 0; c < COLS; c++) sum += (double)weights[r * COLS + c] * (double)x[c];
    CHECK_NEAR(out[r], sum, 1e-5);
  }
  float diagonal[ROWS] = {0};
  const lrt_rnn_matrix d = {.f32 = weights, .rows = ROWS, .cols = ROWS, .diagonal = true};
  lrt_rnn_accumulate(&d, &v, diagonal);
  for (int r = 0; r < ROWS; r++) CHECK_NEAR(diagonal[r], weights[r] * x[r], 1e-6);
}

/* Int8 weights: within the step of the quantized activations, around zero or not. */
static void hybrid_products(void) {
  int8_t weights[ROWS * COLS], q[COLS];
  int32_t sums[ROWS];
  float x[COLS];
  for (int i = 0; i < ROWS * COLS; i++) weights[i] = (int8_t)(i * 31 % 255 - 127);
  for (int i = 0; i < COLS; i++) x[i] = (float)(i % 7) / 4 - 0.25f;
  lrt_rnn_row_sums(weights, ROWS, COLS, sums);
  const lrt_rnn_matrix m = {.i8 = weights, .sums = sums, .scale = 0.01f, .rows = ROWS, .cols = COLS};
  for (int symmetric = 0; symmetric < 2; symmetric++) {
    float out[ROWS] = {0};
    const lrt_rnn_vector v = lrt_rnn_vector_of(x, COLS, q, symmetric != 0);
    lrt_rnn_accumulate(&m, &v, out);
    for (int r = 0; r < ROWS; r++) {
      double sum = 0, bound = 0;
      for (int c = 0; c < COLS; c++) {
        sum += 0.01 * weights[r * COLS + c] * (double)x[c];
        bound += 0.01 * abs(weights[r * COLS + c]) * (double)v.scale * 0.51;
      }
      CHECK_NEAR(out[r], sum, bound);
    }
  }
}

static void fixed_point(void) {
  for (int x = -32768; x < 32768; x += 7) {
    CHECK_NEAR(lrt_fixed16_logistic((int16_t)x, 3) / 32768.0, 1 / (1 + exp(-x / 4096.0)), 4e-4);
    for (int bits = 0; bits <= 6; bits++)
      CHECK_NEAR(lrt_fixed16_tanh((int16_t)x, bits) / 32768.0, tanh(ldexp(x, bits - 15)), 8e-4);
  }
}

int main(int argc, char **argv) {
  RUN(products);
  RUN(hybrid_products);
  RUN(fixed_point);
  DONE();
}
