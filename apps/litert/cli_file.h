/* cli_file.h: reading input files and writing results so that nothing half-written stays. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_FILE_H
#define LRT_CLI_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "litert/status.h"

typedef struct cli_file {
  uint8_t *bytes; /* [length], a block of base/alloc.h */
  size_t length;
} cli_file;

/* Reads a whole file. Errors: NOT_FOUND, IO. */
lrt_status cli_file_read(const char *path, cli_file *out, lrt_error *err);
void cli_file_clear(cli_file *file);

/* Writes `head` and then `body` under a temporary name beside `path` and renames it, so that `path` is either the
 * old file or the whole new one. Devices and pipes are written directly. Errors: IO. */
lrt_status cli_file_write(const char *path, const void *head, size_t head_length, const void *body,
                          size_t body_length, lrt_error *err);
/* Makes a folder where there is none. */
lrt_status cli_file_make_folder(const char *path, lrt_error *err);
/* Makes the folders above a file; `path` is changed meanwhile. What cannot be made shows when the file is written. */
void cli_file_make_folders_above(char *path, unsigned mode);

#endif
