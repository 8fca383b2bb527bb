/* bundle_parts.c: reads what stands beside the model in a bundle: metadata, tokenizer, start and stop tokens. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "base/log.h"
#include "formats/inflate.h"
#include "formats/protobuf.h"
#include "litert/parts.h"
#include "llm/llm_object.h"

#define TOKENIZER_BYTES_MAX (UINT64_C(512) << 20)

/* ---- parts ---- */

static int32_t find_kind(const lrt_parts *parts, const char *kind) {
  lrt_part_info info;
  for (int32_t i = 0; lrt_parts_info(parts, i, &info) == LRT_OK; i++)
    if (strcmp(info.kind, kind) == 0) return i;
  return -1;
}

/* A copy of a part's contents, to be freed with lrt_alloc_free. */
static lrt_status copy_part(const lrt_parts *parts, int32_t index, uint8_t **out, size_t *length,
                            lrt_error *err) {
  lrt_part_info info;
  LRT_TRY(lrt_parts_info(parts, index, &info));
  uint8_t *bytes = info.bytes <= SIZE_MAX ? lrt_alloc_get(lrt_alloc_default(), (size_t)info.bytes) : NULL;
  if (bytes == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), info.bytes, "a part of the bundle");
  const lrt_status status = lrt_parts_read(parts, index, bytes, err);
  if (status != LRT_OK) {
    lrt_alloc_free(bytes);
    return status;
  }
  *out = bytes;
  *length = (size_t)info.bytes;
  return LRT_OK;
}

/* ---- metadata ---- */

/* Older .task bundles have another message, LlmParameters: {2 vocab_size, 4 start_token_id, 6 start_token, 5 stop_tokens}.
 * In LlmMetadata fields 2 and 4 are messages. */
static bool is_parameters(const uint8_t *bytes, size_t length) {
  lrt_pb_reader reader = lrt_pb_open(bytes, length);
  lrt_pb_field field;
  while (lrt_pb_next(&reader, &field))
    if ((field.number == 2 || field.number == 4) && field.wire == LRT_PB_VARINT) return true;
  return false;
}

static lrt_status token_text(const lrt_pb_field *field, lrt_arena *arena, lrt_token_union *out,
                             lrt_error *err) {
  out->text = lrt_arena_text(arena, (const char *)field->bytes, field->length);
  return out->text != NULL ? LRT_OK : lrt_alloc_fail(err, arena->alloc, field->length, "the metadata");
}

static lrt_status read_parameters(const uint8_t *bytes, size_t length, lrt_arena *arena,
                                  lrt_llm_metadata *out, lrt_error *err) {
  lrt_pb_reader reader = lrt_pb_open(bytes, length);
  lrt_pb_field field;
  size_t count = 0;
  while (lrt_pb_next(&reader, &field)) count += field.number == 5;
  LRT_TRY(lrt_pb_end(&reader, err));
  lrt_token_union *stops = lrt_arena_array(arena, count + 1, sizeof *stops);
  int32_t *start = lrt_arena_get(arena, sizeof *start);
  if (stops == NULL || start == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "the metadata");
  out->stop_tokens = stops;
  reader = lrt_pb_open(bytes, length);
  while (lrt_pb_next(&reader, &field)) {
    if (field.number == 4 && field.wire == LRT_PB_VARINT) {
      *start = (int32_t)field.value;
      out->start_token.ids = start;
      out->start_token.count = 1;
    }
    if (field.number == 6 && field.wire == LRT_PB_BYTES)
      LRT_TRY(token_text(&field, arena, &out->start_token, err));
    if (field.number == 5 && field.wire == LRT_PB_BYTES)
      LRT_TRY(token_text(&field, arena, &stops[out->stop_token_count++], err));
  }
  return LRT_OK;
}

