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

#endif
