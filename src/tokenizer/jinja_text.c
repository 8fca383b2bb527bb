/* jinja_text.c: searching, stripping and letter case of UTF-8 texts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/jinja_text.h"

#include <string.h>

#include "base/utf8.h"

size_t jinja_text_step(jinja_text text, size_t at) {
  const size_t bytes = lrt_utf8_decode(text.bytes + at, text.length - at, NULL);
  return bytes == 0 ? 1 : bytes;
}

size_t jinja_text_count(jinja_text text) {
  size_t count = 0;
  for (size_t i = 0; i < text.length; i++) count += ((unsigned char)text.bytes[i] & 0xc0) != 0x80;
  return count;
}

size_t jinja_text_offset(jinja_text text, size_t index) {
  size_t at = 0;
  for (; at < text.length; at++)
    if (((unsigned char)text.bytes[at] & 0xc0) != 0x80 && index-- == 0) break;
  return at;
}

size_t jinja_text_find(jinja_text text, jinja_text part, size_t from) {
  if (from > text.length || part.length > text.length - from) return SIZE_MAX;
  if (part.length == 0) return from;
  const char *found = memmem(text.bytes + from, text.length - from, part.bytes, part.length);
  return found == NULL ? SIZE_MAX : (size_t)(found - text.bytes);
}

size_t jinja_text_find_last(jinja_text text, jinja_text part, size_t end) {
  if (part.length > end) return SIZE_MAX;
  for (size_t at = end - part.length + 1; at-- > 0;)
    if (part.length == 0 || memcmp(text.bytes + at, part.bytes, part.length) == 0) return at;
  return SIZE_MAX;
}

bool jinja_text_starts(jinja_text text, jinja_text part) {
  return part.length <= text.length && (part.length == 0 || memcmp(text.bytes, part.bytes, part.length) == 0);
}

bool jinja_text_ends(jinja_text text, jinja_text part) {
  return part.length <= text.length &&
         (part.length == 0 || memcmp(text.bytes + text.length - part.length, part.bytes, part.length) == 0);
}

bool jinja_is_space(uint32_t code) {
  return (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x20) || code == 0x85 || code == 0xa0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
         code == 0x202f || code == 0x205f || code == 0x3000;
}

static bool is_in(jinja_text set, const char *character, size_t bytes) {
  return jinja_text_find(set, (jinja_text){character, bytes}, 0) != SIZE_MAX;
}

static bool is_stripped(jinja_text text, size_t at, size_t bytes, const jinja_text *set) {
  uint32_t code = 0;
  if (set != NULL) return is_in(*set, text.bytes + at, bytes);
  return lrt_utf8_decode(text.bytes + at, bytes, &code) > 0 && jinja_is_space(code);
}

jinja_text jinja_text_strip(jinja_text text, const jinja_text *set, int sides) {
  size_t from = 0, to = text.length;
  while ((sides & JINJA_STRIP_LEFT) != 0 && from < to) {
    const size_t bytes = jinja_text_step(text, from);
    if (!is_stripped(text, from, bytes, set)) break;
    from += bytes;
  }
  while ((sides & JINJA_STRIP_RIGHT) != 0 && to > from) {
    size_t at = to - 1;
    while (at > from && ((unsigned char)text.bytes[at] & 0xc0) == 0x80) at--;
    if (!is_stripped(text, at, to - at, set)) break;
    to = at;
  }
  return jinja_text_cut(text, from, to);
}

/* Runs of letters whose cases are `shift` apart: small letters `first`, `first + step`, … `last`. Latin, Greek, Cyrillic,
 * Armenian, the full-width forms: scripts with case that texts are written in today. */
static const struct case_run {
  uint32_t first, last, step;
  int32_t shift; /* capital - small */
} case_runs[] = {
    {'a', 'z', 1, -32},       {0xe0, 0xf6, 1, -32},     {0xf8, 0xfe, 1, -32},       {0xff, 0xff, 1, 121},
    {0x101, 0x12f, 2, -1},    {0x133, 0x137, 2, -1},    {0x13a, 0x148, 2, -1},      {0x14b, 0x177, 2, -1},
    {0x17a, 0x17e, 2, -1},    {0x1ce, 0x1dc, 2, -1},    {0x1df, 0x1ef, 2, -1},      {0x1f9, 0x21f, 2, -1},
    {0x223, 0x233, 2, -1},    {0x1a1, 0x1a5, 2, -1},    {0x1b0, 0x1b0, 1, -1},      {0x3ac, 0x3ac, 1, -38},
    {0x3ad, 0x3af, 1, -37},   {0x3b1, 0x3c1, 1, -32},   {0x3c3, 0x3cb, 1, -32},     {0x3cc, 0x3cc, 1, -64},
    {0x3cd, 0x3ce, 1, -63},   {0x430, 0x44f, 1, -32},   {0x450, 0x45f, 1, -80},     {0x461, 0x481, 2, -1},
    {0x48b, 0x4bf, 2, -1},    {0x4c2, 0x4ce, 2, -1},    {0x4cf, 0x4cf, 1, -15},     {0x4d1, 0x52f, 2, -1},
    {0x561, 0x586, 1, -48},   {0x1e01, 0x1e95, 2, -1},  {0x1ea1, 0x1eff, 2, -1},    {0x2170, 0x217f, 1, -16},
    {0x24d0, 0x24e9, 1, -26}, {0xff41, 0xff5a, 1, -32}, {0x10428, 0x1044f, 1, -40},
};

