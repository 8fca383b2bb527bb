/* test_str.c: growing texts: contents, the maximum, refusals, taking the block. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "check.h"

static void texts_grow(void) {
  lrt_str s;
  lrt_str_init(&s, NULL, 0);
  CHECK_TEXT(s.text, "");
  for (int i = 0; i < 1000; i++) lrt_str_format(&s, "%d,", i % 10);
  CHECK_INT(s.length, 2000);
  CHECK_INT(strlen(s.text), 2000);
  CHECK(strncmp(s.text, "0,1,2,", 6) == 0);
  lrt_str_cut(&s, 3);
  CHECK_TEXT(s.text, "0,1");
  lrt_str_add(&s, "xyz", 2);
  lrt_str_add_text(&s, "!");
  CHECK_TEXT(s.text, "0,1xy!");
  CHECK_INT(lrt_str_check(&s, NULL), LRT_OK);
  lrt_str_clear(&s);
  CHECK_TEXT(s.text, "");
}

static void maximum_is_hard(void) {
  lrt_str s;
  lrt_error err;
  lrt_str_init(&s, NULL, 5);
  lrt_str_add_text(&s, "12345");
  CHECK_INT(lrt_str_check(&s, &err), LRT_OK);
  lrt_str_format(&s, "%s", "6");
  CHECK_INT(lrt_str_check(&s, &err), LRT_OVER_BUDGET);
  lrt_str_cut(&s, 1);
  lrt_str_add_text(&s, "a");
  CHECK_TEXT(s.text, "1");
  CHECK(lrt_str_take(&s) == NULL);
  lrt_str_add_text(&s, "again");
  CHECK_TEXT(s.text, "again");
  lrt_str_clear(&s);
}

static void refused_memory_is_reported(void) {
  lrt_alloc *account = NULL;
  lrt_str s;
  lrt_error err;
  REQUIRE(lrt_alloc_create(0, &account, NULL) == LRT_OK);
  lrt_alloc_fail_from(account, 2);
  lrt_str_init(&s, account, 0);
  lrt_str_add_text(&s, "first");
  for (int i = 0; i < 100; i++) lrt_str_add_text(&s, "more");
  CHECK_INT(lrt_str_check(&s, &err), LRT_OUT_OF_MEMORY);
  CHECK(strncmp(s.text, "firstmore", 9) == 0);
  lrt_str_clear(&s);
  CHECK_INT(lrt_alloc_in_use(account), 0);
  lrt_alloc_destroy(account);
}

static void taken_text_is_a_block(void) {
  lrt_str s;
  lrt_str_init(&s, NULL, 0);
  char *none = lrt_str_take(&s);
  CHECK_TEXT(none, "");
  lrt_alloc_free(none);
  lrt_str_add_text(&s, "mine");
  char *text = lrt_str_take(&s);
  CHECK_TEXT(text, "mine");
  CHECK_TEXT(s.text, "");
  lrt_alloc_free(text);
}

/* Appending what there is room for asks for no memory. */
static void reserve(void) {
  lrt_str str;
  lrt_str_init(&str, lrt_alloc_default(), 100);
  lrt_str_reserve(&str, 80);
  const uint64_t calls = lrt_alloc_calls(lrt_alloc_default());
  for (int i = 0; i < 8; i++) lrt_str_add_text(&str, "0123456789");
  CHECK_INT(lrt_alloc_calls(lrt_alloc_default()) - calls, 0);
  CHECK_INT(str.length, 80);
  lrt_str_reserve(&str, 21);
  CHECK_INT(lrt_str_check(&str, NULL), LRT_OVER_BUDGET);
  lrt_str_clear(&str);
}

int main(int argc, char **argv) {
  RUN(texts_grow);
  RUN(maximum_is_hard);
  RUN(refused_memory_is_reported);
  RUN(taken_text_is_a_block);
  RUN(reserve);
  DONE();
}
