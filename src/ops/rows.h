/* rows.h: a tensor seen as rows of its last dimension, cut into units of several rows. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_ROWS_H
#define LRT_OPS_ROWS_H

#include "litert/tensor.h"
#include "ops/pieces.h"

typedef struct lrt_rows {
  int64_t count, depth; /* both at least 0; a scalar is one row of one element */
  int64_t piece;        /* rows per unit */
} lrt_rows;

static inline lrt_rows lrt_rows_of(const lrt_shape *shape) {
  lrt_rows rows = {0, 1, 1};
  const int64_t elements = lrt_shape_count(shape);
  if (shape->rank > 0) rows.depth = shape->dims[shape->rank - 1];
  if (elements > 0) rows.count = elements / rows.depth;
  if (rows.depth > 0 && rows.depth < LRT_PIECE_COSTLY) rows.piece = LRT_PIECE_COSTLY / rows.depth;
  return rows;
}
static inline int64_t lrt_rows_units(const lrt_rows *rows) {
  return lrt_pieces_of(rows->count, rows->piece);
}
static inline int64_t lrt_rows_at(const lrt_rows *rows, int64_t unit) {
  return lrt_pieces_at(unit, rows->piece, rows->count);
}

#endif
