/* sample.c: penalties, temperature, top-k, top-p, min-p, a draw; the vocabulary is never sorted as a whole. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "llm/sample.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"

/* Tokens whose weight exp(-MAX_FALL) is below half a unit in the last place of any sum of doubles. */
#define MAX_FALL 40.0f

/* ---- arguments ---- */

static bool is_at_least(float value, float least) {
  return value >= least && value <= 1e30f; /* NaN and infinities are not */
}

lrt_status lrt_llm_sampling_check(const lrt_sampling *s, int32_t vocabulary, lrt_error *err) {
  const char *name = NULL;
  float value = 0;
  if (!is_at_least(s->temperature, 0)) name = "temperature", value = s->temperature;
  if (!is_at_least(s->top_p, 0)) name = "top_p", value = s->top_p;
  if (!is_at_least(s->min_p, 0) || s->min_p > 1) name = "min_p", value = s->min_p;
  if (!is_at_least(s->repetition_penalty, 0)) name = "repetition_penalty", value = s->repetition_penalty;
  if (!is_at_least(s->presence_penalty, -1e30f)) name = "presence_penalty", value = s->presence_penalty;
  if (!is_at_least(s->frequency_penalty, -1e30f)) name = "frequency_penalty", value = s->frequency_penalty;
  if (s->top_k < 0) name = "top_k", value = (float)s->top_k;
  if (s->penalty_window < 0) name = "penalty_window", value = (float)s->penalty_window;
  if (name != NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "%s cannot be %g", name, (double)value);
  if ((s->bias_count > 0 && s->bias == NULL) || (s->suppress_count > 0 && s->suppress == NULL))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "the list of biased or suppressed tokens is missing");
  for (size_t i = 0; i < s->bias_count; i++)
    if (s->bias[i].id < 0 || s->bias[i].id >= vocabulary || s->bias[i].bias != s->bias[i].bias ||
        s->bias[i].bias > 1e30f)
      return lrt_fail(err, LRT_INVALID_ARGUMENT, "a bias of %g for token %d is not possible, ids go to %d",
                      (double)s->bias[i].bias, s->bias[i].id, vocabulary - 1);
  for (size_t i = 0; i < s->suppress_count; i++)
    if (s->suppress[i] < 0 || s->suppress[i] >= vocabulary)
      return lrt_fail(err, LRT_INVALID_ARGUMENT, "token %d cannot be suppressed, ids go to %d",
                      s->suppress[i], vocabulary - 1);
  return LRT_OK;
}

double lrt_llm_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return (double)(z >> 11) * 0x1p-53;
}

/* ---- bending the logits ---- */

static bool bends(const lrt_sampling *s) {
  return s->bias_count > 0 || s->suppress_count > 0 ||
         (s->repetition_penalty != 0 && s->repetition_penalty != 1.0f) || s->presence_penalty != 0 ||
         s->frequency_penalty != 0;
}

/* Marks a token; false where it was marked before. */
static bool mark(uint8_t *marks, int32_t id) {
  const uint8_t bit = (uint8_t)(1u << (id & 7));
  if (marks[id >> 3] & bit) return false;
  marks[id >> 3] |= bit;
  return true;
}

static void penalize_repetition(const lrt_llm_choice *c, uint8_t *marks) {
  const float r = c->sampling->repetition_penalty;
  const size_t window = (size_t)c->sampling->penalty_window;
  const size_t first = window > 0 && window < c->text_count ? c->text_count - window : 0;
  if (r == 0 || r == 1.0f) return;
  for (size_t i = first; i < c->text_count; i++) {
    const int32_t id = c->text[i];
    if (mark(marks, id)) c->work[id] = c->work[id] > 0 ? c->work[id] / r : c->work[id] * r;
  }
}

static void penalize_presence(const lrt_llm_choice *c, uint8_t *marks) {
  for (size_t i = c->text_count - c->answer_count; i < c->text_count; i++) {
    const int32_t id = c->text[i];
    c->work[id] -= c->sampling->frequency_penalty;
    if (mark(marks, id)) c->work[id] -= c->sampling->presence_penalty;
  }
}

static lrt_status bend(const lrt_llm_choice *c, lrt_error *err) {
  const lrt_sampling *s = c->sampling;
  const size_t bytes = (size_t)c->vocabulary / 8 + 1;
  uint8_t *marks = lrt_alloc_zero(c->alloc, bytes);
  if (marks == NULL) return lrt_alloc_fail(err, c->alloc, bytes, "the penalties of a token");
  memcpy(c->work, c->logits, (size_t)c->vocabulary * sizeof *c->work);
  for (size_t i = 0; i < s->bias_count; i++) c->work[s->bias[i].id] += s->bias[i].bias;
  penalize_repetition(c, marks);
  memset(marks, 0, bytes);
  penalize_presence(c, marks);
  for (size_t i = 0; i < s->suppress_count; i++) c->work[s->suppress[i]] = -INFINITY;
  lrt_alloc_free(marks);
  return LRT_OK;
}

/* ---- choosing ---- */

/* Index of the largest, of equals the lowest; -1 where one is NaN or none is above -infinity. */
static int32_t find_largest(const float *logits, int32_t count) {
  int32_t best = 0;
  bool broken = false;
  for (int32_t i = 0; i < count; i++) {
    broken |= logits[i] != logits[i];
    if (logits[i] > logits[best]) best = i;
  }
  return broken || !(logits[best] > -INFINITY) ? -1 : best;
}

