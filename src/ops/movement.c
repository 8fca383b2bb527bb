/* movement.c: checks and steps that data-moving operators share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

#include <string.h>

#include "kernels/quantize/quantize.h"
#include "ops/string_table.h"

lrt_status lrt_moved_output_type(lrt_prepare *p, int output, lrt_type type) {
  const lrt_value *out = p->outputs[output];
  if (out == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output %d must not be left out", output);
  if (out->type == type) return LRT_OK;
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output %d (tensor \"%s\") is %s, expected %s", output,
                          out->name, lrt_type_name(out->type), lrt_type_name(type));
}

/* An empty tensor may have dimensions whose product overflows; strides are products of some of them. */
lrt_status lrt_moved_strides(lrt_prepare *p, const lrt_value *value) {
  int64_t bytes = 16;
  for (int i = 0; i < value->shape.rank; i++) {
    const int64_t size = value->shape.dims[i] > 0 ? value->shape.dims[i] : 1;
    if (bytes > INT64_MAX / size)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "tensor \"%s\" is too large", value->name);
    bytes *= size;
  }
  return LRT_OK;
}

lrt_status lrt_moved_same_type(lrt_prepare *p, int input, int output) {
  const lrt_value *in = p->inputs[input];
  if (lrt_type_bits(in->type) == 0 && in->type != LRT_STRING)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of input %d (tensor \"%s\") is not supported",
                            lrt_type_name(in->type), input, in->name);
  LRT_TRY(lrt_moved_strides(p, in));
  return lrt_moved_output_type(p, output, in->type);
}

lrt_status lrt_moved_rank(lrt_prepare *p, int input, int rank) {
  const lrt_value *in = p->inputs[input];
  if (in->shape.rank == rank) return LRT_OK;
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d (tensor \"%s\") has rank %d, expected %d", input,
                          in->name, in->shape.rank, rank);
}

lrt_status lrt_moved_integer(lrt_prepare *p, int input, int64_t *out) {
  int count;
  LRT_TRY(lrt_prepare_integers(p, input, out, 1, &count));
  if (count != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d (tensor \"%s\") is empty", input,
                            p->inputs[input]->name);
  return LRT_OK;
}

lrt_status lrt_moved_axis(lrt_prepare *p, int input, int32_t rank, int32_t *out) {
  int64_t axis;
  LRT_TRY(lrt_moved_integer(p, input, &axis));
  if (axis < INT32_MIN || axis > INT32_MAX || !lrt_shape_axis((int32_t)axis, rank, out))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "axis %lld does not exist in a tensor of rank %d",
                            (long long)axis, rank);
  return LRT_OK;
}

size_t lrt_moved_size(lrt_type type) {
  const unsigned bits = lrt_type_bits(type);
  return type == LRT_STRING ? sizeof(int32_t) : bits < 8 ? 1 : bits / 8;
}

/* ---- packed types and strings ---- */

typedef struct repack_params {
  const lrt_value *from;
  lrt_value *to;
  const lrt_value *strings; /* packing strings: where the texts are */
  lrt_type type;
  int64_t count;
} repack_params;

static lrt_status unpack_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const repack_params *params = step->params;
  (void)begin;
  (void)end;
  if (params->type == LRT_STRING) {
    lrt_strings strings; /* checked here, so that packing may trust the numbers */
    int32_t *numbers = params->to->data;
    LRT_TRY(lrt_strings_of(params->from, &strings, run->err));
    for (int64_t i = 0; i < params->count; i++) numbers[i] = (int32_t)i;
    return LRT_OK;
  }
  lrt_unpack_bits(params->from->data, params->type, 0, params->to->data, params->count);
  return LRT_OK;
}

static lrt_status pack_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const repack_params *params = step->params;
  (void)begin;
  (void)end;
  if (params->type == LRT_STRING) {
    lrt_strings strings;
    LRT_TRY(lrt_strings_of(params->strings, &strings, run->err));
    return lrt_strings_pick(params->to, &strings, params->from->data, params->count, run->err);
  }
  lrt_pack_bits(params->from->data, params->type, params->to->data, 0, params->count);
  return LRT_OK;
}

static bool is_plain(lrt_type type) {
  return type != LRT_STRING && lrt_type_bits(type) >= 8;
}

static lrt_status repacked(lrt_prepare *p, const lrt_value *value, lrt_moved *out) {
  const int64_t count = lrt_shape_count(&value->shape);
  out->size = lrt_moved_size(value->type);
  if (count < 0 || count > INT32_MAX)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "tensor \"%s\" has too many elements", value->name);
  out->value = lrt_prepare_temp(p, (size_t)count * out->size);
  return out->value != NULL ? LRT_OK : lrt_prepare_no_memory(p);
}

