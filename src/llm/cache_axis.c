/* cache_axis.c: finds the operator that writes a cache and reads the axis off its operands. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "llm/cache_axis.h"

#include <string.h>

#include "base/fail.h"

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

/* Node that computes a tensor; false where none does. */
static bool find_producer(const lrt_model *model, int32_t subgraph, int32_t tensor, lrt_node_info *out) {
  for (int32_t n = 0; lrt_model_node(model, subgraph, n, out) == LRT_OK; n++)
    for (int32_t i = 0; i < out->output_count; i++)
      if (out->outputs[i] == tensor) return true;
  return false;
}

static int32_t axis_in(const lrt_model *model, const lrt_llm_entry *entry, const char *cache) {
  lrt_node_info node;
  lrt_tensor_info whole, part;
  int32_t axis = -1;
  const int32_t output = tensor_named(model, entry->signature, true, cache);
  if (output < 0 || !find_producer(model, entry->subgraph, output, &node)) return -1;
  if (strcmp(node.name, "DYNAMIC_UPDATE_SLICE") != 0 || node.input_count < 2) return -1;
  if (lrt_model_tensor(model, entry->subgraph, node.inputs[0], &whole) != LRT_OK ||
      lrt_model_tensor(model, entry->subgraph, node.inputs[1], &part) != LRT_OK ||
      whole.shape.rank != part.shape.rank)
    return -1;
  for (int32_t i = 0; i < whole.shape.rank; i++) {
    if (whole.shape.dims[i] == part.shape.dims[i]) continue;
    if (axis >= 0 || part.shape.dims[i] != entry->width) return -1;
    axis = i;
  }
  return axis;
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
                           const char *cache, int32_t context) {
  for (int32_t i = 0; i < count; i++) {
    const int32_t axis = axis_in(model, &entries[i], cache);
    if (axis >= 0) return axis;
  }
  return count > 0 ? axis_by_length(model, &entries[0], cache, context) : -1;
}
