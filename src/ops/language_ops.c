/* language_ops.c: odml.update_kv_cache and odml.scaled_dot_product_attention as custom operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ops/custom_options.h"
#include "ops/movement.h"

/* Where the options do not say. */
enum { CACHE_ENTRIES = 2048 };

/* ---- odml.update_kv_cache ---- */

/* A layer's cache is three variables of the interpreter: keys and values [1][entries][heads][size], and the position
 * that their first entry stands for. All nodes of a layer share them. */
typedef struct cache_params {
  lrt_resources *resources;
  int32_t first, rows[2]; /* numbers of the variables */
  int64_t entries, added; /* rows in the cache and of this call */
  size_t row_bytes;
} cache_params;

/* New positions behind the end push out the oldest rows. */
static lrt_status make_room(const cache_params *c, int64_t position, int64_t *at, lrt_error *err) {
  int64_t *first = lrt_resources_get(c->resources, c->first)->data;
  if (position < *first || position > INT64_MAX / 2)
    return lrt_fail(err, LRT_RUN_FAILED,
                    "odml.update_kv_cache: position %lld lies before the cache, which begins at %lld",
                    (long long)position, (long long)*first);
  const int64_t over = position + c->added - (*first + c->entries);
  const int64_t shift = over < 0 ? 0 : over;
  if (shift > c->entries)
    return lrt_fail(err, LRT_RUN_FAILED, "odml.update_kv_cache: position %lld leaves a gap behind the cache",
                    (long long)position);
  if (shift > 0 && shift < c->entries)
    for (int i = 0; i < 2; i++) {
      char *rows = lrt_resources_get(c->resources, c->rows[i])->data;
      memmove(rows, rows + (size_t)shift * c->row_bytes, (size_t)(c->entries - shift) * c->row_bytes);
    }
  *first += shift;
  *at = position - *first;
  return LRT_OK;
}

/* Other nodes may assign to a variable whose number they guess. */
static lrt_status check_variables(const cache_params *c, lrt_error *err) {
  const size_t bytes = (size_t)c->entries * c->row_bytes;
  const lrt_resource *first = lrt_resources_get(c->resources, c->first);
  bool intact = first != NULL && first->data != NULL && first->bytes == sizeof(int64_t);
  for (int i = 0; i < 2; i++) {
    const lrt_resource *rows = lrt_resources_get(c->resources, c->rows[i]);
    intact = intact && rows != NULL && rows->data != NULL && rows->bytes == bytes;
  }
  return intact ? LRT_OK : lrt_fail(err, LRT_RUN_FAILED, "odml.update_kv_cache: the cache was overwritten");
}

static lrt_status cache_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const cache_params *c = step->params;
  int64_t at = 0;
  (void)begin;
  (void)end;
  LRT_TRY(check_variables(c, run->err));
  LRT_TRY(make_room(c, *(const int64_t *)step->inputs[0]->data, &at, run->err));
  for (int i = 0; i < 2; i++) {
    const lrt_resource *rows = lrt_resources_get(c->resources, c->rows[i]);
    memcpy((char *)rows->data + (size_t)at * c->row_bytes, step->inputs[1 + i]->data,
           (size_t)c->added * c->row_bytes);
    memcpy(step->outputs[i]->data, rows->data, rows->bytes);
  }
  return LRT_OK;
}

/* The variable of that name, filled with zeros when new. */
static lrt_status find_variable(lrt_prepare *p, const char *part, int32_t layer, lrt_type type,
                                const lrt_shape *shape, int32_t *id) {
  char name[16];
  snprintf(name, sizeof name, "%d", layer);
  LRT_TRY(lrt_resources_find(p->resources, part, name, id, p->err));
  const lrt_resource *found = lrt_resources_get(p->resources, *id);
  if (found->data == NULL) return lrt_resource_clear(p->resources, *id, type, shape, p->err);
  if (found->type == type && lrt_shape_equal(&found->shape, shape)) return LRT_OK;
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the cache of layer %d has another shape elsewhere", layer);
}

