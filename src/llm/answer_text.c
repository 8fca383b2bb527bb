/* answer_text.c: decodes answers and looks for stop texts across tokens. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "llm/answer_text.h"

#include <string.h>

#include "base/fail.h"

lrt_status lrt_llm_text_begin(lrt_llm_text *text, lrt_alloc *alloc, lrt_tokenizer *tokenizer, unsigned flags,
                              lrt_error *err) {
  memset(text, 0, sizeof *text);
  lrt_str_init(&text->shown, alloc, 0);
  lrt_str_init(&text->held, alloc, 0);
  return tokenizer != NULL ? lrt_detokenizer_create(tokenizer, flags, &text->detokenizer, err) : LRT_OK;
}

lrt_status lrt_llm_text_add_stop(lrt_llm_text *text, const char *stop, lrt_error *err) {
  lrt_alloc *alloc = text->shown.alloc;
  const size_t length = strlen(stop) + 1;
  char **grown = lrt_alloc_resize(alloc, text->stops, (text->stop_count + 1) * sizeof *grown);
  if (grown == NULL) return lrt_alloc_fail(err, alloc, 0, "the stop texts");
  text->stops = grown;
  grown[text->stop_count] = lrt_alloc_get(alloc, length);
  if (grown[text->stop_count] == NULL) return lrt_alloc_fail(err, alloc, length, "the stop texts");
  memcpy(grown[text->stop_count++], stop, length);
  return LRT_OK;
}

static lrt_status copy_parts(const lrt_llm_text *from, lrt_llm_text *out, lrt_error *err) {
  lrt_str_add(&out->shown, from->shown.text, from->shown.length);
  lrt_str_add(&out->held, from->held.text, from->held.length);
  LRT_TRY(lrt_str_check(&out->shown, err));
  LRT_TRY(lrt_str_check(&out->held, err));
  for (size_t i = 0; i < from->stop_count; i++) LRT_TRY(lrt_llm_text_add_stop(out, from->stops[i], err));
  return from->detokenizer != NULL ? lrt_detokenizer_clone(from->detokenizer, &out->detokenizer, err)
                                   : LRT_OK;
}

lrt_status lrt_llm_text_copy(const lrt_llm_text *from, lrt_alloc *alloc, lrt_llm_text *out, lrt_error *err) {
  lrt_llm_text_begin(out, alloc, NULL, 0, NULL);
  const lrt_status status = copy_parts(from, out, err);
  if (status != LRT_OK) lrt_llm_text_clear(out);
  return status;
}

void lrt_llm_text_clear(lrt_llm_text *text) {
  lrt_detokenizer_destroy(text->detokenizer);
  for (size_t i = 0; i < text->stop_count; i++) lrt_alloc_free(text->stops[i]);
  lrt_alloc_free(text->stops);
  if (text->shown.alloc != NULL) lrt_str_clear(&text->shown);
  if (text->held.alloc != NULL) lrt_str_clear(&text->held);
  memset(text, 0, sizeof *text);
}

/* Where the first stop text begins in the held text, or its length. Of several the one that begins first. */
static size_t find_stop(const lrt_llm_text *text) {
  size_t first = text->held.length;
  for (size_t i = 0; i < text->stop_count; i++) {
    const char *found = memmem(text->held.text, text->held.length, text->stops[i], strlen(text->stops[i]));
    if (found != NULL && (size_t)(found - text->held.text) < first) first = (size_t)(found - text->held.text);
  }
  return first;
}

/* Length of the longest end of the held text that some stop text begins with. */
static size_t undecided(const lrt_llm_text *text) {
  size_t longest = 0;
  for (size_t i = 0; i < text->stop_count; i++) {
    size_t length = strlen(text->stops[i]) - 1;
    if (length > text->held.length) length = text->held.length;
    while (length > longest &&
           memcmp(text->held.text + text->held.length - length, text->stops[i], length) != 0)
      length--;
    if (length > longest) longest = length;
  }
  return longest;
}

/* Gives out the first `count` held bytes. */
static lrt_status show(lrt_llm_text *text, size_t count, lrt_error *err) {
  lrt_str_add(&text->shown, text->held.text, count);
  LRT_TRY(lrt_str_check(&text->shown, err));
  if (count > 0) memmove(text->held.text, text->held.text + count, text->held.length - count);
  lrt_str_cut(&text->held, text->held.length - count);
  return LRT_OK;
}

static lrt_status decide(lrt_llm_text *text, const char *more, size_t length, bool is_end, bool *stopped,
                         lrt_error *err) {
  lrt_str_add(&text->held, more, length);
  LRT_TRY(lrt_str_check(&text->held, err));
  const size_t stop = find_stop(text);
  *stopped = stop < text->held.length;
  if (!*stopped) return show(text, is_end ? stop : stop - undecided(text), err);
  LRT_TRY(show(text, stop, err));
  lrt_str_cut(&text->held, 0);
  return LRT_OK;
}

lrt_status lrt_llm_text_push(lrt_llm_text *text, int32_t id, bool *stopped, lrt_error *err) {
  const char *more = "";
  size_t length = 0;
  *stopped = false;
  if (text->detokenizer == NULL) return LRT_OK;
  LRT_TRY(lrt_detokenizer_push(text->detokenizer, id, &more, &length, err));
  return decide(text, more, length, false, stopped, err);
}

lrt_status lrt_llm_text_end(lrt_llm_text *text, bool *stopped, lrt_error *err) {
  const char *more = "";
  size_t length = 0;
  *stopped = false;
  if (text->detokenizer == NULL) return LRT_OK;
  LRT_TRY(lrt_detokenizer_flush(text->detokenizer, &more, &length, err));
  return decide(text, more, length, true, stopped, err);
}
