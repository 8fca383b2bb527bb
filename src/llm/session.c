/* session.c: text and cache of one client: appended, rewound, cloned, and brought in line by running the model. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/utf8.h"
#include "llm/chunks.h"
#include "llm/session_object.h"

lrt_status lrt_llm_ids_add(lrt_llm_ids *list, lrt_alloc *alloc, const int32_t *ids, size_t count,
                           lrt_error *err) {
  if (count > list->capacity - list->count) {
    size_t capacity = list->capacity < 64 ? 64 : 2 * list->capacity;
    while (capacity - list->count < count) capacity *= 2;
    int32_t *grown = lrt_alloc_resize(alloc, list->ids, capacity * sizeof *grown);
    if (grown == NULL) return lrt_alloc_fail(err, alloc, capacity * sizeof *grown, "a list of tokens");
    list->ids = grown;
    list->capacity = capacity;
  }
  if (count > 0) memcpy(list->ids + list->count, ids, count * sizeof *ids);
  list->count += count;
  return LRT_OK;
}

/* ---- life ---- */

/* A set of caches, and the plan for single tokens while an interpreter is at hand: the first token comes sooner. */
static lrt_status make_state(lrt_session *s, lrt_error *err) {
  lrt_llm_runner *runner = NULL;
  lrt_engine *engine = s->engine;
  LRT_TRY(lrt_engine_borrow(engine, &runner, err));
  lrt_status status = LRT_OK;
  if (engine->layout.pair_count > 0) {
    status = lrt_state_create(runner->it, &s->state, err);
    if (status == LRT_OK) status = lrt_interpreter_use_state(runner->it, s->state, err);
  }
  if (status == LRT_OK) status = lrt_interpreter_allocate(runner->it, engine->layout.decode->subgraph, err);
  lrt_engine_give_back(engine, runner);
  return status;
}

static lrt_status make_buffers(lrt_session *s, lrt_error *err) {
  const size_t bytes = (size_t)s->engine->layout.vocabulary * sizeof(float);
  s->logits = lrt_alloc_get(s->alloc, bytes);
  s->work = lrt_alloc_get(s->alloc, bytes);
  s->chunk_scratch = lrt_alloc_get(s->alloc, lrt_llm_chunk_scratch(&s->engine->layout));
  if (s->logits != NULL && s->work != NULL && s->chunk_scratch != NULL) return LRT_OK;
  return lrt_alloc_fail(err, s->alloc, 0, "a session");
}

static lrt_status make_session(lrt_engine *engine, const lrt_session_options *options, lrt_session **out,
                               lrt_error *err) {
  lrt_session *s = lrt_alloc_zero(engine->alloc, sizeof *s);
  if (s == NULL) return lrt_alloc_fail(err, engine->alloc, sizeof *s, "a session");
  s->engine = lrt_engine_retain(engine);
  s->alloc = engine->alloc;
  if (options != NULL) s->options = *options;
  atomic_init(&s->cancelled, false);
  pthread_mutex_init(&s->lock, NULL);
  const lrt_status status = make_buffers(s, err);
  if (status == LRT_OK)
    *out = s;
  else
    lrt_session_destroy(s);
  return status;
}

lrt_status lrt_session_create(lrt_engine *engine, const lrt_session_options *options, lrt_session **out,
                              lrt_error *err) {
  lrt_session *s = NULL;
  if (engine == NULL || out == NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "a session needs an engine");
  if (options != NULL && (options->keep < 0 || options->keep >= engine->context))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "%d tokens to keep do not fit a context of %d", options->keep,
                    engine->context);
  LRT_TRY(make_session(engine, options, &s, err));
  const lrt_status status = make_state(s, err);
  if (status == LRT_OK)
    *out = s;
  else
    lrt_session_destroy(s);
  return status;
}

void lrt_session_destroy(lrt_session *s) {
  if (s == NULL) return;
  lrt_state_destroy(s->state);
  lrt_alloc_free(s->text.ids);
  lrt_alloc_free(s->cached.ids);
  lrt_alloc_free(s->logits);
  lrt_alloc_free(s->work);
  lrt_alloc_free(s->top);
  lrt_alloc_free(s->chunk_scratch);
  lrt_llm_answer_clear(&s->answer);
  pthread_mutex_destroy(&s->lock);
  lrt_engine_destroy(s->engine);
  lrt_alloc_free(s);
}

