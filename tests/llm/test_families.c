/* test_families.c: small models of every family, layout and mask give the answers worked out by hand in doubles. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tiny_lm.h"

/* Closer calls than this are left out: single precision could fall either way. */
#define CLEAR 1e-3

static lrt_engine *open_bytes(const void *bytes, size_t size, const lrt_engine_options *options,
                              lrt_error *err) {
  lrt_model *model = NULL;
  lrt_engine *engine = NULL;
  if (lrt_model_open_memory(bytes, size, NULL, &model, err) != LRT_OK) return NULL;
  const lrt_status status = lrt_engine_create(model, options, &engine, err);
  lrt_model_destroy(model);
  return status == LRT_OK ? engine : NULL;
}

/* A NaN counts as the largest distance. */
static float distance(const float *logits, const double *expected) {
  double most = 0;
  for (int j = 0; j < TINY_VOCABULARY; j++) {
    const double off = fabs((double)logits[j] - expected[j]);
    if (off > most || isnan(off)) most = off;
  }
  return (float)most;
}

/* Prompts of every length, prefilled by chunks; then answers until the context is full. */
static void check_answers(lrt_engine *engine, int context) {
  lrt_session *session = NULL;
  const float *logits = NULL;
  double expected[TINY_VOCABULARY], margin;
  int32_t ids[TINY_CONTEXT + 1];
  REQUIRE(lrt_session_create(engine, NULL, &session, NULL) == LRT_OK);
  for (int count = 1; count <= context; count++) {
    for (int i = 0; i < count; i++) ids[i] = (i * 37 + count * 11) % TINY_VOCABULARY;
    CHECK_INT(lrt_session_set(session, ids, (size_t)count, NULL), LRT_OK);
    lrt_error err = {LRT_OK, ""};
    CHECK_INT(lrt_session_logits(session, &logits, &err), LRT_OK);
    if (err.code != LRT_OK) fprintf(stderr, "%s\n", err.message);
    REQUIRE(err.code == LRT_OK);
    tiny_logits(ids, (size_t)count, context, expected);
    CHECK(distance(logits, expected) < 2e-5f);
    CHECK_INT(lrt_session_cached(session), count);
  }
  CHECK_INT(lrt_session_rewind(session, 5, NULL), LRT_OK);
  const lrt_generate_options options = {.max_tokens = context - 5, .logprobs = 1};
  lrt_answer answer;
  CHECK_INT(lrt_session_generate(session, &options, &answer, NULL), LRT_OK);
  CHECK_INT(answer.count, context - 5);
  CHECK_INT(answer.finish, LRT_FINISH_LENGTH);
  size_t count = 5;
  for (size_t i = 0; i < answer.count; i++) {
    const int32_t next = tiny_next(ids, count, context, &margin);
    CHECK(answer.ids[i] == next || margin < CLEAR);
    CHECK(answer.logprobs[i] < 0);
    ids[count++] = answer.ids[i];
  }
  lrt_session_destroy(session);
}

static void check_model(const tiny_options *o, const char *family, const char *layout) {
  lrt_error err = {LRT_OK, ""};
  lrt_engine_info info;
  tiny_lm *m = tiny_make(o);
  REQUIRE(m != NULL);
  lrt_engine *engine = open_bytes(m->model.bytes, m->model.size, NULL, &err);
  if (engine == NULL) fprintf(stderr, "%s\n", err.message);
  REQUIRE(engine != NULL);
  lrt_engine_describe(engine, &info);
  CHECK_TEXT(info.family, family);
  CHECK_TEXT(info.cache_layout, layout);
  CHECK_INT(info.context, TINY_CONTEXT);
  CHECK_INT(info.vocabulary, TINY_VOCABULARY);
  CHECK_INT(info.prefill_count, 2);
  CHECK(info.prefill_count == 2 && info.prefill_sizes[0] == 4 && info.prefill_sizes[1] == 8);
  check_answers(engine, TINY_CONTEXT);
  lrt_engine_destroy(engine);
  tiny_free(m);
}

