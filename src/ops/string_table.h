/* string_table.h: string tensors as operators read and write them: a count, offsets, then the bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_STRING_TABLE_H
#define LRT_STRING_TABLE_H

#include "ops/op.h"

/* A checked view of a string tensor's contents. */
typedef struct lrt_strings {
  const char *base;
  const int32_t *offsets; /* [count + 1] from base */
  int64_t count;
} lrt_strings;

/* Fails (RUN_FAILED) where the contents are damaged or hold fewer strings than the shape says. An empty tensor without
 * contents has 0 strings. */
lrt_status lrt_strings_of(const lrt_value *value, lrt_strings *out, lrt_error *err);
static inline const char *lrt_strings_at(const lrt_strings *s, int64_t i, int32_t *length) {
  *length = s->offsets[i + 1] - s->offsets[i];
  return s->base + s->offsets[i];
}

/* Fills a growable output with from[index[0]], from[index[1]] …; a negative index gives an empty string. */
lrt_status lrt_strings_pick(lrt_value *out, const lrt_strings *from, const int32_t *index, int64_t count,
                            lrt_error *err);

/* 64-bit fingerprint of a string, for tables and sets. */
uint64_t lrt_strings_hash(const char *text, int32_t length);

#endif
