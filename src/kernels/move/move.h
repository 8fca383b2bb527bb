/* move.h: data movement: strided copies (transpose, slice, tile, concat, …), gather, scatter, padding, selection, resize. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_MOVE_H
#define LRT_KERNELS_MOVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"
#include "kernels/elementwise/broadcast.h"
#include "litert/tensor.h"

/* Elements are opaque: `size` is 1, 2, 4, 8 or 16 bytes. Sub-byte types are unpacked to bytes first (lrt_unpack_bits).
 * In and out never overlap. Functions that take a range of work units may be called from several threads on disjoint ranges. */

/* ---- strided copy: one plan for every pure rearrangement ----
 * out[out_offset + sum i_d out_strides[d]] = in[in_offset + sum i_d in_strides[d]] for all indices below dims; in elements.
 * in_strides may be 0 (repeat) or negative (reverse). Fill the fields or call a builder, then lrt_move_finish once, then
 * lrt_move_run over [0, lrt_move_units(m)) or parts of it. */
#define LRT_MOVE_MAX 16
typedef struct lrt_move {
  int rank;
  size_t size;
  int64_t dims[LRT_MOVE_MAX], in_strides[LRT_MOVE_MAX], out_strides[LRT_MOVE_MAX];
  int64_t in_offset, out_offset;
} lrt_move;

void lrt_move_finish(lrt_move *m); /* drops dimensions of 1, merges neighbours */
int64_t lrt_move_units(const lrt_move *m);
void lrt_move_run(const lrt_move *m, const void *in, void *out, int64_t begin, int64_t end);

/* Builders; they include lrt_move_finish. Shapes were checked by the caller. */
/* out.dims[d] = in.dims[perm[d]]. */
void lrt_move_transpose(lrt_move *m, const lrt_shape *in, const int32_t *perm, size_t size);
/* Dense output of `out` (same rank as in) with in index = begin + i * stride; strides may be negative. SLICE, STRIDED_SLICE,
 * SPLIT, UNPACK (one index wide), REVERSE (begin = dim - 1, stride -1). */
void lrt_move_slice(lrt_move *m, const lrt_shape *in, const int32_t *begin, const int32_t *stride,
                    const lrt_shape *out, size_t size);
/* The dense input becomes the block of `out` that starts at `begin`. CONCATENATION, PACK, PAD (after lrt_move_fill),
 * DYNAMIC_UPDATE_SLICE. Same rank. */
void lrt_move_into(lrt_move *m, const lrt_shape *in, const lrt_shape *out, const int32_t *begin, size_t size);
void lrt_move_tile(lrt_move *m, const lrt_shape *in, const int32_t *multiples, size_t size);
/* in broadcast to `out`, aligned at the last dimension. */
void lrt_move_broadcast(lrt_move *m, const lrt_shape *in, const lrt_shape *out, size_t size);
/* NHWC, block b: DEPTH_TO_SPACE [n][h][w][b*b*c] -> [n][h*b][w*b][c] and back; `in` is the input's shape. */
void lrt_move_depth_to_space(lrt_move *m, const lrt_shape *in, int32_t block, size_t size);
void lrt_move_space_to_depth(lrt_move *m, const lrt_shape *in, int32_t block, size_t size);

/* `count` copies of one element. */
void lrt_move_fill(void *out, const void *value, size_t size, size_t count);

/* ---- padding and blocks ---- */

/* MIRROR_PAD: pads[d] = {before, after}; edge 0 = SYMMETRIC (edge pixel repeated), 1 = REFLECT. before, after <= dim - edge.
 * Rows [begin, end) of the output = product of all its dimensions but the last. */
void lrt_mirror_pad(const void *in, const lrt_shape *in_shape, const int32_t (*pads)[2], int32_t edge,
                    void *out, const lrt_shape *out_shape, size_t size, int64_t begin, int64_t end);

/* [batch][height][width] pixels of `pixel` bytes. SPACE_TO_BATCH pads with `fill` (one element of `size` bytes);
 * out batch = block_h * block_w * batch. BATCH_TO_SPACE is its inverse with crops as the pads. A rank-3 tensor has width 1
 * (block_w 1). */
