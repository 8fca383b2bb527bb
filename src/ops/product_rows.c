/* product_rows.c: quantizes float activations row by row before a dynamic-range product. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/product.h"

#include "kernels/rowquant/rowquant.h"

static lrt_status run_rows(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_product_rows *s = step->params;
  (void)run;
  lrt_rowquant_rows((const float *)step->inputs[s->input]->data + begin * s->count, end - begin, s->count,
                    s->symmetric, s->ref, (int8_t *)s->rows->data + begin * s->count,
                    (float *)s->scales->data + begin, (int32_t *)s->zeros->data + begin);
  return LRT_OK;
}

lrt_status lrt_product_quantize_input(lrt_prepare *p, const lrt_product *product,
                                      const lrt_product_rows **out) {
  lrt_product_rows *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  const size_t runs = (size_t)product->quant_rows;
  s->input = product->input;
  s->count = product->quant_size;
  s->ref = p->mode == LRT_OP_REF;
  s->symmetric = product->symmetric && s->ref;
  s->rows = lrt_prepare_temp(p, runs * (size_t)s->count);
  s->scales = lrt_prepare_temp(p, runs * sizeof(float));
  s->zeros = lrt_prepare_temp(p, runs * sizeof(int32_t));
  if (s->rows == NULL || s->scales == NULL || s->zeros == NULL) return lrt_prepare_no_memory(p);
  *out = s;
  return lrt_prepare_step(p, run_rows, s, product->quant_rows, 0, "quantize rows");
}
