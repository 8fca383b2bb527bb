/* prompt_affixes.c: prompts from the prefixes and suffixes of LlmMetadata. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "tokenizer/chat_template.h"

static bool is_text(const lrt_json *value, const char *text) {
  return value != NULL && value->kind == LRT_JSON_TEXT && strcmp(value->as.text, text) == 0;
}

static const lrt_prompt_affixes *affixes_of(const lrt_llm_metadata *metadata, const lrt_json *role) {
  if (is_text(role, "user")) return &metadata->user;
  if (is_text(role, "assistant") || is_text(role, "model")) return &metadata->model;
  return is_text(role, "system") || is_text(role, "developer") ? &metadata->system : NULL;
}

static void add(lrt_str *out, const char *text) {
  if (text != NULL) lrt_str_add_text(out, text);
}

static lrt_status add_part(const lrt_json *part, lrt_str *out, lrt_error *err) {
  const lrt_json *text = part->kind == LRT_JSON_TEXT ? part : lrt_json_get(part, "text");
  const bool is_typed = part->kind != LRT_JSON_OBJECT || is_text(lrt_json_get(part, "type"), "text");
  if (text == NULL || text->kind != LRT_JSON_TEXT || !is_typed)
    return lrt_fail(err, LRT_INVALID_ARGUMENT,
                    "a message has content that is no text, for which the model's prompt has no place");
  lrt_str_add(out, text->as.text, text->length);
  return LRT_OK;
}

static lrt_status add_message(const lrt_llm_metadata *metadata, const lrt_json *message, lrt_str *out,
                              lrt_error *err) {
  const lrt_json *role = lrt_json_get(message, "role"), *content = lrt_json_get(message, "content");
  const lrt_prompt_affixes *affixes = affixes_of(metadata, role);
  if (affixes == NULL || !affixes->is_set)
    return lrt_fail(err, LRT_INVALID_ARGUMENT,
                    "the model's prompt has no place for a message of the role %.100s",
                    role != NULL && role->kind == LRT_JSON_TEXT ? role->as.text : "(none)");
  add(out, affixes->prefix);
  if (content != NULL && content->kind == LRT_JSON_ARRAY) {
    for (const lrt_json *part = content->as.first; part != NULL; part = part->next)
      LRT_TRY(add_part(part, out, err));
  } else if (content != NULL && content->kind != LRT_JSON_NULL) {
    LRT_TRY(add_part(content, out, err));
  }
  add(out, affixes->suffix);
  return LRT_OK;
}

bool lrt_prompt_affixes_exist(const lrt_llm_metadata *metadata) {
  return metadata->user.is_set || metadata->model.is_set || metadata->system.is_set;
}

lrt_status lrt_prompt_affixes_render(const lrt_llm_metadata *metadata, const lrt_json *context, lrt_str *out,
                                     lrt_error *err) {
  const lrt_json *messages = lrt_json_get(context, "messages"),
                 *prompt = lrt_json_get(context, "add_generation_prompt");
  if (messages == NULL || messages->kind != LRT_JSON_ARRAY)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a conversation has no list of messages");
  for (const lrt_json *message = messages->as.first; message != NULL; message = message->next)
    LRT_TRY(add_message(metadata, message, out, err));
  if (prompt != NULL && prompt->kind == LRT_JSON_BOOL && prompt->as.boolean) add(out, metadata->model.prefix);
  return lrt_str_check(out, err);
}
