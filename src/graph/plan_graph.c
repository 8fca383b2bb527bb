/* plan_graph.c: copies a subgraph for planning and replaces composites by decompositions or operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/plan_graph.h"

#include <string.h>

#include "base/fail.h"

/* A file may nest decompositions and share them: both the depth and the total are bounded. */
#define MAX_DEPTH 32
#define MAX_NODES (1 << 20)
#define MAX_COMPOSITES (1 << 16)
#define MAX_TENSORS (1 << 24)

typedef struct inlining {
  lrt_plan_graph *plan;
  bool by_name;
  int32_t composites; /* inlined so far: a body of nothing but composites adds no nodes */
  const lrt_deadline *deadline;
  lrt_error *err;
} inlining;

static lrt_status no_memory(const inlining *in) {
  return lrt_alloc_fail(in->err, in->plan->arena.alloc, 0, "the plan graph");
}

/* Makes room for `more` elements at the end of a growing array inside the arena. */
static void *grown(lrt_arena *arena, void *array, int32_t count, int32_t *capacity, int32_t more,
                   size_t size) {
  if (count + more <= *capacity) return array;
  int32_t wanted = *capacity * 2 > count + more ? *capacity * 2 : count + more;
  void *bigger = lrt_arena_array(arena, (size_t)wanted, size);
  if (bigger == NULL) return NULL;
  if (count > 0) memcpy(bigger, array, (size_t)count * size);
  *capacity = wanted;
  return bigger;
}

/* Appends the tensors of a subgraph; map[i] becomes the value of its tensor i unless it is already >= 0. */
static lrt_status add_tensors(inlining *in, int32_t subgraph_index, int32_t *map) {
  lrt_plan_graph *plan = in->plan;
  const lrt_subgraph *subgraph = &plan->graph->subgraphs[subgraph_index];
  plan->tensors = grown(&plan->arena, plan->tensors, plan->tensor_count, &plan->tensor_capacity,
                        subgraph->tensor_count, sizeof *plan->tensors);
  if (plan->tensors == NULL && subgraph->tensor_count > 0) return no_memory(in);
  for (int32_t i = 0; i < subgraph->tensor_count; i++) {
    if (map[i] >= 0) continue;
    map[i] = plan->tensor_count;
    plan->tensors[plan->tensor_count++] = (lrt_plan_tensor){&subgraph->tensors[i], subgraph_index, i, -1};
  }
  for (int32_t i = 0; i < subgraph->tensor_count; i++) {
    const lrt_quant *quant = &subgraph->tensors[i].quant;
    lrt_plan_tensor *value = &plan->tensors[map[i]];
    const bool blocks = quant->kind == LRT_QUANT_BLOCKWISE || quant->kind == LRT_QUANT_MULTI_AXIS;
    if (blocks && value->tensor == &subgraph->tensors[i]) value->scales = map[quant->scales_tensor];
  }
  return LRT_OK;
}

static int32_t *mapped(inlining *in, const int32_t *operands, int32_t count, const int32_t *map) {
  int32_t *out = lrt_arena_array(&in->plan->arena, (size_t)count, sizeof *out);
  if (out == NULL) return NULL;
  for (int32_t i = 0; i < count; i++) out[i] = operands[i] < 0 ? -1 : map[operands[i]];
  return out;
}

static lrt_status add_node(inlining *in, const lrt_node *node, const int32_t *map, int32_t file_index,
                           const char *within) {
  lrt_plan_graph *plan = in->plan;
  if (plan->node_count >= MAX_NODES)
    return lrt_fail(in->err, LRT_INVALID_MODEL,
                    "subgraph %d grows beyond %d nodes when its composites are inlined", plan->subgraph_index,
                    MAX_NODES);
  plan->nodes =
      grown(&plan->arena, plan->nodes, plan->node_count, &plan->node_capacity, 1, sizeof *plan->nodes);
  if (plan->nodes == NULL) return no_memory(in);
  lrt_plan_node *copy = &plan->nodes[plan->node_count];
  memset(copy, 0, sizeof *copy);
  copy->node = *node;
  copy->file_index = file_index;
  copy->within = within;
  copy->origin = node;
  copy->inputs = mapped(in, node->inputs, node->input_count, map);
  copy->node.inputs = copy->inputs;
  copy->node.outputs = mapped(in, node->outputs, node->output_count, map);
  copy->node.intermediates = mapped(in, node->intermediates, node->intermediate_count, map);
  if (copy->inputs == NULL || copy->node.outputs == NULL || copy->node.intermediates == NULL)
    return no_memory(in);
  plan->node_count++;
  return LRT_OK;
}

