/* jinja_lex.c: finds tags, removes blanks as trim_blocks, lstrip_blocks and the signs - and + ask, and cuts tags into tokens. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/jinja_lex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "tokenizer/jinja_text.h"

#define MAX_BRACKETS 100

typedef struct lexer {
  jinja_text text; /* newlines normalised, the last one removed */
  size_t at;
  uint32_t line;
  jinja_token *tokens; /* [count] */
  size_t count, capacity;
  lrt_arena *arena;
  lrt_error *err;
} lexer;

static lrt_status no_memory(const lexer *lex) {
  return lrt_alloc_fail(lex->err, lex->arena->alloc, 0, "a chat template");
}

static lrt_status fail(const lexer *lex, lrt_status status, const char *what) {
  return lrt_fail(lex->err, status, "line %u of the chat template: %s", (unsigned)lex->line, what);
}

static lrt_status add(lexer *lex, jinja_token_type type, jinja_text text) {
  if (lex->count == lex->capacity) {
    const size_t capacity = lex->capacity == 0 ? 64 : 2 * lex->capacity;
    jinja_token *tokens = lrt_arena_array(lex->arena, capacity, sizeof *tokens);
    if (tokens == NULL) return no_memory(lex);
    if (lex->count > 0) memcpy(tokens, lex->tokens, lex->count * sizeof *tokens);
    lex->tokens = tokens;
    lex->capacity = capacity;
  }
  lex->tokens[lex->count++] = (jinja_token){.type = type, .line = lex->line, .text = text};
  return LRT_OK;
}

static bool looking_at(const lexer *lex, const char *text) {
  const size_t length = strlen(text);
  return lex->text.length - lex->at >= length && memcmp(lex->text.bytes + lex->at, text, length) == 0;
}

static char peek(const lexer *lex, size_t ahead) {
  return lex->text.length - lex->at > ahead ? lex->text.bytes[lex->at + ahead] : '\0';
}

static void advance(lexer *lex, size_t bytes) {
  for (; bytes > 0; bytes--) lex->line += lex->text.bytes[lex->at++] == '\n';
}

/* Bytes of blanks at `at`. */
static size_t blanks_at(jinja_text text, size_t at) {
  const jinja_text rest = jinja_text_cut(text, at, text.length);
  return rest.length - jinja_text_strip(rest, NULL, JINJA_STRIP_LEFT).length;
}

/* Behind a tag: all blanks after '-', one newline without a sign where the kind of tag trims. */
static void trim_after(lexer *lex, char sign, bool trims) {
  if (sign == '-')
    advance(lex, blanks_at(lex->text, lex->at));
  else if (sign != '+' && trims && peek(lex, 0) == '\n')
    advance(lex, 1);
}

/* Data up to `end`, before a tag with that sign. */
static lrt_status add_data(lexer *lex, size_t end, char sign, bool lstrips) {
  jinja_text data = jinja_text_cut(lex->text, lex->at, end);
  if (sign == '-') {
    data = jinja_text_strip(data, NULL, JINJA_STRIP_RIGHT);
  } else if (sign != '+' && lstrips) {
    size_t start = data.length;
    while (start > 0 && data.bytes[start - 1] != '\n') start--;
    const bool begins_line = start > 0 || lex->at == 0 || lex->text.bytes[lex->at - 1] == '\n';
    if (begins_line && blanks_at(data, start) == data.length - start) data.length = start;
  }
  if (data.length > 0) LRT_TRY(add(lex, JINJA_TOKEN_DATA, data));
  advance(lex, end - lex->at);
  return LRT_OK;
}

