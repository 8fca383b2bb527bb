/* bpe_encode.c: from a word to the symbols that byte-pair encoding merges. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/encode.h"

static lrt_status append_work(lrt_encoder *e) {
  for (size_t i = 0; i < e->work.count; i++) LRT_TRY(lrt_token_list_add(e->out, e->work.ids[i], e->err));
  return LRT_OK;
}

/* Words as bytes. A word that is a piece is looked up once and for all: whether merging gives just that piece. */
static lrt_status encode_bytes(lrt_encoder *e, const lrt_bpe_model *model, const char *word, size_t length) {
  const int32_t id = lrt_piece_map_find(&model->by_raw, word, length);
  int known = 0;
  if (id >= 0) {
    known = atomic_load_explicit(&model->whole[id], memory_order_relaxed);
    if (model->ignore_merges || known == 1) return lrt_token_list_add(e->out, id, e->err);
  }
  LRT_TRY(lrt_bpe_work_reserve(&e->work, length, e->err));
  for (size_t i = 0; i < length; i++) e->work.ids[i] = model->byte_ids[(uint8_t)word[i]];
  e->work.count = length;
  LRT_TRY(lrt_bpe_merge(&model->merges, &e->work, e->err));
  if (id >= 0 && known == 0) {
    const bool whole = e->work.count == 1 && e->work.ids[0] == id;
    atomic_store_explicit(&model->whole[id], whole ? 1 : 2, memory_order_relaxed);
  }
  return append_work(e);
}

/* A character as the vocabulary spells it at this place in the word. */
static lrt_status spell(lrt_encoder *e, const char *text, size_t length, bool first, bool last,
                        lrt_text *out) {
  const lrt_bpe_model *model = &e->tokenizer->bpe;
  *out = (lrt_text){text, (uint32_t)length};
  if ((first || model->prefix.bytes == NULL) && (!last || model->suffix.bytes == NULL)) return LRT_OK;
  lrt_str_cut(&e->spelled, 0);
  if (!first && model->prefix.bytes != NULL)
    lrt_str_add(&e->spelled, model->prefix.bytes, model->prefix.length);
  lrt_str_add(&e->spelled, text, length);
  if (last && model->suffix.bytes != NULL)
    lrt_str_add(&e->spelled, model->suffix.bytes, model->suffix.length);
  *out = (lrt_text){e->spelled.text, (uint32_t)e->spelled.length};
  return lrt_str_check(&e->spelled, e->err);
}

static lrt_status add_symbol(lrt_encoder *e, int32_t id) {
  LRT_TRY(lrt_bpe_work_reserve(&e->work, e->work.count + 1, e->err));
  e->work.ids[e->work.count++] = id;
  return LRT_OK;
}

/* A character that is no piece, as <0xE2> <0x96> …; false when not all of these are in the vocabulary. */
static lrt_status add_fallback(lrt_encoder *e, const lrt_text *spelled, bool *done) {
  const lrt_bpe_model *model = &e->tokenizer->bpe;
  *done = model->byte_fallback;
  for (uint32_t i = 0; i < spelled->length && *done; i++)
    *done = model->byte_ids[(uint8_t)spelled->bytes[i]] >= 0;
  for (uint32_t i = 0; i < spelled->length && *done; i++)
    LRT_TRY(add_symbol(e, model->byte_ids[(uint8_t)spelled->bytes[i]]));
  return LRT_OK;
}

/* An unknown token waits for the next known character, so that several may become one. Bytes do not end the wait:
 * that is how the ids of the tokenizers package come about. */
static lrt_status encode_characters(lrt_encoder *e, const lrt_bpe_model *model, const char *word,
                                    size_t length) {
  bool waiting = false;
  e->work.count = 0;
  for (size_t at = 0, bytes; at < length; at += bytes) {
    lrt_text spelled;
    bool done = true;
    bytes = lrt_utf8_decode(word + at, length - at, NULL);
    if (bytes == 0) bytes = 1;
    LRT_TRY(spell(e, word + at, bytes, at == 0, at + bytes == length, &spelled));
    const int32_t id = lrt_model_id(e->tokenizer, spelled.bytes, spelled.length);
    if (id < 0) LRT_TRY(add_fallback(e, &spelled, &done));
    if (id < 0 && done) continue;
    if (waiting && (id >= 0 || !model->fuse_unknown)) LRT_TRY(add_symbol(e, model->unknown));
    waiting = id < 0 && model->unknown >= 0;
    if (id >= 0) LRT_TRY(add_symbol(e, id));
  }
  if (waiting) LRT_TRY(add_symbol(e, model->unknown));
  LRT_TRY(lrt_bpe_merge(&model->merges, &e->work, e->err));
  return append_work(e);
}

lrt_status lrt_bpe_encode(lrt_encoder *e, const char *word, size_t length) {
  const lrt_bpe_model *model = &e->tokenizer->bpe;
  if (model->works_on_bytes) return encode_bytes(e, model, word, length);
  if (model->ignore_merges) {
    const int32_t id = lrt_model_id(e->tokenizer, word, length);
    if (id >= 0) return lrt_token_list_add(e->out, id, e->err);
  }
  return encode_characters(e, model, word, length);
}