static lrt_status add_nodes(inlining *in, int32_t subgraph, const int32_t *map, int32_t file_index,
                            const char *within, int depth);

/* Replaces a composite node by its decomposition: inputs and outputs become the node's operands. */
static lrt_status inline_composite(inlining *in, const lrt_node *node, const int32_t *outer,
                                   int32_t file_index, int depth) {
  lrt_plan_graph *plan = in->plan;
  const lrt_stablehlo_composite_options *options = node->options;
  const char *name = options->name != NULL ? options->name : "composite";
  const int32_t index = options->decomposition_subgraph_index;
  if (index < 0 || index >= plan->graph->subgraph_count)
    return lrt_fail(in->err, LRT_INVALID_MODEL,
                    "composite %s (node %d) names subgraph %d, which does not exist", name, file_index,
                    index);
  const lrt_subgraph *body = &plan->graph->subgraphs[index];
  if (body->input_count != node->input_count || body->output_count != node->output_count)
    return lrt_fail(in->err, LRT_INVALID_MODEL,
                    "composite %s (node %d) has %d inputs and %d outputs, subgraph %d has "
                    "%d and %d",
                    name, file_index, node->input_count, node->output_count, index, body->input_count,
                    body->output_count);
  if (depth >= MAX_DEPTH)
    return lrt_fail(in->err, LRT_INVALID_MODEL, "composite %s (node %d) is nested too deeply", name,
                    file_index);
  LRT_TRY(lrt_deadline_check(in->deadline, in->err));
  if (++in->composites > MAX_COMPOSITES || body->tensor_count > MAX_TENSORS - plan->tensor_count)
    return lrt_fail(in->err, LRT_INVALID_MODEL,
                    "composite %s (node %d): inlining composites makes subgraph %d too "
                    "large",
                    name, file_index, plan->subgraph_index);
  int32_t *map = lrt_arena_array(&plan->arena, (size_t)body->tensor_count, sizeof *map);
  if (map == NULL) return no_memory(in);
  for (int32_t i = 0; i < body->tensor_count; i++) map[i] = -1;
  for (int32_t i = 0; i < body->output_count; i++)
    if (node->outputs[i] >= 0) map[body->outputs[i]] = outer[node->outputs[i]];
  for (int32_t i = 0; i < body->input_count; i++) {
    if (map[body->inputs[i]] >= 0 || node->inputs[i] < 0)
      return lrt_fail(in->err, LRT_INVALID_MODEL,
                      "composite %s (node %d): input %d of subgraph %d is also an output "
                      "or left out",
                      name, file_index, i, index);
    map[body->inputs[i]] = outer[node->inputs[i]];
  }
  LRT_TRY(add_tensors(in, index, map));
  return add_nodes(in, index, map, file_index, name, depth + 1);
}

/* Whether a key's text stands in the attributes. */
static bool has_word(const uint8_t *bytes, size_t size, const char *word) {
  const size_t length = strlen(word);
  for (size_t i = 0; i + length <= size; i++)
    if (memcmp(bytes + i, word, length) == 0) return true;
  return false;
}

/* Attention as `odml.scaled_dot_product_attention` computes it: queries, keys, values and mask of four dimensions. Files
 * whose decomposition is wrong are in the field (a key transposed by a reshape): nobody who knows the name runs it. */
static bool is_attention(const lrt_plan_graph *plan, const lrt_node *node, const int32_t *map) {
  const lrt_stablehlo_composite_options *options = node->options;
  if (options->name == NULL || strcmp(options->name, "odml.scaled_dot_product_attention") != 0) return false;
  if (has_word(options->composite_attributes.data, options->composite_attributes.count, "logit_cap"))
    return false;
  if (node->input_count != 4 || node->output_count != 1 || node->outputs[0] < 0) return false;
  const lrt_shape *shapes[4];
  for (int i = 0; i < 4; i++) {
    if (node->inputs[i] < 0) return false;
    const lrt_tensor *tensor = plan->tensors[map[node->inputs[i]]].tensor;
    if (tensor->type != LRT_FLOAT32 || tensor->shape.rank != 4) return false;
    shapes[i] = &tensor->shape;
  }
  const int32_t groups = shapes[1]->dims[2];
  const int32_t full[4] = {shapes[0]->dims[0], shapes[0]->dims[2], shapes[0]->dims[1], shapes[1]->dims[1]};
  for (int d = 0; d < 4; d++)
    if (shapes[3]->dims[d] != 1 && shapes[3]->dims[d] != full[d]) return false;
  return shapes[0]->dims[3] == shapes[1]->dims[3] && groups > 0 && shapes[2]->dims[2] == groups &&
         shapes[0]->dims[2] % groups == 0 && shapes[1]->dims[1] == shapes[2]->dims[1];
}

