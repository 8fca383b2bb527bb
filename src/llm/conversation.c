/* conversation.c: messages, turned into one prompt by the chat template before each answer. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "llm/session_object.h"

struct lrt_conversation {
  lrt_session *session;
  lrt_alloc *alloc;
  char **messages; /* [count] JSON objects */
  size_t count, capacity;
  char *tools, *extra; /* JSON, or NULL */
  bool answering;      /* the answer under way is not yet a message */
};

/* ---- life ---- */

static lrt_status copy_text(const lrt_conversation *c, const char *text, char **out, lrt_error *err) {
  if (text == NULL) return LRT_OK;
  const size_t bytes = strlen(text) + 1;
  *out = lrt_alloc_get(c->alloc, bytes);
  if (*out == NULL) return lrt_alloc_fail(err, c->alloc, bytes, "a conversation");
  memcpy(*out, text, bytes);
  return LRT_OK;
}

/* Checks that a text is JSON of the kind that is wanted there. */
static lrt_status check_json(const lrt_conversation *c, const char *text, lrt_json_kind kind,
                             const char *name, const char *wanted, lrt_error *err) {
  lrt_arena arena;
  lrt_error why = {LRT_OK, ""};
  const lrt_json *value = NULL;
  if (text == NULL) return LRT_OK;
  lrt_arena_init(&arena, c->alloc);
  lrt_status status = lrt_json_parse(text, strlen(text), &arena, &value, &why);
  if (status == LRT_INVALID_MODEL)
    status = lrt_fail(err, LRT_INVALID_ARGUMENT, "%s: %s", name, why.message);
  else if (status != LRT_OK)
    status = lrt_fail(err, status, "%s", why.message);
  else if (value->kind != kind)
    status = lrt_fail(err, LRT_INVALID_ARGUMENT, "%s must be a JSON %s", name, wanted);
  lrt_arena_clear(&arena);
  return status;
}

static lrt_status fill(lrt_conversation *c, lrt_engine *engine, const lrt_conversation_options *o,
                       lrt_error *err) {
  LRT_TRY(lrt_session_create(engine, o != NULL ? &o->session : NULL, &c->session, err));
  if (o == NULL) return LRT_OK;
  LRT_TRY(check_json(c, o->tools, LRT_JSON_ARRAY, "tools", "array", err));
  LRT_TRY(check_json(c, o->extra, LRT_JSON_OBJECT, "the extra context", "object", err));
  LRT_TRY(copy_text(c, o->tools, &c->tools, err));
  LRT_TRY(copy_text(c, o->extra, &c->extra, err));
  return o->system != NULL ? lrt_conversation_add(c, "system", o->system, strlen(o->system), err) : LRT_OK;
}

static lrt_status make(lrt_alloc *alloc, lrt_conversation **out, lrt_error *err) {
  lrt_conversation *c = lrt_alloc_zero(alloc, sizeof *c);
  if (c == NULL) return lrt_alloc_fail(err, alloc, sizeof *c, "a conversation");
  c->alloc = alloc;
  *out = c;
  return LRT_OK;
}

lrt_status lrt_conversation_create(lrt_engine *engine, const lrt_conversation_options *options,
                                   lrt_conversation **out, lrt_error *err) {
  lrt_conversation *c = NULL;
  if (engine == NULL || out == NULL)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a conversation needs an engine");
  const lrt_llm_bundle *b = &engine->bundle;
  if (b->tokenizer == NULL)
    return lrt_fail(err, LRT_UNSUPPORTED, "a conversation needs a tokenizer, %s has none",
                    lrt_model_name(engine->model));
  if (b->chat == NULL && b->chat_error.code != LRT_OK)
    return lrt_fail(err, LRT_UNSUPPORTED, "%s cannot hold a conversation: %s", lrt_model_name(engine->model),
                    b->chat_error.message);
  LRT_TRY(make(engine->alloc, &c, err));
  const lrt_status status = fill(c, engine, options, err);
  if (status == LRT_OK)
    *out = c;
  else
    lrt_conversation_destroy(c);
  return status;
}

