/* state.h: state tensors: pairs of inputs and outputs (KV caches, recurrent states) that the runtime updates in place. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_STATE_H
#define LITERT_STATE_H

#include "litert/interpreter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Names an input and the output of the same signature that holds its next contents. Every signature that has both
 * uses the pair, and all of them share one memory: what prefill writes, decode reads. */
typedef struct lrt_state_pair {
  const char *input;
  const char *output;
  int32_t axis; /* dimension that counts positions (for lrt_state_truncate), -1 = none */
} lrt_state_pair;

/* One set of contents: one per session. Begins as zeros. An interpreter works on one set at a time; a set may be
 * used by one interpreter at a time. */
typedef struct lrt_state lrt_state;

/* Declares the pairs of an interpreter; before its first allocate (else WRONG_STATE). Errors: NOT_FOUND when no
 * signature has such a pair, INVALID_ARGUMENT when shapes or types differ. */
LRT_API lrt_status lrt_interpreter_set_states(lrt_interpreter *interpreter, const lrt_state_pair *pairs,
                                              int32_t count, lrt_error *err);
/* The same in the signatures [signature_count] alone (indices of lrt_model_signature): where a file has several sets of
 * signatures with caches of different lengths under the same names. */
LRT_API lrt_status lrt_interpreter_set_states_in(lrt_interpreter *interpreter, const int32_t *signatures,
                                                 int32_t signature_count, const lrt_state_pair *pairs,
                                                 int32_t count, lrt_error *err);
/* A set for this interpreter's pairs. It must not outlive the interpreter's model. */
LRT_API lrt_status lrt_state_create(lrt_interpreter *interpreter, lrt_state **out, lrt_error *err);
/* NULL is fine. The set must not be in use. */
LRT_API void lrt_state_destroy(lrt_state *state);
/* The following invokes work on this set; NULL = the interpreter's own. The set is borrowed. */
LRT_API lrt_status lrt_interpreter_use_state(lrt_interpreter *interpreter, lrt_state *state, lrt_error *err);
/* An independent copy. */
LRT_API lrt_status lrt_state_clone(const lrt_state *state, lrt_state **out, lrt_error *err);
/* Zeroes all positions from `length` on, along the axis of each pair that has one; 0 clears them. */
LRT_API lrt_status lrt_state_truncate(lrt_state *state, int32_t length, lrt_error *err);
/* Number of pairs. */
LRT_API int32_t lrt_state_count(const lrt_state *state);
/* Contents of pair `index` in the signature's layout; writing to them is the import. */
LRT_API lrt_status lrt_state_tensor(lrt_state *state, int32_t index, const char **input_name,
                                    lrt_tensor_view *out);

#ifdef __cplusplus
}
#endif
#endif
