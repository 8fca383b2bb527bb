/* regex.h: regular expressions over UTF-8, as far as tokenizers use them, with the meaning Oniguruma gives them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_REGEX_H
#define LRT_TOKENIZER_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Understood: literals, . [] [^] && ranges \p{category} \s \d \w \h \n \r \t \xHH \uHHHH, | groups (?: (?i: (?i) (?> ,
 * look-ahead and look-behind of fixed width, ^ $ \A \z \b \B, and the quantifiers * + ? {m,n}, greedy, lazy and
 * possessive. Everything else is refused when compiling, never guessed. */
typedef struct lrt_regex lrt_regex;

/* Lives in the arena. Errors: UNSUPPORTED names the place in the pattern that is not understood. */
lrt_status lrt_regex_compile(const char *pattern, size_t length, lrt_arena *arena, const lrt_regex **out,
                             lrt_error *err);

/* What a search works with; one per thread, usable for any number of searches. */
typedef struct lrt_regex_run {
  lrt_alloc *alloc;
  struct lrt_regex_frame *frames; /* [capacity] */
  size_t top, capacity;
  uint64_t steps; /* left before a search gives up */
} lrt_regex_run;

void lrt_regex_run_init(lrt_regex_run *run, lrt_alloc *alloc);
void lrt_regex_run_clear(lrt_regex_run *run);
/* Allows work for `length` more bytes of text: enough for every pattern that does not go back and forth without end. */
void lrt_regex_run_allow(lrt_regex_run *run, size_t length);

/* The first match at or behind `from` in text: [length], valid UTF-8; *start = *end = length + 1 when there is none.
 * Errors: OVER_BUDGET when the steps are used up, OUT_OF_MEMORY. */
lrt_status lrt_regex_find(const lrt_regex *regex, lrt_regex_run *run, const char *text, size_t length,
                          size_t from, size_t *start, size_t *end, lrt_error *err);

#endif
