/* stablehlo_reduce_window.c: STABLEHLO_REDUCE_WINDOW: windows of a padded, spread-out tensor combined to one number. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"
#include "ops/stablehlo_combine.h"

/* One dimension. */
typedef struct window_axis {
  int64_t in, out, stride_in; /* sizes; elements of the input per step */
  int64_t low, spread;        /* padding before; distance of input elements once spread out */
  int64_t size, step, gap;    /* of the window: entries, stride, distance of entries */
} window_axis;

typedef struct reduce_params {
  int rank;
  int32_t combine;
  int64_t entries; /* of a window */
  size_t size;
  window_axis axes[LRT_MAX_RANK];
} reduce_params;

/* Input element under entry `entry` of the window of output `position`; -1 = padding. */
static int64_t element_at(const reduce_params *params, int64_t position, int64_t entry) {
  int64_t at = 0;
  for (int d = params->rank - 1; d >= 0; d--) {
    const window_axis *a = &params->axes[d];
    const int64_t place = position % a->out * a->step + entry % a->size * a->gap - a->low;
    position /= a->out;
    entry /= a->size;
    if (place < 0 || place % a->spread != 0 || place / a->spread >= a->in) return -1;
    at += place / a->spread * a->stride_in;
  }
  return at;
}

static lrt_status reduce_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const reduce_params *params = step->params;
  const lrt_value *in = step->inputs[0];
  (void)run;
  for (int64_t position = begin; position < end; position++) {
    char *out = (char *)step->outputs[0]->data + (size_t)position * params->size;
    memcpy(out, step->inputs[1]->data, params->size);
    for (int64_t entry = 0; entry < params->entries; entry++) {
      const int64_t at = element_at(params, position, entry);
      if (at >= 0)
        lrt_stablehlo_combine(params->combine, in->type, out,
                              (const char *)in->data + (size_t)at * params->size, out, 0, 1);
    }
  }
  return LRT_OK;
}

static bool is_size(int64_t x) {
  return x >= 1 && x <= INT32_MAX;
}

/* Entries left out of the file count 1, padding 0. */
static lrt_status read_axis(lrt_prepare *p, const lrt_stablehlo_reduce_window_options *o, uint32_t d,
                            window_axis *a) {
  const int64_t high = o->padding.count > 0 ? o->padding.data[2 * d + 1] : 0;
  a->in = p->inputs[0]->shape.dims[d];
  a->low = o->padding.count > 0 ? o->padding.data[2 * d] : 0;
  a->size = o->window_dimensions.data[d];
  a->step = o->window_strides.count > 0 ? o->window_strides.data[d] : 1;
  a->spread = o->base_dilations.count > 0 ? o->base_dilations.data[d] : 1;
  a->gap = o->window_dilations.count > 0 ? o->window_dilations.data[d] : 1;
  if (!is_size(a->size) || !is_size(a->step) || !is_size(a->spread) || !is_size(a->gap) ||
      a->low < -INT32_MAX || a->low > INT32_MAX || high < -INT32_MAX || high > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the window of dimension %u is not possible", d);
  const int64_t room = (a->in > 0 ? (a->in - 1) * a->spread + 1 : 0) + a->low + high,
                reach = (a->size - 1) * a->gap + 1;
  a->out = room < reach ? 0 : (room - reach) / a->step + 1;
  return a->out <= INT32_MAX ? LRT_OK
                             : lrt_prepare_fail(p, LRT_INVALID_MODEL, "dimension %u is too large", d);
}

static lrt_status find_computation(lrt_prepare *p, int32_t subgraph, reduce_params *params) {
  if (subgraph < 0 || subgraph >= p->graph->subgraph_count || p->graph->subgraphs[subgraph].node_count != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "subgraph %d is no computation of one operator", subgraph);
  const int32_t code = params->combine = p->graph->subgraphs[subgraph].nodes[0].code;
  const bool real = p->inputs[0]->type == LRT_FLOAT32 || p->inputs[0]->type == LRT_FLOAT64;
  if (code == LRT_OP_STABLEHLO_ADD || code == LRT_OP_STABLEHLO_MULTIPLY || code == LRT_OP_STABLEHLO_MAXIMUM ||
      code == LRT_OP_STABLEHLO_MINIMUM || (code == LRT_OP_STABLEHLO_AND && !real))
    return LRT_OK;
  return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                          "a computation other than one sum, product, maximum, minimum or and");
}

static bool has_lengths(const lrt_stablehlo_reduce_window_options *o, uint32_t rank) {
  return o->window_dimensions.count == rank &&
         (o->window_strides.count == 0 || o->window_strides.count == rank) &&
         (o->base_dilations.count == 0 || o->base_dilations.count == rank) &&
         (o->window_dilations.count == 0 || o->window_dilations.count == rank) &&
         (o->padding.count == 0 || o->padding.count == 2 * rank);
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_FLOAT64, LRT_INT8,  LRT_UINT8,  LRT_INT16, LRT_UINT16,
                              LRT_INT32,   LRT_UINT32,  LRT_INT64, LRT_UINT64, LRT_BOOL,  -1};
  const lrt_stablehlo_reduce_window_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_same_type(p, 1, 0));
  lrt_shape shape = p->inputs[0]->shape;
  if (options == NULL || !has_lengths(options, (uint32_t)shape.rank) ||
      lrt_shape_count(&p->inputs[1]->shape) != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "window and initial value do not fit a tensor of rank %d",
                            shape.rank);
  reduce_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(find_computation(p, options->body_subgraph_index, params));
  params->rank = shape.rank;
  params->size = lrt_moved_size(p->inputs[0]->type);
  params->entries = 1;
  int64_t stride = 1;
  for (int d = shape.rank - 1; d >= 0; d--) {
    window_axis *a = &params->axes[d];
    LRT_TRY(read_axis(p, options, (uint32_t)d, a));
    a->stride_in = stride;
    stride *= a->in;
    if (params->entries > INT32_MAX / a->size)
      return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the window is too large");
    params->entries *= a->size;
    shape.dims[d] = (int32_t)a->out;
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  if (lrt_shape_count(&shape) >
      ((int64_t)1 << 40) / params->entries) /* hours: padding can make windows of any size */
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the window is too large");
  return lrt_prepare_step(p, reduce_step, params, lrt_shape_count(&shape), 0, "stablehlo_reduce_window");
}

const lrt_op lrt_op_stablehlo_reduce_window = {prepare, false, 0, false};
