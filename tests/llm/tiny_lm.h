/* tiny_lm.h: language models of every family with known answers, written as .tflite bytes and bundles. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_TINY_LM_H
#define LRT_TESTS_TINY_LM_H

#include <unistd.h>

#include "base/output.h"
#include "build_model.h"
#include "formats/litertlm_write.h"
#include "litert/llm.h"
#include "shared_files.h"

/* The model. Token t at position p is worth v = t / V + p / S. It goes into two caches, in each element of its [heads,dim];
 * a token sees the mean m of what the mask shows of the first cache plus that of the second, and
 *   logit[j] = sin(m * w[j]),  w[j] = 0.1 + 0.37 j  modulo 29.
 * So every visible position counts, with its token and its place, and nothing else does. */
#define TINY_VOCABULARY 64
#define TINY_CONTEXT 32
#define TINY_HEADS 2
#define TINY_DIM 3
#define TINY_MAX_SIGNATURES 6

typedef enum tiny_family {
  TINY_TOKENS_MASK,
  TINY_TOKENS,
  TINY_TOKEN_IDS,
  TINY_EMBEDDINGS,
  TINY_PER_LAYER
} tiny_family;

typedef struct tiny_options {
  tiny_family family;
  bool bool_mask;
  int axis_k,
      axis_v;  /* where a cache [1,…] has its positions: 1 [1,S,2,3], 2 [1,2,S,3], 3 [1,2,3,S]; 0 = 1 */
  int context; /* 0 = TINY_CONTEXT */
  bool two_contexts;         /* all signatures a second time with caches and masks of half the length */
  bool renamed;              /* the caches' outputs are "next_k" and "next_v" */
  const char *unknown_input; /* an input that no family has */
} tiny_options;

typedef struct tiny_lm {
  build_model model;
  build_subgraph graphs[TINY_MAX_SIGNATURES];
  lrt_signature signatures[TINY_MAX_SIGNATURES];
  lrt_signature_entry inputs[TINY_MAX_SIGNATURES][8], outputs[TINY_MAX_SIGNATURES][4];
  int count;
} tiny_lm;

/* ---- the oracle, in doubles ---- */

/* Logits after ids: [count] in a model with `context` positions. */
static inline void tiny_logits(const int32_t *ids, size_t count, int context, double out[TINY_VOCABULARY]) {
  double mean = 0;
  for (size_t i = 0; i < count; i++) mean += (double)ids[i] / TINY_VOCABULARY + (double)i / context;
  mean = 2 * mean / (double)count;
  for (int j = 0; j < TINY_VOCABULARY; j++) out[j] = sin(mean * fmod(0.1 + 0.37 * j, 29));
}

/* The largest logit's token, and how far the second largest is behind. */
static inline int32_t tiny_next(const int32_t *ids, size_t count, int context, double *margin) {
  double logits[TINY_VOCABULARY];
  int32_t best = 0, second = -1;
  tiny_logits(ids, count, context, logits);
  for (int32_t j = 1; j < TINY_VOCABULARY; j++)
    if (logits[j] > logits[best]) best = j;
  for (int32_t j = 0; j < TINY_VOCABULARY; j++)
    if (j != best && (second < 0 || logits[j] > logits[second])) second = j;
  *margin = logits[best] - logits[second];
  return best;
}

/* ---- building ---- */

static float tiny_weights[TINY_VOCABULARY], tiny_ones[16 * TINY_HEADS * TINY_DIM], tiny_range[TINY_CONTEXT];
static float tiny_scale_token = 1.0f / TINY_VOCABULARY, tiny_scale_position[2];
static int32_t tiny_zero[1] = {0}, tiny_axes[4][2] = {{0, 0}, {2, 3}, {1, 3}, {1, 2}}, tiny_first[1] = {0},
               tiny_size[1] = {1}, tiny_axis1[1] = {1};
static const lrt_reducer_options tiny_keep = {.keep_dims = 1}, tiny_drop = {.keep_dims = 0};
static const lrt_concatenation_options tiny_concat = {.axis = 0};
static const lrt_cast_options tiny_cast = {.in_data_type = 0, .out_data_type = 0};
static const lrt_mul_options tiny_mul = {.activation = 0};
static const lrt_add_options tiny_add = {.activation = 0};
static const lrt_div_options tiny_div = {.activation = 0};

