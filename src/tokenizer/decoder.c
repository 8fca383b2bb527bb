/* decoder.c: runs the steps. Text moves in stretches of whole characters, a token being one stretch or several. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/decoder.h"

#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/lossy_utf8.h"
#include "tokenizer/pretokenize.h"

static lrt_status feed(lrt_decoder *d, uint32_t step, const char *text, size_t length, lrt_error *err);
static lrt_status end_token(lrt_decoder *d, uint32_t step, lrt_error *err);
static lrt_status finish(lrt_decoder *d, uint32_t step, lrt_error *err);

/* A whole token for the next step. */
static lrt_status feed_token(lrt_decoder *d, uint32_t step, const char *text, size_t length, lrt_error *err) {
  LRT_TRY(feed(d, step, text, length, err));
  return end_token(d, step, err);
}

/* ---- bytes ---- */

/* Hands on the characters of the bytes collected in `extra`; an unfinished one at the end waits unless `last`. */
static lrt_status pass_bytes(lrt_decoder *d, uint32_t step, bool last, lrt_error *err) {
  lrt_str *bytes = &d->states[step].extra;
  lrt_str text;
  lrt_str_init(&text, bytes->alloc, 0);
  const bool each_byte = d->plan.steps[step].kind == DECODE_SENTENCEPIECE;
  const size_t used = lrt_lossy_utf8(bytes->text, bytes->length, last, each_byte, &text);
  lrt_status status = lrt_str_check(&text, err);
  if (status == LRT_OK && text.length > 0) status = feed(d, step + 1, text.text, text.length, err);
  lrt_str_clear(&text);
  if (used > 0) {
    memmove(bytes->text, bytes->text + used, bytes->length - used);
    lrt_str_cut(bytes, bytes->length - used);
  }
  return status;
}

