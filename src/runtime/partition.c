/* partition.c: cuts claimed nodes of a subgraph into groups that can run as one step each. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/delegate.h"

/* Units are taken as they become ready, alternating between phases: all that nobody claims now, then all that are
 * claimed, and so on. Each phase of claimed units is a group. Putting off claimed units as long as others are ready makes
 * the fewest groups possible. Within a phase the order of the file is kept as far as results allow. */
typedef struct cutting {
  lrt_partition *partition;
  lrt_arena scratch;
  const bool *wanted;                        /* [nodes] */
  int32_t *maker;                            /* tensor -> unit that makes it, -1 */
  int32_t *waits;                            /* unit -> results it still waits for */
  int32_t *phase;                            /* unit -> number of the new group it is in, 0 = none */
  int32_t *first_after, *next_after, *after; /* lists of the units that wait for one: unit -> edge -> unit */
  int32_t edge_count, edge_capacity;
  int32_t *heaps[2], heap_counts[2]; /* ready units, smallest first: unclaimed, claimed */
  lrt_unit *units;                   /* the new order */
  int32_t unit_count, new_groups;
  lrt_group *first, **last; /* the new groups */
  lrt_error *err;
} cutting;

static lrt_status no_memory(const cutting *c) {
  return lrt_alloc_fail(c->err, c->partition->runtime->alloc, 0, "a delegate's partition");
}

static const lrt_node *node_of(const lrt_partition *p, const lrt_unit *unit) {
  return unit->group != NULL ? &unit->group->node : &p->subgraph->nodes[unit->node];
}

static bool is_claimed(const cutting *c, int32_t u) {
  const lrt_unit *unit = &c->partition->units[u];
  return unit->group == NULL && c->wanted[unit->node];
}

/* Nodes whose order among each other is part of the result: they keep it. */
static bool has_side_effects(const lrt_partition *p, const lrt_node *node) {
  const lrt_op *op = lrt_op_find(lrt_custom_states_set(p->runtime->customs), node);
  if (node->code == LRT_OP_IF || node->code == LRT_OP_WHILE || node->code == LRT_OP_CALL_ONCE ||
      node->code == LRT_OP_STABLEHLO_CASE)
    return true;
  if (op != NULL && op->side_effects) return true;
  for (int32_t i = 0; i < node->input_count; i++)
    if (node->inputs[i] >= 0 && p->subgraph->tensors[node->inputs[i]].is_variable) return true;
  for (int32_t i = 0; i < node->output_count; i++)
    if (node->outputs[i] >= 0 && p->subgraph->tensors[node->outputs[i]].is_variable) return true;
  return false;
}

static bool unit_has_side_effects(const lrt_partition *p, const lrt_unit *unit) {
  if (unit->group == NULL) return has_side_effects(p, &p->subgraph->nodes[unit->node]);
  for (int32_t i = 0; i < unit->group->node_count; i++)
    if (has_side_effects(p, &p->subgraph->nodes[unit->group->nodes[i]])) return true;
  return false;
}

static void add_edge(cutting *c, int32_t from, int32_t to) {
  const int32_t edge = c->edge_count++;
  c->after[edge] = to;
  c->next_after[edge] = c->first_after[from];
  c->first_after[from] = edge;
  c->waits[to]++;
}

/* ---- a binary heap of unit numbers ---- */

static void push(cutting *c, int32_t u) {
  const int side = is_claimed(c, u);
  int32_t *heap = c->heaps[side], at = c->heap_counts[side]++;
  for (; at > 0 && heap[(at - 1) / 2] > u; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
  heap[at] = u;
}

static int32_t pop(cutting *c, int side) {
  int32_t *heap = c->heaps[side], at = 0;
  const int32_t top = heap[0], count = --c->heap_counts[side], last = heap[count];
  for (int32_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= last) break;
    heap[at] = heap[child];
  }
  heap[at] = last;
  return top;
}

/* ---- dependencies ---- */

static int32_t count_edges(const lrt_partition *p) {
  int64_t edges = (int64_t)p->unit_count + p->subgraph->control_edge_count;
  for (int32_t u = 0; u < p->unit_count; u++) edges += node_of(p, &p->units[u])->input_count;
  return edges > INT32_MAX ? -1 : (int32_t)edges;
}

