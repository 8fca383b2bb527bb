/* tflite_model.h: what reading a .tflite file leaves in memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TFLITE_MODEL_H
#define LRT_TFLITE_MODEL_H

#include "base/source.h"
#include "graph/graph.h"

/* A read model: the graph, and the sources its constants point into. Immutable. */
typedef struct lrt_tflite {
  lrt_graph graph;
  lrt_arena arena;
  lrt_source *source;
  lrt_source **external; /* [external_count] files of the 3d external buffers */
  int32_t external_count;
} lrt_tflite;

#endif
