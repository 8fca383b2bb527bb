/* npy.h: arrays in numpy's .npy files, read from memory and written to a path. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_NPY_H
#define LRT_FORMATS_NPY_H

#include <stddef.h>
#include <stdint.h>

#include "litert/status.h"
#include "litert/tensor.h"

typedef struct lrt_npy {
  lrt_type type;
  lrt_shape shape;
  const uint8_t *data; /* [bytes] elements in C order, borrowed, perhaps unaligned */
  size_t bytes;
} lrt_npy;

/* Reads versions 1, 2 and 3, little-endian, C order (Fortran order only where it makes no difference). Errors:
 * INVALID_MODEL for damaged files; UNSUPPORTED for other types (bfloat16, which numpy calls V2, among them),
 * byte or element orders and more than LRT_MAX_RANK dimensions. */
lrt_status lrt_npy_read(const uint8_t *file, size_t length, lrt_npy *out, lrt_error *err);

/* Enough for the header of any array that can be written. */
#define LRT_NPY_HEADER_BYTES 320

/* The header (version 1) that goes before the elements; *length is a multiple of 64. */
lrt_status lrt_npy_header(lrt_type type, const lrt_shape *shape, char header[LRT_NPY_HEADER_BYTES],
                          size_t *length, lrt_error *err);
/* Writes a file. data: `bytes` bytes, which must be what shape and type need. Types numpy lacks (int4, bfloat16 …)
 * are refused: widen first. Errors: UNSUPPORTED, INVALID_ARGUMENT, IO with the path. */
lrt_status lrt_npy_write(const char *path, lrt_type type, const lrt_shape *shape, const void *data,
                         size_t bytes, lrt_error *err);

#endif