static lrt_status get_tables(cutting *c) {
  const lrt_partition *p = c->partition;
  const size_t units = (size_t)p->unit_count + 1;
  c->edge_capacity = count_edges(p);
  if (c->edge_capacity < 0) return no_memory(c);
  const size_t edges = (size_t)c->edge_capacity + 1;
  c->maker = lrt_arena_array(&c->scratch, (size_t)p->subgraph->tensor_count + 1, sizeof *c->maker);
  c->waits = lrt_arena_array(&c->scratch, units, sizeof *c->waits);
  c->phase = lrt_arena_array(&c->scratch, units, sizeof *c->phase);
  c->first_after = lrt_arena_array(&c->scratch, units, sizeof *c->first_after);
  c->next_after = lrt_arena_array(&c->scratch, edges, sizeof *c->next_after);
  c->after = lrt_arena_array(&c->scratch, edges, sizeof *c->after);
  c->heaps[0] = lrt_arena_array(&c->scratch, units, sizeof **c->heaps);
  c->heaps[1] = lrt_arena_array(&c->scratch, units, sizeof **c->heaps);
  c->units = lrt_arena_array(&c->scratch, units, sizeof *c->units);
  if (c->maker == NULL || c->waits == NULL || c->phase == NULL || c->first_after == NULL ||
      c->next_after == NULL || c->after == NULL || c->heaps[0] == NULL || c->heaps[1] == NULL ||
      c->units == NULL)
    return no_memory(c);
  for (int32_t t = 0; t < p->subgraph->tensor_count; t++) c->maker[t] = -1;
  for (int32_t u = 0; u < p->unit_count; u++) c->first_after[u] = -1;
  return LRT_OK;
}

/* What the file's metadata asks for; within a unit the order of the file holds. */
static lrt_status add_control_edges(cutting *c) {
  const lrt_partition *p = c->partition;
  const lrt_subgraph *subgraph = p->subgraph;
  if (subgraph->control_edge_count == 0) return LRT_OK;
  int32_t *unit_of = lrt_arena_array(&c->scratch, (size_t)subgraph->node_count + 1, sizeof *unit_of);
  if (unit_of == NULL) return no_memory(c);
  for (int32_t u = 0; u < p->unit_count; u++) {
    const lrt_group *group = p->units[u].group;
    if (group == NULL) unit_of[p->units[u].node] = u;
    for (int32_t i = 0; group != NULL && i < group->node_count; i++) unit_of[group->nodes[i]] = u;
  }
  for (int32_t i = 0; i < subgraph->control_edge_count; i++) {
    const int32_t from = unit_of[subgraph->control_edges[i].before],
                  to = unit_of[subgraph->control_edges[i].after];
    if (from != to) add_edge(c, from, to);
  }
  return LRT_OK;
}

static lrt_status find_edges(cutting *c) {
  const lrt_partition *p = c->partition;
  int32_t last_effect = -1;
  for (int32_t u = 0; u < p->unit_count; u++) {
    const lrt_node *node = node_of(p, &p->units[u]);
    for (int32_t i = 0; i < node->input_count; i++) {
      const int32_t t = node->inputs[i];
      if (t >= 0 && c->maker[t] >= 0) add_edge(c, c->maker[t], u);
    }
    if (unit_has_side_effects(p, &p->units[u])) {
      if (last_effect >= 0) add_edge(c, last_effect, u);
      last_effect = u;
    }
    for (int32_t i = 0; i < node->output_count; i++) {
      const int32_t t = node->outputs[i];
      if (t < 0 || p->subgraph->tensors[t].is_variable) continue; /* kept in order as side effects */
      if (c->maker[t] >= 0)
        return lrt_fail(c->err, LRT_INVALID_MODEL, "tensor \"%s\" is the result of two nodes",
                        p->subgraph->tensors[t].name);
      c->maker[t] = u;
    }
  }
  return add_control_edges(c);
}

/* ---- groups ---- */

