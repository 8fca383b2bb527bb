/* test_regex.c: patterns as Oniguruma reads them: what they find, what is refused, and that no text makes them hang. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "check.h"
#include "tokenizer/regex.h"

/* All matches as "start-end …"; the error where there is one. */
static const char *find_all(const char *pattern, const char *text) {
  static char out[1000];
  lrt_arena arena;
  lrt_regex_run run;
  lrt_error err = {0};
  const lrt_regex *regex = NULL;
  size_t at = 0, start, end;
  const size_t length = strlen(text);
  out[0] = '\0';
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_regex_run_init(&run, lrt_alloc_default());
  lrt_regex_run_allow(&run, length);
  lrt_status status = lrt_regex_compile(pattern, strlen(pattern), &arena, &regex, &err);
  for (size_t from = 0; status == LRT_OK && from <= length; from = end > start ? end : end + 1) {
    status = lrt_regex_find(regex, &run, text, length, from, &start, &end, &err);
    if (status != LRT_OK || start > length) break;
    at += (size_t)sprintf(out + at, at == 0 ? "%zu-%zu" : " %zu-%zu", start, end);
  }
  if (status != LRT_OK) strcpy(out, err.message);
  lrt_regex_run_clear(&run);
  lrt_arena_clear(&arena);
  return out;
}

#define CHECK_FOUND(pattern, text, expected) CHECK_TEXT(find_all(pattern, text), expected)

static void what_matches(void) {
  CHECK_FOUND("a|ab", "abab", "0-1 2-3");
  CHECK_FOUND("(?:ab)+c?", "ababc ab", "0-5 6-8");
  CHECK_FOUND("a{2,3}", "aaaaa", "0-3 3-5");
  CHECK_FOUND("a{,2}b", "aaab b", "1-4 5-6");
  CHECK_FOUND("a{1,2}+", "aaaaa", "0-5"); /* a repeated {1,2} */
  CHECK_FOUND("a++ab|b", "aaab", "3-4");  /* possessive: nothing is given back */
  CHECK_FOUND("(?>a+)ab|b", "aaab", "3-4");
  CHECK_FOUND("a+?b", "aab", "0-3");
  CHECK_FOUND("a*?", "aa", "0-0 1-1 2-2");
  CHECK_FOUND("\\s+(?!\\S)|\\s+", "a   b  ", "1-3 3-4 5-7");
  CHECK_FOUND("(?<=a)b", "ab bb", "1-2");
  CHECK_FOUND("(?<!a)b", "ab bb", "3-4 4-5");
  CHECK_FOUND("\\bab\\b", "ab abc ab", "0-2 7-9");
  CHECK_FOUND("^a|b$", "a\nab", "0-1 2-3 3-4");
  CHECK_FOUND("a.", "a\nab", "2-4");
  CHECK_FOUND("(a|b)(c|d)", "acbd", "0-2 2-4");
}

static void classes(void) {
  CHECK_FOUND("[a-c&&[^b]]+", "abcd", "0-1 2-3");
  CHECK_FOUND("[^\\s\\p{L}]+", "ab 1!c", "3-5");
  CHECK_FOUND("\\p{Lu}\\p{Ll}*", "AbcD\xC3\x89\xC3\xA9", "0-3 3-4 4-8");
  CHECK_FOUND("\\P{L}", "a1", "1-2");
  CHECK_FOUND("\\p{^L}", "a1", "1-2");
  CHECK_FOUND("\\p{Han}+", "a\xE6\xBC\xA2\xE5\xAD\x97", "1-7");
  CHECK_FOUND("[\\[\\]\\-x]", "a]-[", "1-2 2-3 3-4");
  CHECK_FOUND("\\d\\w\\h", "1af", "0-3");
  CHECK_FOUND("[\\x41\\u00e9]", "A\xC3\xA9", "0-1 1-3");
  CHECK_FOUND("(?i:'s|k)", "'S '\xC5\xBF K \xE2\x84\xAA",
              "0-2 3-6 7-8 9-12"); /* long s and the Kelvin sign */
  CHECK_FOUND("(?i)a[b-c]", "AB ac", "0-2 3-5");
}

static void what_is_refused(void) {
  CHECK_FOUND("(?<n>a)", "", "the pattern (?<n>a) is not supported: a group of this kind at byte 1");
  CHECK_FOUND("\\p{Greek}", "",
              "the pattern \\p{Greek} is not supported: a property other than a general category at byte 2");
  CHECK_FOUND(
      "(a*)*", "",
      "the pattern (a*)* is not supported: an expression that may match nothing is repeated at byte 5");
  CHECK_FOUND("a(", "", "the pattern a( is not supported: a group without its closing parenthesis at byte 2");
  CHECK_FOUND("a)", "", "the pattern a) is not supported: a closing parenthesis too many at byte 1");
  CHECK_FOUND("[a", "", "the pattern [a is not supported: a class without its closing bracket at byte 2");
  CHECK_FOUND("\\1", "", "the pattern \\1 is not supported: an escape at byte 1");
  CHECK_FOUND("[[:alpha:]]", "", "the pattern [[:alpha:]] is not supported: a POSIX bracket [:…:] at byte 1");
  CHECK_FOUND("+", "", "the pattern + is not supported: a quantifier with nothing before it at byte 0");
  CHECK_FOUND("(?:(?:a{1000}){1000}){1000}", "",
              "the pattern (?:(?:a{1000}){1000}){1000} is not supported: more operations than a tokenizer "
              "needs at byte 27");
  CHECK_FOUND("(?<=a+)b", "",
              "the pattern (?<=a+)b is not supported: a look-behind without a fixed width at byte 8");
}

/* Patterns that go back and forth without end stop by the budget; long texts of the usual kind do not reach it. */
static void work_is_bounded(void) {
  char text[4001];
  memset(text, 'a', sizeof text - 1);
  text[4000] = '\0';
  CHECK_FOUND("(?:a|aa)+b", text, "a pattern of the tokenizer needs too many steps on this text");
  CHECK_FOUND("\\s+(?!\\S)|a+", text, "0-4000");
  CHECK_FOUND("(?:ab?)+", text, "0-4000");
}

int main(int argc, char **argv) {
  RUN(what_matches);
  RUN(classes);
  RUN(what_is_refused);
  RUN(work_is_bounded);
  DONE();
}
