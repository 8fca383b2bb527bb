/* product_block.c: float rows times int4 weights with one half-precision scale per block of a row. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fingerprint.h"
#include "kernels/gemm/gemm_core.h"
#include "ops/fused_activation.h"
#include "ops/product.h"

typedef struct block_step {
  lrt_gemm_i4b g;
  int weights, bias;
  bool moving;             /* weights or scales are computed by other nodes */
  const lrt_value *scales; /* of the weights */
  const lrt_value *sums;   /* moving: made by a step of their own */
  const lrt_product_rows *rows;
} block_step;

static void bind(const block_step *s, const lrt_step *step, lrt_gemm_i4b *g) {
  if (!s->moving) return;
  g->w = step->inputs[s->weights]->data;
  g->w_scale = s->scales->data;
}

static lrt_status run_block(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const block_step *s = step->params;
  lrt_gemm_i4b g = s->g;
  bind(s, step, &g);
  if (s->moving) g.w_sums = s->sums->data;
  g.a = s->rows->rows->data;
  g.a_scale = s->rows->scales->data;
  g.a_zeros = s->rows->zeros->data;
  if (s->bias >= 0) g.bias = step->inputs[s->bias]->data;
  g.c = step->outputs[0]->data;
  lrt_gemm_i4b_run(&g, begin, end, lrt_step_scratch(step, run));
  return LRT_OK;
}

static lrt_status run_sums(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const block_step *s = step->params;
  lrt_gemm_i4b g = s->g;
  (void)run;
  (void)begin;
  (void)end;
  bind(s, step, &g);
  lrt_gemm_i4b_sums(&g, s->sums->data);
  return LRT_OK;
}

static void fill_sums(void *out, const void *arg) {
  lrt_gemm_i4b_sums(arg, out);
}

static lrt_status prepare_sums(lrt_prepare *p, const lrt_product *product, block_step *s) {
  const lrt_value *weights = p->inputs[product->weights];
  const size_t bytes = (size_t)s->g.n * sizeof(float);
  if (s->moving) {
    s->sums = lrt_prepare_temp(p, bytes);
    if (s->sums == NULL) return lrt_prepare_no_memory(p);
    return lrt_prepare_step(p, run_sums, s, 1, 0, "row sums");
  }
  const void *kept = NULL;
  const int64_t scales = (int64_t)lrt_fingerprint64(s->scales->data, s->scales->bytes);
  const lrt_weights_key key = {weights->data, "block sums", {s->g.n, s->g.k, s->g.block, scales}};
  const lrt_value *owner = s->scales->constant ? weights : s->scales;
  LRT_TRY(lrt_product_keep(p, owner, &key, bytes, fill_sums, &s->g, &kept));
  s->g.w_sums = kept;
  return LRT_OK;
}

static lrt_status check_blocks(lrt_prepare *p, const lrt_product *product) {
  const lrt_value *weights = p->inputs[product->weights], *scales = weights->block_scales;
  const int64_t k = product->rows.kc, block = weights->quant->block_size;
  if (weights->type != LRT_INT4 || block < 32 || block % 32 != 0 || k % block != 0)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                            "weights \"%s\" of type %s in blocks of %lld are not supported", weights->name,
                            lrt_type_name(weights->type), (long long)block);
  if (weights->quant->zero_points_tensor >= 0)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "weights \"%s\" have zero points for blocks", weights->name);
  if (scales == NULL || scales->type != LRT_FLOAT16 || !scales->shaped ||
      lrt_shape_count(&scales->shape) != product->n * (k / block))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" lack one float16 scale per block",
                            weights->name);
  if (!scales->constant && !(scales->readable && !p->running))
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the scales of weights \"%s\" are not constant",
                            weights->name);
  return LRT_OK;
}

lrt_status lrt_product_prepare_blocks(lrt_prepare *p, const lrt_product *product) {
  const lrt_value *weights = p->inputs[product->weights];
  LRT_TRY(check_blocks(p, product));
  LRT_TRY(lrt_product_check_bias(p, product->bias, product->n, LRT_FLOAT32, LRT_FLOAT32));
  block_step *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  s->weights = product->weights;
  s->bias = lrt_product_operand(p, product->bias) != NULL ? product->bias : -1;
  s->scales = weights->block_scales;
  s->moving = !lrt_product_is_fixed(p, weights);
  s->g = (lrt_gemm_i4b){.lda = product->rows.kc,
                        .m = product->rows.m,
                        .k = product->rows.kc,
                        .n = product->n,
                        .w = s->moving ? NULL : weights->data,
                        .w_scale = s->scales->data,
                        .block = weights->quant->block_size,
                        .ldc = product->n,
                        .ref = p->mode == LRT_OP_REF};
  LRT_TRY(lrt_fused_activation(p, product->activation, &s->g.lo, &s->g.hi));
  lrt_product as_rows = *product;
  as_rows.symmetric = false; /* the reference does not look at the flag here */
  LRT_TRY(lrt_product_quantize_input(p, &as_rows, &s->rows));
  lrt_gemm_i4b_plan(&s->g, p->workers);
  LRT_TRY(prepare_sums(p, product, s));
  return lrt_prepare_step(p, run_block, s, lrt_gemm_i4b_tiles(&s->g), lrt_gemm_i4b_scratch(&s->g),
                          s->g.grid.gemv ? s->g.gemv->name : s->g.kernel->name);
}
