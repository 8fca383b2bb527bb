/* llm_graph.c: a decoder layer by layer, once per signature, over shared weights. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/llm_graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "convert/graph_build.h"
#include "convert/llm_parts.h"

/* What the mask holds for positions that must not be seen, as other tools write it. */
#define HIDDEN (-1e9f)
/* First version of FULLY_CONNECTED that keeps the dimensions of its input. */
#define PRODUCT_VERSION 5

/* One signature under construction. Comments give shapes: N tokens, S positions of the cache, W width, H heads, K key
 * heads, G = H / K, D head size, F feed-forward width, V vocabulary. */
typedef struct pass {
  lrt_llm_parts *parts;
  const lrt_llm_spec *spec;
  lrt_build b;
  int32_t tokens;                         /* N */
  int32_t context;                        /* S */
  int32_t mask, local_mask;               /* [1, 1, N, S] */
  int32_t key_start, value_start;         /* int32 [4]: where the caches are written */
  int32_t cos, sin, local_cos, local_sin; /* [1, N, D / 2] */
} pass;

/* ---- small words for operators ---- */

static int32_t reshape(pass *p, int32_t x, const lrt_shape *shape) {
  const int32_t dims = lrt_build_integers(&p->b, shape->dims, shape->rank);
  return LRT_NODE(&p->b, RESHAPE, 1, LRT_NO_OPTIONS, LRT_FLOAT32, shape, x, dims);
}

/* Dimensions of `x` in another order. */
static int32_t transpose(pass *p, int32_t x, int32_t a, int32_t b, int32_t c, int32_t d) {
  const lrt_shape from = *lrt_build_shape(&p->b, x);
  const lrt_shape to = {4, {from.dims[a], from.dims[b], from.dims[c], from.dims[d]}};
  const int32_t order = LRT_INTEGERS(&p->b, a, b, c, d);
  return LRT_NODE(&p->b, TRANSPOSE, 1, LRT_NO_OPTIONS, LRT_FLOAT32, &to, x, order);
}

/* Elements [begin, begin + count) of the last dimension. */
static int32_t slice_last(pass *p, int32_t x, int32_t begin, int32_t count) {
  lrt_shape shape = *lrt_build_shape(&p->b, x);
  int32_t start[LRT_MAX_RANK] = {0};
  start[shape.rank - 1] = begin;
  shape.dims[shape.rank - 1] = count;
  const int32_t starts = lrt_build_integers(&p->b, start, shape.rank);
  const int32_t sizes = lrt_build_integers(&p->b, shape.dims, shape.rank);
  return LRT_NODE(&p->b, SLICE, 1, LRT_NO_OPTIONS, LRT_FLOAT32, &shape, x, starts, sizes);
}

/* The result has the shape of `x`: `y` is broadcast. */
static int32_t mul(pass *p, int32_t x, int32_t y) {
  const lrt_mul_options none = {0};
  const lrt_shape shape = *lrt_build_shape(&p->b, x);
  return LRT_NODE(&p->b, MUL, 1, &none, LRT_FLOAT32, &shape, x, y);
}

static int32_t add(pass *p, int32_t x, int32_t y) {
  const lrt_add_options none = {.pot_scale_int16 = 1};
  const lrt_shape shape = *lrt_build_shape(&p->b, x);
  return LRT_NODE(&p->b, ADD, 1, &none, LRT_FLOAT32, &shape, x, y);
}

static int32_t subtract(pass *p, int32_t x, int32_t y, const lrt_shape *shape) {
  const lrt_sub_options none = {.pot_scale_int16 = 1};
  return LRT_NODE(&p->b, SUB, 1, &none, LRT_FLOAT32, shape, x, y);
}

static int32_t scaled(pass *p, int32_t x, float factor) {
  return factor == 1.0f ? x : mul(p, x, lrt_build_float(&p->b, factor));
}

static int32_t unary(pass *p, lrt_op_code code, int32_t x) {
  const lrt_shape shape = *lrt_build_shape(&p->b, x);
  return lrt_build_node(&p->b, code, 1, NULL, 0, &x, 1, LRT_FLOAT32, &shape);
}

