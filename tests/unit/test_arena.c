/* test_arena.c: arena blocks are zeroed, aligned, apart from each other, and go away together. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "check.h"

static void blocks_do_not_overlap(void) {
  lrt_alloc *account = NULL;
  lrt_arena arena;
  enum { COUNT = 500 };
  unsigned char *blocks[COUNT];
  size_t sizes[COUNT];
  REQUIRE(lrt_alloc_create(0, &account, NULL) == LRT_OK);
  lrt_arena_init(&arena, account);
  for (int i = 0; i < COUNT; i++) {
    sizes[i] = (size_t)(i * 37 % 701) + (i % 100 == 99 ? 100000 : 0);
    blocks[i] = lrt_arena_get(&arena, sizes[i]);
    REQUIRE(blocks[i] != NULL);
    CHECK_INT((uintptr_t)blocks[i] % 16, 0);
    for (size_t k = 0; k < sizes[i]; k++) CHECK(blocks[i][k] == 0);
    memset(blocks[i], i & 0xff, sizes[i]);
  }
  for (int i = 0; i < COUNT; i++)
    for (size_t k = 0; k < sizes[i]; k++) CHECK(blocks[i][k] == (i & 0xff));
  lrt_arena_clear(&arena);
  CHECK_INT(lrt_alloc_in_use(account), 0);
  CHECK(lrt_arena_get(&arena, 10) != NULL);
  lrt_arena_clear(&arena);
  lrt_alloc_destroy(account);
}

static void refusals_are_null(void) {
  lrt_alloc *account = NULL;
  lrt_arena arena;
  REQUIRE(lrt_alloc_create(10000, &account, NULL) == LRT_OK);
  lrt_arena_init(&arena, account);
  CHECK(lrt_arena_get(&arena, SIZE_MAX) == NULL);
  CHECK(lrt_arena_array(&arena, SIZE_MAX / 2, 3) == NULL);
  CHECK(lrt_arena_text(&arena, "x", SIZE_MAX) == NULL);
  CHECK(lrt_arena_get(&arena, 10000) == NULL);
  CHECK(lrt_arena_get(&arena, 100) != NULL);
  lrt_arena_clear(&arena);
  lrt_alloc_destroy(account);
}

static void texts_end_with_nul(void) {
  lrt_arena arena;
  lrt_arena_init(&arena, lrt_alloc_default());
  CHECK_TEXT(lrt_arena_text(&arena, "abcdef", 3), "abc");
  CHECK_TEXT(lrt_arena_text(&arena, NULL, 0), "");
  lrt_arena_clear(&arena);
}

int main(int argc, char **argv) {
  RUN(blocks_do_not_overlap);
  RUN(refusals_are_null);
  RUN(texts_end_with_nul);
  DONE();
}
