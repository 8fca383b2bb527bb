/* batch_matmul.c: BATCH_MATMUL: pairs of matrices, broadcast over the leading dimensions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "kernels/gemm/gemm_core.h"
#include "kernels/gemm/gemm_i16.h"
#include "kernels/gemm/gemm_transpose.h"
#include "kernels/rowquant/rowquant.h"
#include "ops/product.h"

typedef enum kind { FLOATS, INTEGERS, WORDS /* int16 times int16 */ } kind;

typedef struct bmm_step {
  kind kind;
  union {
    lrt_gemm_f32 f;
    lrt_gemm_int i;
    lrt_gemm_i16 w;
  } g;
  int64_t m, n, k, tiles; /* tiles of one product */
  int64_t batches, left_batches, right_batches;
  int dims; /* batch dimensions of the output, with steps in matrices (0 where broadcast) */
  int64_t extent[LRT_MAX_RANK], left_step[LRT_MAX_RANK], right_step[LRT_MAX_RANK];
  const lrt_value *left;           /* what is multiplied: the input, or its transposed or quantized form */
  const lrt_value *turned;         /* adj_x: the left operand turned by the first step */
  const lrt_value *scales, *zeros; /* dynamic range: [left_batches * m] */
  bool symmetric, ref;
  const lrt_value *sums;    /* [right_batches][n], computed at run time … */
  const int32_t *kept_sums; /* … or once */
} bmm_step;

static size_t size_of(lrt_type type) {
  return lrt_type_bits(type) / 8;
}

/* Which matrices batch `b` of the output is made of. */
static void operands_of(const bmm_step *s, int64_t b, int64_t *left, int64_t *right) {
  *left = *right = 0;
  for (int d = s->dims - 1; d >= 0; d--) {
    *left += b % s->extent[d] * s->left_step[d];
    *right += b % s->extent[d] * s->right_step[d];
    b /= s->extent[d];
  }
}

static lrt_status run_batch(const lrt_step *step, const lrt_step_run *run, int64_t b, int64_t begin,
                            int64_t end) {
  const bmm_step *s = step->params;
  const lrt_value *right_value = step->inputs[1];
  int64_t l, r;
  operands_of(s, b, &l, &r);
  const char *left = (const char *)s->left->data;
  const char *right =
      (const char *)right_value->data + (size_t)(r * s->n * s->k) * size_of(right_value->type);
  char *out = (char *)step->outputs[0]->data + (size_t)(b * s->m * s->n) * size_of(step->outputs[0]->type);
  void *scratch = lrt_step_scratch(step, run);
  lrt_product_made made = {step, run, b * s->m * s->n, LRT_OK};
  if (s->kind == FLOATS) {
    lrt_gemm_f32 g = s->g.f;
    g.a.data = left + (size_t)(l * s->m * s->k) * sizeof(float);
    g.w = right;
    g.c = (float *)(void *)out;
    g.made = lrt_product_listen(&made);
    lrt_gemm_f32_run(&g, begin, end, scratch);
  } else if (s->kind == WORDS) {
    lrt_gemm_i16 g = s->g.w;
    g.a = (const int16_t *)(const void *)left + l * s->m * s->k;
    g.w = (const int16_t *)(const void *)right;
    g.c = (int16_t *)(void *)out;
    lrt_gemm_i16_run(&g, begin, end);
  } else {
    lrt_gemm_int g = s->g.i;
    g.a.data = left + (size_t)(l * s->m * s->k) * (g.a_type == LRT_INT16 ? 2 : 1);
    g.w = right;
    g.w_sums = (s->sums != NULL ? (const int32_t *)s->sums->data : s->kept_sums) + r * s->n;
    if (s->scales != NULL) {
      g.a_scale = (const float *)s->scales->data + l * s->m;
      g.a_zeros = (const int32_t *)s->zeros->data + l * s->m;
    }
    g.c = out;
    g.made = lrt_product_listen(&made);
    lrt_gemm_int_run(&g, begin, end, scratch);
  }
  return made.status;
}

static lrt_status run_products(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const bmm_step *s = step->params;
  while (begin < end) {
    const int64_t b = begin / s->tiles, first = begin % s->tiles;
    const int64_t last = s->tiles - first < end - begin ? s->tiles : first + (end - begin);
    LRT_TRY(run_batch(step, run, b, first, last));
    begin += last - first;
  }
  return LRT_OK;
}

static lrt_status run_turn(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const bmm_step *s = step->params;
  const size_t size = size_of(step->inputs[0]->type), bytes = (size_t)(s->m * s->k) * size;
  (void)run;
  for (int64_t b = begin; b < end; b++)
    lrt_gemm_transpose((const char *)step->inputs[0]->data + (size_t)b * bytes, s->k, s->m, size,
                       (char *)s->turned->data + (size_t)b * bytes);
  return LRT_OK;
}

