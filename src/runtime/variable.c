/* variable.c: variable tensors: memory that outlives plans and invokes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/runtime.h"

static void reset(const lrt_tensor *tensor, const lrt_variable *variable) {
  int fill = 0;
  if (variable->data == NULL) return; /* never asked for, or its memory was refused */
  if (tensor->type == LRT_INT8 && tensor->quant.kind == LRT_QUANT_AFFINE && tensor->quant.count > 0)
    fill = tensor->quant.zero_point[0];
  memset(variable->data, fill, variable->bytes);
}

/* The row of a subgraph, made on first use. */
static lrt_status row_of(lrt_runtime *runtime, int32_t subgraph, lrt_variable **out, lrt_error *err) {
  const lrt_graph *graph = runtime->graph;
  const size_t rows = (size_t)graph->subgraph_count;
  const size_t row = (size_t)graph->subgraphs[subgraph].tensor_count * sizeof(lrt_variable);
  if (runtime->variables == NULL) {
    runtime->variables = lrt_alloc_zero(runtime->alloc, rows * sizeof *runtime->variables);
    if (runtime->variables == NULL) return lrt_alloc_fail(err, runtime->alloc, rows, "variable tensors");
  }
  if (runtime->variables[subgraph] == NULL) {
    runtime->variables[subgraph] = lrt_alloc_zero(runtime->alloc, row);
    if (runtime->variables[subgraph] == NULL)
      return lrt_alloc_fail(err, runtime->alloc, row, "variable tensors");
  }
  *out = runtime->variables[subgraph];
  return LRT_OK;
}

lrt_status lrt_runtime_variable(lrt_runtime *runtime, int32_t subgraph, int32_t tensor, size_t bytes,
                                void **out, lrt_error *err) {
  lrt_variable *row = NULL;
  LRT_TRY(row_of(runtime, subgraph, &row, err));
  lrt_variable *v = &row[tensor];
  if (v->data == NULL || v->bytes != bytes) {
    void *data = lrt_alloc_get(runtime->alloc, bytes);
    if (data == NULL) return lrt_alloc_fail(err, runtime->alloc, bytes, "a variable tensor");
    lrt_alloc_free(v->data);
    v->data = data;
    v->bytes = bytes;
    reset(&runtime->graph->subgraphs[subgraph].tensors[tensor], v);
  }
  *out = v->data;
  return LRT_OK;
}

void lrt_runtime_reset_variables(lrt_runtime *runtime) {
  for (int32_t s = 0; runtime->variables != NULL && s < runtime->graph->subgraph_count; s++) {
    const lrt_subgraph *subgraph = &runtime->graph->subgraphs[s];
    for (int32_t t = 0; runtime->variables[s] != NULL && t < subgraph->tensor_count; t++)
      reset(&subgraph->tensors[t], &runtime->variables[s][t]);
  }
}

void lrt_runtime_clear(lrt_runtime *runtime) {
  for (int32_t s = 0; runtime->variables != NULL && s < runtime->graph->subgraph_count; s++) {
    lrt_variable *row = runtime->variables[s];
    for (int32_t t = 0; row != NULL && t < runtime->graph->subgraphs[s].tensor_count; t++)
      lrt_alloc_free(row[t].data);
    lrt_alloc_free(row);
  }
  lrt_alloc_free(runtime->variables);
  runtime->variables = NULL;
}

void lrt_runtime_begin(lrt_runtime *runtime, const char *what) {
  atomic_store(&runtime->cancelled, false);
  runtime->deadline = lrt_deadline_in(runtime->limits.seconds, what, &runtime->cancelled);
}
