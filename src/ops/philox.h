/* philox.h: counter-based random bits: Philox 4x32 and Threefry 2x32 (Salmon et al., SC 2011). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_PHILOX_H
#define LRT_PHILOX_H

#include <stdint.h>

typedef struct lrt_philox {
  uint32_t key[2];
  uint32_t counter[4];
} lrt_philox;

/* `seed` becomes the key, `seed2` the upper half of the counter. */
static inline lrt_philox lrt_philox_make(uint64_t seed, uint64_t seed2) {
  const lrt_philox rng = {{(uint32_t)seed, (uint32_t)(seed >> 32)},
                          {0, 0, (uint32_t)seed2, (uint32_t)(seed2 >> 32)}};
  return rng;
}

/* Ten rounds over the counter. */
static inline void lrt_philox_bits(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) {
  uint32_t k0 = key[0], k1 = key[1], c[4] = {counter[0], counter[1], counter[2], counter[3]};
  for (int round = 0; round < 10; round++) {
    const uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    const uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k1,
                              (uint32_t)a};
    for (int i = 0; i < 4; i++) c[i] = next[i];
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int i = 0; i < 4; i++) out[i] = c[i];
}

/* Adds to the 128-bit counter. */
static inline void lrt_philox_skip(lrt_philox *rng, uint64_t count) {
  const uint64_t low = (uint64_t)rng->counter[1] << 32 | rng->counter[0], sum = low + count;
  rng->counter[0] = (uint32_t)sum;
  rng->counter[1] = (uint32_t)(sum >> 32);
  if (sum < low && ++rng->counter[2] == 0) rng->counter[3]++;
}

static inline void lrt_philox_next(lrt_philox *rng, uint32_t out[4]) {
  lrt_philox_bits(rng->key, rng->counter, out);
  lrt_philox_skip(rng, 1);
}

/* Twenty rounds in groups of four, the three key words taking turns. */
static inline void lrt_threefry_bits(const uint32_t key[2], const uint32_t counter[2], uint32_t out[2]) {
  static const int turns[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDAu};
  uint32_t a = counter[0] + keys[0], b = counter[1] + keys[1];
  for (int group = 0; group < 5; group++) {
    for (int i = 0; i < 4; i++) {
      const int turn = turns[group % 2 * 4 + i];
      a += b;
      b = (b << turn | b >> (32 - turn)) ^ a;
    }
    a += keys[(group + 1) % 3];
    b += keys[(group + 2) % 3] + (uint32_t)group + 1;
  }
  out[0] = a;
  out[1] = b;
}

#endif
