/* utf8.c: strict UTF-8. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

size_t lrt_utf8_decode(const char *text, size_t length, uint32_t *code) {
  static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
  if (length == 0) return 0;
  const unsigned char first = (unsigned char)text[0];
  const size_t bytes = first < 0x80                    ? 1
                       : first >= 0xc2 && first < 0xe0 ? 2
                       : first >= 0xe0 && first < 0xf0 ? 3
                       : first >= 0xf0 && first < 0xf5 ? 4
                                                       : 0;
  if (bytes == 0 || bytes > length) return 0;
  uint32_t value = bytes == 1 ? first : first & (0x7fu >> bytes);
  for (size_t i = 1; i < bytes; i++) {
    const unsigned char c = (unsigned char)text[i];
    if ((c & 0xc0) != 0x80) return 0;
    value = value << 6 | (c & 0x3fu);
  }
  if (value < smallest[bytes] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
  if (code != NULL) *code = value;
  return bytes;
}

size_t lrt_utf8_encode(uint32_t code, char out[4]) {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  const size_t bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = bytes - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
  out[0] = (char)((0xf00u >> bytes & 0xff) | code);
  return bytes;
}
