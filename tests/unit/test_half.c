/* test_half.c: every code of the narrow float formats, and rounding against arithmetic in double. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/half.h"
#include "check.h"

typedef struct format {
  const char *name;
  int exponent_bits, fraction_bits;
  uint32_t infinity; /* code, or 0 where there is none */
  uint32_t largest;  /* code of the largest finite value */
  uint32_t nan;      /* code that NaN becomes */
  float (*to_float)(uint32_t code);
  uint32_t (*from_float)(float value);
} format;

static float half_to(uint32_t c) {
  return lrt_half_to_float((uint16_t)c);
}
static uint32_t half_from(float v) {
  return lrt_half_from_float(v);
}
static float bfloat_to(uint32_t c) {
  return lrt_bfloat16_to_float((uint16_t)c);
}
static uint32_t bfloat_from(float v) {
  return lrt_bfloat16_from_float(v);
}
static float e4m3_to(uint32_t c) {
  return lrt_float8_e4m3fn_to_float((uint8_t)c);
}
static uint32_t e4m3_from(float v) {
  return lrt_float8_e4m3fn_from_float(v);
}
static float e5m2_to(uint32_t c) {
  return lrt_float8_e5m2_to_float((uint8_t)c);
}
static uint32_t e5m2_from(float v) {
  return lrt_float8_e5m2_from_float(v);
}

static const format formats[] = {
    {"half", 5, 10, 0x7c00, 0x7bff, 0x7e00, half_to, half_from},
    {"bfloat16", 8, 7, 0x7f80, 0x7f7f, 0x7fc0, bfloat_to, bfloat_from},
    {"e4m3fn", 4, 3, 0, 0x7e, 0x7f, e4m3_to, e4m3_from},
    {"e5m2", 5, 2, 0x7c, 0x7b, 0x7e, e5m2_to, e5m2_from},
};

static uint32_t sign_bit(const format *f) {
  return 1u << (f->exponent_bits + f->fraction_bits);
}

/* Value of a finite code, by the definition of the format. */
static double value_of(const format *f, uint32_t code) {
  const int bias = (1 << (f->exponent_bits - 1)) - 1;
  const uint32_t magnitude = code & (sign_bit(f) - 1);
  const int exponent = (int)(magnitude >> f->fraction_bits);
  const double fraction = (double)(magnitude & ((1u << f->fraction_bits) - 1));
  const double value =
      exponent == 0 ? ldexp(fraction, 1 - bias - f->fraction_bits)
                    : ldexp(fraction + (double)(1u << f->fraction_bits), exponent - bias - f->fraction_bits);
  return code & sign_bit(f) ? -value : value;
}

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void check_round_trip(const format *f) {
  for (uint32_t code = 0; code < 2 * sign_bit(f); code++) {
    const uint32_t magnitude = code & (sign_bit(f) - 1);
    const float value = f->to_float(code);
    if (magnitude <= f->largest) {
      CHECK(value == (float)value_of(f, code));
      CHECK((signbit(value) != 0) == (code >= sign_bit(f)));
      CHECK_INT(f->from_float(value), code);
    } else if (magnitude == f->infinity) {
      CHECK(isinf(value));
      CHECK_INT(f->from_float(value), code);
    } else {
      CHECK(isnan(value));
      CHECK(isnan(f->to_float(f->from_float(value))));
    }
  }
}

/* Nearest code by search: the neighbours of the exact place, ties to the even code. */
static uint32_t nearest(const format *f, double magnitude) {
  uint32_t low = 0, high = f->largest;
  while (low < high) {
    const uint32_t middle = (low + high + 1) / 2;
    if (value_of(f, middle) <= magnitude)
      low = middle;
    else
      high = middle - 1;
  }
  /* Beyond the largest code its successor stands for "too large". */
  const double below = magnitude - value_of(f, low), above = value_of(f, low + 1) - magnitude;
  return below < above || (below == above && low % 2 == 0) ? low : low + 1;
}

static void check_float(const format *f, uint32_t bits) {
  const float value = float_of(bits);
  if (isnan(value)) {
    CHECK(isnan(f->to_float(f->from_float(value))));
    return;
  }
  const uint32_t too_large = f->infinity != 0 ? f->infinity : f->nan;
  const uint32_t code = isinf(value) ? too_large : nearest(f, fabs((double)value));
  const uint32_t expected = (code > f->largest ? too_large : code) | (signbit(value) ? sign_bit(f) : 0);
  if (f->from_float(value) != expected)
    fprintf(stderr, "%s of %a (bits %08x)\n", f->name, (double)value, bits);
  CHECK_INT(f->from_float(value), expected);
}

static void check_rounding(const format *f) {
  /* Around each code, around the middle between two codes, and a walk over all floats. */
  for (uint32_t code = 0; code <= f->largest; code++) {
    const float at = (float)value_of(f, code),
                middle = (float)((value_of(f, code) + value_of(f, code + 1)) / 2);
    uint32_t bits[2];
    memcpy(&bits[0], &at, 4);
    memcpy(&bits[1], &middle, 4);
    for (int i = 0; i < 2; i++)
      for (uint32_t k = 0; k < 3; k++) check_float(f, (bits[i] + k - (bits[i] > 0)) | (code % 2 << 31));
  }
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 65537 * 3 + 2) check_float(f, (uint32_t)bits);
  CHECK_INT(f->from_float(NAN) & (sign_bit(f) - 1), f->nan);
}

static void every_code_round_trips(void) {
  for (int i = 0; i < 4; i++) check_round_trip(&formats[i]);
}

static void rounding_is_to_nearest_even(void) {
  for (int i = 0; i < 4; i++) check_rounding(&formats[i]);
}

/* The values that the definition of the formats names. */
static void known_values(void) {
  CHECK_INT(lrt_half_from_float(1.0f), 0x3c00);
  CHECK_INT(lrt_half_from_float(65504.0f), 0x7bff);
  CHECK_INT(lrt_half_from_float(65519.99f), 0x7bff);
  CHECK_INT(lrt_half_from_float(65520.0f), 0x7c00);
  CHECK_INT(lrt_bfloat16_from_float(1.0f), 0x3f80);
  CHECK_INT(lrt_float8_e4m3fn_from_float(448.0f), 0x7e);
  CHECK_INT(lrt_float8_e4m3fn_from_float(464.0f), 0x7e);
  CHECK_INT(lrt_float8_e4m3fn_from_float(465.0f), 0x7f);
  CHECK_INT(lrt_float8_e4m3fn_from_float(-INFINITY), 0xff);
  CHECK_INT(lrt_float8_e5m2_from_float(57344.0f), 0x7b);
  CHECK_INT(lrt_float8_e5m2_from_float(61440.0f), 0x7c);
  CHECK_NEAR(lrt_float8_e4m3fn_to_float(0x01), 1.0 / 512, 0);
}

static void arrays_agree_with_single_values(void) {
  enum { COUNT = 1003 };
  static uint16_t halves[COUNT], back[COUNT];
  static float floats[COUNT];
  for (int i = 0; i < COUNT; i++) halves[i] = (uint16_t)(i * 65);
  lrt_half_to_float_array(halves, floats, COUNT);
  lrt_half_from_float_array(floats, back, COUNT);
  for (int i = 0; i < COUNT; i++) CHECK_INT(back[i], lrt_half_from_float(lrt_half_to_float(halves[i])));
}

int main(int argc, char **argv) {
  RUN(every_code_round_trips);
  RUN(rounding_is_to_nearest_even);
  RUN(known_values);
  RUN(arrays_agree_with_single_values);
  DONE();
}
