/* utf8.h: one code point from UTF-8 bytes, and back. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_UTF8_H
#define LRT_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes (1..4) of the well-formed sequence at `text`, its code point in *code (may be NULL); 0 when there is none
 * (overlong forms, surrogates and codes above 10FFFF included, or `length` is 0). Unicode, table 3-7. */
size_t lrt_utf8_decode(const char *text, size_t length, uint32_t *code);
/* Writes the sequence of a code point (1..4 bytes) and returns its length; 0 for surrogates and codes above 10FFFF. */
size_t lrt_utf8_encode(uint32_t code, char out[4]);

#endif
