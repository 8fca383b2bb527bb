/* plan.h: a plan: one subgraph with shapes, memory and a list of prepared nodes, ready to run. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_PLAN_H
#define LRT_PLAN_H

#include "graph/plan_graph.h"
#include "ops/temp.h"
#include "runtime/runtime.h"

typedef struct lrt_plan lrt_plan;

typedef enum lrt_exec_kind {
  LRT_EXEC_NONE = 0, /* nothing to do: folded into a constant, an alias, or dead */
  LRT_EXEC_STEPS,    /* prepared steps */
  LRT_EXEC_DEFERRED, /* a sizing point: prepared by worker 0 when its inputs are there */
  LRT_EXEC_BRANCH,   /* IF, STABLEHLO_CASE */
  LRT_EXEC_WHILE,
  LRT_EXEC_CALL_ONCE
} lrt_exec_kind;

/* Why a node has no steps of its own; shown by explain. */
typedef enum lrt_exec_note {
  LRT_NOTE_NONE = 0,
  LRT_NOTE_FOLDED,
  LRT_NOTE_ALIAS,
  LRT_NOTE_ABSORBED,
  LRT_NOTE_IN_PLACE,
  LRT_NOTE_FUSED /* done by another node's step to what it makes */
} lrt_exec_note;

/* One node of the plan. */
typedef struct lrt_exec {
  lrt_exec_kind kind;
  lrt_exec_note note;
  const lrt_plan_node *node;
  const lrt_op *op;
  lrt_value **inputs;
  lrt_value **outputs;
  lrt_value **intermediates;
  lrt_step *steps;
  lrt_temp *temps;
  lrt_arena arena; /* DEFERRED: parameters of the present preparation */
  void *scratch;   /* DEFERRED: temporaries and worker scratch of the present preparation */
  size_t scratch_bytes;
  /* IF: then, else; STABLEHLO_CASE: one per value; WHILE: condition, body; CALL_ONCE: initialiser. NULL before it is
   * planned. */
  lrt_value *made;    /* what its steps make, the followers' work included; NULL = output 0 */
  bool identity;      /* output 0 is input 0, byte by byte */
  const char *remark; /* FUSED: into what; else why it was not, where it nearly was; or NULL */
  lrt_plan **branch;  /* [branch_count] */
  int32_t branch_count;
  double seconds; /* profile: summed over invokes */
  uint64_t calls;
} lrt_exec;

/* Where the memory of a value comes from. */
typedef enum lrt_home {
  LRT_HOME_NONE = 0, /* not decided, or never used */
  LRT_HOME_CONSTANT, /* in the model */
  LRT_HOME_ARENA,    /* activation arena, shared with values of other lifetimes */
  LRT_HOME_OWN,      /* a block of its own: inputs, outputs, preserved tensors */
  LRT_HOME_VARIABLE,
  LRT_HOME_GROWN,  /* made at run time */
  LRT_HOME_FOLDED, /* computed while planning */
  LRT_HOME_STATE,  /* a state tensor: memory of the set in use */
  LRT_HOME_FUSED,  /* stands for a moment in the memory of what is made of it */
  LRT_HOME_ALIAS   /* another value's memory */
} lrt_home;

struct lrt_plan {
  lrt_runtime *runtime;
  lrt_plan_graph *graph;
  lrt_arena arena;
  lrt_value *values; /* [graph->tensor_count] */
  uint8_t *homes;    /* lrt_home of each value */
  bool *written;     /* of each value: a node's result */
  int32_t *aliases;  /* ALIAS: value whose memory it shares */
  lrt_exec *execs;   /* [graph->node_count] */
  void *memory;      /* activation arena */
  size_t memory_bytes;
  size_t unshared_bytes; /* what the arena would take without reuse */
  void *scratch;         /* worker scratch, shared by all steps */
  size_t scratch_bytes;
  void *swap;   /* state tensors that become others, between reading and writing them; NULL = none do */
  int depth;    /* nesting of control flow */
  bool dynamic; /* some node is deferred */
  struct lrt_partition *partition; /* what delegates have claimed, NULL without delegates */
};

/* Plans a subgraph for the given shapes of its inputs (NULL = the file's). */
lrt_status lrt_plan_create(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *input_shapes, int depth,
                           lrt_plan **out, lrt_error *err);
void lrt_plan_destroy(lrt_plan *plan);
/* Gives aliases the memory of the values they stand for, again after that memory has moved. */
void lrt_plan_follow_aliases(lrt_plan *plan);
/* Points the state tensors of a plan at the set in use (plan_state.c). */
void lrt_plan_bind_states(lrt_plan *plan);
/* Marks inputs of a plan that are state tensors; called before the first node is prepared. */
lrt_status lrt_plan_mark_states(lrt_plan *plan, lrt_error *err);
/* The pair that a value of the plan belongs to as input or output, or NULL. */
const lrt_state_slot *lrt_plan_state_of(const lrt_plan *plan, int32_t value, bool as_output);
/* Copies results that could not be updated in place into their state tensors. */
void lrt_plan_commit_states(const lrt_plan *plan);
/* Lets products and element-wise steps do the element-wise steps that follow them (plan_fuse.c). */
lrt_status lrt_plan_fuse(lrt_plan *plan, lrt_error *err);
/* Gives every value of a planned graph its memory (plan_memory.c). */
lrt_status lrt_plan_place(lrt_plan *plan, lrt_error *err);
/* Value of the subgraph's i-th input or output. */
lrt_value *lrt_plan_input(lrt_plan *plan, int32_t i);
lrt_value *lrt_plan_output(lrt_plan *plan, int32_t i);
/* Prepares a deferred node when its inputs hold data; called by worker 0 while the plan runs. */
lrt_status lrt_plan_prepare_now(lrt_plan *plan, lrt_exec *exec, lrt_error *err);

/* Plans the subgraphs of a control-flow node again for the shapes its inputs have now; worker 0 only. */
lrt_status lrt_plan_control_now(lrt_plan *plan, lrt_exec *exec, lrt_error *err);

/* Runs the plan once. Inputs and outputs are the memory of their values. */
lrt_status lrt_plan_run(lrt_plan *plan, lrt_error *err);
/* Runs `count` nodes from `first` on alone, with what their inputs hold now; the range lies in the plan. */
lrt_status lrt_plan_run_nodes(lrt_plan *plan, int32_t first, int32_t count, lrt_error *err);

#endif
