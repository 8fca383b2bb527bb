/* encode.c: text to ids: finds added tokens, normalises and cuts what lies between, hands the words to the model. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/encode.h"

#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/lossy_utf8.h"
#include "tokenizer/unicode.h"

/* Takes what lies between added tokens. */
typedef lrt_status text_sink(lrt_encoder *e, const char *text, size_t length, bool first);

static lrt_status encode_word(void *cookie, const char *word, size_t length, lrt_error *err) {
  lrt_encoder *e = cookie;
  (void)err;
  switch (e->tokenizer->model) {
  case MODEL_BPE: return lrt_bpe_encode(e, word, length);
  case MODEL_UNIGRAM: return lrt_unigram_encode(e, word, length);
  case MODEL_WORDPIECE: return lrt_wordpiece_encode(e, word, length);
  case MODEL_WORDLEVEL: return lrt_wordlevel_encode(e, word, length);
  case MODEL_SENTENCEPIECE: return lrt_sentencepiece_encode(e, word, length);
  }
  return LRT_OK;
}

/* ---- added tokens ---- */

static bool ends_with_word(const char *text, size_t length) {
  uint32_t code;
  size_t at = length;
  if (length == 0) return false;
  do at--;
  while (at > 0 && ((uint8_t)text[at] & 0xC0) == 0x80);
  return lrt_utf8_decode(text + at, length - at, &code) != 0 && lrt_unicode_is_word(code);
}

static bool starts_with_word(const char *text, size_t length) {
  uint32_t code;
  return lrt_utf8_decode(text, length, &code) != 0 && lrt_unicode_is_word(code);
}

/* Start of the white space at the end of the text. */
static size_t space_before(const char *text, size_t length) {
  uint32_t code;
  while (length > 0) {
    size_t at = length;
    do at--;
    while (at > 0 && ((uint8_t)text[at] & 0xC0) == 0x80);
    if (lrt_utf8_decode(text + at, length - at, &code) == 0 || !lrt_unicode_is_space(code)) break;
    length = at;
  }
  return length;
}

/* Bytes of white space at the start of the text. */
static size_t space_after(const char *text, size_t length) {
  uint32_t code;
  size_t at = 0, bytes;
  while ((bytes = lrt_utf8_decode(text + at, length - at, &code)) != 0 && lrt_unicode_is_space(code))
    at += bytes;
  return at;
}

static bool is_wanted(const lrt_encoder *e, const lrt_added_token *token, const char *text, size_t length,
                      size_t start, size_t end) {
  if (token->special && (e->flags & LRT_ENCODE_PARSE_SPECIAL) == 0) return false;
  return !token->single_word || (!ends_with_word(text, start) && !starts_with_word(text + end, length - end));
}

/* Finds the tokens of a tree from left to right, the longest at each place, and hands on what lies between. */
static lrt_status split_added(lrt_encoder *e, const lrt_trie *trie, const char *text, size_t length,
                              bool first, text_sink *sink) {
  size_t done = 0, used;
  for (size_t at = 0; trie->count > 0 && at < length;) {
    const int32_t found =
        trie->roots[(uint8_t)text[at]] == 0 ? -1 : lrt_trie_longest(trie, text + at, length - at, &used);
    if (found < 0) {
      at++;
      continue;
    }
    const lrt_added_token *token = &e->tokenizer->added.tokens[found];
    size_t start = at, end = at + used;
    at = end;
    if (!is_wanted(e, token, text, length, start, end)) continue;
    if (token->left_strip) {
      start = space_before(text, start);
      if (start < done) start = done;
    }
    if (token->right_strip) end += space_after(text + end, length - end);
    if (done < start) LRT_TRY(sink(e, text + done, start - done, first && done == 0));
    LRT_TRY(lrt_token_list_add(e->out, token->id, e->err));
    done = end;
  }
  return done < length ? sink(e, text + done, length - done, first && done == 0) : LRT_OK;
}

static lrt_status encode_section(lrt_encoder *e, const char *text, size_t length, bool first) {
  return lrt_cut_run_do(&e->cuts, text, length, first, e->err);
}

static lrt_status normalize_section(lrt_encoder *e, const char *text, size_t length, bool first) {
  bool cut;
  LRT_TRY(lrt_normalize(&e->tokenizer->normalizer, &e->normal, text, length, &text, &length, &cut, e->err));
  return split_added(e, &e->tokenizer->added.normalized, text, length, first && !cut, encode_section);
}

/* ---- the call ---- */

static lrt_status add_ids(lrt_encoder *e, const int32_t *ids, uint32_t count) {
  if ((e->flags & LRT_ENCODE_ADD_SPECIAL) == 0) return LRT_OK;
  for (uint32_t i = 0; i < count; i++) LRT_TRY(lrt_token_list_add(e->out, ids[i], e->err));
  return LRT_OK;
}

static lrt_status encode_valid(lrt_encoder *e, const char *text, size_t length) {
  const lrt_surroundings *around = &e->tokenizer->surroundings;
  lrt_regex_run_allow(&e->cuts.regex, length);
  LRT_TRY(add_ids(e, around->before, around->before_count));
  LRT_TRY(split_added(e, &e->tokenizer->added.raw, text, length, true, normalize_section));
  return add_ids(e, around->after, around->after_count);
}

static lrt_status encode_any(lrt_encoder *e, const char *text, size_t length) {
  if (lrt_utf8_valid(text, length) == length) return encode_valid(e, text, length);
  lrt_str valid;
  lrt_str_init(&valid, lrt_alloc_default(), 0);
  lrt_lossy_utf8(text, length, true, false, &valid);
  lrt_status status = lrt_str_check(&valid, e->err);
  if (status == LRT_OK) status = encode_valid(e, valid.text, valid.length);
  lrt_str_clear(&valid);
  return status;
}

lrt_status lrt_tokenizer_encode(const lrt_tokenizer *tokenizer, const char *text, size_t length,
                                unsigned flags, lrt_token_list *append_to, lrt_error *err) {
  const size_t before = append_to->count;
  lrt_encoder e = {.tokenizer = tokenizer, .out = append_to, .flags = flags, .err = err};
  if (length >= LRT_TOKENIZER_TEXT_MAX)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a text of %zu bytes is too long to encode at once", length);
  lrt_cut_run_init(&e.cuts, &tokenizer->cuts, lrt_alloc_default(), encode_word, &e);
  lrt_normalize_run_init(&e.normal, lrt_alloc_default(), &e.cuts.regex);
  lrt_bpe_work_init(&e.work, lrt_alloc_default());
  lrt_unigram_work_init(&e.lattice, lrt_alloc_default());
  lrt_sp_work_init(&e.merges, lrt_alloc_default(), (size_t)tokenizer->size);
  lrt_str_init(&e.spelled, lrt_alloc_default(), 0);
  const lrt_status status = encode_any(&e, text, length);
  if (status != LRT_OK) append_to->count = before;
  lrt_cut_run_clear(&e.cuts);
  lrt_normalize_run_clear(&e.normal);
  lrt_bpe_work_clear(&e.work);
  lrt_unigram_work_clear(&e.lattice);
  lrt_sp_work_clear(&e.merges);
  lrt_str_clear(&e.spelled);
  return status;
}
