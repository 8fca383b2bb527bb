/* movement.h: what data-moving operators share: checks, elements of any type as bytes, steps around strided copies. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_MOVEMENT_H
#define LRT_MOVEMENT_H

#include "kernels/move/move.h"
#include "ops/op.h"

/* Fails (INVALID_MODEL) unless input and output have one type, a known element size or STRING. */
lrt_status lrt_moved_same_type(lrt_prepare *p, int input, int output);
/* Fails unless the output has type `type`. */
lrt_status lrt_moved_output_type(lrt_prepare *p, int output, lrt_type type);
/* Fails unless input has rank `rank`. */
lrt_status lrt_moved_rank(lrt_prepare *p, int input, int rank);
/* Fails where an empty tensor's dimensions are so large that strides would overflow. */
lrt_status lrt_moved_strides(lrt_prepare *p, const lrt_value *value);
/* The one integer of an input of one element; defers where it is not known yet. */
lrt_status lrt_moved_integer(lrt_prepare *p, int input, int64_t *out);
/* The same as an axis of `rank`, negative ones counted from the end. */
lrt_status lrt_moved_axis(lrt_prepare *p, int input, int32_t rank, int32_t *out);

/* An input or output seen as elements of 1, 2, 4, 8 or 16 bytes, whatever its type: packed types are unpacked to bytes,
 * strings are replaced by their numbers (int32). */
typedef struct lrt_moved {
  lrt_value *value; /* the operand itself or a temporary */
  size_t size;      /* bytes of an element */
} lrt_moved;
/* Emits the steps that unpack an input, where needed. */
lrt_status lrt_moved_in(lrt_prepare *p, lrt_value *input, lrt_moved *out);
/* To be called after the output's shape is declared. */
lrt_status lrt_moved_out(lrt_prepare *p, lrt_value *output, lrt_moved *out);
/* Emits the step that packs the output again; strings are taken from `source`. After the steps that write it. */
lrt_status lrt_moved_done(lrt_prepare *p, const lrt_moved *moved, const lrt_value *source, lrt_value *output);

/* Emits a step that runs the finished copy `m`. */
lrt_status lrt_moved_copy(lrt_prepare *p, const lrt_move *m, const lrt_moved *in, const lrt_moved *out);
/* Emits a step that fills an output with one element: `fill` [size] bytes, copied; or, NULL, the element at `from`. */
lrt_status lrt_moved_fill(lrt_prepare *p, const lrt_moved *out, const void *fill, const lrt_value *from);
/* Emits unpack, copy and pack for one input and output. */
lrt_status lrt_moved_whole(lrt_prepare *p, const lrt_move *m, lrt_value *input, lrt_value *output);
/* One of several copies that a single step does; `first` is filled by lrt_moved_parts. */
typedef struct lrt_moved_part {
  lrt_move move;
  const lrt_value *in;
  lrt_value *out;
  int64_t first; /* unit of the step */
} lrt_moved_part;
/* parts: [count] from lrt_prepare_params. */
lrt_status lrt_moved_parts(lrt_prepare *p, lrt_moved_part *parts, int32_t count);
/* Size that elements will have once an operand is unpacked. */
size_t lrt_moved_size(lrt_type type);

#endif