static inline int32_t tiny_op(build_subgraph *b, int32_t code, const void *options, lrt_type type,
                              lrt_shape shape, int32_t x, int32_t y, int32_t z) {
  const int32_t out = build_tensor(b, type, shape), in[3] = {x, y, z};
  build_node(b, code, options, y < 0 ? 1 : z < 0 ? 2 : 3, in, 1, &out);
  return out;
}

static inline int32_t tiny_reshape(build_subgraph *b, int32_t x, lrt_shape shape) {
  static const lrt_reshape_options none = {.new_shape = {0}};
  const int32_t out = build_tensor(b, b->tensors[x].type, shape);
  static int32_t pool[256][4];
  static int used;
  int32_t *dims = pool[used++ % 256];
  for (int i = 0; i < shape.rank; i++) dims[i] = shape.dims[i];
  const int32_t to = build_constant(b, LRT_INT32, build_shape(1, shape.rank), dims);
  build_node(b, LRT_OP_RESHAPE, &none, 2, (int32_t[]){x, to}, 1, &out);
  return out;
}

static inline lrt_shape tiny_cache_shape(int axis, int length) {
  if (axis == 1) return build_shape(4, 1, length, TINY_HEADS, TINY_DIM);
  if (axis == 2) return build_shape(4, 1, TINY_HEADS, length, TINY_DIM);
  return build_shape(4, 1, TINY_HEADS, TINY_DIM, length);
}

/* Writes v [n] into the cache at position `first` [1] and gives its mean over heads and dim: [1, context]. */
static inline int32_t tiny_cache(build_subgraph *b, int axis, int n, int context, int32_t cache, int32_t v,
                                 int32_t first, int32_t *next) {
  lrt_shape thin = build_shape(4, 1, 1, 1, 1);
  thin.dims[axis] = n;
  const lrt_shape wide = tiny_cache_shape(axis, n);
  const int32_t ones = build_constant(b, LRT_FLOAT32, wide, tiny_ones);
  const int32_t update =
      tiny_op(b, LRT_OP_MUL, &tiny_mul, LRT_FLOAT32, wide, ones, tiny_reshape(b, v, thin), -1);
  const int32_t zero = build_constant(b, LRT_INT32, build_shape(1, 1), tiny_zero);
  const int32_t start = build_tensor(b, LRT_INT32, build_shape(1, 4));
  int32_t parts[4] = {zero, zero, zero, zero};
  parts[axis] = first;
  build_node(b, LRT_OP_CONCATENATION, &tiny_concat, 4, parts, 1, &start);
  *next = tiny_op(b, LRT_OP_DYNAMIC_UPDATE_SLICE, NULL, LRT_FLOAT32, tiny_cache_shape(axis, context), cache,
                  update, start);
  const int32_t axes = build_constant(b, LRT_INT32, build_shape(1, 2), tiny_axes[axis]);
  return tiny_op(b, LRT_OP_MEAN, &tiny_drop, LRT_FLOAT32, build_shape(2, 1, context), *next, axes, -1);
}

/* 1 where a token sees a position, 0 elsewhere: [n, context]. */
static inline int32_t tiny_visible(build_subgraph *b, const tiny_options *o, int n, int context, int32_t mask,
                                   int32_t positions) {
  const lrt_shape rows = build_shape(2, n, context);
  if (mask < 0) {
    const int32_t range = build_constant(b, LRT_FLOAT32, build_shape(2, 1, context), tiny_range);
    const int32_t seen = tiny_op(b, LRT_OP_LESS_EQUAL, NULL, LRT_BOOL, rows, range,
                                 tiny_reshape(b, positions, build_shape(2, n, 1)), -1);
    return tiny_op(b, LRT_OP_CAST, &tiny_cast, LRT_FLOAT32, rows, seen, -1, -1);
  }
  const int32_t flat = tiny_reshape(b, mask, rows);
  if (o->bool_mask) return tiny_op(b, LRT_OP_CAST, &tiny_cast, LRT_FLOAT32, rows, flat, -1, -1);
  return tiny_op(b, LRT_OP_EXP, NULL, LRT_FLOAT32, rows, flat, -1, -1);
}

