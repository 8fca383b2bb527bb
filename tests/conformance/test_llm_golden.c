/* test_llm_golden.c: greedy answers of the shared bundle against the stored ones, prompt by chunks and token by token. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/cpu.h"
#include "base/json.h"
#include "check.h"
#include "litert/llm.h"
#include "shared_files.h"

#define BUNDLE "models/lm/smollm2-135m_q4b32.litertlm"
#define GOLDEN "cases/lm/smollm2_q4b32_dev.json"
/* The stored answers come from XNNPACK on AVX-512, whose every rounding is repeated there; calls as close as this may fall
 * either way all the same. On other levels a reciprocal square root differs in its last bit, which the quantization of
 * activations and thirty layers make a difference of up to about one in the logits. */
static double close_call(void) {
  return lrt_cpu_has(LRT_CPU_AVX512) ? 0.05 : 1.0;
}
#define END_OF_TURN 2
#define MAX_IDS 512

/* Enough for the portable kernels, which take half a second for a token. */
static int32_t steps(void) {
  return lrt_cpu_has(LRT_CPU_AVX512) ? 64 : 4;
}

static int32_t read_ids(const lrt_json *list, int32_t out[MAX_IDS]) {
  int32_t count = 0;
  for (const lrt_json *item = list != NULL ? list->as.first : NULL; item != NULL && count < MAX_IDS;
       item = item->next)
    out[count++] = (int32_t)lrt_json_number(item, -1);
  return count;
}

/* Compares up to the first close call; returns the number of equal tokens. */
static int compare(int index, const lrt_answer *answer, const int32_t *ids, int32_t count,
                   const lrt_json *margins) {
  int32_t i = 0;
  for (; i < count; i++) {
    const double margin = lrt_json_number(lrt_json_at(margins, (size_t)i), 0);
    const int32_t got = (size_t)i < answer->count ? answer->ids[i] : -1;
    if (got == ids[i]) continue;
    printf("prompt %d, step %d: token %d, stored is %d with a margin of %g\n", index, i, got, ids[i], margin);
    for (int32_t k = 0; k <= i; k++) {
      const double earlier = lrt_json_number(lrt_json_at(margins, (size_t)k), 0);
      if (earlier < close_call()) return i;
    }
    CHECK(got == ids[i]);
    return i;
  }
  CHECK_INT(answer->count, count);
  return i;
}

/* The stored text has the stop token's spelling at its end. */
static void compare_text(const lrt_answer *answer, const lrt_json *stored) {
  const size_t end = answer->finish == LRT_FINISH_STOP_ID ? strlen("<|im_end|>") : 0;
  REQUIRE(stored != NULL && stored->length >= end);
  CHECK_INT(answer->text_length, stored->length - end);
  CHECK(answer->text_length == stored->length - end &&
        memcmp(answer->text, stored->as.text, answer->text_length) == 0);
}

static void golden_answers(void) {
  lrt_engine *engine = NULL;
  lrt_session *session = NULL;
  lrt_arena arena;
  lrt_error err = {LRT_OK, ""};
  const lrt_json *root = NULL;
  size_t length = 0;
  const lrt_engine_options options = {.num_threads = 2};
  const int32_t stop = END_OF_TURN;
  const lrt_generate_options greedy = {
      .max_tokens = steps(), .stop_ids = &stop, .stop_id_count = 1, .show_special = 1};
  lrt_arena_init(&arena, NULL);
  uint8_t *text = read_whole_file(shared_path(GOLDEN), &length);
  REQUIRE(text != NULL);
  REQUIRE(lrt_json_parse((const char *)text, length, &arena, &root, &err) == LRT_OK);
  const lrt_status status = lrt_engine_open(shared_path(BUNDLE), &options, &engine, &err);
  if (status != LRT_OK) fprintf(stderr, "%s\n", err.message);
  REQUIRE(status == LRT_OK);
  REQUIRE(lrt_session_create(engine, NULL, &session, &err) == LRT_OK);
  int index = 0, equal = 0, stored = 0;
  for (const lrt_json *item = lrt_json_get(root, "cases")->as.first; item != NULL;
       item = item->next, index++) {
    int32_t prompt[MAX_IDS], ids[MAX_IDS];
    lrt_answer answer;
    const int32_t prompt_count = read_ids(lrt_json_get(item, "prompt_ids"), prompt);
    int32_t count = read_ids(lrt_json_get(item, "ids"), ids);
    if (count > steps()) count = steps();
    CHECK_INT(lrt_session_set(session, prompt, (size_t)prompt_count, &err), LRT_OK);
    CHECK_INT(lrt_session_generate(session, &greedy, &answer, &err), LRT_OK);
    const int same = equal;
    equal += compare(index, &answer, ids, count, lrt_json_get(item, "top2_margin"));
    stored += count;
    if (equal - same == count && steps() == 64) compare_text(&answer, lrt_json_get(item, "text"));
  }
  printf("%d prompts, %d of %d tokens as stored\n", index, equal, stored);
  CHECK(index > 0);
  lrt_session_destroy(session);
  lrt_engine_destroy(engine);
  lrt_arena_clear(&arena);
  free(text);
}

/* Logits after a prompt that went in by chunks are those after one that went in token by token, bit for bit: rows of a
 * pass do not see each other but through the cache, and what the mask hides weighs exactly 0. */
