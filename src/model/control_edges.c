/* control_edges.c: reads control dependencies and orders nodes by them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/control_edges.h"

#include "base/fail.h"
#include "base/log.h"

/* Bytes: version, number of subgraphs, per subgraph the number of edges, per edge the nodes before and after. All
 * numbers have 7 bits per byte, lowest first, the top bit saying that more follow; nodes are doubled (the odd numbers
 * stand for negative ones). */
#define VERSION 1

typedef struct bytes {
  const uint8_t *at, *end;
} bytes;

/* What an order is made from; the lists of edges are threaded through `next`. */
typedef struct ordering {
  const lrt_subgraph *subgraph;
  int32_t *first, *next, *to; /* node -> edge -> edge; edge -> node */
  int32_t *waits;             /* node -> edges into it that are not satisfied yet */
  int32_t *heap;              /* nodes that may run, smallest first */
  int32_t *maker;             /* tensor -> node, -1 = none */
  int32_t *order;
  int32_t edges, ready;
} ordering;

static lrt_status no_memory(const lrt_arena *arena, lrt_error *err) {
  return lrt_alloc_fail(err, arena->alloc, 0, "control dependencies");
}

static bool get(bytes *b, uint32_t *out) {
  uint64_t value = 0;
  for (int shift = 0; shift < 35 && b->at < b->end; shift += 7) {
    const uint8_t byte = *b->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *out = (uint32_t)value;
      return value <= UINT32_MAX;
    }
  }
  return false;
}

static lrt_status damaged(lrt_error *err) {
  return lrt_fail(err, LRT_INVALID_MODEL, "the metadata \"%s\" is cut or damaged", LRT_CONTROL_EDGES_NAME);
}

static lrt_status get_node(bytes *b, int32_t index, const lrt_subgraph *subgraph, int32_t *out,
                           lrt_error *err) {
  uint32_t number;
  if (!get(b, &number)) return damaged(err);
  if (number % 2 != 0 || number / 2 >= (uint32_t)subgraph->node_count)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "a control dependency of subgraph %d names node %lld, the subgraph has %d", index,
                    number % 2 != 0 ? -(long long)(number / 2) - 1 : (long long)(number / 2),
                    subgraph->node_count);
  *out = (int32_t)(number / 2);
  return LRT_OK;
}

static lrt_status read_edges(bytes *b, int32_t index, lrt_subgraph *subgraph, lrt_arena *arena,
                             lrt_error *err) {
  uint32_t count;
  if (!get(b, &count) || count > (uint64_t)(b->end - b->at) / 2) return damaged(err);
  lrt_control_edge *edges = lrt_arena_array(arena, (size_t)count + 1, sizeof *edges);
  if (edges == NULL) return no_memory(arena, err);
  for (uint32_t i = 0; i < count; i++) {
    LRT_TRY(get_node(b, index, subgraph, &edges[i].before, err));
    LRT_TRY(get_node(b, index, subgraph, &edges[i].after, err));
  }
  subgraph->control_edges = edges;
  subgraph->control_edge_count = (int32_t)count;
  return LRT_OK;
}

static void add_edge(ordering *o, int32_t from, int32_t to) {
  o->to[o->edges] = to;
  o->next[o->edges] = o->first[from];
  o->first[from] = o->edges++;
  o->waits[to]++;
}

static void push(ordering *o, int32_t node) {
  int32_t at = o->ready++;
  for (; at > 0 && o->heap[(at - 1) / 2] > node; at = (at - 1) / 2) o->heap[at] = o->heap[(at - 1) / 2];
  o->heap[at] = node;
}

static int32_t pop(ordering *o) {
  const int32_t top = o->heap[0], last = o->heap[--o->ready];
  int32_t at = 0;
  for (int32_t child; (child = 2 * at + 1) < o->ready; at = child) {
    if (child + 1 < o->ready && o->heap[child + 1] < o->heap[child]) child++;
    if (o->heap[child] >= last) break;
    o->heap[at] = o->heap[child];
  }
  o->heap[at] = last;
  return top;
}

