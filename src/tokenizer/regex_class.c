/* regex_class.c: sets of code points in patterns: [classes], \p{properties} and the short escapes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/regex_parse.h"
#include "tokenizer/unicode.h"

#define NAME_BYTES 32
#define DEPTH_MAX 16

/* \p{Han}: Script=Han, the only script that tokenizers' patterns name. */
static const uint32_t han[][2] = {
    {0x2E80, 0x2E99},   {0x2E9B, 0x2EF3},   {0x2F00, 0x2FD5},   {0x3005, 0x3005},   {0x3007, 0x3007},
    {0x3021, 0x3029},   {0x3038, 0x303B},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFA6D},
    {0xFA70, 0xFAD9},   {0x16FE2, 0x16FE3}, {0x16FF0, 0x16FF1}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B739},
    {0x2B740, 0x2B81D}, {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0}, {0x2EBF0, 0x2EE5D}, {0x2F800, 0x2FA1D},
    {0x30000, 0x3134A}, {0x31350, 0x323AF},
};

static const struct {
  const char *name;
  uint32_t mask;
} properties[] = {
#define CATEGORY(name) {#name, LRT_CATEGORY_BIT(name)},
    LRT_CATEGORY_LIST(CATEGORY)
#undef CATEGORY
        {"L", LRT_CATEGORY_L},
    {"M", LRT_CATEGORY_M},
    {"N", LRT_CATEGORY_N},
    {"P", LRT_CATEGORY_P},
    {"S", LRT_CATEGORY_S},
    {"Z", LRT_CATEGORY_Z},
    {"C", LRT_CATEGORY_C},
    {"Letter", LRT_CATEGORY_L},
    {"Mark", LRT_CATEGORY_M},
    {"Number", LRT_CATEGORY_N},
    {"Punctuation", LRT_CATEGORY_P},
    {"Symbol", LRT_CATEGORY_S},
    {"Separator", LRT_CATEGORY_Z},
    {"Other", LRT_CATEGORY_C},
};

static lrt_status new_set(lrt_regex_parser *p, lrt_regex_set **out) {
  *out = lrt_arena_get(p->arena, sizeof **out);
  return *out == NULL ? lrt_regex_no_memory(p) : LRT_OK;
}

static lrt_status add_item(lrt_regex_parser *p, lrt_regex_set *set, lrt_regex_item item) {
  lrt_regex_item *copy = lrt_arena_get(p->arena, sizeof *copy);
  if (copy == NULL) return lrt_regex_no_memory(p);
  *copy = item;
  copy->next = set->items;
  set->items = copy;
  return LRT_OK;
}

static lrt_status add_range(lrt_regex_parser *p, lrt_regex_set *set, uint32_t low, uint32_t high) {
  return add_item(p, set, (lrt_regex_item){.kind = REGEX_RANGE, .low = low, .high = high});
}

/* Membership of an ASCII code point by mask and items, before `both` and `negate`. */
static bool lists_ascii(const lrt_regex_set *set, uint32_t code) {
  if ((set->mask & lrt_unicode_category_bit(code)) != 0) return true;
  for (const lrt_regex_item *i = set->items; i != NULL; i = i->next) {
    const bool found = i->kind == REGEX_RANGE       ? code >= i->low && code <= i->high
                       : i->kind == REGEX_NOT_SPACE ? !lrt_unicode_is_space(code)
                       : i->kind == REGEX_WORD      ? lrt_regex_is_word(code)
                       : i->kind == REGEX_NOT_WORD  ? !lrt_regex_is_word(code)
                                                    : lrt_regex_set_contains(i->set, code);
    if (found) return true;
  }
  return false;
}

/* Fills in the bits of ASCII once the set is complete. */
static void finish_set(lrt_regex_set *set, bool ignore_case) {
  for (uint32_t code = 0; code < 128; code++) {
    const bool letter = (code | 32) >= 'a' && (code | 32) <= 'z';
    bool found = lists_ascii(set, code) || (ignore_case && letter && lists_ascii(set, code ^ 32));
    if (found && set->both != NULL) found = lrt_regex_set_contains(set->both, code);
    if (found != set->negate) set->ascii[code >> 6] |= UINT64_C(1) << (code & 63);
  }
}

