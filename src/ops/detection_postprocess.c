/* detection_postprocess.c: TFLite_Detection_PostProcess: boxes decoded around anchors, the best ones without overlap. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "ops/custom_options.h"
#include "ops/movement.h"

#define DETECTIONS_PER_CLASS 100 /* where the options do not say */

typedef struct detection {
  float score;
  int32_t box, label;
} detection;

typedef struct detect_params {
  int32_t boxes, columns, classes; /* columns: classes, and perhaps the background before them */
  int32_t box_size;                /* numbers per box encoding, at least 4 */
  int32_t most, per_box, per_class;
  bool regular;
  float score_threshold, overlap_threshold;
  float scale[4];     /* y x h w */
  lrt_value *corners; /* f32 [boxes][4] ymin xmin ymax xmax */
  lrt_value *order;   /* detection [2][boxes], to sort */
  lrt_value *alive;   /* uint8 [boxes] */
  lrt_value *labels;  /* int32 [boxes][per_box] best classes of a box */
  lrt_value *kept;    /* detection [most + per_class], regular: best of the classes so far */
  lrt_value *merged;  /* the same size */
} detect_params;

/* Element i of a float or quantized uint8 tensor. */
static float number_at(const lrt_value *value, int64_t i) {
  if (value->type == LRT_FLOAT32) return ((const float *)value->data)[i];
  return ((float)((const uint8_t *)value->data)[i] - (float)lrt_value_zero_point(value)) *
         lrt_value_scale(value);
}

/* Centre and size relative to the anchor [y x h w] become corners. Computed in double and rounded where the field's
 * runtime does it. */
static void decode(const detect_params *d, const lrt_value *boxes, const lrt_value *anchors) {
  float *out = d->corners->data;
  for (int64_t i = 0; i < d->boxes; i++, out += 4) {
    double part[4], anchor[4];
    for (int k = 0; k < 4; k++) {
      part[k] = (double)number_at(boxes, i * d->box_size + k) / (double)d->scale[k];
      anchor[k] = (double)number_at(anchors, i * 4 + k);
    }
    const float y = (float)(part[0] * anchor[2] + anchor[0]), x = (float)(part[1] * anchor[3] + anchor[1]);
    const float half_h = (float)(0.5 * exp(part[2]) * anchor[2]);
    const float half_w = (float)(0.5 * exp(part[3]) * anchor[3]);
    out[0] = y - half_h;
    out[1] = x - half_w;
    out[2] = y + half_h;
    out[3] = x + half_w;
  }
}

static float overlap(const float *a, const float *b) {
  const float area_a = (a[2] - a[0]) * (a[3] - a[1]), area_b = (b[2] - b[0]) * (b[3] - b[1]);
  if (area_a <= 0 || area_b <= 0) return 0;
  const float height = fminf(a[2], b[2]) - fmaxf(a[0], b[0]), width = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
  const float common = fmaxf(height, 0) * fmaxf(width, 0);
  return common / (area_a + area_b - common);
}

/* Merges two runs that fall in score; of equals, those of `a` come first. */
static void merge(const detection *a, int32_t count_a, const detection *b, int32_t count_b, detection *out) {
  while (count_a > 0 || count_b > 0) {
    if (count_b == 0 || (count_a > 0 && !(b->score > a->score))) {
      *out++ = *a++;
      count_a--;
    } else {
      *out++ = *b++;
      count_b--;
    }
  }
}

/* Stable, falling in score; `spare` is as long. Returns the one of both that holds the result. */
static detection *sort(detection *list, detection *spare, int32_t count) {
  for (int64_t run = 1; run < count; run *= 2) {
    for (int64_t from = 0; from < count; from += 2 * run) {
      const int64_t middle = from + run < count ? from + run : count;
      const int64_t to = from + 2 * run < count ? from + 2 * run : count;
      merge(list + from, (int32_t)(middle - from), list + middle, (int32_t)(to - middle), spare + from);
    }
    detection *const t = list;
    list = spare;
    spare = t;
  }
  return list;
}

/* Sorts the first `count` candidates and keeps up to `most` whose boxes do not overlap one of higher score too much;
 * writes them to `out` and their number to *kept. */
static lrt_status suppress(const detect_params *d, const lrt_step_run *run, int32_t count, int32_t most,
                           detection *out, int32_t *kept) {
  const float *corners = d->corners->data;
  uint8_t *alive = d->alive->data;
  const detection *list = sort(d->order->data, (detection *)d->order->data + d->boxes, count);
  int32_t found = 0;
  if (count > 0) memset(alive, 1, (size_t)count);
  for (int32_t i = 0; i < count && found < most; i++) {
    if (!alive[i]) continue;
    LRT_TRY(lrt_step_check(run));
    out[found++] = list[i];
    for (int32_t j = i + 1; j < count; j++)
      if (alive[j] && overlap(corners + 4 * (int64_t)list[i].box, corners + 4 * (int64_t)list[j].box) >
                          d->overlap_threshold)
        alive[j] = 0;
  }
  *kept = found;
  return LRT_OK;
}

