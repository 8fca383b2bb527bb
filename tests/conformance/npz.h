/* npz.h: reads the arrays of a numpy .npz file for tests. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_NPZ_H
#define LRT_TESTS_NPZ_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/source.h"
#include "formats/npy.h"
#include "formats/zip.h"

typedef struct npz {
  lrt_source *source;
  lrt_arena arena;
  lrt_zip zip;
} npz;

static inline lrt_status npz_open(npz *file, const char *path, lrt_error *err) {
  memset(file, 0, sizeof *file);
  lrt_arena_init(&file->arena, lrt_alloc_default());
  const lrt_status status = lrt_source_open(path, LRT_SOURCE_MAP, lrt_alloc_default(), &file->source, err);
  return status != LRT_OK ? status : lrt_zip_open(file->source, &file->arena, &file->zip, err);
}

static inline void npz_close(npz *file) {
  lrt_arena_clear(&file->arena);
  lrt_source_destroy(file->source);
}

/* LRT_NOT_FOUND when there is no such array; UNSUPPORTED for types that numpy pickles. */
static inline lrt_status npz_get(npz *file, const char *key, lrt_npy *out, lrt_error *err) {
  char name[100];
  snprintf(name, sizeof name, "%s.npy", key);
  const lrt_zip_entry *entry = lrt_zip_find(&file->zip, name);
  if (entry == NULL) return LRT_NOT_FOUND;
  uint8_t *bytes = lrt_arena_get(&file->arena, (size_t)entry->size);
  if (bytes == NULL) return LRT_OUT_OF_MEMORY;
  const lrt_status status = lrt_zip_read(&file->zip, entry, bytes, err);
  return status != LRT_OK ? status : lrt_npy_read(bytes, (size_t)entry->size, out, err);
}

#endif
