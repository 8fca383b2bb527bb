/* weights_identity.c: fingerprints of a model and addresses of its constants. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/weights_identity.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/fingerprint.h"

#define SAMPLES 64
#define SAMPLE_BYTES 4096u

static void mix(uint64_t *hash, uint64_t value) {
  const uint64_t both[2] = {*hash, value};
  *hash = lrt_fingerprint64(both, sizeof both);
}

static void mix_tensor(uint64_t *hash, const lrt_tensor *t) {
  const lrt_quant *q = &t->quant;
  const uint64_t parts[] = {(uint64_t)t->type,
                            (uint64_t)t->shape.rank,
                            lrt_fingerprint64(t->shape.dims, sizeof t->shape.dims[0] * (size_t)t->shape.rank),
                            t->bytes,
                            (uint64_t)q->kind,
                            (uint64_t)q->dimension,
                            (uint64_t)q->block_size,
                            (uint64_t)q->scales_tensor,
                            q->scale != NULL ? lrt_fingerprint64(q->scale, (size_t)q->count * 4) : 0,
                            q->zero_point != NULL ? lrt_fingerprint64(q->zero_point, (size_t)q->count * 4)
                                                  : 0};
  mix(hash, lrt_fingerprint64(parts, sizeof parts));
}

static uint64_t structure_of(const lrt_graph *graph) {
  uint64_t hash = (uint64_t)graph->subgraph_count;
  for (int32_t s = 0; s < graph->subgraph_count; s++) {
    const lrt_subgraph *subgraph = &graph->subgraphs[s];
    for (int32_t t = 0; t < subgraph->tensor_count; t++) mix_tensor(&hash, &subgraph->tensors[t]);
    for (int32_t n = 0; n < subgraph->node_count; n++) {
      const lrt_node *node = &subgraph->nodes[n];
      mix(&hash, (uint64_t)(uint32_t)node->code);
      mix(&hash, lrt_fingerprint64(node->inputs, (size_t)node->input_count * sizeof *node->inputs));
    }
  }
  return hash;
}

/* The first and the last page, and others at even distances. */
static lrt_status sample(lrt_source *model, uint64_t *out, lrt_error *err) {
  const uint64_t length = lrt_source_length(model), size = length < SAMPLE_BYTES ? length : SAMPLE_BYTES;
  *out = length;
  for (uint64_t i = 0; i < SAMPLES; i++) {
    const void *bytes = NULL;
    LRT_TRY(lrt_source_view(model, (length - size) / (SAMPLES - 1) * i, size, &bytes, err));
    mix(out, lrt_fingerprint64(bytes, (size_t)size));
  }
  const void *last = NULL;
  LRT_TRY(lrt_source_view(model, length - size, size, &last, err));
  mix(out, lrt_fingerprint64(last, (size_t)size));
  return LRT_OK;
}

lrt_status lrt_weights_identify(lrt_source *file, lrt_source *model, const lrt_graph *graph,
                                lrt_weights_identity *out, lrt_error *err) {
  if (lrt_source_stamp(file, &out->modified, &out->inode, NULL) != LRT_OK)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a weight cache needs a model in a file, %s is none",
                    lrt_source_name(file));
  out->bytes = lrt_source_length(file);
  out->structure = structure_of(graph);
  return sample(model, &out->samples, err);
}

struct lrt_weights_place {
  const void *data;
  int64_t tensor;
};

static int by_address(const void *a, const void *b) {
  const struct lrt_weights_place *x = a, *y = b;
  if (x->data != y->data) return (uintptr_t)x->data < (uintptr_t)y->data ? -1 : 1;
  return (x->tensor > y->tensor) - (x->tensor < y->tensor);
}

lrt_status lrt_weights_tensors_list(const lrt_graph *graph, lrt_arena *arena, lrt_weights_tensors *out,
                                    lrt_error *err) {
  size_t count = 0;
  for (int32_t s = 0; s < graph->subgraph_count; s++)
    for (int32_t t = 0; t < graph->subgraphs[s].tensor_count; t++)
      count += graph->subgraphs[s].tensors[t].data != NULL;
  out->places = lrt_arena_array(arena, count + 1, sizeof *out->places);
  if (out->places == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "the weight cache");
  for (int32_t s = 0; s < graph->subgraph_count; s++)
    for (int32_t t = 0; t < graph->subgraphs[s].tensor_count; t++)
      if (graph->subgraphs[s].tensors[t].data != NULL)
        out->places[out->count++] =
            (struct lrt_weights_place){graph->subgraphs[s].tensors[t].data, (int64_t)s << 32 | t};
  qsort(out->places, out->count, sizeof *out->places, by_address);
  return LRT_OK;
}

int64_t lrt_weights_tensor(const lrt_weights_tensors *tensors, const void *data) {
  size_t low = 0, high = tensors->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if ((uintptr_t)tensors->places[middle].data < (uintptr_t)data)
      low = middle + 1;
    else
      high = middle;
  }
  return low < tensors->count && tensors->places[low].data == data ? tensors->places[low].tensor : -1;
}