static inline void tiny_entry(tiny_lm *m, int s, bool output, const char *name, int32_t tensor) {
  lrt_signature *signature = &m->signatures[s];
  if (output)
    m->outputs[s][signature->output_count++] = (lrt_signature_entry){.name = name, .tensor = tensor};
  else
    m->inputs[s][signature->input_count++] = (lrt_signature_entry){.name = name, .tensor = tensor};
  if (output)
    build_output(&m->graphs[s], tensor);
  else
    build_input(&m->graphs[s], tensor);
}

static inline int32_t tiny_input(tiny_lm *m, int s, const char *name, lrt_type type, lrt_shape shape) {
  const int32_t tensor = build_tensor(&m->graphs[s], type, shape);
  tiny_entry(m, s, false, name, tensor);
  return tensor;
}

/* What the tokens are worth without their places: [n]. Embeddings are rows of 3 whose sum is t / V; per-layer embeddings
 * [1, n, 2, 2] are zeros that are added, to see that they come in. */
static inline int32_t tiny_tokens(tiny_lm *m, int s, const tiny_options *o, int n) {
  build_subgraph *b = &m->graphs[s];
  const lrt_shape row = build_shape(1, n);
  if (o->family == TINY_EMBEDDINGS || o->family == TINY_PER_LAYER) {
    static int32_t axes[3] = {0, 2, 3};
    const int32_t rows = tiny_input(m, s, "embeddings", LRT_FLOAT32, build_shape(3, 1, n, 3));
    const int32_t over = build_constant(b, LRT_INT32, build_shape(1, 2), axes);
    const int32_t sum = tiny_op(b, LRT_OP_SUM, &tiny_drop, LRT_FLOAT32, row, rows, over, -1);
    if (o->family == TINY_EMBEDDINGS) return sum;
    const int32_t layers = tiny_input(m, s, "per_layer_embeddings", LRT_FLOAT32, build_shape(4, 1, n, 2, 2));
    const int32_t all = build_constant(b, LRT_INT32, build_shape(1, 3), axes);
    const int32_t more = tiny_op(b, LRT_OP_SUM, &tiny_drop, LRT_FLOAT32, row, layers, all, -1);
    return tiny_op(b, LRT_OP_ADD, &tiny_add, LRT_FLOAT32, row, sum, more, -1);
  }
  const int32_t ids =
      tiny_input(m, s, o->family == TINY_TOKEN_IDS ? "token_ids" : "tokens", LRT_INT32, build_shape(2, 1, n));
  const int32_t numbers =
      tiny_op(b, LRT_OP_CAST, &tiny_cast, LRT_FLOAT32, row, tiny_reshape(b, ids, row), -1, -1);
  const int32_t scale = build_constant(b, LRT_FLOAT32, build_shape(0), &tiny_scale_token);
  return tiny_op(b, LRT_OP_MUL, &tiny_mul, LRT_FLOAT32, row, numbers, scale, -1);
}

static inline int32_t tiny_mask(tiny_lm *m, int s, const tiny_options *o, int n, int context) {
  const lrt_type type = o->bool_mask ? LRT_BOOL : LRT_FLOAT32;
  if (o->family == TINY_TOKENS) return -1;
  if (o->family == TINY_TOKEN_IDS)
    return tiny_input(m, s, "attn_mask", type, build_shape(4, 1, n, 1, context));
  return tiny_input(m, s, "mask", type, build_shape(4, 1, 1, n, context));
}

