/* test_session.c: sessions over a small model: reuse, clones, checkpoints, seeds, scores, limits, threads, refused memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "tiny_lm.h"

static tiny_lm *model_file;

static lrt_engine *open_engine(const lrt_engine_options *options) {
  lrt_model *model = NULL;
  lrt_engine *engine = NULL;
  if (lrt_model_open_memory(model_file->model.bytes, model_file->model.size, NULL, &model, NULL) == LRT_OK)
    lrt_engine_create(model, options, &engine, NULL);
  lrt_model_destroy(model);
  return engine;
}

static lrt_session *open_session(lrt_engine *engine, const lrt_session_options *options) {
  lrt_session *session = NULL;
  lrt_session_create(engine, options, &session, NULL);
  return session;
}

static const int32_t prompt[] = {5, 60, 33, 2, 17, 8, 41, 12, 0, 63, 29};
enum { PROMPT = sizeof prompt / sizeof prompt[0] };
static const lrt_generate_options sampled = {
    .sampling = {.temperature = 0.8f, .top_k = 20, .top_p = 0.95f, .seed = 7}, .max_tokens = 12};

static void check_logits(lrt_session *session) {
  size_t count;
  const float *logits = NULL;
  double expected[TINY_VOCABULARY];
  CHECK_INT(lrt_session_logits(session, &logits, NULL), LRT_OK);
  const int32_t *ids = lrt_session_ids(session, &count);
  tiny_logits(ids, count, TINY_CONTEXT, expected);
  for (int j = 0; logits != NULL && j < TINY_VOCABULARY; j++) CHECK_NEAR(logits[j], expected[j], 2e-5);
}

static void prefixes_are_reused(void) {
  lrt_engine *engine = open_engine(NULL);
  lrt_session *s = open_session(engine, NULL);
  lrt_answer answer;
  REQUIRE(s != NULL);
  CHECK_INT(lrt_session_append(s, prompt, PROMPT, NULL), LRT_OK);
  CHECK_INT(lrt_session_cached(s), 0);
  CHECK_INT(lrt_session_prefill(s, NULL), LRT_OK);
  CHECK_INT(lrt_session_cached(s), PROMPT - 1);
  check_logits(s);
  CHECK_INT(lrt_session_cached(s), PROMPT);
  /* Another text with the same beginning: only the rest is computed. */
  int32_t other[PROMPT];
  memcpy(other, prompt, sizeof prompt);
  other[7] = 1;
  CHECK_INT(lrt_session_set(s, other, PROMPT, NULL), LRT_OK);
  CHECK_INT(lrt_session_cached(s), 7);
  CHECK_INT(lrt_session_generate(s, &sampled, &answer, NULL), LRT_OK);
  CHECK_INT(answer.timings.prefill_tokens, PROMPT - 1 - 7);
  CHECK_INT(answer.timings.decode_tokens, 11);
  CHECK_INT(lrt_session_rewind(s, 3, NULL), LRT_OK);
  CHECK_INT(lrt_session_cached(s), 3);
  check_logits(s);
  CHECK_INT(lrt_session_rewind(s, 4, NULL), LRT_INVALID_ARGUMENT);
  /* Back to a text that the cache does not hold any more. */
  CHECK_INT(lrt_session_set(s, prompt, PROMPT, NULL), LRT_OK);
  check_logits(s);
  lrt_session_destroy(s);
  lrt_engine_destroy(engine);
}

