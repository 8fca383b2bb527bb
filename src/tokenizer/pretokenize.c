/* pretokenize.c: runs the steps: each takes a word and hands its parts to the next. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/pretokenize.h"

#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/unicode.h"

/* A word on its way through the steps. */
typedef struct span {
  const char *text;
  size_t length;
  bool first; /* the whole text begins here */
} span;

static lrt_status pass(lrt_cut_run *run, uint32_t step, span word);

/* Hands over a part of a word. */
static lrt_status pass_part(lrt_cut_run *run, uint32_t step, const span *word, size_t start, size_t end) {
  return start == end ? LRT_OK
                      : pass(run, step, (span){word->text + start, end - start, word->first && start == 0});
}

/* Joins found and unfound stretches as the behaviour wants, and hands them to the next step. */
typedef struct joiner {
  lrt_cut_run *run;
  uint32_t next; /* step that takes the parts */
  const span *word;
  lrt_split_behavior behavior;
  bool invert;
  size_t start, end; /* the part not handed over yet */
  bool held, previous;
} joiner;

static lrt_status hand_over(joiner *j) {
  if (!j->held) return LRT_OK;
  j->held = false;
  return pass_part(j->run, j->next, j->word, j->start, j->end);
}

/* The next stretch; they cover the word. */
static lrt_status join(joiner *j, size_t start, size_t end, bool found) {
  bool together = false;
  if (j->invert) found = !found;
  switch (j->behavior) {
  case SPLIT_REMOVED: return found ? LRT_OK : pass_part(j->run, j->next, j->word, start, end);
  case SPLIT_ISOLATED: return pass_part(j->run, j->next, j->word, start, end);
  case SPLIT_CONTIGUOUS: together = j->held && found == j->previous; break;
  case SPLIT_MERGED_WITH_PREVIOUS: together = j->held && found && !j->previous; break;
  case SPLIT_MERGED_WITH_NEXT: together = j->held && !found && j->previous; break;
  }
  j->previous = found;
  if (together) {
    j->end = end;
    return LRT_OK;
  }
  LRT_TRY(hand_over(j));
  j->start = start;
  j->end = end;
  j->held = true;
  return LRT_OK;
}

static lrt_status cut_at_matches(joiner *j, const lrt_regex *regex) {
  const span *w = j->word;
  size_t previous = 0, start, end;
  for (size_t from = 0; from < w->length;) {
    LRT_TRY(lrt_regex_find(regex, &j->run->regex, w->text, w->length, from, &start, &end, j->run->err));
    if (start > w->length) break;
    if (previous != start) LRT_TRY(join(j, previous, start, false));
    if (end > start) LRT_TRY(join(j, start, end, true));
    previous = from = end;
    if (end == start) { /* nothing was matched: look behind the next code point */
      const size_t bytes = lrt_utf8_decode(w->text + from, w->length - from, NULL);
      from += bytes == 0 ? 1 : bytes;
    }
  }
  return previous < w->length ? join(j, previous, w->length, false) : LRT_OK;
}

/* ASCII and Unicode punctuation, as BERT sees it. */
static bool is_punctuation(uint32_t code) {
  if (code < 128)
    return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) ||
           (code >= 123 && code <= 126);
  return (lrt_unicode_category_bit(code) & LRT_CATEGORY_P) != 0;
}

static bool delimits(const lrt_cut *cut, uint32_t code) {
  switch (cut->kind) {
  case CUT_NUMERIC: return (lrt_unicode_category_bit(code) & LRT_CATEGORY_N) != 0;
  case CUT_SPACE: return lrt_unicode_is_space(code);
  case CUT_PUNCTUATION: return is_punctuation(code);
  default: return code == cut->code;
  }
}

/* Each delimiting code point is a stretch of its own. */
static lrt_status cut_at_codes(joiner *j, const lrt_cut *cut) {
  const span *w = j->word;
  size_t previous = 0;
  for (size_t at = 0, bytes; at < w->length; at += bytes) {
    uint32_t code = 0;
    bytes = lrt_utf8_decode(w->text + at, w->length - at, &code);
    if (bytes == 0) bytes = 1;
    if (!delimits(cut, code)) continue;
    if (previous < at) LRT_TRY(join(j, previous, at, false));
    LRT_TRY(join(j, at, at + bytes, true));
    previous = at + bytes;
  }
  return previous < w->length ? join(j, previous, w->length, false) : LRT_OK;
}

/* What a code point is to CUT_WORDS. */
static int word_class(uint32_t code) {
  return lrt_unicode_is_word(code) ? 2 : lrt_unicode_is_space(code) ? 0 : 1;
}

static lrt_status cut_words(lrt_cut_run *run, uint32_t step, const span *w) {
  size_t start = 0;
  int class = 0;
  for (size_t at = 0, bytes; at < w->length; at += bytes) {
    uint32_t code = 0;
    bytes = lrt_utf8_decode(w->text + at, w->length - at, &code);
    if (bytes == 0) bytes = 1;
    if (word_class(code) == class) continue;
    if (class != 0) LRT_TRY(pass_part(run, step + 1, w, start, at));
    class = word_class(code);
    start = at;
  }
  return class == 0 ? LRT_OK : pass_part(run, step + 1, w, start, w->length);
}

