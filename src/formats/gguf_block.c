/* gguf_block.c: one loop per element type of GGUF; each is the definition of its type in floats. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/gguf_block.h"

#include <string.h>

#include "base/half.h"

/* d, m: scale and minimum of a block; q: a quantized number; e: the element's place in its block. */

static uint16_t read_u16(const uint8_t *at) {
  return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t read_u32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t read_u64(const uint8_t *at) {
  return read_u32(at) | (uint64_t)read_u32(at + 4) << 32;
}

static float read_half(const uint8_t *at) {
  return lrt_half_to_float(read_u16(at));
}

static float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double double_of_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* ---- plain numbers: one element a block ---- */

static void widen_F32(const uint8_t *b, float *out) {
  out[0] = float_of_bits(read_u32(b));
}

static void widen_F16(const uint8_t *b, float *out) {
  out[0] = read_half(b);
}

static void widen_BF16(const uint8_t *b, float *out) {
  out[0] = lrt_bfloat16_to_float(read_u16(b));
}

static void widen_F64(const uint8_t *b, float *out) {
  out[0] = (float)double_of_bits(read_u64(b));
}

static void widen_I8(const uint8_t *b, float *out) {
  out[0] = (float)(int8_t)b[0];
}

static void widen_I16(const uint8_t *b, float *out) {
  out[0] = (float)(int16_t)read_u16(b);
}

static void widen_I32(const uint8_t *b, float *out) {
  out[0] = (float)(int32_t)read_u32(b);
}

static void widen_I64(const uint8_t *b, float *out) {
  out[0] = (float)(int64_t)read_u64(b);
}

/* ---- 32 elements: the low nibbles are elements 0 … 15, the high ones 16 … 31 ---- */

/* d (q - 8) */
static void widen_Q4_0(const uint8_t *b, float *out) {
  const float d = read_half(b);
  for (int e = 0; e < 16; e++) {
    out[e] = d * (float)((b[2 + e] & 15) - 8);
    out[e + 16] = d * (float)((b[2 + e] >> 4) - 8);
  }
}

/* d q + m */
static void widen_Q4_1(const uint8_t *b, float *out) {
  const float d = read_half(b), m = read_half(b + 2);
  for (int e = 0; e < 16; e++) {
    out[e] = d * (float)(b[4 + e] & 15) + m;
    out[e + 16] = d * (float)(b[4 + e] >> 4) + m;
  }
}

/* d (q - 16); bit e of a word is bit 4 of element e. */
static void widen_Q5_0(const uint8_t *b, float *out) {
  const float d = read_half(b);
  const uint32_t high = read_u32(b + 2);
  for (int e = 0; e < 16; e++) {
    out[e] = d * (float)((int)(b[6 + e] & 15) + (int)(high >> e & 1) * 16 - 16);
    out[e + 16] = d * (float)((int)(b[6 + e] >> 4) + (int)(high >> (e + 16) & 1) * 16 - 16);
  }
}

/* d q + m */
static void widen_Q5_1(const uint8_t *b, float *out) {
  const float d = read_half(b), m = read_half(b + 2);
  const uint32_t high = read_u32(b + 4);
  for (int e = 0; e < 16; e++) {
    out[e] = d * (float)((b[8 + e] & 15) + (high >> e & 1) * 16) + m;
    out[e + 16] = d * (float)((b[8 + e] >> 4) + (high >> (e + 16) & 1) * 16) + m;
  }
}

/* d q */
static void widen_Q8_0(const uint8_t *b, float *out) {
  const float d = read_half(b);
  for (int e = 0; e < 32; e++) out[e] = d * (float)(int8_t)b[2 + e];
}

/* A nibble picks one of 16 levels that follow a bell curve. */
static const int8_t bell_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                       1,    13,   25,  38,  53,  69,  89,  113};

static void widen_IQ4_NL(const uint8_t *b, float *out) {
  const float d = read_half(b);
  for (int e = 0; e < 16; e++) {
    out[e] = d * (float)bell_levels[b[2 + e] & 15];
    out[e + 16] = d * (float)bell_levels[b[2 + e] >> 4];
  }
}