static lrt_status find_cache(lrt_prepare *p, cache_params *c, int32_t layer, const lrt_shape *cache) {
  static const lrt_shape one = {1, {1}};
  c->resources = p->resources;
  LRT_TRY(find_variable(p, "\x02kv first", layer, LRT_INT64, &one, &c->first));
  LRT_TRY(find_variable(p, "\x02kv keys", layer, LRT_FLOAT32, cache, &c->rows[0]));
  return find_variable(p, "\x02kv values", layer, LRT_FLOAT32, cache, &c->rows[1]);
}

static lrt_status check_rows(lrt_prepare *p) {
  static const int floats[] = {LRT_FLOAT32, -1}, positions[] = {LRT_INT64, -1};
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 2));
  LRT_TRY(lrt_prepare_types(p, 0, positions));
  LRT_TRY(lrt_moved_rank(p, 0, 1));
  for (int i = 1; i < 3; i++) {
    LRT_TRY(lrt_prepare_types(p, i, floats));
    LRT_TRY(lrt_moved_rank(p, i, 4));
    LRT_TRY(lrt_moved_output_type(p, i - 1, LRT_FLOAT32));
  }
  const lrt_shape *key = &p->inputs[1]->shape;
  if (key->dims[0] != 1 || !lrt_shape_equal(key, &p->inputs[2]->shape) ||
      p->inputs[0]->shape.dims[0] != key->dims[1])
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "positions, keys and values do not fit each other");
  return LRT_OK;
}

static lrt_status prepare_cache(lrt_prepare *p) {
  int32_t entries = 0, layer = 0;
  lrt_flex map;
  LRT_TRY(check_rows(p));
  LRT_TRY(lrt_custom_map(p, &map));
  LRT_TRY(lrt_custom_integer(p, map, "kv_cache_max", 0, INT32_MIN, 1 << 24, &entries));
  LRT_TRY(lrt_custom_integer(p, map, "layer_index", 0, INT32_MIN, 1 << 20, &layer));
  if (entries < 1) entries = CACHE_ENTRIES;
  if (layer < 0) layer = 0;
  lrt_shape cache = p->inputs[1]->shape;
  cache_params *c = lrt_prepare_params(p, sizeof *c);
  if (c == NULL) return lrt_prepare_no_memory(p);
  c->added = cache.dims[1];
  c->entries = entries;
  if (c->added < 1 || c->added > entries)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%lld rows do not fit a cache of %d", (long long)c->added,
                            entries);
  cache.dims[1] = entries;
  LRT_TRY(lrt_prepare_shape(p, 0, &cache));
  LRT_TRY(lrt_prepare_shape(p, 1, &cache));
  c->row_bytes = (size_t)(lrt_shape_count(&cache) / entries) * sizeof(float);
  if (c->row_bytes == 0) return LRT_OK;
  LRT_TRY(find_cache(p, c, layer, &cache));
  return lrt_prepare_step(p, cache_step, c, 1, 0, "update_kv_cache");
}

const lrt_op lrt_op_update_kv_cache = {prepare_cache, false, 0, true};

/* ---- odml.scaled_dot_product_attention ---- */

typedef struct attention_params {
  int32_t queries, heads, size, keys, groups, value_size; /* groups: heads of keys and values */
  int64_t mask[4]; /* strides by batch, head, query and key; 0 where it is the same for all */
  float scale;
} attention_params;

/* Weights of one query and head: softmax of scale * q k + mask. Keys masked by -inf are not looked at, unless all are. */
static void weigh(const attention_params *a, const float *q, const float *k, const float *mask,
                  float *weights) {
  const int64_t step = (int64_t)a->groups * a->size;
  float largest = -INFINITY, sum = 0;
  for (int64_t t = 0; t < a->keys; t++) {
    float dot = 0;
    if (mask[t * a->mask[3]] == -INFINITY) {
      weights[t] = -INFINITY;
      continue;
    }
    for (int64_t i = 0; i < a->size; i++) dot += q[i] * a->scale * k[t * step + i];
    weights[t] = dot + mask[t * a->mask[3]];
    if (weights[t] > largest) largest = weights[t];
  }
  for (int64_t t = 0; t < a->keys; t++) sum += weights[t] = expf(weights[t] - largest);
  for (int64_t t = 0; t < a->keys; t++) weights[t] /= sum;
}

