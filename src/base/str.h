/* str.h: a growable text with a hard maximum; errors are kept until somebody asks. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_STR_H
#define LRT_BASE_STR_H

#include <stddef.h>

#include "base/alloc.h"

/* Always NUL-terminated. After a failed append the text stays as it was and later appends do nothing. */
typedef struct lrt_str {
  lrt_alloc *alloc;
  char *text; /* never NULL */
  size_t length;
  size_t capacity; /* bytes allocated, 0 = none */
  size_t maximum;  /* longest length allowed */
  lrt_status status;
} lrt_str;

/* An empty text of at most `maximum` bytes (0 = as many as memory allows). */
void lrt_str_init(lrt_str *str, lrt_alloc *alloc, size_t maximum);
/* Frees the memory; the text is empty and usable again. */
void lrt_str_clear(lrt_str *str);
/* Room for `more` bytes, so that appending them asks for no memory; a failure is kept. */
void lrt_str_reserve(lrt_str *str, size_t more);
void lrt_str_add(lrt_str *str, const char *bytes, size_t length);
void lrt_str_add_text(lrt_str *str, const char *text);
void lrt_str_format(lrt_str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Cuts to `length` bytes where the text is longer; memory stays. */
void lrt_str_cut(lrt_str *str, size_t length);
/* LRT_OK, OVER_BUDGET (maximum reached) or OUT_OF_MEMORY of the first append that failed. */
lrt_status lrt_str_check(const lrt_str *str, lrt_error *err);
/* The text as a block of its own (lrt_alloc_free); NULL after a failure. The string is empty afterwards. */
char *lrt_str_take(lrt_str *str);

#endif
