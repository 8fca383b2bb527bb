/* inflate.h: raw deflate and zlib streams into memory of known size. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_INFLATE_H
#define LRT_FORMATS_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "litert/status.h"

/* What a stream used and gave. */
typedef struct lrt_inflate_result {
  size_t consumed; /* input bytes, the last one perhaps in part */
  size_t written;  /* output bytes */
} lrt_inflate_result;

/* A deflate stream (RFC 1951) from the start of `in` to its final block; more input may follow. Writes at most
 * `capacity` bytes; a stream that wants more is an error. Errors: INVALID_MODEL. */
lrt_status lrt_inflate_raw(const uint8_t *in, size_t length, uint8_t *out, size_t capacity,
                           lrt_inflate_result *result, lrt_error *err);
/* The same within a zlib frame (RFC 1950): header and Adler-32 are checked; preset dictionaries are refused. */
lrt_status lrt_inflate_zlib(const uint8_t *in, size_t length, uint8_t *out, size_t capacity,
                            lrt_inflate_result *result, lrt_error *err);

#endif