static void cache_layouts(void) {
  check_model(&(tiny_options){.axis_k = 1, .axis_v = 1}, "tokens,input_pos,mask", "[1,seq,2,3] [1,seq,2,3]");
  check_model(&(tiny_options){.axis_k = 2, .axis_v = 1}, "tokens,input_pos,mask", "[1,2,seq,3] [1,seq,2,3]");
  check_model(&(tiny_options){.axis_k = 2, .axis_v = 3}, "tokens,input_pos,mask", "[1,2,seq,3] [1,2,3,seq]");
  check_model(&(tiny_options){.axis_k = 3, .axis_v = 3}, "tokens,input_pos,mask", "[1,2,3,seq] [1,2,3,seq]");
}

static void families(void) {
  check_model(&(tiny_options){.family = TINY_TOKENS_MASK, .bool_mask = true}, "tokens,input_pos,mask",
              "[1,seq,2,3] [1,seq,2,3]");
  check_model(&(tiny_options){.family = TINY_TOKENS, .axis_v = 3}, "tokens,input_pos",
              "[1,seq,2,3] [1,2,3,seq]");
  check_model(&(tiny_options){.family = TINY_TOKEN_IDS}, "token_ids,positions,attn_mask",
              "[1,seq,2,3] [1,seq,2,3]");
  check_model(&(tiny_options){.family = TINY_TOKEN_IDS, .bool_mask = true, .axis_k = 3},
              "token_ids,positions,attn_mask", "[1,2,3,seq] [1,seq,2,3]");
}

/* The language model is not the first section, and one section is of no use to anybody. */
static void embedders(void) {
  for (int layers = 0; layers < 2; layers++) {
    const tiny_options o = {.family = layers ? TINY_PER_LAYER : TINY_EMBEDDINGS, .axis_v = 3};
    tiny_lm *m = tiny_make(&o), *embedder = tiny_make_embedder(false), *per_layer = tiny_make_embedder(true);
    lrt_section_item items[3];
    size_t size = 0;
    lrt_error err = {LRT_OK, ""};
    REQUIRE(m != NULL && embedder != NULL && per_layer != NULL);
    const lrt_bundle_part parts[] = {{.kind = (lrt_section_kind)77, .bytes = "what is this", .length = 12},
                                     tiny_model_part(embedder, "tf_lite_embedder", &items[0]),
                                     tiny_model_part(per_layer, "tf_lite_per_layer_embedder", &items[1]),
                                     tiny_model_part(m, "tf_lite_prefill_decode", &items[2])};
    uint8_t *bytes = tiny_bundle(parts, 4, &size);
    REQUIRE(bytes != NULL);
    lrt_engine *engine = open_bytes(bytes, size, NULL, &err);
    if (engine == NULL) fprintf(stderr, "%s\n", err.message);
    REQUIRE(engine != NULL);
    check_answers(engine, TINY_CONTEXT);
    lrt_engine_destroy(engine);
    free(bytes);
    /* Without its embedder the model cannot run, and says so. */
    bytes = tiny_bundle(parts + 2, 2, &size);
    REQUIRE(bytes != NULL);
    CHECK(open_bytes(bytes, size, NULL, &err) == NULL);
    CHECK_INT(err.code, LRT_INVALID_MODEL);
    CHECK(strstr(err.message, "tf_lite_embedder") != NULL);
    free(bytes);
    tiny_free(m), tiny_free(embedder), tiny_free(per_layer);
  }
}

