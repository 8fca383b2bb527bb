/* ew_binary_pick.c: chooses two-operand kernels, prepares quantized parameters, runs broadcasts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cpu.h"
#include "base/half.h"
#include "kernels/elementwise/ew_binary_decl.h"

static const lrt_binary_variant variants[] = {
#define V(op, type, quantized, ref, level, function)                                                         \
  {LRT_BINARY_##op, LRT_##type, quantized, ref, #function, LRT_CPU_##level, function},
#include "kernels/elementwise/ew_binary.def"
#undef V
};

const lrt_binary_variant *lrt_binary_variants(size_t *count) {
  *count = sizeof variants / sizeof variants[0];
  return variants;
}

/* Half formats: blocks of a row are widened, computed by the f32 reference, narrowed. */
enum { HALF_BLOCK = 128 };

static void half_row(lrt_binary_fn fn, bool brain, bool to_bytes, const lrt_binary_params *p,
                     const uint16_t *a, const uint16_t *b, void *out, size_t count, size_t a_step,
                     size_t b_step) {
  float x[HALF_BLOCK], y[HALF_BLOCK], z[HALF_BLOCK];
  for (size_t at = 0; at < count; at += HALF_BLOCK) {
    const size_t n = count - at < HALF_BLOCK ? count - at : HALF_BLOCK;
    for (size_t i = 0; i < (a_step ? n : 1); i++) {
      x[i] = brain ? lrt_bfloat16_to_float(a[(at + i) * a_step]) : lrt_half_to_float(a[(at + i) * a_step]);
    }
    for (size_t i = 0; i < (b_step ? n : 1); i++) {
      y[i] = brain ? lrt_bfloat16_to_float(b[(at + i) * b_step]) : lrt_half_to_float(b[(at + i) * b_step]);
    }
    if (to_bytes) {
      fn(p, x, y, (uint8_t *)out + at, n, a_step, b_step);
      continue;
    }
    fn(p, x, y, z, n, a_step, b_step);
    uint16_t *o = (uint16_t *)out + at;
    for (size_t i = 0; i < n; i++) o[i] = brain ? lrt_bfloat16_from_float(z[i]) : lrt_half_from_float(z[i]);
  }
}

#define HALF_ROWS(X)                                                                                         \
  X(ADD, add, false)                                                                                         \
  X(SUB, sub, false)                                                                                         \
  X(MUL, mul, false)                                                                                         \
  X(DIV, div, false)                                                                                         \
  X(MAX, max, false)                                                                                         \
  X(MIN, min, false)                                                                                         \
  X(SQUARED_DIFFERENCE, squared_difference, false)                                                           \
  X(FLOOR_DIV, floor_div, false)                                                                             \
  X(FLOOR_MOD, floor_mod, false)                                                                             \
  X(POW, pow, false)                                                                                         \
  X(ATAN2, atan2, false)                                                                                     \
  X(PRELU, prelu, false)                                                                                     \
  X(EQUAL, equal, true)                                                                                      \
  X(NOT_EQUAL, not_equal, true)                                                                              \
  X(LESS, less, true)                                                                                        \
  X(LESS_EQUAL, less_equal, true)                                                                            \
  X(GREATER, greater, true)                                                                                  \
  X(GREATER_EQUAL, greater_equal, true)

#define HALF_FN(OP, op, bytes)                                                                               \
  static void op##_f16(const lrt_binary_params *p, const void *a, const void *b, void *out, size_t count,    \
                       size_t a_step, size_t b_step) {                                                       \
    half_row(lrt_binary_##op##_f32__ref, false, bytes, p, a, b, out, count, a_step, b_step);                 \
  }                                                                                                          \
  static void op##_bf16(const lrt_binary_params *p, const void *a, const void *b, void *out, size_t count,   \
                        size_t a_step, size_t b_step) {                                                      \
    half_row(lrt_binary_##op##_f32__ref, true, bytes, p, a, b, out, count, a_step, b_step);                  \
  }
HALF_ROWS(HALF_FN)

static lrt_binary_fn pick_half(lrt_binary_op op, bool brain) {
  switch (op) {
#define HALF_CASE(OP, op, bytes)                                                                             \
  case LRT_BINARY_##OP: return brain ? op##_bf16 : op##_f16;
    HALF_ROWS(HALF_CASE)
  default: return NULL;
  }
}

lrt_binary_fn lrt_binary_pick(lrt_binary_op op, lrt_type type, bool quantized, bool ref) {
  if (type == LRT_FLOAT16 || type == LRT_BFLOAT16) return pick_half(op, type == LRT_BFLOAT16);
  for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
    const lrt_binary_variant *v = &variants[i];
    if (v->op == op && v->type == type && v->quantized == quantized && (!ref || v->ref) &&
        lrt_cpu_has((lrt_cpu_level)v->level)) {
      return v->fn;
    }
  }
  return NULL;
}

