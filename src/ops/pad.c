/* pad.c: PAD, PADV2, MIRROR_PAD. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"

typedef int32_t pad_pairs[LRT_MAX_RANK][2]; /* before, after */

static lrt_status read_pads(lrt_prepare *p, pad_pairs pads) {
  int64_t numbers[2 * LRT_MAX_RANK];
  const int32_t rank = p->inputs[0]->shape.rank;
  int count;
  LRT_TRY(lrt_prepare_integers(p, 1, numbers, 2 * LRT_MAX_RANK, &count));
  if (count != 2 * rank)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has %d padding numbers for a tensor of rank %d", count,
                            rank);
  for (int i = 0; i < count; i++) {
    if (numbers[i] < 0 || numbers[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "padding of %lld is not possible", (long long)numbers[i]);
    pads[i / 2][i % 2] = (int32_t)numbers[i];
  }
  return LRT_OK;
}

static lrt_status declare_padded(lrt_prepare *p, pad_pairs pads, lrt_shape *out) {
  *out = p->inputs[0]->shape;
  for (int i = 0; i < out->rank; i++) {
    const int64_t size = (int64_t)out->dims[i] + pads[i][0] + pads[i][1];
    if (size > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "dimension %d of the result is too large", i);
    out->dims[i] = (int32_t)size;
  }
  return lrt_prepare_shape(p, 0, out);
}

/* Byte pattern of the value that PAD writes: real zero. */
static void zero_pattern(const lrt_value *out, uint8_t pattern[16]) {
  memset(pattern, 0, 16);
  if (!lrt_value_is_quantized(out)) return;
  const int32_t zero = lrt_value_zero_point(out);
  const int8_t narrow = (int8_t)(zero & 0xff);
  const int16_t wide = (int16_t)(zero & 0xffff);
  const size_t size = lrt_moved_size(out->type);
  if (out->type == LRT_INT8 || out->type == LRT_UINT8 || lrt_type_bits(out->type) < 8)
    memcpy(pattern, &narrow, 1);
  else if (size == 2 && out->type == LRT_INT16)
    memcpy(pattern, &wide, 2);
  else if (out->type == LRT_INT32)
    memcpy(pattern, &zero, 4);
}

static lrt_status check_pad_value(lrt_prepare *p) {
  if (p->inputs[2]->type != p->inputs[0]->type || lrt_shape_count(&p->inputs[2]->shape) != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the pad value must be one number of the input's type");
  if (lrt_type_bits(p->inputs[2]->type) < 8)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "a pad value of type %s is not supported",
                            lrt_type_name(p->inputs[2]->type));
  return LRT_OK;
}

static lrt_status prepare_pad(lrt_prepare *p) {
  pad_pairs pads;
  lrt_shape shape;
  lrt_moved in, out;
  lrt_move move;
  uint8_t pattern[16];
  int32_t begin[LRT_MAX_RANK];
  LRT_TRY(lrt_prepare_arity(p, 2, 3, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  const bool valued = p->node->input_count == 3 && p->inputs[2] != NULL;
  if (p->inputs[0]->type == LRT_STRING)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type string of input 0 (tensor \"%s\") is not supported",
                            p->inputs[0]->name);
  if (valued) LRT_TRY(check_pad_value(p));
  LRT_TRY(read_pads(p, pads));
  LRT_TRY(declare_padded(p, pads, &shape));
  for (int i = 0; i < shape.rank; i++) begin[i] = pads[i][0];
  p->identity = lrt_shape_equal(&shape, &p->inputs[0]->shape);
  LRT_TRY(lrt_moved_in(p, p->inputs[0], &in));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  zero_pattern(p->outputs[0], pattern);
  LRT_TRY(lrt_moved_fill(p, &out, pattern, valued ? p->inputs[2] : NULL));
  lrt_move_into(&move, &p->inputs[0]->shape, &shape, begin, in.size);
  LRT_TRY(lrt_moved_copy(p, &move, &in, &out));
  return lrt_moved_done(p, &out, NULL, p->outputs[0]);
}

const lrt_op lrt_op_pad = {prepare_pad, false, 0, false};

typedef struct mirror_params {
  pad_pairs pads;
  lrt_shape in_shape, out_shape;
  const lrt_value *in;
  lrt_value *out;
  size_t size;
  int32_t edge;
} mirror_params;

static lrt_status mirror_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const mirror_params *params = step->params;
  (void)run;
  lrt_mirror_pad(params->in->data, &params->in_shape, (const int32_t(*)[2])params->pads, params->edge,
                 params->out->data, &params->out_shape, params->size, begin, end);
  return LRT_OK;
}

static lrt_status check_mirror(lrt_prepare *p, pad_pairs pads, int32_t edge) {
  const lrt_shape *in = &p->inputs[0]->shape;
  for (int i = 0; i < in->rank; i++)
    for (int side = 0; side < 2; side++)
      if (pads[i][side] > (in->dims[i] > edge ? in->dims[i] - edge : 0))
        return lrt_prepare_fail(p, LRT_INVALID_MODEL, "padding of %d is more than dimension %d can mirror",
                                pads[i][side], i);
  return LRT_OK;
}

static lrt_status prepare_mirror_pad(lrt_prepare *p) {
  const lrt_mirror_pad_options *options = p->node->options;
  lrt_moved in, out;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  mirror_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  if (options == NULL || (options->mode != 0 && options->mode != 1))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has an unknown mode");
  params->edge = options->mode == 0 ? 1 : 0; /* REFLECT leaves the edge out */
  params->in_shape = p->inputs[0]->shape;
  LRT_TRY(read_pads(p, params->pads));
  LRT_TRY(check_mirror(p, params->pads, params->edge));
  LRT_TRY(declare_padded(p, params->pads, &params->out_shape));
  LRT_TRY(lrt_moved_in(p, p->inputs[0], &in));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  params->in = in.value;
  params->out = out.value;
  params->size = in.size;
  const lrt_shape *shape = &params->out_shape;
  const int64_t count = lrt_shape_count(shape);
  const int64_t rows = count == 0 ? 0 : shape->rank == 0 ? 1 : count / shape->dims[shape->rank - 1];
  LRT_TRY(lrt_prepare_step(p, mirror_step, params, rows, 0, "mirror_pad"));
  return lrt_moved_done(p, &out, p->inputs[0], p->outputs[0]);
}

const lrt_op lrt_op_mirror_pad = {prepare_mirror_pad, false, 0, false};