/* cap * tanh(x / cap) */
static int32_t capped(pass *p, int32_t x, float cap) {
  return cap == 0.0f ? x : scaled(p, unary(p, LRT_OP_TANH, scaled(p, x, 1.0f / cap)), cap);
}

/* x [1, N, in] times a matrix [rows, in], plus a bias [rows] or tensor -1. */
static int32_t product(pass *p, int32_t x, lrt_llm_weight weight, int32_t layer, int32_t bias) {
  const lrt_fully_connected_options options = {.keep_num_dims = 1};
  int64_t rows = 0;
  lrt_shape shape = *lrt_build_shape(&p->b, x);
  const int32_t w = lrt_llm_parts_matrix(p->parts, &p->b, weight, layer, &rows);
  shape.dims[shape.rank - 1] = (int32_t)rows;
  return LRT_NODE(&p->b, FULLY_CONNECTED, PRODUCT_VERSION, &options, LRT_FLOAT32, &shape, x, w, bias);
}

static int32_t norm(pass *p, int32_t x, lrt_llm_weight weight, int32_t layer) {
  const lrt_stablehlo_composite_options options = lrt_llm_parts_norm(p->parts, lrt_build_shape(&p->b, x));
  const int32_t scale = lrt_llm_parts_vector(p->parts, &p->b, weight, layer);
  const lrt_shape shape = *lrt_build_shape(&p->b, x);
  return LRT_NODE(&p->b, STABLEHLO_COMPOSITE, 1, &options, LRT_FLOAT32, &shape, x, scale);
}

/* ---- what is computed once per pass ---- */

/* Positions as float [1, N, 1]. */
static int32_t positions_as_float(pass *p, int32_t positions) {
  const lrt_cast_options cast = {.in_data_type = LRT_INT32, .out_data_type = LRT_FLOAT32};
  const int32_t dims = LRT_INTEGERS(&p->b, 1, p->tokens, 1);
  const int32_t column =
      LRT_NODE(&p->b, RESHAPE, 1, LRT_NO_OPTIONS, LRT_INT32, LRT_DIMS(1, p->tokens, 1), positions, dims);
  return LRT_NODE(&p->b, CAST, 1, &cast, LRT_FLOAT32, LRT_DIMS(1, p->tokens, 1), column);
}

/* Cosine and sine of position * frequency, [1, N, D / 2] each. */
static void rotation(pass *p, int32_t at, float theta, float factor, int32_t *cos, int32_t *sin) {
  const int32_t half = p->spec->head_dim / 2;
  const int32_t frequencies = lrt_llm_parts_frequencies(p->parts, &p->b, theta, factor);
  const lrt_mul_options none = {0};
  const int32_t angles =
      LRT_NODE(&p->b, MUL, 1, &none, LRT_FLOAT32, LRT_DIMS(1, p->tokens, half), at, frequencies);
  *cos = unary(p, LRT_OP_COS, angles);
  *sin = unary(p, LRT_OP_SIN, angles);
}

/* int32 [4]: zeros, and the first position at `axis`. */
static int32_t cache_start(pass *p, int32_t first, int32_t axis) {
  const lrt_concatenation_options options = {.axis = 0};
  const int32_t zero = LRT_INTEGERS(&p->b, 0);
  int32_t parts[4] = {zero, zero, zero, zero};
  parts[axis] = first;
  return lrt_build_node(&p->b, LRT_OP_CONCATENATION, 1, &options, sizeof options, parts, 4, LRT_INT32,
                        LRT_DIMS(4));
}

/* The mask, with positions hidden that lie `window` or more behind the token. */
static int32_t windowed_mask(pass *p, int32_t at) {
  const int32_t n = p->tokens, s = p->context;
  const int32_t indices = lrt_llm_parts_count_up(p->parts, &p->b, s); /* float [1, 1, 1, S] */
  const int32_t rows = reshape(p, at, LRT_DIMS(1, 1, n, 1));
  const int32_t behind = subtract(p, rows, indices, LRT_DIMS(1, 1, n, s));
  const int32_t limit = lrt_build_float(&p->b, (float)p->spec->window);
  const int32_t far =
      LRT_NODE(&p->b, GREATER_EQUAL, 1, LRT_NO_OPTIONS, LRT_BOOL, LRT_DIMS(1, 1, n, s), behind, limit);
  const int32_t hidden = lrt_build_float(&p->b, HIDDEN);
  return LRT_NODE(&p->b, SELECT_V2, 1, LRT_NO_OPTIONS, LRT_FLOAT32, LRT_DIMS(1, 1, n, s), far, hidden,
                  p->mask);
}

