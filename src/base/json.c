/* json.c: the JSON parser: strict, bounded in depth, into an arena. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"

/* Longer numbers are legal JSON, but nobody needs them and they would have to be copied to the heap. */
#define NUMBER_BYTES 512

typedef struct parser {
  const char *text;
  size_t at, length;
  lrt_arena *arena;
  lrt_error *err;
} parser;

static lrt_status expected(const parser *p, const char *what) {
  return lrt_fail(p->err, LRT_INVALID_MODEL, "JSON: expected %s at byte %zu%s", what, p->at,
                  p->at >= p->length ? ", where the text ends" : "");
}

static lrt_status no_memory(const parser *p, size_t bytes) {
  return lrt_alloc_fail(p->err, p->arena->alloc, bytes, "a JSON text");
}

/* The present byte, 0 at the end (a real 0 is valid nowhere outside of a text). */
static char peek(const parser *p) {
  return p->at < p->length ? p->text[p->at] : '\0';
}

static void skip_blanks(parser *p) {
  while (p->at < p->length && memchr(" \t\n\r", p->text[p->at], 4) != NULL) p->at++;
}

static bool accept(parser *p, char c) {
  if (p->at >= p->length || p->text[p->at] != c) return false;
  p->at++;
  return true;
}

static lrt_status parse_word(parser *p, const char *word) {
  const size_t length = strlen(word);
  if (p->length - p->at < length || memcmp(p->text + p->at, word, length) != 0) return expected(p, word);
  p->at += length;
  return LRT_OK;
}

static size_t skip_digits(parser *p) {
  const size_t start = p->at;
  while (p->at < p->length && p->text[p->at] >= '0' && p->text[p->at] <= '9') p->at++;
  return p->at - start;
}

/* Double of checked digits. strtod wants the decimal sign of the present locale. */
static double to_double(const char *digits, size_t length) {
  char copy[NUMBER_BYTES + 32];
  const char *sign = localeconv()->decimal_point;
  const char *point = memchr(digits, '.', length);
  const size_t whole = point == NULL ? length : (size_t)(point - digits);
  snprintf(copy, sizeof copy, "%.*s%.16s%.*s", (int)whole, digits, point == NULL ? "" : sign,
           point == NULL ? 0 : (int)(length - whole - 1), point == NULL ? "" : point + 1);
  return strtod(copy, NULL);
}

