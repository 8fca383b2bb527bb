/* inflate.c: deflate decoder: table lookup for short codes, canonical walk for long ones, bounded on both sides. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/inflate.h"

#include <stdbool.h>
#include <string.h>

#include "base/fail.h"

#define MAX_CODE_BITS 15
#define LOOKUP_BITS 10
#define LITERAL_CODES 288
#define DISTANCE_CODES 30
#define END_OF_BLOCK 256

typedef struct stream {
  const uint8_t *in; /* [length] */
  size_t length, at;
  uint64_t bits; /* not yet used, lowest first */
  unsigned bit_count;
  uint8_t *out; /* [capacity] */
  size_t capacity, written;
  lrt_error *err;
} stream;

/* A canonical code. */
typedef struct huffman {
  uint16_t lookup[1u << LOOKUP_BITS]; /* symbol << 4 | bits; 0 = longer code or none */
  uint16_t count[MAX_CODE_BITS + 1];  /* codes of each length */
  uint16_t symbol[LITERAL_CODES];     /* in order of code */
} huffman;

static lrt_status broken(const stream *s, const char *what) {
  return lrt_fail(s->err, LRT_INVALID_MODEL, "the compressed data is damaged near byte %zu: %s", s->at, what);
}

static void refill(stream *s) {
  while (s->bit_count <= 56 && s->at < s->length) {
    s->bits |= (uint64_t)s->in[s->at++] << s->bit_count;
    s->bit_count += 8;
  }
}

static void drop(stream *s, unsigned n) {
  s->bits >>= n;
  s->bit_count -= n;
}

/* n <= 16 */
static lrt_status take(stream *s, unsigned n, unsigned *value) {
  if (s->bit_count < n) refill(s);
  if (s->bit_count < n) return broken(s, "it ends too early");
  *value = (unsigned)(s->bits & ((UINT64_C(1) << n) - 1));
  drop(s, n);
  return LRT_OK;
}

static unsigned reversed(unsigned code, unsigned bits) {
  unsigned result = 0;
  for (unsigned i = 0; i < bits; i++) result |= (code >> i & 1u) << (bits - 1 - i);
  return result;
}

static void fill_lookup(huffman *h, const uint8_t *lengths, unsigned n) {
  unsigned next[MAX_CODE_BITS + 2], code = 0;
  memset(h->lookup, 0, sizeof h->lookup);
  for (unsigned bits = 1; bits <= MAX_CODE_BITS; bits++) {
    next[bits] = code;
    code = (code + h->count[bits]) << 1;
  }
  for (unsigned i = 0; i < n; i++) {
    const unsigned bits = lengths[i];
    if (bits == 0) continue;
    const unsigned first = reversed(next[bits]++, bits);
    if (bits > LOOKUP_BITS) continue;
    for (unsigned j = first; j < 1u << LOOKUP_BITS; j += 1u << bits) h->lookup[j] = (uint16_t)(i << 4 | bits);
  }
}

/* lengths: [n] code lengths, 0 = unused. An incomplete code is valid only when it is a single code of one bit
 * or, with `may_be_empty`, no code at all (a block without distances). */
static lrt_status build(const stream *s, huffman *h, const uint8_t *lengths, unsigned n, bool may_be_empty) {
  uint16_t start[MAX_CODE_BITS + 2];
  int left = 1;
  unsigned used = 0;
  memset(h->count, 0, sizeof h->count);
  for (unsigned i = 0; i < n; i++) h->count[lengths[i]]++;
  h->count[0] = 0;
  start[1] = 0;
  for (unsigned bits = 1; bits <= MAX_CODE_BITS; bits++) {
    left = 2 * left - h->count[bits];
    if (left < 0) return broken(s, "a code has too many symbols");
    start[bits + 1] = (uint16_t)(start[bits] + h->count[bits]);
    used += h->count[bits];
  }
  if (used == 0 && !may_be_empty) return broken(s, "a code has no symbols");
  if (used > 0 && left > 0 && !(used == 1 && h->count[1] == 1 && may_be_empty))
    return broken(s, "a code is incomplete");
  for (unsigned i = 0; i < n; i++)
    if (lengths[i] != 0) h->symbol[start[lengths[i]]++] = (uint16_t)i;
  fill_lookup(h, lengths, n);
  return LRT_OK;
}

