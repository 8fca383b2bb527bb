/* interpreter.h: runs a model: shapes, memory, invoke, and an explanation of what runs how. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_INTERPRETER_H
#define LITERT_INTERPRETER_H

#include "litert/custom_op.h"
#include "litert/delegate.h"
#include "litert/model.h"
#include "litert/threads.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An interpreter holds the activations and variables of one client of a model. It is used by one thread at a time;
 * different interpreters of one model run concurrently and share its weights.
 *
 * Life: create → (resize inputs) → allocate → fill inputs → invoke → read outputs → … → destroy. Each subgraph has
 * plans of its own; subgraph 0 is the main one, signatures name theirs. */
typedef struct lrt_interpreter lrt_interpreter;

typedef enum lrt_mode {
  LRT_MODE_DEFAULT = 0, /* LITERT_MODE=ref|fast, else fast */
  LRT_MODE_FAST,
  LRT_MODE_REF /* scalar reference kernels, nothing fused: bit-exact for integers */
} lrt_mode;

typedef struct lrt_interpreter_options {
  int num_threads;      /* 0 = 1 */
  lrt_threads *threads; /* a team to share; overrides num_threads; the interpreter takes a reference */
  lrt_mode mode;
  int preserve_all_tensors; /* every intermediate tensor keeps its contents and can be read after invoke */
  int profile;              /* measure each node: lrt_step_info.seconds */
  lrt_limits limits;
  lrt_delegate *const
      *delegates; /* [delegate_count], asked in this order; the interpreter takes references */
  int32_t delegate_count;
  lrt_delegate_policy delegate_policy; /* what happens when one fails before the first run */
  int skip_busy_team; /* an invoke that finds the team in another's run goes on alone in its thread; 0: it waits */
  lrt_op_set *operators; /* custom operators; NULL = those of the model. The interpreter takes a reference */
} lrt_interpreter_options;

/* Takes a reference to the model. `options` NULL = defaults. */
LRT_API lrt_status lrt_interpreter_create(lrt_model *model, const lrt_interpreter_options *options,
                                          lrt_interpreter **out, lrt_error *err);
/* NULL is fine. */
LRT_API void lrt_interpreter_destroy(lrt_interpreter *interpreter);

/* Gives input tensor `tensor` of a subgraph another shape; takes effect with the next allocate. `strict`: only
 * dimensions that are -1 in the shape signature may change. Errors: NOT_FOUND, INVALID_ARGUMENT. */
LRT_API lrt_status lrt_interpreter_resize_input(lrt_interpreter *interpreter, int32_t subgraph,
                                                int32_t tensor, const lrt_shape *shape, int strict,
                                                lrt_error *err);
/* Plans a subgraph and gets its memory; does nothing when it is already planned for these shapes. Errors:
 * INVALID_MODEL, UNSUPPORTED, UNRESOLVED_OP, CANCELLED, OVER_BUDGET. */
LRT_API lrt_status lrt_interpreter_allocate(lrt_interpreter *interpreter, int32_t subgraph, lrt_error *err);
/* 1 when the subgraph is allocated for the present shapes. */
LRT_API int lrt_interpreter_is_allocated(const lrt_interpreter *interpreter, int32_t subgraph);
/* Runs a subgraph once. Errors: WRONG_STATE before allocate, RUN_FAILED, CANCELLED, OVER_BUDGET. */
LRT_API lrt_status lrt_interpreter_invoke(lrt_interpreter *interpreter, int32_t subgraph, lrt_error *err);
/* Runs `count` planned nodes from `first` on (indices of lrt_interpreter_step) alone, on what their inputs hold now: to
 * compare operators one by one. Needs preserve_all_tensors. Errors: WRONG_STATE, NOT_FOUND, and those of invoke. */
LRT_API lrt_status lrt_interpreter_invoke_steps(lrt_interpreter *interpreter, int32_t subgraph, int32_t first,
                                                int32_t count, lrt_error *err);
/* Stops a running allocate or invoke (from any thread) at the next step, or inside an operator that takes long for its
 * size; the flag is cleared when the next one begins. */
LRT_API void lrt_interpreter_cancel(lrt_interpreter *interpreter);
/* Sets every variable tensor back to zero. */
LRT_API void lrt_interpreter_reset_variables(lrt_interpreter *interpreter);

/* A tensor's memory. Valid until the next allocate, resize or invoke (outputs of unknown size move). */
typedef struct lrt_tensor_view {
  lrt_type type;
  lrt_shape shape; /* of now: outputs whose shape depends on data have it after invoke */
  void *data;      /* NULL: not allocated, or its memory is shared with later tensors (intermediates) */
  size_t bytes;
} lrt_tensor_view;