typedef struct lrt_blocks {
  int32_t batch, height, width; /* of the tensor on the space side (unpadded, or cropped output) */
  int32_t block_h, block_w, pad_top, pad_left;
  int32_t cell_h, cell_w; /* height and width of the tensor on the batch side */
  size_t pixel, size;
} lrt_blocks;
void lrt_space_to_batch(const lrt_blocks *b, const void *in, const void *fill, void *out);
void lrt_batch_to_space(const lrt_blocks *b, const void *in, void *out);

/* REVERSE_SEQUENCE: in[outer][batch][middle][seq][inner bytes] or with batch and seq exchanged (seq_first); the first
 * lengths[b] entries along seq are reversed. A length outside 0..seq fails. */
typedef struct lrt_reverse_sequence {
  int64_t outer, batch, middle, seq;
  size_t inner;
  bool seq_first;
} lrt_reverse_sequence;
lrt_status lrt_reverse_sequence_run(const lrt_reverse_sequence *r, const void *in, const void *lengths,
                                    lrt_type length_type, void *out, lrt_error *err);

/* ---- indices ----
 * Index tensors are INT16, INT32 or INT64. An index out of range fails with RUN_FAILED and names itself. */

/* out[b][o][i][inner] = in[b][o][indices[b][i]][inner]; inner in bytes. */
typedef struct lrt_gather {
  int64_t batch, outer, axis, count;
  size_t inner;
} lrt_gather;
lrt_status lrt_gather_run(const lrt_gather *g, const void *in, const void *indices, lrt_type index_type,
                          void *out, lrt_error *err);
/* out[i] = in[indices[i][0..depth)], slices of `slice` bytes; dims: the first `depth` dimensions of in. */
lrt_status lrt_gather_nd_run(const void *in, const int32_t *dims, int32_t depth, const void *indices,
                             lrt_type index_type, int64_t count, size_t slice, void *out, lrt_error *err);
/* out (already zeroed) [indices[i]] += updates[i], element type `type`, `slice` elements each; BOOL ors. */
lrt_status lrt_scatter_nd_run(const void *indices, lrt_type index_type, int64_t count, int32_t depth,
                              const int32_t *dims, const void *updates, lrt_type type, int64_t slice,
                              void *out, lrt_error *err);
/* out[outer][depth][inner]: `on` where the index matches, else `off`; indices [outer][inner] INT32 or INT64. */
bool lrt_one_hot(const void *indices, lrt_type index_type, int64_t outer, int64_t depth, int64_t inner,
                 const void *on, const void *off, size_t size, void *out);

/* ---- selection ---- */

/* Output elements [begin, end): cond byte true takes a, else b. space has operands {cond, a, b}. */
void lrt_select_run(const lrt_broadcast *space, const uint8_t *cond, const void *a, const void *b, void *out,
                    size_t size, int64_t begin, int64_t end);
/* WHERE: number of non-zero elements, then their coordinates [found][rank]. FLOAT32, BOOL, integers up to 64 bits. */
int64_t lrt_where_count(const void *in, lrt_type type, int64_t count);
void lrt_where_run(const void *in, lrt_type type, const lrt_shape *shape, int64_t *out);
/* TOPK: the k largest of each row in falling order, the lower index first among equals. Rows [begin, end).
 * f32, int8, uint8, int16, int32, int64. */
bool lrt_topk(const void *in, lrt_type type, int64_t columns, int32_t k, void *values, int32_t *indices,
              int64_t begin, int64_t end);
/* RANGE: number of values (-1: delta is 0 or has the wrong sign), then the values, by repeated addition. f32, int32, int64. */
int64_t lrt_range_count(const void *start, const void *limit, const void *delta, lrt_type type);
void lrt_range_run(const void *start, const void *delta, lrt_type type, int64_t count, void *out);

/* ---- resize, NHWC ---- */

typedef struct lrt_resize {
  int32_t batches, in_height, in_width, out_height, out_width, channels;
  bool align_corners, half_pixel;
} lrt_resize;
/* Output rows [begin, end) of batches * out_height. Bilinear: FLOAT32 and UINT8 with f32 weights, INT8 and INT16 with
 * 10-bit fixed-point weights, all exact with the reference. */
bool lrt_resize_bilinear(const lrt_resize *r, const void *in, lrt_type type, void *out, int64_t begin,
                         int64_t end);
/* Any element size. */
void lrt_resize_nearest(const lrt_resize *r, const void *in, size_t size, void *out, int64_t begin,
                        int64_t end);

#endif