static uint32_t to_upper(uint32_t code) {
  if (code == 0x131) return 'I';
  if (code == 0xb5) return 0x39c;
  if (code == 0x3c2) return 0x3a3; /* final sigma */
  for (size_t i = 0; i < sizeof case_runs / sizeof *case_runs; i++) {
    const struct case_run *run = &case_runs[i];
    if (code >= run->first && code <= run->last && (code - run->first) % run->step == 0)
      return (uint32_t)((int32_t)code + run->shift);
  }
  return code;
}

static uint32_t to_lower(uint32_t code) {
  for (size_t i = 0; i < sizeof case_runs / sizeof *case_runs; i++) {
    const struct case_run *run = &case_runs[i];
    const uint32_t small = (uint32_t)((int32_t)code - run->shift);
    if (small >= run->first && small <= run->last && (small - run->first) % run->step == 0) return small;
  }
  return code;
}

/* Letters with case, which is what titles are made of. */
static bool is_letter(uint32_t code) {
  return to_upper(code) != code || to_lower(code) != code || code == 0xdf;
}

/* What special casing rules make of a character; NULL where the simple mapping does. */
static const char *special_upper(uint32_t code, bool as_title) {
  if (code == 0xdf) return as_title ? "Ss" : "SS";
  if (code == 0x149) return "\xca\xbcN";
  return NULL;
}

static void put_code(lrt_str *out, uint32_t code) {
  char bytes[4];
  lrt_str_add(out, bytes, lrt_utf8_encode(code, bytes));
}

/* Does a capital stand here? */
static bool is_raised(jinja_case form, bool is_first, bool after_letter, bool after_gap) {
  switch (form) {
  case JINJA_UPPER: return true;
  case JINJA_LOWER: return false;
  case JINJA_CAPITAL: return is_first;
  case JINJA_TITLE: return !after_letter;
  case JINJA_TITLE_WORDS: break;
  }
  return after_gap;
}

lrt_status jinja_text_recase(jinja_run *run, jinja_text text, jinja_case form, jinja_value *out) {
  lrt_str str;
  bool after_letter = false, after_gap = true;
  jinja_open_str(run, &str);
  for (size_t at = 0; at < text.length;) {
    uint32_t code = 0xfffd;
    const size_t bytes = lrt_utf8_decode(text.bytes + at, text.length - at, &code);
    if (!is_raised(form, at == 0, after_letter, after_gap))
      put_code(&str, to_lower(code));
    else if (special_upper(code, form != JINJA_UPPER) != NULL)
      lrt_str_add_text(&str, special_upper(code, form != JINJA_UPPER));
    else
      put_code(&str, to_upper(code));
    after_letter = is_letter(code);
    after_gap = jinja_is_space(code) || (code < 128 && code > 0 && strchr("-({[<", (int)code) != NULL);
    at += bytes == 0 ? 1 : bytes;
  }
  LRT_TRY(jinja_take_str(run, &str, out));
  return jinja_charge(run, text.length);
}

lrt_status jinja_text_replace(jinja_run *run, jinja_text text, jinja_text old, jinja_text with, int64_t limit,
                              jinja_value *out) {
  lrt_str str;
  size_t at = 0;
  jinja_open_str(run, &str);
  while (limit != 0) {
    const size_t found = jinja_text_find(text, old, at);
    if (found == SIZE_MAX) break;
    lrt_str_add(&str, text.bytes + at, found - at);
    lrt_str_add(&str, with.bytes, with.length);
    at = found + old.length;
    if (limit > 0) limit--;
    if (old.length > 0) continue;
    if (at == text.length) break; /* between all characters, and at both ends */
    const size_t bytes = jinja_text_step(text, at);
    lrt_str_add(&str, text.bytes + at, bytes);
    at += bytes;
  }
  lrt_str_add(&str, text.bytes + at, text.length - at);
  LRT_TRY(jinja_take_str(run, &str, out));
  return jinja_charge(run, text.length / 16 + out->as.text.length / 16);
}
