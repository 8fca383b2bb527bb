/* test_llm_metadata.c: every field of LlmMetadata and ExecutorMetadata, merging, damage, and a real bundle's section. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/llm_metadata.h"

#include "check.h"
#include "damage.h"
#include "formats/litertlm_sections.h"
#include "llm_metadata_sample.h"
#include "shared_files.h"

static void check_texts(const lrt_llm_metadata *m) {
  CHECK_TEXT(m->start_token.text, "<bos>");
  CHECK_INT(m->start_token.count, 0);
  CHECK_TEXT(m->stop_tokens[1].text, "<end_of_turn>");
  CHECK(m->user.is_set && m->model.is_set && !m->system.is_set);
  CHECK_TEXT(m->user.prefix, "<start_of_turn>user\n");
  CHECK_TEXT(m->user.suffix, "<end_of_turn>\n");
  CHECK_TEXT(m->model.prefix, "<start_of_turn>model\n");
  CHECK(m->model.suffix == NULL && m->system.prefix == NULL);
  CHECK_TEXT(m->jinja_template, "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}");
  CHECK_TEXT(m->min_runtime_version, "0.11.0");
  CHECK_TEXT(m->channels[0].name, "thought");
  CHECK_TEXT(m->channels[0].start, "<think>");
  CHECK_TEXT(m->channels[0].end, "</think>");
}

static void check_numbers(const lrt_llm_metadata *m) {
  CHECK(m->stop_tokens[0].text == NULL);
  REQUIRE(m->stop_tokens[0].count == 2 && m->pad_token.count == 2 && m->suppress_token_count == 3);
  CHECK_INT(m->stop_tokens[0].ids[0], 1);
  CHECK_INT(m->stop_tokens[0].ids[1], -2);
  CHECK_INT(m->pad_token.ids[1], 3);
  CHECK_INT(m->suppress_tokens[0], 5);
  CHECK_INT(m->suppress_tokens[1], 300);
  CHECK_INT(m->suppress_tokens[2], 7);
  CHECK_INT(m->max_num_tokens, 4096);
  CHECK(m->channels[0].is_reasoning && m->supports_thinking && m->supports_function_calling);
  CHECK(m->has_kv_cache_init_value);
  CHECK_INT(m->kv_cache_init_value, -9);
  CHECK(m->sampler.is_set && m->sampler.has_seed && m->sampler.exact_log_probs);
  CHECK_INT(m->sampler.type, LRT_SAMPLER_TOP_P);
  CHECK_INT(m->sampler.k, 40);
  CHECK_INT(m->sampler.seed, -3);
  CHECK_INT(m->sampler.backend, 1);
  CHECK_NEAR(m->sampler.p, 0.95, 1e-7);
  CHECK_NEAR(m->sampler.temperature, 0.75, 0);
}

static void check_traits(const lrt_llm_metadata *m) {
  CHECK_INT(m->model_type, LRT_LLM_TYPE_FUNCTION_GEMMA);
  CHECK_TEXT(lrt_llm_type_name(m->model_type), "function_gemma");
  CHECK_INT(m->trait_count, 4);
  const lrt_llm_trait *fence = lrt_llm_metadata_trait(m, "code_fence_start");
  const lrt_llm_trait *image = lrt_llm_metadata_trait(m, "start_of_image_token");
  const lrt_llm_trait *mode = lrt_llm_metadata_trait(m, "constraint_mode");
  REQUIRE(fence != NULL && image != NULL && mode != NULL && image->token.count == 2);
  CHECK_INT(fence->kind, LRT_LLM_TRAIT_TEXT);
  CHECK_TEXT(fence->text, "```tool_code\n");
  CHECK_INT(image->token.ids[0], 255999);
  CHECK_NEAR(mode->number, 2, 0);
  CHECK(lrt_llm_metadata_trait(m, "open_quote") == NULL);
}

static void all_fields(void) {
  pb_sample sample;
  lrt_arena arena;
  lrt_llm_metadata m;
  lrt_error err = {LRT_OK, ""};
  lrt_arena_init(&arena, lrt_alloc_default());
  sample_llm_metadata(&sample);
  REQUIRE(lrt_llm_metadata_read(sample.bytes, sample.length, &arena, &m, &err) == LRT_OK);
  REQUIRE(m.stop_token_count == 2 && m.channel_count == 1);
  check_texts(&m);
  check_numbers(&m);
  check_traits(&m);
  lrt_arena_clear(&arena);
}

static void executor(void) {
  pb_sample sample;
  lrt_arena arena;
  lrt_executor_metadata m;
  lrt_arena_init(&arena, lrt_alloc_default());
  sample_executor_metadata(&sample);
  REQUIRE(lrt_executor_metadata_read(sample.bytes, sample.length, &arena, &m, NULL) == LRT_OK);
  REQUIRE(m.state_buffer_count == 2);
  const lrt_state_buffer *k = &m.state_buffers[0], *state = &m.state_buffers[1];
  CHECK(m.has_max_history_size && m.max_history_size == -1);
  CHECK_TEXT(k->prefill_input, "kv_cache_k_0");
  CHECK_TEXT(k->prefill_output, "kv_cache_k_0_out");
  CHECK_TEXT(k->decode_input, "kv_k");
  CHECK_TEXT(k->decode_output, "kv_k_out");
  CHECK_INT(k->type, LRT_STATE_BUFFER_GLOBAL_KEY);
  CHECK(k->has_sequence_axis && k->sequence_axis == 2 && !k->has_minimum_length);
  CHECK(k->has_maximum_length && k->maximum_length == 1280);
  CHECK_INT(state->type, LRT_STATE_BUFFER_LINEAR_ATTENTION);
  CHECK(!state->has_sequence_axis && state->has_minimum_length && state->minimum_length == 512);
  CHECK(state->decode_input == NULL);
  CHECK(m.has_mask && m.mask == 1 && m.has_local_mask && m.local_mask == 3);
  CHECK(m.has_sliding_window && m.sliding_window == 512);
  lrt_arena_clear(&arena);
}

/* Messages that come twice are merged, of a choice the last wins, a type that is not the field's is skipped. */
static void repeated(void) {
  pb_sample sample = {.length = 0}, templates = {.length = 0}, type = {.length = 0};
  lrt_arena arena;
  lrt_llm_metadata m;
  lrt_arena_init(&arena, lrt_alloc_default());
  pb_token(&sample, 1, "<s>", 0, 0);
  pb_token(&sample, 1, NULL, 4, 5);
  pb_token(&sample, 1, NULL, 6, 7);
  pb_token(&sample, 13, NULL, 4, 5);
  pb_token(&sample, 13, "<pad>", 0, 0);
  pb_affixes(&templates, 1, "a", NULL);
  pb_affixes(&templates, 1, NULL, "b");
  pb_sub(&sample, 3, &templates);
  pb_text(&sample, 5, "not a number");
  pb_int(&sample, 7, 1);
  pb_affixes(&type, 5, "```", NULL);
  pb_affixes(&type, 7, "<tool_call>", "</tool_call>");
  pb_sub(&sample, 6, &type);
  REQUIRE(lrt_llm_metadata_read(sample.bytes, sample.length, &arena, &m, NULL) == LRT_OK);
  CHECK(m.start_token.text == NULL);
  REQUIRE(m.start_token.count == 4);
  CHECK(m.start_token.ids[0] == 4 && m.start_token.ids[1] == 5 && m.start_token.ids[3] == 7);
  CHECK_TEXT(m.pad_token.text, "<pad>");
  CHECK_INT(m.pad_token.count, 0);
  CHECK_TEXT(m.user.prefix, "a");
  CHECK_TEXT(m.user.suffix, "b");
  CHECK(m.max_num_tokens == 0 && m.jinja_template == NULL);
  CHECK_INT(m.model_type, LRT_LLM_TYPE_QWEN2P5);
  REQUIRE(m.trait_count == 2);
  CHECK_TEXT(m.traits[1].name, "code_fence_end");
  CHECK_TEXT(m.traits[1].text, "</tool_call>");
  CHECK_TEXT(lrt_llm_type_name(77), "unknown");
  lrt_arena_clear(&arena);
}