/* Signature s: n tokens at once, with logits (decode) or without (prefill). */
static inline void tiny_signature(tiny_lm *m, const tiny_options *o, const char *key, int n, int context,
                                  bool logits) {
  const int s = m->count++, axis_k = o->axis_k ? o->axis_k : 1, axis_v = o->axis_v ? o->axis_v : 1;
  build_subgraph *b = &m->graphs[s];
  m->signatures[s] =
      (lrt_signature){.key = key, .subgraph = s, .inputs = m->inputs[s], .outputs = m->outputs[s]};
  const int32_t worth = tiny_tokens(m, s, o, n);
  const int32_t positions =
      tiny_input(m, s, o->family == TINY_TOKEN_IDS ? "positions" : "input_pos", LRT_INT32,
                 o->family == TINY_TOKEN_IDS ? build_shape(2, 1, n) : build_shape(1, n));
  const int32_t mask = tiny_mask(m, s, o, n, context);
  const int32_t k = tiny_input(m, s, "kv_cache_k_0", LRT_FLOAT32, tiny_cache_shape(axis_k, context));
  const int32_t v = tiny_input(m, s, "kv_cache_v_0", LRT_FLOAT32, tiny_cache_shape(axis_v, context));
  if (o->unknown_input != NULL) tiny_input(m, s, o->unknown_input, LRT_FLOAT32, build_shape(1, 7));
  const lrt_shape row = build_shape(1, n), rows = build_shape(2, n, context);
  const int32_t flat = tiny_reshape(b, positions, row);
  const int32_t places = tiny_op(b, LRT_OP_CAST, &tiny_cast, LRT_FLOAT32, row, flat, -1, -1);
  const int32_t scale =
      build_constant(b, LRT_FLOAT32, build_shape(0), &tiny_scale_position[context != TINY_CONTEXT]);
  const int32_t place = tiny_op(b, LRT_OP_MUL, &tiny_mul, LRT_FLOAT32, row, places, scale, -1);
  const int32_t value = tiny_op(b, LRT_OP_ADD, &tiny_add, LRT_FLOAT32, row, worth, place, -1);
  const int32_t begin = build_constant(b, LRT_INT32, build_shape(1, 1), tiny_first);
  const int32_t size = build_constant(b, LRT_INT32, build_shape(1, 1), tiny_size);
  const int32_t first = tiny_op(b, LRT_OP_SLICE, NULL, LRT_INT32, build_shape(1, 1), flat, begin, size);
  int32_t next_k, next_v;
  const int32_t mean_k = tiny_cache(b, axis_k, n, context, k, value, first, &next_k);
  const int32_t mean_v = tiny_cache(b, axis_v, n, context, v, value, first, &next_v);
  tiny_entry(m, s, true, o->renamed ? "next_k" : "kv_cache_k_0", next_k);
  tiny_entry(m, s, true, o->renamed ? "next_v" : "kv_cache_v_0", next_v);
  if (!logits) return;
  const int32_t visible = tiny_visible(b, o, n, context, mask, places);
  const int32_t both =
      tiny_op(b, LRT_OP_ADD, &tiny_add, LRT_FLOAT32, build_shape(2, 1, context), mean_k, mean_v, -1);
  const int32_t shown = tiny_op(b, LRT_OP_MUL, &tiny_mul, LRT_FLOAT32, rows, visible, both, -1);
  const int32_t over = build_constant(b, LRT_INT32, build_shape(1, 1), tiny_axis1);
  const lrt_shape column = build_shape(2, n, 1), wide = build_shape(2, n, TINY_VOCABULARY);
  const int32_t sum = tiny_op(b, LRT_OP_SUM, &tiny_keep, LRT_FLOAT32, column, shown, over, -1);
  const int32_t count = tiny_op(b, LRT_OP_SUM, &tiny_keep, LRT_FLOAT32, column, visible, over, -1);
  const int32_t mean = tiny_op(b, LRT_OP_DIV, &tiny_div, LRT_FLOAT32, column, sum, count, -1);
  const int32_t w = build_constant(b, LRT_FLOAT32, build_shape(2, 1, TINY_VOCABULARY), tiny_weights);
  const int32_t angle = tiny_op(b, LRT_OP_MUL, &tiny_mul, LRT_FLOAT32, wide, mean, w, -1);
  const int32_t sine = tiny_op(b, LRT_OP_SIN, NULL, LRT_FLOAT32, wide, angle, -1, -1);
  tiny_entry(m, s, true, "logits", tiny_reshape(b, sine, build_shape(3, 1, n, TINY_VOCABULARY)));
}

static inline void tiny_finish(tiny_lm *m) {
  build_subgraph *graphs[TINY_MAX_SIGNATURES];
  for (int i = 0; i < m->count; i++) graphs[i] = &m->graphs[i];
  m->model.graph.signatures = m->signatures;
  m->model.graph.signature_count = m->count;
  CHECK_INT(build_finish(&m->model, graphs, m->count), LRT_OK);
}

static inline void tiny_constants(int context) {
  for (int j = 0; j < TINY_VOCABULARY; j++) tiny_weights[j] = (float)fmod(0.1 + 0.37 * j, 29);
  for (size_t i = 0; i < sizeof tiny_ones / sizeof tiny_ones[0]; i++) tiny_ones[i] = 1.0f;
  for (int i = 0; i < TINY_CONTEXT; i++) tiny_range[i] = (float)i;
  tiny_scale_position[0] = 1.0f / (float)context;
  tiny_scale_position[1] = 1.0f / (float)context; /* positions are worth the same in both lengths */
}

