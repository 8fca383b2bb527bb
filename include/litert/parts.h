/* parts.h: what a model file carries beside its graph: associated files (labels) and the sections of a bundle. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_PARTS_H
#define LITERT_PARTS_H

#include "litert/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The list of a model file's parts: entries of the zip archive appended to a .tflite file, or the sections of a
 * .litertlm or .task bundle. Immutable. */
typedef struct lrt_parts lrt_parts;

/* Texts belong to the list. */
typedef struct lrt_part_info {
  const char *name; /* "labels.txt"; of a section its model type or name, may be "" */
  const char *kind; /* "file", or the section's kind: "tflite_model", "llm_metadata" … */
  uint64_t bytes;   /* of the contents; of a .litertlm section as stored */
} lrt_part_info;

/* Reads the list, which may be empty, and keeps a reference to the model. Errors: INVALID_MODEL for a damaged archive,
 * OUT_OF_MEMORY, OVER_BUDGET. */
LRT_API lrt_status lrt_parts_create(lrt_model *model, lrt_parts **out, lrt_error *err);
/* NULL is fine. */
LRT_API void lrt_parts_destroy(lrt_parts *parts);
/* Number of parts, in the order of the file. */
LRT_API int32_t lrt_parts_count(const lrt_parts *parts);
/* NOT_FOUND for indices out of range. */
LRT_API lrt_status lrt_parts_info(const lrt_parts *parts, int32_t index, lrt_part_info *out);
/* Index of the first part with that name, or -1. */
LRT_API int32_t lrt_parts_find(const lrt_parts *parts, const char *name);
/* Copies the contents, decompressed, into out: [info.bytes]. Errors: NOT_FOUND; INVALID_MODEL for damaged contents;
 * UNSUPPORTED for encrypted ones; IO. */
LRT_API lrt_status lrt_parts_read(const lrt_parts *parts, int32_t index, void *out, lrt_error *err);

/* Opens the TFLite model that a section holds; weights are mapped, not copied. The model does not need the list any more.
 * Errors: NOT_FOUND; UNSUPPORTED for parts that are no sections of a bundle; those of lrt_model_open. */
LRT_API lrt_status lrt_parts_open_model(const lrt_parts *parts, int32_t index,
                                        const lrt_model_options *options, lrt_model **out, lrt_error *err);

#ifdef __cplusplus
}
#endif
#endif
