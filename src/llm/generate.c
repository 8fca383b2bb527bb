/* generate.c: answers: begun, continued token by token, ended. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "llm/session_object.h"

const char *lrt_finish_name(lrt_finish finish) {
  switch (finish) {
#define NAME(name, text)                                                                                     \
  case LRT_FINISH_##name: return text;
    LRT_FINISH_LIST(NAME)
#undef NAME
  }
  return "unknown";
}

/* ---- the record of an answer ---- */

void lrt_llm_answer_clear(lrt_llm_answer *a) {
  lrt_alloc_free((void *)(uintptr_t)a->sampling.bias);
  lrt_alloc_free((void *)(uintptr_t)a->sampling.suppress);
  lrt_alloc_free(a->stop_ids.ids);
  lrt_alloc_free(a->ids.ids);
  lrt_alloc_free(a->logprobs);
  lrt_llm_text_clear(&a->text);
  memset(a, 0, sizeof *a);
}

static lrt_status copy_block(const void *from, size_t bytes, lrt_alloc *alloc, const void **out,
                             lrt_error *err) {
  *out = NULL;
  if (bytes == 0) return LRT_OK;
  void *copy = lrt_alloc_get(alloc, bytes);
  if (copy == NULL) return lrt_alloc_fail(err, alloc, bytes, "the options of an answer");
  memcpy(copy, from, bytes);
  *out = copy;
  return LRT_OK;
}

static lrt_status copy_sampling(const lrt_sampling *from, lrt_alloc *alloc, lrt_sampling *out,
                                lrt_error *err) {
  const void *bias = NULL, *suppress = NULL;
  *out = *from;
  out->bias = NULL;
  out->suppress = NULL;
  LRT_TRY(copy_block(from->bias, from->bias_count * sizeof *from->bias, alloc, &bias, err));
  out->bias = bias;
  LRT_TRY(copy_block(from->suppress, from->suppress_count * sizeof *from->suppress, alloc, &suppress, err));
  out->suppress = suppress;
  return LRT_OK;
}

static lrt_status copy_parts(const lrt_llm_answer *from, lrt_alloc *alloc, lrt_llm_answer *out,
                             lrt_error *err) {
  const void *logprobs = NULL;
  LRT_TRY(copy_sampling(&from->sampling, alloc, &out->sampling, err));
  LRT_TRY(lrt_llm_ids_add(&out->stop_ids, alloc, from->stop_ids.ids, from->stop_ids.count, err));
  LRT_TRY(lrt_llm_ids_add(&out->ids, alloc, from->ids.ids, from->ids.count, err));
  if (from->text.shown.alloc != NULL) LRT_TRY(lrt_llm_text_copy(&from->text, alloc, &out->text, err));
  if (from->logprobs == NULL) return LRT_OK;
  LRT_TRY(copy_block(from->logprobs, from->ids.count * sizeof(float), alloc, &logprobs, err));
  out->logprobs = (float *)(uintptr_t)logprobs;
  return LRT_OK;
}

lrt_status lrt_llm_answer_copy(const lrt_llm_answer *from, lrt_alloc *alloc, lrt_llm_answer *out,
                               lrt_error *err) {
  *out = *from;
  memset(&out->sampling, 0, sizeof out->sampling);
  memset(&out->stop_ids, 0, sizeof out->stop_ids);
  memset(&out->ids, 0, sizeof out->ids);
  out->logprobs = NULL;
  memset(&out->text, 0, sizeof out->text);
  const lrt_status status = copy_parts(from, alloc, out, err);
  if (status != LRT_OK) lrt_llm_answer_clear(out);
  return status;
}

/* ---- beginning ---- */