static void refuse(const pb_sample *sample, const char *reason) {
  lrt_arena arena;
  lrt_llm_metadata m;
  lrt_error err = {LRT_OK, ""};
  lrt_arena_init(&arena, lrt_alloc_default());
  CHECK_INT(lrt_llm_metadata_read(sample->bytes, sample->length, &arena, &m, &err), LRT_INVALID_MODEL);
  if (strstr(err.message, reason) == NULL) CHECK_TEXT(err.message, reason);
  lrt_arena_clear(&arena);
}

static void refused(void) {
  pb_sample sample = {.length = 0}, inner = {.length = 0};
  pb_text(&sample, 7, "caf\xe9");
  refuse(&sample, "the field jinja_template of the metadata's message LlmMetadata is not UTF-8");
  sample.length = 0;
  pb_bytes(&inner, 1, "a\0b", 3);
  pb_sub(&sample, 8, &inner);
  refuse(&sample, "the field name of the metadata's message Channel has a NUL character");
  sample.length = inner.length = 0;
  pb_bytes(&inner, 1, "\x0a\x7f", 2);
  pb_sub(&sample, 3, &inner);
  refuse(&sample, "the metadata's message PromptAffixes: the protocol buffer is damaged at byte 2 of 2");
}

static bool parse(const uint8_t *bytes, size_t length) {
  static volatile size_t sink;
  lrt_arena arena;
  lrt_llm_metadata m;
  lrt_executor_metadata e;
  lrt_arena_init(&arena, lrt_alloc_default());
  const bool fine = lrt_llm_metadata_read(bytes, length, &arena, &m, NULL) == LRT_OK;
  for (size_t i = 0; fine && i < m.stop_token_count; i++)
    sink = sink + (m.stop_tokens[i].text == NULL ? m.stop_tokens[i].count : strlen(m.stop_tokens[i].text));
  const bool also = lrt_executor_metadata_read(bytes, length, &arena, &e, NULL) == LRT_OK;
  for (size_t i = 0; also && i < e.state_buffer_count; i++)
    sink = sink + (e.state_buffers[i].decode_input == NULL ? 0 : strlen(e.state_buffers[i].decode_input));
  lrt_arena_clear(&arena);
  return fine || also;
}