static int by_number(const void *a, const void *b) {
  const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

/* Sorts, drops duplicates and returns how many are left. */
static int32_t sort_set(int32_t *values, int32_t count) {
  int32_t kept = 0;
  qsort(values, (size_t)count, sizeof *values, by_number);
  for (int32_t i = 0; i < count; i++)
    if (kept == 0 || values[kept - 1] != values[i]) values[kept++] = values[i];
  return kept;
}

static bool is_in(const int32_t *sorted, int32_t count, int32_t value) {
  return count > 0 && bsearch(&value, sorted, (size_t)count, sizeof value, by_number) != NULL;
}

static void count_operands(const lrt_subgraph *subgraph, const lrt_group *group, int32_t *inputs,
                           int32_t *outputs) {
  *inputs = *outputs = 0;
  for (int32_t i = 0; i < group->node_count; i++) {
    *inputs += subgraph->nodes[group->nodes[i]].input_count;
    *outputs += subgraph->nodes[group->nodes[i]].output_count;
  }
}

/* A tensor made inside a new group is a result when somebody outside reads it: another unit, or the caller of the
 * subgraph. */
static void mark_read_outside(const cutting *c, bool *read) {
  const lrt_partition *p = c->partition;
  for (int32_t u = 0; u < p->unit_count; u++) {
    const lrt_node *node = node_of(p, &p->units[u]);
    for (int32_t i = 0; i < node->input_count; i++) {
      const int32_t t = node->inputs[i];
      if (t >= 0 && c->maker[t] >= 0 && c->phase[c->maker[t]] != c->phase[u]) read[t] = true;
    }
  }
  for (int32_t i = 0; i < p->subgraph->output_count; i++) read[p->subgraph->outputs[i]] = true;
}

/* Finds what a group reads and makes; `nodes` is sorted. */
static lrt_status find_operands(cutting *c, const bool *read, lrt_group *group) {
  const lrt_subgraph *subgraph = c->partition->subgraph;
  lrt_arena *arena = &c->partition->arena;
  int32_t reads = 0, makes = 0, inputs = 0, outputs = 0;
  count_operands(subgraph, group, &reads, &makes);
  int32_t *in = lrt_arena_array(arena, (size_t)reads + 1, sizeof *in);
  int32_t *out = lrt_arena_array(arena, (size_t)makes + 1, sizeof *out);
  if (in == NULL || out == NULL) return no_memory(c);
  for (int32_t i = 0; i < group->node_count; i++) {
    const lrt_node *node = &subgraph->nodes[group->nodes[i]];
    for (int32_t k = 0; k < node->output_count; k++)
      if (node->outputs[k] >= 0) out[outputs++] = node->outputs[k];
    for (int32_t k = 0; k < node->input_count; k++)
      if (node->inputs[k] >= 0) in[inputs++] = node->inputs[k];
  }
  const int32_t made = sort_set(out, outputs), taken = sort_set(in, inputs);
  inputs = outputs = 0;
  for (int32_t i = 0; i < taken; i++)
    if (!is_in(out, made, in[i]) || subgraph->tensors[in[i]].is_variable) in[inputs++] = in[i];
  for (int32_t i = 0; i < made; i++)
    if (read[out[i]] || subgraph->tensors[out[i]].is_variable) out[outputs++] = out[i];
  group->node = (lrt_node){.code = LRT_OP_DELEGATE,
                           .options = group,
                           .input_count = inputs,
                           .output_count = outputs,
                           .inputs = in,
                           .outputs = out};
  return LRT_OK;
}

/* One phase of claimed units. */
static lrt_status take_group(cutting *c) {
  lrt_partition *p = c->partition;
  lrt_group *group = lrt_arena_get(&p->arena, sizeof *group);
  int32_t *nodes = lrt_arena_array(&p->arena, (size_t)p->unit_count, sizeof *nodes);
  if (group == NULL || nodes == NULL) return no_memory(c);
  c->new_groups++;
  while (c->heap_counts[1] > 0) {
    const int32_t u = pop(c, 1);
    c->phase[u] = c->new_groups;
    nodes[group->node_count++] = p->units[u].node;
    for (int32_t e = c->first_after[u]; e >= 0; e = c->next_after[e])
      if (--c->waits[c->after[e]] == 0) push(c, c->after[e]);
  }
  if (p->subgraph->order == NULL) qsort(nodes, (size_t)group->node_count, sizeof *nodes, by_number);
  group->nodes = nodes;
  group->partition = p;
  group->delegate = p->asking;
  c->units[c->unit_count++] = (lrt_unit){-1, group};
  *c->last = group;
  c->last = &group->next;
  return LRT_OK;
}

static void take_others(cutting *c) {
  const lrt_partition *p = c->partition;
  while (c->heap_counts[0] > 0) {
    const int32_t u = pop(c, 0);
    c->units[c->unit_count++] = p->units[u];
    for (int32_t e = c->first_after[u]; e >= 0; e = c->next_after[e])
      if (--c->waits[c->after[e]] == 0) push(c, c->after[e]);
  }
}

static lrt_status cut(cutting *c) {
  const lrt_partition *p = c->partition;
  c->first = NULL;
  c->last = &c->first;
  LRT_TRY(get_tables(c));
  LRT_TRY(find_edges(c));
  for (int32_t u = 0; u < p->unit_count; u++)
    if (c->waits[u] == 0) push(c, u);
  while (c->heap_counts[0] + c->heap_counts[1] > 0) {
    take_others(c);
    if (c->heap_counts[1] > 0) LRT_TRY(take_group(c));
  }
  /* Edges lead from earlier units to later ones, so every unit has become ready. */
  bool *read = lrt_arena_array(&c->scratch, (size_t)p->subgraph->tensor_count + 1, sizeof *read);
  if (read == NULL) return no_memory(c);
  mark_read_outside(c, read);
  for (lrt_group *g = c->first; g != NULL; g = g->next) LRT_TRY(find_operands(c, read, g));
  return LRT_OK;
}

/* ---- limits ---- */

static void leave(cutting *c, bool *wanted, const lrt_group *group, lrt_left why) {
  for (int32_t i = 0; i < group->node_count; i++) {
    wanted[group->nodes[i]] = false;
    c->partition->left[group->nodes[i]] = (uint8_t)why;
  }
}

/* Groups that the limits let pass: at least min_nodes, the max_groups largest; among equals the first. */
static bool drop_groups(cutting *c, bool *wanted) {
  const lrt_delegate_limits *limits = &c->partition->runtime->delegates[c->partition->asking]->limits;
  bool dropped = false;
  for (const lrt_group *g = c->first; g != NULL; g = g->next) {
    int32_t larger = 0;
    for (const lrt_group *other = c->first; other != NULL; other = other->next)
      larger += other->node_count > g->node_count;
    for (const lrt_group *other = c->first; other != g; other = other->next)
      larger += other->node_count == g->node_count;
    if (g->node_count < limits->min_nodes)
      leave(c, wanted, g, LRT_LEFT_SMALL);
    else if (limits->max_groups > 0 && larger >= limits->max_groups)
      leave(c, wanted, g, LRT_LEFT_BEYOND);
    else
      continue;
    dropped = true;
  }
  return dropped;
}

static void commit_groups(cutting *c) {
  lrt_partition *p = c->partition;
  memcpy(p->units, c->units, (size_t)c->unit_count * sizeof *p->units);
  p->unit_count = c->unit_count;
  for (lrt_group *g = c->first; g != NULL; g = g->next) g->index = p->subgraph->node_count + p->group_count++;
}

/* The bytes of a sparse constant are fewer than its shape says: code that does not expect that would read outside. */
static bool reads_sparse(const lrt_subgraph *subgraph, const lrt_node *node) {
  for (int32_t i = 0; i < node->input_count; i++)
    if (node->inputs[i] >= 0 && subgraph->tensors[node->inputs[i]].sparsity != NULL) return true;
  return false;
}

static lrt_status mark_wanted(const cutting *c, const int32_t *nodes, int32_t count, bool *wanted) {
  const lrt_partition *p = c->partition;
  for (int32_t i = 0; i < count; i++) {
    if (nodes[i] < 0 || nodes[i] >= p->subgraph->node_count || wanted[nodes[i]])
      return lrt_fail(c->err, LRT_INVALID_ARGUMENT, "delegate %s claims node %d, which %s",
                      p->runtime->delegates[p->asking]->name, nodes[i],
                      nodes[i] < 0 || nodes[i] >= p->subgraph->node_count ? "is no node of the file"
                                                                          : "it has named already");
    if (reads_sparse(p->subgraph, &p->subgraph->nodes[nodes[i]]))
      p->left[nodes[i]] = LRT_LEFT_SPARSE;
    else
      wanted[nodes[i]] = true;
  }
  for (const lrt_group *g = p->groups; g != NULL; g = g->next)
    for (int32_t i = 0; i < g->node_count; i++)
      if (wanted[g->nodes[i]])
        return lrt_fail(c->err, LRT_INVALID_ARGUMENT, "delegate %s claims node %d, which is taken",
                        p->runtime->delegates[p->asking]->name, g->nodes[i]);
  return LRT_OK;
}

static lrt_status group_nodes(cutting *c, const int32_t *nodes, int32_t count, bool commit) {
  lrt_partition *p = c->partition;
  bool *wanted = lrt_arena_array(&p->arena, (size_t)p->subgraph->node_count + 1, sizeof *wanted);
  if (wanted == NULL) return no_memory(c);
  c->wanted = wanted;
  LRT_TRY(mark_wanted(c, nodes, count, wanted));
  LRT_TRY(cut(c));
  if (!commit) return LRT_OK;
  if (drop_groups(c, wanted)) { /* what is left may be cut in other places */
    lrt_arena_clear(&c->scratch);
    const cutting again = {.partition = p, .scratch = c->scratch, .wanted = wanted, .err = c->err};
    *c = again;
    LRT_TRY(cut(c));
  }
  commit_groups(c);
  return LRT_OK;
}

lrt_status lrt_partition_group(lrt_partition *partition, const int32_t *nodes, int32_t count, bool commit,
                               lrt_group **first, lrt_error *err) {
  cutting c = {.partition = partition, .err = err};
  *first = NULL;
  lrt_arena_init(&c.scratch, partition->runtime->alloc);
  const lrt_status status = group_nodes(&c, nodes, count, commit);
  lrt_arena_clear(&c.scratch);
  LRT_TRY(status);
  *first = c.first;
  if (commit && c.first != NULL) {
    *partition->last_group = c.first;
    partition->last_group = c.last;
  }
  return LRT_OK;
}
