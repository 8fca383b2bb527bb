/* lossy_utf8.h: bytes as UTF-8, with U+FFFD where they are none: what every text passes on its way in or out. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_LOSSY_UTF8_H
#define LRT_TOKENIZER_LOSSY_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Bytes of the character that begins with this byte of a valid text. */
static inline size_t lrt_utf8_lead_bytes(uint8_t lead) {
  return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}
/* Bytes at the start of text: [length] that are well-formed. */
size_t lrt_utf8_valid(const char *text, size_t length);
/* Appends the text with one U+FFFD for each longest beginning of a character, or single byte, that does not belong
 * (Unicode 3.9, "substitution of maximal subparts"), or one for `each_byte`; failures stay in `out`. Unless `last`, an
 * unfinished character at the end is left; returns the bytes that were used. */
size_t lrt_lossy_utf8(const char *text, size_t length, bool last, bool each_byte, lrt_str *out);

#endif
