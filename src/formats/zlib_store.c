/* zlib_store.c: header, stored blocks, checksum. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/zlib_store.h"

#include <stdint.h>

#define MOST_STORED 65535u

static uint32_t adler32(const uint8_t *bytes, size_t length) {
  uint32_t a = 1, b = 0;
  while (length > 0) {
    /* As many as fit before the sums must be reduced. */
    size_t run = length < 5552 ? length : 5552;
    length -= run;
    for (; run > 0; run--) {
      a += *bytes++;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return b << 16 | a;
}

void lrt_zlib_store(lrt_str *out, const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  const uint32_t sum = adler32(at, length);
  lrt_str_add(out, "\x78\x01", 2);
  do {
    const size_t run = length < MOST_STORED ? length : MOST_STORED;
    const char head[5] = {(char)(run == length), (char)(run & 255), (char)(run >> 8), (char)(~run & 255),
                          (char)(~run >> 8 & 255)};
    lrt_str_add(out, head, sizeof head);
    lrt_str_add(out, (const char *)at, run);
    at += run;
    length -= run;
  } while (length > 0);
  const char tail[4] = {(char)(sum >> 24), (char)(sum >> 16 & 255), (char)(sum >> 8 & 255),
                        (char)(sum & 255)};
  lrt_str_add(out, tail, sizeof tail);
}
