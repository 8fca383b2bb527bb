/* grapheme.c: where a grapheme cluster ends, as far as clusters below six bytes need: marks, prefixes, CR LF. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/utf8.h"
#include "tokenizer/text_normalize.h"
#include "tokenizer/unicode.h"

typedef struct interval {
  uint32_t low, high;
} interval;

/* Grapheme_Cluster_Break=Prepend. */
static const interval prepends[] = {
    {0x600, 0x605},     {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x890, 0x891},
    {0x8E2, 0x8E2},     {0xD4E, 0xD4E},     {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
    {0x111C2, 0x111C3}, {0x113D1, 0x113D1}, {0x1193F, 0x1193F}, {0x11941, 0x11941},
    {0x11A3A, 0x11A3A}, {0x11A84, 0x11A89}, {0x11D46, 0x11D46}, {0x11F02, 0x11F02},
};

/* Spacing marks (Mc) that begin a cluster of their own. */
static const interval loose_marks[] = {
    {0x102B, 0x102C}, {0x1038, 0x1038}, {0x1062, 0x1064},   {0x1067, 0x106D}, {0x1083, 0x1083},
    {0x1087, 0x108C}, {0x108F, 0x108F}, {0x109A, 0x109C},   {0x1A61, 0x1A61}, {0x1A63, 0x1A64},
    {0xAA7B, 0xAA7B}, {0xAA7D, 0xAA7D}, {0x11720, 0x11721},
};

/* What joins the character before without being a mark. */
static const interval joining[] = {
    {0xE33, 0xE33},   {0xEB3, 0xEB3},     {0x200C, 0x200D},
    {0xFF9E, 0xFF9F}, {0x1F3FB, 0x1F3FF}, {0xE0020, 0xE007F},
};

static bool lies_in(const interval *list, size_t count, uint32_t code) {
  for (size_t i = 0; i < count; i++)
    if (code >= list[i].low && code <= list[i].high) return true;
  return false;
}

#define LIES_IN(list, code) lies_in(list, sizeof(list) / sizeof((list)[0]), code)

static bool is_prepend(uint32_t code) {
  return code >= 0x600 && LIES_IN(prepends, code);
}

static bool joins_before(uint32_t code) {
  if (code < 0x300) return false;
  if ((lrt_unicode_category_bit(code) & LRT_CATEGORY_M) != 0) return !LIES_IN(loose_marks, code);
  return LIES_IN(joining, code);
}

/* A cluster ends before and behind these. */
static bool is_control(uint32_t code) {
  const uint32_t mask =
      LRT_CATEGORY_BIT(Cc) | LRT_CATEGORY_BIT(Cf) | LRT_CATEGORY_BIT(Zl) | LRT_CATEGORY_BIT(Zp);
  return (lrt_unicode_category_bit(code) & mask) != 0 && !is_prepend(code) && !LIES_IN(joining, code);
}

/* Hangul: L before L, V, LV, LVT; V and LV before V, T; T and LVT before T. */
static bool hangul_joins(uint32_t before, uint32_t code) {
  const bool syllable_before = before >= 0xAC00 && before <= 0xD7A3,
             syllable = code >= 0xAC00 && code <= 0xD7A3;
  const bool l = (code >= 0x1100 && code <= 0x115F) || (code >= 0xA960 && code <= 0xA97C);
  const bool v = (code >= 0x1160 && code <= 0x11A7) || (code >= 0xD7B0 && code <= 0xD7C6);
  const bool t = (code >= 0x11A8 && code <= 0x11FF) || (code >= 0xD7CB && code <= 0xD7FB);
  if ((before >= 0x1100 && before <= 0x115F) || (before >= 0xA960 && before <= 0xA97C))
    return l || v || syllable;
  const bool v_before = (before >= 0x1160 && before <= 0x11A7) || (before >= 0xD7B0 && before <= 0xD7C6);
  if (v_before || (syllable_before && (before - 0xAC00) % 28 == 0)) return v || t;
  return t && (syllable_before || (before >= 0x11A8 && before <= 0x11FF) ||
               (before >= 0xD7CB && before <= 0xD7FB));
}

size_t lrt_grapheme_bytes(const char *text, size_t length) {
  uint32_t before = 0, code;
  size_t at = lrt_utf8_decode(text, length, &before), bytes;
  if (at == 0) return length > 0;
  if (before == '\r' && at < length && text[at] == '\n') return at + 1;
  if (is_control(before)) return at;
  while ((bytes = lrt_utf8_decode(text + at, length - at, &code)) != 0) {
    const bool joins =
        joins_before(code) || (is_prepend(before) && !is_control(code)) || hangul_joins(before, code);
    if (!joins) break;
    at += bytes;
    before = code;
  }
  return at;
}
