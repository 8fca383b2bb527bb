/* product.c: emits the steps of a product: dynamic-range rows, row sums, packed panels, tiles shared among threads. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/product.h"

#include "kernels/gemm/gemm_core.h"
#include "ops/fused_activation.h"

/* Weights of FULLY_CONNECTED larger than this are packed panel by panel while they are used: a second copy of a
 * language model costs more than it brings. */
#define PACK_LIMIT ((size_t)512 * 1024)

lrt_status lrt_product_keep(lrt_prepare *p, const lrt_value *weights, const lrt_weights_key *key,
                            size_t bytes, lrt_weights_fill fill, const void *arg, const void **out) {
  if (weights->constant) return lrt_weights_get(p->weights, key, bytes, fill, arg, out, p->err);
  char *block = bytes > SIZE_MAX - LRT_ALLOC_ALIGN ? NULL : lrt_prepare_params(p, bytes + LRT_ALLOC_ALIGN);
  if (block == NULL) return lrt_prepare_no_memory(p);
  block += (LRT_ALLOC_ALIGN - (uintptr_t)block % LRT_ALLOC_ALIGN) % LRT_ALLOC_ALIGN;
  fill(block, arg);
  *out = block;
  return LRT_OK;
}

void lrt_product_tell(void *arg, int64_t begin, int64_t end) {
  lrt_product_made *made = arg;
  const lrt_status status = lrt_step_made(made->step, made->run, made->base + begin, made->base + end);
  if (status != LRT_OK) made->status = status;
}

/* ---- floats ---- */

typedef struct f32_step {
  lrt_gemm_f32 g;
  int input, weights, bias;
  bool weights_move; /* computed by other nodes */
} f32_step;

static lrt_status run_f32(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const f32_step *s = step->params;
  lrt_gemm_f32 g = s->g;
  g.a.data = step->inputs[s->input]->data;
  if (s->weights_move) g.w = step->inputs[s->weights]->data;
  if (s->bias >= 0) g.bias = step->inputs[s->bias]->data;
  g.c = step->outputs[0]->data;
  lrt_product_made made = {step, run, 0, LRT_OK};
  g.made = lrt_product_listen(&made);
  lrt_gemm_f32_run(&g, begin, end, lrt_step_scratch(step, run));
  return made.status;
}

static void fill_f32(void *out, const void *arg) {
  lrt_gemm_f32_pack(arg, out);
}

/* Numbers that tell the packed forms of one constant apart. */
static lrt_weights_key key_of(const lrt_value *weights, const char *layout, int64_t n, const lrt_gemm_a *a,
                              int nr, int kr) {
  return (lrt_weights_key){
      weights->data,
      layout,
      {n, a->taps * a->kc, (int64_t)weights->type * 65536 + nr * 256 + kr, lrt_value_quant_mark(weights)}};
}

static bool wants_pack(const lrt_prepare *p, const lrt_product *product, size_t bytes) {
  return lrt_product_is_fixed(p, p->inputs[product->weights]) &&
         (product->keep_packed || bytes <= PACK_LIMIT);
}

/* Small matrices that meet one row at a time are widened once. */
static void fill_wide_f32(void *out, const void *arg) {
  const lrt_gemm_f32 *g = arg;
  for (int64_t n = 0; n < g->n; n++) lrt_gemm_f32_widen(g, n, 0, g->a.kc, (float *)out + n * g->a.kc);
}

static lrt_status widen_f32(lrt_prepare *p, const lrt_product *product, lrt_gemm_f32 *g) {
  const lrt_value *weights = p->inputs[product->weights];
  const int64_t count = g->n * g->a.kc;
  const void *kept = NULL;
  if (!lrt_product_is_integer(g->w_type) || !lrt_product_is_fixed(p, weights) ||
      count > (int64_t)(PACK_LIMIT / sizeof(float)))
    return LRT_OK;
  const lrt_weights_key key = key_of(weights, "rows f32", g->n, &g->a, 0, 0);
  LRT_TRY(lrt_product_keep(p, weights, &key, (size_t)count * sizeof(float), fill_wide_f32, g, &kept));
  g->w = kept;
  g->w_type = LRT_FLOAT32;
  return LRT_OK;
}

static lrt_status pack_f32(lrt_prepare *p, const lrt_product *product, lrt_gemm_f32 *g) {
  const lrt_value *weights = p->inputs[product->weights];
  if (g->grid.gemv) return widen_f32(p, product, g);
  if (!lrt_gemm_f32_wants_pack(g) || !wants_pack(p, product, lrt_gemm_f32_packed_bytes(g))) return LRT_OK;
  const lrt_weights_key key =
      key_of(weights, "panels f32", g->groups * g->n, &g->a, g->kernel->nr, g->kernel->mr);
  return lrt_product_keep(p, weights, &key, lrt_gemm_f32_packed_bytes(g), fill_f32, g, &g->packed);
}