/* Inputs, outputs, constants and variables always have data once allocated; intermediates with preserve_all_tensors.
 * Errors: NOT_FOUND for indices out of range. */
LRT_API lrt_status lrt_interpreter_tensor(const lrt_interpreter *interpreter, int32_t subgraph,
                                          int32_t tensor, lrt_tensor_view *out, lrt_error *err);
/* Sets a string input: `count` strings, text[i] of length[i] bytes, in the format of string tensors. */
LRT_API lrt_status lrt_interpreter_set_strings(lrt_interpreter *interpreter, int32_t subgraph, int32_t tensor,
                                               int32_t count, const char *const *text, const size_t *length,
                                               lrt_error *err);

/* Memory of an interpreter in bytes. */
typedef struct lrt_memory_info {
  uint64_t arena;    /* activation arenas of all plans */
  uint64_t unshared; /* what they would take if no memory were reused */
  uint64_t in_use;   /* everything this interpreter has allocated now */
  uint64_t peak;     /* and at most */
} lrt_memory_info;
LRT_API void lrt_interpreter_memory(const lrt_interpreter *interpreter, lrt_memory_info *out);

/* One node of a plan, for explain and profiles. Strings belong to the interpreter. */
typedef struct lrt_step_info {
  int32_t node;       /* index in the file's subgraph; a delegated group has a number beyond them */
  const char *name;   /* operator */
  const char *within; /* composite it was inlined from, or NULL */
  const char *kernel; /* kernel of its main step; "" where nothing runs */
  const char *note;   /* "folded", "alias", "in place", "deferred" …, or "" */
  int32_t step_count;
  int32_t input_count, output_count;
  double seconds; /* profile: total over all invokes */
  uint64_t calls;
  const char *delegate; /* name of the delegate that runs it, or NULL */
  const char *left;     /* where delegates are in use: why none runs this node; else "" */
  int32_t node_count;   /* a delegated group: the nodes of the file that it covers */
  const int32_t *nodes;
} lrt_step_info;

/* Number of planned nodes of a subgraph, 0 before allocate. */
LRT_API int32_t lrt_interpreter_step_count(const lrt_interpreter *interpreter, int32_t subgraph);
LRT_API lrt_status lrt_interpreter_step(const lrt_interpreter *interpreter, int32_t subgraph, int32_t index,
                                        lrt_step_info *out);
/* What a delegate does in an allocated subgraph. The name belongs to the delegate, `refused` to the interpreter. */
typedef struct lrt_delegation_info {
  const char *name;
  int32_t node_count, group_count; /* nodes of the file that it runs, and in how many steps */
  const char *refused;             /* why it was left out (LRT_DELEGATE_OPTIONAL), "" = it was not */
} lrt_delegation_info;

/* The interpreter's `delegate`-th delegate. NOT_FOUND for indices out of range and before allocate. */
LRT_API lrt_status lrt_interpreter_delegation(const lrt_interpreter *interpreter, int32_t subgraph,
                                              int32_t delegate, lrt_delegation_info *out);
/* Name, type and shape of an operand of a planned node. NOT_FOUND where it is left out or out of range. */
LRT_API lrt_status lrt_interpreter_step_operand(const lrt_interpreter *interpreter, int32_t subgraph,
                                                int32_t index, int is_output, int32_t operand,
                                                const char **name, lrt_tensor_view *out);

/* The same for any plan of an interpreter: that of a subgraph, and those that its control-flow steps hold. Belongs to the
 * interpreter; valid until the next allocate, invoke or resize. */
typedef struct lrt_steps lrt_steps;
/* NULL before allocate. */
LRT_API const lrt_steps *lrt_interpreter_steps(const lrt_interpreter *interpreter, int32_t subgraph);
/* 0 for NULL. */
LRT_API int32_t lrt_steps_count(const lrt_steps *steps);
LRT_API lrt_status lrt_steps_at(const lrt_steps *steps, int32_t index, lrt_step_info *out);
LRT_API lrt_status lrt_steps_operand(const lrt_steps *steps, int32_t index, int is_output, int32_t operand,
                                     const char **name, lrt_tensor_view *out);

/* A subgraph that a step of control flow runs. */
typedef struct lrt_branch_info {
  const char *role; /* "then", "else", "condition", "body", "first run" (CALL_ONCE), "case" */
  int32_t subgraph;
  const char *name; /* of the subgraph */
  const lrt_steps *steps;
} lrt_branch_info;

/* NOT_FOUND past the last one, and while it is not planned: a step whose operands have no shape yet plans on arrival. */
LRT_API lrt_status lrt_steps_branch(const lrt_steps *steps, int32_t index, int32_t branch,
                                    lrt_branch_info *out);

#ifdef __cplusplus
}
#endif
#endif
