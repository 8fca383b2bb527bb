/* render_templates.c: renders chat templates read as JSON lines, for tests that compare with another implementation. */
/* SPDX-License-Identifier: Apache-2.0 */
/* A line {"template": text, "contexts": [object, …]} gives a line per context: {"text": …} or {"status": …, "error": …}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer/chat_template.h"

static int put_line(lrt_status status, const lrt_str *text, const lrt_error *err) {
  lrt_str line;
  lrt_json_writer json;
  lrt_str_init(&line, lrt_alloc_default(), 0);
  lrt_json_writer_init(&json, &line);
  lrt_json_begin_object(&json);
  if (status == LRT_OK) {
    lrt_json_key(&json, "text");
    lrt_json_text_bytes(&json, text->text, text->length);
  } else {
    lrt_json_key(&json, "status");
    lrt_json_text(&json, lrt_status_name(status));
    lrt_json_key(&json, "error");
    lrt_json_text(&json, err->message);
  }
  lrt_json_end_object(&json);
  const int failed = lrt_str_check(&line, NULL) != LRT_OK || puts(line.text) < 0;
  lrt_str_clear(&line);
  return failed;
}

static int render(const lrt_json *line) {
  const lrt_json *text = lrt_json_get(line, "template"), *contexts = lrt_json_get(line, "contexts");
  lrt_chat_template *chat = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_str out;
  int failed = 0;
  if (text == NULL || text->kind != LRT_JSON_TEXT || contexts == NULL || contexts->kind != LRT_JSON_ARRAY)
    return 1;
  const lrt_status compiled =
      lrt_chat_template_create(text->as.text, text->length, lrt_alloc_default(), &chat, &err);
  for (const lrt_json *context = contexts->as.first; context != NULL; context = context->next) {
    lrt_str_init(&out, lrt_alloc_default(), 0);
    const lrt_status status =
        compiled != LRT_OK ? compiled : lrt_chat_template_render(chat, context, &out, &err);
    failed |= put_line(status, &out, &err);
    lrt_str_clear(&out);
  }
  lrt_chat_template_destroy(chat);
  return failed;
}

int main(void) {
  char *line = NULL;
  size_t capacity = 0;
  int failed = 0;
  for (ssize_t length; (length = getline(&line, &capacity, stdin)) > 0 && !failed;) {
    lrt_arena arena;
    const lrt_json *json = NULL;
    lrt_error err = {LRT_OK, ""};
    lrt_arena_init(&arena, lrt_alloc_default());
    failed = lrt_json_parse(line, (size_t)length, &arena, &json, &err) != LRT_OK || render(json);
    if (failed) fprintf(stderr, "render_templates: not understood: %s\n", err.message);
    lrt_arena_clear(&arena);
  }
  free(line);
  return failed;
}
