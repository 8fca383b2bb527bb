/* fuzz_llm_metadata.c: any bytes as a bundle's metadata, of the model and of the executor; every text and id is read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/llm_metadata.h"

#include <string.h>

#include "fuzz_entry.h"

static size_t touch_text(const char *text) {
  return text == NULL ? 0 : strlen(text);
}

static size_t touch_token(const lrt_token_union *token) {
  size_t sum = touch_text(token->text);
  for (size_t i = 0; i < token->count; i++) sum += (uint32_t)token->ids[i];
  return sum;
}

static size_t touch_model(const lrt_llm_metadata *m) {
  size_t sum = touch_token(&m->start_token) + touch_token(&m->pad_token) + touch_text(m->jinja_template) +
               touch_text(m->user.prefix) + touch_text(m->system.suffix) + touch_text(m->min_runtime_version);
  for (size_t i = 0; i < m->stop_token_count; i++) sum += touch_token(&m->stop_tokens[i]);
  for (size_t i = 0; i < m->channel_count; i++) sum += touch_text(m->channels[i].name);
  for (size_t i = 0; i < m->suppress_token_count; i++) sum += (uint32_t)m->suppress_tokens[i];
  for (size_t i = 0; i < m->trait_count; i++)
    sum += touch_text(m->traits[i].text) + touch_token(&m->traits[i].token) + touch_text(m->traits[i].name);
  return sum;
}

static size_t touch_executor(const lrt_executor_metadata *m) {
  size_t sum = 0;
  for (size_t i = 0; i < m->state_buffer_count; i++)
    sum += touch_text(m->state_buffers[i].prefill_input) + touch_text(m->state_buffers[i].decode_output);
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static volatile size_t sink;
  lrt_arena arena;
  lrt_llm_metadata model;
  lrt_executor_metadata executor;
  lrt_arena_init(&arena, lrt_alloc_default());
  if (lrt_llm_metadata_read(bytes, length, &arena, &model, NULL) == LRT_OK) sink = sink + touch_model(&model);
  if (lrt_executor_metadata_read(bytes, length, &arena, &executor, NULL) == LRT_OK)
    sink = sink + touch_executor(&executor);
  lrt_arena_clear(&arena);
  return 0;
}
