/* tconv.h: transposed convolutions: sums up the products that a matrix product of inputs and weights has made. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_TCONV_H
#define LRT_KERNELS_TCONV_H

#include <stdbool.h>
#include <stdint.h>

/* Sizes along depth, height, width (depth 1 in two dimensions). Output position o takes input i through tap k where
 * o = i * stride + k * dilation - pad. */
typedef struct lrt_tconv {
  int64_t batch, channels; /* channels: of the output */
  int32_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
} lrt_tconv;

/* Output rows are numbered (batch * out_d + z) * out_h + y. */
static inline int64_t lrt_tconv_rows(const lrt_tconv *t) {
  return t->batch * t->out[0] * t->out[1];
}
static inline int64_t lrt_tconv_taps(const lrt_tconv *t) {
  return (int64_t)t->kernel[0] * t->kernel[1] * t->kernel[2];
}

/* cols [batch * in_d * in_h * in_w][taps][channels] -> row [out_w][channels]. */
void lrt_tconv_row_f32(const lrt_tconv *t, const float *cols, const float *bias /* or NULL */, float lo,
                       float hi, int64_t row, float *out);
void lrt_tconv_row_i32(const lrt_tconv *t, const int32_t *cols, int64_t row, int32_t *acc);

/* From sums to outputs. */
typedef struct lrt_tconv_rescale {
  const int32_t *bias;         /* [channels] or NULL */
  const int64_t *bias64;       /* int16: or NULL */
  const int32_t *mult, *shift; /* [channels] */
  const float *scale;          /* [channels]: not exact */
  bool exact, bias_is_32;      /* bias_is_32: int16 by the 32-bit rule */
  int32_t zero, lo, hi;
} lrt_tconv_rescale;

/* acc [pixels][channels] -> bytes (int8, or uint8 where lo and hi say so). */
void lrt_tconv_finish(const lrt_tconv_rescale *r, const int32_t *acc, int64_t pixels, int64_t channels,
                      uint8_t *out);

/* int16 inputs [..][depth] and weights [taps][channels][depth] without a product before; acc [out_w][channels]. */
void lrt_tconv_row_i16(const lrt_tconv *t, const int16_t *in, const int8_t *w, int64_t depth,
                       const lrt_tconv_rescale *r, int64_t row, int64_t *acc, int16_t *out);

#endif