/* Scales and zero points of integer weights that are widened to floats. */
static lrt_status widened_weights(lrt_prepare *p, const lrt_product *product, lrt_gemm_f32 *g) {
  const lrt_value *weights = p->inputs[product->weights];
  const int64_t count = product->groups * product->n;
  LRT_TRY(lrt_product_scales(p, product, count, &g->w_scale));
  int32_t *zeros = lrt_prepare_params(p, (size_t)count * sizeof *zeros);
  if (zeros == NULL) return lrt_prepare_no_memory(p);
  for (int64_t i = 0; i < count; i++)
    zeros[i] = weights->quant->zero_point[weights->quant->count == 1 ? 0 : i];
  g->w_zero = zeros;
  return LRT_OK;
}

static lrt_status prepare_f32(lrt_prepare *p, const lrt_product *product) {
  const lrt_value *weights = p->inputs[product->weights];
  f32_step *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  s->input = product->input;
  s->weights = product->weights;
  s->bias = lrt_product_operand(p, product->bias) != NULL ? product->bias : -1;
  s->weights_move = !lrt_product_is_fixed(p, weights);
  s->g = (lrt_gemm_f32){.a = product->rows,
                        .groups = product->groups,
                        .n = product->n,
                        .w_type = weights->type,
                        .w = s->weights_move ? NULL : weights->data,
                        .ldc = product->groups * product->n,
                        .ref = p->mode == LRT_OP_REF};
  LRT_TRY(lrt_product_check_bias(p, product->bias, s->g.ldc, LRT_FLOAT32, LRT_FLOAT32));
  LRT_TRY(lrt_fused_activation(p, product->activation, &s->g.lo, &s->g.hi));
  if (lrt_product_is_integer(weights->type)) LRT_TRY(widened_weights(p, product, &s->g));
  lrt_gemm_f32_plan(&s->g, p->workers);
  LRT_TRY(pack_f32(p, product, &s->g));
  LRT_TRY(lrt_prepare_step(p, run_f32, s, lrt_gemm_f32_tiles(&s->g), lrt_gemm_f32_scratch(&s->g),
                           s->g.kernel->name));
  lrt_prepare_leads(p);
  return LRT_OK;
}

/* ---- integers ---- */

typedef struct int_step {
  lrt_gemm_int g;
  int input, weights, bias;
  bool weights_move;
  const lrt_value *sums;                  /* weights_move: made by the step before */
  const lrt_value *rows, *scales, *zeros; /* dynamic range */
} int_step;

static void bind_bias(const lrt_value *bias, lrt_gemm_int *g) {
  if (bias->type == LRT_FLOAT32)
    g->bias_f32 = bias->data;
  else if (bias->type == LRT_INT64)
    g->bias64 = bias->data;
  else
    g->bias = bias->data;
}

static lrt_status run_int(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const int_step *s = step->params;
  lrt_gemm_int g = s->g;
  g.a.data = s->rows != NULL ? s->rows->data : step->inputs[s->input]->data;
  if (s->rows != NULL) {
    g.a_scale = s->scales->data;
    g.a_zeros = s->zeros->data;
  }
  if (s->weights_move) {
    g.w = step->inputs[s->weights]->data;
    g.w_sums = s->sums->data;
  }
  if (s->bias >= 0) bind_bias(step->inputs[s->bias], &g);
  g.c = step->outputs[0]->data;
  lrt_product_made made = {step, run, 0, LRT_OK};
  g.made = lrt_product_listen(&made);
  lrt_gemm_int_run(&g, begin, end, lrt_step_scratch(step, run));
  return made.status;
}

static lrt_status run_sums(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const int_step *s = step->params;
  lrt_gemm_int g = s->g;
  (void)run;
  (void)begin;
  (void)end;
  g.w = step->inputs[s->weights]->data;
  lrt_gemm_int_sums(&g, s->sums->data);
  return LRT_OK;
}

static void fill_sums(void *out, const void *arg) {
  lrt_gemm_int_sums(arg, out);
}
static void fill_int(void *out, const void *arg) {
  lrt_gemm_int_pack(arg, out);
}

static void fill_wide_int(void *out, const void *arg) {
  const lrt_gemm_int *g = arg;
  for (int64_t n = 0; n < g->n; n++) lrt_gemm_int_widen(g, n, 0, g->a.kc, (int8_t *)out + n * g->a.kc);
}

