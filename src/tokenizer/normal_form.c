/* normal_form.c: the Unicode normal forms (UAX 15): decompose, order the marks, compose. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/text_normalize.h"
#include "tokenizer/unicode.h"

/* A code point with its combining class in the upper byte. */
#define CODE(entry) ((entry)&0x1FFFFFu)
#define CLASS(entry) ((entry) >> 24)

typedef struct codes {
  lrt_normalize_run *run;
  size_t count;
  bool compatible;
  lrt_error *err;
} codes;

static lrt_status add_code(codes *c, uint32_t code) {
  lrt_normalize_run *run = c->run;
  if (c->count == run->capacity) {
    const size_t capacity = run->capacity == 0 ? 256 : run->capacity * 2;
    uint32_t *grown = lrt_alloc_resize(run->alloc, run->codes, capacity * sizeof *grown);
    if (grown == NULL)
      return lrt_alloc_fail(c->err, run->alloc, capacity * sizeof *grown, "normalizing a text");
    run->codes = grown;
    run->capacity = capacity;
  }
  run->codes[c->count++] = code | (uint32_t)lrt_unicode_combining(code) << 24;
  return LRT_OK;
}

/* Decompositions are a few levels deep. */
static lrt_status decompose(codes *c, uint32_t code, int depth) {
  uint32_t parts[LRT_DECOMPOSITION_MAX];
  const size_t count = depth > 8 ? 0 : lrt_unicode_decompose(code, c->compatible, parts);
  if (count == 0) return add_code(c, code);
  for (size_t i = 0; i < count; i++) LRT_TRY(decompose(c, parts[i], depth + 1));
  return LRT_OK;
}

/* Orders marks: [count] by their class and keeps the order of equal ones: by counting, so long runs take no longer. */
static lrt_status order_long(lrt_normalize_run *run, uint32_t *marks, size_t count, lrt_error *err) {
  size_t starts[257] = {0};
  uint32_t *copy = lrt_alloc_array(run->alloc, count, sizeof *copy);
  if (copy == NULL) return lrt_alloc_fail(err, run->alloc, count * sizeof *copy, "normalizing a text");
  memcpy(copy, marks, count * sizeof *copy);
  for (size_t i = 0; i < count; i++) starts[CLASS(copy[i]) + 1]++;
  for (int i = 0; i < 256; i++) starts[i + 1] += starts[i];
  for (size_t i = 0; i < count; i++) marks[starts[CLASS(copy[i])]++] = copy[i];
  lrt_alloc_free(copy);
  return LRT_OK;
}

static void order_short(uint32_t *marks, size_t count) {
  for (size_t i = 1; i < count; i++) {
    const uint32_t mark = marks[i];
    size_t at = i;
    for (; at > 0 && CLASS(marks[at - 1]) > CLASS(mark); at--) marks[at] = marks[at - 1];
    marks[at] = mark;
  }
}

static lrt_status order_marks(codes *c) {
  uint32_t *all = c->run->codes;
  for (size_t at = 0, end; at < c->count; at = end) {
    end = at + 1;
    if (CLASS(all[at]) == 0) continue;
    while (end < c->count && CLASS(all[end]) != 0) end++;
    if (end - at <= 32)
      order_short(all + at, end - at);
    else
      LRT_TRY(order_long(c->run, all + at, end - at, c->err));
  }
  return LRT_OK;
}

/* Each code point joins the last starter unless a mark of its class or above stands between. */
static void compose_all(codes *c) {
  uint32_t *all = c->run->codes;
  size_t kept = 0, starter = SIZE_MAX;
  for (size_t i = 0; i < c->count; i++) {
    const uint32_t class = CLASS(all[i]);
    const bool next = starter != SIZE_MAX && starter + 1 == kept;
    const bool blocked = starter == SIZE_MAX || (!next && CLASS(all[kept - 1]) >= class);
    const uint32_t joined = blocked ? 0 : lrt_unicode_compose(CODE(all[starter]), CODE(all[i]));
    if (joined != 0) {
      all[starter] = joined;
      continue;
    }
    if (class == 0) starter = kept;
    all[kept++] = all[i];
  }
  c->count = kept;
}

lrt_status lrt_normal_form(lrt_normalize_run *run, bool compatible, bool compose, const char *text,
                           size_t length, lrt_str *out, lrt_error *err) {
  codes c = {run, 0, compatible, err};
  for (size_t at = 0, bytes; at < length; at += bytes) {
    uint32_t code = 0;
    bytes = lrt_utf8_decode(text + at, length - at, &code);
    if (bytes == 0) bytes = 1;
    LRT_TRY(decompose(&c, code, 0));
  }
  LRT_TRY(order_marks(&c));
  if (compose) compose_all(&c);
  for (size_t i = 0; i < c.count; i++) {
    char bytes[4];
    const size_t count = lrt_utf8_encode(CODE(run->codes[i]), bytes);
    lrt_str_add(out, bytes, count);
  }
  return lrt_str_check(out, err);
}