/* A short row that repeats (a value per channel) is laid out several times, so that the kernel runs over hundreds of
 * elements per call instead of a handful. */
#define TILE_BYTES 2048
#define SHORT_ROW_BYTES 512

typedef struct tile {
  _Alignas(64) char bytes[TILE_BYTES + SHORT_ROW_BYTES];
  int64_t run; /* elements per call, a multiple of the row; 0 = not this pattern */
} tile;

static void lay_tile(const lrt_broadcast *space, int operand, const void *row, size_t size, tile *t) {
  const int64_t *own = space->strides[operand], *other = space->strides[1 - operand];
  const int64_t inner = space->dims[1];
  const size_t bytes = (size_t)inner * size;
  t->run = 0;
  if (space->rank != 2 || own[0] != 0 || own[1] != 1 || other[1] != 1 || other[0] != inner) return;
  if (bytes > SHORT_ROW_BYTES || space->count < 4 * inner) return;
  const size_t repeats = TILE_BYTES / bytes;
  for (size_t i = 0; i <= repeats; i++) memcpy(t->bytes + i * bytes, row, bytes);
  t->run = (int64_t)repeats * inner;
}

/* Operand `tiled` (0 or 1) comes from the tile; `a` and `b` as given to lrt_binary_run. */
static void run_tiled(const tile *t, int64_t inner, lrt_binary_fn fn, const lrt_binary_params *p,
                      const char *a, size_t a_size, const char *b, size_t b_size, int tiled, char *out,
                      size_t out_size, int64_t begin, int64_t end) {
  const size_t column = (size_t)(begin % inner);
  for (int64_t at = begin; at < end; at += t->run) {
    const int64_t count = end - at < t->run ? end - at : t->run;
    const char *x = tiled == 0 ? t->bytes + column * a_size : a + (size_t)at * a_size;
    const char *y = tiled == 1 ? t->bytes + column * b_size : b + (size_t)at * b_size;
    fn(p, x, y, out + (size_t)at * out_size, (size_t)count, 1, 1);
  }
}

void lrt_binary_run(const lrt_broadcast *space, lrt_binary_fn fn, const lrt_binary_params *p, const void *a,
                    size_t a_size, const void *b, size_t b_size, void *out, size_t out_size, int64_t begin,
                    int64_t end) {
  tile t;
  for (int tiled = 0; tiled < 2; tiled++) {
    lay_tile(space, tiled, tiled == 0 ? a : b, tiled == 0 ? a_size : b_size, &t);
    if (t.run == 0) continue;
    run_tiled(&t, space->dims[1], fn, p, a, a_size, b, b_size, tiled, out, out_size, begin, end);
    return;
  }
  const size_t a_step = space->strides[0][space->rank - 1] != 0,
               b_step = space->strides[1][space->rank - 1] != 0;
  for (lrt_broadcast_row r = lrt_broadcast_start(begin, end); lrt_broadcast_next(space, &r);) {
    fn(p, (const char *)a + (size_t)r.offset[0] * a_size, (const char *)b + (size_t)r.offset[1] * b_size,
       (char *)out + (size_t)(r.at - r.count) * out_size, (size_t)r.count, a_step, b_step);
  }
}

static void type_limits(lrt_type type, int64_t *low, int64_t *high) {
  const unsigned bits = lrt_type_bits(type);
  const bool is_unsigned =
      type == LRT_UINT8 || type == LRT_UINT16 || type == LRT_UINT32 || type == LRT_UINT64;
  if (is_unsigned) {
    *low = 0;
    /* -1 is the largest uint64 once cast to it. */
    *high = bits >= 64 ? -1 : (int64_t)(((uint64_t)1 << bits) - 1);
  } else {
    *high = bits >= 64 || bits == 0 ? INT64_MAX : (int64_t)(((uint64_t)1 << (bits - 1)) - 1);
    *low = -*high - 1;
  }
}

lrt_binary_params lrt_binary_params_plain(lrt_type type) {
  lrt_binary_params p;
  memset(&p, 0, sizeof p);
  p.low = -INFINITY;
  p.high = INFINITY;
  type_limits(type, &p.int_low, &p.int_high);
  return p;
}

static lrt_binary_params quant_base(const lrt_binary_quant *q) {
  lrt_binary_params p = lrt_binary_params_plain(LRT_INT32);
  p.int_low = q->low;
  p.int_high = q->high;
  p.a_zero = q->a_zero;
  p.b_zero = q->b_zero;
  p.out_zero = q->out_zero;
  return p;
}

static bool power_of_two(float scale, int32_t *exponent) {
  const float log2_scale = logf(scale) * (1.0f / logf(2.0f)), rounded = roundf(log2_scale);
  if (!(fabsf(rounded) < 64)) return false;
  *exponent = (int32_t)rounded;
  return fabsf(log2_scale - rounded) < 1e-3f;
}