static lrt_status check_options(const lrt_session *s, const lrt_generate_options *o, lrt_error *err) {
  const int32_t vocabulary = s->engine->layout.vocabulary;
  LRT_TRY(lrt_llm_sampling_check(&o->sampling, vocabulary, err));
  if (o->max_tokens < 0)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "an answer of at most %d tokens is not possible",
                    o->max_tokens);
  if (o->logprobs < 0 || o->logprobs > vocabulary)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "log-probabilities of %d tokens were asked for, there are %d",
                    o->logprobs, vocabulary);
  if (o->stop_id_count > 0 && o->stop_ids == NULL)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "the list of stop ids is missing");
  for (size_t i = 0; i < o->stop_text_count; i++)
    if (o->stop_texts == NULL || o->stop_texts[i] == NULL || o->stop_texts[i][0] == '\0')
      return lrt_fail(err, LRT_INVALID_ARGUMENT, "stop text %zu is empty", i);
  if (o->stop_text_count > 0 && s->engine->bundle.tokenizer == NULL)
    return lrt_fail(err, LRT_UNSUPPORTED, "stop texts need a tokenizer, %s has none",
                    lrt_model_name(s->engine->model));
  return LRT_OK;
}

lrt_status lrt_session_reserve_top(lrt_session *s, int32_t wanted, lrt_error *err) {
  if (wanted <= s->top_capacity) return LRT_OK;
  const size_t bytes = (size_t)wanted * sizeof *s->top;
  lrt_token_logprob *top = lrt_alloc_resize(s->alloc, s->top, bytes);
  if (top == NULL) return lrt_alloc_fail(err, s->alloc, bytes, "log-probabilities");
  s->top = top;
  s->top_capacity = wanted;
  return LRT_OK;
}

/* What the metadata says must never be chosen, and the caller's own list. */
static lrt_status add_suppressed(const lrt_session *s, lrt_llm_answer *a, lrt_error *err) {
  const lrt_llm_metadata *m = &s->engine->bundle.metadata;
  lrt_llm_ids all = {0};
  lrt_status status = lrt_llm_ids_add(&all, s->alloc, a->sampling.suppress, a->sampling.suppress_count, err);
  for (size_t i = 0; status == LRT_OK && i < m->suppress_token_count; i++)
    if (m->suppress_tokens[i] >= 0 && m->suppress_tokens[i] < s->engine->layout.vocabulary)
      status = lrt_llm_ids_add(&all, s->alloc, &m->suppress_tokens[i], 1, err);
  if (status != LRT_OK) {
    lrt_alloc_free(all.ids);
    return status;
  }
  lrt_alloc_free((void *)(uintptr_t)a->sampling.suppress);
  a->sampling.suppress = all.ids;
  a->sampling.suppress_count = all.count;
  return LRT_OK;
}

static lrt_status begin_text(const lrt_session *s, const lrt_generate_options *o, lrt_llm_answer *a,
                             lrt_error *err) {
  const lrt_llm_bundle *b = &s->engine->bundle;
  LRT_TRY(lrt_llm_text_begin(&a->text, s->alloc, b->tokenizer, o->show_special ? 0 : LRT_DECODE_SKIP_SPECIAL,
                             err));
  for (size_t i = 0; i < o->stop_text_count; i++)
    LRT_TRY(lrt_llm_text_add_stop(&a->text, o->stop_texts[i], err));
  for (size_t i = 0; !o->ignore_stops && i < b->stop_text_count; i++)
    LRT_TRY(lrt_llm_text_add_stop(&a->text, b->stop_texts[i], err));
  return LRT_OK;
}

static lrt_status fill_answer(lrt_session *s, const lrt_generate_options *o, lrt_llm_answer *a,
                              lrt_error *err) {
  const lrt_llm_bundle *b = &s->engine->bundle;
  memset(a, 0, sizeof *a);
  LRT_TRY(copy_sampling(&o->sampling, s->alloc, &a->sampling, err));
  LRT_TRY(add_suppressed(s, a, err));
  LRT_TRY(lrt_llm_ids_add(&a->stop_ids, s->alloc, o->stop_ids, o->stop_id_count, err));
  if (!o->ignore_stops) LRT_TRY(lrt_llm_ids_add(&a->stop_ids, s->alloc, b->stop.ids, b->stop.count, err));
  LRT_TRY(lrt_session_reserve_top(s, o->logprobs, err));
  a->random = o->sampling.seed;
  a->max_tokens = o->max_tokens;
  a->logprobs_wanted = o->logprobs;
  return begin_text(s, o, a, err);
}

