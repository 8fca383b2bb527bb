/* regex_parse.c: reads a pattern into a tree. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/regex_parse.h"

#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"

#define DEPTH_MAX 32
#define REPEAT_MAX 1000

lrt_status lrt_regex_refuse(const lrt_regex_parser *p, const char *what) {
  const int shown = p->length < 120 ? (int)p->length : 120;
  return lrt_fail(p->err, LRT_UNSUPPORTED, "the pattern %.*s is not supported: %s at byte %zu", shown,
                  p->text, what, p->at);
}

lrt_status lrt_regex_no_memory(const lrt_regex_parser *p) {
  return lrt_alloc_fail(p->err, p->arena->alloc, 0, "a pattern");
}

static lrt_status new_node(lrt_regex_parser *p, lrt_regex_node node, const lrt_regex_node **out) {
  lrt_regex_node *copy = lrt_arena_get(p->arena, sizeof *copy);
  if (copy == NULL) return lrt_regex_no_memory(p);
  *copy = node;
  *out = copy;
  return LRT_OK;
}

/* The present byte, 0 at the end. */
static char peek(const lrt_regex_parser *p) {
  return p->at < p->length ? p->text[p->at] : 0;
}

static bool accept(lrt_regex_parser *p, const char *text) {
  const size_t length = strlen(text);
  if (p->length - p->at < length || memcmp(p->text + p->at, text, length) != 0) return false;
  p->at += length;
  return true;
}

static lrt_status parse_hex(lrt_regex_parser *p, size_t digits, uint32_t *out) {
  *out = 0;
  for (size_t i = 0; i < digits; i++, p->at++) {
    const char c = peek(p), low = (char)(c | 32);
    const bool digit = c >= '0' && c <= '9', letter = low >= 'a' && low <= 'f';
    if (!digit && !letter) return lrt_regex_refuse(p, "a hexadecimal escape of another length");
    *out = *out * 16 + (uint32_t)(digit ? c - '0' : low - 'a' + 10);
  }
  if (digits == 2 && *out >= 128) return lrt_regex_refuse(p, "a byte escape beyond ASCII");
  return *out >= 0xD800 && *out < 0xE000 ? lrt_regex_refuse(p, "an escaped surrogate") : LRT_OK;
}

lrt_status lrt_regex_parse_code(lrt_regex_parser *p, uint32_t *out) {
  if (!accept(p, "\\")) {
    const size_t bytes = lrt_utf8_decode(p->text + p->at, p->length - p->at, out);
    if (bytes == 0) return lrt_regex_refuse(p, "a character that is missing or no UTF-8");
    p->at += bytes;
    return LRT_OK;
  }
  const char c = peek(p);
  static const char letters[] = "nrtfvae", codes[] = "\n\r\t\f\v\a\33";
  const char *known = c == 0 ? NULL : strchr(letters, c);
  if (accept(p, "x")) return parse_hex(p, 2, out);
  if (accept(p, "u")) return parse_hex(p, 4, out);
  const bool alphanumeric = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
  if (c == 0 || (uint8_t)c >= 128 || (alphanumeric && known == NULL)) return lrt_regex_refuse(p, "an escape");
  p->at++;
  *out = (uint8_t)(known != NULL ? codes[known - letters] : c);
  return LRT_OK;
}

static lrt_status parse_alternatives(lrt_regex_parser *p, const lrt_regex_node **out);

/* Up to the closing parenthesis. */
static lrt_status parse_body(lrt_regex_parser *p, const lrt_regex_node **out) {
  const bool ignore_case = p->ignore_case;
  if (++p->depth > DEPTH_MAX) return lrt_regex_refuse(p, "too many groups in each other");
  LRT_TRY(parse_alternatives(p, out));
  if (!accept(p, ")")) return lrt_regex_refuse(p, "a group without its closing parenthesis");
  p->ignore_case = ignore_case;
  p->depth--;
  return LRT_OK;
}

