/* type.c: names and sizes of element types, element counts and bytes of shapes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "litert/tensor.h"

typedef struct type_facts {
  const char *name;
  unsigned bits;
} type_facts;

static const type_facts types[LRT_TYPE_COUNT] = {
#define FACTS(name, number, text, bits) [number] = {text, bits},
    LRT_TYPE_LIST(FACTS)
#undef FACTS
};

const char *lrt_type_name(lrt_type type) {
  return (unsigned)type < LRT_TYPE_COUNT ? types[type].name : "unknown";
}

unsigned lrt_type_bits(lrt_type type) {
  return (unsigned)type < LRT_TYPE_COUNT ? types[type].bits : 0;
}

int64_t lrt_shape_count(const lrt_shape *shape) {
  int64_t count = 1;
  int has_zero = 0;
  if (shape->rank < 0 || shape->rank > LRT_MAX_RANK) return -1;
  for (int32_t i = 0; i < shape->rank; i++) {
    if (shape->dims[i] < 0) return -1;
    has_zero |= shape->dims[i] == 0;
  }
  /* With a zero among them the order of the dimensions must not decide about an overflow. */
  if (has_zero) return 0;
  for (int32_t i = 0; i < shape->rank; i++) {
    if (count > INT64_MAX / shape->dims[i]) return -1;
    count *= shape->dims[i];
  }
  return count;
}

int64_t lrt_shape_bytes(const lrt_shape *shape, lrt_type type) {
  const int64_t count = lrt_shape_count(shape), bits = (int64_t)lrt_type_bits(type);
  if (count < 0 || bits == 0) return -1;
  if (bits >= 8) return count > INT64_MAX / (bits / 8) ? -1 : count * (bits / 8);
  const int64_t per_byte = 8 / bits;
  return count / per_byte + (count % per_byte != 0);
}