/* a goes before b: larger, or equal with a lower id. */
static bool before(const lrt_token_logprob *a, const lrt_token_logprob *b) {
  return a->logprob > b->logprob || (a->logprob == b->logprob && a->id < b->id);
}

/* A heap whose root goes last (`last_first`) or first of all. */
static void sift(lrt_token_logprob *heap, size_t count, size_t at, bool last_first) {
  for (;;) {
    size_t top = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
      if (before(&heap[child], &heap[top]) != last_first) top = child;
    if (top == at) return;
    const lrt_token_logprob swapped = heap[at];
    heap[at] = heap[top];
    heap[top] = swapped;
    at = top;
  }
}

static void make_heap(lrt_token_logprob *heap, size_t count, bool last_first) {
  for (size_t i = count / 2; i-- > 0;) sift(heap, count, i, last_first);
}

/* Moves the root behind the heap, which is one shorter then. */
static void pop(lrt_token_logprob *heap, size_t count, bool last_first) {
  const lrt_token_logprob root = heap[0];
  heap[0] = heap[count - 1];
  heap[count - 1] = root;
  sift(heap, count - 1, 0, last_first);
}

void lrt_llm_largest(const float *logits, int32_t count, int32_t wanted, lrt_token_logprob *out) {
  if (wanted <= 0) return;
  for (int32_t i = 0; i < wanted; i++) out[i] = (lrt_token_logprob){i, logits[i]};
  make_heap(out, (size_t)wanted, true);
  for (int32_t i = wanted; i < count; i++) {
    if (!(logits[i] > out[0].logprob)) continue;
    out[0] = (lrt_token_logprob){i, logits[i]};
    sift(out, (size_t)wanted, 0, true);
  }
  for (size_t left = (size_t)wanted; left > 1; left--) pop(out, left, true);
}

/* The candidates of top-k, or all that carry weight; `logprob` becomes the weight exp((logit - largest) / T). */
static size_t gather(const lrt_llm_choice *c, const float *logits, float largest, lrt_token_logprob *out) {
  const float t = c->sampling->temperature, limit = MAX_FALL * t;
  const int32_t k = c->sampling->top_k;
  size_t count = 0, kept = 0;
  if (k > 0 && k < c->vocabulary) {
    count = (size_t)k;
    lrt_llm_largest(logits, c->vocabulary, k, out);
  } else {
    for (int32_t i = 0; i < c->vocabulary; i++)
      if (largest - logits[i] <= limit) out[count++] = (lrt_token_logprob){i, logits[i]};
  }
  for (size_t i = 0; i < count; i++)
    if (largest - out[i].logprob <= limit)
      out[kept++] = (lrt_token_logprob){out[i].id, expf((out[i].logprob - largest) / t)};
  return kept;
}

static double weight_of(const lrt_token_logprob *list, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)list[i].logprob;
  return sum;
}

/* The fewest that have top_p of the weight; they end up at the end of the list. */
static size_t cut_top_p(const lrt_sampling *s, lrt_token_logprob **list, size_t count) {
  if (s->top_p <= 0 || s->top_p >= 1) return count;
  const double wanted = (double)s->top_p * weight_of(*list, count);
  double sum = 0;
  size_t left = count;
  make_heap(*list, count, false);
  while (left > 0 && (sum < wanted || left == count)) {
    sum += (double)(*list)[0].logprob;
    pop(*list, left--, false);
  }
  *list += left;
  return count - left;
}

static size_t cut_min_p(const lrt_sampling *s, lrt_token_logprob *list, size_t count) {
  size_t kept = 0;
  if (s->min_p <= 0) return count;
  for (size_t i = 0; i < count; i++) /* the largest weight is 1 */
    if (list[i].logprob >= s->min_p) list[kept++] = list[i];
  return kept;
}

static int32_t draw(const lrt_token_logprob *list, size_t count, uint64_t *random) {
  double left = lrt_llm_random(random) * weight_of(list, count);
  for (size_t i = 0; i + 1 < count; i++) {
    left -= (double)list[i].logprob;
    if (left < 0) return list[i].id;
  }
  return list[count - 1].id;
}

lrt_status lrt_llm_choose(const lrt_llm_choice *c, int32_t *id, lrt_error *err) {
  const float *logits = c->logits;
  if (bends(c->sampling)) {
    LRT_TRY(bend(c, err));
    logits = c->work;
  }
  const int32_t best = find_largest(logits, c->vocabulary);
  if (best < 0)
    return lrt_fail(err, LRT_RUN_FAILED,
                    "no token can be chosen: a logit is not a number, or every token is suppressed");
  *id = best;
  if (c->sampling->temperature == 0 || c->sampling->top_k == 1) return LRT_OK;
  const size_t bytes = (size_t)c->vocabulary * sizeof(lrt_token_logprob);
  lrt_token_logprob *block = lrt_alloc_get(c->alloc, bytes), *list = block;
  if (block == NULL) return lrt_alloc_fail(err, c->alloc, bytes, "the candidates of a token");
  size_t count = gather(c, logits, logits[best], list);
  count = cut_top_p(c->sampling, &list, count);
  count = cut_min_p(c->sampling, list, count);
  *id = draw(list, count, c->random);
  lrt_alloc_free(block);
  return LRT_OK;
}

double lrt_llm_log_sum(const float *logits, int32_t count) {
  float largest = -INFINITY;
  double sum = 0;
  for (int32_t i = 0; i < count; i++)
    if (logits[i] > largest) largest = logits[i];
  for (int32_t i = 0; i < count; i++)
    if (largest - logits[i] <= MAX_FALL) sum += (double)expf(logits[i] - largest);
  return (double)largest + log(sum);
}
