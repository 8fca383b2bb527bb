/* densify.c: DENSIFY: a sparse constant written out; every number of its description is checked. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/densify.h"

#include <string.h>

#include "ops/movement.h"

#define LEVELS (2 * LRT_MAX_RANK)

/* The description walked level by level in traversal order: level l runs along dimension order[l], which is one of
 * the tensor's own or, from `rank` on, the inside of a block. */
typedef struct densify_params {
  const lrt_value *in;
  const lrt_sparsity *sparsity;
  int levels, rank;
  int32_t sizes[LEVELS];   /* of each dimension */
  int64_t strides[LEVELS]; /* in output elements */
  int64_t stored;          /* elements in the input */
  size_t size;
} densify_params;

static lrt_status damaged(lrt_prepare *p, const densify_params *d, const char *what) {
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the sparsity of tensor \"%s\" is damaged: %s", d->in->name,
                          what);
}

/* The order is a permutation of all dimensions; blocks divide different dimensions of the tensor. */
static lrt_status read_dimensions(lrt_prepare *p, densify_params *d) {
  const lrt_sparsity *s = d->sparsity;
  const lrt_shape *shape = &d->in->shape;
  bool seen[LEVELS] = {false}, blocked[LRT_MAX_RANK] = {false};
  int64_t stride = 1;
  d->rank = shape->rank;
  d->levels = shape->rank + (s->block_count > LRT_MAX_RANK ? LEVELS : (int)s->block_count);
  if (d->levels > LEVELS || s->traversal_count != (uint32_t)d->levels ||
      s->dimension_count != (uint32_t)d->levels)
    return damaged(p, d, "it has the wrong number of dimensions");
  for (int i = shape->rank - 1; i >= 0; i--) {
    d->sizes[i] = shape->dims[i];
    d->strides[i] = stride;
    stride *= shape->dims[i];
  }
  for (int l = 0; l < d->levels; l++) {
    const int32_t dim = s->traversal_order[l];
    if (dim < 0 || dim >= d->levels || seen[dim])
      return damaged(p, d, "the traversal order is no permutation");
    seen[dim] = true;
    if (dim < shape->rank) continue;
    const int32_t outer = s->block_map[dim - shape->rank], size = s->dimensions[l].dense_size;
    if (s->dimensions[l].sparse || outer < 0 || outer >= shape->rank || blocked[outer] || size < 1 ||
        shape->dims[outer] % size != 0)
      return damaged(p, d, "a block does not fit");
    blocked[outer] = true;
    d->sizes[dim] = size;
    d->strides[dim] = d->strides[outer];
    d->sizes[outer] /= size;
    d->strides[outer] *= size;
  }
  return LRT_OK;
}

/* Follows the number of positions from level to level: each must have exactly the entries it says. */
static lrt_status check_levels(lrt_prepare *p, const densify_params *d) {
  int64_t positions = 1;
  for (int l = 0; l < d->levels; l++) {
    const lrt_sparse_dimension *dim = &d->sparsity->dimensions[l];
    const int32_t size = d->sizes[d->sparsity->traversal_order[l]];
    if (!dim->sparse) {
      if (dim->dense_size != size) return damaged(p, d, "a dense dimension has another size than the tensor");
      if (size > 0 && positions > INT32_MAX / size) return damaged(p, d, "it has too many elements");
      positions *= size;
      continue;
    }
    if (dim->segment_count != (uint64_t)positions + 1 || dim->segments[0] != 0)
      return damaged(p, d, "a list of segments has the wrong length");
    for (uint32_t i = 1; i < dim->segment_count; i++)
      if (dim->segments[i] < dim->segments[i - 1]) return damaged(p, d, "a list of segments falls");
    positions = dim->segments[dim->segment_count - 1];
    if ((uint64_t)positions > dim->index_count) return damaged(p, d, "a list of indices is too short");
    for (int64_t i = 0; i < positions; i++)
      if (dim->indices[i] < 0 || dim->indices[i] >= size)
        return damaged(p, d, "an index is outside its dimension");
  }
  return positions <= d->stored ? LRT_OK : damaged(p, d, "its values are missing");
}

/* Writes all elements below `position` of level l. */
static void spread(const densify_params *d, int l, int64_t position, int64_t at, const char *in, char *out) {
  if (l == d->levels) {
    memcpy(out + (size_t)at * d->size, in + (size_t)position * d->size, d->size);
    return;
  }
  const lrt_sparse_dimension *dim = &d->sparsity->dimensions[l];
  const int64_t stride = d->strides[d->sparsity->traversal_order[l]];
  if (!dim->sparse) {
    for (int64_t i = 0; i < dim->dense_size; i++)
      spread(d, l + 1, position * dim->dense_size + i, at + i * stride, in, out);
    return;
  }
  for (int32_t i = dim->segments[position]; i < dim->segments[position + 1]; i++)
    spread(d, l + 1, i, at + dim->indices[i] * stride, in, out);
}

/* Checks the whole description of a sparse constant. */
static lrt_status read_sparsity(lrt_prepare *p, const lrt_value *in, densify_params *d) {
  if (!in->constant)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the sparse tensor \"%s\" is no constant", in->name);
  if (lrt_type_bits(in->type) < 8)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                            "the sparse tensor \"%s\" has the type %s, which is not supported", in->name,
                            lrt_type_name(in->type));
  d->in = in;
  d->sparsity = in->sparsity;
  d->size = lrt_moved_size(in->type);
  d->stored = (int64_t)(in->bytes / d->size);
  LRT_TRY(read_dimensions(p, d));
  return check_levels(p, d);
}

static void fill_dense(void *out, const void *arg) {
  const densify_params *d = arg;
  spread(d, 0, 0, 0, d->in->data, out);
}

lrt_status lrt_densify_constant(lrt_prepare *p, const lrt_value *sparse, lrt_value *dense) {
  const int64_t bytes = lrt_shape_bytes(&sparse->shape, sparse->type);
  const lrt_weights_key key = {sparse->data, "dense", {(int64_t)sparse->type, 0, 0, 0}};
  densify_params d = {0};
  const void *kept = NULL;
  LRT_TRY(read_sparsity(p, sparse, &d));
  LRT_TRY(lrt_weights_get(p->weights, &key, (size_t)bytes, fill_dense, &d, &kept, p->err));
  *dense = *sparse;
  dense->sparsity = NULL;
  dense->data = (void *)(uintptr_t)kept; /* constants are never written */
  dense->bytes = (size_t)bytes;
  return LRT_OK;
}

static lrt_status densify_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  lrt_value *out = step->outputs[0];
  (void)run;
  (void)begin;
  (void)end;
  if (out->bytes == 0) return LRT_OK;
  memset(out->data, 0, out->bytes);
  spread(step->params, 0, 0, 0, step->inputs[0]->data, out->data);
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  const lrt_value *in = p->inputs[0];
  LRT_TRY(lrt_prepare_shape(p, 0, &in->shape));
  if (in->sparsity == NULL) return lrt_prepare_copy(p, 0, 0);
  densify_params *d = lrt_prepare_params(p, sizeof *d);
  if (d == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(read_sparsity(p, in, d));
  return lrt_prepare_step(p, densify_step, d, 1, 0, "densify");
}

const lrt_op lrt_op_densify = {prepare, false, 0, false};
