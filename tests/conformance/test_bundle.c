/* test_bundle.c: the language-model bundle: prefill and decode give the golden next token after each golden prompt. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/json.h"
#include "base/source.h"
#include "check.h"
#include "litert/state.h"

#define BUNDLE LRT_SHARED_DIR "/models/lm/smollm2-135m_q4b32.litertlm"
#define GOLDEN LRT_SHARED_DIR "/cases/lm/smollm2_q4b32_dev.json"
#define POSITIONS 1280
#define MAX_CACHES 64
/* Activations are quantized: a sum that differs in its last bit may round to another step, and thirty layers make that
 * a difference of about one in the logits (the peer's own resolvers differ by up to 4.6). Close calls fall either way. */
#define CLOSE_CALL 1.0
/* Token by token is slow; some prompts are enough for it, prefill takes all. */
#define DECODED_PROMPTS 4

/* One signature with the tensors that the loop sets. */
typedef struct entry {
  int32_t subgraph, tokens, positions, mask, logits, width;
} entry;

typedef struct player {
  lrt_model *model;
  lrt_interpreter *it;
  entry prefill, decode;
} player;

static int32_t tensor_named(const lrt_model *model, int32_t signature, bool output, const char *wanted) {
  const char *name = NULL;
  int32_t tensor = -1;
  for (int32_t i = 0;; i++) {
    const lrt_status status = output ? lrt_model_signature_output(model, signature, i, &name, &tensor)
                                     : lrt_model_signature_input(model, signature, i, &name, &tensor);
    if (status != LRT_OK) return -1;
    if (strcmp(name, wanted) == 0) return tensor;
  }
}

static entry find_entry(const player *p, const char *key, int32_t width) {
  const int32_t signature = lrt_model_find_signature(p->model, key);
  lrt_signature_info info = {"", 0, 0, 0};
  lrt_model_signature(p->model, signature, &info);
  return (entry){info.subgraph,
                 tensor_named(p->model, signature, false, "tokens"),
                 tensor_named(p->model, signature, false, "input_pos"),
                 tensor_named(p->model, signature, false, "mask"),
                 tensor_named(p->model, signature, true, "logits"),
                 width};
}

/* Every input whose name begins with kv_cache has an output of the same name: a state tensor. */
static lrt_status declare_caches(player *p, lrt_error *err) {
  lrt_state_pair pairs[MAX_CACHES];
  int32_t count = 0, tensor;
  const char *name = NULL;
  const int32_t decode = lrt_model_find_signature(p->model, "decode");
  for (int32_t i = 0; lrt_model_signature_input(p->model, decode, i, &name, &tensor) == LRT_OK; i++)
    if (strncmp(name, "kv_cache", 8) == 0 && count < MAX_CACHES)
      pairs[count++] = (lrt_state_pair){name, name, -1};
  return lrt_interpreter_set_states(p->it, pairs, count, err);
}

static lrt_status open_player(player *p, lrt_error *err) {
  const lrt_interpreter_options options = {.num_threads = 2};
  lrt_status status = lrt_model_open(BUNDLE, NULL, &p->model, err);
  if (status == LRT_OK) status = lrt_interpreter_create(p->model, &options, &p->it, err);
  if (status == LRT_OK) status = declare_caches(p, err);
  if (status != LRT_OK) return status;
  p->prefill = find_entry(p, "prefill_16", 16);
  p->decode = find_entry(p, "decode", 1);
  status = lrt_interpreter_allocate(p->it, p->prefill.subgraph, err);
  return status == LRT_OK ? lrt_interpreter_allocate(p->it, p->decode.subgraph, err) : status;
}

static void *data_of(const player *p, const entry *e, int32_t tensor) {
  lrt_tensor_view view = {LRT_FLOAT32, {0, {0}}, NULL, 0};
  lrt_interpreter_tensor(p->it, e->subgraph, tensor, &view, NULL);
  return view.data;
}

/* Feeds `count` tokens at `position`; a shorter chunk is padded at the same positions, which nobody looks at. */
static lrt_status feed(const player *p, const entry *e, const int32_t *tokens, int32_t count,
                       int32_t position, lrt_error *err) {
  int32_t *ids = data_of(p, e, e->tokens), *positions = data_of(p, e, e->positions);
  float *mask = data_of(p, e, e->mask);
  for (int32_t i = 0; i < e->width; i++) {
    ids[i] = i < count ? tokens[i] : 0;
    positions[i] = position + i;
    for (int32_t k = 0; k < POSITIONS; k++) mask[i * POSITIONS + k] = k <= position + i ? 0.0f : -1e9f;
  }
  return lrt_interpreter_invoke(p->it, e->subgraph, err);
}

