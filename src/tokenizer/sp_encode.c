/* sp_encode.c: text to ids with a SentencePiece model. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/encode.h"

/* Appends a piece of the text: its id, or what stands for unknown text; neighbouring unknown pieces are one. */
static lrt_status add_piece(lrt_encoder *e, const char *text, size_t length, int32_t id) {
  const lrt_sentencepiece *sp = &e->tokenizer->sp;
  const int32_t unknown = e->tokenizer->unknown;
  if (id >= 0 && id != unknown) {
    e->after_unknown = false;
    return lrt_token_list_add(e->out, id, e->err);
  }
  if (!sp->byte_fallback) {
    if (e->after_unknown) return LRT_OK;
    e->after_unknown = true;
    return lrt_token_list_add(e->out, unknown, e->err);
  }
  for (size_t i = 0; i < length; i++)
    LRT_TRY(lrt_token_list_add(e->out, sp->byte_ids[(uint8_t)text[i]], e->err));
  return LRT_OK;
}

/* An unused piece becomes the two it was merged from, and so on; one that was not merged is unknown. */
static lrt_status add_used(lrt_encoder *e, const char *text, size_t length, int32_t id) {
  const lrt_sentencepiece *sp = &e->tokenizer->sp;
  while (id >= 0 && sp->types[id] == SP_UNUSED && e->merges.split != NULL && e->merges.split[id] > 0 &&
         e->merges.split[id] < length) {
    const uint32_t left = e->merges.split[id];
    LRT_TRY(add_used(e, text, left, lrt_piece_map_find(&sp->by_plain, text, left)));
    text += left;
    length -= left;
    id = lrt_piece_map_find(&sp->by_plain, text, length);
  }
  return add_piece(e, text, length, id >= 0 && sp->types[id] == SP_UNUSED ? -1 : id);
}

static lrt_status encode_merged(lrt_encoder *e, const char *text, size_t length) {
  const lrt_sentencepiece *sp = &e->tokenizer->sp;
  LRT_TRY(lrt_sp_merge(sp, &e->merges, text, length, e->err));
  for (size_t i = 0; i < e->merges.count; i++) {
    lrt_sp_symbol *s = &e->merges.symbols[i];
    if (s->id == LRT_SP_UNMERGED) s->id = lrt_piece_map_find(&sp->by_plain, text + s->start, s->length);
    LRT_TRY(add_used(e, text + s->start, s->length, s->id));
  }
  return LRT_OK;
}

/* A word across whose ends nothing merges. One that is a piece is looked up once and for all: whether merging gives
 * just that piece. */
static lrt_status encode_word(lrt_encoder *e, const char *text, size_t length) {
  const lrt_sentencepiece *sp = &e->tokenizer->sp;
  const int32_t id = lrt_piece_map_find(&sp->by_plain, text, length);
  const int known = id < 0 ? 2 : atomic_load_explicit(&sp->whole[id], memory_order_relaxed);
  if (known == 1) return add_piece(e, text, length, id);
  LRT_TRY(encode_merged(e, text, length));
  if (known == 0) {
    const bool whole = e->merges.count == 1 && e->merges.symbols[0].id == id;
    atomic_store_explicit(&sp->whole[id], whole ? 1 : 2, memory_order_relaxed);
  }
  return LRT_OK;
}

/* Whether some piece has this character, which ends at `at`, before a blank. */
static bool is_unsafe(const lrt_sentencepiece *sp, const char *text, size_t at) {
  size_t start = at;
  uint32_t code = 0, low = 0, high = sp->unsafe_count;
  do start--;
  while (start > 0 && ((uint8_t)text[start] & 0xC0) == 0x80);
  lrt_utf8_decode(text + start, at - start, &code);
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (sp->unsafe[middle] < code)
      low = middle + 1;
    else
      high = middle;
  }
  return low < sp->unsafe_count && sp->unsafe[low] == code;
}

/* Cuts before those blanks that no piece has behind the character in front of them: nothing merges across. */
static lrt_status encode_bpe(lrt_encoder *e, const char *text, size_t length) {
  const lrt_sentencepiece *sp = &e->tokenizer->sp;
  size_t start = 0, from = 0;
  if (sp->has_unused) return encode_merged(e, text, length);
  while (from < length) {
    const char *space = memmem(text + from, length - from, LRT_SPACE_SYMBOL, LRT_SPACE_SYMBOL_BYTES);
    if (space == NULL) break;
    const size_t at = (size_t)(space - text);
    from = at + LRT_SPACE_SYMBOL_BYTES;
    if (at == start || is_unsafe(sp, text, at)) continue;
    LRT_TRY(encode_word(e, text + start, at - start));
    start = at;
  }
  return start < length ? encode_word(e, text + start, length - start) : LRT_OK;
}

static lrt_status encode_unigram(lrt_encoder *e, const char *text, size_t length) {
  LRT_TRY(lrt_unigram_run(&e->tokenizer->unigram.search, &e->lattice, text, length, e->err));
  for (size_t at = 0, end; at < length; at = end) {
    end = e->lattice.nodes[at].end;
    const int32_t id = e->lattice.nodes[end].id;
    LRT_TRY(add_piece(e, text + at, end - at, id == LRT_UNIGRAM_UNKNOWN ? e->tokenizer->unknown : id));
  }
  return LRT_OK;
}

/* The piece of a character or word; unused ones count as unknown. */
static lrt_status add_text(lrt_encoder *e, const char *text, size_t length) {
  const lrt_sentencepiece *sp = &e->tokenizer->sp;
  const int32_t id = lrt_piece_map_find(&sp->by_plain, text, length);
  return add_piece(e, text, length, id >= 0 && sp->types[id] == SP_UNUSED ? -1 : id);
}

static lrt_status encode_chars(lrt_encoder *e, const char *text, size_t length) {
  for (size_t at = 0, bytes; at < length; at += bytes) {
    bool user;
    bytes = lrt_sp_prefix(&e->tokenizer->sp, text + at, length - at, &user);
    LRT_TRY(add_text(e, text + at, bytes));
  }
  return LRT_OK;
}

/* Each blank begins a word. */
static lrt_status encode_words(lrt_encoder *e, const char *text, size_t length) {
  size_t start = 0;
  for (size_t at = 1; at < length; at++) {
    if (length - at < LRT_SPACE_SYMBOL_BYTES ||
        memcmp(text + at, LRT_SPACE_SYMBOL, LRT_SPACE_SYMBOL_BYTES) != 0)
      continue;
    LRT_TRY(add_text(e, text + start, at - start));
    start = at;
  }
  return add_text(e, text + start, length - start);
}

lrt_status lrt_sentencepiece_encode(lrt_encoder *e, const char *text, size_t length) {
  const lrt_sentencepiece *sp = &e->tokenizer->sp;
  lrt_str_cut(&e->spelled, 0);
  lrt_sp_normalize(sp, text, length, &e->spelled);
  LRT_TRY(lrt_str_check(&e->spelled, e->err));
  e->after_unknown = false;
  if (e->spelled.length == 0) return LRT_OK;
  switch (sp->kind) {
  case SP_UNIGRAM: return encode_unigram(e, e->spelled.text, e->spelled.length);
  case SP_BPE: return encode_bpe(e, e->spelled.text, e->spelled.length);
  case SP_WORD: return encode_words(e, e->spelled.text, e->spelled.length);
  case SP_CHAR: return encode_chars(e, e->spelled.text, e->spelled.length);
  }
  return LRT_OK;
}
