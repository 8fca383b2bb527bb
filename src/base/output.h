/* output.h: a file that appears whole or not at all: written under a temporary name, then renamed. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_OUTPUT_H
#define LRT_BASE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "litert/status.h"

/* One writer; not for several threads at once. */
typedef struct lrt_output lrt_output;

/* Begins a file beside `path`, in the same folder. An existing file of that name stays until commit replaces it.
 * Errors: NOT_FOUND (no such folder), IO, OUT_OF_MEMORY; all of this header name the path. */
lrt_status lrt_output_create(const char *path, lrt_alloc *alloc, lrt_output **out, lrt_error *err);
/* Appends. */
lrt_status lrt_output_write(lrt_output *output, const void *bytes, size_t length, lrt_error *err);
/* Appends zeros until the length is a multiple of `multiple` (> 0). */
lrt_status lrt_output_pad(lrt_output *output, uint64_t multiple, lrt_error *err);
/* Overwrites `length` bytes that were appended before. */
lrt_status lrt_output_patch(lrt_output *output, uint64_t offset, const void *bytes, size_t length,
                            lrt_error *err);
/* Bytes appended so far. */
uint64_t lrt_output_length(const lrt_output *output);
/* Brings everything to the disk and gives the file its name; destroys the output whether or not that works. */
lrt_status lrt_output_commit(lrt_output *output, lrt_error *err);
/* Deletes what was written. NULL is fine. */
void lrt_output_discard(lrt_output *output);

/* Brings the names of the folder around `path` to the disk after a rename; a file system that cannot do that has done
 * what it can. */
void lrt_output_sync_folder(const char *path);

#endif