static lrt_status cut_by_length(lrt_cut_run *run, uint32_t step, const span *w) {
  const uint32_t codes = run->cuts->steps[step].code;
  size_t start = 0;
  uint32_t count = 0;
  for (size_t at = 0; at < w->length; count++) {
    if (count == codes) {
      LRT_TRY(pass_part(run, step + 1, w, start, at));
      start = at;
      count = 0;
    }
    const size_t bytes = lrt_utf8_decode(w->text + at, w->length - at, NULL);
    at += bytes == 0 ? 1 : bytes;
  }
  return pass_part(run, step + 1, w, start, w->length);
}

/* ---- steps that change the text ---- */

static void replace_blanks(lrt_str *out, const span *w, const lrt_text *by) {
  for (size_t at = 0; at < w->length;) {
    const char *blank = memchr(w->text + at, ' ', w->length - at);
    const size_t end = blank == NULL ? w->length : (size_t)(blank - w->text);
    lrt_str_add(out, w->text + at, end - at);
    at = end;
    for (; at < w->length && w->text[at] == ' '; at++) lrt_str_add(out, by->bytes, by->length);
  }
}

uint32_t lrt_byte_level_code(uint8_t byte) {
  if ((byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174) return byte;
  if (byte <= 32) return 256u + byte;
  return byte == 173 ? 323u : 256u + 33u + (byte - 127u);
}

int lrt_byte_level_byte(uint32_t code) {
  if (code < 256) return lrt_byte_level_code((uint8_t)code) == code ? (int)code : -1;
  if (code <= 288) return (int)code - 256;
  if (code <= 322) return (int)code - 289 + 127;
  return code == 323 ? 173 : -1;
}

static void spell_bytes(lrt_str *out, const span *w) {
  for (size_t i = 0; i < w->length; i++) {
    char bytes[4];
    const size_t length = lrt_utf8_encode(lrt_byte_level_code((uint8_t)w->text[i]), bytes);
    lrt_str_add(out, bytes, length);
  }
}

static lrt_status change(lrt_cut_run *run, uint32_t step, span w) {
  const lrt_cut *cut = &run->cuts->steps[step];
  lrt_str *out = &run->texts[step];
  lrt_str_cut(out, 0);
  if (cut->kind == CUT_PREFIX) {
    const bool there = w.length >= cut->text.length && memcmp(w.text, cut->text.bytes, cut->text.length) == 0;
    if (there || (cut->first_only && !w.first)) return pass(run, step + 1, w);
    lrt_str_add(out, cut->text.bytes, cut->text.length);
    lrt_str_add(out, w.text, w.length);
  } else if (cut->kind == CUT_REPLACE) {
    replace_blanks(out, &w, &cut->text);
  } else {
    spell_bytes(out, &w);
  }
  LRT_TRY(lrt_str_check(out, run->err));
  return pass(run, step + 1, (span){out->text, out->length, w.first});
}

static lrt_status pass(lrt_cut_run *run, uint32_t step, span word) {
  if (word.length == 0) return LRT_OK;
  if (step == run->cuts->count) return run->sink(run->cookie, word.text, word.length, run->err);
  const lrt_cut *cut = &run->cuts->steps[step];
  joiner j = {.run = run, .next = step + 1, .word = &word, .behavior = cut->behavior, .invert = cut->invert};
  switch (cut->kind) {
  case CUT_REGEX: LRT_TRY(cut_at_matches(&j, cut->regex)); break;
  case CUT_WORDS: return cut_words(run, step, &word);
  case CUT_LENGTH: return cut_by_length(run, step, &word);
  case CUT_PREFIX:
  case CUT_REPLACE:
  case CUT_BYTES: return change(run, step, word);
  default: LRT_TRY(cut_at_codes(&j, cut)); break;
  }
  return hand_over(&j);
}

void lrt_cut_run_init(lrt_cut_run *run, const lrt_cuts *cuts, lrt_alloc *alloc, lrt_word_sink *sink,
                      void *cookie) {
  run->cuts = cuts;
  run->sink = sink;
  run->cookie = cookie;
  run->err = NULL;
  lrt_regex_run_init(&run->regex, alloc);
  for (uint32_t i = 0; i < cuts->count; i++) lrt_str_init(&run->texts[i], alloc, 0);
}

void lrt_cut_run_clear(lrt_cut_run *run) {
  lrt_regex_run_clear(&run->regex);
  for (uint32_t i = 0; i < run->cuts->count; i++) lrt_str_clear(&run->texts[i]);
}

lrt_status lrt_cut_run_do(lrt_cut_run *run, const char *text, size_t length, bool first, lrt_error *err) {
  run->err = err;
  return pass(run, 0, (span){text, length, first});
}
