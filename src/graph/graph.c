/* graph.c: look-ups in the file graph. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph.h"

#include <string.h>

const lrt_signature *lrt_graph_signature(const lrt_graph *graph, const char *key) {
  if (key == NULL) return graph->signature_count == 1 ? &graph->signatures[0] : NULL;
  for (int32_t i = 0; i < graph->signature_count; i++)
    if (strcmp(graph->signatures[i].key, key) == 0) return &graph->signatures[i];
  return NULL;
}

const char *lrt_node_name(const lrt_node *node) {
  if (node->code == LRT_OP_CUSTOM) return node->custom_name;
  const lrt_op_info *info = lrt_op_info_of(node->code);
  return info != NULL ? info->name : "unknown";
}