/* Behind "(". */
static lrt_status parse_group(lrt_regex_parser *p, const lrt_regex_node **out) {
  lrt_regex_node node = {.kind = REGEX_NODE_LOOK};
  const bool ignore_case = p->ignore_case;
  if (accept(p, "?i)")) { /* until the end of the enclosing group */
    p->ignore_case = true;
    return ++p->depth > DEPTH_MAX ? lrt_regex_refuse(p, "too many groups in each other")
                                  : parse_alternatives(p, out);
  }
  if (accept(p, "?i:") || accept(p, "?:") || peek(p) != '?') {
    if (p->text[p->at - 1] == ':' && p->text[p->at - 2] == 'i') p->ignore_case = true;
    LRT_TRY(parse_body(p, out));
    p->ignore_case = ignore_case;
    return LRT_OK;
  }
  if (accept(p, "?=")) {
  } else if (accept(p, "?!")) {
    node.negate = true;
  } else if (accept(p, "?<=")) {
    node.behind = true;
  } else if (accept(p, "?<!")) {
    node.behind = node.negate = true;
  } else if (accept(p, "?>")) {
    node.kind = REGEX_NODE_ATOMIC;
  } else {
    return lrt_regex_refuse(p, "a group of this kind");
  }
  LRT_TRY(parse_body(p, &node.left));
  return new_node(p, node, out);
}

static bool is_assertion(char c, lrt_regex_assertion *out) {
  switch (c) {
  case 'A': *out = REGEX_TEXT_START; return true;
  case 'z': *out = REGEX_TEXT_END; return true;
  case 'b': *out = REGEX_BOUNDARY; return true;
  case 'B': *out = REGEX_NO_BOUNDARY; return true;
  default: return false;
  }
}

/* A code point, or its set where case is ignored. */
static lrt_status parse_literal(lrt_regex_parser *p, const lrt_regex_node **out) {
  lrt_regex_node node = {.kind = REGEX_NODE_CHAR};
  LRT_TRY(lrt_regex_parse_code(p, &node.code));
  LRT_TRY(lrt_regex_fold_code(p, node.code, &node.set));
  if (node.set != NULL) node.kind = REGEX_NODE_SET;
  return new_node(p, node, out);
}

static lrt_status parse_escape(lrt_regex_parser *p, const lrt_regex_node **out) {
  lrt_regex_node node = {.kind = REGEX_NODE_ASSERT};
  p->at++;
  if (is_assertion(peek(p), &node.assertion)) {
    p->at++;
    return new_node(p, node, out);
  }
  LRT_TRY(lrt_regex_parse_set_escape(p, &node.set));
  if (node.set == NULL) {
    p->at--;
    return parse_literal(p, out);
  }
  node.kind = REGEX_NODE_SET;
  return new_node(p, node, out);
}

/* Everything but the line feed. */
static lrt_status any_set(lrt_regex_parser *p, const lrt_regex_set **out) {
  lrt_regex_set *set = lrt_arena_get(p->arena, sizeof *set);
  if (set == NULL) return lrt_regex_no_memory(p);
  set->mask = UINT32_MAX;
  set->ascii[0] = ~(UINT64_C(1) << '\n');
  set->ascii[1] = UINT64_MAX;
  *out = set;
  return LRT_OK;
}

static lrt_status parse_atom(lrt_regex_parser *p, const lrt_regex_node **out) {
  lrt_regex_node node = {.kind = REGEX_NODE_SET};
  switch (peek(p)) {
  case '\\': return parse_escape(p, out);
  case '(': p->at++; return parse_group(p, out);
  case '[':
    p->at++;
    LRT_TRY(lrt_regex_parse_class(p, &node.set));
    return new_node(p, node, out);
  case '.':
    p->at++;
    LRT_TRY(any_set(p, &node.set));
    return new_node(p, node, out);
  case '^':
  case '$':
    node.kind = REGEX_NODE_ASSERT;
    node.assertion = peek(p) == '^' ? REGEX_LINE_START : REGEX_LINE_END;
    p->at++;
    return new_node(p, node, out);
  case '*':
  case '+':
  case '?': return lrt_regex_refuse(p, "a quantifier with nothing before it");
  default: return parse_literal(p, out);
  }
}