static lrt_status run_rows(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const bmm_step *s = step->params;
  const float *x = s->turned != NULL ? s->turned->data : step->inputs[0]->data;
  (void)run;
  lrt_rowquant_rows(x + begin * s->k, end - begin, s->k, s->symmetric, s->ref,
                    (int8_t *)s->left->data + begin * s->k, (float *)s->scales->data + begin,
                    (int32_t *)s->zeros->data + begin);
  return LRT_OK;
}

static void sum_matrices(const bmm_step *s, const void *weights, int64_t begin, int64_t end, int32_t *out) {
  lrt_gemm_int g = s->g.i;
  for (int64_t b = begin; b < end; b++) {
    g.w = (const int8_t *)weights + b * s->n * s->k;
    lrt_gemm_int_sums(&g, out + b * s->n);
  }
}

static lrt_status run_sums(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const bmm_step *s = step->params;
  (void)run;
  sum_matrices(s, step->inputs[1]->data, begin, end, s->sums->data);
  return LRT_OK;
}

static void fill_sums(void *out, const void *arg) {
  const bmm_step *s = arg;
  sum_matrices(s, s->g.i.w, 0, s->right_batches, out);
}

static void fill_f32(void *out, const void *arg) {
  lrt_gemm_f32_pack(arg, out);
}
static void fill_int(void *out, const void *arg) {
  lrt_gemm_int_pack(arg, out);
}

/* Panels of the one right matrix are made once where it is a constant. */
static bool packs(const lrt_prepare *p, const bmm_step *s) {
  return s->right_batches == 1 && s->m > 1 && lrt_product_is_fixed(p, p->inputs[1]);
}

static lrt_weights_key key_of(const lrt_prepare *p, const bmm_step *s, const char *layout, int nr, int kr) {
  const int by_k = s->kind == FLOATS ? s->g.f.by_k : s->g.i.by_k;
  return (lrt_weights_key){
      p->inputs[1]->data, layout, {s->n, s->k, s->right_batches, by_k * 65536 + nr * 256 + kr}};
}

static lrt_status prepare_floats(lrt_prepare *p, bmm_step *s, bool by_k, int workers, size_t *scratch) {
  lrt_gemm_f32 *g = &s->g.f;
  const lrt_value *right = p->inputs[1];
  *g = (lrt_gemm_f32){.a = {.m = s->m, .taps = 1, .kc = s->k, .ld = s->k},
                      .groups = 1,
                      .n = s->n,
                      .w_type = LRT_FLOAT32,
                      .by_k = by_k,
                      .lo = -INFINITY,
                      .hi = INFINITY,
                      .ldc = s->n,
                      .ref = s->ref};
  lrt_gemm_f32_plan(g, workers);
  if (packs(p, s) && lrt_gemm_f32_wants_pack(g)) {
    g->w = right->data;
    const lrt_weights_key key = key_of(p, s, "matmul f32", g->kernel->nr, g->kernel->mr);
    LRT_TRY(lrt_product_keep(p, right, &key, lrt_gemm_f32_packed_bytes(g), fill_f32, g, &g->packed));
  }
  s->tiles = lrt_gemm_f32_tiles(g);
  *scratch = lrt_gemm_f32_scratch(g);
  LRT_TRY(lrt_prepare_step(p, run_products, s, s->batches * s->tiles, *scratch, g->kernel->name));
  lrt_prepare_leads(p);
  return LRT_OK;
}

static lrt_status prepare_sums(lrt_prepare *p, bmm_step *s) {
  const size_t bytes = (size_t)(s->right_batches * s->n) * sizeof(int32_t);
  if (!lrt_product_is_fixed(p, p->inputs[1])) {
    s->sums = lrt_prepare_temp(p, bytes);
    if (s->sums == NULL) return lrt_prepare_no_memory(p);
    return lrt_prepare_step(p, run_sums, s, s->right_batches, 0, "row sums");
  }
  const void *kept = NULL;
  s->g.i.w = p->inputs[1]->data;
  const lrt_weights_key key = key_of(p, s, "matmul sums", 0, 0);
  LRT_TRY(lrt_product_keep(p, p->inputs[1], &key, bytes, fill_sums, s, &kept));
  s->kept_sums = kept;
  return LRT_OK;
}

