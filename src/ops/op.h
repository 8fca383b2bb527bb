/* op.h: what an operator is: a prepare function that checks its operands, says what it produces and emits steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OP_H
#define LRT_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/deadline.h"
#include "base/fail.h"
#include "graph/graph.h"
#include "ops/resources.h"
#include "ops/weights.h"
#include "opset/shape.h"

/* Numerics of a plan: `ref` = the scalar reference kernels, `fast` = the best kernel of this CPU. */
typedef enum lrt_op_mode { LRT_OP_REF = 0, LRT_OP_FAST } lrt_op_mode;

/* Internal status of prepare: "I need the contents of an input that are not there yet". The planner then prepares
 * the node again at run time, when they are. Never leaves the runtime. */
#define LRT_DEFER ((lrt_status)100)

/* A tensor as operators see it. */
typedef struct lrt_value {
  lrt_type type;
  lrt_shape shape;
  const lrt_quant *quant; /* never NULL; kind NONE where unquantized */
  const struct lrt_value
      *block_scales;            /* blockwise and multi-axis quantization: value of the scales tensor */
  const lrt_sparsity *sparsity; /* NULL = dense */
  void *data;       /* in step functions: always set (may be NULL for 0 bytes); in prepare: if `readable` */
  size_t bytes;     /* of data */
  bool readable;    /* prepare may read data */
  bool constant;    /* data is in the model and never changes */
  bool variable;    /* keeps its contents between invokes */
  bool shaped;      /* shape is known */
  bool growable;    /* memory comes from lrt_value_reserve at run time */
  int32_t tensor;   /* index in the file's subgraph, -1 for values made by the planner */
  const char *name; /* never NULL */
  size_t capacity;  /* growable: bytes that data has room for */
  lrt_alloc *alloc; /* growable: where the memory comes from */
} lrt_value;

typedef struct lrt_step lrt_step;

/* What a step function gets beside the step: who it is and where to put an error. */
typedef struct lrt_step_run {
  int worker; /* 0 … workers - 1 */
  int workers;
  lrt_error *err; /* the worker's own */
  const lrt_deadline *deadline;
} lrt_step_run;

/* To be called now and then (LRT_TRY) by step functions whose unit takes more than some passes over its operands:
 * time limits and cancellation reach into them. */
static inline lrt_status lrt_step_check(const lrt_step_run *run) {
  return lrt_deadline_check(run->deadline, run->err);
}

/* Does units [begin, end) of the step. Different workers get disjoint ranges at the same time; a step of one unit is
 * run by worker 0 alone. Every step starts when the one before has ended on all workers. */
typedef lrt_status (*lrt_step_fn)(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end);

/* Results [begin, end), counted in elements of output 0, from the same elements of the inputs of its shape (others may be
 * broadcast) and of nothing else. One of them may stand in the output's memory. */
typedef lrt_status (*lrt_step_elements_fn)(const lrt_step *step, const lrt_step_run *run, int64_t begin,
                                           int64_t end);

struct lrt_step {
  lrt_step_fn fn;
  const void *params;       /* from lrt_prepare_params: belongs to the operator */
  lrt_value *const *inputs; /* the node's operands; NULL where an optional one is left out */
  lrt_value *const *outputs;
  int64_t units;        /* >= 1 pieces that may run in any order */
  const char *kernel;   /* shown by `litert explain`: "gemm_f32_6x16__avx2" */
  void *worker_scratch; /* [workers][worker_scratch_bytes], aligned to 64 bytes, or NULL */
  size_t worker_scratch_bytes;
  struct lrt_step *next;         /* in emission order */
  lrt_step_elements_fn elements; /* element-wise steps: what fn does for a range; else NULL */
  bool leads;                    /* fn calls lrt_step_made for every range of output 0 that it has finished */
  /* Set by the planner: an element-wise step of another node that is done to each range as soon as it is made. */
  const struct lrt_step *follower;
};

/* Elements [begin, end) of output 0 are made: does to them what follows. */
static inline lrt_status lrt_step_made(const lrt_step *step, const lrt_step_run *run, int64_t begin,
                                       int64_t end) {
  for (const lrt_step *f = step->follower; f != NULL; f = f->follower) {
    const lrt_status status = f->elements(f, run, begin, end);
    if (status != LRT_OK) return status;
  }
  return LRT_OK;
}
/* Elements [begin, end) of an element-wise step that leads, in pieces that stay in the cache for what follows. */
lrt_status lrt_step_do_elements(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end);

/* This worker's part of the step's scratch. */
static inline void *lrt_step_scratch(const lrt_step *step, const lrt_step_run *run) {
  return (char *)step->worker_scratch + (size_t)run->worker * step->worker_scratch_bytes;
}

