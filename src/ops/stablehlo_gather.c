/* stablehlo_gather.c: STABLEHLO_GATHER and _SCATTER: windows of a tensor at starts given by an index tensor. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"
#include "ops/stablehlo_combine.h"

/* How the tensor of windows (result of a gather, updates of a scatter) lies over the operand: each of its dimensions
 * runs along a dimension of the window or along one of the index tensor. */
typedef struct windows {
  int rank, operand_rank, index_depth;
  int32_t dims[LRT_MAX_RANK];        /* of the tensor of windows */
  int32_t along[LRT_MAX_RANK];       /* operand dimension, -1 for an index dimension */
  int64_t index_steps[LRT_MAX_RANK]; /* index dimension: elements of the index tensor per step, else 0 */
  int64_t index_stride;              /* between the numbers of one start */
  int32_t index_map[LRT_MAX_RANK];   /* operand dimension of each number of a start */
  int64_t strides[LRT_MAX_RANK];     /* of the operand */
  int32_t room[LRT_MAX_RANK];        /* gather: highest start */
  size_t size;
  int32_t combine; /* scatter: operator code, -1 = overwrite */
} windows;

typedef struct dimension_list {
  const int64_t *data;
  uint32_t count;
} dimension_list;

static bool contains(dimension_list list, int64_t dimension) {
  for (uint32_t i = 0; i < list.count; i++)
    if (list.data[i] == dimension) return true;
  return false;
}

/* Different dimensions of a tensor of that rank, rising. */
static bool is_rising(dimension_list list, int rank) {
  for (uint32_t i = 0; i < list.count; i++)
    if (list.data[i] < (i > 0 ? list.data[i - 1] + 1 : 0) || list.data[i] >= rank) return false;
  return true;
}

static lrt_status misfit(lrt_prepare *p) {
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "its dimension numbers do not fit the tensors");
}

/* The index tensor without the dimension of the vectors gives the other dimensions, in order. */
static lrt_status map_windows(lrt_prepare *p, windows *w, dimension_list window_dims, dimension_list dropped,
                              dimension_list map, int64_t vector_dim, const int32_t *window_sizes) {
  const lrt_shape *operand = &p->inputs[0]->shape, *indices = &p->inputs[1]->shape;
  int64_t steps[LRT_MAX_RANK], stride = 1;
  if (vector_dim < 0 || vector_dim > indices->rank) return misfit(p);
  w->operand_rank = operand->rank;
  w->index_depth = vector_dim < indices->rank ? indices->dims[vector_dim] : 1;
  w->rank = indices->rank - (vector_dim < indices->rank ? 1 : 0) + (int)window_dims.count;
  if (window_dims.count > LRT_MAX_RANK || dropped.count > LRT_MAX_RANK || w->rank > LRT_MAX_RANK ||
      !is_rising(window_dims, w->rank) || !is_rising(dropped, operand->rank) ||
      window_dims.count + dropped.count != (uint32_t)operand->rank || map.count != (uint32_t)w->index_depth ||
      map.count > LRT_MAX_RANK)
    return misfit(p);
  for (uint32_t i = 0; i < map.count; i++) {
    if (map.data[i] < 0 || map.data[i] >= operand->rank ||
        contains((dimension_list){map.data, i}, map.data[i]))
      return misfit(p);
    w->index_map[i] = (int32_t)map.data[i];
  }
  for (int i = operand->rank - 1; i >= 0; i--) {
    w->strides[i] = stride;
    stride *= operand->dims[i];
  }
  stride = 1;
  for (int i = indices->rank - 1; i >= 0; i--) {
    steps[i] = stride;
    stride *= indices->dims[i];
  }
  w->index_stride = vector_dim < indices->rank ? steps[vector_dim] : 0;
  int from_window = 0, from_index = 0;
  for (int d = 0; d < w->rank; d++) {
    if (contains(window_dims, d)) {
      while (contains(dropped, from_window)) from_window++;
      w->dims[d] = window_sizes[from_window];
      w->along[d] = from_window++;
    } else {
      if (from_index == vector_dim) from_index++;
      w->dims[d] = indices->dims[from_index];
      w->index_steps[d] = steps[from_index++];
      w->along[d] = -1;
    }
  }
  return LRT_OK;
}