static lrt_status prepare_rows(lrt_prepare *p, bmm_step *s) {
  const lrt_batch_mat_mul_options *options = p->node->options;
  const int64_t rows = s->left_batches * s->m;
  s->symmetric = s->ref && options->asymmetric_quantize_inputs == 0;
  s->left = lrt_prepare_temp(p, (size_t)(rows * s->k));
  s->scales = lrt_prepare_temp(p, (size_t)rows * sizeof(float));
  s->zeros = lrt_prepare_temp(p, (size_t)rows * sizeof(int32_t));
  if (s->left == NULL || s->scales == NULL || s->zeros == NULL) return lrt_prepare_no_memory(p);
  return lrt_prepare_step(p, run_rows, s, rows, 0, "quantize rows");
}

/* Scales: dynamic range, plain int32 sums, or requantization. */
static lrt_status set_scales(lrt_prepare *p, bmm_step *s, bool by_k) {
  const lrt_product product = {.input = 0,
                               .weights = 1,
                               .bias = -1,
                               .n = s->n,
                               .scale_axis = p->inputs[1]->shape.rank - (by_k ? 1 : 2),
                               .float_product = true};
  lrt_gemm_int *g = &s->g.i;
  if (p->inputs[0]->type == LRT_FLOAT32) {
    g->a_type = LRT_INT8;
    g->flo = -INFINITY;
    g->fhi = INFINITY;
    LRT_TRY(lrt_product_scales(p, &product, s->n, &g->w_scale));
    return prepare_rows(p, s);
  }
  if (g->out_type == LRT_INT32) return LRT_OK;
  lrt_product_rescale rescale;
  LRT_TRY(lrt_product_rescale_make(p, &product, s->n, &rescale));
  if (s->kind == WORDS) {
    s->g.w = (lrt_gemm_i16){.m = s->m,
                            .n = s->n,
                            .k = s->k,
                            .by_k = by_k,
                            .mult = rescale.mult,
                            .shift = rescale.shift,
                            .lo = rescale.lo,
                            .hi = rescale.hi};
    return LRT_OK;
  }
  g->a_zero = p->inputs[0]->quant->zero_point[0];
  g->w_zero = p->inputs[1]->quant->zero_point[0];
  g->c_zero = p->outputs[0]->quant->zero_point[0];
  g->mult = rescale.mult;
  g->shift = rescale.shift;
  g->scale = rescale.scale;
  g->lo = rescale.lo;
  g->hi = rescale.hi;
  return LRT_OK;
}

static lrt_status prepare_integers(lrt_prepare *p, bmm_step *s, bool by_k, int workers, size_t *scratch) {
  lrt_gemm_int *g = &s->g.i;
  *g = (lrt_gemm_int){.a = {.m = s->m, .taps = 1, .kc = s->k, .ld = s->k},
                      .a_type = p->inputs[0]->type,
                      .groups = 1,
                      .n = s->n,
                      .w_type = LRT_INT8,
                      .by_k = by_k,
                      .out_type = p->outputs[0]->type,
                      .ldc = s->n,
                      .rows_per_scale = 1,
                      .exact = s->ref,
                      .ref = s->ref};
  LRT_TRY(set_scales(p, s, by_k));
  if (s->kind == WORDS) {
    s->tiles = s->m;
    return lrt_prepare_step(p, run_products, s, s->batches * s->tiles, 0, "gemm_i16");
  }
  lrt_gemm_int_plan(g, workers);
  LRT_TRY(prepare_sums(p, s));
  if (packs(p, s) && lrt_gemm_int_wants_pack(g)) {
    g->w = p->inputs[1]->data;
    const lrt_weights_key key = key_of(p, s, "matmul int", g->kernel->nr, g->kernel->kr);
    LRT_TRY(lrt_product_keep(p, p->inputs[1], &key, lrt_gemm_int_packed_bytes(g), fill_int, g, &g->packed));
  }
  s->tiles = lrt_gemm_int_tiles(g);
  *scratch = lrt_gemm_int_scratch(g);
  LRT_TRY(lrt_prepare_step(p, run_products, s, s->batches * s->tiles, *scratch, g->kernel->name));
  lrt_prepare_leads(p);
  return LRT_OK;
}

static int64_t batch_extent(const lrt_shape *shape, int d, int rank) {
  const int at = d - (rank - shape->rank);
  return at < 0 ? 1 : shape->dims[at];
}