void lrt_conversation_destroy(lrt_conversation *c) {
  if (c == NULL) return;
  for (size_t i = 0; i < c->count; i++) lrt_alloc_free(c->messages[i]);
  lrt_alloc_free(c->messages);
  lrt_alloc_free(c->tools);
  lrt_alloc_free(c->extra);
  lrt_session_destroy(c->session);
  lrt_alloc_free(c);
}

/* Takes over the text. */
static lrt_status take_message(lrt_conversation *c, char *json, lrt_error *err) {
  if (c->count == c->capacity) {
    const size_t capacity = c->capacity < 16 ? 16 : 2 * c->capacity;
    char **grown = lrt_alloc_resize(c->alloc, c->messages, capacity * sizeof *grown);
    if (grown == NULL) {
      lrt_alloc_free(json);
      return lrt_alloc_fail(err, c->alloc, capacity * sizeof *grown, "the messages");
    }
    c->messages = grown;
    c->capacity = capacity;
  }
  c->messages[c->count++] = json;
  c->answering = false;
  return LRT_OK;
}

static lrt_status copy_parts(const lrt_conversation *from, lrt_conversation *to, lrt_error *err) {
  LRT_TRY(lrt_session_clone(from->session, &to->session, err));
  LRT_TRY(copy_text(to, from->tools, &to->tools, err));
  LRT_TRY(copy_text(to, from->extra, &to->extra, err));
  for (size_t i = 0; i < from->count; i++) {
    char *copy = NULL;
    LRT_TRY(copy_text(to, from->messages[i], &copy, err));
    LRT_TRY(take_message(to, copy, err));
  }
  to->answering = from->answering;
  return LRT_OK;
}

lrt_status lrt_conversation_clone(const lrt_conversation *from, lrt_conversation **out, lrt_error *err) {
  lrt_conversation *c = NULL;
  LRT_TRY(make(from->alloc, &c, err));
  const lrt_status status = copy_parts(from, c, err);
  if (status == LRT_OK)
    *out = c;
  else
    lrt_conversation_destroy(c);
  return status;
}

lrt_session *lrt_conversation_session(lrt_conversation *c) {
  return c->session;
}

/* ---- messages ---- */

static void write_value(lrt_json_writer *w, const lrt_json *value) {
  switch (value->kind) {
  case LRT_JSON_NULL: lrt_json_null(w); break;
  case LRT_JSON_BOOL: lrt_json_bool(w, value->as.boolean); break;
  case LRT_JSON_NUMBER:
    if (value->is_integer)
      lrt_json_int(w, value->as.integer);
    else
      lrt_json_double(w, value->as.number);
    break;
  case LRT_JSON_TEXT: lrt_json_text_bytes(w, value->as.text, value->length); break;
  case LRT_JSON_ARRAY:
    lrt_json_begin_array(w);
    for (const lrt_json *item = value->as.first; item != NULL; item = item->next) write_value(w, item);
    lrt_json_end_array(w);
    break;
  case LRT_JSON_OBJECT:
    lrt_json_begin_object(w);
    for (const lrt_json *item = value->as.first; item != NULL; item = item->next) {
      lrt_json_key(w, item->key);
      write_value(w, item);
    }
    lrt_json_end_object(w);
    break;
  }
}

static lrt_status finish_message(lrt_conversation *c, lrt_str *text, lrt_error *err) {
  const lrt_status status = lrt_str_check(text, err);
  if (status == LRT_OK) return take_message(c, lrt_str_take(text), err);
  lrt_str_clear(text);
  return status;
}

static lrt_status add_text(lrt_conversation *c, const char *role, const char *content, size_t length,
                           lrt_error *err) {
  lrt_json_writer w;
  lrt_str text;
  lrt_str_init(&text, c->alloc, 0);
  lrt_json_writer_init(&w, &text);
  lrt_json_begin_object(&w);
  lrt_json_key(&w, "role");
  lrt_json_text(&w, role);
  lrt_json_key(&w, "content");
  lrt_json_text_bytes(&w, content, length);
  lrt_json_end_object(&w);
  return finish_message(c, &text, err);
}

lrt_status lrt_conversation_add(lrt_conversation *c, const char *role, const char *content, size_t length,
                                lrt_error *err) {
  if (role == NULL || role[0] == '\0' || (content == NULL && length > 0))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a message needs a role and a content");
  LRT_TRY(lrt_session_check_utf8(content, length, err));
  return add_text(c, role, content, length, err);
}

