/* check.h: the test harness: CHECK macros that print both values, a list of cases, "skipped" with a reason. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_CHECK_H
#define LRT_TESTS_CHECK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failures;

#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      check_failures++;                                                                                      \
      fprintf(stderr, "%s:%d: CHECK(%s) failed\n", __FILE__, __LINE__, #condition);                          \
    }                                                                                                        \
  } while (0)

/* Like CHECK, and leaves the calling (void) function: later lines would crash. */
#define REQUIRE(condition)                                                                                   \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      check_failures++;                                                                                      \
      fprintf(stderr, "%s:%d: REQUIRE(%s) failed\n", __FILE__, __LINE__, #condition);                        \
      return;                                                                                                \
    }                                                                                                        \
  } while (0)

#define CHECK_INT(actual, expected)                                                                          \
  do {                                                                                                       \
    const long long check_a = (long long)(actual), check_e = (long long)(expected);                          \
    if (check_a != check_e) {                                                                                \
      check_failures++;                                                                                      \
      fprintf(stderr, "%s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, #actual, check_a, check_e);  \
    }                                                                                                        \
  } while (0)

#define CHECK_TEXT(actual, expected)                                                                         \
  do {                                                                                                       \
    const char *check_a = (actual), *check_e = (expected);                                                   \
    if (check_a == NULL || strcmp(check_a, check_e) != 0) {                                                  \
      check_failures++;                                                                                      \
      fprintf(stderr, "%s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #actual,                 \
              check_a ? check_a : "(null)", check_e);                                                        \
    }                                                                                                        \
  } while (0)

#define CHECK_NEAR(actual, expected, tolerance)                                                              \
  do {                                                                                                       \
    const double check_a = (double)(actual), check_e = (double)(expected);                                   \
    if (!(fabs(check_a - check_e) <= (double)(tolerance))) {                                                 \
      check_failures++;                                                                                      \
      fprintf(stderr, "%s:%d: %s is %.9g, expected %.9g\n", __FILE__, __LINE__, #actual, check_a, check_e);  \
    }                                                                                                        \
  } while (0)

/* Ends the program as "skipped" (ctest prints it so), unless an earlier check failed. */
#define SKIP(reason)                                                                                         \
  do {                                                                                                       \
    printf("skipped: %s\n", reason);                                                                         \
    exit(check_failures == 0 ? 77 : 1);                                                                      \
  } while (0)

/* Runs a void(void) case; with arguments on the command line, only the cases named there. */
#define RUN(name)                                                                                            \
  do {                                                                                                       \
    int check_wanted = argc < 2;                                                                             \
    for (int check_i = 1; check_i < argc; check_i++) check_wanted |= strcmp(argv[check_i], #name) == 0;      \
    if (check_wanted) {                                                                                      \
      const int check_before = check_failures;                                                               \
      name();                                                                                                \
      printf("%s %s\n", check_failures == check_before ? "ok  " : "FAIL", #name);                            \
    }                                                                                                        \
  } while (0)

#define DONE() return check_failures == 0 ? 0 : 1

#endif
