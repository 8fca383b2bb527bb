/* test_bpe.c: merging by scan and by heap give the same, also on long words; the table of merges. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "tokenizer/bpe.h"

static uint32_t state = 1;

static uint32_t draw(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % below;
}

static void fill(lrt_bpe_work *work, const int32_t *ids, size_t count) {
  REQUIRE(lrt_bpe_work_reserve(work, count, NULL) == LRT_OK);
  memcpy(work->ids, ids, count * sizeof *ids);
  work->count = count;
}

/* A random vocabulary: 4 letters, and merges of any two symbols made before. */
static void scan_equals_heap(void) {
  for (int round = 0; round < 300; round++) {
    lrt_arena arena;
    lrt_merge_table table;
    lrt_bpe_work a, b;
    int32_t ids[200], next = 4;
    lrt_arena_init(&arena, lrt_alloc_default());
    CHECK(lrt_merge_table_init(&table, &arena, 60));
    for (uint32_t rank = 0; rank < 60; rank++) {
      const int32_t left = (int32_t)draw((uint32_t)next), right = (int32_t)draw((uint32_t)next);
      if (lrt_merge_table_find(&table, left, right) == NULL)
        lrt_merge_table_put(&table, left, right, rank, next++);
    }
    const size_t count = 1 + draw(200);
    for (size_t i = 0; i < count; i++) ids[i] = (int32_t)draw(4);
    lrt_bpe_work_init(&a, lrt_alloc_default());
    lrt_bpe_work_init(&b, lrt_alloc_default());
    fill(&a, ids, count);
    fill(&b, ids, count);
    CHECK_INT(lrt_bpe_merge_scan(&table, &a, NULL), LRT_OK);
    CHECK_INT(lrt_bpe_merge_heap(&table, &b, NULL), LRT_OK);
    CHECK_INT(a.count, b.count);
    CHECK(a.count == b.count && memcmp(a.ids, b.ids, a.count * sizeof a.ids[0]) == 0);
    lrt_bpe_work_clear(&a);
    lrt_bpe_work_clear(&b);
    lrt_arena_clear(&arena);
  }
}

/* "aaaa…": halves at each rank. A million symbols take a blink, not hours. */
static void long_words_take_n_log_n(void) {
  lrt_arena arena;
  lrt_merge_table table;
  lrt_bpe_work work;
  const size_t count = 1 << 20;
  lrt_arena_init(&arena, lrt_alloc_default());
  CHECK(lrt_merge_table_init(&table, &arena, 20));
  for (int32_t i = 0; i < 20; i++) lrt_merge_table_put(&table, i, i, (uint32_t)i, i + 1);
  lrt_bpe_work_init(&work, lrt_alloc_default());
  REQUIRE(lrt_bpe_work_reserve(&work, count, NULL) == LRT_OK);
  memset(work.ids, 0, count * sizeof work.ids[0]);
  work.count = count;
  CHECK_INT(lrt_bpe_merge(&table, &work, NULL), LRT_OK);
  CHECK_INT(work.count, 1);
  CHECK_INT(work.ids[0], 20);
  lrt_bpe_work_clear(&work);
  lrt_arena_clear(&arena);
}

static void a_pair_has_its_last_rank(void) {
  lrt_arena arena;
  lrt_merge_table table;
  lrt_arena_init(&arena, lrt_alloc_default());
  CHECK(lrt_merge_table_init(&table, &arena, 2));
  lrt_merge_table_put(&table, 1, 2, 5, 7);
  lrt_merge_table_put(&table, 1, 2, 3, 8);
  const lrt_merge *found = lrt_merge_table_find(&table, 1, 2);
  CHECK(found != NULL && found->rank == 3 && found->id == 8);
  CHECK(lrt_merge_table_find(&table, 2, 1) == NULL);
  lrt_arena_clear(&arena);
}

int main(int argc, char **argv) {
  RUN(scan_equals_heap);
  RUN(long_words_take_n_log_n);
  RUN(a_pair_has_its_last_rank);
  DONE();
}