static lrt_status copy_contents(const lrt_session *from, lrt_session *to, lrt_error *err) {
  if (from->state != NULL) LRT_TRY(lrt_state_clone(from->state, &to->state, err));
  LRT_TRY(lrt_llm_ids_add(&to->text, to->alloc, from->text.ids, from->text.count, err));
  LRT_TRY(lrt_llm_ids_add(&to->cached, to->alloc, from->cached.ids, from->cached.count, err));
  LRT_TRY(lrt_llm_answer_copy(&from->answer, to->alloc, &to->answer, err));
  LRT_TRY(lrt_session_reserve_top(to, from->answer.logprobs_wanted, err));
  memcpy(to->logits, from->logits, (size_t)from->engine->layout.vocabulary * sizeof(float));
  to->logits_after = from->logits_after;
  to->spoilt = from->spoilt;
  to->prefill_s = from->prefill_s;
  to->prefill_tokens = from->prefill_tokens;
  return LRT_OK;
}

lrt_status lrt_session_clone(const lrt_session *from, lrt_session **out, lrt_error *err) {
  lrt_session *s = NULL;
  LRT_TRY(make_session(from->engine, &from->options, &s, err));
  const lrt_status status = copy_contents(from, s, err);
  if (status == LRT_OK)
    *out = s;
  else
    lrt_session_destroy(s);
  return status;
}

/* ---- text ---- */

const int32_t *lrt_session_ids(const lrt_session *s, size_t *count) {
  *count = s->text.count;
  return s->text.ids;
}

static lrt_status check_ids(const lrt_session *s, size_t present, const int32_t *ids, size_t count,
                            lrt_error *err) {
  const size_t context = (size_t)s->engine->context;
  if (count > 0 && ids == NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "token ids are missing");
  for (size_t i = 0; i < count; i++)
    if (ids[i] < 0 || ids[i] >= s->engine->layout.vocabulary)
      return lrt_fail(err, LRT_INVALID_ARGUMENT, "token %zu is %d, ids go from 0 to %d", i, ids[i],
                      s->engine->layout.vocabulary - 1);
  if (present <= context && count <= context - present) return LRT_OK;
  return lrt_fail(err, LRT_INVALID_ARGUMENT, "the text would have %zu tokens, the context of %s holds %zu",
                  present + count, lrt_model_name(s->engine->model), context);
}

static void end_answer(lrt_session *s) {
  s->answer.begun = false;
}

lrt_status lrt_session_append(lrt_session *s, const int32_t *ids, size_t count, lrt_error *err) {
  LRT_TRY(check_ids(s, s->text.count, ids, count, err));
  end_answer(s);
  return lrt_llm_ids_add(&s->text, s->alloc, ids, count, err);
}

static void cut_text(lrt_session *s, size_t count) {
  s->text.count = count;
  if (s->logits_after > count) s->logits_after = 0;
}

lrt_status lrt_session_check_utf8(const char *text, size_t length, lrt_error *err) {
  for (size_t at = 0, bytes; at < length; at += bytes) {
    bytes = lrt_utf8_decode(text + at, length - at, NULL);
    if (bytes == 0) return lrt_fail(err, LRT_INVALID_ARGUMENT, "byte %zu of the text is not UTF-8", at);
  }
  return LRT_OK;
}

/* Start tokens are not given twice where the text spells them out. */
static bool wants_start(const lrt_session *s, const lrt_token_list *list) {
  const lrt_llm_ids *start = &s->engine->bundle.start;
  return start->count > 0 && (list->count < start->count ||
                              memcmp(list->ids, start->ids, start->count * sizeof *start->ids) != 0);
}

/* The ids of a text, at the beginning of a session (`first`) with the start tokens. `flags` of the tokenizer. */
static lrt_status encode(const lrt_session *s, const char *text, size_t length, unsigned flags, bool first,
                         lrt_llm_ids *out, lrt_error *err) {
  const lrt_llm_bundle *b = &s->engine->bundle;
  lrt_token_list list = {0};
  if (b->tokenizer == NULL)
    return lrt_fail(err, LRT_UNSUPPORTED, "text needs a tokenizer, %s has none",
                    lrt_model_name(s->engine->model));
  LRT_TRY(lrt_session_check_utf8(text, length, err));
  lrt_status status =
      lrt_tokenizer_encode(b->tokenizer, text, length, LRT_ENCODE_PARSE_SPECIAL | flags, &list, err);
  if (status == LRT_OK && first && wants_start(s, &list))
    status = lrt_llm_ids_add(out, s->alloc, b->start.ids, b->start.count, err);
  if (status == LRT_OK) status = lrt_llm_ids_add(out, s->alloc, list.ids, list.count, err);
  lrt_token_list_clear(&list);
  return status;
}