/* False when the integer does not fit, as negative zero does not. */
static bool to_integer(const char *digits, size_t length, int64_t *out) {
  const bool negative = digits[0] == '-';
  const uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
  uint64_t value = 0;
  for (size_t i = negative ? 1 : 0; i < length; i++) {
    const uint64_t digit = (uint64_t)(digits[i] - '0');
    if (value > (limit - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = negative ? (int64_t)(0 - value) : (int64_t)value;
  return !negative || value != 0;
}

static lrt_status parse_number(parser *p, lrt_json *value) {
  const size_t start = p->at;
  bool whole = true;
  accept(p, '-');
  if (!accept(p, '0') && skip_digits(p) == 0) return expected(p, "a digit");
  if (accept(p, '.')) {
    whole = false;
    if (skip_digits(p) == 0) return expected(p, "a digit");
  }
  if (accept(p, 'e') || accept(p, 'E')) {
    whole = false;
    if (!accept(p, '+')) accept(p, '-');
    if (skip_digits(p) == 0) return expected(p, "a digit");
  }
  const size_t length = p->at - start;
  if (length > NUMBER_BYTES) {
    p->at = start;
    return expected(p, "a number of at most 512 characters");
  }
  value->kind = LRT_JSON_NUMBER;
  int64_t integer = 0;
  value->is_integer = whole && to_integer(p->text + start, length, &integer);
  if (value->is_integer)
    value->as.integer = integer;
  else
    value->as.number = to_double(p->text + start, length);
  return LRT_OK;
}

static lrt_status parse_hex(parser *p, uint32_t *out) {
  *out = 0;
  for (int i = 0; i < 4; i++) {
    const char c = peek(p);
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return expected(p, "a hexadecimal digit");
    *out = *out << 4 | (uint32_t)digit;
    p->at++;
  }
  return LRT_OK;
}

/* After "\u": one code point; codes above FFFF come as two escapes. */
static lrt_status parse_code(parser *p, uint32_t *code) {
  const size_t start = p->at - 2;
  uint32_t low = 0;
  LRT_TRY(parse_hex(p, code));
  if (*code < 0xd800 || *code > 0xdfff) return LRT_OK;
  if (*code < 0xdc00 && accept(p, '\\') && accept(p, 'u')) {
    LRT_TRY(parse_hex(p, &low));
    if (low >= 0xdc00 && low <= 0xdfff) {
      *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
      return LRT_OK;
    }
  }
  p->at = start;
  return expected(p, "two escapes that form a surrogate pair");
}

/* After a backslash: decodes into `out` (room for 4) and gives the length. */
static lrt_status parse_escape(parser *p, char out[4], size_t *length) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char c = peek(p);
  const char *found = c == '\0' ? NULL : strchr(names, c);
  uint32_t code = 0;
  if (found != NULL) {
    out[0] = values[found - names];
    *length = 1;
    p->at++;
    return LRT_OK;
  }
  if (!accept(p, 'u')) return expected(p, "one of \"\\/bfnrtu after a backslash");
  LRT_TRY(parse_code(p, &code));
  *length = lrt_utf8_encode(code, out);
  return LRT_OK;
}

/* Bytes up to the closing quote; decoded, a text is never longer. */
static size_t raw_length(const parser *p) {
  size_t end = p->at;
  while (end < p->length && p->text[end] != '"') end += p->text[end] == '\\' ? 2 : 1;
  return (end < p->length ? end : p->length) - p->at;
}

/* At an opening quote. */
static lrt_status parse_text(parser *p, const char **out, size_t *length) {
  if (!accept(p, '"')) return expected(p, "a text in double quotes");
  const size_t room = raw_length(p);
  char *text = lrt_arena_get(p->arena, room + 1);
  if (text == NULL) return no_memory(p, room + 1);
  size_t used = 0;
  while (!accept(p, '"')) {
    char decoded[4];
    size_t bytes = 0;
    if (accept(p, '\\')) {
      LRT_TRY(parse_escape(p, decoded, &bytes));
      memcpy(text + used, decoded, bytes);
    } else {
      if (p->at >= p->length) return expected(p, "a closing double quote");
      bytes = lrt_utf8_decode(p->text + p->at, p->length - p->at, NULL);
      if (bytes == 0) return expected(p, "valid UTF-8");
      if ((unsigned char)p->text[p->at] < 0x20)
        return expected(p, "an escape instead of a control character");
      memcpy(text + used, p->text + p->at, bytes);
      p->at += bytes;
    }
    used += bytes;
  }
  *out = text;
  *length = used;
  return LRT_OK;
}

static lrt_status parse_value(parser *p, int depth, lrt_json *value);

static lrt_status parse_key(parser *p, lrt_json *member) {
  skip_blanks(p);
  LRT_TRY(parse_text(p, &member->key, &member->key_length));
  skip_blanks(p);
  return accept(p, ':') ? LRT_OK : expected(p, "':'");
}

/* After an opening bracket. */
static lrt_status parse_list(parser *p, int depth, bool is_object, lrt_json *value) {
  const char close = is_object ? '}' : ']';
  const lrt_json **link = &value->as.first;
  if (depth >= LRT_JSON_MAX_DEPTH) {
    p->at--;
    return expected(p, "no more than 64 levels of nesting");
  }
  value->kind = is_object ? LRT_JSON_OBJECT : LRT_JSON_ARRAY;
  skip_blanks(p);
  if (accept(p, close)) return LRT_OK;
  do {
    lrt_json *item = lrt_arena_get(p->arena, sizeof *item);
    if (item == NULL) return no_memory(p, sizeof *item);
    if (is_object) LRT_TRY(parse_key(p, item));
    LRT_TRY(parse_value(p, depth + 1, item));
    *link = item;
    link = &item->next;
    value->length++;
  } while (accept(p, ','));
  if (accept(p, close)) return LRT_OK;
  return expected(p, is_object ? "',' or '}'" : "',' or ']'");
}

/* One value and the blanks around it. */
static lrt_status parse_value(parser *p, int depth, lrt_json *value) {
  skip_blanks(p);
  const char c = peek(p);
  if (c == '{' || c == '[') {
    p->at++;
    LRT_TRY(parse_list(p, depth, c == '{', value));
  } else if (c == '"') {
    value->kind = LRT_JSON_TEXT;
    LRT_TRY(parse_text(p, &value->as.text, &value->length));
  } else if (c == '-' || (c >= '0' && c <= '9')) {
    LRT_TRY(parse_number(p, value));
  } else if (c == 't' || c == 'f') {
    LRT_TRY(parse_word(p, c == 't' ? "true" : "false"));
    value->kind = LRT_JSON_BOOL;
    value->as.boolean = c == 't';
  } else if (c == 'n') {
    LRT_TRY(parse_word(p, "null"));
  } else {
    return expected(p, "a value");
  }
  skip_blanks(p);
  return LRT_OK;
}

lrt_status lrt_json_parse(const char *text, size_t length, lrt_arena *arena, const lrt_json **out,
                          lrt_error *err) {
  parser p = {.text = text, .length = length, .arena = arena, .err = err};
  *out = NULL;
  lrt_json *root = lrt_arena_get(arena, sizeof *root);
  if (root == NULL) return no_memory(&p, sizeof *root);
  LRT_TRY(parse_value(&p, 0, root));
  if (p.at < p.length) return expected(&p, "nothing more after the value");
  *out = root;
  return LRT_OK;
}

const lrt_json *lrt_json_get(const lrt_json *object, const char *key) {
  const size_t length = strlen(key);
  const lrt_json *found = NULL;
  if (object == NULL || object->kind != LRT_JSON_OBJECT) return NULL;
  for (const lrt_json *member = object->as.first; member != NULL; member = member->next)
    if (member->key_length == length && memcmp(member->key, key, length) == 0) found = member;
  return found;
}

const lrt_json *lrt_json_at(const lrt_json *array, size_t index) {
  if (array == NULL || array->kind != LRT_JSON_ARRAY || index >= array->length) return NULL;
  const lrt_json *item = array->as.first;
  while (index-- > 0) item = item->next;
  return item;
}

double lrt_json_number(const lrt_json *value, double otherwise) {
  if (value == NULL || value->kind != LRT_JSON_NUMBER) return otherwise;
  return value->is_integer ? (double)value->as.integer : value->as.number;
}
