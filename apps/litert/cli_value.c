/* cli_value.c: reads and writes elements of any type; seeded random contents. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_value.h"

#include <math.h>
#include <string.h>

#include "base/half.h"

bool cli_value_is_number(lrt_type type) {
  return type != LRT_STRING && type != LRT_RESOURCE && type != LRT_VARIANT && type != LRT_COMPLEX64 &&
         type != LRT_COMPLEX128 && type < LRT_TYPE_COUNT;
}

/* Element of a packed type of `bits` bits, lowest first. */
static unsigned packed_at(const uint8_t *data, int64_t index, unsigned bits) {
  const uint64_t at = (uint64_t)index * bits;
  return (unsigned)data[at / 8] >> (at % 8) & ((1u << bits) - 1);
}

#define LOAD(ctype)                                                                                          \
  do {                                                                                                       \
    ctype value;                                                                                             \
    memcpy(&value, data + (size_t)index * sizeof value, sizeof value);                                       \
    return (double)value;                                                                                    \
  } while (0)

static double half_at(const uint8_t *data, int64_t index, lrt_type type) {
  uint16_t bits;
  memcpy(&bits, data + (size_t)index * sizeof bits, sizeof bits);
  return (double)(type == LRT_FLOAT16 ? lrt_half_to_float(bits) : lrt_bfloat16_to_float(bits));
}

double cli_value_raw(const lrt_tensor_view *view, int64_t index) {
  const uint8_t *data = view->data;
  switch (view->type) {
  case LRT_FLOAT32: LOAD(float);
  case LRT_FLOAT64: LOAD(double);
  case LRT_INT8: LOAD(int8_t);
  case LRT_UINT8:
  case LRT_BOOL: LOAD(uint8_t);
  case LRT_INT16: LOAD(int16_t);
  case LRT_UINT16: LOAD(uint16_t);
  case LRT_INT32: LOAD(int32_t);
  case LRT_UINT32: LOAD(uint32_t);
  case LRT_INT64: LOAD(int64_t);
  case LRT_UINT64: LOAD(uint64_t);
  case LRT_FLOAT16:
  case LRT_BFLOAT16: return half_at(data, index, view->type);
  case LRT_FLOAT8_E4M3FN: return (double)lrt_float8_e4m3fn_to_float(data[index]);
  case LRT_FLOAT8_E5M2: return (double)lrt_float8_e5m2_to_float(data[index]);
  case LRT_UINT4: return (double)packed_at(data, index, 4);
  case LRT_INT4: return (double)((int)(packed_at(data, index, 4) ^ 8u) - 8);
  case LRT_INT2: return (double)((int)(packed_at(data, index, 2) ^ 2u) - 2);
  default: return (double)NAN;
  }
}

static bool is_scaled(const lrt_quant *quant) {
  return quant != NULL && quant->kind == LRT_QUANT_AFFINE && quant->count == 1 && quant->scale[0] != 0.0f;
}

double cli_value_real(const lrt_tensor_view *view, const lrt_quant *quant, int64_t index) {
  const double raw = cli_value_raw(view, index);
  return is_scaled(quant) ? (double)quant->scale[0] * (raw - (double)quant->zero_point[0]) : raw;
}

/* Stores an integer type's value, saturated to its range. */
#define STORE(ctype, low, high)                                                                              \
  do {                                                                                                       \
    const ctype stored = value <= (low) ? (ctype)(low) : value >= (high) ? (ctype)(high) : (ctype)value;     \
    memcpy(data + (size_t)index * sizeof stored, &stored, sizeof stored);                                    \
  } while (0)

static void store_bits(uint8_t *data, int64_t index, const void *bits, size_t size) {
  memcpy(data + (size_t)index * size, bits, size);
}

static void store_float(uint8_t *data, int64_t index, lrt_type type, double real) {
  const float single = (float)real;
  const uint16_t half = type == LRT_FLOAT16 ? lrt_half_from_float(single) : lrt_bfloat16_from_float(single);
  if (type == LRT_FLOAT32) store_bits(data, index, &single, sizeof single);
  if (type == LRT_FLOAT64) store_bits(data, index, &real, sizeof real);
  if (type == LRT_FLOAT16 || type == LRT_BFLOAT16) store_bits(data, index, &half, sizeof half);
}

void cli_value_store(const lrt_tensor_view *view, const lrt_quant *quant, int64_t index, double real) {
  uint8_t *data = view->data;
  const double value =
      nearbyint(is_scaled(quant) ? real / (double)quant->scale[0] + (double)quant->zero_point[0] : real);
  switch (view->type) {
  case LRT_INT8: STORE(int8_t, -128.0, 127.0); break;
  case LRT_UINT8: STORE(uint8_t, 0.0, 255.0); break;
  case LRT_BOOL: STORE(uint8_t, 0.0, 1.0); break;
  case LRT_INT16: STORE(int16_t, -32768.0, 32767.0); break;
  case LRT_UINT16: STORE(uint16_t, 0.0, 65535.0); break;
  case LRT_INT32: STORE(int32_t, -2147483648.0, 2147483647.0); break;
  case LRT_UINT32: STORE(uint32_t, 0.0, 4294967295.0); break;
  case LRT_INT64: STORE(int64_t, -9007199254740992.0, 9007199254740992.0); break;
  case LRT_UINT64: STORE(uint64_t, 0.0, 9007199254740992.0); break;
  default: store_float(data, index, view->type, real); break;
  }
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t cli_random_next(cli_random *random) {
  uint64_t z = random->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static bool is_float(lrt_type type) {
  return type == LRT_FLOAT32 || type == LRT_FLOAT64 || type == LRT_FLOAT16 || type == LRT_BFLOAT16;
}

void cli_random_fill(cli_random *random, const lrt_tensor_view *view) {
  const int64_t count = lrt_shape_count(&view->shape);
  const unsigned bits = lrt_type_bits(view->type);
  uint8_t *data = view->data;
  if (is_float(view->type) || bits >= 32) {
    const bool complex_pairs = view->type == LRT_COMPLEX64 || view->type == LRT_COMPLEX128;
    lrt_tensor_view parts = *view;
    if (complex_pairs) parts.type = view->type == LRT_COMPLEX64 ? LRT_FLOAT32 : LRT_FLOAT64;
    for (int64_t i = 0; i < (complex_pairs ? 2 : 1) * count; i++) {
      const uint64_t r = cli_random_next(random);
      const double real = (double)(r >> 11) * 0x1p-52 - 1.0;
      cli_value_store(&parts, NULL, i, is_float(parts.type) ? real : (double)(r % 100));
    }
    return;
  }
  for (size_t i = 0; i < view->bytes; i++) {
    const uint8_t byte = (uint8_t)(cli_random_next(random) >> 56);
    data[i] = view->type == LRT_BOOL ? byte & 1 : byte;
  }
}

void cli_value_summary(const lrt_tensor_view *view, const lrt_quant *quant, cli_summary *out) {
  memset(out, 0, sizeof *out);
  out->count = lrt_shape_count(&view->shape);
  if (!cli_value_is_number(view->type) || view->data == NULL) out->count = 0;
  int64_t finite = 0;
  for (int64_t i = 0; i < out->count; i++) {
    const double value = cli_value_real(view, quant, i);
    if (!isfinite(value)) {
      out->not_finite++;
      continue;
    }
    if (finite == 0 || value < out->least) out->least = value;
    if (finite == 0 || value > out->most) out->most = value;
    out->mean += value;
    finite++;
  }
  if (finite > 0) out->mean /= (double)finite;
}
