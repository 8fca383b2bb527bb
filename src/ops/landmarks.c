/* landmarks.c: MediaPipe's operators on landmarks: the crop they span as a matrix, points and pictures through a matrix. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "ops/custom_options.h"
#include "ops/movement.h"

/* Matrices are [1][4][4] and act on (x, y, 0, 1); only their first two rows matter. */
enum { MATRIX_SIZE = 16 };

static lrt_status check_floats(lrt_prepare *p, int inputs) {
  static const int floats[] = {LRT_FLOAT32, -1};
  LRT_TRY(lrt_prepare_arity(p, inputs, inputs, 1));
  for (int i = 0; i < inputs; i++) LRT_TRY(lrt_prepare_types(p, i, floats));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_FLOAT32));
  if (inputs == 2 && lrt_shape_count(&p->inputs[1]->shape) != MATRIX_SIZE)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "tensor \"%s\" is no matrix of 4 x 4", p->inputs[1]->name);
  return LRT_OK;
}

/* ---- Landmarks2TransformMatrix ---- */

typedef struct crop_params {
  int32_t left, right; /* landmarks that are level in the crop */
  int32_t count;
  int32_t *subset; /* [count] landmarks inside the crop */
  bool first_version;
  float target, width, height, scale_x, scale_y; /* version 2 */
  float in_width, in_height, range, factor;      /* version 1 */
} crop_params;

/* Bounding box of the subset after a rotation. */
typedef struct crop_box {
  float x0, y0, x1, y1;
} crop_box;

static crop_box rotated_box(const crop_params *c, const float *points, float angle) {
  const float cosine = cosf(angle), sine = sinf(angle);
  crop_box box = {INFINITY, INFINITY, -INFINITY, -INFINITY};
  for (int32_t i = 0; i < c->count; i++) {
    const float *point = points + 3 * (int64_t)c->subset[i];
    const float x = cosine * point[0] - sine * point[1], y = sine * point[0] + cosine * point[1];
    box.x0 = fminf(box.x0, x);
    box.x1 = fmaxf(box.x1, x);
    box.y0 = fminf(box.y0, y);
    box.y1 = fmaxf(box.y1, y);
  }
  return box;
}

/* T(centre) R(-r) S(scale) T(-size / 2), r being the turn that brings both level landmarks to the target angle. */
static void crop_matrix(const crop_params *c, const float *points, float *m) {
  const float *left = points + 3 * (int64_t)c->left, *right = points + 3 * (int64_t)c->right;
  const float turn = c->target - atan2f(right[1] - left[1], right[0] - left[0]);
  const crop_box box = rotated_box(c, points, turn);
  const float middle_x = (box.x0 + box.x1) / 2, middle_y = (box.y0 + box.y1) / 2;
  const float cosine = cosf(-turn), sine = sinf(-turn);
  const float scale_x = c->scale_x * (box.x1 - box.x0) / c->width;
  const float scale_y = c->scale_y * (box.y1 - box.y0) / c->height;
  m[0] = cosine * scale_x;
  m[1] = -sine * scale_y;
  m[3] = -(m[0] * c->width + m[1] * c->height) / 2 + (cosine * middle_x - sine * middle_y);
  m[4] = sine * scale_x;
  m[5] = cosine * scale_y;
  m[7] = -(m[4] * c->width + m[5] * c->height) / 2 + (sine * middle_x + cosine * middle_y);
  m[10] = m[15] = 1;
}

/* Version 1 goes through coordinates from -1 to 1 that end in the middle of the outer pixels; landmarks lie in
 * [0, range], and the matrix leads to pixels of another picture. */
