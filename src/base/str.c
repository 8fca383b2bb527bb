/* str.c: growable text over the counted allocator. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"

/* Shared by all texts without memory; never written. */
static char empty[1];

void lrt_str_init(lrt_str *str, lrt_alloc *alloc, size_t maximum) {
  *str = (lrt_str){.alloc = alloc, .text = empty, .maximum = maximum == 0 ? PTRDIFF_MAX : maximum};
}

void lrt_str_clear(lrt_str *str) {
  if (str->capacity != 0) lrt_alloc_free(str->text);
  lrt_str_init(str, str->alloc, str->maximum);
}

/* Room for `more` bytes and the NUL behind the text; false keeps the reason. */
static bool make_room(lrt_str *str, size_t more) {
  if (str->status != LRT_OK) return false;
  if (more > str->maximum - str->length) {
    str->status = LRT_OVER_BUDGET;
    return false;
  }
  const size_t needed = str->length + more + 1;
  if (needed <= str->capacity) return true;
  size_t wanted = str->capacity < 64 ? 64 : str->capacity + str->capacity / 2;
  if (wanted > str->maximum) wanted = str->maximum + 1;
  if (wanted < needed) wanted = needed;
  char *grown = lrt_alloc_resize(str->alloc, str->capacity == 0 ? NULL : str->text, wanted);
  if (grown == NULL) {
    str->status = LRT_OUT_OF_MEMORY;
    return false;
  }
  grown[str->length] = '\0';
  str->text = grown;
  str->capacity = wanted;
  return true;
}

void lrt_str_reserve(lrt_str *str, size_t more) {
  make_room(str, more);
}

void lrt_str_add(lrt_str *str, const char *bytes, size_t length) {
  if (length == 0 || !make_room(str, length)) return;
  memcpy(str->text + str->length, bytes, length);
  str->length += length;
  str->text[str->length] = '\0';
}

void lrt_str_add_text(lrt_str *str, const char *text) {
  lrt_str_add(str, text, strlen(text));
}

void lrt_str_format(lrt_str *str, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  const int length = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (length < 0) {
    if (str->status == LRT_OK) str->status = LRT_INVALID_ARGUMENT;
  } else if (length > 0 && make_room(str, (size_t)length)) {
    vsnprintf(str->text + str->length, (size_t)length + 1, format, again);
    str->length += (size_t)length;
  }
  va_end(again);
}

void lrt_str_cut(lrt_str *str, size_t length) {
  if (length >= str->length) return;
  str->length = length;
  str->text[length] = '\0';
}

lrt_status lrt_str_check(const lrt_str *str, lrt_error *err) {
  switch (str->status) {
  case LRT_OK: return LRT_OK;
  case LRT_OVER_BUDGET:
    return lrt_fail(err, LRT_OVER_BUDGET, "a text would exceed its %zu bytes", str->maximum);
  case LRT_INVALID_ARGUMENT: return lrt_fail(err, LRT_INVALID_ARGUMENT, "a text cannot be formatted");
  default: return lrt_alloc_fail(err, str->alloc, str->length, "a text");
  }
}

char *lrt_str_take(lrt_str *str) {
  char *text = NULL;
  if (str->status == LRT_OK && (str->capacity != 0 || make_room(str, 0))) {
    text = str->text;
    str->capacity = 0;
  }
  lrt_str_clear(str);
  return text;
}
