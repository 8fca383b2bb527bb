/* ew_cast.c: conversion between any two numeric types, block by block through a wide intermediate. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/half.h"
#include "kernels/elementwise/ew_unary.h"
#include "kernels/quantize/half_convert.h"

enum { BLOCK = 256 };

/* What an element becomes on the way: a signed or unsigned 64-bit integer, or a double. */
typedef enum wide_kind { WIDE_NONE, WIDE_INT, WIDE_UINT, WIDE_FLOAT } wide_kind;
typedef union wide {
  int64_t i;
  uint64_t u;
  double f;
} wide;

static unsigned nibble(const uint8_t *in, size_t i) {
  return (unsigned)in[i / 2] >> (4 * (i % 2)) & 15;
}
static unsigned pair(const uint8_t *in, size_t i) {
  return (unsigned)in[i / 4] >> (2 * (i % 4)) & 3;
}

static wide_kind kind_of(lrt_type type) {
  switch (type) {
  case LRT_INT8:
  case LRT_UINT8:
  case LRT_INT16:
  case LRT_UINT16:
  case LRT_INT32:
  case LRT_UINT32:
  case LRT_INT64:
  case LRT_BOOL:
  case LRT_INT4:
  case LRT_UINT4:
  case LRT_INT2: return WIDE_INT;
  case LRT_UINT64: return WIDE_UINT;
  case LRT_FLOAT32:
  case LRT_FLOAT64:
  case LRT_FLOAT16:
  case LRT_BFLOAT16:
  case LRT_FLOAT8_E4M3FN:
  case LRT_FLOAT8_E5M2:
  case LRT_COMPLEX64:
  case LRT_COMPLEX128: return WIDE_FLOAT;
  default: return WIDE_NONE;
  }
}

#define READ(T, field)                                                                                       \
  for (size_t i = 0; i < n; i++) out[i].field = ((const T *)in)[first + i];                                  \
  break
#define READ_AS(field, expression)                                                                           \
  for (size_t i = 0; i < n; i++) out[i].field = (expression);                                                \
  break

static void read_block(const void *in, lrt_type type, size_t first, wide *out, size_t n) {
  const uint8_t *bytes = in;
  const uint16_t *words = in;
  switch (type) {
  case LRT_INT8: READ(int8_t, i);
  case LRT_UINT8: READ(uint8_t, i);
  case LRT_INT16: READ(int16_t, i);
  case LRT_UINT16: READ(uint16_t, i);
  case LRT_INT32: READ(int32_t, i);
  case LRT_UINT32: READ(uint32_t, i);
  case LRT_INT64: READ(int64_t, i);
  case LRT_UINT64: READ(uint64_t, u);
  case LRT_BOOL: READ_AS(i, bytes[first + i] != 0);
  case LRT_UINT4: READ_AS(i, nibble(bytes, first + i));
  case LRT_INT4: READ_AS(i, (int64_t)(nibble(bytes, first + i) ^ 8) - 8);
  case LRT_INT2: READ_AS(i, (int64_t)(pair(bytes, first + i) ^ 2) - 2);
  case LRT_FLOAT32: READ_AS(f, (double)((const float *)in)[first + i]);
  case LRT_FLOAT64: READ(double, f);
  case LRT_FLOAT16: READ_AS(f, (double)lrt_half_to_float(words[first + i]));
  case LRT_BFLOAT16: READ_AS(f, (double)lrt_bfloat16_to_float(words[first + i]));
  case LRT_FLOAT8_E4M3FN: READ_AS(f, (double)lrt_float8_e4m3fn_to_float(bytes[first + i]));
  case LRT_FLOAT8_E5M2: READ_AS(f, (double)lrt_float8_e5m2_to_float(bytes[first + i]));
  case LRT_COMPLEX64: READ_AS(f, (double)((const float *)in)[2 * (first + i)]);
  case LRT_COMPLEX128: READ_AS(f, ((const double *)in)[2 * (first + i)]);
  default: break;
  }
}

/* Integer results: floats saturate within [low, high] (NaN: high), integers keep their low bits. */
static void to_integers(const wide *in, wide_kind kind, double low, double high, int64_t low_i,
                        int64_t high_i, int64_t *out, size_t n) {
  if (kind != WIDE_FLOAT) {
    for (size_t i = 0; i < n; i++) out[i] = in[i].i;
    return;
  }
  for (size_t i = 0; i < n; i++) {
    const double v = in[i].f;
    out[i] = isnan(v) || v >= high ? high_i : v <= low ? low_i : (int64_t)v;
  }
}

static void to_unsigned64(const wide *in, wide_kind kind, uint64_t *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const double v = kind == WIDE_FLOAT ? in[i].f : 0.0;
    if (kind != WIDE_FLOAT) {
      out[i] = in[i].u;
    } else {
      out[i] = isnan(v) || v >= 18446744073709551616.0 ? UINT64_MAX : v <= 0.0 ? 0 : (uint64_t)v;
    }
  }
}

static void to_floats(const wide *in, wide_kind kind, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    out[i] = kind == WIDE_FLOAT ? (float)in[i].f : kind == WIDE_UINT ? (float)in[i].u : (float)in[i].i;
  }
}
static double to_double(wide w, wide_kind kind) {
  return kind == WIDE_FLOAT ? w.f : kind == WIDE_UINT ? (double)w.u : (double)w.i;
}

static void put_bits(uint8_t *out, size_t i, unsigned bits, unsigned value) {
  const size_t per_byte = 8 / bits;
  const unsigned shift = (unsigned)(i % per_byte) * bits, mask = ((1u << bits) - 1) << shift;
  out[i / per_byte] = (uint8_t)((out[i / per_byte] & ~mask) | (value << shift & mask));
}