static void crop_matrix_1(const crop_params *c, const float *points, float *m) {
  const float *left = points + 3 * (int64_t)c->left, *right = points + 3 * (int64_t)c->right;
  const float turn = -atanf((right[1] - left[1]) / (right[0] - left[0]));
  const crop_box box = rotated_box(c, points, turn);
  const float middle_x = (box.x0 + box.x1) / 2, middle_y = (box.y0 + box.y1) / 2;
  const float cosine = cosf(-turn), sine = sinf(-turn);
  const float centre_x = (cosine * middle_x - sine * middle_y) / c->range * 2 - 1;
  const float centre_y = (sine * middle_x + cosine * middle_y) / c->range * 2 - 1;
  const float size_x = (box.x1 - box.x0) * c->factor / c->range,
              size_y = (box.y1 - box.y0) * c->factor / c->range;
  const float step_x = 2 / (c->width - 1), step_y = 2 / (c->height - 1);
  const float half_x = (c->in_width - 1) / 2, half_y = (c->in_height - 1) / 2;
  m[0] = half_x * cosine * size_x * step_x;
  m[1] = half_x * -sine * size_y * step_y;
  m[3] = half_x * (centre_x + 1 - cosine * size_x + sine * size_y);
  m[4] = half_y * sine * size_x * step_x;
  m[5] = half_y * cosine * size_y * step_y;
  m[7] = half_y * (centre_y + 1 - sine * size_x - cosine * size_y);
  m[10] = m[15] = 1;
}

static lrt_status crop_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const crop_params *c = step->params;
  float *m = step->outputs[0]->data;
  (void)run;
  (void)begin;
  (void)end;
  memset(m, 0, MATRIX_SIZE * sizeof *m);
  if (c->first_version)
    crop_matrix_1(c, step->inputs[0]->data, m);
  else
    crop_matrix(c, step->inputs[0]->data, m);
  return LRT_OK;
}

/* Two whole numbers, height and width. */
static lrt_status read_size(lrt_prepare *p, lrt_flex map, const char *key, float *height, float *width) {
  const lrt_flex list = lrt_flex_find(map, key);
  const int64_t h = lrt_flex_int(lrt_flex_at(list, 0), 0), w = lrt_flex_int(lrt_flex_at(list, 1), 0);
  if (h < 1 || w < 1 || h > 1 << 24 || w > 1 << 24)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the option %s is no height and width", key);
  *height = (float)h;
  *width = (float)w;
  return LRT_OK;
}

static lrt_status read_subset(lrt_prepare *p, lrt_flex list, int64_t points, crop_params *c) {
  const size_t count = lrt_flex_size(list);
  if (count < 1 || count > 1 << 20)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "lacks a list of landmarks in its options");
  c->subset = lrt_prepare_params(p, count * sizeof *c->subset);
  if (c->subset == NULL) return lrt_prepare_no_memory(p);
  c->count = (int32_t)count;
  for (size_t i = 0; i < count; i++) {
    const int64_t point = lrt_flex_int(lrt_flex_at(list, i), -1);
    if (point < 0 || point >= points)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "names landmark %lld of %lld", (long long)point,
                              (long long)points);
    c->subset[i] = (int32_t)point;
  }
  return LRT_OK;
}

static lrt_status read_version_1(lrt_prepare *p, lrt_flex map, crop_params *c) {
  int32_t range = 0, dimensions = 0;
  LRT_TRY(lrt_custom_integer(p, map, "dimensions", 0, 3, 3, &dimensions));
  LRT_TRY(lrt_custom_integer(p, map, "landmarks_range", 0, 1, INT32_MAX, &range));
  LRT_TRY(lrt_custom_float(p, map, "bbox_size_multiplier", 0, &c->factor));
  LRT_TRY(read_size(p, map, "input_hw", &c->in_height, &c->in_width));
  c->range = (float)range;
  return read_size(p, map, "output_hw", &c->height, &c->width);
}

