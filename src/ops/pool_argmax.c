/* pool_argmax.c: MaxPoolingWithArgmax2D and MaxUnpooling2D: maxima with their place in the window, and the way back. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <string.h>

#include "ops/custom_options.h"
#include "ops/fused_activation.h"
#include "ops/movement.h"

typedef struct argmax_params {
  int32_t batch, height, width, channels; /* of the input */
  int32_t out_height, out_width;
  int32_t filter_h, filter_w, stride_h, stride_w, pad_top, pad_left;
  float low, high;
} argmax_params;

/* The options are a C struct: int32 padding (1 SAME, 2 VALID), stride width and height, filter width and height, and
 * perhaps a fused activation. */
static lrt_status read_window(lrt_prepare *p, argmax_params *a, int *padding) {
  int32_t words[6] = {0};
  const bool activation = p->node->custom_options_size >= 24;
  LRT_TRY(lrt_custom_words(p, words, activation ? 6 : 5));
  if ((words[0] != 1 && words[0] != 2) || words[1] < 1 || words[2] < 1 || words[3] < 1 || words[4] < 1 ||
      words[3] > (1 << 14) || words[4] > (1 << 14))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "padding %d, stride %dx%d, filter %dx%d do not exist",
                            words[0], words[2], words[1], words[4], words[3]);
  *padding = words[0] == 1 ? LRT_PADDING_SAME : LRT_PADDING_VALID;
  a->stride_w = words[1];
  a->stride_h = words[2];
  a->filter_w = words[3];
  a->filter_h = words[4];
  return lrt_fused_activation(p, words[5], &a->low, &a->high);
}

static lrt_status start(lrt_prepare *p, argmax_params **out, int *padding) {
  static const int floats[] = {LRT_FLOAT32, -1};
  LRT_TRY(lrt_prepare_types(p, 0, floats));
  LRT_TRY(lrt_moved_rank(p, 0, 4));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_FLOAT32));
  argmax_params *a = *out = lrt_prepare_params(p, sizeof *a);
  if (a == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *in = &p->inputs[0]->shape;
  a->batch = in->dims[0];
  a->height = in->dims[1];
  a->width = in->dims[2];
  a->channels = in->dims[3];
  return read_window(p, a, padding);
}

/* First pixel of a window that lies in the picture, and the one behind its last. */
static void clip(int64_t first, int32_t filter, int32_t size, int64_t *from, int64_t *to) {
  *from = first < 0 ? 0 : first;
  *to = first + filter < size ? first + filter : size;
}

/* The place is counted in the whole window, row by row. Where the file wants it as a float, a tenth is added so that
 * no conversion cuts it. */
static void put_place(lrt_value *out, int64_t at, int64_t place) {
  if (out->type == LRT_INT32)
    ((int32_t *)out->data)[at] = (int32_t)place;
  else
    ((float *)out->data)[at] = (float)place + 0.1f;
}

static void pool_pixel(const argmax_params *a, const float *in, int64_t row, int64_t column, lrt_value *out,
                       lrt_value *places, int64_t at) {
  const int64_t top = row * a->stride_h - a->pad_top, left = column * a->stride_w - a->pad_left;
  int64_t y0, y1, x0, x1;
  clip(top, a->filter_h, a->height, &y0, &y1);
  clip(left, a->filter_w, a->width, &x0, &x1);
  for (int64_t c = 0; c < a->channels; c++) {
    float best = -FLT_MAX;
    int64_t place = 0;
    for (int64_t y = y0; y < y1; y++) {
      for (int64_t x = x0; x < x1; x++) {
        const float value = in[(y * a->width + x) * a->channels + c];
        if (!(value > best)) continue;
        best = value;
        place = (y - top) * a->filter_w + (x - left);
      }
    }
    best = best < a->low ? a->low : best;
    ((float *)out->data)[at + c] = best > a->high ? a->high : best;
    put_place(places, at + c, place);
  }
}

/* Units are output rows of all pictures. */
static lrt_status pool_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const argmax_params *a = step->params;
  (void)run;
  for (int64_t unit = begin; unit < end; unit++) {
    const float *in =
        (const float *)step->inputs[0]->data + unit / a->out_height * a->height * a->width * a->channels;
    for (int64_t x = 0; x < a->out_width; x++)
      pool_pixel(a, in, unit % a->out_height, x, step->outputs[0], step->outputs[1],
                 (unit * a->out_width + x) * a->channels);
  }
  return LRT_OK;
}