lrt_status lrt_session_begin(lrt_session *s, const lrt_generate_options *options, lrt_error *err) {
  static const lrt_generate_options greedy = {.max_tokens = 0};
  const lrt_generate_options *o = options != NULL ? options : &greedy;
  lrt_llm_answer answer;
  if (s->text.count == 0) return lrt_fail(err, LRT_WRONG_STATE, "the session has no text to answer to");
  LRT_TRY(check_options(s, o, err));
  const lrt_status status = fill_answer(s, o, &answer, err);
  if (status != LRT_OK) {
    lrt_llm_answer_clear(&answer);
    return status;
  }
  lrt_llm_answer_clear(&s->answer);
  s->answer = answer;
  s->answer.begun = true;
  atomic_store(&s->cancelled, false);
  return LRT_OK;
}

/* ---- one token ---- */

/* Drops the older half of what stands behind the tokens to keep. */
static void slide(lrt_session *s) {
  const size_t keep = (size_t)s->options.keep, drop = (s->text.count - keep + 1) / 2;
  memmove(s->text.ids + keep, s->text.ids + keep + drop, (s->text.count - keep - drop) * sizeof *s->text.ids);
  s->text.count -= drop;
  s->logits_after = 0;
}

/* Logits for the next token, timed. */
static lrt_status compute(lrt_session *s, lrt_error *err) {
  lrt_timings *t = &s->answer.timings;
  if (s->text.count > (size_t)s->engine->context && s->options.policy == LRT_CONTEXT_SLIDE) slide(s);
  const double started = lrt_clock_seconds();
  const lrt_status status = lrt_session_catch_up(s, true, err);
  const double whole = lrt_clock_seconds() - started;
  if (s->answer.ids.count == 0) {
    t->prefill_tokens = s->prefill_tokens;
    t->prefill_s = s->prefill_s;
  }
  s->prefill_tokens = 0;
  s->prefill_s = 0;
  if (s->answer.ids.count > 0) t->decode_s += whole;
  return status;
}

static lrt_status choose(lrt_session *s, int32_t *id, lrt_error *err) {
  lrt_llm_answer *a = &s->answer;
  const size_t answered = a->ids.count < s->text.count ? a->ids.count : s->text.count;
  const lrt_llm_choice choice = {&a->sampling, s->logits,   s->engine->layout.vocabulary,
                                 s->work,      s->text.ids, s->text.count,
                                 answered,     &a->random,  s->alloc};
  return lrt_llm_choose(&choice, id, err);
}

/* Log-probability of the chosen token, and the best ones. */
static void describe(lrt_session *s, int32_t id, lrt_token *out) {
  const int32_t wanted = s->answer.logprobs_wanted;
  if (wanted == 0) return;
  const double sum = lrt_llm_log_sum(s->logits, s->engine->layout.vocabulary);
  lrt_llm_largest(s->logits, s->engine->layout.vocabulary, wanted, s->top);
  for (int32_t i = 0; i < wanted; i++) s->top[i].logprob = (float)((double)s->top[i].logprob - sum);
  out->logprob = (float)((double)s->logits[id] - sum);
  out->top = s->top;
  out->top_count = wanted;
}

/* Everything that can fail comes before the first change. */
static lrt_status record(lrt_session *s, int32_t id, float logprob, lrt_error *err) {
  lrt_llm_answer *a = &s->answer;
  if (a->logprobs_wanted > 0) {
    float *grown = lrt_alloc_resize(s->alloc, a->logprobs, (a->ids.count + 1) * sizeof *grown);
    if (grown == NULL) return lrt_alloc_fail(err, s->alloc, 0, "log-probabilities");
    a->logprobs = grown;
    grown[a->ids.count] = logprob;
  }
  LRT_TRY(lrt_llm_ids_add(&s->text, s->alloc, &id, 1, err));
  const lrt_status status = lrt_llm_ids_add(&a->ids, s->alloc, &id, 1, err);
  if (status != LRT_OK) s->text.count--;
  return status;
}

static bool stops(const lrt_llm_answer *a, int32_t id) {
  for (size_t i = 0; i < a->stop_ids.count; i++)
    if (a->stop_ids.ids[i] == id) return true;
  return false;
}

