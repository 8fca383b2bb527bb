/* pieces.h: cuts a number of elements into the units of a step, so that threads share large tensors only. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_PIECES_H
#define LRT_OPS_PIECES_H

#include <stdint.h>

/* Elements per unit: enough work to pay for a barrier. Multiples of 64, so packed types are cut between bytes. */
enum { LRT_PIECE_CHEAP = 16384, LRT_PIECE_COSTLY = 2048 };

static inline int64_t lrt_pieces_of(int64_t count, int64_t piece) {
  return count / piece + (count % piece != 0);
}

/* First element of unit `unit`, or `count` past the last one. */
static inline int64_t lrt_pieces_at(int64_t unit, int64_t piece, int64_t count) {
  return unit >= lrt_pieces_of(count, piece) ? count : unit * piece;
}

#endif