/* ---- inside a tag ---- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c) ||
         (unsigned char)c > 127;
}

static size_t digits_at(const lexer *lex, size_t ahead) {
  const size_t begin = ahead;
  while (is_digit(peek(lex, ahead)) || (peek(lex, ahead) == '_' && is_digit(peek(lex, ahead + 1)))) ahead++;
  return ahead - begin;
}

static lrt_status lex_number(lexer *lex) {
  char digits[64];
  size_t length = digits_at(lex, 0), kept = 0;
  bool is_float = false;
  const bool is_part = lex->text.bytes[lex->at - 1] == '.'; /* x.0.1 are two elements */
  if (!is_part && peek(lex, length) == '.' && is_digit(peek(lex, length + 1))) {
    length += 1 + digits_at(lex, length + 1);
    is_float = true;
  }
  if (!is_part && (peek(lex, length) == 'e' || peek(lex, length) == 'E')) {
    const size_t sign = peek(lex, length + 1) == '+' || peek(lex, length + 1) == '-';
    if (is_digit(peek(lex, length + 1 + sign))) {
      length += 1 + sign + digits_at(lex, length + 1 + sign);
      is_float = true;
    }
  }
  if (peek(lex, 0) == '0' && !is_float && (length > 1 || is_name_character(peek(lex, length))))
    return fail(lex, LRT_UNSUPPORTED, "a number that begins with 0 is not supported");
  for (size_t i = 0; i < length; i++)
    if (peek(lex, i) != '_' && kept < sizeof digits - 1) digits[kept++] = peek(lex, i);
  digits[kept] = '\0';
  errno = 0;
  const int64_t integer = is_float ? 0 : strtoll(digits, NULL, 10);
  if (errno == ERANGE || kept == sizeof digits - 1)
    return fail(lex, LRT_UNSUPPORTED, "a number of more than 64 bits is not supported");
  LRT_TRY(add(lex, is_float ? JINJA_TOKEN_FLOAT : JINJA_TOKEN_INTEGER,
              jinja_text_cut(lex->text, lex->at, lex->at + length)));
  lex->tokens[lex->count - 1].value = is_float ? jinja_float(strtod(digits, NULL)) : jinja_int(integer);
  advance(lex, length);
  return LRT_OK;
}

static int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character of \x, \u, \U with that many digits at `at`; false for fewer digits or surrogates. */
static bool read_hex(jinja_text body, size_t at, size_t digits, char *out, size_t *length) {
  uint32_t code = 0;
  for (size_t i = 0; i < digits; i++) {
    const int digit = at + i < body.length ? hex_value(body.bytes[at + i]) : -1;
    if (digit < 0) return false;
    code = code << 4 | (uint32_t)digit;
  }
  const size_t bytes = lrt_utf8_encode(code, out + *length);
  *length += bytes;
  return bytes > 0;
}

static size_t read_octal(jinja_text body, size_t at, char *out, size_t *length) {
  uint32_t code = 0;
  size_t count = 0;
  for (; count < 3 && at + count < body.length && body.bytes[at + count] >= '0' &&
         body.bytes[at + count] <= '7';
       count++)
    code = code * 8 + (uint32_t)(body.bytes[at + count] - '0');
  *length += lrt_utf8_encode(code, out + *length);
  return count;
}

/* One escape behind the backslash at `at`; returns the bytes it takes, 0 = not valid. */
static size_t unescape(jinja_text body, size_t at, char *out, size_t *length) {
  static const char names[] = "ntrabfv\\'\"", meanings[] = "\n\t\r\a\b\f\v\\'\"";
  const char c = body.bytes[at];
  const char *name = c == '\0' ? NULL : strchr(names, c);
  if (name != NULL) {
    out[(*length)++] = meanings[name - names];
    return 1;
  }
  if (c == '\n') return 1;
  if (c >= '0' && c <= '7') return read_octal(body, at, out, length);
  const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits > 0) return read_hex(body, at + 1, digits, out, length) ? digits + 1 : 0;
  if (c == 'N') return 0;
  out[(*length)++] = '\\'; /* unknown ones stay as they are */
  out[(*length)++] = c;
  return 1;
}

static lrt_status lex_string(lexer *lex) {
  const char quote = peek(lex, 0);
  size_t end = lex->at + 1, length = 0;
  while (end < lex->text.length && lex->text.bytes[end] != quote) end += lex->text.bytes[end] == '\\' ? 2 : 1;
  if (end >= lex->text.length) return fail(lex, LRT_INVALID_MODEL, "a string does not end");
  const jinja_text body = jinja_text_cut(lex->text, lex->at + 1, end);
  char *out = lrt_arena_get(lex->arena, body.length + 1);
  if (out == NULL) return no_memory(lex);
  for (size_t at = 0; at < body.length;) {
    if (body.bytes[at] != '\\') {
      out[length++] = body.bytes[at++];
      continue;
    }
    const size_t taken = unescape(body, at + 1, out, &length);
    if (taken == 0) return fail(lex, LRT_UNSUPPORTED, "an escape in a string is not supported");
    at += 1 + taken;
  }
  LRT_TRY(add(lex, JINJA_TOKEN_STRING, (jinja_text){out, length}));
  advance(lex, end + 1 - lex->at);
  return LRT_OK;
}