static int32_t best_token(const player *p, int32_t vocabulary) {
  const float *logits = data_of(p, &p->decode, p->decode.logits);
  int32_t best = 0;
  for (int32_t i = 1; i < vocabulary; i++)
    if (logits[i] > logits[best]) best = i;
  return best;
}

static int32_t read_ids(const lrt_json *list, int32_t *out, int32_t max) {
  int32_t count = 0;
  for (const lrt_json *item; count < max && (item = lrt_json_at(list, (size_t)count)) != NULL; count++)
    out[count] = (int32_t)lrt_json_number(item, -1);
  return count;
}

/* The whole prompt but its last token through `chunk` (decode: token by token), the last one through decode. */
static int32_t next_token(const player *p, const entry *chunk, const int32_t *prompt, int32_t count) {
  lrt_state *state = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_tensor_view logits;
  if (lrt_state_create(p->it, &state, &err) != LRT_OK) return -1;
  lrt_interpreter_use_state(p->it, state, &err);
  int32_t position = 0;
  while (position < count - 1) {
    const int32_t left = count - 1 - position, take = left < chunk->width ? left : chunk->width;
    CHECK_INT(feed(p, chunk, prompt + position, take, position, &err), LRT_OK);
    position += take;
  }
  CHECK_INT(feed(p, &p->decode, prompt + count - 1, 1, count - 1, &err), LRT_OK);
  lrt_interpreter_tensor(p->it, p->decode.subgraph, p->decode.logits, &logits, NULL);
  const int32_t best = best_token(p, logits.shape.dims[logits.shape.rank - 1]);
  lrt_interpreter_use_state(p->it, NULL, &err);
  lrt_state_destroy(state);
  return best;
}

static void golden_prompts(void) {
  player p = {0};
  lrt_arena arena;
  lrt_source *source = NULL;
  const void *text = NULL;
  const lrt_json *root = NULL;
  lrt_error err = {LRT_OK, ""};
  int32_t prompt[512], ids[4];
  lrt_arena_init(&arena, NULL);
  const lrt_status status = open_player(&p, &err);
  if (status != LRT_OK) fprintf(stderr, "%s\n", err.message);
  REQUIRE(status == LRT_OK);
  REQUIRE(lrt_source_open(GOLDEN, LRT_SOURCE_MAP, NULL, &source, &err) == LRT_OK);
  const uint64_t length = lrt_source_length(source);
  REQUIRE(lrt_source_view(source, 0, length, &text, &err) == LRT_OK);
  REQUIRE(lrt_json_parse(text, (size_t)length, &arena, &root, &err) == LRT_OK);
  const lrt_json *cases = lrt_json_get(root, "cases");
  int tried = 0, agreed = 0;
  for (const lrt_json *item; (item = lrt_json_at(cases, (size_t)tried)) != NULL; tried++) {
    const int32_t count = read_ids(lrt_json_get(item, "prompt_ids"), prompt, 512);
    if (count == 0 || read_ids(lrt_json_get(item, "ids"), ids, 1) == 0) continue;
    const double margin = lrt_json_number(lrt_json_at(lrt_json_get(item, "top2_margin"), 0), 0);
    const int32_t by_decode = tried < DECODED_PROMPTS ? next_token(&p, &p.decode, prompt, count) : ids[0];
    const int32_t by_prefill = next_token(&p, &p.prefill, prompt, count);
    if (by_decode != ids[0] || by_prefill != ids[0])
      printf("prompt %d (margin %g): decode gives %d, prefill %d, stored is %d\n", tried, margin, by_decode,
             by_prefill, ids[0]);
    agreed += by_decode == ids[0] && by_prefill == ids[0];
    CHECK(by_decode == ids[0] || margin < CLOSE_CALL);
    CHECK(by_prefill == ids[0] || margin < CLOSE_CALL);
  }
  printf("%d prompts, next token as stored after %d\n", tried, agreed);
  CHECK(tried > 0 && agreed >= tried - 2);
  lrt_source_destroy(source);
  lrt_arena_clear(&arena);
  lrt_interpreter_destroy(p.it);
  lrt_model_destroy(p.model);
}

int main(int argc, char **argv) {
  if (getenv("LRT_EMULATED") != NULL) SKIP("a language model takes too long under an emulator");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  SKIP("a language model takes too long in a sanitized build");
#endif
  if (access(BUNDLE, R_OK) != 0) SKIP("the bundle " BUNDLE " is not there");
  RUN(golden_prompts);
  DONE();
}