/* A token in byte-level spelling; one with any other character stands for itself. */
static lrt_status byte_level_token(lrt_decoder *d, uint32_t step, lrt_error *err) {
  lrt_decode_state *s = &d->states[step];
  const size_t before = s->extra.length;
  uint32_t code;
  for (size_t at = 0, bytes; at < s->held.length; at += bytes) {
    bytes = lrt_utf8_decode(s->held.text + at, s->held.length - at, &code);
    const int byte = bytes == 0 ? -1 : lrt_byte_level_byte(code);
    if (byte < 0) {
      lrt_str_cut(&s->extra, before);
      lrt_str_add(&s->extra, s->held.text, s->held.length);
      break;
    }
    const char one = (char)byte;
    lrt_str_add(&s->extra, &one, 1);
  }
  lrt_str_cut(&s->held, 0);
  LRT_TRY(lrt_str_check(&s->extra, err));
  return pass_bytes(d, step, false, err);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 32;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of "<0x41>"; -1 for other texts. */
static int fallback_byte(const char *text, size_t length) {
  if (length != 6 || memcmp(text, "<0x", 3) != 0 || text[5] != '>') return -1;
  const int high = hex_digit(text[3]), low = hex_digit(text[4]);
  if (text[3] == '+' && low >= 0) return low; /* Rust's number parser takes a sign */
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Bytes that are no UTF-8 as a whole become one U+FFFD each. */
static lrt_status end_byte_run(lrt_decoder *d, uint32_t step, lrt_error *err) {
  lrt_str *bytes = &d->states[step].extra;
  size_t at = 0, length = 1;
  if (bytes->length == 0) return LRT_OK;
  while (at < bytes->length && length != 0) {
    length = lrt_utf8_decode(bytes->text + at, bytes->length - at, NULL);
    at += length;
  }
  if (length != 0) {
    LRT_TRY(feed_token(d, step + 1, bytes->text, bytes->length, err));
  } else {
    for (size_t i = 0; i < bytes->length; i++) LRT_TRY(feed_token(d, step + 1, "\xEF\xBF\xBD", 3, err));
  }
  lrt_str_cut(bytes, 0);
  return LRT_OK;
}

static lrt_status byte_fallback_token(lrt_decoder *d, uint32_t step, lrt_error *err) {
  lrt_decode_state *s = &d->states[step];
  const int byte = fallback_byte(s->held.text, s->held.length);
  lrt_status status;
  if (byte >= 0) {
    const char one = (char)byte;
    lrt_str_add(&s->extra, &one, 1);
    status = lrt_str_check(&s->extra, err);
  } else {
    status = end_byte_run(d, step, err);
    if (status == LRT_OK) status = feed_token(d, step + 1, s->held.text, s->held.length, err);
  }
  lrt_str_cut(&s->held, 0);
  return status;
}

/* ---- characters ---- */

static lrt_status metaspace_text(lrt_decoder *d, uint32_t step, const char *text, size_t length,
                                 lrt_error *err) {
  const lrt_decode_step *plan = &d->plan.steps[step];
  const bool drop = d->states[step].tokens == 0 && plan->flag;
  size_t start = 0;
  uint32_t code = 0;
  for (size_t at = 0, bytes; at < length; at += bytes) {
    bytes = lrt_utf8_decode(text + at, length - at, &code);
    if (bytes == 0) bytes = 1;
    if (code != plan->code) continue;
    LRT_TRY(feed(d, step + 1, text + start, at - start, err));
    if (!drop) LRT_TRY(feed(d, step + 1, " ", 1, err));
    start = at + bytes;
  }
  return feed(d, step + 1, text + start, length - start, err);
}

/* `cut` counts what went from the start, `kept` what is kept back at the end. */
static lrt_status strip_text(lrt_decoder *d, uint32_t step, const char *text, size_t length, lrt_error *err) {
  const lrt_decode_step *plan = &d->plan.steps[step];
  lrt_decode_state *s = &d->states[step];
  char spelled[4];
  const size_t spelled_length = lrt_utf8_encode(plan->code, spelled);
  uint32_t code = 0;
  for (size_t at = 0, bytes; at < length; at += bytes) {
    bytes = lrt_utf8_decode(text + at, length - at, &code);
    if (bytes == 0) bytes = 1;
    const bool same = code == plan->code;
    if (same && !s->other && s->cut < plan->start) {
      s->cut++;
      continue;
    }
    s->other = true;
    if (same && s->kept < plan->stop) {
      s->kept++;
      continue;
    }
    for (; !same && s->kept > 0; s->kept--) LRT_TRY(feed(d, step + 1, spelled, spelled_length, err));
    LRT_TRY(feed(d, step + 1, text + at, bytes, err));
  }
  return LRT_OK;
}

/* ---- replacing ---- */

/* `text` with every `from` replaced; the result is appended. */
static void replace_all(lrt_str *out, const char *text, size_t length, const char *from, size_t from_length,
                        const char *to, size_t to_length) {
  size_t at = 0;
  while (from_length > 0 && at < length) {
    const char *found = memmem(text + at, length - at, from, from_length);
    if (found == NULL) break;
    lrt_str_add(out, text + at, (size_t)(found - text) - at);
    lrt_str_add(out, to, to_length);
    at = (size_t)(found - text) + from_length;
  }
  lrt_str_add(out, text + at, length - at);
}

/* Bytes at the end of `held` with which `text` may begin. */
static size_t open_end(const lrt_str *held, const lrt_text *text) {
  size_t length = text->length - 1;
  if (length > held->length) length = held->length;
  while (length > 0 && memcmp(held->text + held->length - length, text->bytes, length) != 0) length--;
  return length;
}

/* Replaces in what is held and hands it on, but for an end that may be the start of `text` (unless `last`). */
static lrt_status replace_text(lrt_decoder *d, uint32_t step, bool last, lrt_error *err) {
  const lrt_decode_step *plan = &d->plan.steps[step];
  lrt_str *held = &d->states[step].held;
  const char *found;
  size_t at = 0;
  while ((found = memmem(held->text + at, held->length - at, plan->text.bytes, plan->text.length)) != NULL) {
    LRT_TRY(feed(d, step + 1, held->text + at, (size_t)(found - held->text) - at, err));
    LRT_TRY(feed(d, step + 1, plan->other.bytes, plan->other.length, err));
    at = (size_t)(found - held->text) + plan->text.length;
  }
  memmove(held->text, held->text + at, held->length - at);
  lrt_str_cut(held, held->length - at);
  const size_t keep = last ? 0 : open_end(held, &plan->text);
  LRT_TRY(feed(d, step + 1, held->text, held->length - keep, err));
  memmove(held->text, held->text + held->length - keep, keep);
  lrt_str_cut(held, keep);
  return LRT_OK;
}

static lrt_status pattern_token(lrt_decoder *d, uint32_t step, lrt_error *err) {
  const lrt_decode_step *plan = &d->plan.steps[step];
  lrt_str *held = &d->states[step].held;
  size_t done = 0, start, end;
  lrt_regex_run_allow(&d->regex, held->length);
  for (size_t from = 0; from<held->length; from = end> start ? end : end + 1) {
    LRT_TRY(lrt_regex_find(plan->regex, &d->regex, held->text, held->length, from, &start, &end, err));
    if (start > held->length) break;
    LRT_TRY(feed(d, step + 1, held->text + done, start - done, err));
    LRT_TRY(feed(d, step + 1, plan->other.bytes, plan->other.length, err));
    done = end;
  }
  LRT_TRY(feed(d, step + 1, held->text + done, held->length - done, err));
  lrt_str_cut(held, 0);
  return end_token(d, step + 1, err);
}

/* Takes out what tokenizing put in front of punctuation and English contractions. Both texts are used. */
static void clean_up(lrt_str *text, lrt_str *spare) {
  static const char *const pairs[][2] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},    {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    lrt_str_cut(spare, 0);
    replace_all(spare, text->text, text->length, pairs[i][0], strlen(pairs[i][0]), pairs[i][1],
                strlen(pairs[i][1]));
    const lrt_str swap = *text;
    *text = *spare;
    *spare = swap;
  }
}

static lrt_status wordpiece_token(lrt_decoder *d, uint32_t step, lrt_error *err) {
  const lrt_decode_step *plan = &d->plan.steps[step];
  lrt_decode_state *s = &d->states[step];
  const bool continues =
      s->held.length >= plan->text.length && memcmp(s->held.text, plan->text.bytes, plan->text.length) == 0;
  const size_t from = s->tokens > 0 && continues ? plan->text.length : 0;
  lrt_str_cut(&s->extra, 0);
  if (s->tokens > 0 && !continues) lrt_str_add(&s->extra, " ", 1);
  lrt_str_add(&s->extra, s->held.text + from, s->held.length - from);
  if (plan->flag) clean_up(&s->extra, &s->held);
  lrt_str_cut(&s->held, 0);
  LRT_TRY(lrt_str_check(&s->extra, err));
  return feed_token(d, step + 1, s->extra.text, s->extra.length, err);
}

/* `extra` is the token before. */
static lrt_status ctc_token(lrt_decoder *d, uint32_t step, lrt_error *err) {
  const lrt_decode_step *plan = &d->plan.steps[step];
  lrt_decode_state *s = &d->states[step];
  lrt_str text, spare;
  lrt_status status = LRT_OK;
  const bool repeated = s->tokens > 0 && s->held.length == s->extra.length &&
                        memcmp(s->held.text, s->extra.text, s->held.length) == 0;
  if (!repeated) {
    lrt_str_init(&text, s->held.alloc, 0);
    lrt_str_init(&spare, s->held.alloc, 0);
    replace_all(&text, s->held.text, s->held.length, plan->text.bytes, plan->text.length, "", 0);
    if (plan->flag) {
      clean_up(&text, &spare);
      lrt_str_cut(&spare, 0);
      replace_all(&spare, text.text, text.length, plan->other.bytes, plan->other.length, " ", 1);
    }
    const lrt_str *result = plan->flag ? &spare : &text;
    status = lrt_str_check(&text, err);
    if (status == LRT_OK) status = lrt_str_check(&spare, err);
    if (status == LRT_OK && result->length > 0)
      status = feed_token(d, step + 1, result->text, result->length, err);
    lrt_str_clear(&text);
    lrt_str_clear(&spare);
    lrt_str_cut(&s->extra, 0);
    lrt_str_add(&s->extra, s->held.text, s->held.length);
  }
  lrt_str_cut(&s->held, 0);
  return status == LRT_OK ? lrt_str_check(&s->extra, err) : status;
}

/* Hands on the token in `extra`. */
static lrt_status bpe_token(lrt_decoder *d, uint32_t step, const char *blank, lrt_error *err) {
  const lrt_decode_step *plan = &d->plan.steps[step];
  lrt_decode_state *s = &d->states[step];
  lrt_str text;
  lrt_str_init(&text, s->extra.alloc, 0);
  replace_all(&text, s->extra.text, s->extra.length, plan->text.bytes, plan->text.length, blank,
              strlen(blank));
  lrt_status status = lrt_str_check(&text, err);
  if (status == LRT_OK) status = feed_token(d, step + 1, text.text, text.length, err);
  lrt_str_clear(&text);
  return status;
}

/* The token before is followed by this one, so it is not the last. */
static lrt_status next_bpe_token(lrt_decoder *d, uint32_t step, lrt_error *err) {
  lrt_decode_state *s = &d->states[step];
  if (s->tokens > 0) LRT_TRY(bpe_token(d, step, " ", err));
  const lrt_str swap = s->extra;
  s->extra = s->held;
  s->held = swap;
  lrt_str_cut(&s->held, 0);
  return LRT_OK;
}

/* ---- SentencePiece ---- */

/* Text of a piece with its blanks. */
static lrt_status feed_piece(lrt_decoder *d, uint32_t step, const char *text, size_t length, lrt_error *err) {
  static const char space[] = "\xE2\x96\x81"; /* U+2581 */
  while (length > 0) {
    const char *found = memmem(text, length, space, 3);
    const size_t plain = found == NULL ? length : (size_t)(found - text);
    LRT_TRY(feed(d, step + 1, text, plain, err));
    if (found == NULL) break;
    LRT_TRY(feed(d, step + 1, " ", 1, err));
    text += plain + 3;
    length -= plain + 3;
  }
  return LRT_OK;
}

/* A blank in front of a piece goes until there is text (`other`): `start` = 1: one of them, 2: one of each piece. */
static lrt_status sentencepiece_token(lrt_decoder *d, uint32_t step, lrt_error *err) {
  const lrt_decode_step *plan = &d->plan.steps[step];
  lrt_decode_state *s = &d->states[step];
  lrt_status status;
  if (d->role == TOKEN_BYTE) {
    const char one = (char)fallback_byte(s->held.text, s->held.length);
    lrt_str_add(&s->extra, &one, 1);
    lrt_str_cut(&s->held, 0);
    s->other = true;
    LRT_TRY(lrt_str_check(&s->extra, err));
    return pass_bytes(d, step, false, err);
  }
  LRT_TRY(pass_bytes(d, step, true, err));
  if (d->role == TOKEN_CONTROL) {
    status = LRT_OK;
  } else if (d->role == TOKEN_UNKNOWN) {
    s->other |= plan->other.length > 0;
    status = feed(d, step + 1, plan->other.bytes, plan->other.length, err);
  } else {
    const bool blank =
        !s->other && plan->start > 0 && s->held.length >= 3 && memcmp(s->held.text, "\xE2\x96\x81", 3) == 0;
    const size_t from = blank ? 3 : 0;
    s->other |= (blank && plan->start == 1) || s->held.length > from;
    status = feed_piece(d, step, s->held.text + from, s->held.length - from, err);
  }
  lrt_str_cut(&s->held, 0);
  return status == LRT_OK ? end_token(d, step + 1, err) : status;
}

/* ---- the chain ---- */

static lrt_status begin_token(lrt_decoder *d, uint32_t step, lrt_error *err) {
  lrt_decode_state *s = &d->states[step];
  if (s->started) return LRT_OK;
  s->started = true;
  if (d->plan.steps[step].kind == DECODE_BLANKS && s->tokens > 0) return feed(d, step + 1, " ", 1, err);
  if (d->plan.steps[step].kind == DECODE_STRIP) {
    s->cut = s->kept = 0;
    s->other = false;
  }
  return LRT_OK;
}

static lrt_status feed(lrt_decoder *d, uint32_t step, const char *text, size_t length, lrt_error *err) {
  if (length == 0) return LRT_OK;
  if (step == d->plan.count) {
    lrt_str_add(&d->out, text, length);
    return lrt_str_check(&d->out, err);
  }
  lrt_decode_state *s = &d->states[step];
  LRT_TRY(begin_token(d, step, err));
  switch (d->plan.steps[step].kind) {
  case DECODE_FUSE:
  case DECODE_BLANKS: return feed(d, step + 1, text, length, err);
  case DECODE_METASPACE: return metaspace_text(d, step, text, length, err);
  case DECODE_STRIP: return strip_text(d, step, text, length, err);
  default: break;
  }
  lrt_str_add(&s->held, text, length);
  LRT_TRY(lrt_str_check(&s->held, err));
  return d->plan.steps[step].kind == DECODE_REPLACE ? replace_text(d, step, false, err) : LRT_OK;
}

static lrt_status end_token_of(lrt_decoder *d, uint32_t step, lrt_error *err) {
  switch (d->plan.steps[step].kind) {
  case DECODE_BYTE_LEVEL: return byte_level_token(d, step, err);
  case DECODE_BYTE_FALLBACK: return byte_fallback_token(d, step, err);
  case DECODE_FUSE: return LRT_OK;
  case DECODE_REPLACE: LRT_TRY(replace_text(d, step, true, err)); break;
  case DECODE_PATTERN: return pattern_token(d, step, err);
  case DECODE_WORDPIECE: return wordpiece_token(d, step, err);
  case DECODE_CTC: return ctc_token(d, step, err);
  case DECODE_BPE: return next_bpe_token(d, step, err);
  case DECODE_SENTENCEPIECE: return sentencepiece_token(d, step, err);
  default: break;
  }
  return end_token(d, step + 1, err);
}

static lrt_status end_token(lrt_decoder *d, uint32_t step, lrt_error *err) {
  if (step == d->plan.count) return LRT_OK;
  LRT_TRY(begin_token(d, step, err));
  LRT_TRY(end_token_of(d, step, err));
  d->states[step].tokens++;
  d->states[step].started = false;
  return LRT_OK;
}

static lrt_status finish_step(lrt_decoder *d, uint32_t step, lrt_error *err) {
  switch (d->plan.steps[step].kind) {
  case DECODE_BYTE_LEVEL: LRT_TRY(pass_bytes(d, step, true, err)); return end_token(d, step + 1, err);
  case DECODE_FUSE: return end_token(d, step + 1, err);
  case DECODE_BYTE_FALLBACK: return end_byte_run(d, step, err);
  case DECODE_BPE: return d->states[step].tokens > 0 ? bpe_token(d, step, "", err) : LRT_OK;
  case DECODE_SENTENCEPIECE: return pass_bytes(d, step, true, err);
  default: return LRT_OK;
  }
}

static void reset_state(lrt_decode_state *s) {
  lrt_str_cut(&s->held, 0);
  lrt_str_cut(&s->extra, 0);
  s->tokens = 0;
  s->cut = s->kept = 0;
  s->started = s->other = false;
}

static lrt_status finish(lrt_decoder *d, uint32_t step, lrt_error *err) {
  if (step == d->plan.count) return LRT_OK;
  LRT_TRY(finish_step(d, step, err));
  reset_state(&d->states[step]);
  return finish(d, step + 1, err);
}

void lrt_decoder_init(lrt_decoder *d, const lrt_decode_steps *plan, lrt_alloc *alloc) {
  memset(d, 0, sizeof *d);
  d->plan = *plan;
  lrt_regex_run_init(&d->regex, alloc);
  lrt_str_init(&d->out, alloc, 0);
  for (uint32_t i = 0; i < plan->count; i++) {
    lrt_str_init(&d->states[i].held, alloc, 0);
    lrt_str_init(&d->states[i].extra, alloc, 0);
  }
}

void lrt_decoder_clear(lrt_decoder *d) {
  lrt_regex_run_clear(&d->regex);
  lrt_str_clear(&d->out);
  for (uint32_t i = 0; i < d->plan.count; i++) {
    lrt_str_clear(&d->states[i].held);
    lrt_str_clear(&d->states[i].extra);
  }
}

static lrt_status copy_text(const lrt_str *from, lrt_str *to, lrt_error *err) {
  lrt_str_add(to, from->text, from->length);
  return lrt_str_check(to, err);
}

lrt_status lrt_decoder_copy(const lrt_decoder *from, lrt_decoder *to, lrt_error *err) {
  lrt_decoder_init(to, &from->plan, from->out.alloc);
  lrt_status status = copy_text(&from->out, &to->out, err);
  for (uint32_t i = 0; i < from->plan.count && status == LRT_OK; i++) {
    const lrt_decode_state *a = &from->states[i];
    lrt_decode_state *b = &to->states[i];
    status = copy_text(&a->held, &b->held, err);
    if (status == LRT_OK) status = copy_text(&a->extra, &b->extra, err);
    b->tokens = a->tokens;
    b->cut = a->cut;
    b->kept = a->kept;
    b->started = a->started;
    b->other = a->other;
  }
  if (status != LRT_OK) lrt_decoder_clear(to);
  return status;
}

lrt_status lrt_decoder_put(lrt_decoder *d, const lrt_text *token, lrt_token_role role, lrt_error *err) {
  d->role = role;
  return feed_token(d, 0, token->bytes, token->length, err);
}

lrt_status lrt_decoder_finish(lrt_decoder *d, lrt_error *err) {
  return finish(d, 0, err);
}
