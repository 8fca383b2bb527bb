/* tflite_host.h: a subgraph in the structs of TFLite: tensors for clients, a whole TfLiteContext for delegates. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TFLITE_HOST_H
#define LRT_TFLITE_HOST_H

#include "runtime/delegate.h"
#include "tflite/core/c/common.h"

/* A shape in the layout of TfLiteIntArray, with room for every rank. */
typedef struct tfl_dims {
  int size;
  int data[LRT_MAX_RANK];
} tfl_dims;

/* What the host keeps about a tensor beside the struct that the delegate sees. */
typedef struct tfl_tensor_extra {
  tfl_dims *dims;
  void *block;   /* memory of a temporary, of the interpreter's account */
  void *foreign; /* contents of a dynamic tensor that a kernel makes: of malloc */
  bool resized;  /* by the kernel that is being prepared */
} tfl_tensor_extra;

typedef struct tfl_node {
  TfLiteNode node;
  TfLiteRegistration registration;
  TfLiteDelegateParams params;
  const lrt_group *group; /* NULL = a node of the file */
  bool made;              /* init has run */
} tfl_node;

typedef struct tfl_scratch {
  void *block;
  const tfl_node *owner;
} tfl_scratch;

typedef enum tfl_phase { TFL_IDLE = 0, TFL_CLAIM, TFL_PREPARE, TFL_EVAL } tfl_phase;

typedef struct tfl_session {
  TfLiteContext context; /* first: context->impl_ and &context are the session */
  const lrt_graph *graph;
  const lrt_subgraph *subgraph;
  TfLiteDelegate *plugin; /* NULL without a delegate, like the next two */
  const char *name;       /* of the delegate */
  lrt_partition *partition;
  lrt_alloc *alloc;
  lrt_arena arena;
  tfl_tensor_extra *extras;       /* [tensor_capacity] */
  TfLiteEvalTensor *eval_tensors; /* [tensor_capacity] */
  int32_t tensor_capacity;
  tfl_node **nodes; /* [node_count] those of the file, then groups */
  int32_t node_count, node_capacity;
  TfLiteIntArray *plan; /* of `plan_groups` groups */
  int32_t plan_groups;
  TfLiteDelegateParams *preview;
  tfl_scratch *scratch;
  int32_t scratch_count;
  TfLiteExternalContext *external[kTfLiteMaxExternalContexts];
  tfl_node *current; /* the node that is made, prepared or run */
  tfl_phase phase;
  bool runs_nodes;   /* kernels of single nodes of the file, not of groups: operators of an application */
  uint32_t version;  /* of the partition's shapes that the tensors show */
  char message[400]; /* last report, "" = none */
} tfl_session;

/* A session over a partition, filled; *session is set as soon as there is something to close. plugin may be NULL. */
lrt_status lrt_tfl_session_open(lrt_partition *partition, TfLiteDelegate *plugin, const char *name,
                                void **session, lrt_error *err);
/* How kernels of sessions are prepared, run and freed; see lrt_delegate_class. */
lrt_status lrt_tfl_session_prepare(void *session, lrt_group *group, lrt_prepare *p);
lrt_status lrt_tfl_session_eval(void *session, const lrt_group *group, lrt_value *const *inputs,
                                lrt_value *const *outputs, lrt_error *err);
void lrt_tfl_session_close(lrt_delegate *delegate, void *session);
/* Fills the tensors of a new session, whose alloc, arena, graph and subgraph are set, as the file has them. */
lrt_status lrt_tfl_session_fill_tensors(tfl_session *s, lrt_error *err);
/* The same over a partition, with nodes and functions. */
lrt_status lrt_tfl_session_fill(tfl_session *s, lrt_error *err);
/* Gives all tensors that the model does not hold the shapes that the partition knows now. */
void lrt_tfl_session_show_shapes(tfl_session *s);
/* Frees kernels, temporaries and lists; the session itself stays. */
void lrt_tfl_session_clear(tfl_session *s);
/* Sets the functions of a session's context (tflite_callbacks.c). */
void lrt_tfl_set_functions(TfLiteContext *context);
/* Shape and bytes of a tensor. */
TfLiteStatus lrt_tfl_show_shape(tfl_session *s, int32_t tensor, int rank, const int *dims);
/* The same, and a dynamic tensor gets memory for them. */
TfLiteStatus lrt_tfl_set_shape(tfl_session *s, int32_t tensor, int rank, const int *dims);
/* Room for `more` tensors behind those there are. */
bool lrt_tfl_grow_tensors(tfl_session *s, int32_t more);
/* A node for a group; its kernel is not made yet. NULL when refused. */
tfl_node *lrt_tfl_add_group(tfl_session *s, const lrt_group *group);
/* Keeps a sentence of the host's own as the last report. */
void lrt_tfl_report(tfl_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The error of a failed call: what the plug-in reported, else its number. */
lrt_status lrt_tfl_fail(const tfl_session *s, TfLiteStatus status, lrt_status code, lrt_error *err);
/* Gives back the scratch memory of a node. */
void lrt_tfl_drop_scratch(tfl_session *s, const tfl_node *owner);

static inline tfl_session *tfl_session_of(const TfLiteContext *context) {
  return (tfl_session *)context->impl_;
}

#endif