static void prepare_positions(pass *p, int32_t positions) {
  const lrt_llm_spec *s = p->spec;
  const int32_t zero = LRT_INTEGERS(&p->b, 0), one = LRT_INTEGERS(&p->b, 1);
  const int32_t first = p->tokens == 1 ? positions
                                       : LRT_NODE(&p->b, SLICE, 1, LRT_NO_OPTIONS, LRT_INT32, LRT_DIMS(1),
                                                  positions, zero, one);
  p->key_start = cache_start(p, first, 2);
  p->value_start = cache_start(p, first, 3);
  const int32_t at = positions_as_float(p, positions);
  rotation(p, at, s->rope_theta, s->rope_factor, &p->cos, &p->sin);
  p->local_cos = p->cos, p->local_sin = p->sin, p->local_mask = p->mask;
  if (s->window == 0) return;
  if (s->local_rope_theta != s->rope_theta || s->rope_factor != 1.0f)
    rotation(p, at, s->local_rope_theta, 1.0f, &p->local_cos, &p->local_sin);
  if (s->window < p->context) p->local_mask = windowed_mask(p, at);
}

/* tokens int32 [1, N] to rows of the embedding, [1, N, W]. */
static int32_t embed(pass *p, int32_t tokens) {
  int64_t rows = 0;
  const int32_t n = p->tokens, width = p->spec->width;
  const int32_t count = LRT_INTEGERS(&p->b, n);
  const int32_t flat = LRT_NODE(&p->b, RESHAPE, 1, LRT_NO_OPTIONS, LRT_INT32, LRT_DIMS(n), tokens, count);
  const int32_t table = lrt_llm_parts_matrix(p->parts, &p->b, LRT_LLM_EMBEDDING, -1, &rows);
  const int32_t looked_up =
      LRT_NODE(&p->b, EMBEDDING_LOOKUP, 1, LRT_NO_OPTIONS, LRT_FLOAT32, LRT_DIMS(n, width), flat, table);
  return scaled(p, reshape(p, looked_up, LRT_DIMS(1, n, width)), p->spec->embedding_scale);
}

/* ---- a layer ---- */

/* x [1, heads, N, D]: the halves of each head as pairs, turned by their angle. */
static int32_t rotate(pass *p, int32_t x, int32_t cos, int32_t sin) {
  const int32_t half = p->spec->head_dim / 2;
  const lrt_concatenation_options last = {.axis = 3};
  const int32_t low = slice_last(p, x, 0, half), high = slice_last(p, x, half, half);
  const lrt_shape shape = *lrt_build_shape(&p->b, low), whole = *lrt_build_shape(&p->b, x);
  const int32_t first = subtract(p, mul(p, low, cos), mul(p, high, sin), &shape);
  const int32_t second = add(p, mul(p, high, cos), mul(p, low, sin));
  return LRT_NODE(&p->b, CONCATENATION, 1, &last, LRT_FLOAT32, &whole, first, second);
}

/* x [1, N, heads, D] to [1, heads, N, D]; one token needs no exchange. */
static int32_t heads_first(pass *p, int32_t x, int32_t heads) {
  if (p->tokens == 1) return reshape(p, x, LRT_DIMS(1, heads, 1, p->spec->head_dim));
  return transpose(p, x, 0, 2, 1, 3);
}

static int32_t update(pass *p, int32_t cache, int32_t part, int32_t start, const char *name, int32_t layer) {
  char text[40];
  const lrt_shape shape = *lrt_build_shape(&p->b, cache);
  const int32_t updated =
      LRT_NODE(&p->b, DYNAMIC_UPDATE_SLICE, 1, LRT_NO_OPTIONS, LRT_FLOAT32, &shape, cache, part, start);
  snprintf(text, sizeof text, "kv_cache_%s_%d", name, (int)layer);
  lrt_build_output(&p->b, text, updated);
  return updated;
}

/* Queries [1, H, N, D] or -1 where only the caches are wanted, and both caches with the new positions in them. */
typedef struct attended {
  int32_t query, keys, values;
} attended;

