/* resize.c: RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/move/resize_taps.h"
#include "ops/movement.h"

typedef struct resize_params {
  lrt_resize resize;
  lrt_type type;
  const lrt_value *in;
  lrt_value *out;
  size_t size;
  lrt_resize_fn fast; /* with its tables */
  const lrt_resize_tap *rows, *columns;
} resize_params;

static lrt_status bilinear_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const resize_params *params = step->params;
  (void)run;
  lrt_resize_bilinear(&params->resize, params->in->data, params->type, params->out->data, begin, end);
  return LRT_OK;
}

static lrt_status fast_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const resize_params *params = step->params;
  (void)run;
  params->fast(&params->resize, params->rows, params->columns, params->in->data, params->out->data, begin,
               end);
  return LRT_OK;
}

/* Tables of taps for the fast kernels; leaves `fast` NULL where there is none. */
static lrt_status find_fast(lrt_prepare *p, resize_params *params, const char **kernel) {
  const lrt_resize *r = &params->resize;
  if (p->mode == LRT_OP_REF) return LRT_OK;
  const lrt_resize_fn fast = lrt_resize_pick(params->type, kernel);
  if (fast == NULL) return LRT_OK;
  lrt_resize_tap *rows = lrt_prepare_params(p, (size_t)r->out_height * sizeof *rows);
  lrt_resize_tap *columns = lrt_prepare_params(p, (size_t)r->out_width * sizeof *columns);
  if (rows == NULL || columns == NULL) return lrt_prepare_no_memory(p);
  lrt_resize_taps(r, true, params->type == LRT_INT8, rows);
  lrt_resize_taps(r, false, params->type == LRT_INT8, columns);
  params->rows = rows;
  params->columns = columns;
  params->fast = fast;
  return LRT_OK;
}

static lrt_status nearest_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const resize_params *params = step->params;
  (void)run;
  lrt_resize_nearest(&params->resize, params->in->data, params->size, params->out->data, begin, end);
  return LRT_OK;
}

static lrt_status read_size(lrt_prepare *p, lrt_shape *shape) {
  int64_t size[2];
  int count;
  LRT_TRY(lrt_moved_rank(p, 0, 4));
  LRT_TRY(lrt_prepare_integers(p, 1, size, 2, &count));
  if (count != 2 || size[0] < 1 || size[1] < 1 || size[0] > INT32_MAX || size[1] > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the new size must be two positive numbers");
  *shape = p->inputs[0]->shape;
  if (shape->dims[1] == 0 || shape->dims[2] == 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "a picture without pixels cannot be resized");
  shape->dims[1] = (int32_t)size[0];
  shape->dims[2] = (int32_t)size[1];
  return LRT_OK;
}

static lrt_status resize(lrt_prepare *p, bool align_corners, bool half_pixel, lrt_step_fn fn,
                         const char *kernel) {
  lrt_shape shape;
  lrt_moved in, out;
  if (align_corners && half_pixel)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "aligned corners and half pixels exclude each other");
  LRT_TRY(read_size(p, &shape));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  resize_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *from = &p->inputs[0]->shape;
  LRT_TRY(lrt_moved_in(p, p->inputs[0], &in));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  params->resize = (lrt_resize){from->dims[0], from->dims[1], from->dims[2], shape.dims[1],
                                shape.dims[2], from->dims[3], align_corners, half_pixel};
  params->type = p->inputs[0]->type;
  params->in = in.value;
  params->out = out.value;
  params->size = in.size;
  if (fn == bilinear_step) LRT_TRY(find_fast(p, params, &kernel));
  LRT_TRY(lrt_prepare_step(p, params->fast != NULL ? fast_step : fn, params,
                           (int64_t)shape.dims[0] * shape.dims[1], 0, kernel));
  return lrt_moved_done(p, &out, p->inputs[0], p->outputs[0]);
}

static lrt_status prepare_bilinear(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_UINT8, LRT_INT8, LRT_INT16, -1};
  const lrt_resize_bilinear_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  if (options == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "lacks its options");
  return resize(p, options->align_corners != 0, options->half_pixel_centers != 0, bilinear_step,
                "resize_bilinear");
}

const lrt_op lrt_op_resize_bilinear = {prepare_bilinear, false, 0, false};

static lrt_status prepare_nearest(lrt_prepare *p) {
  const lrt_resize_nearest_neighbor_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  if (options == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "lacks its options");
  return resize(p, options->align_corners != 0, options->half_pixel_centers != 0, nearest_step,
                "resize_nearest");
}

const lrt_op lrt_op_resize_nearest = {prepare_nearest, false, 0, false};
