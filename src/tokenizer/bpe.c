/* bpe.c: the table of merges, and merging by scan or by heap. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/bpe.h"

#include <string.h>
#include <time.h>

#include "base/fail.h"

#define FREE_SLOT UINT64_MAX
#define NO_RANK UINT32_MAX
#define SCAN_MAX 40 /* symbols up to which scanning is the faster way */

int lrt_merge_table_init(lrt_merge_table *table, lrt_arena *arena, size_t count) {
  struct timespec now;
  size_t size = 16;
  while (size < count * 2 && size < SIZE_MAX / 64) size *= 2;
  clock_gettime(CLOCK_MONOTONIC, &now);
  table->slots = lrt_arena_array(arena, size, sizeof *table->slots);
  table->mask = size - 1;
  table->factor =
      UINT64_C(0x9E3779B97F4A7C15) + ((uint64_t)now.tv_nsec << 20 ^ (uint64_t)(uintptr_t)table << 8);
  if (table->slots == NULL) return 0;
  for (size_t i = 0; i < size; i++) table->slots[i].pair = FREE_SLOT;
  return 1;
}

/* The slot of a pair, or the free one where it belongs. */
static inline lrt_merge *find_slot(const lrt_merge_table *table, uint64_t pair) {
  uint64_t h = pair * table->factor;
  h ^= h >> 32;
  for (uint64_t at = h & table->mask;; at = (at + 1) & table->mask)
    if (table->slots[at].pair == pair || table->slots[at].pair == FREE_SLOT) return &table->slots[at];
}

static inline uint64_t pair_of(int32_t left, int32_t right) {
  return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

void lrt_merge_table_put(lrt_merge_table *table, int32_t left, int32_t right, uint32_t rank, int32_t id) {
  *find_slot(table, pair_of(left, right)) = (lrt_merge){pair_of(left, right), rank, (uint32_t)id};
}

const lrt_merge *lrt_merge_table_find(const lrt_merge_table *table, int32_t left, int32_t right) {
  const lrt_merge *slot = find_slot(table, pair_of(left, right));
  return slot->pair == FREE_SLOT ? NULL : slot;
}

void lrt_bpe_work_init(lrt_bpe_work *work, lrt_alloc *alloc) {
  memset(work, 0, sizeof *work);
  work->alloc = alloc;
}

void lrt_bpe_work_clear(lrt_bpe_work *work) {
  lrt_alloc_free(work->ids);
  lrt_alloc_free(work->scratch);
  lrt_bpe_work_init(work, work->alloc);
}

lrt_status lrt_bpe_work_reserve(lrt_bpe_work *work, size_t count, lrt_error *err) {
  if (count <= work->capacity) return LRT_OK;
  const size_t wanted = count < 256 ? 256 : count + count / 2;
  int32_t *ids = lrt_alloc_resize(work->alloc, work->ids, wanted * sizeof *ids);
  if (ids == NULL) return lrt_alloc_fail(err, work->alloc, wanted * sizeof *ids, "the symbols of a word");
  work->ids = ids;
  work->capacity = wanted;
  return LRT_OK;
}

static lrt_status reserve_scratch(lrt_bpe_work *work, size_t bytes, lrt_error *err) {
  if (bytes <= work->scratch_bytes) return LRT_OK;
  lrt_alloc_free(work->scratch);
  work->scratch_bytes = 0;
  bytes = bytes < 4096 ? 4096 : bytes + bytes / 2;
  work->scratch = lrt_alloc_get(work->alloc, bytes);
  if (work->scratch == NULL) return lrt_alloc_fail(err, work->alloc, bytes, "merging a word");
  work->scratch_bytes = bytes;
  return LRT_OK;
}

/* ---- by scan ---- */

/* Rank and result of the pair that begins at each symbol. */
typedef struct candidate {
  uint32_t rank, id;
} candidate;

static candidate look_up(const lrt_merge_table *table, int32_t left, int32_t right) {
  const lrt_merge *slot = find_slot(table, pair_of(left, right));
  return slot->pair == FREE_SLOT ? (candidate){NO_RANK, 0} : (candidate){slot->rank, slot->id};
}

lrt_status lrt_bpe_merge_scan(const lrt_merge_table *table, lrt_bpe_work *work, lrt_error *err) {
  size_t count = work->count;
  int32_t *ids = work->ids;
  if (count < 2) return LRT_OK;
  LRT_TRY(reserve_scratch(work, count * sizeof(candidate), err));
  candidate *pairs = work->scratch; /* [count - 1] */
  for (size_t i = 0; i + 1 < count; i++) pairs[i] = look_up(table, ids[i], ids[i + 1]);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; i++)
      if (pairs[i].rank < pairs[best].rank) best = i;
    if (pairs[best].rank == NO_RANK) break;
    ids[best] = (int32_t)pairs[best].id;
    memmove(ids + best + 1, ids + best + 2, (count - best - 2) * sizeof *ids);
    memmove(pairs + best, pairs + best + 1, (count - best - 2) * sizeof *pairs);
    count--;
    if (best > 0) pairs[best - 1] = look_up(table, ids[best - 1], ids[best]);
    if (best + 1 < count) pairs[best] = look_up(table, ids[best], ids[best + 1]);
  }
  work->count = count;
  return LRT_OK;
}

