/* file_parts.h: the parts of a model file beside its graph, whatever holds them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FILE_PARTS_H
#define LRT_FILE_PARTS_H

#include "base/arena.h"
#include "base/source.h"

typedef struct lrt_file_part {
  const char *name;
  const char *kind;
  uint64_t offset; /* sections */
  uint64_t bytes;
} lrt_file_part;

/* Lives in the arena it was read into; the source must outlive it. */
typedef struct lrt_file_parts {
  const lrt_file_part *parts; /* [count] */
  size_t count;
  const struct lrt_zip *zip; /* appended to a .tflite file: part i is its entry i; NULL otherwise */
} lrt_file_parts;

/* Lists the parts; a .tflite file without an archive has none. Errors: those of reading the container. */
lrt_status lrt_file_parts_list(lrt_source *file, lrt_arena *arena, lrt_file_parts *out, lrt_error *err);
/* Copies part `index` (< count) into out: [bytes]. */
lrt_status lrt_file_parts_read(lrt_source *file, const lrt_file_parts *parts, size_t index, uint8_t *out,
                               lrt_error *err);

#endif
