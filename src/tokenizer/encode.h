/* encode.h: what encoding one text works with. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_ENCODE_H
#define LRT_TOKENIZER_ENCODE_H

#include "tokenizer/tokenizer_object.h"

typedef struct lrt_encoder {
  const lrt_tokenizer *tokenizer;
  lrt_token_list *out;
  unsigned flags; /* LRT_ENCODE_… */
  lrt_cut_run cuts;
  lrt_normalize_run normal;
  lrt_bpe_work work;
  lrt_unigram_work lattice;
  lrt_sp_work merges;
  bool after_unknown; /* the last piece of a SentencePiece text was unknown */
  lrt_str spelled;    /* a changed spelling, the normalized text */
  lrt_error *err;
} lrt_encoder;

/* Each appends the ids of one word: [length]. */
lrt_status lrt_bpe_encode(lrt_encoder *encoder, const char *word, size_t length);
lrt_status lrt_unigram_encode(lrt_encoder *encoder, const char *word, size_t length);
lrt_status lrt_wordpiece_encode(lrt_encoder *encoder, const char *word, size_t length);
lrt_status lrt_wordlevel_encode(lrt_encoder *encoder, const char *word, size_t length);
/* Appends the ids of a text between control tokens. */
lrt_status lrt_sentencepiece_encode(lrt_encoder *encoder, const char *text, size_t length);
/* The id of a spelling in the model's own vocabulary, or -1. */
int32_t lrt_model_id(const lrt_tokenizer *tokenizer, const char *text, size_t length);
/* Appends the unknown token; INVALID_ARGUMENT names the text where the model has none. */
lrt_status lrt_add_unknown(lrt_encoder *encoder, int32_t unknown, const char *text, size_t length);

#endif