/* The token's text, and whether it ends the answer. */
static lrt_status decode(lrt_llm_answer *a, int32_t id, lrt_error *err) {
  bool stopped = false;
  if (stops(a, id)) {
    a->finish = LRT_FINISH_STOP_ID;
    return LRT_OK;
  }
  LRT_TRY(lrt_llm_text_push(&a->text, id, &stopped, err));
  if (stopped)
    a->finish = LRT_FINISH_STOP_TEXT;
  else if (a->max_tokens > 0 && a->ids.count >= (size_t)a->max_tokens)
    a->finish = LRT_FINISH_LENGTH;
  return LRT_OK;
}

static lrt_status next_token(lrt_session *s, lrt_token *out, lrt_error *err) {
  lrt_llm_answer *a = &s->answer;
  const double started = lrt_clock_seconds(), waited = s->prefill_s;
  const uint64_t random = a->random;
  int32_t id = -1;
  LRT_TRY(compute(s, err));
  lrt_status status = choose(s, &id, err);
  if (status == LRT_OK) {
    describe(s, id, out);
    status = record(s, id, out->logprob, err);
  }
  if (status != LRT_OK) {
    a->random = random; /* the same token next time */
    return status;
  }
  if (a->ids.count == 1) a->timings.first_token_s = waited + lrt_clock_seconds() - started;
  a->timings.decode_tokens = (int32_t)a->ids.count - 1;
  out->id = id;
  return decode(a, id, err);
}

/* The rest of the text, where the answer ends without a stop text; then what this step has added. */
static lrt_status end_text(lrt_llm_answer *a, size_t shown, lrt_token *out, lrt_error *err) {
  bool stopped = false;
  lrt_status status = LRT_OK;
  if (a->finish != LRT_FINISH_NONE && a->finish != LRT_FINISH_STOP_TEXT) {
    status = lrt_llm_text_end(&a->text, &stopped, err);
    if (status == LRT_OK && stopped && a->finish == LRT_FINISH_LENGTH) a->finish = LRT_FINISH_STOP_TEXT;
  }
  out->text = a->text.shown.text + shown;
  out->text_length = a->text.shown.length - shown;
  return status;
}

lrt_status lrt_session_next(lrt_session *s, lrt_token *out, lrt_error *err) {
  lrt_llm_answer *a = &s->answer;
  *out = (lrt_token){.id = -1, .text = ""};
  if (!a->begun) return lrt_fail(err, LRT_WRONG_STATE, "no answer was begun");
  if (a->finish != LRT_FINISH_NONE) {
    out->finish = a->finish;
    return LRT_OK;
  }
  const size_t shown = a->text.shown.length;
  lrt_status status = next_token(s, out, err);
  if (status == LRT_CANCELLED) a->finish = LRT_FINISH_CANCELLED;
  if (status == LRT_OVER_BUDGET && s->text.count > (size_t)s->engine->context) a->finish = LRT_FINISH_CONTEXT;
  const lrt_status ended = end_text(a, shown, out, status == LRT_OK ? err : NULL);
  out->finish = a->finish;
  return status != LRT_OK ? status : ended;
}

/* ---- a whole answer ---- */

void lrt_session_answer(const lrt_session *s, lrt_answer *out) {
  const lrt_llm_answer *a = &s->answer;
  *out = (lrt_answer){.ids = a->ids.ids,
                      .logprobs = a->logprobs,
                      .count = a->ids.count,
                      .text = a->text.shown.text != NULL ? a->text.shown.text : "",
                      .text_length = a->text.shown.length,
                      .finish = a->finish,
                      .timings = a->timings};
}

lrt_status lrt_session_step(lrt_session *s, const lrt_generate_options *options, lrt_token *out,
                            lrt_error *err) {
  lrt_llm_answer *a = &s->answer;
  LRT_TRY(lrt_session_next(s, out, err));
  if (options == NULL || options->on_token == NULL || options->on_token(options->user, out) == 0)
    return LRT_OK;
  if (a->finish != LRT_FINISH_NONE) return LRT_OK;
  a->finish = out->finish = LRT_FINISH_CALLBACK;
  return end_text(a, a->text.shown.length, out, err);
}

