/* cli_picture.c: pictures in memory: sizes, channels, and the way to and from tensors. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_picture.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "cli_value.h"

/* A few bytes can claim any size; no camera makes more than this. */
#define PIXELS_MAX (1 << 28)

lrt_status cli_picture_make(int width, int height, int channels, cli_picture *out, lrt_error *err) {
  const size_t bytes = (size_t)width * (size_t)height * (size_t)channels;
  out->width = width;
  out->height = height;
  out->channels = channels;
  out->bytes = NULL;
  if (width < 1 || height < 1) return lrt_fail(err, LRT_INVALID_MODEL, "the picture has no pixels");
  if ((int64_t)width * height > PIXELS_MAX)
    return lrt_fail(err, LRT_INVALID_MODEL, "a picture of %d by %d is too large", width, height);
  out->bytes = lrt_alloc_zero(lrt_alloc_default(), bytes);
  return out->bytes != NULL ? LRT_OK : lrt_alloc_fail(err, lrt_alloc_default(), bytes, "a picture");
}

void cli_picture_clear(cli_picture *picture) {
  lrt_alloc_free(picture->bytes);
  picture->bytes = NULL;
}

/* Height, width and channels of [1,H,W,C], [H,W,C] and, as one channel, [H,W]. */
static bool split_shape(const lrt_shape *shape, int *height, int *width, int *channels) {
  const int32_t *dims = shape->dims;
  int rank = shape->rank;
  for (; rank > 3 && dims[0] == 1; dims++) rank--;
  if (rank != 3 && rank != 2) return false;
  *height = dims[0];
  *width = dims[1];
  *channels = rank == 3 ? dims[2] : 1;
  return true;
}

bool cli_picture_shape(const lrt_shape *shape, int *height, int *width, int *channels) {
  if (shape->rank < 3 || !split_shape(shape, height, width, channels)) return false;
  return *channels == 1 || *channels == 3 || *channels == 4;
}

/* ---- resizing ---- */

/* One axis: output i is a weighted mean of inputs around (i + 0.5) * step - 0.5, offset by `start`. */
typedef struct axis {
  double start, step;
  int length; /* of the input */
} axis;

/* First and last input of output `i`; a triangle as wide as one output pixel, at least two inputs. */
static void axis_range(const axis *a, int i, int *first, int *last, double *centre, double *radius) {
  *centre = a->start + ((double)i + 0.5) * a->step - 0.5;
  *radius = a->step > 1 ? a->step : 1;
  *first = (int)ceil(*centre - *radius);
  *last = (int)floor(*centre + *radius);
}

static double axis_weight(double centre, double radius, int at) {
  const double away = fabs((double)at - centre) / radius;
  return away < 1 ? 1 - away : 0;
}

static int clamped(int value, int length) {
  return value < 0 ? 0 : value >= length ? length - 1 : value;
}

/* `lines` lines of an axis, each from axis.length pixels to `outputs`; strides in elements, so that the same loop serves
 * rows and columns. The source is bytes for the first pass, the first pass's result for the second. */
typedef struct pass {
  const uint8_t *bytes;
  const float *values; /* where bytes is NULL */
  float *out;          /* zeros */
  int lines, outputs, channels;
  size_t in_line, in_stride, out_line, out_stride;
  axis along;
} pass;

/* out += weight * pixel `k` of every line */
static void add_pixels(const pass *p, int k, float weight, float *out) {
  const size_t start = (size_t)clamped(k, p->along.length) * p->in_stride;
  for (int line = 0; line < p->lines; line++)
    for (int c = 0; c < p->channels; c++) {
      const size_t at = start + (size_t)line * p->in_line + (size_t)c;
      out[(size_t)line * p->out_line + (size_t)c] +=
          weight * (p->bytes != NULL ? (float)p->bytes[at] : p->values[at]);
    }
}