static void chunks_equal_single_tokens(void) {
  enum { TOKENS = 150 };
  lrt_engine *engine = NULL;
  lrt_session *by_chunks = NULL, *one_by_one = NULL;
  lrt_engine_info info;
  int32_t ids[TOKENS];
  const float *expected = NULL, *logits = NULL;
  REQUIRE(lrt_engine_open(shared_path(BUNDLE), NULL, &engine, NULL) == LRT_OK);
  REQUIRE(lrt_session_create(engine, NULL, &by_chunks, NULL) == LRT_OK);
  REQUIRE(lrt_session_create(engine, NULL, &one_by_one, NULL) == LRT_OK);
  lrt_engine_describe(engine, &info);
  for (int i = 0; i < TOKENS; i++) ids[i] = 1000 + i * 7919 % 40000;
  for (int i = 0; i < TOKENS; i++) {
    CHECK_INT(lrt_session_append(one_by_one, &ids[i], 1, NULL), LRT_OK);
    CHECK_INT(lrt_session_logits(one_by_one, &expected, NULL), LRT_OK);
  }
  CHECK_INT(lrt_session_append(by_chunks, ids, TOKENS, NULL), LRT_OK);
  CHECK_INT(lrt_session_logits(by_chunks, &logits, NULL), LRT_OK);
  CHECK(memcmp(logits, expected, (size_t)info.vocabulary * sizeof *logits) == 0);
  /* Again behind what a longer text and its padding left in the cache. */
  CHECK_INT(lrt_session_rewind(by_chunks, 40, NULL), LRT_OK);
  CHECK_INT(lrt_session_append(by_chunks, ids + 40, TOKENS - 40, NULL), LRT_OK);
  CHECK_INT(lrt_session_logits(by_chunks, &logits, NULL), LRT_OK);
  CHECK(memcmp(logits, expected, (size_t)info.vocabulary * sizeof *logits) == 0);
  lrt_session_destroy(by_chunks);
  lrt_session_destroy(one_by_one);
  lrt_engine_destroy(engine);
}

static int count_text(void *user, const lrt_token *token) {
  *(size_t *)user += token->text_length;
  return 0;
}

/* Two turns through the bundle's own template: the second one computes only what is new. */
static void conversation(void) {
  static const char question[] = "What is the capital of France?", next[] = "And of Italy?";
  lrt_engine *engine = NULL;
  lrt_conversation *chat = NULL;
  lrt_answer answer;
  char *text = NULL;
  size_t length = 0, streamed = 0;
  lrt_error err = {LRT_OK, ""};
  REQUIRE(lrt_engine_open(shared_path(BUNDLE), NULL, &engine, NULL) == LRT_OK);
  const lrt_status status = lrt_conversation_create(engine, NULL, &chat, &err);
  if (status != LRT_OK) fprintf(stderr, "%s\n", err.message);
  REQUIRE(status == LRT_OK);
  CHECK_INT(lrt_conversation_begin(chat, NULL, &err), LRT_WRONG_STATE);
  CHECK_INT(lrt_conversation_add(chat, "user", question, strlen(question), &err), LRT_OK);
  CHECK_INT(lrt_conversation_render(chat, 1, &text, &length, &err), LRT_OK);
  CHECK_TEXT(text, "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n");
  lrt_text_free(text);
  const lrt_generate_options options = {.max_tokens = 40, .on_token = count_text, .user = &streamed};
  CHECK_INT(lrt_conversation_answer(chat, &options, &answer, &err), LRT_OK);
  CHECK_TEXT(answer.text, "The capital of France is Paris.");
  CHECK_INT(streamed, answer.text_length);
  CHECK_INT(answer.finish, LRT_FINISH_STOP_ID);
  CHECK_INT(lrt_conversation_count(chat), 2);
  CHECK_INT(lrt_conversation_add(chat, "user", next, strlen(next), &err), LRT_OK);
  CHECK_INT(lrt_conversation_answer(chat, &options, &answer, &err), LRT_OK);
  CHECK(answer.timings.prefill_tokens < 20 && answer.timings.prefill_tokens > 5);
  CHECK(strstr(answer.text, "Rome") != NULL);
  CHECK_INT(lrt_conversation_messages(chat, &text, &length, &err), LRT_OK);
  CHECK(strstr(text, "{\"role\":\"assistant\",\"content\":\"The capital of France is Paris.\"}") != NULL);
  lrt_text_free(text);
  CHECK_INT(lrt_conversation_add(chat, "user", "\xff", 1, &err), LRT_INVALID_ARGUMENT);
  lrt_conversation_destroy(chat);
  lrt_engine_destroy(engine);
}

int main(int argc, char **argv) {
  if (getenv("LRT_EMULATED") != NULL) SKIP("a language model takes too long under an emulator");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  SKIP("a language model takes too long in a sanitized build");
#endif
  if (access(shared_path(BUNDLE), R_OK) != 0) SKIP("the bundle " BUNDLE " is not there");
  RUN(golden_answers);
  if (lrt_cpu_has(LRT_CPU_AVX512)) RUN(conversation);
  if (lrt_cpu_has(LRT_CPU_AVX512)) RUN(chunks_equal_single_tokens);
  DONE();
}