static lrt_status widen_int(lrt_prepare *p, const lrt_product *product, lrt_gemm_int *g) {
  const lrt_value *weights = p->inputs[product->weights];
  const int64_t count = g->n * g->a.kc;
  const void *kept = NULL;
  if ((g->w_type != LRT_INT4 && g->w_type != LRT_INT2) || count > (int64_t)PACK_LIMIT) return LRT_OK;
  const lrt_weights_key key = key_of(weights, "rows int8", g->n, &g->a, 0, 0);
  LRT_TRY(lrt_product_keep(p, weights, &key, (size_t)count, fill_wide_int, g, &kept));
  g->w = kept;
  g->w_type = LRT_INT8;
  return LRT_OK;
}

static lrt_status pack_int(lrt_prepare *p, const lrt_product *product, int_step *s) {
  const lrt_value *weights = p->inputs[product->weights];
  lrt_gemm_int *g = &s->g;
  const int64_t n = g->groups * g->n;
  if (s->weights_move) {
    s->sums = lrt_prepare_temp(p, (size_t)n * sizeof(int32_t));
    if (s->sums == NULL) return lrt_prepare_no_memory(p);
    return lrt_prepare_step(p, run_sums, s, 1, 0, "row sums");
  }
  const void *kept = NULL;
  const lrt_weights_key sums = key_of(weights, "row sums", n, &g->a, 0, 0);
  LRT_TRY(lrt_product_keep(p, weights, &sums, (size_t)n * sizeof(int32_t), fill_sums, g, &kept));
  g->w_sums = kept;
  if (g->grid.gemv) return widen_int(p, product, g);
  if (!lrt_gemm_int_wants_pack(g) || !wants_pack(p, product, lrt_gemm_int_packed_bytes(g))) return LRT_OK;
  const lrt_weights_key panels = key_of(weights, "panels int", n, &g->a, g->kernel->nr, g->kernel->kr);
  return lrt_product_keep(p, weights, &panels, lrt_gemm_int_packed_bytes(g), fill_int, g, &g->packed);
}

static lrt_status start_int(lrt_prepare *p, const lrt_product *product, int_step **out) {
  const lrt_value *weights = p->inputs[product->weights];
  int_step *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  s->input = product->input;
  s->weights = product->weights;
  s->bias = lrt_product_operand(p, product->bias) != NULL ? product->bias : -1;
  s->weights_move = !lrt_product_is_fixed(p, weights);
  s->g = (lrt_gemm_int){.a = product->rows,
                        .groups = product->groups,
                        .n = product->n,
                        .w_type = weights->type,
                        .w = s->weights_move ? NULL : weights->data,
                        .ldc = product->groups * product->n,
                        .out_type = p->outputs[0]->type,
                        .rows_per_scale = 1,
                        .ref = p->mode == LRT_OP_REF,
                        .exact = p->mode == LRT_OP_REF};
  *out = s;
  return LRT_OK;
}

/* Per-output numbers are laid out once where neither weights nor bias change. */
static lrt_status lay_columns(lrt_prepare *p, int_step *s) {
  const lrt_value *bias = s->bias >= 0 ? p->inputs[s->bias] : NULL;
  if (s->weights_move || (bias != NULL && !lrt_product_is_fixed(p, bias))) return LRT_OK;
  if (bias != NULL) bind_bias(bias, &s->g);
  const size_t bytes = lrt_gemm_int_columns_bytes(&s->g);
  if (bytes == 0) return LRT_OK;
  void *columns = lrt_prepare_params(p, bytes);
  if (columns == NULL) return lrt_prepare_no_memory(p);
  lrt_gemm_int_columns(&s->g, columns);
  s->g.columns = columns;
  return LRT_OK;
}

static lrt_status finish_int(lrt_prepare *p, const lrt_product *product, int_step *s) {
  lrt_gemm_int_plan(&s->g, p->workers);
  LRT_TRY(pack_int(p, product, s));
  LRT_TRY(lay_columns(p, s));
  LRT_TRY(lrt_prepare_step(p, run_int, s, lrt_gemm_int_tiles(&s->g), lrt_gemm_int_scratch(&s->g),
                           s->g.kernel->name));
  lrt_prepare_leads(p);
  return LRT_OK;
}