static void resize_pass(const pass *p) {
  for (int i = 0; i < p->outputs; i++) {
    int first, last;
    double centre, radius, total = 0;
    axis_range(&p->along, i, &first, &last, &centre, &radius);
    for (int k = first; k <= last; k++) total += axis_weight(centre, radius, k);
    for (int k = first; k <= last; k++)
      add_pixels(p, k, (float)(axis_weight(centre, radius, k) / total), p->out + (size_t)i * p->out_stride);
  }
}

/* The window [x, x + w) × [y, y + h) of a picture as width × height values. */
typedef struct window {
  double x, y, w, h;
} window;

static lrt_status resample(const cli_picture *from, window part, int width, int height, float **out,
                           lrt_error *err) {
  const size_t channels = (size_t)from->channels, from_row = (size_t)from->width * channels;
  const size_t mid_row = (size_t)width * channels, mid_count = (size_t)from->height * mid_row;
  float *mid = lrt_alloc_array(lrt_alloc_default(), mid_count, sizeof *mid);
  *out = lrt_alloc_array(lrt_alloc_default(), (size_t)height * mid_row, sizeof **out);
  if (mid == NULL || *out == NULL) {
    lrt_alloc_free(mid);
    lrt_alloc_free(*out);
    *out = NULL;
    return lrt_alloc_fail(err, lrt_alloc_default(), mid_count * sizeof *mid, "resizing a picture");
  }
  const pass rows = {.bytes = from->bytes,
                     .out = mid,
                     .lines = from->height,
                     .outputs = width,
                     .channels = from->channels,
                     .in_line = from_row,
                     .in_stride = channels,
                     .out_line = mid_row,
                     .out_stride = channels,
                     .along = {part.x, part.w / width, from->width}};
  const pass columns = {.values = mid,
                        .out = *out,
                        .lines = width,
                        .outputs = height,
                        .channels = from->channels,
                        .in_line = channels,
                        .in_stride = mid_row,
                        .out_line = channels,
                        .out_stride = mid_row,
                        .along = {part.y, part.h / height, from->height}};
  resize_pass(&rows);
  resize_pass(&columns);
  lrt_alloc_free(mid);
  return LRT_OK;
}

static int rounded(double value, int most) {
  const int whole = (int)floor(value + 0.5);
  return whole < 1 ? 1 : whole > most ? most : whole;
}

lrt_status cli_picture_resize(const cli_picture *from, int width, int height, cli_resize how,
                              cli_picture *out, lrt_error *err) {
  const double sx = (double)width / from->width, sy = (double)height / from->height;
  window part = {0, 0, from->width, from->height};
  int inner_width = width, inner_height = height;
  float *values = NULL;
  if (how == CLI_RESIZE_FIT) {
    const double s = sx < sy ? sx : sy;
    inner_width = rounded(from->width * s, width);
    inner_height = rounded(from->height * s, height);
  } else if (how == CLI_RESIZE_CROP) {
    const double s = sx > sy ? sx : sy;
    part.w = width / s;
    part.h = height / s;
    part.x = (from->width - part.w) / 2;
    part.y = (from->height - part.h) / 2;
  }
  LRT_TRY(resample(from, part, inner_width, inner_height, &values, err));
  const lrt_status status = cli_picture_make(width, height, from->channels, out, err);
  const size_t left = (size_t)(width - inner_width) / 2, top = (size_t)(height - inner_height) / 2;
  const size_t channels = (size_t)from->channels, row = (size_t)inner_width * channels;
  for (size_t y = 0; status == LRT_OK && y < (size_t)inner_height; y++)
    for (size_t i = 0; i < row; i++)
      out->bytes[((y + top) * (size_t)width + left) * channels + i] =
          (uint8_t)fminf(fmaxf(values[y * row + i] + 0.5f, 0), 255);
  lrt_alloc_free(values);
  return status;
}

/* ---- to tensors ---- */

/* Channel `c` of `channels` wanted, from one pixel. Grey is the luma of ITU-R BT.601. */
static float channel_of(const uint8_t *pixel, int has, int c, int channels) {
  if (c == 3) return has == 4 ? pixel[3] : 255;
  if (has < 3) return pixel[0];
  if (channels == 1) return 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2];
  return pixel[c];
}

