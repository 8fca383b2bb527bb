/* part_file.h: a download on its way: PATH.part, locked, hashed while it grows, renamed when it is whole. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_ZOO_PART_FILE_H
#define LRT_ZOO_PART_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "litert/zoo.h"

/* One writer per file and machine: the part is locked (flock) as long as it is open. What stays of a download that was
 * broken off is continued by the next one. */
typedef struct lrt_part_file lrt_part_file;

/* Opens `path`.part, makes it where there is none. *out is NULL with LRT_OK while another process holds the lock.
 * Errors: NOT_FOUND (no such folder), IO, OUT_OF_MEMORY; those of this header name the path. */
lrt_status lrt_part_file_open(const char *path, lrt_alloc *alloc, lrt_part_file **out, lrt_error *err);
/* Whether `path` is a file, of `bytes` bytes where that is not 0; *size (may be NULL) gets its size. */
bool lrt_part_file_is_present(const char *path, uint64_t bytes, uint64_t *size);
/* Opens the part, and waits while another process holds it (told as `name` to the transfer's progress). *out is NULL where
 * `path` is present and `replace` is false: perhaps that other process has brought it. Errors of lrt_part_file_open. */
lrt_status lrt_part_file_claim(const char *path, uint64_t bytes, bool replace, const char *name,
                               const lrt_zoo_transfer *transfer, lrt_part_file **out, lrt_error *err);
/* Closes; the part stays for the next try. NULL is fine. */
void lrt_part_file_close(lrt_part_file *part);

/* Bytes that are there. */
uint64_t lrt_part_file_length(const lrt_part_file *part);
/* What the server called the version these bytes are from (an ETag or a date for If-Range); "" = it did not. */
const char *lrt_part_file_version(const lrt_part_file *part);
/* Drops all bytes; those to come are of `version`. */
lrt_status lrt_part_file_restart(lrt_part_file *part, const char *version, lrt_error *err);
/* Appends. */
lrt_status lrt_part_file_add(lrt_part_file *part, const void *bytes, size_t length, lrt_error *err);
/* IO where the disk has less room than `bytes` more need; says both numbers. */
lrt_status lrt_part_file_check_room(const lrt_part_file *part, uint64_t bytes, lrt_error *err);
/* Digest of all bytes, as hexadecimal text. */
lrt_status lrt_part_file_digest(lrt_part_file *part, char text[65], lrt_error *err);
/* Brings the bytes to the disk and gives the file its name. The part is to be closed afterwards in any case. */
lrt_status lrt_part_file_commit(lrt_part_file *part, lrt_error *err);

#endif