static lrt_status add_spaces(lrt_regex_parser *p, lrt_regex_set *set) {
  set->mask |= LRT_CATEGORY_Z;
  LRT_TRY(add_range(p, set, 9, 13));
  return add_range(p, set, 0x85, 0x85);
}

/* Compares property names the way the engine does: without case, blanks, '-' and '_'. */
static bool same_name(const char *a, size_t length, const char *b) {
  for (size_t i = 0; i < length; i++) {
    if (a[i] == ' ' || a[i] == '_' || a[i] == '-') continue;
    if (*b == 0 || (a[i] | 32) != (*b | 32)) return false;
    b++;
  }
  return *b == 0;
}

static lrt_status add_property(lrt_regex_parser *p, lrt_regex_set *set, const char *name, size_t length) {
  for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
    if (!same_name(name, length, properties[i].name)) continue;
    set->mask |= properties[i].mask;
    return LRT_OK;
  }
  if (!same_name(name, length, "Han")) return lrt_regex_refuse(p, "a property other than a general category");
  for (size_t i = 0; i < sizeof han / sizeof han[0]; i++) LRT_TRY(add_range(p, set, han[i][0], han[i][1]));
  return LRT_OK;
}

/* Behind \p or \P. */
static lrt_status parse_property(lrt_regex_parser *p, lrt_regex_set *set) {
  if (p->at == p->length || p->text[p->at] != '{') return lrt_regex_refuse(p, "\\p without braces");
  const char *name = p->text + p->at + 1;
  const char *end = memchr(name, '}', p->length - p->at - 1);
  if (end == NULL || end - name > NAME_BYTES) return lrt_regex_refuse(p, "an unfinished \\p{…}");
  if (name < end && *name == '^') {
    set->negate = !set->negate;
    name++;
  }
  LRT_TRY(add_property(p, set, name, (size_t)(end - name)));
  p->at = (size_t)(end + 1 - p->text);
  return LRT_OK;
}

lrt_status lrt_regex_parse_set_escape(lrt_regex_parser *p, const lrt_regex_set **out) {
  *out = NULL;
  const char letter = p->at < p->length ? p->text[p->at] : 0;
  if (letter == 0 || strchr("pPsSdDwWhH", letter) == NULL) return LRT_OK;
  lrt_regex_set *set;
  LRT_TRY(new_set(p, &set));
  p->at++;
  set->negate = letter >= 'A' && letter <= 'Z';
  switch (letter | 32) {
  case 'p': LRT_TRY(parse_property(p, set)); break;
  case 's': LRT_TRY(add_spaces(p, set)); break;
  case 'd': set->mask = LRT_CATEGORY_BIT(Nd); break;
  case 'w': LRT_TRY(add_item(p, set, (lrt_regex_item){.kind = REGEX_WORD})); break;
  default:
    LRT_TRY(add_range(p, set, '0', '9'));
    LRT_TRY(add_range(p, set, 'a', 'f'));
    LRT_TRY(add_range(p, set, 'A', 'F'));
  }
  finish_set(set, false);
  *out = set;
  return LRT_OK;
}

lrt_status lrt_regex_fold_code(lrt_regex_parser *p, uint32_t code, const lrt_regex_set **out) {
  const uint32_t cased = LRT_CATEGORY_BIT(Lu) | LRT_CATEGORY_BIT(Ll) | LRT_CATEGORY_BIT(Lt);
  *out = NULL;
  if (!p->ignore_case || (lrt_unicode_category_bit(code) & cased) == 0) return LRT_OK;
  if (code >= 128) return lrt_regex_refuse(p, "a letter outside ASCII where case is ignored");
  lrt_regex_set *set;
  LRT_TRY(new_set(p, &set));
  LRT_TRY(add_range(p, set, code, code));
  if ((code | 32) == 's') LRT_TRY(add_range(p, set, 0x17F, 0x17F));   /* long s */
  if ((code | 32) == 'k') LRT_TRY(add_range(p, set, 0x212A, 0x212A)); /* Kelvin sign */
  finish_set(set, true);
  *out = set;
  return LRT_OK;
}