static bool parse_number(lrt_regex_parser *p, uint32_t *out) {
  const size_t start = p->at;
  for (*out = 0; peek(p) >= '0' && peek(p) <= '9' && *out <= REPEAT_MAX; p->at++)
    *out = *out * 10 + (uint32_t)(peek(p) - '0');
  return p->at > start;
}

/* {m}, {m,}, {,n}, {m,n}; false when the brace is a literal. */
static bool parse_braces(lrt_regex_parser *p, uint32_t *min, uint32_t *max) {
  const size_t start = p->at;
  if (!accept(p, "{")) return false;
  const bool has_min = parse_number(p, min);
  bool ok = has_min;
  *max = *min;
  if (accept(p, ",")) {
    const bool has_max = parse_number(p, max);
    ok = has_min || has_max;
    if (!has_max) *max = LRT_REGEX_NO_LIMIT;
  }
  if (ok && accept(p, "}")) return true;
  p->at = start;
  return false;
}

/* Oniguruma reads {m,n}+ as a repeated {m,n}, unlike ++, *+ and ?+, which never give back. */
static lrt_status parse_quantifiers(lrt_regex_parser *p, const lrt_regex_node **out) {
  for (;;) {
    lrt_regex_node node = {.kind = REGEX_NODE_REPEAT, .left = *out, .max = LRT_REGEX_NO_LIMIT};
    bool braces = false;
    if (accept(p, "?"))
      node.max = 1;
    else if (accept(p, "+"))
      node.min = 1;
    else if (!accept(p, "*")) {
      braces = parse_braces(p, &node.min, &node.max);
      if (!braces) return LRT_OK;
    }
    if (node.min > REPEAT_MAX || (node.max > REPEAT_MAX && node.max != LRT_REGEX_NO_LIMIT))
      return lrt_regex_refuse(p, "a quantifier above 1000");
    if (node.max < node.min) return lrt_regex_refuse(p, "a quantifier whose end is before its start");
    if (braces && node.min == node.max && peek(p) == '?') return lrt_regex_refuse(p, "a lazy {n}");
    if (accept(p, "?"))
      node.mode = REGEX_LAZY;
    else if (!braces && accept(p, "+"))
      node.mode = REGEX_POSSESSIVE;
    LRT_TRY(new_node(p, node, out));
  }
}

static lrt_status parse_sequence(lrt_regex_parser *p, const lrt_regex_node **out) {
  lrt_regex_node node = {.kind = REGEX_NODE_EMPTY};
  LRT_TRY(new_node(p, node, out));
  while (p->at < p->length && peek(p) != '|' && peek(p) != ')') {
    const lrt_regex_node *atom = NULL;
    LRT_TRY(parse_atom(p, &atom));
    LRT_TRY(parse_quantifiers(p, &atom));
    if ((*out)->kind == REGEX_NODE_EMPTY) {
      *out = atom;
      continue;
    }
    node = (lrt_regex_node){.kind = REGEX_NODE_CAT, .left = *out, .right = atom};
    LRT_TRY(new_node(p, node, out));
  }
  return LRT_OK;
}

static lrt_status parse_alternatives(lrt_regex_parser *p, const lrt_regex_node **out) {
  LRT_TRY(parse_sequence(p, out));
  while (accept(p, "|")) {
    lrt_regex_node node = {.kind = REGEX_NODE_ALT, .left = *out};
    LRT_TRY(parse_sequence(p, &node.right));
    LRT_TRY(new_node(p, node, out));
  }
  return LRT_OK;
}

lrt_status lrt_regex_parse(lrt_regex_parser *p, const lrt_regex_node **out) {
  LRT_TRY(parse_alternatives(p, out));
  return p->at < p->length ? lrt_regex_refuse(p, "a closing parenthesis too many") : LRT_OK;
}
