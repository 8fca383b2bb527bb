/* weights_identity.h: which model file a cache of packed weights belongs to, and which tensor an address. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_WEIGHTS_IDENTITY_H
#define LRT_WEIGHTS_IDENTITY_H

#include "base/source.h"
#include "graph/graph.h"

typedef struct lrt_weights_identity {
  uint64_t bytes, modified, inode; /* of the file */
  uint64_t structure;              /* fingerprint of tensors, quantization and operators */
  uint64_t samples;                /* and of pages spread over the model's bytes */
} lrt_weights_identity;

/* `file` is what was opened, `model` the bytes of the graph in it. INVALID_ARGUMENT where that is not a file. */
lrt_status lrt_weights_identify(lrt_source *file, lrt_source *model, const lrt_graph *graph,
                                lrt_weights_identity *out, lrt_error *err);

/* Addresses of all constants, sorted. */
typedef struct lrt_weights_tensors {
  struct lrt_weights_place *places;
  size_t count;
} lrt_weights_tensors;

lrt_status lrt_weights_tensors_list(const lrt_graph *graph, lrt_arena *arena, lrt_weights_tensors *out,
                                    lrt_error *err);
/* Subgraph * 2^32 + tensor of the first tensor whose contents begin there, -1 where none does. */
int64_t lrt_weights_tensor(const lrt_weights_tensors *tensors, const void *data);

#endif
