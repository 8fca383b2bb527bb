/* reduce.c: MEAN, SUM, REDUCE_PROD to REDUCE_ALL over a set of axes; ARG_MAX and ARG_MIN along one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/reduce/reduce.h"

#include "ops/op.h"
#include "ops/pieces.h"

enum { MAX_AXES = 64 }; /* axes may repeat */

static const struct {
  int32_t code;
  lrt_reduce_op op;
  const char *kernel;
} rows[] = {
    {LRT_OP_MEAN, LRT_REDUCE_MEAN, "lrt_reduce_mean"},
    {LRT_OP_SUM, LRT_REDUCE_SUM, "lrt_reduce_sum"},
    {LRT_OP_REDUCE_PROD, LRT_REDUCE_PROD, "lrt_reduce_prod"},
    {LRT_OP_REDUCE_MAX, LRT_REDUCE_MAX, "lrt_reduce_max"},
    {LRT_OP_REDUCE_MIN, LRT_REDUCE_MIN, "lrt_reduce_min"},
    {LRT_OP_REDUCE_ANY, LRT_REDUCE_ANY, "lrt_reduce_any"},
    {LRT_OP_REDUCE_ALL, LRT_REDUCE_ALL, "lrt_reduce_all"},
};

typedef struct reduce_plan {
  lrt_reduce_fn fn;
  lrt_reduce_space space;
  lrt_reduce_params params;
  int64_t piece; /* outputs per unit */
} reduce_plan;

static lrt_status reduce_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const reduce_plan *plan = step->params;
  const int64_t outputs = plan->space.outputs;
  (void)run;
  plan->fn(&plan->space, &plan->params, step->inputs[0]->data, step->outputs[0]->data,
           lrt_pieces_at(begin, plan->piece, outputs), lrt_pieces_at(end, plan->piece, outputs));
  return LRT_OK;
}

/* The axes as a set, and the shape that is left. */
static lrt_status read_axes(lrt_prepare *p, bool keep_dims, bool *reduced, lrt_shape *out) {
  const lrt_shape *in = &p->inputs[0]->shape;
  int64_t axes[MAX_AXES];
  int count = 0;
  LRT_TRY(lrt_prepare_integers(p, 1, axes, MAX_AXES, &count));
  for (int i = 0; i < count && in->rank > 0; i++) {
    const int64_t axis = axes[i] < 0 ? axes[i] + in->rank : axes[i];
    if (axis < 0 || axis >= in->rank)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "axis %lld is out of range for rank %d",
                              (long long)axes[i], in->rank);
    reduced[axis] = true;
  }
  *out = lrt_shape_reduce(in, reduced, keep_dims);
  return LRT_OK;
}

/* Where nothing is reduced because a reduced dimension is 0, the others do not matter and might overflow a product. */
static lrt_status make_space(lrt_prepare *p, const bool *reduced, lrt_reduce_space *space) {
  lrt_shape in = p->inputs[0]->shape, ignored;
  int32_t axes[LRT_MAX_RANK], count = 0;
  bool empty = false;
  for (int32_t d = 0; d < in.rank; d++) empty |= reduced[d] && in.dims[d] == 0;
  for (int32_t d = 0; d < in.rank; d++) {
    if (!reduced[d]) continue;
    if (empty) in.dims[d] = 0;
    axes[count++] = d;
  }
  return lrt_reduce_make(&in, axes, count, false, &ignored, space, p->err);
}