static attended project(pass *p, int32_t x, int32_t layer, int32_t key_cache, int32_t value_cache,
                        bool caches_only) {
  const lrt_llm_spec *s = p->spec;
  const int32_t n = p->tokens, dim = s->head_dim, group = s->heads / s->kv_heads;
  const bool local = lrt_llm_layer_is_local(s, layer);
  const int32_t cos = local ? p->local_cos : p->cos, sin = local ? p->local_sin : p->sin;
  const int32_t bias = s->qkv_bias ? lrt_llm_parts_fused_bias(p->parts, &p->b, layer) : -1;
  const int32_t fused = product(p, norm(p, x, LRT_LLM_ATTENTION_NORM, layer), LRT_LLM_QUERY, layer, bias);
  const int32_t by_head = reshape(p, fused, LRT_DIMS(1, n, s->kv_heads, (group + 2) * dim));
  int32_t k = heads_first(p, slice_last(p, by_head, group * dim, dim), s->kv_heads);
  int32_t v = slice_last(p, by_head, (group + 1) * dim, dim);
  v = n == 1 ? reshape(p, v, LRT_DIMS(1, s->kv_heads, dim, 1)) : transpose(p, v, 0, 2, 3, 1);
  if (s->qk_norm) k = norm(p, k, LRT_LLM_KEY_NORM, layer);
  attended a = {-1, update(p, key_cache, rotate(p, k, cos, sin), p->key_start, "k", layer),
                update(p, value_cache, v, p->value_start, "v", layer)};
  if (caches_only) return a;
  const int32_t q = reshape(p, slice_last(p, by_head, 0, group * dim), LRT_DIMS(1, n, s->heads, dim));
  a.query = heads_first(p, q, s->heads);
  if (s->qk_norm) a.query = norm(p, a.query, LRT_LLM_QUERY_NORM, layer);
  a.query = scaled(p, rotate(p, a.query, cos, sin), s->query_scale);
  return a;
}

/* softmax(q k^T + mask) v for all heads, [1, N, H * D]. */
static int32_t attend(pass *p, const attended *a, bool local) {
  const lrt_llm_spec *s = p->spec;
  const int32_t n = p->tokens, dim = s->head_dim, kv = s->kv_heads, group = s->heads / kv;
  const lrt_batch_mat_mul_options transposed = {.adj_y = 1};
  const lrt_softmax_options softmax = {.beta = 1.0f};
  const lrt_shape scores = {4, {1, kv, group * n, p->context}};
  const int32_t q = reshape(p, a->query, LRT_DIMS(1, kv, group * n, dim));
  int32_t x = LRT_NODE(&p->b, BATCH_MATMUL, 1, &transposed, LRT_FLOAT32, &scores, q, a->keys);
  x = capped(p, x, s->attention_cap);
  x = reshape(p, x, LRT_DIMS(kv, group, n, p->context));
  x = reshape(p, add(p, x, local ? p->local_mask : p->mask), &scores);
  x = LRT_NODE(&p->b, SOFTMAX, 1, &softmax, LRT_FLOAT32, &scores, x);
  x = LRT_NODE(&p->b, BATCH_MATMUL, 1, &transposed, LRT_FLOAT32, LRT_DIMS(1, kv, group * n, dim), x,
               a->values);
  if (n > 1) x = transpose(p, reshape(p, x, LRT_DIMS(1, s->heads, n, dim)), 0, 2, 1, 3);
  return reshape(p, x, LRT_DIMS(1, n, s->heads * dim));
}

/* down(activation(gate) * up) */
static int32_t feed_forward(pass *p, int32_t x, int32_t layer) {
  const lrt_gelu_options tanh_form = {.approximate = 1};
  const int32_t gate = product(p, x, LRT_LLM_GATE, layer, -1), up = product(p, x, LRT_LLM_UP, layer, -1);
  const lrt_shape shape = *lrt_build_shape(&p->b, gate);
  const int32_t active = p->spec->activation == LRT_LLM_SILU
                             ? mul(p, gate, unary(p, LRT_OP_LOGISTIC, gate))
                             : LRT_NODE(&p->b, GELU, 1, &tanh_form, LRT_FLOAT32, &shape, gate);
  return product(p, mul(p, active, up), LRT_LLM_DOWN, layer, -1);
}

