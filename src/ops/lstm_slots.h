/* lstm_slots.h: where the operands of an LSTM stand, and the two forms of the cell that lstm.c runs over time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_LSTM_SLOTS_H
#define LRT_OPS_LSTM_SLOTS_H

#include "kernels/rnn/lstm.h"
#include "ops/op.h"

/* Input numbers, -1 = the operator has no such operand. By gate: input, forget, cell, output. */
typedef struct lrt_lstm_slots {
  int x, aux;
  int input[LRT_LSTM_GATES], recurrent[LRT_LSTM_GATES], aux_weights[LRT_LSTM_GATES];
  int peephole[LRT_LSTM_GATES], bias[LRT_LSTM_GATES], norm[LRT_LSTM_GATES];
  int projection, projection_bias, h, c;
} lrt_lstm_slots;

/* Sizes that the operands agree on. */
typedef struct lrt_lstm_sizes {
  int64_t batch, time, n_input, n_aux, n_cell, n_output;
  bool time_major; /* [time][batch][…], else [batch][time][…] */
} lrt_lstm_sizes;

/* LSTM with kernel_type BASIC (lstm_basic.c). */
lrt_status lrt_lstm_basic_prepare(lrt_prepare *p);

/* Completes the cell from the operands: checks presence, shapes, types and scales. */
lrt_status lrt_lstm_f32_read(lrt_prepare *p, const lrt_lstm_slots *slots, const lrt_lstm_sizes *sizes,
                             lrt_lstm_f32 *out);
lrt_status lrt_lstm_i8_read(lrt_prepare *p, const lrt_lstm_slots *slots, const lrt_lstm_sizes *sizes,
                            float cell_clip, float proj_clip, lrt_lstm_i8 *out);

#endif