/* Batch dimensions of the output and how the operands move along them. */
static lrt_status set_batches(lrt_prepare *p, bmm_step *s, lrt_shape *shape) {
  const lrt_shape *a = &p->inputs[0]->shape, *b = &p->inputs[1]->shape;
  shape->rank = a->rank > b->rank ? a->rank : b->rank;
  s->dims = shape->rank - 2;
  s->batches = s->left_batches = s->right_batches = 1;
  for (int d = s->dims - 1; d >= 0; d--) {
    const int64_t left = batch_extent(a, d, shape->rank), right = batch_extent(b, d, shape->rank);
    if (left != right && left != 1 && right != 1)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "batch dimensions %lld and %lld do not fit",
                              (long long)left, (long long)right);
    s->extent[d] = left == 1 ? right : left;
    s->left_step[d] = left == 1 ? 0 : s->left_batches;
    s->right_step[d] = right == 1 ? 0 : s->right_batches;
    /* A dimension of 0 makes a shape of any other dimensions valid. */
    if (__builtin_mul_overflow(s->left_batches, left, &s->left_batches) ||
        __builtin_mul_overflow(s->right_batches, right, &s->right_batches) ||
        __builtin_mul_overflow(s->batches, s->extent[d], &s->batches))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "there are too many batches");
    shape->dims[d] = (int32_t)s->extent[d];
  }
  return LRT_OK;
}

static lrt_status set_kind(lrt_prepare *p, bmm_step *s) {
  const lrt_type a = p->inputs[0]->type, b = p->inputs[1]->type, c = p->outputs[0]->type;
  s->kind = INTEGERS;
  if (a == LRT_FLOAT32 && b == LRT_FLOAT32 && c == LRT_FLOAT32)
    s->kind = FLOATS;
  else if (a == LRT_INT16 && b == LRT_INT16 && c == LRT_INT16)
    s->kind = WORDS;
  else if (!(a == LRT_FLOAT32 && b == LRT_INT8 && c == LRT_FLOAT32) &&
           !(a == LRT_INT8 && b == LRT_INT8 && (c == LRT_INT8 || c == LRT_INT32)) &&
           !(a == LRT_INT16 && b == LRT_INT8 && c == LRT_INT16))
    return lrt_prepare_fail(
        p, LRT_UNSUPPORTED, "%s times %s to %s is not supported (tensors \"%s\" and \"%s\")",
        lrt_type_name(a), lrt_type_name(b), lrt_type_name(c), p->inputs[0]->name, p->inputs[1]->name);
  return LRT_OK;
}

static lrt_status emit(lrt_prepare *p, bmm_step *s, bool adj_x, bool adj_y) {
  size_t scratch = 0;
  s->ref = p->mode == LRT_OP_REF;
  s->left = p->inputs[0];
  if (adj_x) {
    s->turned = lrt_prepare_temp(p, p->inputs[0]->bytes);
    if (s->turned == NULL) return lrt_prepare_no_memory(p);
    s->left = s->turned;
    LRT_TRY(lrt_prepare_step(p, run_turn, s, s->left_batches, 0, "transpose"));
  } else if (s->right_batches ==
             1) { /* one right matrix for all: the rows of all left ones follow each other */
    s->m *= s->batches;
    s->batches = s->left_batches = 1;
    s->dims = 0;
  }
  const int workers = s->batches >= 2 * (int64_t)p->workers ? 1 : p->workers;
  return s->kind == FLOATS ? prepare_floats(p, s, !adj_y, workers, &scratch)
                           : prepare_integers(p, s, !adj_y, workers, &scratch);
}

static lrt_status prepare_batch_matmul(lrt_prepare *p) {
  const lrt_batch_mat_mul_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  const lrt_shape *a = &p->inputs[0]->shape, *b = &p->inputs[1]->shape;
  const bool adj_x = options->adj_x != 0, adj_y = options->adj_y != 0;
  if (a->rank < 2 || b->rank < 2)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "operands of rank %d and %d, expected at least 2", a->rank,
                            b->rank);
  bmm_step *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  lrt_shape shape = {0, {0}};
  LRT_TRY(set_kind(p, s));
  LRT_TRY(set_batches(p, s, &shape));
  s->m = a->dims[a->rank - (adj_x ? 1 : 2)];
  s->k = a->dims[a->rank - (adj_x ? 2 : 1)];
  s->n = b->dims[b->rank - (adj_y ? 2 : 1)];
  if (b->dims[b->rank - (adj_y ? 1 : 2)] != s->k)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "inner dimensions %lld and %d differ", (long long)s->k,
                            b->dims[b->rank - (adj_y ? 1 : 2)]);
  shape.dims[shape.rank - 2] = (int32_t)s->m;
  shape.dims[shape.rank - 1] = (int32_t)s->n;
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  if (lrt_shape_count(&shape) == 0) return LRT_OK;
  if (s->k == 0) return lrt_prepare_fail(p, LRT_UNSUPPORTED, "an inner dimension of 0 is not supported");
  return emit(p, s, adj_x, adj_y);
}

const lrt_op lrt_op_batch_matmul = {prepare_batch_matmul, false, 0, false};
