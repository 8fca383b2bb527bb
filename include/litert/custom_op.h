/* custom_op.h: operators of your own: functions that the interpreter calls for nodes of a name. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_CUSTOM_OP_H
#define LITERT_CUSTOM_OP_H

#include "litert/status.h"
#include "litert/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One node of a model while one of your functions runs on it. Valid during that call only. */
typedef struct lrt_op_call lrt_op_call;

/* Number of this contract; goes into lrt_custom_op.abi, so that a library built for another one is refused. */
#define LRT_CUSTOM_OP_ABI 1

/* A custom operator. Life of a node in one interpreter:
 *
 *   init once → prepare, again when a shape changes (in each run where shapes depend on data) → eval in each run →
 *   free when the interpreter goes.
 *
 * Functions return LRT_OK or another status; lrt_op_call_fail gives it a sentence. An interpreter is used by one thread
 * at a time, but different interpreters call the functions at the same time, and the workers of one interpreter call
 * eval at the same time on different pieces of a node. So: what is common to all is `cookie` and should be constant;
 * what a node remembers is its `state`; what a piece needs is its scratch memory. */
typedef struct lrt_custom_op {
  int32_t abi;                      /* LRT_CUSTOM_OP_ABI */
  const char *name;                 /* as in the file; copied */
  int32_t version_min, version_max; /* of the node; 0, 0 = any */
  void *cookie;                     /* handed to init and free, and lrt_op_call_cookie */
  /* NULL = none. Makes the state of a node from its options (bytes of the file, valid as long as the model). Without init
   * the state is a NULL pointer. */
  lrt_status (*init)(void *cookie, const void *options, size_t option_bytes, void **state, lrt_error *err);
  void (*free)(void *cookie, void *state); /* NULL = none; called for each state that init made */
  /* Checks the operands and declares the shape of every output. */
  lrt_status (*prepare)(lrt_op_call *call);
  /* Computes pieces [begin, end) of the outputs; 0, 1 unless prepare has split the node. */
  lrt_status (*eval)(lrt_op_call *call, int64_t begin, int64_t end);
} lrt_custom_op;

/* ---- sets of operators ---- */

/* A set belongs to no model; models and interpreters that were given one keep a reference. It is filled first and used
 * afterwards. */
typedef struct lrt_op_set lrt_op_set;

/* An empty set. */
LRT_API lrt_status lrt_op_set_create(lrt_op_set **out, lrt_error *err);
/* One more reference; returns `set`. */
LRT_API lrt_op_set *lrt_op_set_retain(lrt_op_set *set);
/* Drops a reference; NULL is fine. */
LRT_API void lrt_op_set_destroy(lrt_op_set *set);
/* Copies the description. Of operators of one name that take a version the last one added counts, also before one that
 * the library has. Errors: INVALID_ARGUMENT, WRONG_STATE once the set is in use. */
LRT_API lrt_status lrt_op_set_add(lrt_op_set *set, const lrt_custom_op *op, lrt_error *err);
/* Opens a shared library and lets its function LRT_OP_LIBRARY_ENTRY, of type lrt_op_library_entry, add operators. It is
 * closed with the set. It runs with all rights of the process: load what you trust. Errors: NOT_FOUND, IO, and what the
 * library returns. */
LRT_API lrt_status lrt_op_set_load(lrt_op_set *set, const char *path, lrt_error *err);
#define LRT_OP_LIBRARY_ENTRY "litert_add_custom_ops"
typedef lrt_status (*lrt_op_library_entry)(lrt_op_set *set, lrt_error *err);

/* ---- called by prepare and eval ---- */

typedef struct lrt_op_tensor {
  const char *name;
  lrt_type type;
  lrt_shape shape;
  lrt_quant quant; /* kind NONE where unquantized */
  void *
      data; /* inputs must not be written. NULL in prepare unless the contents are known; may be NULL for 0 bytes */
  size_t bytes;    /* of data */
  int is_constant; /* an input that is part of the model */
} lrt_op_tensor;

/* Operands of the node, optional ones that are left out counted too. */
LRT_API int32_t lrt_op_call_input_count(const lrt_op_call *call);
LRT_API int32_t lrt_op_call_output_count(const lrt_op_call *call);
/* NOT_FOUND for indices out of range and for optional operands that are left out. */
LRT_API lrt_status lrt_op_call_input(const lrt_op_call *call, int32_t index, lrt_op_tensor *out);
LRT_API lrt_status lrt_op_call_output(const lrt_op_call *call, int32_t index, lrt_op_tensor *out);
/* Options of the node as in the file; NULL and 0 bytes where it has none. */
LRT_API const void *lrt_op_call_options(const lrt_op_call *call, size_t *bytes);
/* Version of the node's operator in the file. */
LRT_API int32_t lrt_op_call_version(const lrt_op_call *call);
/* As registered. */
LRT_API void *lrt_op_call_cookie(const lrt_op_call *call);
/* What init made for this node. */
LRT_API void *lrt_op_call_state(const lrt_op_call *call);
/* Sets the sentence of a failure, which begins with operator and node, and returns `status`. */
LRT_API lrt_status lrt_op_call_fail(lrt_op_call *call, lrt_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Only in prepare: LRT_OK when the contents of an input can be read now. Any other status must be returned by prepare,
 * which is then called again when they can. */
LRT_API lrt_status lrt_op_call_need(lrt_op_call *call, int32_t input);
/* In prepare: declares the shape of an output. In eval, for outputs declared late: gives shape and memory; `bytes` is
 * read for strings only. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY, OVER_BUDGET. */
LRT_API lrt_status lrt_op_call_set_shape(lrt_op_call *call, int32_t output, const lrt_shape *shape,
                                         size_t bytes);
/* Only in prepare: the shape of this output is known when eval has run; the node cannot be split. */
LRT_API lrt_status lrt_op_call_declare_late(lrt_op_call *call, int32_t output);
/* Only in prepare: the node is `pieces` (>= 0) pieces of work that may be done in any order by several threads, each of
 * which gets `scratch` bytes. */
LRT_API lrt_status lrt_op_call_split(lrt_op_call *call, int64_t pieces, size_t scratch);
/* Only in prepare: working memory of the node while it runs, shared by all its pieces; *index is what
 * lrt_op_call_memory takes. */
LRT_API lrt_status lrt_op_call_temporary(lrt_op_call *call, size_t bytes, int32_t *index);
/* In eval. NULL where there is none. */
LRT_API void *lrt_op_call_memory(const lrt_op_call *call, int32_t index);
LRT_API void *lrt_op_call_scratch(const lrt_op_call *call);

#ifdef __cplusplus
}
#endif
#endif