/* Units are [batch][query][head]. */
static lrt_status attention_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const attention_params *a = step->params;
  float *weights = lrt_step_scratch(step, run);
  const int64_t value_step = (int64_t)a->groups * a->value_size;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t head = unit % a->heads, query = unit / a->heads % a->queries,
                  batch = unit / a->heads / a->queries;
    const int64_t group = head / (a->heads / a->groups), rows = batch * a->keys * a->groups + group;
    const float *mask =
        (const float *)step->inputs[3]->data + batch * a->mask[0] + head * a->mask[1] + query * a->mask[2];
    const float *values = (const float *)step->inputs[2]->data + rows * a->value_size;
    float *out = (float *)step->outputs[0]->data + unit * a->value_size;
    if (unit % 16 == 0) LRT_TRY(lrt_step_check(run));
    weigh(a, (const float *)step->inputs[0]->data + unit * a->size,
          (const float *)step->inputs[1]->data + rows * a->size, mask, weights);
    memset(out, 0, (size_t)a->value_size * sizeof *out);
    for (int64_t t = 0; t < a->keys; t++) {
      if (weights[t] == 0) continue;
      for (int64_t i = 0; i < a->value_size; i++) out[i] += weights[t] * values[t * value_step + i];
    }
  }
  return LRT_OK;
}

/* The mask is [batch or 1][heads or 1][queries or 1][keys or 1]. */
static lrt_status set_mask(lrt_prepare *p, attention_params *a, int32_t batch) {
  const lrt_shape *mask = &p->inputs[3]->shape;
  const int32_t full[4] = {batch, a->heads, a->queries, a->keys};
  int64_t stride = 1;
  for (int d = 3; d >= 0; d--) {
    if (mask->dims[d] != 1 && mask->dims[d] != full[d])
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the mask \"%s\" does not fit", p->inputs[3]->name);
    a->mask[d] = mask->dims[d] == 1 ? 0 : stride;
    stride *= mask->dims[d];
  }
  return LRT_OK;
}

static lrt_status prepare_attention(lrt_prepare *p) {
  static const int floats[] = {LRT_FLOAT32, -1};
  lrt_flex map;
  LRT_TRY(lrt_prepare_arity(p, 4, 4, 1));
  for (int i = 0; i < 4; i++) {
    LRT_TRY(lrt_prepare_types(p, i, floats));
    LRT_TRY(lrt_moved_rank(p, i, 4));
  }
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_FLOAT32));
  LRT_TRY(lrt_custom_map(p, &map));
  attention_params *a = lrt_prepare_params(p, sizeof *a);
  if (a == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *q = &p->inputs[0]->shape, *k = &p->inputs[1]->shape, *v = &p->inputs[2]->shape;
  LRT_TRY(lrt_custom_float(p, map, "scale", 0, &a->scale));
  if (!(a->scale > 0)) a->scale = (float)(1 / sqrt((double)q->dims[3]));
  *a = (attention_params){q->dims[1], q->dims[2], q->dims[3], k->dims[1],
                          k->dims[2], v->dims[3], {0},        a->scale};
  if (k->dims[0] != q->dims[0] || v->dims[0] != q->dims[0] || k->dims[3] != a->size ||
      v->dims[1] != a->keys || v->dims[2] != a->groups || a->groups < 1 || a->heads % a->groups != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "queries, keys and values do not fit each other");
  LRT_TRY(set_mask(p, a, q->dims[0]));
  const lrt_shape shape = {4, {q->dims[0], a->queries, a->heads, a->value_size}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  const int64_t units = lrt_shape_count(&shape) > 0 ? lrt_shape_count(&shape) / a->value_size : 0;
  return lrt_prepare_step(p, attention_step, a, units, (size_t)a->keys * sizeof(float), "attention_f32");
}

const lrt_op lrt_op_attention = {prepare_attention, false, 0, false};