static lrt_status quantized_params(lrt_prepare *p, lrt_reduce_op op, reduce_plan *plan) {
  const lrt_value *in = p->inputs[0], *out = p->outputs[0];
  LRT_TRY(lrt_prepare_quantized(p, in));
  LRT_TRY(lrt_prepare_quantized(p, out));
  const bool same =
      lrt_value_scale(in) == lrt_value_scale(out) && lrt_value_zero_point(in) == lrt_value_zero_point(out);
  if ((op == LRT_REDUCE_MAX || op == LRT_REDUCE_MIN) && !same)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input and output have different scales or zero points");
  lrt_reduce_quant(op, in->type, lrt_value_scale(in), lrt_value_zero_point(in), lrt_value_scale(out),
                   lrt_value_zero_point(out), plan->space.per_output, &plan->params);
  if (op == LRT_REDUCE_PROD && plan->params.scale.shift > 7) /* the 64-bit rule ends there */
    return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                            "the input's scale is too large for a product (tensor \"%s\")", in->name);
  return LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  const lrt_reducer_options *options = p->node->options;
  bool reduced[LRT_MAX_RANK] = {false};
  lrt_shape shape;
  int row = 0;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  while (rows[row].code != p->node->code) row++;
  const lrt_value *in = p->inputs[0];
  LRT_TRY(lrt_prepare_same_type(p, in, p->outputs[0]));
  LRT_TRY(read_axes(p, options != NULL && options->keep_dims, reduced, &shape));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  reduce_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  if (lrt_shape_count(&shape) > 0) LRT_TRY(make_space(p, reduced, &plan->space));
  const bool small = in->type == LRT_INT8 || in->type == LRT_UINT8 || in->type == LRT_INT16;
  const bool quantized = small && lrt_value_is_quantized(in);
  if (quantized) LRT_TRY(quantized_params(p, rows[row].op, plan));
  const lrt_reduce_op squares =
      rows[row].op == LRT_REDUCE_MEAN ? LRT_REDUCE_MEAN_SQUARES : LRT_REDUCE_SUM_SQUARES;
  plan->fn = lrt_reduce_pick(p->squares ? squares : rows[row].op, in->type, quantized);
  if (plan->fn == NULL)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of tensor \"%s\" is not supported",
                            lrt_type_name(in->type), in->name);
  /* Neighbouring outputs share their passes over the input: not too few in a unit. */
  const int64_t work = plan->space.per_output > 0 ? plan->space.per_output : 1;
  plan->piece = LRT_PIECE_CHEAP / work > 64 ? LRT_PIECE_CHEAP / work : 64;
  if (plan->space.kept == 0 || plan->space.kept_strides[0] != 1) plan->piece = LRT_PIECE_CHEAP / work + 1;
  return lrt_prepare_step(p, reduce_step, plan, lrt_pieces_of(plan->space.outputs, plan->piece), 0,
                          rows[row].kernel);
}

const lrt_op lrt_op_reduce = {prepare, false, 0, false};

typedef struct arg_plan {
  int64_t axis, inner, outputs, piece;
  bool largest;
} arg_plan;

static lrt_status arg_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const arg_plan *plan = step->params;
  const lrt_value *in = step->inputs[0], *out = step->outputs[0];
  (void)run;
  lrt_arg_extreme(in->data, in->type, plan->largest, plan->axis, plan->inner, out->data, out->type,
                  lrt_pieces_at(begin, plan->piece, plan->outputs),
                  lrt_pieces_at(end, plan->piece, plan->outputs));
  return LRT_OK;
}

static lrt_status prepare_arg(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT8,  LRT_UINT8, LRT_INT16,
                              LRT_INT32,   LRT_INT64, LRT_BOOL,  -1};
  bool reduced[LRT_MAX_RANK] = {false};
  int64_t axis = 0;
  int count = 0;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  const lrt_shape *in = &p->inputs[0]->shape;
  if (p->outputs[0]->type != LRT_INT32 && p->outputs[0]->type != LRT_INT64)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "output type %s is not supported",
                            lrt_type_name(p->outputs[0]->type));
  LRT_TRY(lrt_prepare_integers(p, 1, &axis, 1, &count));
  if (axis < 0) axis += in->rank;
  if (count != 1 || axis < 0 || axis >= in->rank || in->dims[axis] == 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "the axis must be one dimension of the input, which is not empty");
  reduced[axis] = true;
  const lrt_shape shape = lrt_shape_reduce(in, reduced, false);
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  arg_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  *plan = (arg_plan){in->dims[axis], 1, lrt_shape_count(&shape), LRT_PIECE_CHEAP / in->dims[axis] + 1,
                     p->node->code == LRT_OP_ARG_MAX};
  for (int32_t d = (int32_t)axis + 1; d < in->rank; d++)
    if (plan->outputs > 0) plan->inner *= in->dims[d];
  return lrt_prepare_step(p, arg_step, plan, lrt_pieces_of(plan->outputs, plan->piece), 0, "lrt_arg_extreme");
}

const lrt_op lrt_op_arg_extreme = {prepare_arg, false, 0, false};