/* One layer; `x` [1, N, W]. In the last layer of a prefill only the caches are wanted: it returns -1. */
static int32_t layer(pass *p, int32_t x, int32_t index, bool caches_only) {
  char name[40];
  const lrt_llm_spec *s = p->spec;
  snprintf(name, sizeof name, "kv_cache_k_%d", (int)index);
  const int32_t keys =
      lrt_build_input(&p->b, name, LRT_FLOAT32, LRT_DIMS(1, s->kv_heads, p->context, s->head_dim));
  snprintf(name, sizeof name, "kv_cache_v_%d", (int)index);
  const int32_t values =
      lrt_build_input(&p->b, name, LRT_FLOAT32, LRT_DIMS(1, s->kv_heads, s->head_dim, p->context));
  const attended a = project(p, x, index, keys, values, caches_only);
  if (caches_only) return -1;
  int32_t y =
      product(p, attend(p, &a, lrt_llm_layer_is_local(s, index)), LRT_LLM_ATTENTION_OUTPUT, index, -1);
  if (s->post_norms) y = norm(p, y, LRT_LLM_POST_ATTENTION_NORM, index);
  x = add(p, x, y);
  y = feed_forward(p, norm(p, x, LRT_LLM_FF_NORM, index), index);
  if (s->post_norms) y = norm(p, y, LRT_LLM_POST_FF_NORM, index);
  return add(p, x, y);
}

/* ---- a signature ---- */

static void build_pass(pass *p, bool with_logits) {
  const lrt_llm_spec *s = p->spec;
  const int32_t n = p->tokens;
  const int32_t tokens = lrt_build_input(&p->b, "tokens", LRT_INT32, LRT_DIMS(1, n));
  const int32_t positions = lrt_build_input(&p->b, "input_pos", LRT_INT32, LRT_DIMS(n));
  p->mask = lrt_build_input(&p->b, "mask", LRT_FLOAT32, LRT_DIMS(1, 1, n, p->context));
  prepare_positions(p, positions);
  int32_t x = embed(p, tokens);
  for (int32_t i = 0; i < s->layers; i++) x = layer(p, x, i, !with_logits && i + 1 == s->layers);
  if (!with_logits) return;
  x = norm(p, x, LRT_LLM_FINAL_NORM, -1);
  x = product(p, x, s->tied ? LRT_LLM_EMBEDDING : LRT_LLM_OUTPUT, -1, -1);
  lrt_build_output(&p->b, "logits", capped(p, x, s->logit_cap));
}

static lrt_status add_signature(lrt_llm_parts *parts, int32_t tokens, bool with_logits, const char *key,
                                int32_t index, lrt_error *err) {
  pass p = {
      .parts = parts, .spec = &parts->source->spec, .tokens = tokens, .context = parts->options->context};
  lrt_build_begin(&p.b, parts->arena, key, 2 * p.spec->layers + 3);
  build_pass(&p, with_logits);
  LRT_TRY(lrt_llm_parts_status(parts, err));
  return lrt_build_finish(&p.b, key, index, &parts->subgraphs[index], &parts->signatures[index], err);
}

lrt_status lrt_llm_graph_build(const lrt_llm_source *source, const lrt_llm_graph_options *options,
                               lrt_arena *arena, lrt_llm_graph *out, lrt_error *err) {
  lrt_llm_parts parts;
  memset(out, 0, sizeof *out);
  LRT_TRY(lrt_llm_spec_check(&source->spec, err));
  LRT_TRY(lrt_llm_parts_init(&parts, source, options, arena, err));
  for (int32_t i = 0; i < options->prefill_count; i++) {
    char key[40];
    const int length = snprintf(key, sizeof key, "prefill_%d", (int)options->prefill_sizes[i]);
    const char *name = lrt_arena_text(arena, key, (size_t)length);
    if (name == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "the graph of the new model");
    LRT_TRY(add_signature(&parts, options->prefill_sizes[i], false, name, i, err));
  }
  LRT_TRY(add_signature(&parts, 1, true, "decode", options->prefill_count, err));
  return lrt_llm_parts_finish(&parts, out, err);
}
