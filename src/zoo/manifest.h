/* manifest.h: the models that are known by name: zoo/models.json, which is part of the program. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_ZOO_MANIFEST_H
#define LRT_ZOO_MANIFEST_H

#include <stddef.h>

#include "base/arena.h"
#include "litert/status.h"

/* Written by the build (cmake/zoo.cmake). */
extern const unsigned char lrt_zoo_manifest_bytes[];
extern const size_t lrt_zoo_manifest_length;

typedef struct lrt_manifest_model {
  const char *name, *summary, *task, *licence, *quantization;
  const char *file, *sha256; /* what the parts give, joined */
  const char *const *parts;  /* [part_count] sources */
  size_t part_count;
  const char *convert; /* file of the bundle that is made of `file`; NULL = none is */
  uint64_t bytes, download_bytes;
} lrt_manifest_model;

typedef struct lrt_manifest {
  const lrt_manifest_model *models; /* [count] */
  size_t count;
} lrt_manifest;

/* Reads the JSON text of a manifest (schema 1, docs/zoo.md) into the arena. INVALID_MODEL names model and member. */
lrt_status lrt_manifest_parse(const char *text, size_t length, lrt_arena *arena, lrt_manifest *out,
                              lrt_error *err);
/* The built-in one, or $LITERT_ZOO, a file of the same form. */
lrt_status lrt_manifest_read(lrt_arena *arena, lrt_manifest *out, lrt_error *err);
const lrt_manifest_model *lrt_manifest_find(const lrt_manifest *manifest, const char *name);

#endif