static lrt_status add_value(lrt_conversation *c, const lrt_json *message, lrt_error *err) {
  const lrt_json *role = lrt_json_get(message, "role");
  lrt_json_writer w;
  lrt_str text;
  if (message->kind != LRT_JSON_OBJECT || role == NULL || role->kind != LRT_JSON_TEXT)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a message must be a JSON object with a role");
  lrt_str_init(&text, c->alloc, 0);
  lrt_json_writer_init(&w, &text);
  write_value(&w, message);
  return finish_message(c, &text, err);
}

lrt_status lrt_conversation_add_json(lrt_conversation *c, const char *json, size_t length, lrt_error *err) {
  lrt_arena arena;
  lrt_error why = {LRT_OK, ""};
  const lrt_json *value = NULL;
  const size_t before = c->count;
  lrt_arena_init(&arena, c->alloc);
  lrt_status status = lrt_json_parse(json, length, &arena, &value, &why);
  if (status == LRT_INVALID_MODEL)
    status = lrt_fail(err, LRT_INVALID_ARGUMENT, "the message is no JSON: %s", why.message);
  else if (status != LRT_OK)
    status = lrt_fail(err, status, "%s", why.message);
  else if (value->kind != LRT_JSON_ARRAY)
    status = add_value(c, value, err);
  else
    for (const lrt_json *item = value->as.first; item != NULL && status == LRT_OK; item = item->next)
      status = add_value(c, item, err);
  if (status != LRT_OK) lrt_conversation_rewind(c, before, NULL);
  lrt_arena_clear(&arena);
  return status;
}

size_t lrt_conversation_count(const lrt_conversation *c) {
  return c->count;
}

lrt_status lrt_conversation_rewind(lrt_conversation *c, size_t count, lrt_error *err) {
  if (count > c->count)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "the conversation has %zu messages and cannot be cut to %zu",
                    c->count, count);
  while (c->count > count) lrt_alloc_free(c->messages[--c->count]);
  c->answering = false;
  return LRT_OK;
}

static void add_messages(const lrt_conversation *c, lrt_str *out) {
  lrt_str_add_text(out, "[");
  for (size_t i = 0; i < c->count; i++) {
    if (i > 0) lrt_str_add_text(out, ",");
    lrt_str_add_text(out, c->messages[i]);
  }
  lrt_str_add_text(out, "]");
}

static lrt_status take_out(lrt_str *from, char **text, size_t *length, lrt_error *err) {
  const lrt_status status = lrt_str_check(from, err);
  if (status == LRT_OK) {
    *length = from->length;
    *text = lrt_str_take(from);
    if (*text == NULL) return lrt_alloc_fail(err, from->alloc, 0, "a text");
  }
  return status;
}

lrt_status lrt_conversation_messages(const lrt_conversation *c, char **json, size_t *length, lrt_error *err) {
  lrt_str out;
  lrt_str_init(&out, lrt_alloc_default(), 0);
  add_messages(c, &out);
  const lrt_status status = take_out(&out, json, length, err);
  lrt_str_clear(&out);
  return status;
}

/* ---- prompt ---- */

static void add_token(lrt_json_writer *w, const char *key, const lrt_tokenizer *tokenizer, int32_t id) {
  const char *piece = id >= 0 ? lrt_tokenizer_piece(tokenizer, id, NULL) : NULL;
  lrt_json_key(w, key);
  lrt_json_text(w, piece != NULL ? piece : "");
}

/* The object that the template sees. Members of `extra` come last: of two with one name the last counts. */
static void write_context(const lrt_conversation *c, bool for_answer, lrt_str *out) {
  const lrt_llm_bundle *b = &c->session->engine->bundle;
  lrt_json_writer w;
  lrt_json_writer_init(&w, out);
  lrt_json_begin_object(&w);
  add_token(&w, "bos_token", b->tokenizer,
            b->start.count > 0 ? b->start.ids[0] : lrt_tokenizer_bos(b->tokenizer));
  add_token(&w, "eos_token", b->tokenizer, lrt_tokenizer_eos(b->tokenizer));
  lrt_json_key(&w, "add_generation_prompt");
  lrt_json_bool(&w, for_answer);
  lrt_str_add_text(out, ",\"messages\":");
  add_messages(c, out);
  if (c->tools != NULL) {
    lrt_str_add_text(out, ",\"tools\":");
    lrt_str_add_text(out, c->tools);
  }
  const char *extra = c->extra != NULL ? strchr(c->extra, '{') : NULL;
  if (extra != NULL && extra[1 + strspn(extra + 1, " \t\r\n")] != '}') {
    lrt_str_add_text(out, ",");
    lrt_str_add_text(out, extra + 1);
  } else {
    lrt_str_add_text(out, "}");
  }
}

