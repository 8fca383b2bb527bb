/* partition_pool.c: asks delegates for a subgraph's partition, and keeps partitions between plans. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/log.h"
#include "runtime/delegate.h"

static lrt_status no_memory(const lrt_runtime *runtime, lrt_error *err) {
  return lrt_alloc_fail(err, runtime->alloc, 0, "a delegate's partition");
}

static void destroy(lrt_partition *p) {
  for (int32_t d = p->runtime->delegate_count - 1; d >= 0; d--)
    if (p->sessions != NULL && p->sessions[d] != NULL)
      p->runtime->delegates[d]->type->close(p->runtime->delegates[d], p->sessions[d]);
  lrt_arena_clear(&p->arena);
  lrt_alloc_free(p);
}

static lrt_status get_tables(lrt_partition *p, lrt_error *err) {
  const size_t tensors = (size_t)p->subgraph->tensor_count + 1, nodes = (size_t)p->subgraph->node_count + 1;
  p->shapes = lrt_arena_array(&p->arena, tensors, sizeof *p->shapes);
  p->known = lrt_arena_array(&p->arena, tensors, sizeof *p->known);
  p->units = lrt_arena_array(&p->arena, nodes, sizeof *p->units);
  p->left = lrt_arena_array(&p->arena, nodes, sizeof *p->left);
  p->sessions = lrt_arena_array(&p->arena, (size_t)p->runtime->delegate_count, sizeof *p->sessions);
  if (p->shapes == NULL || p->known == NULL || p->units == NULL || p->left == NULL || p->sessions == NULL)
    return no_memory(p->runtime, err);
  p->unit_count = p->subgraph->node_count;
  for (int32_t n = 0; n < p->unit_count; n++)
    p->units[n] = (lrt_unit){p->subgraph->order != NULL ? p->subgraph->order[n] : n, NULL};
  p->last_group = &p->groups;
  p->reusable = true;
  return LRT_OK;
}

/* Asks one delegate; what it claimed before a failure stays with the partition, which goes with the failure. */
static lrt_status ask(lrt_partition *p, int32_t d, lrt_error *err) {
  lrt_runtime *runtime = p->runtime;
  lrt_delegate *delegate = runtime->delegates[d];
  lrt_error inner = {LRT_OK, ""};
  p->asking = d;
  const lrt_status status = delegate->type->claim(delegate, p, &p->sessions[d], &inner);
  p->reusable = p->reusable && delegate->reusable;
  if (status == LRT_OK) return LRT_OK;
  runtime->failed_delegate = d;
  return lrt_fail(err, status, "%s", inner.message);
}

static lrt_status create(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *shapes, lrt_partition **out,
                         lrt_error *err) {
  lrt_partition *p = lrt_alloc_zero(runtime->alloc, sizeof *p);
  if (p == NULL) return no_memory(runtime, err);
  p->runtime = runtime;
  p->subgraph = &runtime->graph->subgraphs[subgraph];
  p->subgraph_index = subgraph;
  lrt_arena_init(&p->arena, runtime->alloc);
  lrt_status status = get_tables(p, err);
  if (status == LRT_OK) status = lrt_plan_survey(runtime, subgraph, shapes, p->shapes, p->known, err);
  for (int32_t d = 0; status == LRT_OK && d < runtime->delegate_count; d++)
    if (runtime->refusals[d][0] == 0) status = ask(p, d, err);
  if (status != LRT_OK) {
    destroy(p);
    return status;
  }
  lrt_log(LRT_LOG_DEBUG, "runtime", "partitioned", "subgraph=%d nodes=%d groups=%d", subgraph,
          p->subgraph->node_count, p->group_count);
  *out = p;
  return LRT_OK;
}

lrt_status lrt_partition_take(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *shapes,
                              lrt_partition **out, lrt_error *err) {
  lrt_partition **at = &runtime->idle_partitions;
  while (*at != NULL && (*at)->subgraph_index != subgraph) at = &(*at)->next;
  if (*at == NULL) return create(runtime, subgraph, shapes, out, err);
  lrt_partition *p = *at;
  *at = p->next;
  p->next = NULL;
  p->version++;
  const lrt_status status = lrt_plan_survey(runtime, subgraph, shapes, p->shapes, p->known, err);
  if (status != LRT_OK) {
    lrt_partition_release(p);
    return status;
  }
  *out = p;
  return LRT_OK;
}

void lrt_partition_release(lrt_partition *partition) {
  if (partition == NULL) return;
  lrt_runtime *runtime = partition->runtime;
  for (int32_t d = 0; d < runtime->delegate_count; d++) /* a delegate that was left out since then */
    if (partition->sessions[d] != NULL && runtime->refusals[d][0] != 0) partition->reusable = false;
  if (!partition->reusable) {
    destroy(partition);
    return;
  }
  partition->next = runtime->idle_partitions;
  runtime->idle_partitions = partition;
}

void lrt_partition_clear(lrt_runtime *runtime) {
  for (lrt_partition *p = runtime->idle_partitions, *next; p != NULL; p = next) {
    next = p->next;
    destroy(p);
  }
  runtime->idle_partitions = NULL;
}