static lrt_status prepare_int(lrt_prepare *p, const lrt_product *product) {
  const lrt_value *input = p->inputs[product->input], *weights = p->inputs[product->weights];
  const bool wide = input->type == LRT_INT16;
  const lrt_value *bias = lrt_product_operand(p, product->bias);
  lrt_product_rescale rescale;
  int_step *s = NULL;
  LRT_TRY(start_int(p, product, &s));
  LRT_TRY(lrt_product_check_bias(p, product->bias, s->g.ldc, LRT_INT32, wide ? LRT_INT64 : LRT_INT32));
  LRT_TRY(lrt_product_rescale_make(p, product, s->g.ldc, &rescale));
  s->g.a_type = input->type;
  s->g.a_zero = input->quant->zero_point[0];
  s->g.w_zero = weights->quant->zero_point[0];
  s->g.c_zero = p->outputs[0]->quant->zero_point[0];
  s->g.mult = rescale.mult;
  s->g.shift = rescale.shift;
  s->g.scale = rescale.scale;
  if (product->real_rule && !product->fixed_rule &&
      (p->mode == LRT_OP_REF || (!wide && p->outputs[0]->type == LRT_INT16)))
    s->g.real = rescale.real;
  if (product->fixed_rule) s->g.exact = true;
  s->g.lo = rescale.lo;
  s->g.hi = rescale.hi;
  s->g.bias_is_32 = bias != NULL ? bias->type == LRT_INT32 : product->quantized_bias_type == LRT_INT32;
  return finish_int(p, product, s);
}

/* ---- dynamic range ---- */

static lrt_status prepare_hybrid(lrt_prepare *p, const lrt_product *product) {
  const lrt_product_rows *rows = NULL;
  int_step *s = NULL;
  LRT_TRY(start_int(p, product, &s));
  if (s->g.w_type == LRT_UINT8) s->g.w_type = LRT_INT8;
  LRT_TRY(lrt_product_check_bias(p, product->bias, s->g.ldc, LRT_FLOAT32, LRT_FLOAT32));
  LRT_TRY(lrt_product_scales(p, product, s->g.ldc, &s->g.w_scale));
  LRT_TRY(lrt_fused_activation(p, product->activation, &s->g.flo, &s->g.fhi));
  LRT_TRY(lrt_product_quantize_input(p, product, &rows));
  s->rows = rows->rows;
  s->scales = rows->scales;
  s->zeros = rows->zeros;
  s->g.a_type = LRT_INT8;
  s->g.rows_per_scale = product->rows_per_scale;
  return finish_int(p, product, s);
}

/* ---- which of them ---- */

static lrt_status refuse(lrt_prepare *p, const lrt_product *product) {
  return lrt_prepare_fail(
      p, LRT_UNSUPPORTED, "%s with weights \"%s\" of type %s and output of type %s is not supported",
      lrt_type_name(p->inputs[product->input]->type), p->inputs[product->weights]->name,
      lrt_type_name(p->inputs[product->weights]->type), lrt_type_name(p->outputs[0]->type));
}

/* Rows of integers times integers need weights around 0; others are widened. */
static bool is_hybrid(const lrt_prepare *p, const lrt_value *weights, bool old_hybrid) {
  if (p->weights_only || (weights->type == LRT_UINT8 && !old_hybrid)) return false;
  for (int32_t i = 0; weights->quant->kind == LRT_QUANT_AFFINE && i < weights->quant->count; i++)
    if (weights->quant->zero_point[i] != 0) return false;
  return true;
}

static bool is_int_product(lrt_type a, lrt_type w, lrt_type c) {
  if (a == LRT_UINT8) return w == LRT_UINT8 && (c == LRT_UINT8 || c == LRT_INT16);
  return (a == LRT_INT8 || a == LRT_INT16) && c == a && w != LRT_UINT8 && lrt_product_is_integer(w);
}

lrt_status lrt_product_prepare(lrt_prepare *p, const lrt_product *product) {
  const lrt_type a = p->inputs[product->input]->type, w = p->inputs[product->weights]->type;
  const lrt_type c = p->outputs[0]->type;
  if (p->inputs[product->weights]->sparsity != NULL)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "sparse weights \"%s\" are not supported",
                            p->inputs[product->weights]->name);
  if (product->rows.m == 0 || product->groups * product->n == 0) return LRT_OK;
  if (product->rows.taps * product->rows.kc == 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" are empty",
                            p->inputs[product->weights]->name);
  if (a == LRT_FLOAT32 && c == LRT_FLOAT32) {
    if (p->inputs[product->weights]->quant->kind == LRT_QUANT_BLOCKWISE && product->blocks)
      return lrt_product_prepare_blocks(p, product);
    if (w == LRT_FLOAT32 || w == LRT_FLOAT16 || w == LRT_BFLOAT16) return prepare_f32(p, product);
    if (lrt_product_is_integer(w))
      return is_hybrid(p, p->inputs[product->weights], product->old_hybrid) ? prepare_hybrid(p, product)
                                                                            : prepare_f32(p, product);
  }
  if (product->words && a == LRT_INT16 && w == LRT_INT16 && c == LRT_INT16)
    return lrt_product_prepare_words(p, product);
  if (a == LRT_UINT8 && c == LRT_INT16 && !product->real_rule) return refuse(p, product);
  return is_int_product(a, w, c) ? prepare_int(p, product) : refuse(p, product);
}
