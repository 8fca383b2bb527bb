/* product_words.c: FULLY_CONNECTED with int16 weights: rows shared among the workers, 64-bit sums. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/gemm/gemm_i16.h"
#include "ops/product.h"

typedef struct words_step {
  lrt_gemm_i16 g;
  int input, weights, bias; /* bias -1 = none */
} words_step;

static lrt_status run_words(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const words_step *s = step->params;
  lrt_gemm_i16 g = s->g;
  (void)run;
  g.a = step->inputs[s->input]->data;
  g.w = step->inputs[s->weights]->data;
  g.c = step->outputs[0]->data;
  if (s->bias >= 0) {
    const lrt_value *bias = step->inputs[s->bias];
    if (bias->type == LRT_INT64)
      g.bias64 = bias->data;
    else
      g.bias = bias->data;
  }
  lrt_gemm_i16_run(&g, begin, end);
  return LRT_OK;
}

lrt_status lrt_product_prepare_words(lrt_prepare *p, const lrt_product *product) {
  lrt_product_rescale rescale;
  words_step *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(lrt_product_check_bias(p, product->bias, product->n, LRT_INT32, LRT_INT64));
  LRT_TRY(lrt_product_rescale_make(p, product, product->n, &rescale));
  s->input = product->input;
  s->weights = product->weights;
  s->bias = lrt_product_operand(p, product->bias) != NULL ? product->bias : -1;
  s->g = (lrt_gemm_i16){.m = product->rows.m,
                        .n = product->n,
                        .k = product->rows.kc,
                        .mult = rescale.mult,
                        .shift = rescale.shift,
                        .lo = rescale.lo,
                        .hi = rescale.hi};
  return lrt_prepare_step(p, run_words, s, product->rows.m, 0, "lrt_gemm_i16");
}