static lrt_status add_by_name(inlining *in, const lrt_node *node, const int32_t *map, int32_t file_index,
                              const char *within) {
  const lrt_stablehlo_composite_options *options = node->options;
  lrt_node *named = lrt_arena_get(&in->plan->arena, sizeof *named);
  if (named == NULL) return no_memory(in);
  *named = *node;
  named->code = LRT_OP_CUSTOM;
  named->version = 1;
  named->custom_name = options->name;
  named->options = NULL;
  named->custom_options = options->composite_attributes.data;
  named->custom_options_size = options->composite_attributes.count;
  return add_node(in, named, map, file_index, within);
}

static lrt_status add_or_inline(inlining *in, const lrt_node *node, const int32_t *map, int32_t file_index,
                                const char *within, int depth) {
  if (node->code != LRT_OP_STABLEHLO_COMPOSITE) return add_node(in, node, map, file_index, within);
  return in->by_name && is_attention(in->plan, node, map)
             ? add_by_name(in, node, map, file_index, within)
             : inline_composite(in, node, map, file_index, depth);
}

static lrt_status add_nodes(inlining *in, int32_t subgraph, const int32_t *map, int32_t file_index,
                            const char *within, int depth) {
  const lrt_subgraph *from = &in->plan->graph->subgraphs[subgraph];
  for (int32_t k = 0; k < from->node_count; k++) {
    const int32_t i = from->order != NULL ? from->order[k] : k;
    LRT_TRY(add_or_inline(in, &from->nodes[i], map, within == NULL ? i : file_index, within, depth));
  }
  return LRT_OK;
}

static lrt_status add_items(inlining *in, const lrt_plan_item *items, int32_t count, const int32_t *map) {
  lrt_plan_graph *plan = in->plan;
  if (items == NULL) return add_nodes(in, plan->subgraph_index, map, -1, NULL, 0);
  for (int32_t i = 0; i < count; i++) {
    if (items[i].group == NULL) {
      LRT_TRY(add_or_inline(in, &plan->subgraph->nodes[items[i].index], map, items[i].index, NULL, 0));
      continue;
    }
    LRT_TRY(add_node(in, items[i].group, map, items[i].index, NULL));
    plan->nodes[plan->node_count - 1].is_group = true;
  }
  return LRT_OK;
}

lrt_status lrt_plan_graph_create(const lrt_graph *graph, int32_t subgraph, const lrt_plan_item *items,
                                 int32_t item_count, bool by_name, lrt_alloc *alloc,
                                 const lrt_deadline *deadline, lrt_plan_graph **out, lrt_error *err) {
  lrt_plan_graph *plan = lrt_alloc_zero(alloc, sizeof *plan);
  if (plan == NULL) return lrt_alloc_fail(err, alloc, sizeof *plan, "the plan graph");
  lrt_arena_init(&plan->arena, alloc);
  plan->graph = graph;
  plan->subgraph = &graph->subgraphs[subgraph];
  plan->subgraph_index = subgraph;
  inlining in = {plan, by_name, 0, deadline, err};
  const int32_t count = plan->subgraph->tensor_count;
  int32_t *map = lrt_arena_array(&plan->arena, (size_t)count, sizeof *map);
  lrt_status status = map != NULL ? LRT_OK : no_memory(&in);
  if (status == LRT_OK) {
    for (int32_t i = 0; i < count; i++) map[i] = -1;
    status = add_tensors(&in, subgraph, map);
  }
  if (status == LRT_OK) status = add_items(&in, items, item_count, map);
  if (status != LRT_OK) {
    lrt_plan_graph_destroy(plan);
    return status;
  }
  *out = plan;
  return LRT_OK;
}

void lrt_plan_graph_destroy(lrt_plan_graph *plan) {
  if (plan == NULL) return;
  lrt_arena_clear(&plan->arena);
  lrt_alloc_free(plan);
}
