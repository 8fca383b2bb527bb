/* lookup_table.c: HASHTABLE_LOOKUP and EMBEDDING_LOOKUP_SPARSE: rows of a tensor found by key or combined by weight. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "ops/movement.h"
#include "ops/string_table.h"

static const int int32_only[] = {LRT_INT32, -1};

/* ---- HASHTABLE_LOOKUP: keys are sorted ---- */

typedef struct lookup_params {
  int64_t wanted, keys;
  size_t row;       /* bytes */
  lrt_value *picks; /* strings: int32 [wanted] */
} lookup_params;

static int32_t row_of(const int32_t *keys, int64_t count, int32_t key) {
  int64_t low = 0, high = count;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (keys[middle] < key)
      low = middle + 1;
    else
      high = middle;
  }
  return low < count && keys[low] == key ? (int32_t)low : -1;
}

static lrt_status lookup_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lookup_params *params = step->params;
  const lrt_value *values = step->inputs[2];
  int32_t *picks = params->picks->data;
  uint8_t *hits = step->outputs[1]->data;
  char *out = step->outputs[0]->data;
  lrt_strings strings;
  (void)begin;
  (void)end;
  for (int64_t i = 0; i < params->wanted; i++) {
    picks[i] = row_of(step->inputs[1]->data, params->keys, ((const int32_t *)step->inputs[0]->data)[i]);
    hits[i] = picks[i] >= 0;
    if (values->type == LRT_STRING || params->row == 0) continue;
    if (picks[i] < 0)
      memset(out + (size_t)i * params->row, 0, params->row);
    else
      memcpy(out + (size_t)i * params->row, (const char *)values->data + (size_t)picks[i] * params->row,
             params->row);
  }
  if (values->type != LRT_STRING) return LRT_OK;
  LRT_TRY(lrt_strings_of(values, &strings, run->err));
  return lrt_strings_pick(step->outputs[0], &strings, picks, params->wanted, run->err);
}

static lrt_status prepare_lookup(lrt_prepare *p) {
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 2));
  LRT_TRY(lrt_prepare_types(p, 0, int32_only));
  LRT_TRY(lrt_prepare_types(p, 1, int32_only));
  LRT_TRY(lrt_moved_rank(p, 0, 1));
  LRT_TRY(lrt_moved_rank(p, 1, 1));
  LRT_TRY(lrt_moved_same_type(p, 2, 0));
  LRT_TRY(lrt_moved_output_type(p, 1, LRT_UINT8));
  const lrt_value *values = p->inputs[2];
  lrt_shape shape = values->shape;
  if (shape.rank < 1 || shape.dims[0] != p->inputs[1]->shape.dims[0] ||
      (values->type == LRT_STRING && shape.rank > 1) ||
      (values->type != LRT_STRING && lrt_type_bits(values->type) < 8))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the values do not fit the keys");
  lookup_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  params->wanted = p->inputs[0]->shape.dims[0];
  params->keys = shape.dims[0];
  params->row = lrt_moved_size(values->type);
  for (int i = 1; i < shape.rank; i++) params->row *= (size_t)shape.dims[i];
  shape.dims[0] = (int32_t)params->wanted;
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(lrt_prepare_shape(p, 1, &p->inputs[0]->shape));
  params->picks = lrt_prepare_temp(p, (size_t)params->wanted * sizeof(int32_t));
  if (params->picks == NULL) return lrt_prepare_no_memory(p);
  return lrt_prepare_step(p, lookup_step, params, 1, 0, "hashtable_lookup");
}

const lrt_op lrt_op_hashtable_lookup = {prepare_lookup, false, 0, false};

/* ---- EMBEDDING_LOOKUP_SPARSE ---- */

enum { COMBINER_SUM = 0, COMBINER_MEAN = 1, COMBINER_SQRTN = 2 };

typedef struct sparse_params {
  int combiner, depth; /* depth: dimensions of an index but the last */
  int64_t ids, rows, width;
  int32_t dims[LRT_MAX_RANK];
} sparse_params;

typedef struct bucket {
  int64_t at; /* row of the result; -1 before the first */
  float weight, squares;
} bucket;

static void close_bucket(const sparse_params *params, const bucket *b, float *out) {
  if (params->combiner == COMBINER_SUM || b->at < 0) return;
  const float divisor = params->combiner == COMBINER_MEAN ? b->weight : sqrtf(b->squares);
  for (int64_t k = 0; k < params->width; k++) out[b->at * params->width + k] /= divisor;
}