static lrt_status prepare_pool(lrt_prepare *p) {
  argmax_params *a = NULL;
  lrt_window y, x;
  int padding = 0;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 2));
  LRT_TRY(start(p, &a, &padding));
  if (p->outputs[1]->type != LRT_INT32) LRT_TRY(lrt_moved_output_type(p, 1, LRT_FLOAT32));
  if (!lrt_window_of(a->height, a->filter_h, a->stride_h, 1, padding, &y) ||
      !lrt_window_of(a->width, a->filter_w, a->stride_w, 1, padding, &x))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the window does not fit the input");
  a->out_height = y.out;
  a->out_width = x.out;
  a->pad_top = y.pad_before;
  a->pad_left = x.pad_before;
  const lrt_shape shape = {4, {a->batch, y.out, x.out, a->channels}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(lrt_prepare_shape(p, 1, &shape));
  const int64_t units = lrt_shape_count(&shape) > 0 ? (int64_t)a->batch * y.out : 0;
  return lrt_prepare_step(p, pool_step, a, units, 0, "max_pool_argmax");
}

const lrt_op lrt_op_max_pool_argmax = {prepare_pool, false, 0, false};

/* ---- and back ---- */

static int64_t place_at(const lrt_value *places, int64_t i) {
  if (places->type == LRT_INT32) return ((const int32_t *)places->data)[i];
  const float place = ((const float *)places->data)[i];
  return place >= 0 && place < 1e9f ? (int64_t)place : -1;
}

/* Units are pictures: windows may overlap. A place outside the window or the picture is passed over. */
static lrt_status unpool_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const argmax_params *a = step->params;
  const int64_t in_size = (int64_t)a->height * a->width * a->channels;
  const int64_t out_size = (int64_t)a->out_height * a->out_width * a->channels;
  (void)run;
  for (int64_t b = begin; b < end; b++) {
    const float *in = (const float *)step->inputs[0]->data + b * in_size;
    float *out = (float *)step->outputs[0]->data + b * out_size;
    memset(out, 0, (size_t)out_size * sizeof *out);
    for (int64_t i = 0; i < in_size; i++) {
      const int64_t place = place_at(step->inputs[1], b * in_size + i), pixel = i / a->channels;
      const int64_t y = pixel / a->width * a->stride_h - a->pad_top + place / a->filter_w;
      const int64_t x = pixel % a->width * a->stride_w - a->pad_left + place % a->filter_w;
      if (place >= 0 && y >= 0 && y < a->out_height && x >= 0 && x < a->out_width)
        out[(y * a->out_width + x) * a->channels + i % a->channels] = in[i];
    }
  }
  return LRT_OK;
}

/* Padding of the pooling that made `in` out of `out`. */
static int32_t padding_of(int32_t out, int32_t in, int32_t filter, int32_t stride) {
  const int64_t spare = ((int64_t)in - 1) * stride + filter - out;
  return spare > 0 ? (int32_t)(spare / 2) : 0;
}

static lrt_status prepare_unpool(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT32, -1};
  argmax_params *a = NULL;
  int padding = 0;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 1, types));
  LRT_TRY(start(p, &a, &padding));
  if (!lrt_shape_equal(&p->inputs[0]->shape, &p->inputs[1]->shape))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "values and places differ in shape");
  const int64_t height = (int64_t)a->height * a->filter_h, width = (int64_t)a->width * a->filter_w;
  if (height > INT32_MAX || width > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the output is too large");
  a->out_height = (int32_t)height;
  a->out_width = (int32_t)width;
  a->pad_top = padding_of(a->out_height, a->height, a->filter_h, a->stride_h);
  a->pad_left = padding_of(a->out_width, a->width, a->filter_w, a->stride_w);
  const lrt_shape shape = {4, {a->batch, a->out_height, a->out_width, a->channels}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, unpool_step, a, lrt_shape_count(&shape) > 0 ? a->batch : 0, 0, "max_unpool");
}

const lrt_op lrt_op_max_unpool = {prepare_unpool, false, 0, false};