static lrt_status check_boxes(const detect_params *d, lrt_error *err) {
  const float *box = d->corners->data;
  for (int32_t i = 0; i < d->boxes; i++, box += 4)
    if (box[0] > box[2] || box[1] > box[3])
      return lrt_fail(err, LRT_RUN_FAILED, "TFLite_Detection_PostProcess: box %d has a negative size", i);
  return LRT_OK;
}

static void put(const lrt_step *step, const detect_params *d, int64_t at, const detection *found) {
  memcpy((float *)step->outputs[0]->data + at * 4, (const float *)d->corners->data + 4 * (int64_t)found->box,
         4 * sizeof(float));
  ((float *)step->outputs[1]->data)[at] = (float)found->label;
  ((float *)step->outputs[2]->data)[at] = found->score;
}

static float score_of(const lrt_step *step, const detect_params *d, int32_t box, int32_t label) {
  return number_at(step->inputs[1], (int64_t)box * d->columns + (d->columns - d->classes) + label);
}

/* The box's best classes, falling in score; the lower class first among equals. */
static void best_labels(const lrt_step *step, const detect_params *d, int32_t box, int32_t *labels) {
  int32_t count = 0;
  for (int32_t label = 0; label < d->classes; label++) {
    const float score = score_of(step, d, box, label);
    int32_t at = count;
    for (; at > 0 && score > score_of(step, d, box, labels[at - 1]); at--) {
    }
    if (at >= d->per_box) continue;
    if (count < d->per_box) count++;
    memmove(labels + at + 1, labels + at, (size_t)(count - at - 1) * sizeof *labels);
    labels[at] = label;
  }
}

/* Each box takes part once, with its best class. */
static lrt_status detect_fast(const lrt_step *step, const lrt_step_run *run, int32_t *found) {
  const detect_params *d = step->params;
  int32_t *labels = d->labels->data;
  detection *list = d->order->data, *kept = d->kept->data;
  const int64_t room = lrt_shape_count(&step->outputs[1]->shape) / d->most;
  int32_t count = 0;
  for (int32_t box = 0; box < d->boxes; box++) {
    if (box % 64 == 63) LRT_TRY(lrt_step_check(run));
    best_labels(step, d, box, labels + (int64_t)box * d->per_box);
    const float score = score_of(step, d, box, labels[(int64_t)box * d->per_box]);
    if (score >= d->score_threshold) list[count++] = (detection){score, box, 0};
  }
  LRT_TRY(suppress(d, run, count, d->most, kept, found));
  for (int32_t i = 0; i < *found; i++) {
    for (int32_t k = 0; k < d->per_box; k++) {
      detection one = kept[i];
      one.label = labels[(int64_t)one.box * d->per_box + k];
      one.score = score_of(step, d, one.box, one.label);
      put(step, d, i * room + k, &one);
    }
  }
  return LRT_OK;
}

/* Each class chooses its boxes, then the best of all classes are kept. */
static lrt_status detect_regular(const lrt_step *step, const lrt_step_run *run, int32_t *found) {
  const detect_params *d = step->params;
  detection *kept = d->kept->data, *merged = d->merged->data, *list = d->order->data;
  for (int32_t label = 0; label < d->classes; label++) {
    int32_t count = 0;
    for (int32_t box = 0; box < d->boxes; box++) {
      const float score = score_of(step, d, box, label);
      if (score >= d->score_threshold) list[count++] = (detection){score, box, label};
    }
    int32_t added = 0;
    LRT_TRY(suppress(d, run, count, d->per_class, kept + *found, &added));
    merge(kept, *found, kept + *found, added, merged);
    *found = *found + added < d->most ? *found + added : d->most;
    memcpy(kept, merged, (size_t)*found * sizeof *kept);
  }
  for (int32_t i = 0; i < *found; i++) put(step, d, i, &kept[i]);
  return LRT_OK;
}

static lrt_status detect_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const detect_params *d = step->params;
  (void)begin;
  (void)end;
  for (int i = 0; i < 3; i++)
    if (step->outputs[i]->bytes > 0) memset(step->outputs[i]->data, 0, step->outputs[i]->bytes);
  decode(d, step->inputs[0], step->inputs[2]);
  LRT_TRY(check_boxes(d, run->err));
  int32_t found = 0;
  if (d->most > 0) LRT_TRY(d->regular ? detect_regular(step, run, &found) : detect_fast(step, run, &found));
  *(float *)step->outputs[3]->data = (float)found;
  return LRT_OK;
}

