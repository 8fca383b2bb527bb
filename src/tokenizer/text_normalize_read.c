/* text_normalize_read.c: the "normalizer" of a tokenizer.json as steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "tokenizer/json_field.h"
#include "tokenizer/text_normalize.h"
#include "tokenizer/unicode.h"

#define DEPTH_MAX 8

typedef struct reader {
  lrt_arena *arena;
  lrt_normalize_step *steps; /* [LRT_NORMALIZE_STEPS_MAX] */
  uint32_t count;
  lrt_error *err;
} reader;

static lrt_status add(reader *r, lrt_normalize_step step) {
  if (r->count == LRT_NORMALIZE_STEPS_MAX)
    return lrt_fail(r->err, LRT_UNSUPPORTED, "tokenizer.json: the normalizer has more than %d steps",
                    LRT_NORMALIZE_STEPS_MAX);
  r->steps[r->count++] = step;
  return LRT_OK;
}

static lrt_status read_bert(reader *r, const lrt_json *json) {
  const bool lower = lrt_json_flag(json, "lowercase", true);
  if (lrt_json_flag(json, "clean_text", true))
    LRT_TRY(add(r, (lrt_normalize_step){.kind = NORMALIZE_BERT_CLEAN}));
  if (lrt_json_flag(json, "handle_chinese_chars", true))
    LRT_TRY(add(r, (lrt_normalize_step){.kind = NORMALIZE_BERT_SPREAD}));
  if (lrt_json_flag(json, "strip_accents", lower)) {
    LRT_TRY(add(r, (lrt_normalize_step){.kind = NORMALIZE_FORM}));
    LRT_TRY(add(r, (lrt_normalize_step){.kind = NORMALIZE_DROP, .mask = LRT_CATEGORY_BIT(Mn)}));
  }
  return lower ? add(r, (lrt_normalize_step){.kind = NORMALIZE_LOWERCASE}) : LRT_OK;
}

static lrt_status read_strip(reader *r, const lrt_json *json) {
  return add(r, (lrt_normalize_step){.kind = NORMALIZE_STRIP,
                                     .left = lrt_json_flag(json, "strip_left", true),
                                     .right = lrt_json_flag(json, "strip_right", true)});
}

static lrt_status read_replace(reader *r, const lrt_json *json) {
  lrt_normalize_step step = {.kind = NORMALIZE_REPLACE};
  LRT_TRY(lrt_json_copy(json, "content", r->arena, &step.text, r->err));
  LRT_TRY(lrt_json_pattern(lrt_json_get(json, "pattern"), r->arena, &step.regex, r->err));
  return add(r, step);
}

static lrt_status read_prepend(reader *r, const lrt_json *json) {
  lrt_normalize_step step = {.kind = NORMALIZE_PREPEND};
  LRT_TRY(lrt_json_copy(json, "prepend", r->arena, &step.text, r->err));
  return add(r, step);
}

static int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Bytes of a base64 text into `out`: [3 / 4 of the length]; false when it is none. */
static bool decode_base64(const lrt_json *text, uint8_t *out, size_t *length) {
  size_t digits = text->length;
  uint32_t bits = 0, held = 0;
  while (digits > 0 && text->length - digits < 2 && text->as.text[digits - 1] == '=') digits--;
  *length = 0;
  for (size_t i = 0; i < digits; i++) {
    const int digit = base64_digit(text->as.text[i]);
    if (digit < 0) return false;
    held = held << 6 | (uint32_t)digit;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out[(*length)++] = (uint8_t)(held >> bits);
  }
  return true;
}

static lrt_status read_charsmap(reader *r, const lrt_json *json) {
  lrt_normalize_step step = {.kind = NORMALIZE_CHARSMAP};
  const lrt_json *text = lrt_json_get(json, "precompiled_charsmap");
  size_t length;
  if (text == NULL || text->kind != LRT_JSON_TEXT) return LRT_OK;
  uint8_t *bytes = lrt_alloc_get(r->arena->alloc, text->length + 4);
  if (bytes == NULL) return lrt_alloc_fail(r->err, r->arena->alloc, text->length, "a tokenizer");
  lrt_status status =
      decode_base64(text, bytes, &length)
          ? lrt_charsmap_read(bytes, length, r->arena, &step.charsmap, r->err)
          : lrt_fail(r->err, LRT_INVALID_MODEL, "tokenizer.json: a precompiled_charsmap is no base64 text");
  lrt_alloc_free(bytes);
  return status == LRT_OK ? add(r, step) : status;
}

/* Normalizers without fields. */
static const struct {
  const char *type;
  lrt_normalize_step step;
} simple[] = {
    {"NFC", {.kind = NORMALIZE_FORM, .compose = true}},
    {"NFD", {.kind = NORMALIZE_FORM}},
    {"NFKC", {.kind = NORMALIZE_FORM, .compatible = true, .compose = true}},
    {"NFKD", {.kind = NORMALIZE_FORM, .compatible = true}},
    {"Lowercase", {.kind = NORMALIZE_LOWERCASE}},
    {"StripAccents", {.kind = NORMALIZE_DROP, .mask = LRT_CATEGORY_M}},
    {"Nmt", {.kind = NORMALIZE_NMT}},
    {"ByteLevel", {.kind = NORMALIZE_BYTES}},
};

static lrt_status read_step(reader *r, const lrt_json *json, int depth) {
  const lrt_json *type = lrt_json_get(json, "type");
  for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++)
    if (lrt_json_is(type, simple[i].type)) return add(r, simple[i].step);
  if (lrt_json_is(type, "BertNormalizer")) return read_bert(r, json);
  if (lrt_json_is(type, "Strip")) return read_strip(r, json);
  if (lrt_json_is(type, "Replace")) return read_replace(r, json);
  if (lrt_json_is(type, "Prepend")) return read_prepend(r, json);
  if (lrt_json_is(type, "Precompiled")) return read_charsmap(r, json);
  if (!lrt_json_is(type, "Sequence") || depth == DEPTH_MAX)
    return lrt_json_unknown(type, "normalizer", r->err);
  const lrt_json *list = lrt_json_get(json, "normalizers");
  for (const lrt_json *i = list != NULL && list->kind == LRT_JSON_ARRAY ? list->as.first : NULL; i != NULL;
       i = i->next)
    LRT_TRY(read_step(r, i, depth + 1));
  return LRT_OK;
}

lrt_status lrt_normalize_read(const lrt_json *json, lrt_arena *arena, lrt_normalize_steps *out,
                              lrt_error *err) {
  lrt_normalize_step steps[LRT_NORMALIZE_STEPS_MAX];
  reader r = {arena, steps, 0, err};
  *out = (lrt_normalize_steps){NULL, 0};
  if (json == NULL || json->kind == LRT_JSON_NULL) return LRT_OK;
  LRT_TRY(read_step(&r, json, 0));
  lrt_normalize_step *copy = lrt_arena_array(arena, r.count + 1, sizeof *copy);
  if (copy == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "a tokenizer");
  memcpy(copy, steps, r.count * sizeof *copy);
  *out = (lrt_normalize_steps){copy, r.count};
  return LRT_OK;
}
