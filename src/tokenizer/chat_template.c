/* chat_template.c: compiles and renders a Jinja template. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/chat_template.h"

#include <string.h>

#include "tokenizer/jinja_json.h"
#include "tokenizer/jinja_run.h"

#define DEFAULT_STEPS UINT64_C(20000000)
#define DEFAULT_BYTES (UINT64_C(256) << 20)
/* Real ones have tens of kilobytes. */
#define MAX_TEMPLATE ((size_t)4 << 20)

struct lrt_chat_template {
  lrt_alloc *alloc;
  lrt_arena arena; /* the tree */
  const jinja_node *root;
  uint64_t max_steps, max_bytes;
};

lrt_status lrt_chat_template_create(const char *text, size_t length, lrt_alloc *alloc,
                                    lrt_chat_template **out, lrt_error *err) {
  *out = NULL;
  if (length > MAX_TEMPLATE)
    return lrt_fail(err, LRT_UNSUPPORTED, "a chat template of %zu bytes is too long", length);
  lrt_chat_template *chat = lrt_alloc_zero(alloc, sizeof *chat);
  if (chat == NULL) return lrt_alloc_fail(err, alloc, sizeof *chat, "a chat template");
  chat->alloc = alloc;
  lrt_arena_init(&chat->arena, alloc);
  lrt_chat_template_limit(chat, 0, 0);
  const lrt_status status = jinja_parse(text, length, &chat->arena, &chat->root, err);
  if (status != LRT_OK) {
    lrt_chat_template_destroy(chat);
    return status;
  }
  *out = chat;
  return LRT_OK;
}

void lrt_chat_template_destroy(lrt_chat_template *chat) {
  if (chat == NULL) return;
  lrt_arena_clear(&chat->arena);
  lrt_alloc_free(chat);
}

void lrt_chat_template_limit(lrt_chat_template *chat, uint64_t steps, uint64_t bytes) {
  chat->max_steps = steps == 0 ? DEFAULT_STEPS : steps;
  chat->max_bytes = bytes == 0 ? DEFAULT_BYTES : bytes;
}

static lrt_status render(jinja_run *run, const lrt_chat_template *chat, const lrt_json *context) {
  jinja_value variables;
  LRT_TRY(jinja_from_json(run, context, &variables));
  if (variables.kind != JINJA_DICT)
    return lrt_fail(run->err, LRT_INVALID_ARGUMENT, "the variables of a chat template are no JSON object");
  run->context = variables.as.dict;
  LRT_TRY(jinja_open_scope(run, NULL, &run->scope));
  LRT_TRY(jinja_execute(run, chat->root));
  return lrt_str_check(run->out, run->err);
}

lrt_status lrt_chat_template_render(const lrt_chat_template *chat, const lrt_json *context, lrt_str *out,
                                    lrt_error *err) {
  lrt_arena arena;
  lrt_arena_init(&arena, chat->alloc);
  jinja_run run = {.arena = &arena, .err = err, .out = out, .line = 1};
  run.max_steps = chat->max_steps;
  run.max_bytes = chat->max_bytes;
  const lrt_status status = render(&run, chat, context);
  lrt_arena_clear(&arena);
  return status;
}
