/* runtime.h: what all plans of one interpreter share: graph, weights, threads, limits, variables. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_RUNTIME_H
#define LRT_RUNTIME_H

#include <stdatomic.h>

#include "base/team.h"
#include "litert/delegate.h"
#include "ops/op_set.h"

/* Memory of one variable tensor. */
typedef struct lrt_variable {
  size_t bytes;
  void *data;
} lrt_variable;

/* An input and an output of a subgraph that are one state tensor. */
typedef struct lrt_state_slot {
  int32_t subgraph, input, output; /* tensor indices */
  int32_t slot;                    /* index into the set's memories, shared by all subgraphs */
} lrt_state_slot;

/* One sentence of an lrt_error. */
typedef char lrt_refusal[500];

typedef struct lrt_runtime {
  const lrt_graph *graph;
  lrt_alloc *alloc;
  lrt_weights *weights;
  lrt_resources *resources;
  lrt_custom_states *customs; /* registered operators and the states of their nodes */
  lrt_threads *team;          /* NULL = the calling thread alone */
  int workers;
  lrt_op_mode mode;
  bool preserve_all; /* every tensor keeps its own memory; nothing is fused */
  bool profile;      /* measure each node */
  lrt_limits limits;
  bool skip_busy_team;   /* run alone rather than wait for a team that somebody else uses */
  lrt_deadline deadline; /* of the planning or run under way */
  atomic_bool cancelled;
  bool *initialised;            /* [subgraph_count]: CALL_ONCE has run it */
  lrt_variable **variables;     /* [subgraph_count][tensor_count]; a row is made when it has a variable */
  const lrt_state_slot *states; /* [state_count] */
  int32_t state_count;
  void *const *state_memory; /* [slots] of the set in use */
  int32_t frame_count;       /* instances of subgraphs, bounded */
  lrt_delegate **delegates;  /* [delegate_count], asked in this order */
  int32_t delegate_count;
  lrt_delegate_policy policy;
  lrt_refusal *refusals;   /* [delegate_count] why a delegate is left out; "" = it is not */
  int32_t failed_delegate; /* the one behind the last failure of a plan, -1 */
  struct lrt_partition *idle_partitions;
  bool
      surveying; /* plans are only made for their shapes: no memory, nothing widened, unknown operators pass */
} lrt_runtime;

/* Begins planning ("planning") or a run ("the run"): the time limit counts from here. */
void lrt_runtime_begin(lrt_runtime *runtime, const char *what);
/* Memory of a variable tensor, zeroed (int8: zero point) when new; the same for every plan of the subgraph. */
lrt_status lrt_runtime_variable(lrt_runtime *runtime, int32_t subgraph, int32_t tensor, size_t bytes,
                                void **out, lrt_error *err);
/* Sets every variable tensor back to its first contents. */
void lrt_runtime_reset_variables(lrt_runtime *runtime);
/* Frees the variables. */
void lrt_runtime_clear(lrt_runtime *runtime);

#endif