/* Codes longer than the table: one bit at a time, first bit of the code first. */
static lrt_status decode_long(stream *s, const huffman *h, unsigned *symbol) {
  unsigned code = 0, first = 0, index = 0;
  for (unsigned bits = 1; bits <= MAX_CODE_BITS; bits++) {
    if (bits > s->bit_count) return broken(s, "it ends too early");
    code |= (unsigned)(s->bits >> (bits - 1)) & 1u;
    if (code < first + h->count[bits]) {
      *symbol = h->symbol[index + code - first];
      drop(s, bits);
      return LRT_OK;
    }
    index += h->count[bits];
    first = (first + h->count[bits]) << 1;
    code <<= 1;
  }
  return broken(s, "a bit pattern stands for no symbol");
}

static lrt_status decode(stream *s, const huffman *h, unsigned *symbol) {
  if (s->bit_count < MAX_CODE_BITS) refill(s);
  const unsigned entry = h->lookup[s->bits & ((1u << LOOKUP_BITS) - 1)];
  if (entry == 0 || (entry & 15u) > s->bit_count) return decode_long(s, h, symbol);
  *symbol = entry >> 4;
  drop(s, entry & 15u);
  return LRT_OK;
}

static lrt_status copy_match(stream *s, unsigned length, unsigned distance) {
  if (distance > s->written) return broken(s, "a match reaches before the start");
  if (length > s->capacity - s->written) return broken(s, "it is longer than announced");
  uint8_t *to = s->out + s->written;
  const uint8_t *from = to - distance;
  if (distance >= length)
    memcpy(to, from, length);
  else
    for (unsigned i = 0; i < length; i++) to[i] = from[i];
  s->written += length;
  return LRT_OK;
}