static lrt_status lex_operator(lexer *lex, char brackets[MAX_BRACKETS], size_t *depth) {
  static const char *const pairs[] = {"//", "**", "==", "!=", "<=", ">="};
  const char c = peek(lex, 0);
  size_t length = 1;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (looking_at(lex, pairs[i])) length = 2;
  if (length == 1 && (c == '\0' || strchr("+-*/%~()[]{}<>=.:|,;", c) == NULL)) {
    const char what[] = {'t', 'h', 'e', ' ', 's', 'i', 'g', 'n', ' ', c >= ' ' && c < 127 ? c : '?', '\0'};
    return lrt_fail(lex->err, LRT_INVALID_MODEL, "line %u of the chat template: %s has no meaning in a tag",
                    (unsigned)lex->line, what);
  }
  if (length == 1 && strchr("([{", c) != NULL) {
    if (*depth == MAX_BRACKETS) return fail(lex, LRT_UNSUPPORTED, "brackets are nested too deep");
    brackets[(*depth)++] = c == '(' ? ')' : c == '[' ? ']' : '}';
  } else if (length == 1 && strchr(")]}", c) != NULL) {
    if (*depth == 0 || brackets[*depth - 1] != c)
      return fail(lex, LRT_INVALID_MODEL, "a bracket closes that was not opened");
    --*depth;
  }
  LRT_TRY(add(lex, JINJA_TOKEN_OPERATOR, jinja_text_cut(lex->text, lex->at, lex->at + length)));
  advance(lex, length);
  return LRT_OK;
}

/* Bytes of the tag's end here, with its sign; 0 when this is not the end. */
static size_t end_at(const lexer *lex, bool is_tag, char *sign) {
  const char c = peek(lex, 0);
  const size_t skip = c == '-' || (c == '+' && is_tag);
  *sign = skip > 0 ? c : '\0';
  return peek(lex, skip) == (is_tag ? '%' : '}') && peek(lex, skip + 1) == '}' ? skip + 2 : 0;
}

static lrt_status lex_inside(lexer *lex, bool is_tag) {
  char brackets[MAX_BRACKETS], sign;
  size_t depth = 0;
  while (lex->at < lex->text.length) {
    advance(lex, blanks_at(lex->text, lex->at));
    const size_t end = depth == 0 ? end_at(lex, is_tag, &sign) : 0;
    const char c = peek(lex, 0);
    if (end > 0) {
      LRT_TRY(add(lex, is_tag ? JINJA_TOKEN_TAG_END : JINJA_TOKEN_OUTPUT_END, JINJA_TEXT("")));
      advance(lex, end);
      trim_after(lex, sign, is_tag);
      return LRT_OK;
    }
    if (is_digit(c)) {
      LRT_TRY(lex_number(lex));
    } else if (is_name_character(c)) {
      size_t length = 1;
      while (is_name_character(peek(lex, length))) length++;
      LRT_TRY(add(lex, JINJA_TOKEN_NAME, jinja_text_cut(lex->text, lex->at, lex->at + length)));
      advance(lex, length);
    } else if (c == '\'' || c == '"') {
      LRT_TRY(lex_string(lex));
    } else if (lex->at < lex->text.length) {
      LRT_TRY(lex_operator(lex, brackets, &depth));
    }
  }
  return fail(lex, LRT_INVALID_MODEL, is_tag ? "a tag {% does not end" : "an output {{ does not end");
}

/* ---- outside of tags ---- */

static lrt_status lex_comment(lexer *lex) {
  const size_t end = jinja_text_find(lex->text, JINJA_TEXT("#}"), lex->at);
  if (end == SIZE_MAX) return fail(lex, LRT_INVALID_MODEL, "a comment {# does not end");
  const char before = end > lex->at ? lex->text.bytes[end - 1] : '\0';
  advance(lex, end + 2 - lex->at);
  trim_after(lex, before, true);
  return LRT_OK;
}