static lrt_status read_options(lrt_prepare *p, detect_params *d, int32_t *max_classes) {
  static const char *const scales[4] = {"y_scale", "x_scale", "h_scale", "w_scale"};
  lrt_flex map;
  LRT_TRY(lrt_custom_map(p, &map));
  LRT_TRY(lrt_custom_integer(p, map, "max_detections", 0, 0, INT32_MAX / 8, &d->most));
  LRT_TRY(lrt_custom_integer(p, map, "max_classes_per_detection", 0, 1, INT32_MAX, max_classes));
  LRT_TRY(
      lrt_custom_integer(p, map, "detections_per_class", DETECTIONS_PER_CLASS, 1, INT32_MAX, &d->per_class));
  LRT_TRY(lrt_custom_integer(p, map, "num_classes", 0, 1, INT32_MAX, &d->classes));
  LRT_TRY(lrt_custom_float(p, map, "nms_score_threshold", 0, &d->score_threshold));
  LRT_TRY(lrt_custom_float(p, map, "nms_iou_threshold", 0, &d->overlap_threshold));
  for (int k = 0; k < 4; k++) LRT_TRY(lrt_custom_float(p, map, scales[k], 0, &d->scale[k]));
  d->regular = lrt_flex_bool(lrt_flex_find(map, "use_regular_nms"), false);
  if (!(d->overlap_threshold > 0 && d->overlap_threshold <= 1))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the option nms_iou_threshold is %g, possible are (0, 1]",
                            (double)d->overlap_threshold);
  return LRT_OK;
}

static lrt_status check_inputs(lrt_prepare *p, const detect_params *d) {
  static const int types[] = {LRT_FLOAT32, LRT_UINT8, -1};
  for (int i = 0; i < 3; i++) {
    LRT_TRY(lrt_prepare_types(p, i, types));
    LRT_TRY(lrt_moved_rank(p, i, i < 2 ? 3 : 2));
    if (p->inputs[i]->type == LRT_UINT8) LRT_TRY(lrt_prepare_quantized(p, p->inputs[i]));
  }
  const lrt_shape *boxes = &p->inputs[0]->shape, *scores = &p->inputs[1]->shape,
                  *anchors = &p->inputs[2]->shape;
  LRT_TRY(lrt_prepare_same_type(p, p->inputs[0], p->inputs[2]));
  if (boxes->dims[0] != 1 || scores->dims[0] != 1 || boxes->dims[2] < 4 || anchors->dims[1] != 4 ||
      boxes->dims[1] != scores->dims[1] || boxes->dims[1] != anchors->dims[0])
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "boxes, scores and anchors do not fit each other");
  if (scores->dims[2] != d->classes && scores->dims[2] - 1 != d->classes)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%d scores per box do not fit %d classes", scores->dims[2],
                            d->classes);
  return LRT_OK;
}

static lrt_status declare_outputs(lrt_prepare *p, int64_t count) {
  if (count > INT32_MAX) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the outputs are too large");
  const lrt_shape shapes[4] = {
      {3, {1, (int32_t)count, 4}}, {2, {1, (int32_t)count}}, {2, {1, (int32_t)count}}, {1, {1}}};
  for (int i = 0; i < 4; i++) {
    LRT_TRY(lrt_moved_output_type(p, i, LRT_FLOAT32));
    LRT_TRY(lrt_prepare_shape(p, i, &shapes[i]));
  }
  return LRT_OK;
}

/* The outputs hold as many boxes as the options say; no more than there are can ever be found. */
static lrt_status prepare_room(lrt_prepare *p, detect_params *d) {
  const int64_t boxes = d->boxes, kept = (int64_t)d->most + d->per_class;
  d->corners = lrt_prepare_temp(p, (size_t)boxes * 4 * sizeof(float));
  d->order = lrt_prepare_temp(p, (size_t)boxes * 2 * sizeof(detection));
  d->alive = lrt_prepare_temp(p, (size_t)boxes);
  d->labels = lrt_prepare_temp(p, d->regular ? 0 : (size_t)boxes * (size_t)d->per_box * sizeof(int32_t));
  d->kept = lrt_prepare_temp(p, (size_t)kept * sizeof(detection));
  d->merged = lrt_prepare_temp(p, d->regular ? (size_t)kept * sizeof(detection) : 0);
  return d->corners == NULL || d->order == NULL || d->alive == NULL || d->labels == NULL || d->kept == NULL ||
                 d->merged == NULL
             ? lrt_prepare_no_memory(p)
             : LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  int32_t max_classes = 0;
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 4));
  detect_params *d = lrt_prepare_params(p, sizeof *d);
  if (d == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(read_options(p, d, &max_classes));
  LRT_TRY(check_inputs(p, d));
  LRT_TRY(declare_outputs(p, (int64_t)d->most * max_classes));
  d->boxes = p->inputs[0]->shape.dims[1];
  d->box_size = p->inputs[0]->shape.dims[2];
  d->columns = p->inputs[1]->shape.dims[2];
  d->per_box = max_classes < d->classes ? max_classes : d->classes;
  if (d->per_class > d->most) d->per_class = d->most;
  if (d->per_class > d->boxes) d->per_class = d->boxes;
  LRT_TRY(prepare_room(p, d));
  return lrt_prepare_step(p, detect_step, d, 1, 0, d->regular ? "detect_regular" : "detect_fast");
}

const lrt_op lrt_op_detection_postprocess = {prepare, false, 0, false};