static lrt_status render_context(const lrt_conversation *c, const lrt_str *json, lrt_str *out,
                                 lrt_error *err) {
  const lrt_llm_bundle *b = &c->session->engine->bundle;
  lrt_arena arena;
  const lrt_json *context = NULL;
  lrt_arena_init(&arena, c->alloc);
  lrt_status status = lrt_json_parse(json->text, json->length, &arena, &context, err);
  if (status == LRT_OK)
    status = b->chat != NULL ? lrt_chat_template_render(b->chat, context, out, err)
                             : lrt_prompt_affixes_render(&b->metadata, context, out, err);
  lrt_arena_clear(&arena);
  return status == LRT_OK ? lrt_str_check(out, err) : status;
}

static lrt_status render(const lrt_conversation *c, bool for_answer, lrt_str *out, lrt_error *err) {
  lrt_str json;
  lrt_str_init(&json, c->alloc, 0);
  write_context(c, for_answer, &json);
  lrt_status status = lrt_str_check(&json, err);
  if (status == LRT_OK) status = render_context(c, &json, out, err);
  lrt_str_clear(&json);
  return status;
}

lrt_status lrt_conversation_render(const lrt_conversation *c, int for_answer, char **text, size_t *length,
                                   lrt_error *err) {
  lrt_str out;
  lrt_str_init(&out, lrt_alloc_default(), 0);
  lrt_status status = render(c, for_answer != 0, &out, err);
  if (status == LRT_OK) status = take_out(&out, text, length, err);
  lrt_str_clear(&out);
  return status;
}

/* ---- answers ---- */

lrt_status lrt_conversation_begin(lrt_conversation *c, const lrt_generate_options *options, lrt_error *err) {
  lrt_str prompt;
  if (c->count == 0) return lrt_fail(err, LRT_WRONG_STATE, "the conversation has no message to answer");
  lrt_str_init(&prompt, c->alloc, 0);
  lrt_status status = render(c, true, &prompt, err);
  if (status == LRT_OK) status = lrt_session_set_prompt(c->session, prompt.text, prompt.length, err);
  if (status == LRT_OK) status = lrt_session_begin(c->session, options, err);
  lrt_str_clear(&prompt);
  c->answering = status == LRT_OK;
  return status;
}

/* A finished answer becomes a message. */
static lrt_status keep_answer(lrt_conversation *c, lrt_error *err) {
  lrt_answer answer;
  lrt_session_answer(c->session, &answer);
  if (!c->answering || answer.finish == LRT_FINISH_NONE) return LRT_OK;
  c->answering = false;
  return answer.text_length > 0 ? add_text(c, "assistant", answer.text, answer.text_length, err) : LRT_OK;
}

lrt_status lrt_conversation_next(lrt_conversation *c, lrt_token *out, lrt_error *err) {
  const lrt_status status = lrt_session_next(c->session, out, err);
  const lrt_status kept = keep_answer(c, status == LRT_OK ? err : NULL);
  return status != LRT_OK ? status : kept;
}

lrt_status lrt_conversation_answer(lrt_conversation *c, const lrt_generate_options *options, lrt_answer *out,
                                   lrt_error *err) {
  lrt_token token = {.id = -1};
  lrt_status status = lrt_conversation_begin(c, options, err);
  if (status != LRT_OK) {
    if (out != NULL) *out = (lrt_answer){.text = ""};
    return status;
  }
  do {
    status = lrt_session_step(c->session, options, &token, err);
  } while (status == LRT_OK && token.finish == LRT_FINISH_NONE);
  const lrt_status kept = keep_answer(c, status == LRT_OK ? err : NULL);
  if (out != NULL) lrt_session_answer(c->session, out);
  return status != LRT_OK ? status : kept;
}