/* Two sets of signatures whose caches have the same names and different lengths. */
static void several_lengths(void) {
  const tiny_options o = {.two_contexts = true, .axis_v = 3};
  lrt_engine_info info;
  lrt_error err;
  tiny_lm *m = tiny_make(&o);
  REQUIRE(m != NULL);
  lrt_engine *engine = open_bytes(m->model.bytes, m->model.size, NULL, &err);
  REQUIRE(engine != NULL);
  lrt_engine_describe(engine, &info);
  CHECK_INT(info.context, TINY_CONTEXT);
  CHECK_INT(info.prefill_count, 2);
  check_answers(engine, TINY_CONTEXT);
  lrt_engine_destroy(engine);
  const lrt_engine_options shorter = {.max_context = TINY_CONTEXT / 2 - 1};
  engine = open_bytes(m->model.bytes, m->model.size, &shorter, &err);
  REQUIRE(engine != NULL);
  lrt_engine_describe(engine, &info);
  CHECK_INT(info.context, TINY_CONTEXT / 2 - 1);
  CHECK_INT(info.prefill_count, 1);
  CHECK_INT(info.cache_bytes, 2 * TINY_CONTEXT / 2 * TINY_HEADS * TINY_DIM * 4);
  lrt_engine_destroy(engine);
  tiny_free(m);
}

/* ExecutorMetadata {1: {2: state buffer {1 prefill input, 2 prefill output, 3 decode input, 4 decode output, 7 axis}}} */
static size_t put_text(uint8_t *out, int field, const char *text) {
  const size_t length = strlen(text);
  out[0] = (uint8_t)(field << 3 | 2);
  out[1] = (uint8_t)length;
  memcpy(out + 2, text, length);
  return length + 2;
}

static size_t put_buffer(uint8_t *out, const char *input, const char *output, int axis) {
  size_t used = 2;
  for (int field = 1; field <= 4; field++)
    used += put_text(out + used, field, field % 2 == 1 ? input : output);
  out[used++] = 7 << 3;
  out[used++] = (uint8_t)axis;
  out[0] = 2 << 3 | 2;
  out[1] = (uint8_t)(used - 2);
  return used;
}

static void caches_named_by_metadata(void) {
  const tiny_options o = {.renamed = true, .axis_k = 2, .axis_v = 3};
  lrt_section_item item;
  lrt_error err = {LRT_OK, ""};
  uint8_t metadata[256] = {1 << 3 | 2};
  size_t size = 0, used = 3;
  tiny_lm *m = tiny_make(&o);
  REQUIRE(m != NULL);
  used += put_buffer(metadata + used, "kv_cache_k_0", "next_k", 2);
  used += put_buffer(metadata + used, "kv_cache_v_0", "next_v", 3);
  metadata[1] = (uint8_t)((used - 3) & 127) | 128; /* the length as two bytes */
  metadata[2] = (uint8_t)((used - 3) >> 7);
  const lrt_bundle_part parts[] = {
      tiny_model_part(m, "tf_lite_prefill_decode", &item),
      {.kind = LRT_SECTION_EXECUTOR_METADATA, .bytes = metadata, .length = used}};
  uint8_t *bytes = tiny_bundle(parts, 2, &size);
  REQUIRE(bytes != NULL);
  lrt_engine *engine = open_bytes(bytes, size, NULL, &err);
  if (engine == NULL) fprintf(stderr, "%s\n", err.message);
  REQUIRE(engine != NULL);
  check_answers(engine, TINY_CONTEXT);
  lrt_engine_destroy(engine);
  free(bytes);
  /* Nobody says what goes with what. */
  CHECK(open_bytes(m->model.bytes, m->model.size, NULL, &err) == NULL);
  CHECK_INT(err.code, LRT_UNSUPPORTED);
  tiny_free(m);
}

/* Start and stop tokens by id, from LlmMetadata {1 start {1 ids {1}}, 2 stop {1 ids {1}}, 9 suppressed {1}} and from the
 * LlmParameters of older bundles {2 vocabulary, 4 start}. */
