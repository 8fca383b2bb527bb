/* source.h: bytes of a file, a file descriptor or caller memory, seen through 64-bit offsets. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_SOURCE_H
#define LRT_BASE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "litert/status.h"

/* A source is immutable and may be used by several threads. Views stay valid until the source is destroyed. */
typedef struct lrt_source lrt_source;

typedef enum lrt_source_policy {
  LRT_SOURCE_MAP = 0, /* windows are mapped read-only (default); shrinking the file later can fault */
  LRT_SOURCE_COPY     /* ranges are read into memory: safe when somebody may truncate the file */
} lrt_source_policy;

/* A whole file by path. Errors: NOT_FOUND (missing), IO, names the path. */
lrt_status lrt_source_open(const char *path, lrt_source_policy policy, lrt_alloc *alloc, lrt_source **out,
                           lrt_error *err);
/* `length` bytes from `base` of a file descriptor (duplicated; length 0 = to the end). */
lrt_status lrt_source_from_fd(int fd, uint64_t base, uint64_t length, lrt_source_policy policy,
                              lrt_alloc *alloc, lrt_source **out, lrt_error *err);
/* Caller memory, borrowed: must outlive the source. `free_fn(cookie)` (may be NULL) runs at destroy. */
lrt_status lrt_source_wrap(const void *bytes, uint64_t length, void (*free_fn)(void *cookie), void *cookie,
                           lrt_alloc *alloc, lrt_source **out, lrt_error *err);
/* A range of another source (a section of a bundle); keeps a reference to the parent. */
lrt_status lrt_source_slice(lrt_source *parent, uint64_t offset, uint64_t length, lrt_source **out,
                            lrt_error *err);
lrt_source *lrt_source_retain(lrt_source *source);
void lrt_source_destroy(lrt_source *source); /* drops one reference */

uint64_t lrt_source_length(const lrt_source *source);
/* The file's path, or "<memory>"; for messages and for finding files beside it. */
const char *lrt_source_name(const lrt_source *source);
/* When the file was changed last (nanoseconds since 1970) and its number in its file system; IO, or NOT_FOUND for
 * memory. */
lrt_status lrt_source_stamp(const lrt_source *source, uint64_t *modified, uint64_t *inode, lrt_error *err);
/* `length` bytes at `offset`; fails with INVALID_MODEL when the range leaves the source, IO when reading fails. */
lrt_status lrt_source_view(lrt_source *source, uint64_t offset, uint64_t length, const void **out,
                           lrt_error *err);

#endif