lrt_status lrt_moved_in(lrt_prepare *p, lrt_value *input, lrt_moved *out) {
  *out = (lrt_moved){input, lrt_moved_size(input->type)};
  if (is_plain(input->type)) return LRT_OK;
  LRT_TRY(repacked(p, input, out));
  repack_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params = (repack_params){input, out->value, NULL, input->type, lrt_shape_count(&input->shape)};
  return lrt_prepare_step(p, unpack_step, params, 1, 0, "unpack");
}

lrt_status lrt_moved_out(lrt_prepare *p, lrt_value *output, lrt_moved *out) {
  *out = (lrt_moved){output, lrt_moved_size(output->type)};
  LRT_TRY(lrt_moved_strides(p, output));
  return is_plain(output->type) ? LRT_OK : repacked(p, output, out);
}

lrt_status lrt_moved_done(lrt_prepare *p, const lrt_moved *moved, const lrt_value *source,
                          lrt_value *output) {
  if (is_plain(output->type)) return LRT_OK;
  repack_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params = (repack_params){moved->value, output, source, output->type, lrt_shape_count(&output->shape)};
  return lrt_prepare_step(p, pack_step, params, 1, 0, "pack");
}

/* ---- copies and fills ---- */

typedef struct copy_params {
  lrt_move move;
  const lrt_value *in;
  lrt_value *out;
} copy_params;

static lrt_status copy_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const copy_params *params = step->params;
  (void)run;
  lrt_move_run(&params->move, params->in->data, params->out->data, begin, end);
  return LRT_OK;
}

lrt_status lrt_moved_copy(lrt_prepare *p, const lrt_move *m, const lrt_moved *in, const lrt_moved *out) {
  copy_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params = (copy_params){*m, in->value, out->value};
  return lrt_prepare_step(p, copy_step, params, lrt_move_units(m), 0, "move");
}

typedef struct parts_params {
  const lrt_moved_part *parts; /* sorted by `first` */
  int32_t count;
} parts_params;

static lrt_status parts_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const parts_params *params = step->params;
  (void)run;
  for (int32_t i = 0; i < params->count; i++) {
    const lrt_moved_part *part = &params->parts[i];
    const int64_t units = lrt_move_units(&part->move);
    const int64_t from = begin > part->first ? begin - part->first : 0;
    const int64_t to = end - part->first < units ? end - part->first : units;
    if (from < to) lrt_move_run(&part->move, part->in->data, part->out->data, from, to);
  }
  return LRT_OK;
}

lrt_status lrt_moved_parts(lrt_prepare *p, lrt_moved_part *parts, int32_t count) {
  parts_params *params = lrt_prepare_params(p, sizeof *params);
  int64_t units = 0;
  if (params == NULL) return lrt_prepare_no_memory(p);
  for (int32_t i = 0; i < count; i++) {
    parts[i].first = units;
    units += lrt_move_units(&parts[i].move);
  }
  *params = (parts_params){parts, count};
  return lrt_prepare_step(p, parts_step, params, units, 0, "move");
}

lrt_status lrt_moved_whole(lrt_prepare *p, const lrt_move *m, lrt_value *input, lrt_value *output) {
  lrt_moved in, out;
  LRT_TRY(lrt_moved_in(p, input, &in));
  LRT_TRY(lrt_moved_out(p, output, &out));
  LRT_TRY(lrt_moved_copy(p, m, &in, &out));
  return lrt_moved_done(p, &out, input, output);
}

typedef struct fill_params {
  lrt_value *out;
  const lrt_value *from;
  size_t size;
  uint8_t fill[16];
} fill_params;

/* Units of the step are bytes of the output in pieces that keep elements whole. */
#define FILL_PIECE 4096

static lrt_status fill_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const fill_params *params = step->params;
  const size_t piece = FILL_PIECE * params->size;
  const size_t first = (size_t)begin * piece;
  size_t last = (size_t)end * piece;
  (void)run;
  if (last > params->out->bytes) last = params->out->bytes;
  if (last > first)
    lrt_move_fill((char *)params->out->data + first, params->from != NULL ? params->from->data : params->fill,
                  params->size, (last - first) / params->size);
  return LRT_OK;
}

lrt_status lrt_moved_fill(lrt_prepare *p, const lrt_moved *out, const void *fill, const lrt_value *from) {
  fill_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  params->out = out->value;
  params->from = from;
  params->size = out->size;
  if (fill != NULL) memcpy(params->fill, fill, out->size);
  const int64_t piece = (int64_t)(FILL_PIECE * out->size);
  return lrt_prepare_step(p, fill_step, params, ((int64_t)out->value->bytes + piece - 1) / piece, 0, "fill");
}
