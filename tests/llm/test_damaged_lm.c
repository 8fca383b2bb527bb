/* test_damaged_lm.c: damaged language models and bundles are refused or run; nothing crashes, hangs or leaks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "tiny_lm.h"

static uint32_t state = 12345;

static uint32_t next_random(void) {
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

/* Opens, and where that works lets a session answer; the status does not matter. */
static void use(const uint8_t *bytes, size_t size, int *opened, int *answered) {
  static const int32_t prompt[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const lrt_model_options limits = {.limits = {.bytes = 1 << 26}};
  const lrt_engine_options options = {.num_threads = 1, .limits = {1 << 26, 100000, 2}};
  const lrt_generate_options few = {.max_tokens = 3, .logprobs = 1};
  lrt_model *model = NULL;
  lrt_engine *engine = NULL;
  lrt_session *session = NULL;
  lrt_answer answer;
  lrt_error err;
  lrt_status status = lrt_model_open_memory(bytes, size, &limits, &model, &err);
  if (status == LRT_OK) status = lrt_engine_create(model, &options, &engine, &err);
  *opened += status == LRT_OK;
  if (status == LRT_OK) status = lrt_session_create(engine, NULL, &session, &err);
  if (status == LRT_OK) status = lrt_session_append(session, prompt, 11, &err);
  if (status == LRT_OK) status = lrt_session_generate(session, &few, &answer, &err);
  *answered += status == LRT_OK;
  if (status != LRT_OK) CHECK(err.message[0] != '\0');
  lrt_session_destroy(session);
  lrt_engine_destroy(engine);
  lrt_model_destroy(model);
}

static void damage(const uint8_t *bytes, size_t size, int rounds) {
  uint8_t *copy = malloc(size);
  const uint64_t held = lrt_alloc_in_use(lrt_alloc_default());
  int opened = 0, answered = 0;
  REQUIRE(copy != NULL);
  for (int round = 0; round < rounds; round++) {
    memcpy(copy, bytes, size);
    for (uint32_t i = 0; i <= next_random() % 3; i++) {
      const size_t at = next_random() % size;
      copy[at] = (uint8_t)(next_random() % 2 ? copy[at] ^ 1u << next_random() % 8 : next_random());
    }
    use(copy, round % 5 == 4 ? next_random() % size : size, &opened, &answered);
    CHECK_INT(lrt_alloc_in_use(lrt_alloc_default()), held);
  }
  printf("%d rounds, %d opened, %d answered\n", rounds, opened, answered);
  free(copy);
}

static void damaged_models(void) {
  const tiny_options o = {.axis_k = 2, .axis_v = 3};
  tiny_lm *m = tiny_make(&o);
  REQUIRE(m != NULL);
  damage(m->model.bytes, m->model.size, 1500);
  tiny_free(m);
}

/* Only the header and the small sections, so that something is hit. */
static void damaged_bundles(void) {
  static const uint8_t metadata[] = {1 << 3 | 2, 4, 1 << 3 | 2, 2, 1 << 3, 5,
                                     2 << 3 | 2, 4, 1 << 3 | 2, 2, 1 << 3, 9};
  const tiny_options o = {.family = TINY_EMBEDDINGS};
  tiny_lm *m = tiny_make(&o), *embedder = tiny_make_embedder(false);
  lrt_section_item items[2];
  size_t size = 0;
  REQUIRE(m != NULL && embedder != NULL);
  const lrt_bundle_part parts[] = {
      {.kind = LRT_SECTION_LLM_METADATA, .bytes = metadata, .length = sizeof metadata},
      tiny_model_part(embedder, "tf_lite_embedder", &items[0]),
      tiny_model_part(m, "tf_lite_prefill_decode", &items[1])};
  uint8_t *bytes = tiny_bundle(parts, 3, &size);
  REQUIRE(bytes != NULL);
  uint8_t *copy = malloc(size);
  int opened = 0, answered = 0;
  REQUIRE(copy != NULL);
  for (int round = 0; round < 600; round++) {
    memcpy(copy, bytes, size);
    const size_t at = round % 2 == 0 ? next_random() % 700 : 16384 + next_random() % sizeof metadata;
    copy[at] ^= (uint8_t)(1u << next_random() % 8);
    use(copy, size, &opened, &answered);
  }
  printf("600 rounds, %d opened, %d answered\n", opened, answered);
  CHECK(answered > 0);
  free(copy);
  free(bytes);
  tiny_free(m), tiny_free(embedder);
}

int main(int argc, char **argv) {
  RUN(damaged_models);
  RUN(damaged_bundles);
  DONE();
}
