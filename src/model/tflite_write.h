/* tflite_write.h: writes a file graph as a .tflite file. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TFLITE_WRITE_H
#define LRT_TFLITE_WRITE_H

#include "formats/flatbuffer_write.h"
#include "graph/graph.h"

/* Builds the flatbuffer in `builder` (initialised by the caller, who clears it when done with *bytes). Tensors that
 * share data share a buffer. Options are written generically from options.def; defaults are left out.
 * Errors: OUT_OF_MEMORY, OVER_BUDGET, INVALID_ARGUMENT (more than 2 GiB). */
lrt_status lrt_tflite_write(const lrt_graph *graph, lrt_fb_builder *builder, const uint8_t **bytes,
                            size_t *size, lrt_error *err);

/* Contents that stand behind the flatbuffer in the file rather than in it. */
typedef struct lrt_tflite_apart {
  const void *data; /* as the tensors have it */
  uint64_t bytes;
  uint64_t offset; /* from the start of the flatbuffer, a multiple of 64 */
} lrt_tflite_apart;

/* The same for models larger than a flatbuffer, and for contents made while writing: a tensor whose `data` lies in
 * [begin, end) only names its contents by that address, nothing is read there. *parts: [*part_count] in the arena, by
 * offset; the caller writes the flatbuffer, then each part at its place, zeros between. */
lrt_status lrt_tflite_write_apart(const lrt_graph *graph, const void *begin, const void *end,
                                  lrt_arena *arena, lrt_fb_builder *builder, const uint8_t **bytes,
                                  size_t *size, const lrt_tflite_apart **parts, size_t *part_count,
                                  lrt_error *err);

#endif
