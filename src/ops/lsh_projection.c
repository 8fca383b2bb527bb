/* lsh_projection.c: LSH_PROJECTION: rows hashed with many seeds; the signs of the weighted sums of hashes become bits. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fingerprint.h"
#include "ops/movement.h"

enum { LSH_SPARSE = 1, LSH_DENSE = 2 };

typedef struct lsh_params {
  int32_t hashes, bits; /* seeds: [hashes][bits] */
  bool sparse;          /* bits of a hash are one number of the output */
  bool weighted;
  int64_t rows;
  size_t row_bytes;
} lsh_params;

/* Sum of weight * fingerprint(seed, row) over the rows, as signed numbers; is it positive? */
static uint32_t sign_bit(const lsh_params *params, float seed, const char *rows, const float *weights,
                         char *key) {
  double score = 0;
  memcpy(key, &seed, sizeof seed);
  for (int64_t i = 0; i < params->rows; i++) {
    memcpy(key + sizeof seed, rows + (size_t)i * params->row_bytes, params->row_bytes);
    const double value = (double)(int64_t)lrt_fingerprint64(key, sizeof seed + params->row_bytes);
    score += weights != NULL ? (double)weights[i] * value : value;
  }
  return score > 0;
}

/* Units are hash functions. In sparse form hash i is offset by i * 2^bits, so that no two collide. */
static lrt_status lsh_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lsh_params *params = step->params;
  const float *seeds = step->inputs[0]->data, *weights = params->weighted ? step->inputs[2]->data : NULL;
  int32_t *out = step->outputs[0]->data;
  for (int64_t i = begin; i < end; i++) {
    uint32_t signature = 0;
    for (int32_t j = 0; j < params->bits; j++) {
      LRT_TRY(lrt_step_check(run));
      const uint32_t bit = sign_bit(params, seeds[i * params->bits + j], step->inputs[1]->data, weights,
                                    lrt_step_scratch(step, run));
      signature = signature << 1 | bit;
      if (!params->sparse) out[i * params->bits + j] = (int32_t)bit;
    }
    if (params->sparse) out[i] = (int32_t)(signature + (uint32_t)((uint64_t)i << params->bits));
  }
  return LRT_OK;
}

static lrt_status check(lrt_prepare *p, const lrt_lsh_projection_options *options) {
  static const int floats[] = {LRT_FLOAT32, -1};
  const lrt_value *seeds = p->inputs[0], *in = p->inputs[1];
  LRT_TRY(lrt_prepare_types(p, 0, floats));
  LRT_TRY(lrt_moved_rank(p, 0, 2));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_INT32));
  if (options == NULL || (options->type != LSH_SPARSE && options->type != LSH_DENSE))
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "is neither sparse nor dense");
  if (seeds->shape.dims[1] > 32)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has %d bits per hash, at most 32 are possible",
                            seeds->shape.dims[1]);
  if (in->shape.rank < 1 || in->shape.dims[0] < 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input 1 (tensor \"%s\") has no rows", in->name);
  if (lrt_type_bits(in->type) < 8)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of input 1 (tensor \"%s\") is not supported",
                            lrt_type_name(in->type), in->name);
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int floats[] = {LRT_FLOAT32, -1};
  const lrt_lsh_projection_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 2, 3, 1));
  LRT_TRY(check(p, options));
  lsh_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *seeds = &p->inputs[0]->shape, *in = &p->inputs[1]->shape;
  params->hashes = seeds->dims[0];
  params->bits = seeds->dims[1];
  params->sparse = options->type == LSH_SPARSE;
  params->rows = in->dims[0];
  params->row_bytes =
      (size_t)(lrt_shape_count(in) / params->rows) * (size_t)(lrt_type_bits(p->inputs[1]->type) / 8);
  params->weighted = p->node->input_count > 2 && p->inputs[2] != NULL;
  if (params->weighted) {
    LRT_TRY(lrt_prepare_types(p, 2, floats));
    if (lrt_shape_count(&p->inputs[2]->shape) != params->rows)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%lld weights do not fit %lld rows",
                              (long long)lrt_shape_count(&p->inputs[2]->shape), (long long)params->rows);
  }
  const int64_t count = (int64_t)params->hashes * (params->sparse ? 1 : params->bits);
  if (count > INT32_MAX) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the output is too large");
  const lrt_shape shape = {1, {(int32_t)count}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, lsh_step, params, count > 0 ? params->hashes : 0,
                          sizeof(float) + params->row_bytes, "lsh_projection");
}

const lrt_op lrt_op_lsh_projection = {prepare, false, 0, false};
