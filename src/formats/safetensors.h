/* safetensors.h: the header of a .safetensors file: named tensors and where their bytes stand. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_SAFETENSORS_H
#define LRT_FORMATS_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/source.h"
#include "litert/tensor.h"

/* Longest header that is read, as in the format's own library. */
#define LRT_SAFETENSORS_MAX_HEADER 100000000

typedef struct lrt_safetensors_tensor {
  const char *name;
  lrt_type type;
  lrt_shape shape;
  uint64_t offset; /* of the data in the source; elements in C order, little-endian, perhaps unaligned */
  uint64_t bytes;  /* inside the source, apart from every other tensor's; what shape and type need */
} lrt_safetensors_tensor;

/* Lives in the arena it was read into; the source must outlive it. */
typedef struct lrt_safetensors {
  lrt_source *source;
  const lrt_safetensors_tensor *tensors; /* [count], in the order of their data */
  size_t count;
  const lrt_json *metadata; /* the object "__metadata__", all its values texts; NULL where there is none */
} lrt_safetensors;

/* Reads and checks the header: ranges must not overlap, leave no gap and end with the file (the format's own rules).
 * Errors, each naming the tensor: INVALID_MODEL; UNSUPPORTED for element types without a tensor type, and more than
 * LRT_MAX_RANK dimensions. */
lrt_status lrt_safetensors_read(lrt_source *source, lrt_arena *arena, lrt_safetensors *out, lrt_error *err);
/* NULL where there is none. */
const lrt_safetensors_tensor *lrt_safetensors_find(const lrt_safetensors *file, const char *name);
/* Elements [first, first + count) of a tensor of floats (FLOAT32, FLOAT16, BFLOAT16, FLOAT64, the two FLOAT8) or integers
 * as float. out: [count]. UNSUPPORTED for other types. */
lrt_status lrt_safetensors_widen(const lrt_safetensors *file, const lrt_safetensors_tensor *tensor,
                                 uint64_t first, size_t count, float *out, lrt_error *err);

#endif