static void damaged(void) {
  pb_sample sample;
  sample_llm_metadata(&sample);
  CHECK(damage_everywhere(sample.bytes, sample.length, parse) > 100);
  sample_executor_metadata(&sample);
  CHECK(damage_everywhere(sample.bytes, sample.length, parse) > 50);
}

/* Each allocation refused in turn: an error every time, nothing left behind. */
static void no_memory(void) {
  pb_sample sample;
  lrt_alloc *alloc = NULL;
  int failures = 0;
  sample_llm_metadata(&sample);
  REQUIRE(lrt_alloc_create(0, &alloc, NULL) == LRT_OK);
  for (uint64_t nth = 1; nth < 20; nth++) {
    lrt_arena arena;
    lrt_llm_metadata m;
    lrt_error err = {LRT_OK, ""};
    lrt_arena_init(&arena, alloc);
    lrt_alloc_fail_from(alloc, nth);
    const lrt_status status = lrt_llm_metadata_read(sample.bytes, sample.length, &arena, &m, &err);
    CHECK(status == LRT_OK || (status == LRT_OUT_OF_MEMORY && err.message[0] != 0));
    failures += status != LRT_OK;
    lrt_alloc_fail_from(alloc, 0);
    lrt_arena_clear(&arena);
  }
  CHECK(failures > 0 && failures < 19);
  CHECK_INT(lrt_alloc_in_use(alloc), 0);
  lrt_alloc_destroy(alloc);
}

static void check_real(const lrt_llm_metadata *m) {
  REQUIRE(m->stop_token_count == 3 && m->stop_tokens[0].count == 1 && m->stop_tokens[1].count == 1);
  CHECK_INT(m->stop_tokens[0].ids[0], 2);
  CHECK_INT(m->stop_tokens[1].ids[0], 0);
  CHECK_TEXT(m->stop_tokens[2].text, "<|im_end|>");
  CHECK(m->start_token.text == NULL && m->start_token.count == 0);
  CHECK_TEXT(m->user.prefix, "<|im_start|>user\n");
  CHECK_TEXT(m->user.suffix, "<|im_end|>\n");
  CHECK_TEXT(m->model.prefix, "<|im_start|>assistant\n");
  CHECK_TEXT(m->system.prefix, "<|im_start|>system\n");
  CHECK_INT(m->max_num_tokens, 1280);
  CHECK_INT(m->model_type, LRT_LLM_TYPE_GENERIC);
  CHECK(m->jinja_template == NULL && !m->supports_thinking && !m->supports_function_calling);
}

static void real_bundle(void) {
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_bundle bundle;
  lrt_llm_metadata m;
  const void *view = NULL;
  lrt_arena_init(&arena, lrt_alloc_default());
  if (lrt_source_open(shared_path("models/lm/smollm2-135m_q4b32.litertlm"), LRT_SOURCE_MAP,
                      lrt_alloc_default(), &source, NULL) != LRT_OK)
    SKIP("no shared language model");
  REQUIRE(lrt_litertlm_read_sections(source, &arena, &bundle, NULL) == LRT_OK);
  const lrt_section *section = lrt_bundle_find(&bundle, LRT_SECTION_LLM_METADATA, NULL);
  REQUIRE(section != NULL &&
          lrt_source_view(source, section->offset, section->length, &view, NULL) == LRT_OK);
  CHECK_INT(lrt_llm_metadata_read(view, (size_t)section->length, &arena, &m, NULL), LRT_OK);
  check_real(&m);
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
}

int main(int argc, char **argv) {
  RUN(all_fields);
  RUN(executor);
  RUN(repeated);
  RUN(refused);
  RUN(damaged);
  RUN(no_memory);
  RUN(real_bundle);
  DONE();
}