static void seeds_clones_checkpoints(void) {
  lrt_engine *engine = open_engine(NULL);
  lrt_session *s = open_session(engine, NULL), *clone = NULL;
  lrt_checkpoint *saved = NULL;
  lrt_token token, other;
  int32_t first[12];
  REQUIRE(s != NULL);
  CHECK_INT(lrt_session_append(s, prompt, PROMPT, NULL), LRT_OK);
  CHECK_INT(lrt_session_begin(s, &sampled, NULL), LRT_OK);
  for (int i = 0; i < 5; i++) {
    CHECK_INT(lrt_session_next(s, &token, NULL), LRT_OK);
    first[i] = token.id;
  }
  CHECK_INT(lrt_session_clone(s, &clone, NULL), LRT_OK);
  CHECK_INT(lrt_session_save(s, &saved, NULL), LRT_OK);
  REQUIRE(clone != NULL && saved != NULL);
  for (int i = 5; i < 12; i++) {
    CHECK_INT(lrt_session_next(s, &token, NULL), LRT_OK);
    CHECK_INT(lrt_session_next(clone, &other, NULL), LRT_OK);
    CHECK_INT(token.id, other.id);
    first[i] = token.id;
  }
  CHECK_INT(token.finish, LRT_FINISH_LENGTH);
  CHECK_INT(lrt_session_next(s, &token, NULL), LRT_OK);
  CHECK(token.id == -1 && token.finish == LRT_FINISH_LENGTH);
  /* The checkpoint goes on with the same tokens, also after the cache was used for something else. */
  CHECK_INT(lrt_session_set(s, prompt + 3, 5, NULL), LRT_OK);
  check_logits(s);
  for (int round = 0; round < 2; round++) {
    CHECK_INT(lrt_session_restore(s, saved, NULL), LRT_OK);
    for (int i = 5; i < 12; i++) {
      CHECK_INT(lrt_session_next(s, &token, NULL), LRT_OK);
      CHECK_INT(token.id, first[i]);
    }
  }
  /* The same seed from the beginning, and another one. */
  lrt_answer answer;
  CHECK_INT(lrt_session_rewind(clone, PROMPT, NULL), LRT_OK);
  CHECK_INT(lrt_session_generate(clone, &sampled, &answer, NULL), LRT_OK);
  CHECK(answer.count == 12 && memcmp(answer.ids, first, sizeof first) == 0);
  lrt_generate_options reseeded = sampled;
  reseeded.sampling.seed = 8;
  CHECK_INT(lrt_session_rewind(clone, PROMPT, NULL), LRT_OK);
  CHECK_INT(lrt_session_generate(clone, &reseeded, &answer, NULL), LRT_OK);
  CHECK(memcmp(answer.ids, first, sizeof first) != 0);
  lrt_checkpoint_destroy(saved);
  lrt_session_destroy(clone);
  lrt_session_destroy(s);
  lrt_engine_destroy(engine);
}

static void stop_ids(void) {
  lrt_engine *engine = open_engine(NULL);
  lrt_session *s = open_session(engine, NULL);
  lrt_answer answer;
  REQUIRE(s != NULL);
  CHECK_INT(lrt_session_append(s, prompt, PROMPT, NULL), LRT_OK);
  const lrt_generate_options free_run = {.max_tokens = 6};
  CHECK_INT(lrt_session_generate(s, &free_run, &answer, NULL), LRT_OK);
  REQUIRE(answer.count == 6);
  const int32_t stop = answer.ids[3];
  size_t expected = 0;
  while (answer.ids[expected] != stop) expected++;
  const lrt_generate_options stopped = {.max_tokens = 6, .stop_ids = &stop, .stop_id_count = 1};
  CHECK_INT(lrt_session_rewind(s, PROMPT, NULL), LRT_OK);
  CHECK_INT(lrt_session_generate(s, &stopped, &answer, NULL), LRT_OK);
  CHECK_INT(answer.finish, LRT_FINISH_STOP_ID);
  CHECK_INT(answer.count, expected + 1);
  lrt_session_destroy(s);
  lrt_engine_destroy(engine);
}

static void scores(void) {
  lrt_engine *engine = open_engine(NULL);
  lrt_session *s = open_session(engine, NULL);
  float got[PROMPT];
  lrt_error err;
  REQUIRE(s != NULL);
  CHECK_INT(lrt_session_score(s, prompt, PROMPT, got, &err), LRT_WRONG_STATE);
  CHECK_INT(lrt_session_append(s, prompt, 1, NULL), LRT_OK);
  CHECK_INT(lrt_session_score(s, prompt + 1, PROMPT - 1, got, NULL), LRT_OK);
  for (size_t i = 1; i < PROMPT; i++) {
    double logits[TINY_VOCABULARY], sum = 0;
    tiny_logits(prompt, i, TINY_CONTEXT, logits);
    for (int j = 0; j < TINY_VOCABULARY; j++) sum += exp(logits[j]);
    CHECK_NEAR(got[i - 1], logits[prompt[i]] - log(sum), 1e-4);
  }
  size_t count;
  lrt_session_ids(s, &count);
  CHECK_INT(count, PROMPT);
  lrt_session_destroy(s);
  lrt_engine_destroy(engine);
}