static void tokens_of_the_metadata(void) {
  static const uint8_t newer[] = {1 << 3 | 2, 4, 1 << 3 | 2, 2, 1 << 3,     5, 2 << 3 | 2, 4,
                                  1 << 3 | 2, 2, 1 << 3,     9, 9 << 3 | 2, 2, 1 << 3,     41};
  static const uint8_t older[] = {2 << 3, 64, 4 << 3, 7};
  static const int32_t prompt[] = {3, 4};
  const tiny_options o = {.axis_v = 3};
  lrt_section_item item;
  lrt_error err = {LRT_OK, ""};
  lrt_engine_info info;
  lrt_session *session = NULL;
  lrt_answer answer;
  tiny_lm *m = tiny_make(&o);
  REQUIRE(m != NULL);
  for (int round = 0; round < 2; round++) {
    size_t size = 0;
    const lrt_bundle_part parts[] = {{.kind = LRT_SECTION_LLM_METADATA,
                                      .bytes = round == 0 ? newer : older,
                                      .length = round == 0 ? sizeof newer : sizeof older},
                                     tiny_model_part(m, "tf_lite_prefill_decode", &item)};
    uint8_t *bytes = tiny_bundle(parts, 2, &size);
    REQUIRE(bytes != NULL);
    lrt_engine *engine = open_bytes(bytes, size, NULL, &err);
    if (engine == NULL) fprintf(stderr, "%s\n", err.message);
    REQUIRE(engine != NULL);
    lrt_engine_describe(engine, &info);
    CHECK(info.start_count == 1 && info.start_ids[0] == (round == 0 ? 5 : 7));
    CHECK_INT(info.stop_count, round == 0 ? 1 : 0);
    CHECK(round == 1 || info.stop_ids[0] == 9);
    CHECK(lrt_engine_tokenizer(engine) == NULL);
    REQUIRE(lrt_session_create(engine, NULL, &session, NULL) == LRT_OK);
    CHECK_INT(lrt_session_append_text(session, "a", 1, &err), LRT_UNSUPPORTED);
    CHECK_INT(lrt_session_append(session, prompt, 2, NULL), LRT_OK);
    /* What the metadata suppresses never comes, what it calls a stop ends the answer. */
    const lrt_logit_bias bias[] = {{41, 50}, {9, 40}};
    const lrt_generate_options options = {.max_tokens = 4, .sampling = {.bias = bias, .bias_count = 2}};
    CHECK_INT(lrt_session_generate(session, &options, &answer, NULL), LRT_OK);
    CHECK_INT(answer.ids[0], round == 0 ? 9 : 41);
    CHECK_INT(answer.finish, round == 0 ? LRT_FINISH_STOP_ID : LRT_FINISH_LENGTH);
    lrt_session_destroy(session);
    lrt_engine_destroy(engine);
    free(bytes);
  }
  tiny_free(m);
}

static void unknown_inputs_are_named(void) {
  const tiny_options o = {.unknown_input = "moon_phase"};
  lrt_error err;
  tiny_lm *m = tiny_make(&o);
  REQUIRE(m != NULL);
  CHECK(open_bytes(m->model.bytes, m->model.size, NULL, &err) == NULL);
  CHECK_INT(err.code, LRT_UNSUPPORTED);
  CHECK(strstr(err.message, "moon_phase") != NULL);
  tiny_free(m);
}

