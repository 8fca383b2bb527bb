/* tflite_read.h: a .tflite file (schema 3 … 3d) becomes a verified file graph. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TFLITE_READ_H
#define LRT_TFLITE_READ_H

#include "model/tflite_model.h"

/* Reads and checks everything: offsets, indices, enumerations, shapes, sizes of constants, quantization. Keeps a
 * reference to `source`. Errors: INVALID_MODEL with one sentence. */
lrt_status lrt_tflite_read(lrt_source *source, lrt_alloc *alloc, lrt_tflite **out, lrt_error *err);
void lrt_tflite_destroy(lrt_tflite *model);

#endif
