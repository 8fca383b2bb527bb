/* control_edges.h: control dependencies between nodes, as the file's metadata names them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CONTROL_EDGES_H
#define LRT_CONTROL_EDGES_H

#include "graph/graph.h"

#define LRT_CONTROL_EDGES_NAME "model_control_dependencies"

/* Verifies the entry's bytes and gives the subgraphs (whose nodes are read) their edges, and an order of execution where
 * that of the file does not keep them. Bytes of another version are left alone. INVALID_MODEL: cut or too long, a list
 * too many or too few, no such node, a circle. */
lrt_status lrt_control_edges_read(const void *data, uint64_t bytes, lrt_subgraph *subgraphs, int32_t count,
                                  lrt_arena *arena, lrt_error *err);

#endif