static lrt_status sparse_bucket(const sparse_params *params, const int32_t *index, int64_t *at,
                                lrt_error *err) {
  *at = 0;
  for (int d = 0; d < params->depth; d++) {
    if (index[d] < 0 || index[d] >= params->dims[d])
      return lrt_fail(err, LRT_RUN_FAILED, "EMBEDDING_LOOKUP_SPARSE: index %d is outside 0..%d", index[d],
                      params->dims[d] - 1);
    *at = *at * params->dims[d] + index[d];
  }
  return LRT_OK;
}

static lrt_status sparse_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const sparse_params *params = step->params;
  const int32_t *ids = step->inputs[0]->data, *indices = step->inputs[1]->data;
  const float *weights = step->inputs[3]->data, *values = step->inputs[4]->data;
  float *out = step->outputs[0]->data;
  bucket b = {-1, 0, 0};
  (void)begin;
  (void)end;
  memset(out, 0, step->outputs[0]->bytes);
  for (int64_t i = 0; i < params->ids; i++) {
    int64_t at;
    if (ids[i] < 0 || ids[i] >= params->rows)
      return lrt_fail(run->err, LRT_RUN_FAILED, "EMBEDDING_LOOKUP_SPARSE: id %d is outside 0..%lld", ids[i],
                      (long long)params->rows - 1);
    LRT_TRY(sparse_bucket(params, indices + i * (params->depth + 1), &at, run->err));
    if (at != b.at) {
      close_bucket(params, &b, out);
      b = (bucket){at, 0, 0};
    }
    b.weight += weights[i];
    b.squares += weights[i] * weights[i];
    for (int64_t k = 0; k < params->width; k++)
      out[at * params->width + k] += values[ids[i] * params->width + k] * weights[i];
  }
  close_bucket(params, &b, out);
  return LRT_OK;
}

static lrt_status check_sparse(lrt_prepare *p) {
  static const int real[] = {LRT_FLOAT32, -1};
  static const int ranks[4] = {1, 2, 1, 1};
  LRT_TRY(lrt_prepare_arity(p, 5, 5, 1));
  for (int i = 0; i < 5; i++) LRT_TRY(lrt_prepare_types(p, i, i < 3 ? int32_only : real));
  for (int i = 0; i < 4; i++) LRT_TRY(lrt_moved_rank(p, i, ranks[i]));
  LRT_TRY(lrt_moved_same_type(p, 4, 0));
  const lrt_shape *indices = &p->inputs[1]->shape, *values = &p->inputs[4]->shape;
  const int32_t count = p->inputs[0]->shape.dims[0];
  if (indices->dims[0] != count || p->inputs[3]->shape.dims[0] != count || indices->dims[1] < 1 ||
      indices->dims[1] > LRT_MAX_RANK || values->rank < 2 ||
      indices->dims[1] + values->rank - 2 > LRT_MAX_RANK)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "ids, indices, weights and values do not fit together");
  return LRT_OK;
}

static lrt_status prepare_sparse(lrt_prepare *p) {
  const lrt_embedding_lookup_sparse_options *options = p->node->options;
  int64_t dims[LRT_MAX_RANK];
  int count;
  LRT_TRY(check_sparse(p));
  const lrt_shape *values = &p->inputs[4]->shape;
  LRT_TRY(lrt_prepare_integers(p, 2, dims, LRT_MAX_RANK, &count));
  if (count != p->inputs[1]->shape.dims[1] || options == NULL || options->combiner < COMBINER_SUM ||
      options->combiner > COMBINER_SQRTN)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the dense shape or the combiner is not possible");
  sparse_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params =
      (sparse_params){options->combiner, count - 1, p->inputs[0]->shape.dims[0], values->dims[0], 1, {0}};
  lrt_shape shape = {count - 1, {0}};
  for (int i = 0; i < count - 1; i++) {
    if (dims[i] < 0 || dims[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the shape has the dimension %lld", (long long)dims[i]);
    shape.dims[i] = params->dims[i] = (int32_t)dims[i];
  }
  for (int i = 1; i < values->rank; i++) {
    shape.dims[shape.rank++] = values->dims[i];
    params->width *= values->dims[i];
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, sparse_step, params, lrt_shape_count(&shape) > 0 ? 1 : 0, 0, "embedding_sparse");
}

const lrt_op lrt_op_embedding_lookup_sparse = {prepare_sparse, false, 0, false};
