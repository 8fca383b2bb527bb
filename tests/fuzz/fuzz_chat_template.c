/* fuzz_chat_template.c: any bytes as a template, a zero byte, and the JSON it is rendered over; work is bounded. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fuzz_entry.h"
#include "tokenizer/chat_template.h"

static const char context[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\","
                              "\"content\":[{\"type\":\"text\","
                              "\"text\":\"x\"}]}],\"tools\":[{\"a\":1,\"b\":[true,null,2.5]}],\"add_"
                              "generation_prompt\":true,\"bos_token\":\"<s>\"}";

static size_t render(const lrt_chat_template *chat, const char *text, size_t length) {
  lrt_arena arena;
  lrt_str out;
  const lrt_json *json = NULL;
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_str_init(&out, lrt_alloc_default(), 1 << 20);
  if (lrt_json_parse(text, length, &arena, &json, NULL) == LRT_OK)
    lrt_chat_template_render(chat, json, &out, NULL);
  const size_t sum = out.length;
  lrt_str_clear(&out);
  lrt_arena_clear(&arena);
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static volatile size_t sink;
  const char *text = (const char *)bytes, *end = length == 0 ? NULL : memchr(text, 0, length);
  const size_t cut = end == NULL ? length : (size_t)(end - text);
  lrt_chat_template *chat = NULL;
  lrt_error err;
  if (lrt_chat_template_create(text, cut, lrt_alloc_default(), &chat, &err) != LRT_OK) return 0;
  lrt_chat_template_limit(chat, 20000, 1 << 20);
  sink = sink + render(chat, context, sizeof context - 1);
  if (end != NULL) sink = sink + render(chat, end + 1, length - cut - 1);
  lrt_chat_template_destroy(chat);
  return 0;
}