/* A power of two and 4-bit floats (E2M1, stored here doubled: OCP Microscaling Formats 1.0). */
static void widen_MXFP4(const uint8_t *b, float *out) {
  static const int8_t levels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  /* Half of 2^(b - 127); the two smallest are subnormal. */
  const float d = float_of_bits(b[0] < 2 ? UINT32_C(0x00200000) << b[0] : (uint32_t)(b[0] - 1) << 23);
  for (int e = 0; e < 16; e++) {
    out[e] = d * (float)levels[b[1 + e] & 15];
    out[e + 16] = d * (float)levels[b[1 + e] >> 4];
  }
}

/* ---- 256 elements with scales for parts of them ---- */

/* s[16], q[64], d, m: two bits each, a 4-bit scale and a 4-bit minimum for every 16. */
static void widen_Q2_K(const uint8_t *b, float *out) {
  const uint8_t *s = b, *q = b + 16;
  const float d = read_half(b + 80), m = read_half(b + 82);
  for (int e = 0; e < 256; e++) {
    const float scale = d * (float)(s[e / 16] & 15), minimum = m * (float)(s[e / 16] >> 4);
    out[e] = scale * (float)(q[32 * (e / 128) + e % 32] >> 2 * (e % 128 / 32) & 3) - minimum;
  }
}

/* h[32], q[64], s[12], d: two bits and a third one that subtracts 4 where it is clear; 6-bit scales. */
static void widen_Q3_K(const uint8_t *b, float *out) {
  const uint8_t *h = b, *q = b + 32, *s = b + 96;
  const float d = read_half(b + 108);
  for (int e = 0; e < 256; e++) {
    const int j = e / 16, half = e / 128, t = e % 128 / 32, i = e % 32;
    const int low = j < 8 ? s[j] & 15 : s[j - 8] >> 4, high = s[8 + j % 4] >> 2 * (j / 4) & 3;
    const int value = (q[32 * half + i] >> 2 * t & 3) - (h[i] >> (4 * half + t) & 1 ? 0 : 4);
    out[e] = d * (float)((low | high << 4) - 32) * (float)value;
  }
}

