/* reduce_window.c: STABLEHLO_REDUCE_WINDOW and REDUCE_WINDOW: windows of a padded, spread-out tensor combined to one number. */
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
  for (int64_t position = begin; position < end; position++) {
    char *out = (char *)step->outputs[0]->data + (size_t)position * params->size;
    memcpy(out, step->inputs[1]->data, params->size);
    for (int64_t entry = 0; entry < params->entries; entry++) {
      if (entry % 4096 == 4095) LRT_TRY(lrt_step_check(run)); /* a window may be far larger than the input */
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

/* One dimension as a file describes it. */
typedef struct axis_numbers {
  int64_t size, step, spread, gap, low, high;
} axis_numbers;

static lrt_status set_axis(lrt_prepare *p, reduce_params *params, int d, const axis_numbers *n) {
  window_axis *a = &params->axes[d];
  *a = (window_axis){.in = p->inputs[0]->shape.dims[d],
                     .low = n->low,
                     .spread = n->spread,
                     .size = n->size,
                     .step = n->step,
                     .gap = n->gap};
  if (!is_size(a->size) || !is_size(a->step) || !is_size(a->spread) || !is_size(a->gap) ||
      a->low < -INT32_MAX || a->low > INT32_MAX || n->high < -INT32_MAX || n->high > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the window of dimension %d is not possible", d);
  const int64_t room = (a->in > 0 ? (a->in - 1) * a->spread + 1 : 0) + a->low + n->high,
                reach = (a->size - 1) * a->gap + 1;
  a->out = room < reach ? 0 : (room - reach) / a->step + 1;
  return a->out <= INT32_MAX ? LRT_OK
                             : lrt_prepare_fail(p, LRT_INVALID_MODEL, "dimension %d is too large", d);
}

/* The combination as the code that lrt_stablehlo_combine knows it by; -1 = none. */
static int32_t combine_of(int32_t code) {
  switch (code) {
  case LRT_OP_ADD: return LRT_OP_STABLEHLO_ADD;
  case LRT_OP_MUL: return LRT_OP_STABLEHLO_MULTIPLY;
  case LRT_OP_MAXIMUM: return LRT_OP_STABLEHLO_MAXIMUM;
  case LRT_OP_MINIMUM: return LRT_OP_STABLEHLO_MINIMUM;
  case LRT_OP_STABLEHLO_ADD:
  case LRT_OP_STABLEHLO_MULTIPLY:
  case LRT_OP_STABLEHLO_MAXIMUM:
  case LRT_OP_STABLEHLO_MINIMUM:
  case LRT_OP_STABLEHLO_AND:
  case LRT_OP_STABLEHLO_OR:
  case LRT_OP_LOGICAL_AND:
  case LRT_OP_LOGICAL_OR: return code;
  default: return -1;
  }
}

static lrt_status find_computation(lrt_prepare *p, int32_t subgraph, reduce_params *params) {
  if (subgraph < 0 || subgraph >= p->graph->subgraph_count || p->graph->subgraphs[subgraph].node_count != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "subgraph %d is no computation of one operator", subgraph);
  const int32_t code = params->combine = combine_of(p->graph->subgraphs[subgraph].nodes[0].code);
  const bool real = p->inputs[0]->type == LRT_FLOAT32 || p->inputs[0]->type == LRT_FLOAT64;
  if (code >= 0 && !(real && (code == LRT_OP_STABLEHLO_AND || code == LRT_OP_STABLEHLO_OR))) return LRT_OK;
  return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                          "a computation other than one sum, product, maximum, minimum, and, or");
}

static bool has_lengths(const lrt_stablehlo_reduce_window_options *o, uint32_t rank) {
  return o->window_dimensions.count == rank &&
         (o->window_strides.count == 0 || o->window_strides.count == rank) &&
         (o->base_dilations.count == 0 || o->base_dilations.count == rank) &&
         (o->window_dilations.count == 0 || o->window_dilations.count == rank) &&
         (o->padding.count == 0 || o->padding.count == 2 * rank);
}

/* Checks the operands that both operators share. */
static lrt_status start(lrt_prepare *p, reduce_params **out) {
  static const int types[] = {LRT_FLOAT32, LRT_FLOAT64, LRT_INT8,  LRT_UINT8,  LRT_INT16, LRT_UINT16,
                              LRT_INT32,   LRT_UINT32,  LRT_INT64, LRT_UINT64, LRT_BOOL,  -1};
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  LRT_TRY(lrt_moved_same_type(p, 1, 0));
  if (p->node->options == NULL || lrt_shape_count(&p->inputs[1]->shape) != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "lacks its options or one initial value");
  reduce_params *params = *out = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  params->rank = p->inputs[0]->shape.rank;
  params->size = lrt_moved_size(p->inputs[0]->type);
  return LRT_OK;
}

/* Once all axes are set. */
static lrt_status finish(lrt_prepare *p, reduce_params *params, const char *kernel) {
  lrt_shape shape = p->inputs[0]->shape;
  int64_t stride = 1;
  params->entries = 1;
  for (int d = shape.rank - 1; d >= 0; d--) {
    window_axis *a = &params->axes[d];
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
  return lrt_prepare_step(p, reduce_step, params, lrt_shape_count(&shape), 0, kernel);
}

static lrt_status prepare_stablehlo(lrt_prepare *p) {
  const lrt_stablehlo_reduce_window_options *o = p->node->options;
  reduce_params *params = NULL;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(start(p, &params));
  if (!has_lengths(o, (uint32_t)params->rank))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the window does not fit a tensor of rank %d",
                            params->rank);
  LRT_TRY(find_computation(p, o->body_subgraph_index, params));
  for (int d = 0; d < params->rank; d++) {
    /* Entries left out of the file count 1, padding 0. */
    const axis_numbers n = {.size = o->window_dimensions.data[d],
                            .step = o->window_strides.count > 0 ? o->window_strides.data[d] : 1,
                            .spread = o->base_dilations.count > 0 ? o->base_dilations.data[d] : 1,
                            .gap = o->window_dilations.count > 0 ? o->window_dilations.data[d] : 1,
                            .low = o->padding.count > 0 ? o->padding.data[2 * d] : 0,
                            .high = o->padding.count > 0 ? o->padding.data[2 * d + 1] : 0};
    LRT_TRY(set_axis(p, params, d, &n));
  }
  return finish(p, params, "stablehlo_reduce_window");
}

const lrt_op lrt_op_stablehlo_reduce_window = {prepare_stablehlo, false, 0, false};

/* The deprecated operator: window, strides and gaps are inputs 2 to 4; nothing is padded. */
static lrt_status prepare_deprecated(lrt_prepare *p) {
  static const int32_t functions[] = {-1,
                                      LRT_OP_STABLEHLO_ADD,
                                      LRT_OP_STABLEHLO_MULTIPLY,
                                      LRT_OP_STABLEHLO_MINIMUM,
                                      LRT_OP_STABLEHLO_MAXIMUM,
                                      LRT_OP_LOGICAL_AND,
                                      LRT_OP_LOGICAL_OR};
  const lrt_reduce_window_options *options = p->node->options;
  int64_t numbers[3][LRT_MAX_RANK];
  reduce_params *params = NULL;
  LRT_TRY(lrt_prepare_arity(p, 5, 5, 1));
  LRT_TRY(start(p, &params));
  for (int i = 0; i < 3; i++) {
    int count = 0;
    LRT_TRY(lrt_prepare_integers(p, 2 + i, numbers[i], LRT_MAX_RANK, &count));
    if (count != params->rank)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d holds %d numbers, the tensor has rank %d",
                              2 + i, count, params->rank);
  }
  if (options->reduce_function < 1 || options->reduce_function > 6)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "reduce function %d is not known", options->reduce_function);
  params->combine = functions[options->reduce_function];
  for (int d = 0; d < params->rank; d++) {
    const axis_numbers n = {
        .size = numbers[0][d], .step = numbers[1][d], .spread = 1, .gap = numbers[2][d], .low = 0, .high = 0};
    LRT_TRY(set_axis(p, params, d, &n));
  }
  return finish(p, params, "reduce_window");
}

const lrt_op lrt_op_reduce_window = {prepare_deprecated, false, 0, false};
