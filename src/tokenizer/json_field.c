/* json_field.c: reads flags, texts, code points, patterns and Metaspace. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/json_field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"

bool lrt_json_flag(const lrt_json *object, const char *key, bool otherwise) {
  const lrt_json *value = lrt_json_get(object, key);
  return value != NULL && value->kind == LRT_JSON_BOOL ? value->as.boolean : otherwise;
}

bool lrt_json_is(const lrt_json *value, const char *text) {
  return value != NULL && value->kind == LRT_JSON_TEXT && value->length == strlen(text) &&
         memcmp(value->as.text, text, value->length) == 0;
}

lrt_status lrt_json_copy(const lrt_json *object, const char *key, lrt_arena *arena, lrt_text *out,
                         lrt_error *err) {
  const lrt_json *value = lrt_json_get(object, key);
  *out = (lrt_text){NULL, 0};
  if (value == NULL || value->kind == LRT_JSON_NULL) return LRT_OK;
  if (value->kind != LRT_JSON_TEXT || value->length > INT32_MAX)
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: \"%s\" is no text", key);
  const char *copy = lrt_arena_text(arena, value->as.text, value->length);
  if (copy == NULL) return lrt_alloc_fail(err, arena->alloc, value->length, "a tokenizer");
  *out = (lrt_text){copy, (uint32_t)value->length};
  return LRT_OK;
}

lrt_status lrt_json_code(const lrt_json *object, const char *key, uint32_t *out, lrt_error *err) {
  const lrt_json *value = lrt_json_get(object, key);
  if (value == NULL || value->kind != LRT_JSON_TEXT || value->length == 0 ||
      lrt_utf8_decode(value->as.text, value->length, out) != value->length)
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: \"%s\" is no text of one character", key);
  return LRT_OK;
}

/* The digits of "-12.5e-3" as one integer, as many as fit, and the power of ten they lack. */
static uint64_t split_number(const char *text, int *exponent) {
  uint64_t digits = 0;
  bool fraction = false, full = false;
  *exponent = 0;
  for (; *text != 0 && *text != 'e' && *text != 'E'; text++) {
    if (*text == '.') fraction = true;
    if (*text < '0' || *text > '9') continue;
    const uint64_t digit = (uint64_t)(*text - '0');
    full |= digits > (UINT64_MAX - digit) / 10;
    if (full) {
      *exponent += fraction ? 0 : 1;
      continue;
    }
    digits = digits * 10 + digit;
    *exponent -= fraction ? 1 : 0;
  }
  if (*text != 0) *exponent += (int)strtol(text + 1, NULL, 10);
  return digits;
}

lrt_status lrt_json_score(const lrt_json *value, lrt_alloc *alloc, double *out, lrt_error *err) {
  char power_text[16];
  lrt_str text;
  lrt_json_writer writer;
  int exponent;
  const double exact = lrt_json_number(value, 0);
  lrt_str_init(&text, alloc, 0);
  lrt_json_writer_init(&writer, &text);
  lrt_json_double(&writer, exact);
  LRT_TRY(lrt_str_check(&text, err));
  double number = (double)split_number(text.text, &exponent);
  lrt_str_clear(&text);
  if (exponent < -308 || exponent > 308) {
    *out = exact;
    return LRT_OK;
  }
  snprintf(power_text, sizeof power_text, "1e%d", abs(exponent));
  const double power = strtod(power_text, NULL);
  number = exponent < 0 ? number / power : number * power;
  *out = exact < 0 ? -number : number;
  return LRT_OK;
}

/* A text as a pattern that matches just it. */
static lrt_status compile_text(const lrt_json *text, lrt_arena *arena, const lrt_regex **out,
                               lrt_error *err) {
  lrt_str pattern;
  lrt_str_init(&pattern, arena->alloc, 0);
  for (size_t i = 0; i < text->length; i++) {
    if (memchr("\\.+*?()|[]{}^$#&-~", text->as.text[i], 18) != NULL) lrt_str_add(&pattern, "\\", 1);
    lrt_str_add(&pattern, text->as.text + i, 1);
  }
  lrt_status status = lrt_str_check(&pattern, err);
  if (status == LRT_OK) status = lrt_regex_compile(pattern.text, pattern.length, arena, out, err);
  lrt_str_clear(&pattern);
  return status;
}

lrt_status lrt_json_pattern(const lrt_json *pattern, lrt_arena *arena, const lrt_regex **out,
                            lrt_error *err) {
  const lrt_json *regex = lrt_json_get(pattern, "Regex"), *text = lrt_json_get(pattern, "String");
  if (regex != NULL && regex->kind == LRT_JSON_TEXT)
    return lrt_regex_compile(regex->as.text, regex->length, arena, out, err);
  if (text != NULL && text->kind == LRT_JSON_TEXT) return compile_text(text, arena, out, err);
  return lrt_fail(err, LRT_INVALID_MODEL,
                  "tokenizer.json: a \"pattern\" has neither a \"String\" nor a \"Regex\"");
}

lrt_status lrt_json_unknown(const lrt_json *type, const char *part, lrt_error *err) {
  if (type == NULL || type->kind != LRT_JSON_TEXT)
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: a %s has no \"type\"", part);
  return lrt_fail(err, LRT_UNSUPPORTED, "tokenizer.json: the %s %.100s is not supported", part,
                  type->as.text);
}

lrt_status lrt_json_metaspace(const lrt_json *json, lrt_arena *arena, lrt_metaspace *out, lrt_error *err) {
  const lrt_json *scheme = lrt_json_get(json, "prepend_scheme");
  LRT_TRY(lrt_json_code(json, "replacement", &out->code, err));
  LRT_TRY(lrt_json_copy(json, "replacement", arena, &out->replacement, err));
  out->split = lrt_json_flag(json, "split", true);
  out->scheme = METASPACE_ALWAYS;
  if (lrt_json_is(scheme, "first"))
    out->scheme = METASPACE_FIRST;
  else if (lrt_json_is(scheme, "never"))
    out->scheme = METASPACE_NEVER;
  else if (scheme != NULL && !lrt_json_is(scheme, "always"))
    return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: Metaspace has an unknown prepend_scheme");
  if (!lrt_json_flag(json, "add_prefix_space", true)) out->scheme = METASPACE_NEVER;
  return LRT_OK;
}