/* Scale and minimum j < 8 of Q4_K and Q5_K, six bits each, in 12 bytes. */
static void six_bits(const uint8_t *s, int j, int *scale, int *minimum) {
  if (j < 4) {
    *scale = s[j] & 63;
    *minimum = s[j + 4] & 63;
  } else {
    *scale = (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
    *minimum = s[j + 4] >> 4 | s[j] >> 6 << 4;
  }
}

/* d, m, s[12], q[128]: a scale and a minimum for every 32; two groups share bytes, low nibbles first. */
static void widen_Q4_K(const uint8_t *b, float *out) {
  const float d = read_half(b), m = read_half(b + 2);
  const uint8_t *q = b + 16;
  for (int group = 0; group < 8; group++) {
    int scale, minimum;
    six_bits(b + 4, group, &scale, &minimum);
    const float step = d * (float)scale, low = m * (float)minimum;
    for (int i = 0; i < 32; i++)
      out[32 * group + i] = step * (float)(q[32 * (group / 2) + i] >> 4 * (group % 2) & 15) - low;
  }
}

/* d, m, s[12], h[32], q[128]: the same with a fifth bit. */
static void widen_Q5_K(const uint8_t *b, float *out) {
  const float d = read_half(b), m = read_half(b + 2);
  const uint8_t *h = b + 16, *q = b + 48;
  for (int group = 0; group < 8; group++) {
    int scale, minimum;
    six_bits(b + 4, group, &scale, &minimum);
    const float step = d * (float)scale, low = m * (float)minimum;
    for (int i = 0; i < 32; i++) {
      const int value = (q[32 * (group / 2) + i] >> 4 * (group % 2) & 15) | (h[i] >> group & 1) << 4;
      out[32 * group + i] = step * (float)value - low;
    }
  }
}

/* l[128], h[64], s[16], d: four low and two high bits, minus 32; a signed scale for every 16. */
static void widen_Q6_K(const uint8_t *b, float *out) {
  const uint8_t *l = b, *h = b + 128, *s = b + 192;
  const float d = read_half(b + 208);
  for (int e = 0; e < 256; e++) {
    const int half = e / 128, t = e % 128 / 32, i = e % 32;
    const int low = l[64 * half + 32 * (t % 2) + i] >> 4 * (t / 2) & 15;
    const int high = h[32 * half + i] >> 2 * t & 3;
    out[e] = d * (float)(int8_t)s[e / 16] * (float)((low | high << 4) - 32);
  }
}

/* d, u16 high bits of scales, low nibbles of scales[4], q[128]: eight blocks like IQ4_NL. */
static void widen_IQ4_XS(const uint8_t *b, float *out) {
  const float d = read_half(b);
  const uint16_t high = read_u16(b + 2);
  for (int group = 0; group < 8; group++) {
    const int scale = (b[4 + group / 2] >> 4 * (group % 2) & 15) | (high >> 2 * group & 3) << 4;
    const float step = d * (float)(scale - 32);
    const uint8_t *q = b + 8 + 16 * group;
    for (int e = 0; e < 16; e++) {
      out[32 * group + e] = step * (float)bell_levels[q[e] & 15];
      out[32 * group + e + 16] = step * (float)bell_levels[q[e] >> 4];
    }
  }
}

/* Digit of a byte that holds a fraction in base 3, the `place`-th behind the point, minus 1. */
static float ternary(uint8_t byte, int place) {
  static const uint8_t powers[5] = {1, 3, 9, 27, 81};
  const uint8_t shifted = (uint8_t)(byte * powers[place]);
  return (float)((shifted * 3 >> 8) - 1);
}

/* q[48] with five digits a byte, h[4] with four, d. */
static void widen_TQ1_0(const uint8_t *b, float *out) {
  const float d = read_half(b + 52);
  for (int place = 0; place < 5; place++) {
    for (int i = 0; i < 32; i++) out[32 * place + i] = d * ternary(b[i], place);
    for (int i = 0; i < 16; i++) out[160 + 16 * place + i] = d * ternary(b[32 + i], place);
  }
  for (int place = 0; place < 4; place++)
    for (int i = 0; i < 4; i++) out[240 + 4 * place + i] = d * ternary(b[48 + i], place);
}

/* q[64], d: two bits each, minus 1. */
static void widen_TQ2_0(const uint8_t *b, float *out) {
  const float d = read_half(b + 64);
  for (int e = 0; e < 256; e++)
    out[e] = d * (float)((b[32 * (e / 128) + e % 32] >> 2 * (e % 128 / 32) & 3) - 1);
}

typedef struct block_type {
  uint32_t number, elements, bytes;
  const char *name;
  void (*widen)(const uint8_t *block, float *out);
} block_type;

static const block_type types[] = {
#define X(name, number, elements, bytes) {number, elements, bytes, #name, widen_##name},
#include "formats/gguf_block.def"
#undef X
};

static const block_type *find(uint32_t number) {
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (types[i].number == number) return &types[i];
  return NULL;
}

const char *lrt_gguf_type_name(uint32_t type) {
  const block_type *t = find(type);
  return t == NULL ? NULL : t->name;
}

uint32_t lrt_gguf_block_elements(uint32_t type) {
  const block_type *t = find(type);
  return t == NULL ? 0 : t->elements;
}

uint32_t lrt_gguf_block_bytes(uint32_t type) {
  const block_type *t = find(type);
  return t == NULL ? 0 : t->bytes;
}

void lrt_gguf_block_widen(uint32_t type, const uint8_t *blocks, size_t count, float *out) {
  const block_type *t = find(type);
  if (t == NULL) return;
  for (size_t i = 0; i < count / t->elements; i++) t->widen(blocks + i * t->bytes, out + i * t->elements);
}