/* 8-bit tensors without scale take the values as they are: 0…255, or -128…127. */
static bool takes_bytes(const lrt_tensor_view *view, const lrt_quant *quant) {
  return (view->type == LRT_UINT8 || view->type == LRT_INT8) &&
         (quant->kind != LRT_QUANT_AFFINE || quant->count != 1);
}

static double normalised(const cli_picture_rules *rules, int c, float value) {
  const int pair = rules->count > 1 ? c : 0;
  if (rules->count == 0) return (double)value / 255;
  return ((double)value - (double)rules->mean[pair]) / (double)rules->std[pair];
}

lrt_status cli_picture_to_tensor(const cli_picture *picture, const cli_picture_rules *rules,
                                 const lrt_tensor_view *view, const lrt_quant *quant, lrt_error *err) {
  int height, width, channels;
  cli_picture sized;
  if (!cli_picture_shape(&view->shape, &height, &width, &channels))
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "the input has not the shape of a picture, [1,height,width,1|3|4]");
  if (rules->count > 1 && rules->count != channels)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "%d means or deviations are given for %d channels",
                    rules->count, channels);
  const bool raw = takes_bytes(view, quant);
  LRT_TRY(cli_picture_resize(picture, width, height, rules->resize, &sized, err));
  for (int64_t p = 0; p < (int64_t)height * width; p++)
    for (int c = 0; c < channels; c++) {
      const float value = channel_of(sized.bytes + p * sized.channels, sized.channels, c, channels);
      const double real = !raw                     ? normalised(rules, c, value)
                          : view->type == LRT_INT8 ? (double)value - 128
                                                   : (double)value;
      cli_value_store(view, quant, p * channels + c, real);
    }
  cli_picture_clear(&sized);
  return LRT_OK;
}

/* ---- from tensors ---- */

/* A colour per class, class 0 black, neighbours far apart. */
static void class_colour(int index, uint8_t rgb[3]) {
  rgb[0] = rgb[1] = rgb[2] = 0;
  for (int bit = 0; index != 0; bit++, index >>= 3)
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(rgb[c] | ((index >> c & 1) << (7 - bit % 8)));
}

static void paint_classes(const lrt_tensor_view *view, int channels, cli_picture *out) {
  for (int64_t p = 0; p < (int64_t)out->width * out->height; p++) {
    int best = 0;
    for (int c = 1; c < channels; c++)
      if (cli_value_raw(view, p * channels + c) > cli_value_raw(view, p * channels + best)) best = c;
    class_colour(best, out->bytes + p * 3);
  }
}

lrt_status cli_picture_from_tensor(const lrt_tensor_view *view, const lrt_quant *quant, cli_picture *out,
                                   lrt_error *err) {
  int height = 0, width = 0, channels = 0;
  cli_summary range;
  if (!cli_value_is_number(view->type) || !split_shape(&view->shape, &height, &width, &channels) ||
      height < 1 || width < 1 || channels < 1)
    return lrt_fail(err, LRT_UNSUPPORTED, "a tensor of this shape is no picture");
  const bool plain = channels == 1 || channels == 3 || channels == 4;
  LRT_TRY(cli_picture_make(width, height, plain ? channels : 3, out, err));
  if (!plain) {
    paint_classes(view, channels, out);
    return LRT_OK;
  }
  cli_value_summary(view, quant, &range);
  double low = range.least, high = range.most;
  if (takes_bytes(view, quant)) {
    low = view->type == LRT_INT8 ? -128 : 0;
    high = low + 255;
  } else if (low >= -1 && high <= 1) {
    low = low < 0 ? -1 : 0;
    high = 1;
  }
  const double factor = high > low ? 255 / (high - low) : 0;
  for (int64_t i = 0; i < range.count; i++) {
    const double value = (cli_value_real(view, quant, i) - low) * factor;
    out->bytes[i] = (uint8_t)(value >= 255 ? 255 : value > 0 ? value + 0.5 : 0);
  }
  return LRT_OK;
}