/* The last of a range "a-z"; *high stays when there is no range. */
static lrt_status parse_range_end(lrt_regex_parser *p, uint32_t *high) {
  if (p->length - p->at < 2 || p->text[p->at] != '-' || p->text[p->at + 1] == ']') return LRT_OK;
  p->at++;
  if (p->text[p->at] == '[') return lrt_regex_refuse(p, "a range that ends in a class");
  const uint32_t low = *high;
  LRT_TRY(lrt_regex_parse_code(p, high));
  return *high < low ? lrt_regex_refuse(p, "a range whose end is before its start") : LRT_OK;
}

/* One member of a class that is no nested class. */
static lrt_status parse_member(lrt_regex_parser *p, lrt_regex_set *set) {
  const lrt_regex_set *inner = NULL;
  if (p->text[p->at] == '\\') {
    p->at++;
    LRT_TRY(lrt_regex_parse_set_escape(p, &inner));
    if (inner == NULL) p->at--;
  }
  if (inner != NULL) {
    if (!inner->negate && inner->items == NULL)
      set->mask |= inner->mask;
    else
      LRT_TRY(add_item(p, set, (lrt_regex_item){.kind = REGEX_SET, .set = inner}));
    return LRT_OK;
  }
  uint32_t low;
  LRT_TRY(lrt_regex_parse_code(p, &low));
  uint32_t high = low;
  LRT_TRY(parse_range_end(p, &high));
  if (p->ignore_case && high >= 128) return lrt_regex_refuse(p, "a class beyond ASCII where case is ignored");
  return add_range(p, set, low, high);
}

static lrt_status parse_nested(lrt_regex_parser *p, lrt_regex_set *set) {
  if (p->length - p->at > 1 && p->text[p->at + 1] == ':') return lrt_regex_refuse(p, "a POSIX bracket [:…:]");
  const lrt_regex_set *inner;
  p->at++;
  LRT_TRY(lrt_regex_parse_class(p, &inner));
  return add_item(p, set, (lrt_regex_item){.kind = REGEX_SET, .set = inner});
}

/* The members up to the closing bracket, which is consumed. */
static lrt_status parse_members(lrt_regex_parser *p, lrt_regex_set *set, bool first) {
  for (;; first = false) {
    if (p->at >= p->length) return lrt_regex_refuse(p, "a class without its closing bracket");
    const char c = p->text[p->at];
    if (c == ']' && !first) break;
    if (c == '&' && p->length - p->at > 1 && p->text[p->at + 1] == '&') {
      lrt_regex_set *both;
      p->at += 2;
      LRT_TRY(new_set(p, &both));
      LRT_TRY(parse_members(p, both, false));
      finish_set(both, p->ignore_case);
      set->both = both;
      return LRT_OK;
    }
    if (c == '[')
      LRT_TRY(parse_nested(p, set));
    else
      LRT_TRY(parse_member(p, set));
  }
  p->at++;
  return LRT_OK;
}

lrt_status lrt_regex_parse_class(lrt_regex_parser *p, const lrt_regex_set **out) {
  lrt_regex_set *set;
  if (++p->depth > DEPTH_MAX) return lrt_regex_refuse(p, "too many brackets in each other");
  LRT_TRY(new_set(p, &set));
  bool negate = false;
  if (p->at < p->length && p->text[p->at] == '^') {
    negate = true;
    p->at++;
  }
  LRT_TRY(parse_members(p, set, true));
  set->negate = negate;
  finish_set(set, p->ignore_case);
  p->depth--;
  *out = set;
  return LRT_OK;
}
