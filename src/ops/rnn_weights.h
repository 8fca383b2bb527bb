/* rnn_weights.h: reads the weight matrices and vectors of recurrent operators: shapes, types, hybrid scales. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_RNN_WEIGHTS_H
#define LRT_OPS_RNN_WEIGHTS_H

#include "kernels/elementwise/ew_unary.h"
#include "kernels/rnn/rnn.h"
#include "ops/op.h"

/* An operand by its place in the node, NULL where it is left out or beyond the list; slot -1 = none. */
const lrt_value *lrt_rnn_operand(const lrt_prepare *p, int slot);

/* Checks a [rows][cols] weight matrix of f32, int8 or uint8 (whose bits are read as int8) and fills *out, except the
 * address of f32 weights, which step functions set (lrt_rnn_matrix_bind). Int8 weights must be constant. A slot
 * without operand gives an absent matrix. `diagonal`: a vector of `rows` is accepted too. */
lrt_status lrt_rnn_matrix_read(lrt_prepare *p, int slot, int64_t rows, int64_t cols, bool diagonal,
                               lrt_rnn_matrix *out);
/* The same of a vector that is f32 at run time: int8 constants are widened into *widened, else it stays NULL. */
lrt_status lrt_rnn_vector_read(lrt_prepare *p, int slot, int64_t count, const float **widened);
/* A variable tensor with that many elements: state that the operator reads and writes. */
lrt_status lrt_rnn_state_check(lrt_prepare *p, int slot, lrt_type type, int64_t count);

/* For step functions. */
static inline void *lrt_rnn_data(const lrt_step *step, int slot) {
  return slot < 0 || step->inputs[slot] == NULL ? NULL : step->inputs[slot]->data;
}
static inline void lrt_rnn_matrix_bind(const lrt_step *step, int slot, lrt_rnn_matrix *m) {
  if (m->rows > 0 && m->i8 == NULL) m->f32 = lrt_rnn_data(step, slot);
}

/* Kernel of a fused activation on f32 vectors; NULL = identity. */
lrt_status lrt_rnn_activation(lrt_prepare *p, int activation, lrt_unary_fn *out);

#endif
