/* sha256.c: SHA-256 in portable C; names of FIPS 180-4, section 6.2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <ctype.h>
#include <string.h>

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotate(uint32_t x, int n) {
  return (x >> n) | (x << (32 - n));
}

static void expand(const uint8_t *block, uint32_t w[64]) {
  for (int t = 0; t < 16; t++, block += 4)
    w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
  for (int t = 16; t < 64; t++) {
    const uint32_t a = w[t - 2], b = w[t - 15];
    w[t] = (rotate(a, 17) ^ rotate(a, 19) ^ (a >> 10)) + w[t - 7] +
           (rotate(b, 7) ^ rotate(b, 18) ^ (b >> 3)) + w[t - 16];
  }
}

static void compress(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], s[8];
  expand(block, w);
  memcpy(s, state, sizeof s);
  for (int t = 0; t < 64; t++) {
    const uint32_t e = s[4], a = s[0];
    const uint32_t t1 = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                        round_constants[t] + w[t];
    const uint32_t t2 =
        (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof s[0]);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

void lrt_sha256_init(lrt_sha256 *hash) {
  static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(hash->state, initial, sizeof initial);
  hash->length = 0;
}

void lrt_sha256_add(lrt_sha256 *hash, const void *bytes, size_t length) {
  const uint8_t *from = bytes;
  size_t filled = (size_t)(hash->length % sizeof hash->block);
  hash->length += length;
  while (length > 0) {
    if (filled == 0 && length >= sizeof hash->block) {
      compress(hash->state, from);
      from += sizeof hash->block;
      length -= sizeof hash->block;
      continue;
    }
    const size_t room = sizeof hash->block - filled, part = length < room ? length : room;
    memcpy(hash->block + filled, from, part);
    from += part;
    length -= part;
    filled += part;
    if (filled < sizeof hash->block) return;
    compress(hash->state, hash->block);
    filled = 0;
  }
}

void lrt_sha256_finish(lrt_sha256 *hash, uint8_t digest[LRT_SHA256_BYTES]) {
  static const uint8_t padding[64] = {0x80};
  const uint64_t bits = hash->length * 8;
  const size_t filled = (size_t)(hash->length % 64);
  uint8_t size[8];
  lrt_sha256_add(hash, padding, filled < 56 ? 56 - filled : 120 - filled);
  for (int i = 0; i < 8; i++) size[i] = (uint8_t)(bits >> (56 - 8 * i));
  lrt_sha256_add(hash, size, sizeof size);
  for (int i = 0; i < LRT_SHA256_BYTES; i++) digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

const char *lrt_sha256_finish_text(lrt_sha256 *hash, char text[LRT_SHA256_TEXT]) {
  uint8_t digest[LRT_SHA256_BYTES];
  lrt_sha256_finish(hash, digest);
  for (int i = 0; i < LRT_SHA256_BYTES; i++) {
    text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  text[2 * LRT_SHA256_BYTES] = 0;
  return text;
}

bool lrt_sha256_is_text(const char *text) {
  if (text == NULL) return false;
  for (int i = 0; i < LRT_SHA256_TEXT - 1; i++)
    if (!isxdigit((unsigned char)text[i])) return false;
  return text[LRT_SHA256_TEXT - 1] == 0;
}
