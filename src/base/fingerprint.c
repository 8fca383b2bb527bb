/* fingerprint.c: FarmHash Fingerprint64: four ranges of lengths, each mixed by multiplications and rotations. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fingerprint.h"

#include <string.h>

#define K0 UINT64_C(0xc3a5c85c97cb3127)
#define K1 UINT64_C(0xb492b66fbe98f273)
#define K2 UINT64_C(0x9ae16a3b2f90404f)

typedef struct pair {
  uint64_t a, b;
} pair;

static uint64_t word(const uint8_t *s) {
  uint64_t value;
  memcpy(&value, s, sizeof value);
  return value;
}

static uint64_t half_word(const uint8_t *s) {
  uint32_t value;
  memcpy(&value, s, sizeof value);
  return value;
}

static uint64_t turn(uint64_t x, int by) {
  return x >> by | x << (64 - by);
}

static uint64_t fold(uint64_t x) {
  return x ^ x >> 47;
}

static uint64_t mix(uint64_t u, uint64_t v, uint64_t factor) {
  const uint64_t a = fold((u ^ v) * factor);
  return fold((v ^ a) * factor) * factor;
}

static uint64_t up_to_16(const uint8_t *s, size_t n) {
  if (n >= 8) {
    const uint64_t factor = K2 + n * 2, a = word(s) + K2, b = word(s + n - 8);
    return mix(turn(b, 37) * factor + a, (turn(a, 25) + b) * factor, factor);
  }
  if (n >= 4) return mix(n + (half_word(s) << 3), half_word(s + n - 4), K2 + n * 2);
  if (n == 0) return K2;
  const uint64_t y = s[0] + ((uint64_t)s[n / 2] << 8), z = n + ((uint64_t)s[n - 1] << 2);
  return fold(y * K2 ^ z * K0) * K2;
}

/* Both words that 17 to 64 bytes are mixed to from their ends. */
static pair ends_of(const uint8_t *s, size_t n, uint64_t first_factor, uint64_t factor) {
  const uint64_t a = word(s) * first_factor, b = word(s + 8), c = word(s + n - 8) * factor;
  return (pair){turn(a + b, 43) + turn(c, 30) + word(s + n - 16) * K2, a + turn(b + K2, 18) + c};
}

static uint64_t up_to_64(const uint8_t *s, size_t n) {
  const uint64_t factor = K2 + n * 2;
  const pair ends = ends_of(s, n, K2, factor);
  const uint64_t z = mix(ends.a, ends.b, factor), e = word(s + 16) * factor, f = word(s + 24);
  const uint64_t g = (ends.a + word(s + n - 32)) * factor, h = (z + word(s + n - 24)) * factor;
  return mix(turn(e + f, 43) + turn(g, 30) + h, e + turn(f + word(s) * K2, 18) + g, factor);
}

/* 32 bytes mixed into two words. */
static pair mix_32(const uint8_t *s, uint64_t a, uint64_t b) {
  a += word(s);
  b = turn(b + a + word(s + 24), 21);
  const uint64_t start = a;
  a += word(s + 8) + word(s + 16);
  b += turn(a, 44);
  return (pair){a + word(s + 24), b + start};
}

typedef struct state {
  uint64_t x, y, z;
  pair v, w;
} state;

static void mix_64(state *t, const uint8_t *s, uint64_t factor, uint64_t weight) {
  const uint64_t x = (turn(t->x + t->y + t->v.a + word(s + 8), 37) * factor) ^ t->w.b * weight;
  const uint64_t y = turn(t->y + t->v.b + word(s + 48), 42) * factor + t->v.a * weight + word(s + 40);
  const uint64_t z = turn(t->z + t->w.a, 33) * factor;
  t->v = mix_32(s, t->v.b * factor, x + t->w.a);
  t->w = mix_32(s + 32, z + t->w.b, y + word(s + 16));
  t->x = z;
  t->y = y;
  t->z = x;
}

static uint64_t longer(const uint8_t *s, size_t n) {
  const uint64_t seed = 81;
  const size_t rest = (n - 1) & 63;
  const uint8_t *const end = s + (n - 1) / 64 * 64;
  state t = {.x = seed * K2 + word(s), .y = seed * K1 + 113};
  t.z = fold(t.y * K2 + 113) * K2;
  for (; s < end; s += 64) mix_64(&t, s, K1, 1);
  const uint64_t factor = K1 + ((t.z & 0xff) << 1);
  t.w.a += rest;
  t.v.a += t.w.a;
  t.w.a += t.v.a;
  mix_64(&t, end + rest - 63, factor, 9);
  return mix(mix(t.v.a, t.w.a, factor) + fold(t.y) * K0 + t.z, mix(t.v.b, t.w.b, factor) + t.x, factor);
}

uint64_t lrt_fingerprint64(const void *bytes, size_t length) {
  const uint8_t *s = bytes;
  if (length <= 16) return up_to_16(s, length);
  if (length <= 32) {
    const uint64_t factor = K2 + length * 2;
    const pair ends = ends_of(s, length, K1, factor);
    return mix(ends.a, ends.b, factor);
  }
  return length <= 64 ? up_to_64(s, length) : longer(s, length);
}