/* ---- by heap ---- */

typedef struct link {
  uint32_t previous, next; /* positions; UINT32_MAX = none */
} link;

#define NO_LINK UINT32_MAX
#define DEAD (-1) /* id of a symbol that was merged into its left neighbour */

/* A binary min-heap of rank << 32 | position. */
typedef struct heap {
  uint64_t *items; /* [count] */
  size_t count;
} heap;

static void heap_push(heap *h, uint64_t item) {
  size_t at = h->count++;
  for (; at > 0 && h->items[(at - 1) / 2] > item; at = (at - 1) / 2) h->items[at] = h->items[(at - 1) / 2];
  h->items[at] = item;
}

static void sift_down(heap *h, size_t at) {
  const uint64_t item = h->items[at];
  for (size_t child; (child = 2 * at + 1) < h->count; at = child) {
    if (child + 1 < h->count && h->items[child + 1] < h->items[child]) child++;
    if (h->items[child] >= item) break;
    h->items[at] = h->items[child];
  }
  h->items[at] = item;
}

static uint64_t heap_pop(heap *h) {
  const uint64_t top = h->items[0];
  h->items[0] = h->items[--h->count];
  if (h->count > 0) sift_down(h, 0);
  return top;
}

/* Pushes the pair that begins at `at`, if it merges. */
static void offer(const lrt_merge_table *table, const lrt_bpe_work *work, const link *links, heap *h,
                  uint32_t at) {
  if (at == NO_LINK || links[at].next == NO_LINK) return;
  const candidate c = look_up(table, work->ids[at], work->ids[links[at].next]);
  if (c.rank != NO_RANK) heap_push(h, (uint64_t)c.rank << 32 | at);
}

/* An entry whose symbols have changed since has another rank now, or none: merges only make symbols longer. */
static void merge_top(const lrt_merge_table *table, lrt_bpe_work *work, link *links, heap *h) {
  const uint64_t top = heap_pop(h);
  const uint32_t at = (uint32_t)top, next = links[at].next;
  if (work->ids[at] == DEAD || next == NO_LINK) return;
  const candidate c = look_up(table, work->ids[at], work->ids[next]);
  if (c.rank != top >> 32) return;
  work->ids[at] = (int32_t)c.id;
  work->ids[next] = DEAD;
  links[at].next = links[next].next;
  if (links[at].next != NO_LINK) links[links[at].next].previous = at;
  offer(table, work, links, h, links[at].previous);
  offer(table, work, links, h, at);
}

lrt_status lrt_bpe_merge_heap(const lrt_merge_table *table, lrt_bpe_work *work, lrt_error *err) {
  const size_t count = work->count;
  if (count < 2) return LRT_OK;
  /* Each merge removes a symbol and offers two pairs: no more than 3 entries per symbol are ever made. */
  const size_t links_bytes = (count * sizeof(link) + 7) / 8 * 8;
  LRT_TRY(reserve_scratch(work, links_bytes + 3 * count * sizeof(uint64_t), err));
  link *links = work->scratch;
  heap h = {(uint64_t *)(void *)((char *)work->scratch + links_bytes), 0};
  for (size_t i = 0; i < count; i++) {
    links[i].previous = i == 0 ? NO_LINK : (uint32_t)(i - 1);
    links[i].next = i + 1 == count ? NO_LINK : (uint32_t)(i + 1);
  }
  for (size_t i = 0; i < count; i++) offer(table, work, links, &h, (uint32_t)i);
  while (h.count > 0) merge_top(table, work, links, &h);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (work->ids[i] != DEAD) work->ids[kept++] = work->ids[i];
  work->count = kept;
  return LRT_OK;
}

lrt_status lrt_bpe_merge(const lrt_merge_table *table, lrt_bpe_work *work, lrt_error *err) {
  return work->count <= SCAN_MAX ? lrt_bpe_merge_scan(table, work, err)
                                 : lrt_bpe_merge_heap(table, work, err);
}
