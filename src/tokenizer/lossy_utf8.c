/* lossy_utf8.c: finds well-formed stretches and the longest beginnings of characters. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/lossy_utf8.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

size_t lrt_utf8_valid(const char *text, size_t length) {
  size_t at = 0;
  while (at < length) {
    uint64_t word;
    while (length - at >= 8) { /* ASCII, eight bytes at once */
      memcpy(&word, text + at, 8);
      if ((word & UINT64_C(0x8080808080808080)) != 0) break;
      at += 8;
    }
    if (at == length) break;
    const size_t bytes = lrt_utf8_decode(text + at, length - at, NULL);
    if (bytes == 0) break;
    at += bytes;
  }
  return at;
}

/* Bytes at the start of a broken text that could begin a character: at least 1. */
static size_t broken_part(const uint8_t *text, size_t length) {
  const uint8_t lead = text[0];
  const size_t wanted = lead >= 0xF0 && lead <= 0xF4  ? 4
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                                                      : 1;
  uint8_t low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  size_t at = 1;
  for (; at < wanted && at < length && text[at] >= low && text[at] <= high; at++) {
    low = 0x80;
    high = 0xBF;
  }
  return at;
}

/* Whether more bytes could make a character of this broken end. */
static bool is_open(const uint8_t *text, size_t length) {
  const size_t wanted = text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;
  return text[0] >= 0xC2 && text[0] <= 0xF4 && broken_part(text, length) == length && length < wanted;
}

size_t lrt_lossy_utf8(const char *text, size_t length, bool last, bool each_byte, lrt_str *out) {
  size_t at = 0;
  for (;;) {
    const size_t valid = lrt_utf8_valid(text + at, length - at);
    lrt_str_add(out, text + at, valid);
    at += valid;
    if (at == length) return at;
    const uint8_t *rest = (const uint8_t *)text + at;
    if (!last && is_open(rest, length - at)) return at;
    lrt_str_add(out, "\xEF\xBF\xBD", 3);
    at += each_byte ? 1 : broken_part(rest, length - at);
  }
}
