/* product.h: what convolutions, FULLY_CONNECTED and their kin share: weights checked, packed and multiplied. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_PRODUCT_H
#define LRT_OPS_PRODUCT_H

#include "kernels/gemm/gemm.h"
#include "ops/op.h"

/* One product: which operands take part, where the rows are, what happens to the sums. Output 0 is C, row after row.
 * Types (input, weights -> output): f32 with {f32 f16 bf16} -> f32 · f32 with {int8 int4 int2 uint8} -> f32, widened
 * (weights_only) or as dynamic range · int8 with {int8 int4 int2} -> int8 · uint8 with uint8 -> {uint8 int16} ·
 * int16 with {int8 int4 int2} -> int16; `words`: with int16 too. */
typedef struct lrt_product {
  int input, weights, bias; /* operand numbers; bias -1 = none */
  lrt_gemm_a rows;          /* data unset */
  int64_t groups, n;        /* n: outputs per group */
  int32_t scale_axis;       /* of the weights: where one scale per output may stand */
  int activation;
  bool symmetric;          /* ref mode, dynamic range: rows are quantized around 0 */
  int64_t quant_rows;      /* dynamic range: the input is this many runs with a scale each … */
  int64_t quant_size;      /* … of so many elements */
  int64_t rows_per_scale;  /* rows of C that read one run */
  int quantized_bias_type; /* int16 without bias: LRT_INT32 picks the 32-bit rule */
  bool float_product;      /* one scale: it is multiplied by the input's in float, as old files expect */
  bool keep_packed;        /* weights may be packed for good, whatever their size */
  bool real_rule;          /* ref mode: sums are rescaled in double precision */
  bool fixed_rule;         /* sums are rescaled by 32-bit multipliers in every mode */
  bool blocks;             /* blockwise int4 weights are taken too */
  bool words;              /* int16 weights are taken too */
  bool old_hybrid;         /* uint8 weights of float products hold int8 bits, as the first hybrid files do */
} lrt_product;

/* Hands finished ranges of a product to the steps that follow it. */
typedef struct lrt_product_made {
  const lrt_step *step;
  const lrt_step_run *run;
  int64_t base; /* element of output 0 where C begins */
  lrt_status status;
} lrt_product_made;
void lrt_product_tell(void *made, int64_t begin, int64_t end);
/* The listener of a product that begins at element `base` of the step's output. */
static inline lrt_gemm_made lrt_product_listen(lrt_product_made *made) {
  return (lrt_gemm_made){made->step->follower != NULL ? lrt_product_tell : NULL, made};
}

/* Checks types, bias and quantization, then emits the steps. Output shape declared before; empty outputs emit none. */
lrt_status lrt_product_prepare(lrt_prepare *p, const lrt_product *product);

/* The weights will not change while the plan lives. */
static inline bool lrt_product_is_fixed(const lrt_prepare *p, const lrt_value *value) {
  return value->constant || (value->readable && !p->running);
}

/* `bytes` written by fill: in the model's store where the key's data is a constant, else with the plan. */
lrt_status lrt_product_keep(lrt_prepare *p, const lrt_value *weights, const lrt_weights_key *key,
                            size_t bytes, lrt_weights_fill fill, const void *arg, const void **out);

/* Requantization of `count` outputs. */
typedef struct lrt_product_rescale {
  int32_t *mult, *shift; /* [count] */
  float *scale;          /* [count] */
  double *real;          /* [count] */
  int32_t lo, hi;
} lrt_product_rescale;
/* sx * sw[c] / sy for every output; checks the operands' scales, zero points and the activation. */
lrt_status lrt_product_rescale_make(lrt_prepare *p, const lrt_product *product, int64_t count,
                                    lrt_product_rescale *out);
/* The weights' scales as [count], one scale repeated; fails where their number or axis does not fit. */
lrt_status lrt_product_scales(lrt_prepare *p, const lrt_product *product, int64_t count, const float **out);
/* Fails unless the bias is left out or holds `count` numbers of `type` (or `other`). */
lrt_status lrt_product_check_bias(lrt_prepare *p, int bias, int64_t count, lrt_type type, lrt_type other);
/* An optional operand; NULL when it is left out. */
static inline const lrt_value *lrt_product_operand(const lrt_prepare *p, int index) {
  return index >= 0 && index < p->node->input_count ? p->inputs[index] : NULL;
}
/* int4, int2, int8 or uint8. */
static inline bool lrt_product_is_integer(lrt_type type) {
  return type == LRT_INT8 || type == LRT_UINT8 || type == LRT_INT4 || type == LRT_INT2;
}

/* The quantized input of a dynamic-range product. */
typedef struct lrt_product_rows {
  int input;
  int64_t count; /* elements of a row */
  bool symmetric, ref;
  const lrt_value *rows;           /* int8 */
  const lrt_value *scales, *zeros; /* one each per row */
} lrt_product_rows;

/* Emits the step that quantizes the product's input. */
lrt_status lrt_product_quantize_input(lrt_prepare *p, const lrt_product *product,
                                      const lrt_product_rows **out);
/* FULLY_CONNECTED with blockwise int4 weights. */
lrt_status lrt_product_prepare_blocks(lrt_prepare *p, const lrt_product *product);
/* FULLY_CONNECTED with int16 input and weights. */
lrt_status lrt_product_prepare_words(lrt_prepare *p, const lrt_product *product);

#endif
