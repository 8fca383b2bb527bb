/* gguf.h: the header of a GGUF file (versions 2 and 3): its keys, its tensors, and where their bytes stand. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_GGUF_H
#define LRT_FORMATS_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/source.h"
#include "formats/gguf_block.h"

/* Most dimensions of a tensor. */
#define LRT_GGUF_MAX_RANK 4

/* Kinds of values, numbered as in the file. */
typedef enum lrt_gguf_kind {
  LRT_GGUF_U8 = 0,
  LRT_GGUF_I8,
  LRT_GGUF_U16,
  LRT_GGUF_I16,
  LRT_GGUF_U32,
  LRT_GGUF_I32,
  LRT_GGUF_F32,
  LRT_GGUF_BOOL,
  LRT_GGUF_TEXT,
  LRT_GGUF_ARRAY,
  LRT_GGUF_U64,
  LRT_GGUF_I64,
  LRT_GGUF_F64
} lrt_gguf_kind;

/* Bytes of the file: [length], not NUL-terminated, any bytes. */
typedef struct lrt_gguf_text {
  const char *bytes;
  size_t length;
} lrt_gguf_text;

/* A key with its value, or with the values of an array. */
typedef struct lrt_gguf_key {
  const char *name;   /* NUL-terminated; holds no NUL itself */
  lrt_gguf_kind kind; /* of the value, or of the array's elements; never ARRAY */
  bool is_array;
  size_t count;               /* 1, or the elements of the array */
  const uint8_t *bytes;       /* numbers: [count] elements, little-endian, perhaps unaligned */
  const lrt_gguf_text *texts; /* TEXT: [count] */
} lrt_gguf_key;

typedef struct lrt_gguf_tensor {
  const char *name; /* NUL-terminated; holds no NUL itself */
  lrt_gguf_type type;
  int32_t rank;                     /* 1 … LRT_GGUF_MAX_RANK */
  uint64_t dims[LRT_GGUF_MAX_RANK]; /* dims[0] runs fastest: the columns of a matrix; 1 behind the rank */
  uint64_t count;                   /* elements, their product */
  uint64_t offset;                  /* of the data in the source */
  uint64_t bytes;                   /* inside the source, apart from every other tensor's */
} lrt_gguf_tensor;

/* Lives in the arena it was read into; names and values borrow from the source, which must outlive it. */
typedef struct lrt_gguf {
  lrt_source *source;
  uint32_t version;
  const lrt_gguf_key *keys; /* [key_count], in the file's order, no name twice */
  size_t key_count;
  const lrt_gguf_tensor *tensors; /* [tensor_count], in the file's order, no name twice */
  size_t tensor_count;
} lrt_gguf;

/* Reads and checks the header and every tensor's range. Errors, each naming the key or tensor: INVALID_MODEL for
 * damaged files; UNSUPPORTED for other versions, big-endian files and arrays of arrays. A tensor of a type that is not
 * in gguf_block.def is an error, since its bytes cannot be told. */
lrt_status lrt_gguf_read(lrt_source *source, lrt_arena *arena, lrt_gguf *out, lrt_error *err);

/* NULL where there is none. */
const lrt_gguf_key *lrt_gguf_find_key(const lrt_gguf *file, const char *name);
const lrt_gguf_tensor *lrt_gguf_find_tensor(const lrt_gguf *file, const char *name);

/* Element `index` < count of a key as a number; `otherwise` where key is NULL, or holds texts, or has fewer. A whole
 * number that does not fit int64 counts as absent. */
int64_t lrt_gguf_integer(const lrt_gguf_key *key, size_t index, int64_t otherwise);
double lrt_gguf_number(const lrt_gguf_key *key, size_t index, double otherwise);
/* The text of a key that holds one; an empty one with bytes NULL otherwise. */
lrt_gguf_text lrt_gguf_text_of(const lrt_gguf_key *key);

/* Elements [first, first + count) of a tensor as float; both are multiples of its type's block. `out`: [count]. */
lrt_status lrt_gguf_widen(const lrt_gguf *file, const lrt_gguf_tensor *tensor, uint64_t first, size_t count,
                          float *out, lrt_error *err);

#endif
