/* absorb_pad.c: lets convolutions read the unpadded picture and pad it themselves. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/passes/absorb_pad.h"

#include <string.h>

#include "base/fail.h"

#define MAX_PAD 65536 /* pixels on one side */

static bool is_convolution(int32_t code) {
  return code == LRT_OP_CONV_2D || code == LRT_OP_DEPTHWISE_CONV_2D;
}

/* Numbers of an int32 or int64 constant. */
static int64_t integer_at(const lrt_tensor *tensor, int i) {
  int64_t wide;
  int32_t narrow;
  if (tensor->type == LRT_INT64) {
    memcpy(&wide, (const char *)tensor->data + 8 * i, sizeof wide);
    return wide;
  }
  memcpy(&narrow, (const char *)tensor->data + 4 * i, sizeof narrow);
  return narrow;
}

/* Only height and width of four dimensions are padded, and by how much is known. */
static const char *read_pads(const lrt_tensor *pads, int32_t out[4]) {
  if (pads->data == NULL || pads->sparsity != NULL) return "how much it pads is computed";
  if ((pads->type != LRT_INT32 && pads->type != LRT_INT64) ||
      pads->bytes != (pads->type == LRT_INT64 ? 64U : 32U))
    return "it does not pad a picture";
  for (int i = 0; i < 8; i++) {
    const int64_t n = integer_at(pads, i);
    const bool across = i >= 2 && i < 6;
    if (n < 0 || n > MAX_PAD || (!across && n != 0)) return "it pads more than height and width";
    if (across) out[i - 2] = (int32_t)n;
  }
  return NULL;
}

static bool same_quantization(const lrt_quant *a, const lrt_quant *b) {
  if (a->kind == LRT_QUANT_NONE && b->kind == LRT_QUANT_NONE) return true;
  return a->kind == LRT_QUANT_AFFINE && b->kind == LRT_QUANT_AFFINE && a->count == 1 && b->count == 1 &&
         a->scale[0] == b->scale[0] && a->zero_point[0] == b->zero_point[0];
}

/* PADV2 writes a value of its own, which has to be the one that stands for zero. */
static bool pads_with_zero(const lrt_tensor *value, const lrt_tensor *in) {
  const int32_t zero =
      in->quant.kind == LRT_QUANT_AFFINE && in->quant.count == 1 ? in->quant.zero_point[0] : 0;
  float real;
  if (value->data == NULL || value->sparsity != NULL || value->type != in->type) return false;
  if (value->type == LRT_FLOAT32 && value->bytes == sizeof real) {
    memcpy(&real, value->data, sizeof real);
    return real == 0;
  }
  if (value->bytes != 1) return false;
  if (value->type == LRT_INT8) return *(const int8_t *)value->data == zero;
  return value->type == LRT_UINT8 && *(const uint8_t *)value->data == zero;
}

/* Why a padding node cannot become its readers' padding; NULL = it can. */
static const char *obstacle(const lrt_plan_graph *plan, const lrt_plan_node *node, int32_t pads[4]) {
  const lrt_node *n = &node->node;
  const bool valued = n->input_count == 3 && node->inputs[2] >= 0;
  if (n->input_count < 2 || n->output_count != 1 || node->inputs[0] < 0 || node->inputs[1] < 0 ||
      n->outputs[0] < 0)
    return "it is not complete";
  const lrt_tensor *in = plan->tensors[node->inputs[0]].tensor, *out = plan->tensors[n->outputs[0]].tensor;
  if (in->type != out->type || (in->type != LRT_FLOAT32 && in->type != LRT_INT8 && in->type != LRT_UINT8))
    return "its type is not one of float32, int8 and uint8";
  if (!same_quantization(&in->quant, &out->quant)) return "its scales differ";
  if (valued && !pads_with_zero(plan->tensors[node->inputs[2]].tensor, in))
    return "it does not pad with zero";
  return read_pads(plan->tensors[node->inputs[1]].tensor, pads);
}

static bool is_padding(const lrt_plan_node *node) {
  return !node->dead && (node->node.code == LRT_OP_PAD || node->node.code == LRT_OP_PADV2) &&
         node->node.output_count == 1 && node->node.outputs[0] >= 0;
}

/* reads[v] = how many operands and outputs read value v. */
static void count_reads(const lrt_plan_graph *plan, int32_t *reads) {
  for (int32_t i = 0; i < plan->node_count; i++) {
    const lrt_plan_node *node = &plan->nodes[i];
    for (int32_t k = 0; !node->dead && k < node->node.input_count; k++)
      if (node->inputs[k] >= 0) reads[node->inputs[k]]++;
  }
  for (int32_t i = 0; i < plan->subgraph->output_count; i++) reads[plan->subgraph->outputs[i]]++;
}

lrt_status lrt_pass_absorb_pad(lrt_plan_graph *plan, lrt_error *err) {
  const size_t values = (size_t)plan->tensor_count + 1;
  int32_t *maker = lrt_arena_array(&plan->arena, values, sizeof *maker); /* value -> 1 + the padding node */
  int32_t *reads = lrt_arena_array(&plan->arena, values, sizeof *reads);
  if (maker == NULL || reads == NULL)
    return lrt_alloc_fail(err, plan->arena.alloc, 0, "a rewrite of the plan graph");
  for (int32_t i = 0; i < plan->node_count; i++)
    if (is_padding(&plan->nodes[i])) maker[plan->nodes[i].node.outputs[0]] = 1 + i;
  count_reads(plan, reads);
  for (int32_t i = 0; i < plan->node_count; i++) {
    lrt_plan_node *user = &plan->nodes[i];
    if (user->dead || !is_convolution(user->node.code) || user->node.input_count < 1 || user->inputs[0] < 0 ||
        maker[user->inputs[0]] == 0)
      continue;
    const int32_t padded = user->inputs[0];
    lrt_plan_node *pad = &plan->nodes[maker[padded] - 1];
    int32_t pads[4] = {0, 0, 0, 0};
    pad->remark = obstacle(plan, pad, pads);
    if (pad->remark != NULL) continue;
    user->inputs[0] = pad->inputs[0];
    memcpy(user->pads, pads, sizeof user->pads);
    pad->dead = --reads[padded] == 0;
  }
  return LRT_OK;
}
