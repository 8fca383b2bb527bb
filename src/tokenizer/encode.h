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
  lrt_bpe_work work;
  lrt_str spelled; /* for look-ups of changed spellings */
  lrt_error *err;
} lrt_encoder;

/* Appends the ids of one word: [length]. */
lrt_status lrt_bpe_encode(lrt_encoder *encoder, const char *word, size_t length);

#endif
