/* word_encode.c: the models that take a word apart by its vocabulary alone: unigram, WordPiece, word level. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/encode.h"

int32_t lrt_model_id(const lrt_tokenizer *t, const char *text, size_t length) {
  const int32_t id = lrt_piece_map_find(&t->by_piece, text, length);
  return id >= 0 && (t->bits[id] & TOKEN_IN_MODEL) != 0 ? id : -1;
}

lrt_status lrt_add_unknown(lrt_encoder *e, int32_t unknown, const char *text, size_t length) {
  if (unknown >= 0) return lrt_token_list_add(e->out, unknown, e->err);
  return lrt_fail(e->err, LRT_INVALID_ARGUMENT,
                  "the tokenizer has no token for \"%.*s\", and none for what is unknown",
                  length > 60 ? 60 : (int)length, text);
}

/* ---- unigram ---- */

static lrt_status add_unigram_bytes(lrt_encoder *e, const lrt_unigram_model *m, const char *text,
                                    size_t length, bool *done) {
  *done = m->byte_fallback;
  for (size_t i = 0; i < length && *done; i++) *done = m->byte_ids[(uint8_t)text[i]] >= 0;
  for (size_t i = 0; i < length && *done; i++)
    LRT_TRY(lrt_token_list_add(e->out, m->byte_ids[(uint8_t)text[i]], e->err));
  return LRT_OK;
}

/* Neighbouring unknown characters as one: a piece by chance, bytes, or the unknown token. */
static lrt_status add_unknown_run(lrt_encoder *e, const lrt_unigram_model *m, const char *text,
                                  size_t length) {
  bool done;
  if (length == 0) return LRT_OK;
  const int32_t id = lrt_model_id(e->tokenizer, text, length);
  if (id >= 0) return lrt_token_list_add(e->out, id, e->err);
  LRT_TRY(add_unigram_bytes(e, m, text, length, &done));
  return done ? LRT_OK : lrt_add_unknown(e, m->unknown, text, length);
}

lrt_status lrt_unigram_encode(lrt_encoder *e, const char *word, size_t length) {
  const lrt_unigram_model *m = &e->tokenizer->unigram;
  size_t run = 0; /* start of a run of unknown characters that ends at `at` */
  LRT_TRY(lrt_unigram_run(&m->search, &e->lattice, word, length, e->err));
  for (size_t at = 0, end; at < length; at = end) {
    end = e->lattice.nodes[at].end;
    const int32_t id = e->lattice.nodes[end].id;
    if (id == LRT_UNIGRAM_UNKNOWN || id == m->unknown) continue;
    LRT_TRY(add_unknown_run(e, m, word + run, at - run));
    LRT_TRY(lrt_token_list_add(e->out, id, e->err));
    run = end;
  }
  return add_unknown_run(e, m, word + run, length - run);
}

/* ---- WordPiece ---- */

static bool is_longer(const char *word, size_t length, uint32_t characters) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++) count += ((uint8_t)word[i] & 0xC0) != 0x80;
  return count > characters;
}

lrt_status lrt_wordpiece_encode(lrt_encoder *e, const char *word, size_t length) {
  const lrt_wordpiece_model *m = &e->tokenizer->wordpiece;
  const size_t before = e->out->count;
  size_t used;
  if (is_longer(word, length, m->max_characters)) return lrt_add_unknown(e, m->unknown, word, length);
  for (size_t at = 0; at < length; at += used) {
    const int32_t id =
        lrt_trie_longest(at == 0 ? &m->initial : &m->continuing, word + at, length - at, &used);
    if (id < 0) {
      e->out->count = before;
      return lrt_add_unknown(e, m->unknown, word, length);
    }
    LRT_TRY(lrt_token_list_add(e->out, id, e->err));
  }
  return LRT_OK;
}

lrt_status lrt_wordlevel_encode(lrt_encoder *e, const char *word, size_t length) {
  const int32_t id = lrt_model_id(e->tokenizer, word, length);
  if (id >= 0) return lrt_token_list_add(e->out, id, e->err);
  return lrt_add_unknown(e, e->tokenizer->wordpiece.unknown, word, length);
}