static lrt_status read_version_2(lrt_prepare *p, lrt_flex map, crop_params *c) {
  int32_t height = 0, width = 0;
  LRT_TRY(lrt_custom_float(p, map, "target_rotation_radians", 0, &c->target));
  LRT_TRY(lrt_custom_integer(p, map, "output_height", 0, 1, 1 << 24, &height));
  LRT_TRY(lrt_custom_integer(p, map, "output_width", 0, 1, 1 << 24, &width));
  LRT_TRY(lrt_custom_float(p, map, "scale_x", 0, &c->scale_x));
  LRT_TRY(lrt_custom_float(p, map, "scale_y", 0, &c->scale_y));
  c->height = (float)height;
  c->width = (float)width;
  return LRT_OK;
}

static lrt_status prepare_crop(lrt_prepare *p) {
  static const lrt_shape shape = {3, {1, 4, 4}};
  lrt_flex map;
  LRT_TRY(check_floats(p, 1));
  LRT_TRY(lrt_custom_map(p, &map));
  crop_params *c = lrt_prepare_params(p, sizeof *c);
  if (c == NULL) return lrt_prepare_no_memory(p);
  const int64_t points = lrt_shape_count(&p->inputs[0]->shape) / 3;
  const int32_t last = points > INT32_MAX ? INT32_MAX : (int32_t)points - 1;
  c->first_version = p->node->version < 2;
  LRT_TRY(lrt_custom_integer(p, map, "left_rotation_idx", 0, 0, last, &c->left));
  LRT_TRY(lrt_custom_integer(p, map, "right_rotation_idx", 0, 0, last, &c->right));
  LRT_TRY(c->first_version ? read_version_1(p, map, c) : read_version_2(p, map, c));
  LRT_TRY(read_subset(p, lrt_flex_find(map, c->first_version ? "subset" : "subset_idxs"), points, c));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, crop_step, c, 1, 0, "landmark_crop");
}

const lrt_op lrt_op_landmarks_to_matrix = {prepare_crop, false, 0, false};

/* ---- TransformLandmarks ---- */

typedef struct points_params {
  int64_t count;
  int32_t dimensions; /* 2 or 3; z is left alone */
  float shift_scale;  /* factor of the matrix's last column */
} points_params;

static lrt_status points_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const points_params *params = step->params;
  const float *in = step->inputs[0]->data, *m = step->inputs[1]->data;
  float *out = step->outputs[0]->data;
  (void)run;
  (void)begin;
  (void)end;
  for (int64_t i = 0; i < params->count; i++, in += params->dimensions, out += params->dimensions) {
    const float x = in[0], y = in[1];
    out[0] = m[0] * x + m[1] * y + m[3] * params->shift_scale;
    out[1] = m[4] * x + m[5] * y + m[7] * params->shift_scale;
    if (params->dimensions == 3) out[2] = in[2];
  }
  return LRT_OK;
}

static lrt_status prepare_points(lrt_prepare *p) {
  lrt_flex map;
  LRT_TRY(check_floats(p, 2));
  points_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *shape = &p->inputs[0]->shape;
  params->shift_scale = 1;
  if (shape->rank < 1) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has no points");
  params->dimensions = shape->dims[shape->rank - 1];
  if (p->node->version < 2) {
    LRT_TRY(lrt_custom_map(p, &map));
    LRT_TRY(lrt_custom_integer(p, map, "dimensions", 3, 2, 3, &params->dimensions));
    LRT_TRY(lrt_custom_float(p, map, "scale", 1, &params->shift_scale));
  }
  if ((params->dimensions != 2 && params->dimensions != 3) ||
      shape->dims[shape->rank - 1] % params->dimensions != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "points of %d dimensions do not fit the input",
                            params->dimensions);
  params->count = lrt_shape_count(shape) / params->dimensions;
  LRT_TRY(lrt_prepare_shape(p, 0, shape));
  return lrt_prepare_step(p, points_step, params, 1, 0, "transform_points");
}

const lrt_op lrt_op_transform_landmarks = {prepare_points, false, 1, false};

/* ---- TransformTensorBilinear, TransformTensor ---- */

