/* op_set.h: sets of registered custom operators, and the states that their nodes have in one interpreter. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OP_SET_H
#define LRT_OP_SET_H

#include "litert/custom_op.h"
#include "ops/op.h"

/* The operator of the set that takes a node, NULL where there is none; `set` may be NULL. */
const lrt_custom_op *lrt_op_set_find(const lrt_op_set *set, const lrt_node *node);
/* The same set for a user: nothing can be added any more. NULL gives NULL. */
lrt_op_set *lrt_op_set_use(lrt_op_set *set);
/* Stands for all of them (custom_call.c). */
extern const lrt_op lrt_op_registered;
/* What implements a node: an operator of the set, else one of the library, else NULL. */
const lrt_op *lrt_op_find(const lrt_op_set *set, const lrt_node *node);

/* The registered operators of an interpreter and the states of its nodes. */
typedef struct lrt_custom_states lrt_custom_states;

/* Takes a reference to `set`, which may be NULL. */
lrt_status lrt_custom_states_create(lrt_alloc *alloc, lrt_op_set *set, lrt_custom_states **out,
                                    lrt_error *err);
/* Frees every state; NULL is fine. */
void lrt_custom_states_destroy(lrt_custom_states *states);
const lrt_op_set *lrt_custom_states_set(const lrt_custom_states *states);
/* The state of the file's node `origin`, made by the operator's init when it is new. Plans are made anew when shapes
 * change; states stay. */
lrt_status lrt_custom_states_get(lrt_custom_states *states, const lrt_custom_op *op, const lrt_node *origin,
                                 void **out, lrt_error *err);

#endif
