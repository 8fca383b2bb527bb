/* model_pick.h: finds the TFLite model in an opened file, told by its bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_MODEL_PICK_H
#define LRT_MODEL_PICK_H

#include "base/source.h"

/* The .tflite bytes inside a file: the file itself, or a section of a bundle. The caller drops the reference. */
lrt_status lrt_model_pick(lrt_source *file, lrt_alloc *alloc, lrt_source **out, lrt_error *err);

#endif
