/* trie.c: builds the tree from the sorted texts, level by level. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/trie.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

/* A text with its number, for sorting. */
typedef struct entry {
  lrt_text text;
  int32_t number;
} entry;

/* The sorted texts below a node. */
typedef struct stretch {
  uint32_t start, end;
} stretch;

typedef struct builder {
  entry *entries; /* [count], sorted */
  size_t count;
  stretch *stretches; /* [nodes] */
  uint32_t *first;
  uint8_t *labels;
  int32_t *values;
  uint32_t nodes; /* made so far */
} builder;

static int compare_entries(const void *a, const void *b) {
  const entry *x = a, *y = b;
  const uint32_t shorter = x->text.length < y->text.length ? x->text.length : y->text.length;
  const int order = memcmp(x->text.bytes, y->text.bytes, shorter);
  if (order != 0) return order;
  if (x->text.length != y->text.length) return x->text.length < y->text.length ? -1 : 1;
  return (x->number < y->number) - (x->number > y->number); /* of equal texts the last comes first */
}

static size_t common(const lrt_text *a, const lrt_text *b) {
  size_t n = 0;
  while (n < a->length && n < b->length && a->bytes[n] == b->bytes[n]) n++;
  return n;
}

/* Nodes the tree will have, the root included. */
static size_t count_nodes(const builder *b) {
  size_t nodes = 1;
  for (size_t i = 0; i < b->count; i++)
    nodes += b->entries[i].text.length - (i == 0 ? 0 : common(&b->entries[i - 1].text, &b->entries[i].text));
  return nodes;
}

/* Makes the children of a node whose texts share `depth` bytes. */
static void split_node(builder *b, uint32_t node, uint32_t depth) {
  const stretch s = b->stretches[node];
  b->first[node] = b->nodes;
  for (uint32_t i = s.start; i < s.end;) {
    const lrt_text *text = &b->entries[i].text;
    if (text->length == depth) {
      if (b->values[node] < 0) b->values[node] = b->entries[i].number;
      i++;
      continue;
    }
    uint32_t end = i + 1;
    while (end < s.end && b->entries[end].text.bytes[depth] == text->bytes[depth]) end++;
    b->labels[b->nodes] = (uint8_t)text->bytes[depth];
    b->values[b->nodes] = -1;
    b->stretches[b->nodes++] = (stretch){i, end};
    i = end;
  }
}

static void split_all(builder *b, size_t total) {
  uint32_t depth = 0, level_end = 1;
  b->values[0] = -1;
  b->stretches[0] = (stretch){0, (uint32_t)b->count};
  b->nodes = 1;
  for (uint32_t node = 0; node < total; node++) {
    if (node == level_end) {
      level_end = b->nodes;
      depth++;
    }
    split_node(b, node, depth);
  }
  b->first[total] = b->nodes;
}

static lrt_status no_memory(lrt_arena *arena, lrt_error *err) {
  return lrt_alloc_fail(err, arena->alloc, 0, "a tree of tokens");
}

static lrt_status build(builder *b, lrt_trie *trie, lrt_arena *arena, lrt_error *err) {
  qsort(b->entries, b->count, sizeof b->entries[0], compare_entries);
  const size_t nodes = count_nodes(b);
  if (nodes > UINT32_MAX - 2) return lrt_fail(err, LRT_OVER_BUDGET, "the tokens of a tokenizer are too long");
  b->stretches = lrt_alloc_array(arena->alloc, nodes, sizeof *b->stretches);
  b->first = lrt_arena_array(arena, nodes + 1, sizeof *b->first);
  b->labels = lrt_arena_array(arena, nodes, sizeof *b->labels);
  b->values = lrt_arena_array(arena, nodes, sizeof *b->values);
  if (b->stretches == NULL || b->first == NULL || b->labels == NULL || b->values == NULL)
    return no_memory(arena, err);
  split_all(b, nodes);
  trie->first = b->first;
  trie->labels = b->labels;
  trie->values = b->values;
  trie->count = (uint32_t)nodes;
  for (uint32_t i = b->first[0]; i < b->first[1]; i++) trie->roots[b->labels[i]] = i;
  return LRT_OK;
}

lrt_status lrt_trie_build(lrt_trie *trie, lrt_arena *arena, const lrt_text *texts, size_t count,
                          lrt_error *err) {
  builder b = {0};
  memset(trie, 0, sizeof *trie);
  b.entries = lrt_alloc_array(arena->alloc, count + 1, sizeof *b.entries);
  if (b.entries == NULL) return no_memory(arena, err);
  for (size_t i = 0; i < count; i++)
    if (texts[i].bytes != NULL && texts[i].length > 0) b.entries[b.count++] = (entry){texts[i], (int32_t)i};
  const lrt_status status = b.count == 0 ? LRT_OK : build(&b, trie, arena, err);
  lrt_alloc_free(b.entries);
  lrt_alloc_free(b.stretches);
  return status;
}

int32_t lrt_trie_longest(const lrt_trie *trie, const char *bytes, size_t length, size_t *used) {
  int32_t found = -1;
  uint32_t node = 0;
  *used = 0;
  for (size_t i = 0; i < length; i++) {
    node = lrt_trie_step(trie, node, (uint8_t)bytes[i]);
    if (node == 0) break;
    if (trie->values[node] < 0) continue;
    found = trie->values[node];
    *used = i + 1;
  }
  return found;
}
