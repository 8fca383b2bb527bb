/* cache_axis.c: finds the operator that writes a cache and reads the axis off its operands. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "llm/cache_axis.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

#define MAX_DEPTH 8 /* of composites in composites */

/* Tensor of a named input or output, -1 where there is none. */
static int32_t tensor_named(const lrt_model *model, int32_t signature, bool output, const char *wanted) {
  const char *name = NULL;
  int32_t tensor = -1;
  for (int32_t i = 0;; i++) {
    if ((output ? lrt_model_signature_output(model, signature, i, &name, &tensor)
                : lrt_model_signature_input(model, signature, i, &name, &tensor)) != LRT_OK)
      return -1;
    if (strcmp(name, wanted) == 0) return tensor;
  }
}

lrt_status lrt_llm_cache_info(const lrt_model *model, int32_t signature, const char *cache,
                              lrt_tensor_info *out) {
  lrt_signature_info info;
  LRT_TRY(lrt_model_signature(model, signature, &info));
  return lrt_model_tensor(model, info.subgraph, tensor_named(model, signature, false, cache), out);
}

/* Index of the node that computes a tensor as its output `slot`; -1 where none does. */
static int32_t find_producer(const lrt_model *model, int32_t subgraph, int32_t tensor, lrt_node_info *out,
                             int32_t *slot) {
  for (int32_t n = 0; lrt_model_node(model, subgraph, n, out) == LRT_OK; n++)
    for (*slot = 0; *slot < out->output_count; ++*slot)
      if (out->outputs[*slot] == tensor) return n;
  return -1;
}

/* The subgraph that a composite stands for; -1 for other nodes. */
static int32_t body_of(const lrt_model *model, int32_t subgraph, int32_t index, const lrt_node_info *node) {
  static const char field[] = "decomposition_subgraph_index=";
  char options[1024];
  if (strcmp(node->name, "STABLEHLO_COMPOSITE") != 0) return -1;
  if (lrt_model_node_options(model, subgraph, index, options, sizeof options) != LRT_OK) return -1;
  const char *found = strstr(options, field);
  return found != NULL ? (int32_t)strtol(found + sizeof field - 1, NULL, 10) : -1;
}

/* The dimension in which the update of a DYNAMIC_UPDATE_SLICE is as long as a pass, and shorter than the cache. */
static int32_t moving_axis(const lrt_model *model, int32_t subgraph, const lrt_node_info *node,
                           int32_t width) {
  lrt_tensor_info whole, part;
  int32_t axis = -1;
  if (lrt_model_tensor(model, subgraph, node->inputs[0], &whole) != LRT_OK ||
      lrt_model_tensor(model, subgraph, node->inputs[1], &part) != LRT_OK ||
      whole.shape.rank != part.shape.rank)
    return -1;
  for (int32_t i = 0; i < whole.shape.rank; i++) {
    if (whole.shape.dims[i] == part.shape.dims[i]) continue;
    if (axis >= 0 || part.shape.dims[i] != width) return -1;
    axis = i;
  }
  return axis;
}

/* Follows a tensor to the operator that makes it, into composites too. */
static int32_t trace(const lrt_model *model, int32_t subgraph, int32_t tensor, int32_t width, int depth) {
  lrt_node_info node;
  lrt_subgraph_info body;
  int32_t slot = 0;
  const int32_t index = find_producer(model, subgraph, tensor, &node, &slot);
  if (index < 0 || depth > MAX_DEPTH) return -1;
  if (strcmp(node.name, "DYNAMIC_UPDATE_SLICE") == 0 && node.input_count >= 2)
    return moving_axis(model, subgraph, &node, width);
  const int32_t inner = body_of(model, subgraph, index, &node);
  if (inner < 0 || lrt_model_subgraph(model, inner, &body) != LRT_OK || slot >= body.output_count) return -1;
  return trace(model, inner, body.outputs[slot], width, depth + 1);
}

static int32_t axis_in(const lrt_model *model, const lrt_llm_entry *entry, const char *cache) {
  const int32_t output = tensor_named(model, entry->signature, true, cache);
  return output < 0 ? -1 : trace(model, entry->subgraph, output, entry->width, 0);
}

static int32_t axis_by_length(const lrt_model *model, const lrt_llm_entry *entry, const char *cache,
                              int32_t context) {
  lrt_tensor_info info;
  int32_t axis = -1;
  const int32_t output = tensor_named(model, entry->signature, true, cache);
  if (context == 0 || lrt_model_tensor(model, entry->subgraph, output, &info) != LRT_OK) return -1;
  for (int32_t i = 0; i < info.shape.rank; i++) {
    if (info.shape.dims[i] != context) continue;
    if (axis >= 0) return -1;
    axis = i;
  }
  return axis;
}

int32_t lrt_llm_cache_axis(const lrt_model *model, const lrt_llm_entry *entries, int32_t count,
                           const char *cache, int32_t told, int32_t context) {
  for (int32_t i = 0; i < count; i++) {
    const int32_t axis = axis_in(model, &entries[i], cache);
    if (axis >= 0) return axis;
  }
  if (told >= 0 || count == 0) return told;
  return axis_by_length(model, &entries[0], cache, context);
}