static lrt_status read_metadata(const lrt_parts *parts, lrt_arena *arena, lrt_llm_bundle *out,
                                lrt_error *err) {
  const int32_t index = find_kind(parts, "llm_metadata"), executor = find_kind(parts, "executor_metadata");
  uint8_t *bytes = NULL;
  size_t length = 0;
  lrt_status status = LRT_OK;
  if (index >= 0) {
    LRT_TRY(copy_part(parts, index, &bytes, &length, err));
    status = is_parameters(bytes, length) ? read_parameters(bytes, length, arena, &out->metadata, err)
                                          : lrt_llm_metadata_read(bytes, length, arena, &out->metadata, err);
    lrt_alloc_free(bytes);
  }
  if (status != LRT_OK || executor < 0) return status;
  LRT_TRY(copy_part(parts, executor, &bytes, &length, err));
  status = lrt_executor_metadata_read(bytes, length, arena, &out->executor, err);
  lrt_alloc_free(bytes);
  return status;
}

/* ---- tokenizer ---- */

/* The size of the JSON text in eight bytes, then a zlib stream of it; deflate gives at most 1032 bytes for one. */
static lrt_status open_compressed(const uint8_t *bytes, size_t length, lrt_tokenizer **out, lrt_error *err) {
  uint64_t size = 0;
  lrt_inflate_result result;
  for (int i = 7; length >= 8 && i >= 0; i--) size = size << 8 | bytes[i];
  if (length < 8 || size > TOKENIZER_BYTES_MAX || size / 1032 > length)
    return lrt_fail(err, LRT_INVALID_MODEL, "the tokenizer section of %zu bytes is damaged", length);
  uint8_t *text = lrt_alloc_get(lrt_alloc_default(), (size_t)size);
  if (text == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), size, "a tokenizer");
  lrt_status status = lrt_inflate_zlib(bytes + 8, length - 8, text, (size_t)size, &result, err);
  if (status == LRT_OK) status = lrt_tokenizer_open_memory(text, result.written, out, err);
  lrt_alloc_free(text);
  return status;
}

static lrt_status open_tokenizer(const lrt_parts *parts, lrt_tokenizer **out, lrt_error *err) {
  const int32_t plain = find_kind(parts, "sentencepiece_tokenizer");
  const int32_t packed = plain < 0 ? find_kind(parts, "hf_tokenizer_zlib") : -1;
  uint8_t *bytes = NULL;
  size_t length = 0;
  if (plain < 0 && packed < 0) return LRT_OK;
  LRT_TRY(copy_part(parts, plain >= 0 ? plain : packed, &bytes, &length, err));
  const lrt_status status = packed >= 0 ? open_compressed(bytes, length, out, err)
                                        : lrt_tokenizer_open_memory(bytes, length, out, err);
  lrt_alloc_free(bytes);
  return status;
}

/* ---- tokens by name ---- */

/* The ids that a token of the metadata means: its own, a piece of the vocabulary, or the encoding of its text. */
static lrt_status ids_of(const lrt_llm_bundle *b, const lrt_token_union *token, lrt_llm_ids *out,
                         lrt_error *err) {
  if (token->text == NULL) return lrt_llm_ids_add(out, lrt_alloc_default(), token->ids, token->count, err);
  if (b->tokenizer == NULL || token->text[0] == '\0') return LRT_OK;
  const int32_t piece = lrt_tokenizer_id(b->tokenizer, token->text);
  if (piece >= 0) return lrt_llm_ids_add(out, lrt_alloc_default(), &piece, 1, err);
  lrt_token_list list = {0};
  lrt_status status = lrt_tokenizer_encode(b->tokenizer, token->text, strlen(token->text),
                                           LRT_ENCODE_PARSE_SPECIAL, &list, err);
  if (status == LRT_OK) status = lrt_llm_ids_add(out, lrt_alloc_default(), list.ids, list.count, err);
  lrt_token_list_clear(&list);
  return status;
}