/* A tokenizer.json knows what goes in front of a text by itself, where the metadata says nothing. */
lrt_status lrt_session_append_text(lrt_session *s, const char *text, size_t length, lrt_error *err) {
  const bool first = s->text.count == 0;
  const unsigned flags = first && s->engine->bundle.start.count == 0 ? (unsigned)LRT_ENCODE_ADD_SPECIAL : 0;
  lrt_llm_ids ids = {0};
  lrt_status status = encode(s, text, length, flags, first, &ids, err);
  if (status == LRT_OK) status = lrt_session_append(s, ids.ids, ids.count, err);
  lrt_alloc_free(ids.ids);
  return status;
}

lrt_status lrt_session_set_prompt(lrt_session *s, const char *text, size_t length, lrt_error *err) {
  lrt_llm_ids ids = {0};
  lrt_status status = encode(s, text, length, 0, true, &ids, err);
  if (status == LRT_OK) status = lrt_session_set(s, ids.ids, ids.count, err);
  lrt_alloc_free(ids.ids);
  return status;
}

lrt_status lrt_session_set(lrt_session *s, const int32_t *ids, size_t count, lrt_error *err) {
  size_t same = 0;
  LRT_TRY(check_ids(s, 0, ids, count, err));
  end_answer(s);
  while (same < count && same < s->text.count && s->text.ids[same] == ids[same]) same++;
  cut_text(s, same);
  return lrt_llm_ids_add(&s->text, s->alloc, ids + same, count - same, err);
}

lrt_status lrt_session_rewind(lrt_session *s, size_t count, lrt_error *err) {
  if (count > s->text.count)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "the text has %zu tokens and cannot be cut to %zu",
                    s->text.count, count);
  end_answer(s);
  cut_text(s, count);
  return LRT_OK;
}

static size_t common_length(const lrt_session *s) {
  size_t same = 0;
  while (same < s->text.count && same < s->cached.count && s->text.ids[same] == s->cached.ids[same]) same++;
  return same;
}

size_t lrt_session_cached(const lrt_session *s) {
  const size_t same = common_length(s);
  return s->engine->layout.recurrent && (s->spoilt || same < s->cached.count) ? 0 : same;
}

/* ---- running the model ---- */

/* Both under the lock: a call that ends meanwhile waits, so that the next one is not hit. */
void lrt_session_cancel(lrt_session *s) {
  pthread_mutex_lock(&s->lock);
  atomic_store(&s->cancelled, true);
  if (s->running != NULL) lrt_interpreter_cancel(s->running->it);
  pthread_mutex_unlock(&s->lock);
}

static lrt_status cancelled(lrt_session *s, lrt_error *err) {
  atomic_store(&s->cancelled, false);
  return lrt_fail(err, LRT_CANCELLED, "the session was cancelled");
}

/* Fails with CANCELLED once after lrt_session_cancel. */
static lrt_status check_cancel(lrt_session *s, lrt_error *err) {
  return atomic_load(&s->cancelled) ? cancelled(s, err) : LRT_OK;
}

static void set_running(lrt_session *s, lrt_llm_runner *runner) {
  pthread_mutex_lock(&s->lock);
  s->running = runner;
  pthread_mutex_unlock(&s->lock);
}

/* One pass over the next `count` tokens of the text; the cache then holds them. */
static lrt_status run_pass(lrt_session *s, lrt_llm_runner *runner, const lrt_llm_entry *entry, int32_t count,
                           lrt_error *err) {
  const size_t at = s->cached.count;
  lrt_error error = {LRT_OK, ""};
  LRT_TRY(check_cancel(s, err));
  LRT_TRY(lrt_llm_ids_add(&s->cached, s->alloc, s->text.ids + at, (size_t)count, err));
  s->cached.count = at;
  const lrt_status status =
      lrt_llm_feed(s->engine, runner, s->state, entry, s->text.ids + at, count, (int32_t)at, &error);
  if (status == LRT_OK)
    s->cached.count = at + (size_t)count;
  else
    s->spoilt = true;
  if (status == LRT_CANCELLED) return cancelled(s, err);
  return status == LRT_OK ? LRT_OK : lrt_fail(err, status, "%s", error.message);
}

