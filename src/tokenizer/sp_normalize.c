/* sp_normalize.c: SentencePiece's normalisation: replacement rules, blanks, the dummy prefix. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tokenizer/lossy_utf8.h"
#include "tokenizer/sentencepiece.h"

size_t lrt_sp_prefix(const lrt_sentencepiece *sp, const char *text, size_t length, bool *user) {
  size_t used = 0;
  *user = sp->user.count > 0 && sp->user.roots[(uint8_t)text[0]] != 0 &&
          lrt_trie_longest(&sp->user, text, length, &used) >= 0;
  if (*user) return used;
  used = lrt_utf8_lead_bytes((uint8_t)text[0]);
  return used < length ? used : length;
}

/* What stands for the start of text: [length > 0]; *used gets the bytes it replaces. */
static lrt_text next_part(const lrt_sentencepiece *sp, const char *text, size_t length, size_t *used) {
  bool user;
  *used = lrt_sp_prefix(sp, text, length, &user);
  const lrt_text same = {text, (uint32_t)*used};
  if (user || sp->charsmap.unit_count == 0) return same;
  size_t replaced;
  const char *by = lrt_charsmap_find(&sp->charsmap, text, length, true, &replaced);
  if (by == NULL) return same;
  *used = replaced;
  return (lrt_text){by, (uint32_t)strlen(by)};
}

static void add_blank(const lrt_sentencepiece *sp, lrt_str *out) {
  if (sp->escape_whitespaces)
    lrt_str_add(out, LRT_SPACE_SYMBOL, LRT_SPACE_SYMBOL_BYTES);
  else
    lrt_str_add(out, " ", 1);
}

static void add_part(const lrt_sentencepiece *sp, const lrt_text *part, lrt_str *out) {
  const char *at = part->bytes, *end = part->bytes + part->length;
  while (at < end) {
    const char *blank = memchr(at, ' ', (size_t)(end - at));
    lrt_str_add(out, at, (size_t)((blank == NULL ? end : blank) - at));
    if (blank == NULL) return;
    add_blank(sp, out);
    at = blank + 1;
  }
}

static bool ends_with(const lrt_str *out, size_t from, const char *text, size_t length) {
  return out->length - from >= length && memcmp(out->text + out->length - length, text, length) == 0;
}

void lrt_sp_prepare(lrt_sentencepiece *sp) {
  for (int byte = 0; byte < 256; byte++) {
    const bool rule = lrt_charsmap_begins(&sp->charsmap, (uint8_t)byte);
    sp->begins[byte] = byte == ' ' || rule || sp->user.roots[byte] != 0;
    sp->begins_ascii[byte] = sp->begins[byte] && (byte == ' ' || sp->user.roots[byte] != 0 ||
                                                  lrt_charsmap_continues(&sp->charsmap, (uint8_t)byte));
  }
}

/* Bytes at the start of the text that stay as they are. */
static size_t plain_bytes(const lrt_sentencepiece *sp, const char *text, size_t length) {
  size_t at = 0;
  for (; at < length; at++) {
    const uint8_t byte = (uint8_t)text[at], next = at + 1 < length ? (uint8_t)text[at + 1] : 0;
    if (sp->begins[byte] && (next >= 128 || sp->begins_ascii[byte])) break;
  }
  return at;
}

static void add_parts(const lrt_sentencepiece *sp, const char *text, size_t length, lrt_str *out) {
  bool after_blank = sp->remove_extra_whitespaces;
  size_t used;
  for (size_t at = 0; at < length; at += used) {
    used = plain_bytes(sp, text + at, length - at);
    if (used > 0) {
      lrt_str_add(out, text + at, used);
      after_blank = false;
      continue;
    }
    lrt_text part = next_part(sp, text + at, length - at, &used);
    while (after_blank && part.length > 0 && part.bytes[0] == ' ')
      part = (lrt_text){part.bytes + 1, part.length - 1};
    add_part(sp, &part, out);
    if (part.length > 0) after_blank = part.bytes[part.length - 1] == ' ';
    if (!sp->remove_extra_whitespaces) after_blank = false;
  }
}

void lrt_sp_normalize(const lrt_sentencepiece *sp, const char *text, size_t length, lrt_str *out) {
  const size_t from = out->length;
  size_t used;
  while (sp->remove_extra_whitespaces && length > 0) {
    const lrt_text part = next_part(sp, text, length, &used);
    if (part.length != 1 || part.bytes[0] != ' ') break;
    text += used;
    length -= used;
  }
  if (length == 0) return;
  lrt_str_reserve(out, length + length / 2 + 16); /* blanks take three bytes */
  if (sp->add_dummy_prefix && !sp->whitespace_as_suffix) add_blank(sp, out);
  add_parts(sp, text, length, out);
  const char *blank = sp->escape_whitespaces ? LRT_SPACE_SYMBOL : " ";
  while (sp->remove_extra_whitespaces && ends_with(out, from, blank, strlen(blank)))
    lrt_str_cut(out, out->length - strlen(blank));
  if (sp->add_dummy_prefix && sp->whitespace_as_suffix) add_blank(sp, out);
}