/* token_ids, padding_mask -> logits [1,n,V], without cache; the file has no signatures, only decorated tensor names. */
static void stateless(void) {
  enum { LENGTH = 12 };
  static build_subgraph b;
  static build_model m;
  lrt_error err = {LRT_OK, ""};
  lrt_session *session = NULL;
  int32_t ids[LENGTH];
  const float *logits = NULL;
  memset(&b, 0, sizeof b), memset(&m, 0, sizeof m);
  tiny_constants(LENGTH);
  const lrt_shape row = build_shape(2, 1, LENGTH);
  const int32_t tokens = build_tensor(&b, LRT_INT32, row), padding = build_tensor(&b, LRT_INT32, row);
  b.tensors[tokens].name = "serving_default_token_ids:0";
  b.tensors[padding].name = "serving_default_padding_mask:0";
  const int32_t numbers = tiny_op(&b, LRT_OP_CAST, &tiny_cast, LRT_FLOAT32, row, tokens, -1, -1);
  const int32_t there = tiny_op(&b, LRT_OP_CAST, &tiny_cast, LRT_FLOAT32, row, padding, -1, -1);
  const int32_t shown = tiny_op(&b, LRT_OP_MUL, &tiny_mul, LRT_FLOAT32, row, numbers, there, -1);
  const int32_t scale = build_constant(&b, LRT_FLOAT32, build_shape(0), &tiny_scale_token);
  const int32_t values = tiny_op(&b, LRT_OP_MUL, &tiny_mul, LRT_FLOAT32, row, shown, scale, -1);
  const int32_t column = tiny_reshape(&b, values, build_shape(2, LENGTH, 1));
  const int32_t w = build_constant(&b, LRT_FLOAT32, build_shape(2, 1, TINY_VOCABULARY), tiny_weights);
  const int32_t angle =
      tiny_op(&b, LRT_OP_MUL, &tiny_mul, LRT_FLOAT32, build_shape(2, LENGTH, TINY_VOCABULARY), column, w, -1);
  const int32_t sine =
      tiny_op(&b, LRT_OP_SIN, NULL, LRT_FLOAT32, build_shape(2, LENGTH, TINY_VOCABULARY), angle, -1, -1);
  build_input(&b, tokens), build_input(&b, padding);
  build_output(&b, tiny_reshape(&b, sine, build_shape(3, 1, LENGTH, TINY_VOCABULARY)));
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b}, 1), LRT_OK);
  lrt_engine *engine = open_bytes(m.bytes, m.size, NULL, &err);
  if (engine == NULL) fprintf(stderr, "%s\n", err.message);
  REQUIRE(engine != NULL);
  REQUIRE(lrt_session_create(engine, NULL, &session, NULL) == LRT_OK);
  for (int count = 1; count <= LENGTH; count++) {
    ids[count - 1] = count * 29 % TINY_VOCABULARY;
    CHECK_INT(lrt_session_append(session, &ids[count - 1], 1, NULL), LRT_OK);
    REQUIRE(lrt_session_logits(session, &logits, NULL) == LRT_OK);
    for (int j = 0; j < TINY_VOCABULARY; j++)
      CHECK_NEAR(logits[j], sin((double)ids[count - 1] / TINY_VOCABULARY * fmod(0.1 + 0.37 * j, 29)), 1e-5);
  }
  CHECK_INT(lrt_session_append(session, ids, 1, &err), LRT_INVALID_ARGUMENT);
  lrt_session_destroy(session);
  lrt_engine_destroy(engine);
  build_clear(&m);
}

/* A model that takes no tokens. */
static void other_models_are_refused(void) {
  static build_subgraph b;
  static build_model m;
  lrt_error err;
  memset(&b, 0, sizeof b), memset(&m, 0, sizeof m);
  const int32_t x = build_tensor(&b, LRT_FLOAT32, build_shape(1, 4));
  build_input(&b, x);
  build_output(&b, tiny_op(&b, LRT_OP_SIN, NULL, LRT_FLOAT32, build_shape(1, 4), x, -1, -1));
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&b}, 1), LRT_OK);
  CHECK(open_bytes(m.bytes, m.size, NULL, &err) == NULL);
  CHECK_INT(err.code, LRT_INVALID_MODEL);
  CHECK(strstr(err.message, "not a language model") != NULL);
  build_clear(&m);
}

int main(int argc, char **argv) {
  RUN(cache_layouts);
  RUN(families);
  RUN(embedders);
  RUN(several_lengths);
  RUN(caches_named_by_metadata);
  RUN(tokens_of_the_metadata);
  RUN(unknown_inputs_are_named);
  RUN(stateless);
  RUN(other_models_are_refused);
  DONE();
}