static int64_t number_at(const lrt_value *indices, int64_t i) {
  return indices->type == LRT_INT64 ? ((const int64_t *)indices->data)[i]
                                    : ((const int32_t *)indices->data)[i];
}

/* Index tensor element where the start of the window at `position` begins; `inside`: place in the window. */
static int64_t locate(const windows *w, int64_t position, int64_t inside[LRT_MAX_RANK]) {
  int64_t start = 0;
  memset(inside, 0, LRT_MAX_RANK * sizeof *inside);
  for (int d = w->rank - 1; d >= 0; d--) {
    const int64_t i = position % w->dims[d];
    position /= w->dims[d];
    start += i * w->index_steps[d];
    if (w->along[d] >= 0) inside[w->along[d]] = i;
  }
  return start;
}

static lrt_status gather_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const windows *w = step->params;
  const char *in = step->inputs[0]->data;
  char *out = step->outputs[0]->data;
  (void)run;
  for (int64_t position = begin; position < end; position++) {
    int64_t inside[LRT_MAX_RANK], at = 0;
    const int64_t start = locate(w, position, inside);
    for (int i = 0; i < w->index_depth; i++) {
      const int32_t d = w->index_map[i];
      const int64_t first = number_at(step->inputs[1], start + i * w->index_stride);
      at += (first < 0            ? 0
             : first > w->room[d] ? w->room[d]
                                  : first) *
            w->strides[d]; /* windows stay inside */
    }
    for (int d = 0; d < w->operand_rank; d++) at += inside[d] * w->strides[d];
    memcpy(out + (size_t)position * w->size, in + (size_t)at * w->size, w->size);
  }
  return LRT_OK;
}

static lrt_status check_operands(lrt_prepare *p, int inputs) {
  static const int index_types[] = {LRT_INT32, LRT_INT64, -1};
  LRT_TRY(lrt_prepare_arity(p, inputs, inputs, 1));
  LRT_TRY(lrt_prepare_types(p, 1, index_types));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_strides(p, p->inputs[1]));
  if (lrt_type_bits(p->inputs[0]->type) < 8)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of input 0 (tensor \"%s\") is not supported",
                            lrt_type_name(p->inputs[0]->type), p->inputs[0]->name);
  return p->node->options != NULL ? LRT_OK : lrt_prepare_fail(p, LRT_INVALID_MODEL, "lacks its options");
}

static lrt_status prepare_gather(lrt_prepare *p) {
  LRT_TRY(check_operands(p, 2));
  const lrt_stablehlo_gather_options *options = p->node->options;
  const lrt_shape *operand = &p->inputs[0]->shape;
  const dimension_list collapsed = {options->collapsed_slice_dims.data, options->collapsed_slice_dims.count};
  int32_t sizes[LRT_MAX_RANK];
  windows *w = lrt_prepare_params(p, sizeof *w);
  if (w == NULL) return lrt_prepare_no_memory(p);
  if (options->slice_sizes.count != (uint32_t)operand->rank) return misfit(p);
  for (int i = 0; i < operand->rank; i++) {
    const int64_t size = options->slice_sizes.data[i];
    if (size < 0 || size > operand->dims[i] || (contains(collapsed, i) && size != 1)) return misfit(p);
    sizes[i] = (int32_t)size;
    w->room[i] = operand->dims[i] - sizes[i];
  }
  LRT_TRY(map_windows(p, w, (dimension_list){options->offset_dims.data, options->offset_dims.count},
                      collapsed,
                      (dimension_list){options->start_index_map.data, options->start_index_map.count},
                      options->index_vector_dim, sizes));
  w->size = lrt_moved_size(p->inputs[0]->type);
  const lrt_shape shape = lrt_shape_of(w->rank, w->dims);
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, gather_step, w, lrt_shape_count(&shape), 0, "stablehlo_gather");
}

const lrt_op lrt_op_stablehlo_gather = {prepare_gather, false, 0, false};

/* ---- STABLEHLO_SCATTER ---- */