lrt_status lrt_session_generate(lrt_session *s, const lrt_generate_options *options, lrt_answer *out,
                                lrt_error *err) {
  lrt_token token = {.id = -1};
  lrt_status status = lrt_session_begin(s, options, err);
  if (status != LRT_OK) {
    if (out != NULL) *out = (lrt_answer){.text = ""};
    return status;
  }
  while (status == LRT_OK && s->answer.finish == LRT_FINISH_NONE)
    status = lrt_session_step(s, options, &token, err);
  if (out != NULL) lrt_session_answer(s, out);
  return status;
}

/* ---- scoring ---- */

static lrt_status score_all(lrt_session *s, const int32_t *ids, size_t count, float *logprobs,
                            lrt_error *err) {
  for (size_t i = 0; i < count; i++) {
    LRT_TRY(lrt_session_catch_up(s, true, err));
    logprobs[i] =
        (float)((double)s->logits[ids[i]] - lrt_llm_log_sum(s->logits, s->engine->layout.vocabulary));
    LRT_TRY(lrt_session_append(s, &ids[i], 1, err));
  }
  return LRT_OK;
}

lrt_status lrt_session_score(lrt_session *s, const int32_t *ids, size_t count, float *logprobs,
                             lrt_error *err) {
  const size_t before = s->text.count;
  if (count > 0 && before == 0)
    return lrt_fail(err, LRT_WRONG_STATE, "the first token of a text has nothing to be predicted from");
  LRT_TRY(lrt_session_append(s, ids, count, err)); /* checks them all */
  lrt_session_rewind(s, before, NULL);
  atomic_store(&s->cancelled, false);
  const lrt_status status = score_all(s, ids, count, logprobs, err);
  if (status != LRT_OK) lrt_session_rewind(s, before, NULL);
  return status;
}

/* ---- checkpoints ---- */

struct lrt_checkpoint {
  lrt_alloc *alloc;
  lrt_engine *engine;
  lrt_llm_ids text;
  lrt_llm_answer answer;
};

lrt_status lrt_session_save(const lrt_session *s, lrt_checkpoint **out, lrt_error *err) {
  lrt_checkpoint *c = lrt_alloc_zero(s->alloc, sizeof *c);
  if (c == NULL) return lrt_alloc_fail(err, s->alloc, sizeof *c, "a checkpoint");
  c->alloc = s->alloc;
  c->engine = lrt_engine_retain(s->engine);
  lrt_status status = lrt_llm_ids_add(&c->text, c->alloc, s->text.ids, s->text.count, err);
  if (status == LRT_OK) status = lrt_llm_answer_copy(&s->answer, c->alloc, &c->answer, err);
  if (status == LRT_OK)
    *out = c;
  else
    lrt_checkpoint_destroy(c);
  return status;
}

lrt_status lrt_session_restore(lrt_session *s, const lrt_checkpoint *c, lrt_error *err) {
  lrt_llm_answer answer;
  if (c->engine != s->engine)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "the checkpoint was saved from a session of another engine");
  LRT_TRY(lrt_llm_answer_copy(&c->answer, s->alloc, &answer, err));
  lrt_status status = lrt_session_reserve_top(s, answer.logprobs_wanted, err);
  if (status == LRT_OK) {
    const size_t count =
        c->text.count < (size_t)s->engine->context ? c->text.count : (size_t)s->engine->context;
    status = lrt_session_set(s, c->text.ids, count, err);
    if (status == LRT_OK)
      status = lrt_llm_ids_add(&s->text, s->alloc, c->text.ids + count, c->text.count - count, err);
  }
  if (status != LRT_OK) {
    lrt_llm_answer_clear(&answer);
    return status;
  }
  lrt_llm_answer_clear(&s->answer);
  s->answer = answer;
  return LRT_OK;
}

void lrt_checkpoint_destroy(lrt_checkpoint *c) {
  if (c == NULL) return;
  lrt_alloc_free(c->text.ids);
  lrt_llm_answer_clear(&c->answer);
  lrt_engine_destroy(c->engine);
  lrt_alloc_free(c);
}
