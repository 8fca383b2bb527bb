/* non_max_suppression.c: NON_MAX_SUPPRESSION_V4 and _V5: boxes in falling score, those that overlap left out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "ops/movement.h"

/* A box that may still be chosen. */
typedef struct candidate {
  int32_t box;
  float score;
  int32_t compared; /* chosen boxes it was compared with */
} candidate;

typedef struct nms_params {
  int32_t boxes, limit;
  bool soft;
  lrt_value *heap; /* candidate [boxes] */
} nms_params;

/* The heap of the C++ standard libraries, step by step: which of several boxes with one score comes first depends on how
 * it moves them, and results must be the same. */
static void rise(candidate *heap, int64_t hole, candidate c) {
  for (; hole > 0 && heap[(hole - 1) / 2].score < c.score; hole = (hole - 1) / 2)
    heap[hole] = heap[(hole - 1) / 2];
  heap[hole] = c;
}

static void push(candidate *heap, int32_t *count, candidate c) {
  rise(heap, (*count)++, c);
}

/* The hole at the top sinks to the bottom along the larger children; the last element rises from there. */
static candidate pop(candidate *heap, int32_t *count) {
  const candidate top = heap[0], last = heap[--*count];
  int64_t hole = 0;
  for (int64_t child = 2; child <= *count; child = 2 * hole + 2) {
    if (child == *count || heap[child].score < heap[child - 1].score) child--;
    heap[hole] = heap[child];
    hole = child;
  }
  if (*count > 0) rise(heap, hole, last);
  return top;
}

/* Corners [y1][x1][y2][x2] in any order. */
static float overlap(const float *a, const float *b) {
  const float ay0 = fminf(a[0], a[2]), ay1 = fmaxf(a[0], a[2]), ax0 = fminf(a[1], a[3]),
              ax1 = fmaxf(a[1], a[3]);
  const float by0 = fminf(b[0], b[2]), by1 = fmaxf(b[0], b[2]), bx0 = fminf(b[1], b[3]),
              bx1 = fmaxf(b[1], b[3]);
  const float area_a = (ay1 - ay0) * (ax1 - ax0), area_b = (by1 - by0) * (bx1 - bx0);
  if (area_a <= 0 || area_b <= 0) return 0;
  const float common =
      fmaxf(fminf(ay1, by1) - fmaxf(ay0, by0), 0.0f) * fmaxf(fminf(ax1, bx1) - fmaxf(ax0, bx0), 0.0f);
  return common / (area_a + area_b - common);
}

typedef struct nms_limits {
  float overlap, score, sigma;
} nms_limits;

/* Lowers a candidate's score by the boxes chosen since it was last looked at; false: an overlap rules it out. */
static bool survives(const float *boxes, const nms_limits *limits, candidate *c, const int32_t *chosen,
                     int32_t count) {
  for (int32_t j = count - 1; j >= c->compared; j--) {
    const float share = overlap(boxes + 4 * (int64_t)c->box, boxes + 4 * (int64_t)chosen[j]);
    if (share >= limits->overlap) return false;
    if (limits->sigma > 0) c->score *= expf(-0.5f / limits->sigma * share * share);
    if (c->score <= limits->score) break;
  }
  c->compared = count;
  return true;
}

static lrt_status choose(const lrt_step *step, const lrt_step_run *run, const nms_limits *limits,
                         int32_t *count_out) {
  const nms_params *params = step->params;
  const float *boxes = step->inputs[0]->data, *scores = step->inputs[1]->data;
  int32_t *chosen = step->outputs[0]->data;
  float *chosen_scores = params->soft ? step->outputs[1]->data : NULL;
  candidate *heap = params->heap->data;
  int32_t left = 0, count = 0;
  for (int32_t i = 0; i < params->boxes; i++)
    if (scores[i] > limits->score) push(heap, &left, (candidate){i, scores[i], 0});
  while (left > 0 && count < params->limit) {
    LRT_TRY(lrt_step_check(run));
    candidate c = pop(heap, &left);
    const float score = c.score;
    if (!survives(boxes, limits, &c, chosen, count)) continue;
    if (c.score == score) {
      if (chosen_scores != NULL) chosen_scores[count] = c.score;
      chosen[count++] = c.box;
    }
    /* A chosen box comes back once and is then ruled out by itself: only so do equals keep the reference's order. */
    if (c.score > limits->score) push(heap, &left, c);
  }
  *count_out = count;
  return LRT_OK;
}

static float number_of(const lrt_step *step, int input) {
  return *(const float *)step->inputs[input]->data;
}

static lrt_status nms_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const nms_params *params = step->params;
  const nms_limits limits = {number_of(step, 3), number_of(step, 4),
                             params->soft ? number_of(step, 5) : 0.0f};
  lrt_value *indices = step->outputs[0], *scores = params->soft ? step->outputs[1] : NULL;
  (void)begin;
  (void)end;
  if (limits.sigma < 0)
    return lrt_fail(run->err, LRT_RUN_FAILED, "NON_MAX_SUPPRESSION_V5: sigma is negative");
  if (indices->bytes > 0) memset(indices->data, 0, indices->bytes);
  if (scores != NULL && scores->bytes > 0) memset(scores->data, 0, scores->bytes);
  int32_t count = 0;
  LRT_TRY(choose(step, run, &limits, &count));
  memcpy(step->outputs[params->soft ? 2 : 1]->data, &count, sizeof count);
  return LRT_OK;
}

static lrt_status check(lrt_prepare *p, bool soft) {
  static const int real[] = {LRT_FLOAT32, -1};
  const int inputs = soft ? 6 : 5, last = soft ? 2 : 1;
  LRT_TRY(lrt_prepare_arity(p, inputs, inputs, last + 1));
  for (int i = 0; i < inputs; i++) {
    if (i != 2) LRT_TRY(lrt_prepare_types(p, i, real));
    if (i > 1 && lrt_shape_count(&p->inputs[i]->shape) != 1)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d must be one number", i);
  }
  const lrt_shape *boxes = &p->inputs[0]->shape, *scores = &p->inputs[1]->shape;
  if (boxes->rank != 2 || boxes->dims[1] != 4 || scores->rank != 1 || scores->dims[0] != boxes->dims[0])
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "boxes must be [n,4] and scores [n]");
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_INT32));
  if (soft) LRT_TRY(lrt_moved_output_type(p, 1, LRT_FLOAT32));
  return lrt_moved_output_type(p, last, LRT_INT32);
}

static lrt_status prepare(lrt_prepare *p) {
  const bool soft = p->node->code == LRT_OP_NON_MAX_SUPPRESSION_V5;
  const lrt_shape scalar = {0, {0}};
  int64_t limit;
  LRT_TRY(check(p, soft));
  LRT_TRY(lrt_moved_integer(p, 2, &limit));
  if (limit < 0 || limit > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%lld boxes cannot be chosen", (long long)limit);
  const lrt_shape shape = {1, {(int32_t)limit}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  if (soft) LRT_TRY(lrt_prepare_shape(p, 1, &shape));
  LRT_TRY(lrt_prepare_shape(p, soft ? 2 : 1, &scalar));
  nms_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params = (nms_params){p->inputs[0]->shape.dims[0], (int32_t)limit, soft, NULL};
  params->heap = lrt_prepare_temp(p, (size_t)params->boxes * sizeof(candidate));
  if (params->heap == NULL) return lrt_prepare_no_memory(p);
  return lrt_prepare_step(p, nms_step, params, 1, 0, "non_max_suppression");
}

const lrt_op lrt_op_non_max_suppression = {prepare, false, 0, false};