static void write_integers(const int64_t *v, void *out, lrt_type type, size_t first, size_t n) {
  for (size_t i = 0; i < n; i++) {
    switch (type) {
    case LRT_INT8:
    case LRT_UINT8: ((uint8_t *)out)[first + i] = (uint8_t)v[i]; break;
    case LRT_INT16:
    case LRT_UINT16: ((uint16_t *)out)[first + i] = (uint16_t)v[i]; break;
    case LRT_INT32:
    case LRT_UINT32: ((uint32_t *)out)[first + i] = (uint32_t)v[i]; break;
    case LRT_INT64: ((int64_t *)out)[first + i] = v[i]; break;
    case LRT_INT2: put_bits(out, first + i, 2, (unsigned)v[i]); break;
    default: put_bits(out, first + i, 4, (unsigned)v[i]); break;
    }
  }
}

static void write_floats(const wide *in, wide_kind kind, void *out, lrt_type type, size_t first, size_t n) {
  float v[BLOCK];
  if (type == LRT_FLOAT64 || type == LRT_COMPLEX128) {
    double *o = out;
    for (size_t i = 0; i < n; i++) {
      if (type == LRT_FLOAT64)
        o[first + i] = to_double(in[i], kind);
      else
        o[2 * (first + i)] = to_double(in[i], kind), o[2 * (first + i) + 1] = 0.0;
    }
    return;
  }
  to_floats(in, kind, v, n);
  for (size_t i = 0; i < n; i++) {
    switch (type) {
    case LRT_FLOAT32: ((float *)out)[first + i] = v[i]; break;
    case LRT_FLOAT16: ((uint16_t *)out)[first + i] = lrt_half_from_float(v[i]); break;
    case LRT_BFLOAT16: ((uint16_t *)out)[first + i] = lrt_bfloat16_from_float(v[i]); break;
    case LRT_FLOAT8_E4M3FN: ((uint8_t *)out)[first + i] = lrt_float8_e4m3fn_from_float(v[i]); break;
    case LRT_FLOAT8_E5M2: ((uint8_t *)out)[first + i] = lrt_float8_e5m2_from_float(v[i]); break;
    default: ((float *)out)[2 * (first + i)] = v[i], ((float *)out)[2 * (first + i) + 1] = 0.0f; break;
    }
  }
}

static void write_block(const wide *in, wide_kind kind, void *out, lrt_type type, size_t first, size_t n) {
  int64_t v[BLOCK];
  if (type == LRT_BOOL) {
    for (size_t i = 0; i < n; i++) {
      ((uint8_t *)out)[first + i] = kind == WIDE_FLOAT ? in[i].f != 0.0 : in[i].u != 0;
    }
  } else if (type == LRT_UINT64) {
    to_unsigned64(in, kind, (uint64_t *)out + first, n);
  } else if (kind_of(type) == WIDE_FLOAT) {
    write_floats(in, kind, out, type, first, n);
  } else {
    const unsigned bits = lrt_type_bits(type);
    const bool is_unsigned =
        type == LRT_UINT8 || type == LRT_UINT16 || type == LRT_UINT32 || type == LRT_UINT4;
    const double span = ldexp(1.0, (int)bits - (is_unsigned ? 0 : 1));
    const int64_t high = bits == 64 ? INT64_MAX : (int64_t)span - 1, low = is_unsigned ? 0 : -high - 1;
    to_integers(in, kind, (double)low, bits == 64 ? span : span - 1, low, high, v, n);
    write_integers(v, out, type, first, n);
  }
}

/* The conversions models use all the time, without the detour. */
static bool cast_common(const void *in, lrt_type in_type, void *out, lrt_type out_type, size_t count) {
  if (in_type == LRT_INT32 && out_type == LRT_FLOAT32) {
    for (size_t i = 0; i < count; i++) ((float *)out)[i] = (float)((const int32_t *)in)[i];
  } else if ((in_type == LRT_UINT8) && out_type == LRT_FLOAT32) {
    for (size_t i = 0; i < count; i++) ((float *)out)[i] = (float)((const uint8_t *)in)[i];
  } else if (in_type == LRT_INT64 && out_type == LRT_INT32) {
    for (size_t i = 0; i < count; i++) ((int32_t *)out)[i] = (int32_t)((const int64_t *)in)[i];
  } else if (in_type == LRT_INT32 && out_type == LRT_INT64) {
    for (size_t i = 0; i < count; i++) ((int64_t *)out)[i] = ((const int32_t *)in)[i];
  } else if (in_type == LRT_FLOAT16 && out_type == LRT_FLOAT32) {
    lrt_half_widen(in, out, count);
  } else if (in_type == LRT_FLOAT32 && out_type == LRT_FLOAT16) {
    lrt_half_narrow(in, out, count);
  } else {
    return false;
  }
  return true;
}

bool lrt_cast(const void *in, lrt_type in_type, size_t in_first, void *out, lrt_type out_type,
              size_t out_first, size_t count) {
  const wide_kind kind = kind_of(in_type);
  if (kind == WIDE_NONE || kind_of(out_type) == WIDE_NONE) return false;
  if (in_first == 0 && out_first == 0 && cast_common(in, in_type, out, out_type, count)) return true;
  wide block[BLOCK];
  for (size_t at = 0; at < count; at += BLOCK) {
    const size_t n = count - at < BLOCK ? count - at : BLOCK;
    read_block(in, in_type, in_first + at, block, n);
    write_block(block, kind, out, out_type, out_first + at, n);
  }
  return true;
}