/* The context of one prepare call. Operators read the upper part and call the functions below. */
typedef struct lrt_prepare {
  const lrt_node *node;      /* code, version, options (cast to lrt_<table>_options), custom options */
  int32_t node_index;        /* in the file's subgraph */
  lrt_value **inputs;        /* [node->input_count], NULL = left out */
  lrt_value **outputs;       /* [node->output_count] */
  lrt_value **intermediates; /* [node->intermediate_count] */
  lrt_op_mode mode;
  int workers;  /* threads that may run the steps */
  bool running; /* prepared at run time: every input is readable */
  const int32_t
      *pads; /* [4] convolutions: top, bottom, left, right, beside what the options ask for; never NULL */
  bool weights_only;    /* fused DEQUANTIZE: quantized weights are widened, activations stay float */
  bool squares;         /* fused square: MEAN and SUM are over the squares of operand 0 */
  lrt_weights *weights; /* packed weights shared by all interpreters of the model */
  lrt_resources *resources;
  const lrt_graph *graph;            /* the whole model: computations that an operator names by subgraph */
  struct lrt_custom_states *customs; /* registered operators (op_set.h) */
  const lrt_node *origin;            /* the node as it stands in the file */
  lrt_error *err;

  /* Filled by the functions below, read by the planner. */
  bool identity;    /* output 0 is input 0, byte by byte: the planner may drop the steps */
  lrt_arena *arena; /* lives as long as the steps */
  lrt_step *first, *last;
  struct lrt_temp *temps;
} lrt_prepare;

typedef struct lrt_op {
  lrt_status (*prepare)(lrt_prepare *p);
  /* Output 0 is input 0's memory seen through another shape: the planner shares it and drops the steps (which copy)
   * wherever it can. */
  bool alias;
  /* Bit i: output 0 may be written over input i (same type and size) while the step runs. */
  uint32_t in_place;
  /* Not folded at plan time and never removed: random numbers, variables, tables. */
  bool side_effects;
} lrt_op;

/* The operator that implements a node, NULL where there is none (unknown custom operator, schema-only code). */
const lrt_op *lrt_op_of(const lrt_node *node);
/* Names of the registered custom operators, in order; NULL past the end. */
const char *lrt_op_custom_name(int index);

/* ---- called by prepare functions ---- */

/* Fails (INVALID_MODEL, naming operator and node) unless the node has that many operands; max -1 = any number. None of
 * the first min_inputs inputs and of the outputs may be left out. */
lrt_status lrt_prepare_arity(lrt_prepare *p, int min_inputs, int max_inputs, int outputs);
/* Fails (UNSUPPORTED) unless the operand's type is one of `types` (ends with -1); index counts inputs. */
lrt_status lrt_prepare_types(lrt_prepare *p, int input, const int *types);
/* Fails with one sentence "OPERATOR (node 3): …". */
lrt_status lrt_prepare_fail(lrt_prepare *p, lrt_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* LRT_OK when the contents of input i may be read now, else LRT_DEFER; forward it with LRT_TRY. */
lrt_status lrt_prepare_need(lrt_prepare *p, int input);
/* int32 or int64 contents of an input as int64, at most `max` of them; *count = number. Defers like lrt_prepare_need. */
lrt_status lrt_prepare_integers(lrt_prepare *p, int input, int64_t *out, int max, int *count);
/* Declares the shape of an output; the type is the file's. Fails when the byte size overflows. */
lrt_status lrt_prepare_shape(lrt_prepare *p, int output, const lrt_shape *shape);
/* The output's memory is made by a step with lrt_value_reserve (strings, results of unknown size). Its shape is
 * declared by the step as well. */
void lrt_prepare_grows(lrt_prepare *p, int output);
/* The contents of an output are known now (SHAPE, RANK): returns its `bytes` to write them to; emit no step. NULL when
 * refused. Call after lrt_prepare_shape. */
void *lrt_prepare_contents(lrt_prepare *p, int output);
/* Zeroed memory that lives as long as the steps; NULL when refused (return lrt_prepare_no_memory). */
void *lrt_prepare_params(lrt_prepare *p, size_t bytes);
lrt_status lrt_prepare_no_memory(lrt_prepare *p);
/* Working memory of this node: valid while its steps run, shared by all workers. NULL when refused. */
lrt_value *lrt_prepare_temp(lrt_prepare *p, size_t bytes);
/* Appends a step that runs after those emitted before. `units` < 1 counts as a step with nothing to do.
 * `worker_scratch` bytes are given to each worker. */
lrt_status lrt_prepare_step(lrt_prepare *p, lrt_step_fn fn, const void *params, int64_t units,
                            size_t worker_scratch, const char *kernel);
/* The step appended last works element by element, and others may follow it. */
void lrt_prepare_elements(lrt_prepare *p, lrt_step_elements_fn elements);
/* The function of the step appended last calls lrt_step_made. */
void lrt_prepare_leads(lrt_prepare *p);
/* Appends a step that copies input i to output o byte by byte (after the shapes are declared). */
lrt_status lrt_prepare_copy(lrt_prepare *p, int input, int output);

/* Quantization checks used by many operators: per tensor affine with a positive scale. */
bool lrt_value_is_quantized(const lrt_value *value);
/* Scale and zero point of a per-tensor quantized value; 1 and 0 where unquantized. */
float lrt_value_scale(const lrt_value *value);
int32_t lrt_value_zero_point(const lrt_value *value);
/* A number that differs where scales, zero points or their places do: for keys of packed weights. */
int64_t lrt_value_quant_mark(const lrt_value *value);
/* Fails (INVALID_MODEL) unless both have the same element type. */
lrt_status lrt_prepare_same_type(lrt_prepare *p, const lrt_value *a, const lrt_value *b);
/* Fails unless input/output `value` carries one positive affine scale and a zero point within its type (0 for int32). */
lrt_status lrt_prepare_quantized(lrt_prepare *p, const lrt_value *value);

/* ---- called by step functions ---- */

/* Makes room for `bytes` in a growable output; worker 0 of a one-unit step only. Sets bytes and data. */
lrt_status lrt_value_reserve(lrt_value *value, size_t bytes, lrt_error *err);

#endif