/* One token is a stop id; more are looked for as text. */
static lrt_status add_stop(lrt_llm_bundle *b, const lrt_token_union *token, lrt_arena *arena,
                           lrt_error *err) {
  lrt_llm_ids ids = {0};
  char *text = NULL;
  size_t length = 0;
  lrt_status status = ids_of(b, token, &ids, err);
  if (status == LRT_OK && ids.count == 1) {
    status = lrt_llm_ids_add(&b->stop, lrt_alloc_default(), ids.ids, 1, err);
  } else if (status == LRT_OK && ids.count > 1 && b->tokenizer != NULL) {
    status = token->text != NULL
                 ? LRT_OK
                 : lrt_tokenizer_decode(b->tokenizer, ids.ids, ids.count, 0, &text, &length, err);
    const char *stop = token->text != NULL ? token->text : text;
    char *kept = status == LRT_OK ? lrt_arena_text(arena, stop, strlen(stop)) : NULL;
    if (status == LRT_OK && kept == NULL) status = lrt_alloc_fail(err, arena->alloc, 0, "the stop texts");
    if (status == LRT_OK && kept[0] != '\0') b->stop_texts[b->stop_text_count++] = kept;
    lrt_text_free(text);
  }
  lrt_alloc_free(ids.ids);
  return status;
}

static lrt_status find_tokens(lrt_llm_bundle *b, lrt_arena *arena, lrt_error *err) {
  const lrt_llm_metadata *m = &b->metadata;
  LRT_TRY(ids_of(b, &m->start_token, &b->start, err));
  b->stop_texts = lrt_arena_array(arena, m->stop_token_count + 1, sizeof *b->stop_texts);
  if (b->stop_texts == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "the stop texts");
  for (size_t i = 0; i < m->stop_token_count; i++) LRT_TRY(add_stop(b, &m->stop_tokens[i], arena, err));
  if (m->stop_token_count > 0 || b->tokenizer == NULL) return LRT_OK;
  const int32_t end = lrt_tokenizer_eos(b->tokenizer);
  return end >= 0 ? lrt_llm_ids_add(&b->stop, lrt_alloc_default(), &end, 1, err) : LRT_OK;
}

/* A template that does not compile leaves an engine that works on texts and ids. */
static lrt_status open_template(lrt_llm_bundle *b, const char *given, lrt_error *err) {
  const char *text = given != NULL ? given : b->metadata.jinja_template;
  if (text == NULL) {
    if (!lrt_prompt_affixes_exist(&b->metadata))
      lrt_fail(&b->chat_error, LRT_UNSUPPORTED, "it has no chat template and none was given");
    return LRT_OK;
  }
  const lrt_status status =
      lrt_chat_template_create(text, strlen(text), lrt_alloc_default(), &b->chat, &b->chat_error);
  if (status == LRT_OK) return LRT_OK;
  if (given != NULL || status == LRT_OUT_OF_MEMORY || status == LRT_OVER_BUDGET)
    return lrt_fail(err, status, "%s", b->chat_error.message);
  if (!lrt_prompt_affixes_exist(&b->metadata)) return LRT_OK;
  lrt_log(LRT_LOG_WARN, "llm", "template_replaced", "by=affixes reason=\"%s\"", b->chat_error.message);
  b->chat_error.code = LRT_OK;
  return LRT_OK;
}

lrt_status lrt_llm_bundle_read(lrt_model *model, lrt_arena *arena, lrt_llm_bundle *out, lrt_error *err) {
  memset(out, 0, sizeof *out);
  LRT_TRY(lrt_parts_create(model, &out->parts, err));
  return read_metadata(out->parts, arena, out, err);
}

lrt_status lrt_llm_bundle_open(const char *tokenizer, const char *chat, lrt_arena *arena, lrt_llm_bundle *b,
                               lrt_error *err) {
  if (tokenizer != NULL)
    LRT_TRY(lrt_tokenizer_open(tokenizer, &b->tokenizer, err));
  else
    LRT_TRY(open_tokenizer(b->parts, &b->tokenizer, err));
  LRT_TRY(open_template(b, chat, err));
  return find_tokens(b, arena, err);
}

void lrt_llm_bundle_clear(lrt_llm_bundle *b) {
  lrt_parts_destroy(b->parts);
  lrt_tokenizer_destroy(b->tokenizer);
  lrt_chat_template_destroy(b->chat);
  lrt_alloc_free(b->start.ids);
  lrt_alloc_free(b->stop.ids);
  memset(b, 0, sizeof *b);
}