/* The legacy int16 form needs power-of-two scales, none finer than the output's and one equal to it. */
static bool pot_shifts(const lrt_binary_quant *q, int32_t *a, int32_t *b) {
  int32_t out = 0;
  if (!power_of_two(q->a_scale, a) || !power_of_two(q->b_scale, b) || !power_of_two(q->out_scale, &out))
    return false;
  *a -= out;
  *b -= out;
  return *a <= 0 && *b <= 0 && *a >= -31 && *b >= -31 && (*a == 0 || *b == 0);
}

lrt_binary_params lrt_binary_quant_add(const lrt_binary_quant *q, lrt_type type, bool pot, bool subtract) {
  lrt_binary_params p = quant_base(q);
  const double twice_max = 2.0 * (double)(q->a_scale > q->b_scale ? q->a_scale : q->b_scale);
  p.left_shift = type == LRT_INT16 ? 15 : 20;
  p.a_mul = lrt_multiplier_make((double)q->a_scale / twice_max);
  p.b_mul = lrt_multiplier_make((double)q->b_scale / twice_max);
  p.out_mul = lrt_multiplier_make(twice_max / ((double)((int64_t)1 << p.left_shift) * (double)q->out_scale));
  int32_t a = 0, b = 0;
  if (pot && type == LRT_INT16 && pot_shifts(q, &a, &b)) {
    p.pot = true;
    p.a_mul.shift = a;
    p.b_mul.shift = b;
  }
  const float sign = subtract ? -1.0f : 1.0f;
  p.a_scale = q->a_scale / q->out_scale;
  p.b_scale = sign * q->b_scale / q->out_scale;
  p.offset = (float)q->out_zero - (float)q->a_zero * p.a_scale - (float)q->b_zero * p.b_scale;
  return p;
}

lrt_binary_params lrt_binary_quant_mul(const lrt_binary_quant *q) {
  lrt_binary_params p = quant_base(q);
  p.a_scale = q->a_scale * q->b_scale / q->out_scale; /* in float, as the reference does */
  p.out_mul = lrt_multiplier_make((double)p.a_scale);
  p.offset = (float)q->out_zero;
  return p;
}

lrt_binary_params lrt_binary_quant_div(const lrt_binary_quant *q) {
  lrt_binary_params p = quant_base(q);
  p.a_scale = q->a_scale / (q->b_scale * q->out_scale);
  p.out_mul = lrt_multiplier_make((double)p.a_scale);
  p.offset = (float)q->out_zero;
  return p;
}

lrt_binary_params lrt_binary_quant_squared_difference(const lrt_binary_quant *q) {
  lrt_binary_params p = quant_base(q);
  const double twice_max = 2.0 * (double)(q->a_scale > q->b_scale ? q->a_scale : q->b_scale);
  p.left_shift = 7;
  p.a_mul = lrt_multiplier_make((double)q->a_scale / twice_max);
  p.b_mul = lrt_multiplier_make((double)q->b_scale / twice_max);
  p.out_mul = lrt_multiplier_make(twice_max * twice_max / (16384.0 * (double)q->out_scale));
  const float root = sqrtf(q->out_scale); /* of both scales, so that the square comes out in the output's */
  p.a_scale = q->a_scale / root;
  p.b_scale = q->b_scale / root;
  p.offset = (float)q->out_zero;
  return p;
}

lrt_binary_params lrt_binary_quant_compare(const lrt_binary_quant *q) {
  lrt_binary_params p = quant_base(q);
  p.left_shift = 8;
  p.a_mul = lrt_multiplier_make((double)q->a_scale);
  p.b_mul = lrt_multiplier_make((double)q->b_scale);
  return p;
}

lrt_binary_params lrt_binary_quant_prelu(const lrt_binary_quant *q) {
  lrt_binary_params p = quant_base(q);
  p.a_mul = lrt_multiplier_make((double)(q->a_scale / q->out_scale));
  p.b_mul = lrt_multiplier_make((double)(q->a_scale * q->b_scale / q->out_scale));
  return p;
}

bool lrt_binary_has_zero(const void *b, lrt_type type, int32_t zero, size_t count) {
  for (size_t i = 0; i < count; i++) {
    switch (type) {
    case LRT_INT8:
      if (((const int8_t *)b)[i] == zero) return true;
      break;
    case LRT_UINT8:
      if (((const uint8_t *)b)[i] == zero) return true;
      break;
    case LRT_INT16:
      if (((const int16_t *)b)[i] == zero) return true;
      break;
    case LRT_UINT16:
      if (((const uint16_t *)b)[i] == zero) return true;
      break;
    case LRT_INT32:
    case LRT_UINT32:
      if (((const int32_t *)b)[i] == zero) return true;
      break;
    case LRT_INT64:
    case LRT_UINT64:
      if (((const int64_t *)b)[i] == zero) return true;
      break;
    default: return false;
    }
  }
  return false;
}

bool lrt_binary_has_negative(const int32_t *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (b[i] < 0) return true;
  }
  return false;
}