static lrt_status read_match(stream *s, const huffman *distances, unsigned symbol) {
  static const uint16_t length_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                           31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                           2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const uint16_t distance_base[DISTANCE_CODES] = {
      1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
      193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  unsigned extra, code;
  if (symbol > 285) return broken(s, "a length code is not valid");
  LRT_TRY(take(s, length_extra[symbol - 257], &extra));
  const unsigned length = length_base[symbol - 257] + extra;
  LRT_TRY(decode(s, distances, &code));
  if (code >= DISTANCE_CODES) return broken(s, "a distance code is not valid");
  LRT_TRY(take(s, code < 4 ? 0 : code / 2 - 1, &extra));
  return copy_match(s, length, distance_base[code] + extra);
}

static lrt_status read_codes(stream *s, const huffman *literals, const huffman *distances) {
  for (;;) {
    unsigned symbol;
    LRT_TRY(decode(s, literals, &symbol));
    if (symbol == END_OF_BLOCK) return LRT_OK;
    if (symbol > END_OF_BLOCK) {
      LRT_TRY(read_match(s, distances, symbol));
    } else {
      if (s->written == s->capacity) return broken(s, "it is longer than announced");
      s->out[s->written++] = (uint8_t)symbol;
    }
  }
}

static lrt_status read_stored(stream *s) {
  drop(s, s->bit_count % 8);
  /* Whole bytes that were read ahead go back. */
  s->at -= s->bit_count / 8;
  s->bits = 0;
  s->bit_count = 0;
  if (s->length - s->at < 4) return broken(s, "it ends too early");
  const uint8_t *head = s->in + s->at;
  const unsigned size = (unsigned)(head[0] | head[1] << 8), check = (unsigned)(head[2] | head[3] << 8);
  s->at += 4;
  if ((size ^ check) != 0xffff) return broken(s, "the size of a stored block is not valid");
  if (size > s->length - s->at) return broken(s, "it ends too early");
  if (size > s->capacity - s->written) return broken(s, "it is longer than announced");
  if (size > 0) memcpy(s->out + s->written, s->in + s->at, size);
  s->at += size;
  s->written += size;
  return LRT_OK;
}

static lrt_status read_fixed(stream *s, huffman *literals, huffman *distances) {
  uint8_t lengths[LITERAL_CODES];
  memset(lengths, 8, 144);
  memset(lengths + 144, 9, 112);
  memset(lengths + 256, 7, 24);
  memset(lengths + 280, 8, 8);
  LRT_TRY(build(s, literals, lengths, LITERAL_CODES, false));
  memset(lengths, 5, 32);
  LRT_TRY(build(s, distances, lengths, 32, false));
  return read_codes(s, literals, distances);
}

/* Run-length coded lengths of both codes, lengths: [n]. */
static lrt_status read_lengths(stream *s, const huffman *h, uint8_t *lengths, unsigned n) {
  for (unsigned i = 0; i < n;) {
    unsigned symbol, repeat, value = 0;
    LRT_TRY(decode(s, h, &symbol));
    if (symbol < 16) {
      lengths[i++] = (uint8_t)symbol;
      continue;
    }
    if (symbol == 16) {
      if (i == 0) return broken(s, "there is no code length to repeat");
      value = lengths[i - 1];
    }
    LRT_TRY(take(s, symbol == 16 ? 2 : symbol == 17 ? 3 : 7, &repeat));
    repeat += symbol == 18 ? 11 : 3;
    if (repeat > n - i) return broken(s, "there are too many code lengths");
    memset(lengths + i, (int)value, repeat);
    i += repeat;
  }
  return LRT_OK;
}

static lrt_status read_dynamic(stream *s, huffman *literals, huffman *distances) {
  static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[LITERAL_CODES + 32] = {0};
  unsigned literal_count, distance_count, count, bits;
  LRT_TRY(take(s, 5, &literal_count));
  LRT_TRY(take(s, 5, &distance_count));
  LRT_TRY(take(s, 4, &count));
  literal_count += 257;
  distance_count += 1;
  count += 4;
  if (literal_count > 286 || distance_count > DISTANCE_CODES) return broken(s, "there are too many symbols");
  for (unsigned i = 0; i < count; i++) {
    LRT_TRY(take(s, 3, &bits));
    lengths[order[i]] = (uint8_t)bits;
  }
  LRT_TRY(build(s, literals, lengths, 19, false));
  memset(lengths, 0, sizeof lengths);
  LRT_TRY(read_lengths(s, literals, lengths, literal_count + distance_count));
  if (lengths[END_OF_BLOCK] == 0) return broken(s, "a block has no end symbol");
  LRT_TRY(build(s, distances, lengths + literal_count, distance_count, true));
  LRT_TRY(build(s, literals, lengths, literal_count, true));
  return read_codes(s, literals, distances);
}

static lrt_status read_blocks(stream *s) {
  huffman literals, distances;
  unsigned last, kind;
  do {
    LRT_TRY(take(s, 1, &last));
    LRT_TRY(take(s, 2, &kind));
    switch (kind) {
    case 0: LRT_TRY(read_stored(s)); break;
    case 1: LRT_TRY(read_fixed(s, &literals, &distances)); break;
    case 2: LRT_TRY(read_dynamic(s, &literals, &distances)); break;
    default: return broken(s, "a block has an unknown kind");
    }
  } while (!last);
  return LRT_OK;
}

lrt_status lrt_inflate_raw(const uint8_t *in, size_t length, uint8_t *out, size_t capacity,
                           lrt_inflate_result *result, lrt_error *err) {
  stream s = {in, length, 0, 0, 0, out, capacity, 0, err};
  LRT_TRY(read_blocks(&s));
  result->consumed = s.at - s.bit_count / 8;
  result->written = s.written;
  return LRT_OK;
}

static uint32_t adler32(const uint8_t *bytes, size_t length) {
  uint32_t a = 1, b = 0;
  while (length > 0) {
    /* The longest run whose sums cannot overflow 32 bits. */
    const size_t run = length < 5552 ? length : 5552;
    for (size_t i = 0; i < run; i++) {
      a += bytes[i];
      b += a;
    }
    a %= 65521;
    b %= 65521;
    bytes += run;
    length -= run;
  }
  return b << 16 | a;
}

lrt_status lrt_inflate_zlib(const uint8_t *in, size_t length, uint8_t *out, size_t capacity,
                            lrt_inflate_result *result, lrt_error *err) {
  if (length < 6 || (in[0] & 15) != 8 || (in[0] << 8 | in[1]) % 31 != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "the compressed data has no zlib header");
  if (in[1] & 0x20) return lrt_fail(err, LRT_INVALID_MODEL, "the compressed data needs a preset dictionary");
  LRT_TRY(lrt_inflate_raw(in + 2, length - 2, out, capacity, result, err));
  result->consumed += 2;
  if (length - result->consumed < 4)
    return lrt_fail(err, LRT_INVALID_MODEL, "the compressed data lacks its checksum");
  const uint8_t *check = in + result->consumed;
  const uint32_t expected =
      (uint32_t)check[0] << 24 | (uint32_t)check[1] << 16 | (uint32_t)check[2] << 8 | (uint32_t)check[3];
  if (adler32(out, result->written) != expected)
    return lrt_fail(err, LRT_INVALID_MODEL, "the checksum of the compressed data does not match");
  result->consumed += 4;
  return LRT_OK;
}
