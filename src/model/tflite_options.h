/* tflite_options.h: operator options between flatbuffer tables and option structs, generically from options.def. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TFLITE_OPTIONS_H
#define LRT_TFLITE_OPTIONS_H

#include "base/arena.h"
#include "formats/flatbuffer.h"
#include "opset/opset.h"

/* Members of BuiltinOptions (1) and BuiltinOptions2 (2) as the verifier wants them. */
const lrt_fb_union *lrt_tflite_option_union(uint8_t union_number);

/* An option struct of `table` filled from `from` (absent table = defaults); strings and vectors are copied into the
 * arena. NULL when memory is refused; tables without fields give a valid pointer. */
void *lrt_tflite_read_options(const lrt_option_table *table, lrt_fb_table from, lrt_arena *arena);

#endif