static void full_context(void) {
  lrt_engine *engine = open_engine(NULL);
  lrt_session *s = open_session(engine, NULL);
  lrt_answer answer;
  lrt_error err;
  int32_t ids[TINY_CONTEXT + 1];
  for (int i = 0; i <= TINY_CONTEXT; i++) ids[i] = i;
  REQUIRE(s != NULL);
  CHECK_INT(lrt_session_append(s, ids, TINY_CONTEXT + 1, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "33") != NULL && strstr(err.message, "32") != NULL);
  const int32_t outside = TINY_VOCABULARY;
  CHECK_INT(lrt_session_append(s, &outside, 1, &err), LRT_INVALID_ARGUMENT);
  CHECK_INT(lrt_session_begin(s, NULL, &err), LRT_WRONG_STATE);
  CHECK_INT(lrt_session_append(s, ids, TINY_CONTEXT - 3, NULL), LRT_OK);
  /* The last positions are filled without padding; one token more is predicted, then it is full. */
  CHECK_INT(lrt_session_generate(s, NULL, &answer, &err), LRT_OVER_BUDGET);
  CHECK_INT(answer.count, 4);
  CHECK_INT(answer.finish, LRT_FINISH_CONTEXT);
  CHECK(strstr(err.message, "32") != NULL);
  lrt_session_destroy(s);
  /* A sliding window keeps the first tokens, drops the older half of the others, and goes on. */
  s = open_session(engine, &(lrt_session_options){LRT_CONTEXT_SLIDE, 2});
  REQUIRE(s != NULL);
  CHECK_INT(lrt_session_append(s, ids, TINY_CONTEXT, NULL), LRT_OK);
  const lrt_generate_options more = {.max_tokens = 2};
  CHECK_INT(lrt_session_generate(s, &more, &answer, NULL), LRT_OK);
  CHECK_INT(answer.count, 2);
  size_t count;
  const int32_t *text = lrt_session_ids(s, &count);
  CHECK_INT(count, TINY_CONTEXT + 1 - 16 + 1);
  CHECK(text[0] == 0 && text[1] == 1 && text[2] == 18);
  check_logits(s);
  CHECK_INT(lrt_session_append(s, ids, TINY_CONTEXT, &err), LRT_INVALID_ARGUMENT);
  lrt_session_destroy(s);
  lrt_engine_destroy(engine);
}

/* ---- threads ---- */

typedef struct canceller {
  lrt_session *session;
  atomic_bool stop;
} canceller;

static void *cancel_often(void *arg) {
  canceller *c = arg;
  while (!atomic_load(&c->stop)) {
    lrt_session_cancel(c->session);
    sched_yield();
  }
  return NULL;
}

/* Whatever is cancelled, what comes through is right. */
static void cancelling(void) {
  lrt_engine *engine = open_engine(NULL);
  lrt_session *s = open_session(engine, NULL);
  REQUIRE(s != NULL);
  canceller c = {.session = s};
  atomic_init(&c.stop, false);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, cancel_often, &c) == 0);
  int cancelled = 0, done = 0;
  for (int round = 0; round < 300; round++) {
    lrt_answer answer;
    lrt_error err;
    CHECK_INT(lrt_session_set(s, prompt, (size_t)(1 + round % PROMPT), NULL), LRT_OK);
    const lrt_status status = lrt_session_generate(s, &sampled, &answer, &err);
    CHECK(status == LRT_OK || status == LRT_CANCELLED);
    CHECK(status == LRT_OK || answer.finish == LRT_FINISH_CANCELLED);
    cancelled += status == LRT_CANCELLED;
    done += status == LRT_OK;
  }
  atomic_store(&c.stop, true);
  pthread_join(thread, NULL);
  printf("%d cancelled, %d done\n", cancelled, done);
  CHECK(cancelled > 0);
  lrt_session_set(s, prompt, PROMPT, NULL);
  check_logits(s);
  lrt_session_destroy(s);
  lrt_engine_destroy(engine);
}

typedef struct client {
  lrt_engine *engine;
  int32_t ids[12];
  bool right;
} client;

static void *run_client(void *arg) {
  client *c = arg;
  c->right = true;
  for (int round = 0; round < 8; round++) {
    lrt_session *s = open_session(c->engine, NULL), *clone = NULL;
    lrt_answer answer = {.count = 0};
    if (s == NULL || lrt_session_append(s, prompt, PROMPT, NULL) != LRT_OK) c->right = false;
    if (round % 2 == 1 && lrt_session_prefill(s, NULL) != LRT_OK) c->right = false;
    if (lrt_session_clone(s, &clone, NULL) != LRT_OK) c->right = false;
    lrt_session_destroy(s);
    if (lrt_session_generate(clone, &sampled, &answer, NULL) != LRT_OK) c->right = false;
    c->right = c->right && answer.count == 12 && memcmp(answer.ids, c->ids, sizeof c->ids) == 0;
    lrt_session_destroy(clone);
  }
  return NULL;
}

