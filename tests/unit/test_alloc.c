/* test_alloc.c: blocks, budgets, the failing mode, and accounts that outlive their handle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "check.h"

static void blocks_are_aligned_and_counted(void) {
  lrt_alloc *account = NULL;
  REQUIRE(lrt_alloc_create(0, &account, NULL) == LRT_OK);
  const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 200000};
  void *blocks[7];
  uint64_t sum = 0;
  for (int i = 0; i < 7; i++) {
    blocks[i] = lrt_alloc_zero(account, sizes[i]);
    REQUIRE(blocks[i] != NULL);
    CHECK_INT((uintptr_t)blocks[i] % LRT_ALLOC_ALIGN, 0);
    for (size_t k = 0; k < sizes[i]; k++) CHECK(((char *)blocks[i])[k] == 0);
    memset(blocks[i], 0xee, sizes[i]);
    sum += sizes[i];
    CHECK_INT(lrt_alloc_in_use(account), sum);
  }
  for (int i = 0; i < 7; i++) lrt_alloc_free(blocks[i]);
  CHECK_INT(lrt_alloc_in_use(account), 0);
  CHECK_INT(lrt_alloc_peak(account), sum);
  CHECK_INT(lrt_alloc_calls(account), 7);
  lrt_alloc_destroy(account);
}

static void resize_keeps_contents(void) {
  lrt_alloc *account = NULL;
  REQUIRE(lrt_alloc_create(1000, &account, NULL) == LRT_OK);
  char *block = lrt_alloc_resize(account, NULL, 10);
  REQUIRE(block != NULL);
  memcpy(block, "123456789", 10);
  block = lrt_alloc_resize(account, block, 300);
  REQUIRE(block != NULL);
  CHECK_TEXT(block, "123456789");
  CHECK(lrt_alloc_resize(account, block, 2000) == NULL);
  CHECK_TEXT(block, "123456789");
  CHECK_INT(lrt_alloc_in_use(account), 300);
  lrt_alloc_free(block);
  lrt_alloc_destroy(account);
}

static void budget_is_kept(void) {
  lrt_alloc *account = NULL;
  lrt_error err;
  REQUIRE(lrt_alloc_create(100, &account, NULL) == LRT_OK);
  void *first = lrt_alloc_get(account, 60);
  CHECK(first != NULL);
  CHECK(lrt_alloc_get(account, 41) == NULL);
  CHECK_INT(lrt_alloc_fail(&err, account, 41, "a tensor"), LRT_OVER_BUDGET);
  CHECK_TEXT(err.message, "a tensor needs 41 bytes, but 60 of the budget of 100 are in use");
  void *second = lrt_alloc_get(account, 40);
  CHECK(second != NULL);
  CHECK_INT(lrt_alloc_fail(&err, account, 0, "nothing"), LRT_OVER_BUDGET);
  lrt_alloc_free(first);
  lrt_alloc_free(second);
  lrt_alloc_destroy(account);
}

static void failing_mode_counts_calls(void) {
  lrt_alloc *account = NULL;
  REQUIRE(lrt_alloc_create(0, &account, NULL) == LRT_OK);
  lrt_alloc_fail_from(account, 2);
  void *block = lrt_alloc_get(account, 8);
  CHECK(block != NULL);
  CHECK(lrt_alloc_get(account, 8) == NULL);
  CHECK(lrt_alloc_resize(account, block, 16) == NULL);
  lrt_alloc_fail_from(account, 0);
  void *more = lrt_alloc_get(account, 8);
  CHECK(more != NULL);
  CHECK_INT(lrt_alloc_calls(account), 4);
  lrt_alloc_free(block);
  lrt_alloc_free(more);
  lrt_alloc_destroy(account);
}

static void overflow_is_refused(void) {
  lrt_alloc *account = lrt_alloc_default();
  CHECK(lrt_alloc_array(account, SIZE_MAX / 4, 8) == NULL);
  CHECK(lrt_alloc_get(account, SIZE_MAX) == NULL);
  CHECK(lrt_alloc_zero(account, SIZE_MAX - 64) == NULL);
  lrt_alloc_free(NULL);
}

static void blocks_outlive_the_handle(void) {
  lrt_alloc *account = NULL;
  REQUIRE(lrt_alloc_create(0, &account, NULL) == LRT_OK);
  char *block = lrt_alloc_array(account, 5, 10);
  lrt_alloc_destroy(account);
  REQUIRE(block != NULL);
  memset(block, 1, 50);
  lrt_alloc_free(block);
  lrt_alloc_destroy(NULL);
}

int main(int argc, char **argv) {
  RUN(blocks_are_aligned_and_counted);
  RUN(resize_keeps_contents);
  RUN(budget_is_kept);
  RUN(failing_mode_counts_calls);
  RUN(overflow_is_refused);
  RUN(blocks_outlive_the_handle);
  DONE();
}