static lrt_status prefill(lrt_session *s, lrt_llm_runner *runner, size_t until, lrt_error *err) {
  const double started = lrt_clock_seconds();
  const size_t from = s->cached.count;
  lrt_status status = LRT_OK;
  while (status == LRT_OK && s->cached.count < until) {
    const int32_t left = (int32_t)(until - s->cached.count);
    const lrt_llm_entry *entry = lrt_llm_next_chunk(&s->engine->layout, s->engine->layout.context,
                                                    (int32_t)s->cached.count, left, s->chunk_scratch);
    if (entry == NULL)
      return lrt_fail(err, LRT_OVER_BUDGET,
                      "no signature of %s is narrow enough for the last %d of %d positions",
                      lrt_model_name(s->engine->model), s->engine->layout.context - (int32_t)s->cached.count,
                      s->engine->layout.context);
    status = run_pass(s, runner, entry, left < entry->width ? left : entry->width, err);
  }
  s->prefill_s += lrt_clock_seconds() - started;
  s->prefill_tokens += (int32_t)(s->cached.count - from);
  return status;
}

static lrt_status run_last(lrt_session *s, lrt_llm_runner *runner, lrt_error *err) {
  const lrt_llm_entry *decode = s->engine->layout.decode;
  int32_t row = 0;
  if (s->state == NULL) { /* all of it, again */
    s->cached.count = 0;
    row = (int32_t)s->text.count - 1;
  } else if (decode->width > s->engine->layout.context - (int32_t)s->cached.count ||
             (decode->width > 1 && s->engine->layout.recurrent)) {
    return lrt_fail(err, LRT_OVER_BUDGET,
                    "the narrowest signature of %s takes %d tokens, %d positions are left",
                    lrt_model_name(s->engine->model), decode->width,
                    s->engine->layout.context - (int32_t)s->cached.count);
  }
  LRT_TRY(run_pass(s, runner, decode, row + 1, err));
  memcpy(s->logits, lrt_llm_logits(s->engine, runner, decode, row),
         (size_t)s->engine->layout.vocabulary * sizeof(float));
  s->logits_after = s->text.count;
  return LRT_OK;
}

/* Forgets what the cache holds beyond the text, or beyond all but its last token where that has to be run again. */
static void drop_leftovers(lrt_session *s, bool logits) {
  size_t same = common_length(s);
  if (logits && same == s->text.count) same--;
  if (s->engine->layout.recurrent && (s->spoilt || same < s->cached.count)) {
    for (int32_t i = 0; i < lrt_state_count(s->state); i++) {
      lrt_tensor_view view;
      if (lrt_state_tensor(s->state, i, NULL, &view) == LRT_OK) memset(view.data, 0, view.bytes);
    }
    same = 0;
  }
  s->spoilt = false;
  s->cached.count = same;
}

static lrt_status catch_up_on(lrt_session *s, lrt_llm_runner *runner, bool logits, lrt_error *err) {
  if (s->state != NULL) LRT_TRY(prefill(s, runner, s->text.count - 1, err));
  return logits ? run_last(s, runner, err) : LRT_OK;
}

lrt_status lrt_session_catch_up(lrt_session *s, bool logits, lrt_error *err) {
  lrt_llm_runner *runner = NULL;
  if (s->text.count == 0) return lrt_fail(err, LRT_WRONG_STATE, "the session has no text yet");
  if (s->text.count > (size_t)s->engine->context)
    return lrt_fail(err, LRT_OVER_BUDGET, "the context is full: the text has %zu tokens, %s holds %d",
                    s->text.count, lrt_model_name(s->engine->model), s->engine->context);
  if (logits && s->logits_after == s->text.count) return LRT_OK;
  LRT_TRY(lrt_engine_borrow(s->engine, &runner, err));
  drop_leftovers(s, logits);
  set_running(s, runner);
  const lrt_status status = catch_up_on(s, runner, logits, err);
  set_running(s, NULL);
  lrt_engine_give_back(s->engine, runner);
  return status;
}

lrt_status lrt_session_prefill(lrt_session *s, lrt_error *err) {
  atomic_store(&s->cancelled, false);
  return lrt_session_catch_up(s, false, err);
}

lrt_status lrt_session_logits(lrt_session *s, const float **out, lrt_error *err) {
  atomic_store(&s->cancelled, false);
  LRT_TRY(lrt_session_catch_up(s, true, err));
  s->prefill_tokens = 0; /* no part of a later answer */
  s->prefill_s = 0;
  *out = s->logits;
  return LRT_OK;
}
