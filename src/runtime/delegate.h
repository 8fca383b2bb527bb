/* delegate.h: the contract between the runtime and hosts of delegates: claim nodes, prepare and run groups of them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_DELEGATE_H
#define LRT_DELEGATE_H

#include <stdatomic.h>

#include "litert/delegate.h"
#include "runtime/runtime.h"

typedef struct lrt_partition lrt_partition;

/* Claimed nodes that run as one: no path leads from one of them over a node outside back to another. */
typedef struct lrt_group {
  int32_t delegate; /* position in the interpreter's list */
  int32_t index;    /* number of the node that stands for it: those of the file come first */
  int32_t node_count;
  const int32_t *nodes; /* file indices, in an order of execution */
  lrt_node node;        /* inputs: tensors read and not made inside, constants too; outputs: read outside */
  lrt_partition *partition;
  void *kernel; /* the host's */
  struct lrt_group *next;
} lrt_group;

/* What a host implements. Functions return LRT_OK or an error with a sentence; they are called by one thread at a time
 * for one partition, for different ones concurrently. */
typedef struct lrt_delegate_class {
  /* Looks at a subgraph and claims nodes with lrt_partition_group. *session is the host's own and goes to `close`, also
   * after a failure. */
  lrt_status (*claim)(lrt_delegate *delegate, lrt_partition *partition, void **session, lrt_error *err);
  /* Like an operator's prepare: declares the shapes of the outputs. Called again for other shapes where `reusable`. */
  lrt_status (*prepare)(void *session, lrt_group *group, lrt_prepare *p);
  /* Runs a group once, on one thread. */
  lrt_status (*eval)(void *session, const lrt_group *group, lrt_value *const *inputs,
                     lrt_value *const *outputs, lrt_error *err);
  /* Frees the session and the kernels of its groups. */
  void (*close)(lrt_delegate *delegate, void *session);
  /* Frees the delegate. */
  void (*destroy)(lrt_delegate *delegate);
} lrt_delegate_class;

/* Head of every delegate; hosts embed it as their first member. */
struct lrt_delegate {
  const lrt_delegate_class *type;
  atomic_int references; /* begins with 1 */
  const char *name;      /* never NULL */
  lrt_delegate_limits limits;
  bool reusable; /* kernels may be prepared again for other shapes; else the delegate claims anew */
};

/* Why a node is in no group. */
typedef enum lrt_left {
  LRT_LEFT_UNCLAIMED = 0, /* no delegate wants it */
  LRT_LEFT_SMALL,         /* its group has fewer nodes than min_nodes */
  LRT_LEFT_BEYOND,        /* larger groups have used up max_groups */
  LRT_LEFT_SPARSE         /* reads a sparse constant, whose bytes are not those of its shape */
} lrt_left;

/* A step of a partitioned subgraph: a node of the file, or a group. */
typedef struct lrt_unit {
  int32_t node; /* file index, -1 = a group */
  lrt_group *group;
} lrt_unit;

/* A subgraph as delegates see it, and what they made of it. */
struct lrt_partition {
  lrt_runtime *runtime;
  const lrt_subgraph *subgraph;
  int32_t subgraph_index;
  lrt_arena arena;
  lrt_shape
      *shapes; /* [tensors]: shapes for the inputs at hand; where unknown before a run, those of the file */
  bool *known; /* [tensors]: the shape was found by preparing the operators */
  uint32_t version; /* changes with the shapes */
  lrt_unit *units;  /* in the order of execution */
  int32_t unit_count;
  lrt_group *groups, **last_group;
  int32_t group_count;
  uint8_t *left;   /* [nodes]: lrt_left of nodes in no group */
  void **sessions; /* [runtime->delegate_count], NULL where a delegate is refused */
  int32_t asking;  /* the delegate whose claim is running */
  bool reusable;
  lrt_partition *next; /* idle ones of a runtime */
};

/* Groups the given nodes (file indices; those already claimed and duplicates are an INVALID_ARGUMENT). `commit`: they
 * become units of the subgraph, within the delegate's limits; else it is only told what would come of it, limits aside.
 * *first is a list of the new groups, NULL where there is none; they live as long as the partition. */
lrt_status lrt_partition_group(lrt_partition *partition, const int32_t *nodes, int32_t count, bool commit,
                               lrt_group **first, lrt_error *err);

/* The partition of a subgraph for these shapes of its inputs (NULL = the file's): an idle one, or a new one on which all
 * delegates are asked in order. */
lrt_status lrt_partition_take(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *shapes,
                              lrt_partition **out, lrt_error *err);
/* Gives it back: kept for the next plan of the subgraph where all delegates allow it. NULL is fine. */
void lrt_partition_release(lrt_partition *partition);
/* Frees the idle partitions of a runtime. */
void lrt_partition_clear(lrt_runtime *runtime);
/* Shapes of all tensors of a subgraph, found by preparing its operators without delegates (plan_survey.c). */
lrt_status lrt_plan_survey(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *input_shapes,
                           lrt_shape *shapes, bool *known, lrt_error *err);

/* The operator behind a group's node in a plan. */
extern const lrt_op lrt_group_op;

#endif
