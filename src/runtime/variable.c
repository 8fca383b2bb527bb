/* variable.c: variable tensors: memory that outlives plans and invokes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/runtime.h"

struct lrt_variable {
  int32_t subgraph, tensor;
  size_t bytes;
  void *data;
  lrt_variable *next;
};

static void reset(const lrt_runtime *runtime, lrt_variable *variable) {
  const lrt_tensor *tensor = &runtime->graph->subgraphs[variable->subgraph].tensors[variable->tensor];
  int fill = 0;
  if (variable->data == NULL) return; /* its memory was refused */
  if (tensor->type == LRT_INT8 && tensor->quant.kind == LRT_QUANT_AFFINE && tensor->quant.count > 0)
    fill = tensor->quant.zero_point[0];
  memset(variable->data, fill, variable->bytes);
}

lrt_status lrt_runtime_variable(lrt_runtime *runtime, int32_t subgraph, int32_t tensor, size_t bytes,
                                void **out, lrt_error *err) {
  lrt_variable *v = runtime->variables;
  while (v != NULL && !(v->subgraph == subgraph && v->tensor == tensor)) v = v->next;
  if (v == NULL) {
    v = lrt_alloc_zero(runtime->alloc, sizeof *v);
    if (v == NULL) return lrt_alloc_fail(err, runtime->alloc, sizeof *v, "a variable tensor");
    v->subgraph = subgraph;
    v->tensor = tensor;
    v->next = runtime->variables;
    runtime->variables = v;
  }
  if (v->data == NULL || v->bytes != bytes) {
    void *data = lrt_alloc_get(runtime->alloc, bytes);
    if (data == NULL) return lrt_alloc_fail(err, runtime->alloc, bytes, "a variable tensor");
    lrt_alloc_free(v->data);
    v->data = data;
    v->bytes = bytes;
    reset(runtime, v);
  }
  *out = v->data;
  return LRT_OK;
}

void lrt_runtime_reset_variables(lrt_runtime *runtime) {
  for (lrt_variable *v = runtime->variables; v != NULL; v = v->next) reset(runtime, v);
}

void lrt_runtime_clear(lrt_runtime *runtime) {
  for (lrt_variable *v = runtime->variables, *next; v != NULL; v = next) {
    next = v->next;
    lrt_alloc_free(v->data);
    lrt_alloc_free(v);
  }
  runtime->variables = NULL;
}