/* A whole model: prefill of 4 and 8 tokens, decode; the keys say nothing on purpose. To be freed with tiny_free. */
static inline tiny_lm *tiny_make(const tiny_options *o) {
  tiny_lm *m = calloc(1, sizeof *m);
  const int context = o->context ? o->context : TINY_CONTEXT;
  if (m == NULL) return NULL;
  tiny_constants(context);
  tiny_signature(m, o, "zebra", 8, context, false);
  tiny_signature(m, o, "apple", 1, context, true);
  tiny_signature(m, o, "mango", 4, context, false);
  if (o->two_contexts) {
    tiny_signature(m, o, "short_a", 1, context / 2, true);
    tiny_signature(m, o, "short_b", 4, context / 2, false);
  }
  tiny_finish(m);
  return m;
}

static inline void tiny_free(tiny_lm *m) {
  if (m == NULL) return;
  build_clear(&m->model);
  free(m);
}

/* An embedder: tokens [1,n] -> [1,n,3] (or [1,n,2,2] of zeros), the sum of a row being t / V. */
static inline tiny_lm *tiny_make_embedder(bool layers) {
  static float table[TINY_VOCABULARY * 4];
  tiny_lm *m = calloc(1, sizeof *m);
  if (m == NULL) return NULL;
  for (int i = 0; i < TINY_VOCABULARY; i++)
    for (int k = 0; k < 3; k++) table[3 * i + k] = (float)i / TINY_VOCABULARY * (k == 0 ? 0.5f : 0.25f);
  static float zeros[TINY_VOCABULARY * 4];
  const int widths[2] = {1, 4};
  for (int s = 0; s < 2; s++) {
    const int n = widths[s], floats = layers ? 4 : 3;
    build_subgraph *b = &m->graphs[s];
    m->count++;
    m->signatures[s] = (lrt_signature){
        .key = s == 0 ? "one" : "four", .subgraph = s, .inputs = m->inputs[s], .outputs = m->outputs[s]};
    const int32_t ids = tiny_input(m, s, "token_ids", LRT_INT32, build_shape(2, 1, n));
    const int32_t flat = tiny_reshape(b, ids, build_shape(1, n));
    const int32_t rows =
        build_constant(b, LRT_FLOAT32, build_shape(2, TINY_VOCABULARY, floats), layers ? zeros : table);
    const int32_t found =
        tiny_op(b, LRT_OP_EMBEDDING_LOOKUP, NULL, LRT_FLOAT32, build_shape(2, n, floats), flat, rows, -1);
    tiny_entry(m, s, true, "embeddings",
               tiny_reshape(b, found, layers ? build_shape(4, 1, n, 2, 2) : build_shape(3, 1, n, 3)));
  }
  tiny_finish(m);
  return m;
}

/* ---- bundles ---- */

static inline lrt_bundle_part tiny_model_part(const tiny_lm *m, const char *name, lrt_section_item *item) {
  *item = (lrt_section_item){"model_type", name, 0};
  return (lrt_bundle_part){.kind = LRT_SECTION_TFLITE,
                           .items = item,
                           .item_count = 1,
                           .bytes = m->model.bytes,
                           .length = m->model.size};
}

/* Writes parts as a bundle and reads it back as one block; NULL on failure. */
static inline uint8_t *tiny_bundle(const lrt_bundle_part *parts, size_t count, size_t *size) {
  char path[64];
  lrt_output *output = NULL;
  snprintf(path, sizeof path, "tiny-%ld.litertlm", (long)getpid());
  if (lrt_output_create(path, lrt_alloc_default(), &output, NULL) != LRT_OK) return NULL;
  lrt_status status = lrt_litertlm_write(output, parts, count, NULL, 0, lrt_alloc_default(), NULL);
  if (status == LRT_OK)
    status = lrt_output_commit(output, NULL);
  else
    lrt_output_discard(output);
  uint8_t *bytes = status == LRT_OK ? read_whole_file(path, size) : NULL;
  unlink(path);
  return bytes;
}

#endif