/* Updates that fall outside are left out. */
static lrt_status scatter_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const windows *w = step->params;
  const lrt_value *operand = step->inputs[0], *updates = step->inputs[2];
  const int64_t count = lrt_shape_count(&updates->shape);
  char *out = step->outputs[0]->data;
  (void)run;
  (void)begin;
  (void)end;
  for (int64_t position = 0; position < count; position++) {
    int64_t inside[LRT_MAX_RANK], at = 0;
    const int64_t start = locate(w, position, inside);
    bool fits = true;
    for (int i = 0; i < w->index_depth; i++) {
      const int64_t first = number_at(step->inputs[1], start + i * w->index_stride);
      fits = fits && first >= 0 && first <= INT32_MAX;
      inside[w->index_map[i]] += fits ? first : 0;
    }
    for (int d = 0; d < w->operand_rank; d++) {
      fits = fits && inside[d] < operand->shape.dims[d];
      at += fits ? inside[d] * w->strides[d] : 0;
    }
    if (!fits) continue;
    char *to = out + (size_t)at * w->size;
    const char *from = (const char *)updates->data + (size_t)position * w->size;
    if (w->combine < 0)
      memcpy(to, from, w->size);
    else
      lrt_stablehlo_combine(w->combine, operand->type, to, from, to, 0, 1);
  }
  return LRT_OK;
}

/* The computation is a subgraph without a node (overwrite) or with one of four. */
static lrt_status find_computation(lrt_prepare *p, int32_t subgraph, windows *w) {
  static const int numbers[] = {LRT_FLOAT32, LRT_FLOAT64, LRT_FLOAT16, LRT_INT8,   LRT_UINT8,
                                LRT_INT16,   LRT_UINT16,  LRT_INT32,   LRT_UINT32, LRT_INT64,
                                LRT_UINT64,  LRT_BOOL,    -1};
  if (subgraph < 0 || subgraph >= p->graph->subgraph_count)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "names subgraph %d, which does not exist", subgraph);
  const lrt_subgraph *computation = &p->graph->subgraphs[subgraph];
  w->combine = -1;
  if (computation->node_count == 0) return LRT_OK;
  w->combine = computation->nodes[0].code;
  if (computation->node_count > 1 ||
      (w->combine != LRT_OP_STABLEHLO_ADD && w->combine != LRT_OP_STABLEHLO_MULTIPLY &&
       w->combine != LRT_OP_STABLEHLO_MAXIMUM && w->combine != LRT_OP_STABLEHLO_MINIMUM))
    return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                            "a computation other than one sum, product, maximum or minimum");
  return lrt_prepare_types(p, 0, numbers);
}

static lrt_status prepare_scatter(lrt_prepare *p) {
  LRT_TRY(check_operands(p, 3));
  LRT_TRY(lrt_moved_same_type(p, 2, 0));
  const lrt_stablehlo_scatter_options *options = p->node->options;
  const dimension_list window = {options->update_window_dims.data, options->update_window_dims.count};
  const dimension_list inserted = {options->inserted_window_dims.data, options->inserted_window_dims.count};
  const lrt_shape *operand = &p->inputs[0]->shape, *updates = &p->inputs[2]->shape;
  int32_t sizes[LRT_MAX_RANK] = {0};
  windows *w = lrt_prepare_params(p, sizeof *w);
  if (w == NULL) return lrt_prepare_no_memory(p);
  if (!is_rising(window, updates->rank)) return misfit(p);
  for (uint32_t d = 0, k = 0; d < (uint32_t)operand->rank && k < window.count; d++)
    if (!contains(inserted, d)) sizes[d] = updates->dims[window.data[k++]];
  LRT_TRY(map_windows(p, w, window, inserted,
                      (dimension_list){options->scatter_dims_to_operand_dims.data,
                                       options->scatter_dims_to_operand_dims.count},
                      options->index_vector_dim, sizes));
  const lrt_shape expected = lrt_shape_of(w->rank, w->dims);
  if (!lrt_shape_equal(&expected, updates)) return misfit(p);
  LRT_TRY(find_computation(p, options->update_computation_subgraph_index, w));
  w->size = lrt_moved_size(p->inputs[0]->type);
  LRT_TRY(lrt_prepare_shape(p, 0, operand));
  LRT_TRY(lrt_prepare_copy(p, 0, 0));
  return lrt_prepare_step(p, scatter_step, w, 1, 0, "stablehlo_scatter");
}

const lrt_op lrt_op_stablehlo_scatter = {prepare_scatter, false, 1u << 0, false};