/* Bytes of "{% word %}" at `at` with its signs; 0 when something else stands there. */
static size_t word_tag(jinja_text text, size_t at, const char *word, char *sign, char *end_sign) {
  const size_t begin = at, length = strlen(word);
  if (!jinja_text_starts(jinja_text_cut(text, at, text.length), JINJA_TEXT("{%"))) return 0;
  at += 2;
  *sign = at < text.length && (text.bytes[at] == '-' || text.bytes[at] == '+') ? text.bytes[at++] : '\0';
  at += blanks_at(text, at);
  if (text.length - at < length || memcmp(text.bytes + at, word, length) != 0) return 0;
  at += length;
  at += blanks_at(text, at);
  *end_sign = at < text.length && (text.bytes[at] == '-' || text.bytes[at] == '+') ? text.bytes[at++] : '\0';
  if (!jinja_text_starts(jinja_text_cut(text, at, text.length), JINJA_TEXT("%}"))) return 0;
  return at + 2 - begin;
}

/* Behind {% raw %}: data up to {% endraw %}. */
static lrt_status lex_raw(lexer *lex) {
  char sign, end_sign;
  for (size_t at = lex->at; at < lex->text.length; at++) {
    at = jinja_text_find(lex->text, JINJA_TEXT("{%"), at);
    if (at == SIZE_MAX) break;
    const size_t length = word_tag(lex->text, at, "endraw", &sign, &end_sign);
    if (length == 0) continue;
    LRT_TRY(add_data(lex, at, sign, true));
    advance(lex, length);
    trim_after(lex, end_sign, true);
    return LRT_OK;
  }
  return fail(lex, LRT_INVALID_MODEL, "{% raw %} does not end");
}

/* From the end of one tag to the end of the next. */
static lrt_status lex_next(lexer *lex) {
  size_t begin = lex->at;
  char sign, end_sign;
  for (; begin < lex->text.length; begin++) {
    begin = jinja_text_find(lex->text, JINJA_TEXT("{"), begin);
    if (begin == SIZE_MAX || begin + 1 >= lex->text.length) break;
    if (strchr("%{#", lex->text.bytes[begin + 1]) != NULL && lex->text.bytes[begin + 1] != '\0') break;
  }
  if (begin >= lex->text.length || begin + 1 >= lex->text.length)
    return add_data(lex, lex->text.length, '+', false);
  const char kind = lex->text.bytes[begin + 1];
  const char next = begin + 2 < lex->text.length ? lex->text.bytes[begin + 2] : '\0';
  sign = next == '-' || next == '+' ? next : '\0';
  LRT_TRY(add_data(lex, begin, sign, kind != '{'));
  const size_t raw = word_tag(lex->text, begin, "raw", &sign, &end_sign);
  if (raw > 0 && end_sign != '+') {
    advance(lex, raw);
    trim_after(lex, end_sign, false);
    return lex_raw(lex);
  }
  advance(lex, sign == '-' || sign == '+' ? 3 : 2);
  if (kind == '#') return lex_comment(lex);
  LRT_TRY(add(lex, kind == '%' ? JINJA_TOKEN_TAG_BEGIN : JINJA_TOKEN_OUTPUT_BEGIN, JINJA_TEXT("")));
  return lex_inside(lex, kind == '%');
}

/* "\r\n" and "\r" become "\n"; one newline at the very end goes. */
static lrt_status normalize(lexer *lex, const char *text, size_t length) {
  char *out = lrt_arena_get(lex->arena, length + 1);
  size_t count = 0;
  if (out == NULL) return no_memory(lex);
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n') continue;
    out[count++] = text[i] == '\r' ? '\n' : text[i];
  }
  if (count > 0 && out[count - 1] == '\n') count--;
  lex->text = (jinja_text){out, count};
  return LRT_OK;
}

lrt_status jinja_lex(const char *text, size_t length, lrt_arena *arena, const jinja_token **out,
                     size_t *count, lrt_error *err) {
  lexer lex = {.line = 1, .arena = arena, .err = err};
  for (size_t at = 0; at < length;) {
    const size_t bytes = lrt_utf8_decode(text + at, length - at, NULL);
    if (bytes == 0) return lrt_fail(err, LRT_INVALID_MODEL, "the chat template is not UTF-8 at byte %zu", at);
    at += bytes;
  }
  LRT_TRY(normalize(&lex, text, length));
  while (lex.at < lex.text.length) LRT_TRY(lex_next(&lex));
  LRT_TRY(add(&lex, JINJA_TOKEN_EOF, JINJA_TEXT("")));
  *out = lex.tokens;
  *count = lex.count;
  return LRT_OK;
}