static void sessions_run_concurrently(void) {
  enum { CLIENTS = 4 };
  lrt_engine *engine = open_engine(&(lrt_engine_options){.num_threads = 2});
  lrt_session *s = open_session(engine, NULL);
  client clients[CLIENTS];
  pthread_t threads[CLIENTS];
  lrt_answer answer;
  REQUIRE(s != NULL);
  CHECK_INT(lrt_session_append(s, prompt, PROMPT, NULL), LRT_OK);
  CHECK_INT(lrt_session_generate(s, &sampled, &answer, NULL), LRT_OK);
  REQUIRE(answer.count == 12);
  for (int i = 0; i < CLIENTS; i++) {
    clients[i].engine = engine;
    memcpy(clients[i].ids, answer.ids, sizeof clients[i].ids);
    REQUIRE(pthread_create(&threads[i], NULL, run_client, &clients[i]) == 0);
  }
  for (int i = 0; i < CLIENTS; i++) {
    pthread_join(threads[i], NULL);
    CHECK(clients[i].right);
  }
  lrt_memory_info memory;
  lrt_engine_memory(engine, &memory);
  CHECK(memory.in_use > 0);
  lrt_session_destroy(s);
  lrt_engine_destroy(engine);
}

/* ---- refused memory ---- */

/* Everything once; the status of the first failure. */
static lrt_status use_everything(lrt_error *err) {
  lrt_model *model = NULL;
  lrt_engine *engine = NULL;
  lrt_session *s = NULL, *clone = NULL;
  lrt_checkpoint *saved = NULL;
  lrt_answer answer;
  float scores_of[2];
  const lrt_logit_bias bias = {3, 0.5f};
  lrt_generate_options options = sampled;
  options.max_tokens = 3;
  options.logprobs = 2;
  options.sampling.bias = &bias;
  options.sampling.bias_count = 1;
  options.sampling.repetition_penalty = 1.1f;
  lrt_status status =
      lrt_model_open_memory(model_file->model.bytes, model_file->model.size, NULL, &model, err);
  if (status == LRT_OK) status = lrt_engine_create(model, NULL, &engine, err);
  if (status == LRT_OK) status = lrt_session_create(engine, NULL, &s, err);
  if (status == LRT_OK) status = lrt_session_append(s, prompt, PROMPT, err);
  if (status == LRT_OK) status = lrt_session_generate(s, &options, &answer, err);
  if (status == LRT_OK) status = lrt_session_clone(s, &clone, err);
  if (status == LRT_OK) status = lrt_session_save(s, &saved, err);
  if (status == LRT_OK) status = lrt_session_restore(clone, saved, err);
  if (status == LRT_OK) status = lrt_session_score(clone, prompt, 2, scores_of, err);
  lrt_checkpoint_destroy(saved);
  lrt_session_destroy(clone);
  lrt_session_destroy(s);
  lrt_engine_destroy(engine);
  lrt_model_destroy(model);
  return status;
}

static void refused_memory(void) {
  lrt_alloc *account = lrt_alloc_default();
  lrt_error err;
  CHECK_INT(use_everything(&err), LRT_OK);
  const uint64_t before = lrt_alloc_calls(account);
  CHECK_INT(use_everything(&err), LRT_OK);
  const uint64_t calls = lrt_alloc_calls(account) - before;
  const uint64_t held = lrt_alloc_in_use(account);
  for (uint64_t n = 1; n <= calls; n++) {
    err.message[0] = '\0';
    lrt_alloc_fail_from(account, n);
    const lrt_status status = use_everything(&err);
    lrt_alloc_fail_from(account, 0);
    if (status != LRT_OUT_OF_MEMORY)
      fprintf(stderr, "allocation %d of %d: %s %s\n", (int)n, (int)calls, lrt_status_name(status),
              err.message);
    CHECK_INT(status, LRT_OUT_OF_MEMORY);
    CHECK(err.message[0] != '\0');
    CHECK_INT(lrt_alloc_in_use(account), held);
  }
}

int main(int argc, char **argv) {
  const tiny_options options = {.axis_k = 2, .axis_v = 3};
  model_file = tiny_make(&options);
  if (model_file == NULL) return 1;
  RUN(prefixes_are_reused);
  RUN(seeds_clones_checkpoints);
  RUN(stop_ids);
  RUN(scores);
  RUN(full_context);
  RUN(cancelling);
  RUN(sessions_run_concurrently);
  RUN(refused_memory);
  tiny_free(model_file);
  DONE();
}
