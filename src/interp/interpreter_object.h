/* interpreter_object.h: the inside of an interpreter, for the files of this room. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_INTERPRETER_OBJECT_H
#define LRT_INTERPRETER_OBJECT_H

#include "interp/model_object.h"
#include "litert/state.h"
#include "runtime/plan.h"

/* Per subgraph: the shapes asked for and the plan made from them. */
typedef struct planned {
  lrt_shape *shapes; /* [inputs] */
  lrt_plan *plan;
  bool current; /* the plan fits `shapes` */
} planned;

/* What all signatures agree on about one pair. */
typedef struct lrt_state_shape {
  const char *input; /* name in the signatures */
  lrt_type type;
  lrt_shape shape;
  size_t bytes;
  int32_t axis;
} lrt_state_shape;

struct lrt_interpreter {
  lrt_model *model;
  lrt_alloc *alloc;
  lrt_arena arena;
  lrt_runtime runtime;
  planned *subgraphs;
  lrt_state_slot *slots;   /* state pairs by subgraph, [runtime.state_count] */
  lrt_state_shape *shapes; /* [state_shape_count] one per pair */
  int32_t state_shape_count;
  lrt_state *own_state; /* used when the caller hands in none */
};

/* The subgraph's plan for the present shapes, or NULL. */
lrt_plan *lrt_interpreter_plan(const lrt_interpreter *it, int32_t subgraph);
/* Whether a value keeps its contents: memory that other tensors use later must not be shown as this one's. */
bool lrt_interpreter_keeps(const lrt_plan *plan, int32_t value);
/* Makes the interpreter's own set when it has pairs and none is in use. */
lrt_status lrt_interpreter_ensure_state(lrt_interpreter *it, lrt_error *err);

#endif
