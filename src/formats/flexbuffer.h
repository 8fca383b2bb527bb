/* flexbuffer.h: schema-less values (custom operator options): a reader checked in full when opened, and a writer. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_FLEXBUFFER_H
#define LRT_FORMATS_FLEXBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"

/* Types on the wire; 11…15 and 36 are vectors of one type, 16…24 tuples of 2, 3 or 4 numbers. */
typedef enum lrt_flex_type {
  LRT_FLEX_NULL = 0,
  LRT_FLEX_INT = 1,
  LRT_FLEX_UINT = 2,
  LRT_FLEX_FLOAT = 3,
  LRT_FLEX_KEY = 4,
  LRT_FLEX_STRING = 5,
  LRT_FLEX_INDIRECT_INT = 6,
  LRT_FLEX_INDIRECT_UINT = 7,
  LRT_FLEX_INDIRECT_FLOAT = 8,
  LRT_FLEX_MAP = 9,
  LRT_FLEX_VECTOR = 10,
  LRT_FLEX_VECTOR_INT = 11,
  LRT_FLEX_VECTOR_UINT = 12,
  LRT_FLEX_VECTOR_FLOAT = 13,
  LRT_FLEX_VECTOR_KEY = 14,
  LRT_FLEX_VECTOR_STRING = 15,
  LRT_FLEX_TUPLE_FIRST = 16,
  LRT_FLEX_TUPLE_LAST = 24,
  LRT_FLEX_BLOB = 25,
  LRT_FLEX_BOOL = 26,
  LRT_FLEX_VECTOR_BOOL = 36
} lrt_flex_type;

/* A value; borrows the bytes given to lrt_flex_open. All zero = null. */
typedef struct lrt_flex {
  const uint8_t *bytes; /* [length], the whole buffer */
  size_t length;
  size_t at;     /* of the value itself: behind the reference, if its type has one */
  uint8_t type;  /* lrt_flex_type */
  uint8_t width; /* bytes of a number, of a length or of an element: 1, 2, 4, 8 */
} lrt_flex;

/* A string, key or blob. Strings and keys are NUL-terminated behind `length`; blobs need not be. */
typedef struct lrt_flex_text {
  const char *text; /* NULL = not a text */
  size_t length;
} lrt_flex_text;

#define LRT_FLEX_MAX_DEPTH 32

/* Checks everything reachable from the root: bounds, widths, string ends, depth, number of visits. Values got
 * from *root need no further care. Errors: INVALID_MODEL with a byte offset. */
lrt_status lrt_flex_open(const uint8_t *bytes, size_t length, lrt_flex *root, lrt_error *err);

/* Numbers and bools convert into each other (floats truncate); anything else gives `fallback`. */
int64_t lrt_flex_int(lrt_flex value, int64_t fallback);
uint64_t lrt_flex_uint(lrt_flex value, uint64_t fallback);
double lrt_flex_float(lrt_flex value, double fallback);
bool lrt_flex_bool(lrt_flex value, bool fallback);
lrt_flex_text lrt_flex_string(lrt_flex value);

/* Elements of a map, vector or tuple; 0 for other types. */
size_t lrt_flex_size(lrt_flex value);
/* Null when out of range. In a map: the value of the index-th key. */
lrt_flex lrt_flex_at(lrt_flex value, size_t index);
/* Key of the index-th value of a map; a NULL text when out of range. */
lrt_flex_text lrt_flex_key(lrt_flex map, size_t index);
/* The value under a key; null when the key is absent or `map` is no map. */
lrt_flex lrt_flex_find(lrt_flex map, const char *key);
static inline bool lrt_flex_is_null(lrt_flex value) {
  return value.type == LRT_FLEX_NULL;
}

/* --- Writing: push values; lrt_flex_end_* folds all values since its begin into one. --- */

typedef struct lrt_flex_slot {
  uint8_t type, width; /* width: bytes an inline value needs, or of what is referred to */
  uint64_t bits;       /* inline value, or position of what is referred to */
} lrt_flex_slot;

/* Errors stick, as in lrt_fb_builder. */
typedef struct lrt_flex_writer {
  lrt_alloc *alloc;
  uint8_t *bytes; /* [capacity], `size` used */
  size_t size, capacity;
  lrt_flex_slot *slots; /* [slot_capacity], `slot_count` open values */
  size_t slot_count, slot_capacity;
  const char *broken;
  bool no_memory;
} lrt_flex_writer;

void lrt_flex_writer_init(lrt_flex_writer *w, lrt_alloc *alloc);
/* Frees everything, the bytes lrt_flex_finish gave out included. */
void lrt_flex_writer_clear(lrt_flex_writer *w);

/* In a map, each value is preceded by its key. */
void lrt_flex_put_key(lrt_flex_writer *w, const char *key);
void lrt_flex_put_null(lrt_flex_writer *w);
void lrt_flex_put_int(lrt_flex_writer *w, int64_t value);
void lrt_flex_put_uint(lrt_flex_writer *w, uint64_t value);
void lrt_flex_put_float(lrt_flex_writer *w, double value); /* 4 bytes where that is exact, else 8 */
void lrt_flex_put_bool(lrt_flex_writer *w, bool value);
void lrt_flex_put_string(lrt_flex_writer *w, const char *text, size_t length);
void lrt_flex_put_blob(lrt_flex_writer *w, const void *bytes, size_t length);

/* A begin gives the mark its end wants. */
size_t lrt_flex_begin(lrt_flex_writer *w);
void lrt_flex_end_vector(lrt_flex_writer *w, size_t mark);
void lrt_flex_end_map(lrt_flex_writer *w, size_t mark); /* sorts by key; equal keys are an error */

/* Exactly one value must be left: the root. *bytes belongs to the writer. */
lrt_status lrt_flex_finish(lrt_flex_writer *w, const uint8_t **bytes, size_t *size, lrt_error *err);

#endif