/* Room for all edges: one per operand and the given ones. */
static lrt_status begin_order(ordering *o, lrt_arena *arena, lrt_error *err) {
  const lrt_subgraph *s = o->subgraph;
  int64_t edges = s->control_edge_count;
  for (int32_t i = 0; i < s->node_count; i++) edges += s->nodes[i].input_count;
  if (edges >= INT32_MAX) return no_memory(arena, err);
  const size_t nodes = (size_t)s->node_count + 1, tensors = (size_t)s->tensor_count + 1;
  o->first = lrt_arena_array(arena, nodes, sizeof *o->first);
  o->waits = lrt_arena_array(arena, nodes, sizeof *o->waits);
  o->heap = lrt_arena_array(arena, nodes, sizeof *o->heap);
  o->order = lrt_arena_array(arena, nodes, sizeof *o->order);
  o->maker = lrt_arena_array(arena, tensors, sizeof *o->maker);
  o->next = lrt_arena_array(arena, (size_t)edges + 1, sizeof *o->next);
  o->to = lrt_arena_array(arena, (size_t)edges + 1, sizeof *o->to);
  if (o->first == NULL || o->waits == NULL || o->heap == NULL || o->order == NULL || o->maker == NULL ||
      o->next == NULL || o->to == NULL)
    return no_memory(arena, err);
  for (int32_t i = 0; i < s->node_count; i++) o->first[i] = -1;
  for (int32_t t = 0; t < s->tensor_count; t++) o->maker[t] = -1;
  return LRT_OK;
}

/* A node comes after those that make its inputs (variables are ordered by the given edges alone). */
static void add_edges(ordering *o) {
  const lrt_subgraph *s = o->subgraph;
  for (int32_t n = 0; n < s->node_count; n++)
    for (int32_t i = 0; i < s->nodes[n].output_count; i++)
      if (s->nodes[n].outputs[i] >= 0 && !s->tensors[s->nodes[n].outputs[i]].is_variable)
        o->maker[s->nodes[n].outputs[i]] = n;
  for (int32_t n = 0; n < s->node_count; n++)
    for (int32_t i = 0; i < s->nodes[n].input_count; i++)
      if (s->nodes[n].inputs[i] >= 0 && o->maker[s->nodes[n].inputs[i]] >= 0)
        add_edge(o, o->maker[s->nodes[n].inputs[i]], n);
  for (int32_t i = 0; i < s->control_edge_count; i++)
    add_edge(o, s->control_edges[i].before, s->control_edges[i].after);
}

/* Of all nodes that may run, the first of the file is next: what the edges leave open stays as it is. */
static lrt_status find_order(lrt_subgraph *subgraph, int32_t index, lrt_arena *arena, lrt_error *err) {
  ordering o = {.subgraph = subgraph};
  int32_t done = 0;
  LRT_TRY(begin_order(&o, arena, err));
  add_edges(&o);
  for (int32_t n = 0; n < subgraph->node_count; n++)
    if (o.waits[n] == 0) push(&o, n);
  while (o.ready > 0) {
    const int32_t node = o.order[done++] = pop(&o);
    for (int32_t e = o.first[node]; e >= 0; e = o.next[e])
      if (--o.waits[o.to[e]] == 0) push(&o, o.to[e]);
  }
  for (int32_t n = 0; done < subgraph->node_count && n < subgraph->node_count; n++)
    if (o.waits[n] > 0)
      return lrt_fail(err, LRT_INVALID_MODEL,
                      "the control dependencies of subgraph %d make node %d wait for itself", index, n);
  subgraph->order = o.order;
  return LRT_OK;
}

lrt_status lrt_control_edges_read(const void *data, uint64_t size, lrt_subgraph *subgraphs, int32_t count,
                                  lrt_arena *arena, lrt_error *err) {
  uint32_t version, lists;
  if (size == 0) return damaged(err);
  bytes b = {data, (const uint8_t *)data + size};
  if (!get(&b, &version)) return damaged(err);
  if (version != VERSION) {
    lrt_log(LRT_LOG_WARN, "model", "control_dependencies_ignored", "version=%u known=%d", version, VERSION);
    return LRT_OK;
  }
  if (!get(&b, &lists)) return damaged(err);
  if (lists != (uint32_t)count)
    return lrt_fail(err, LRT_INVALID_MODEL, "the metadata \"%s\" is for %u subgraphs, the model has %d",
                    LRT_CONTROL_EDGES_NAME, lists, count);
  for (int32_t s = 0; s < count; s++) LRT_TRY(read_edges(&b, s, &subgraphs[s], arena, err));
  if (b.at != b.end) return damaged(err);
  for (int32_t s = 0; s < count; s++) {
    bool kept = true;
    for (int32_t i = 0; i < subgraphs[s].control_edge_count; i++)
      kept = kept && subgraphs[s].control_edges[i].before < subgraphs[s].control_edges[i].after;
    if (!kept) LRT_TRY(find_order(&subgraphs[s], s, arena, err));
  }
  return LRT_OK;
}
