/* bpe.h: byte-pair encoding over ids: merges neighbours by rank until none is left. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_BPE_H
#define LRT_TOKENIZER_BPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* What a pair becomes. */
typedef struct lrt_merge {
  uint64_t pair; /* left << 32 | right; UINT64_MAX = free slot */
  uint32_t rank; /* lowest first */
  uint32_t id;
} lrt_merge;

typedef struct lrt_merge_table {
  lrt_merge *slots; /* [mask + 1] */
  uint64_t mask;
  uint64_t factor; /* of the hash; odd, differs from table to table */
} lrt_merge_table;

/* Room for `count` pairs, in the arena; false when memory is refused. */
int lrt_merge_table_init(lrt_merge_table *table, lrt_arena *arena, size_t count);
/* A pair that is there already gets the new rank and id. */
void lrt_merge_table_put(lrt_merge_table *table, int32_t left, int32_t right, uint32_t rank, int32_t id);
const lrt_merge *lrt_merge_table_find(const lrt_merge_table *table, int32_t left, int32_t right);

/* One word and what merging it needs; kept from word to word. */
typedef struct lrt_bpe_work {
  lrt_alloc *alloc;
  int32_t *ids; /* [count]: the word's symbols, then what they became */
  size_t count, capacity;
  void *scratch;
  size_t scratch_bytes;
} lrt_bpe_work;

void lrt_bpe_work_init(lrt_bpe_work *work, lrt_alloc *alloc);
void lrt_bpe_work_clear(lrt_bpe_work *work);
/* Room for `count` symbols in ids. */
lrt_status lrt_bpe_work_reserve(lrt_bpe_work *work, size_t count, lrt_error *err);

/* Merges work->ids: always the pair of the lowest rank, the leftmost of equal ones. Short words by scanning, long ones
 * over a heap, in n log n; both give the same. */
lrt_status lrt_bpe_merge(const lrt_merge_table *table, lrt_bpe_work *work, lrt_error *err);
/* The two ways, for tests. */
lrt_status lrt_bpe_merge_scan(const lrt_merge_table *table, lrt_bpe_work *work, lrt_error *err);
lrt_status lrt_bpe_merge_heap(const lrt_merge_table *table, lrt_bpe_work *work, lrt_error *err);

#endif