typedef struct warp_params {
  int32_t height, width, channels, out_height, out_width;
  bool half_pixels; /* pixel centres lie at .5 */
} warp_params;

static float pixel_at(const warp_params *w, const float *in, int64_t y, int64_t x, int64_t c) {
  return y >= w->height || x >= w->width ? 0 : in[(y * w->width + x) * w->channels + c];
}

/* Bilinear mixture at (x, y); 0 outside [0, width - 1] x [0, height - 1]. */
static void sample(const warp_params *w, const float *in, float x, float y, float *out) {
  if (!(x >= 0 && y >= 0 && x <= (float)(w->width - 1) && y <= (float)(w->height - 1))) {
    memset(out, 0, (size_t)w->channels * sizeof *out);
    return;
  }
  const int64_t left = (int64_t)x, top = (int64_t)y;
  const double right_share = (double)(x - (float)left), lower_share = (double)(y - (float)top);
  for (int64_t c = 0; c < w->channels; c++) {
    const float upper = (float)((1 - right_share) * (double)pixel_at(w, in, top, left, c) +
                                right_share * (double)pixel_at(w, in, top, left + 1, c));
    const float lower = (float)((1 - right_share) * (double)pixel_at(w, in, top + 1, left, c) +
                                right_share * (double)pixel_at(w, in, top + 1, left + 1, c));
    out[c] = (float)(lower_share * (double)lower + (1 - lower_share) * (double)upper);
  }
}

/* Units are output rows. */
static lrt_status warp_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const warp_params *w = step->params;
  const float *m = step->inputs[1]->data;
  const float half = w->half_pixels ? 0.5f : 0;
  const float shift_x = m[3] + (m[0] * half + m[1] * half - half);
  const float shift_y = m[7] + (m[4] * half + m[5] * half - half);
  (void)run;
  for (int64_t y = begin; y < end; y++) {
    float *out = (float *)step->outputs[0]->data + y * w->out_width * w->channels;
    for (int64_t x = 0; x < w->out_width; x++, out += w->channels)
      sample(w, step->inputs[0]->data, m[0] * (float)x + m[1] * (float)y + shift_x,
             m[4] * (float)x + m[5] * (float)y + shift_y, out);
  }
  return LRT_OK;
}

static lrt_status prepare_warp(lrt_prepare *p, bool half_pixels) {
  float height = 0, width = 0;
  lrt_flex map;
  LRT_TRY(check_floats(p, 2));
  LRT_TRY(lrt_moved_rank(p, 0, 4));
  LRT_TRY(lrt_custom_map(p, &map));
  warp_params *w = lrt_prepare_params(p, sizeof *w);
  if (w == NULL) return lrt_prepare_no_memory(p);
  const lrt_shape *in = &p->inputs[0]->shape;
  *w = (warp_params){in->dims[1], in->dims[2], in->dims[3], 0, 0, half_pixels};
  if (half_pixels) {
    LRT_TRY(lrt_custom_integer(p, map, "output_height", 0, 1, 1 << 24, &w->out_height));
    LRT_TRY(lrt_custom_integer(p, map, "output_width", 0, 1, 1 << 24, &w->out_width));
  } else {
    LRT_TRY(read_size(p, map, "output_size", &height, &width));
    w->out_height = (int32_t)height;
    w->out_width = (int32_t)width;
  }
  if (in->dims[0] != 1)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "%d pictures with one matrix", in->dims[0]);
  const lrt_shape shape = {4, {1, w->out_height, w->out_width, w->channels}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, warp_step, w, w->out_height, 0, "warp_bilinear");
}

static lrt_status prepare_bilinear(lrt_prepare *p) {
  return prepare_warp(p, true);
}
static lrt_status prepare_tensor(lrt_prepare *p) {
  return prepare_warp(p, false);
}

const lrt_op lrt_op_transform_bilinear = {prepare_bilinear, false, 0, false};
const lrt_op lrt_op_transform_tensor = {prepare_tensor, false, 0, false};
