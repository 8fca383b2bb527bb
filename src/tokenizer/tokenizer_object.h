/* tokenizer_object.h: what an opened tokenizer holds. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_TOKENIZER_OBJECT_H
#define LRT_TOKENIZER_TOKENIZER_OBJECT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "litert/tokenizer.h"
#include "tokenizer/bpe.h"
#include "tokenizer/decoder.h"
#include "tokenizer/piece_map.h"
#include "tokenizer/pretokenize.h"
#include "tokenizer/sentencepiece.h"
#include "tokenizer/text_normalize.h"
#include "tokenizer/trie.h"
#include "tokenizer/unigram.h"

/* Bits of what is known of a token. */
enum {
  TOKEN_SPECIAL = 1,  /* control token, special token */
  TOKEN_IN_MODEL = 2, /* from the model's vocabulary */
  TOKEN_IS_BYTE = 4   /* <0x41> of a SentencePiece model */
};

/* A token that is found in text before the model sees it. */
typedef struct lrt_added_token {
  int32_t id;
  lrt_text content; /* what is looked for: normalized where `normalized` */
  bool single_word, left_strip, right_strip, normalized, special;
} lrt_added_token;

typedef struct lrt_added_tokens {
  const lrt_added_token *tokens; /* [count] */
  uint32_t count;
  lrt_trie raw, normalized; /* numbers in tokens */
} lrt_added_tokens;

typedef struct lrt_bpe_model {
  lrt_merge_table merges;
  bool works_on_bytes;   /* words come as they are; else in the spelling of the vocabulary */
  int32_t byte_ids[256]; /* of single bytes (works_on_bytes), else of <0x00> … or -1 */
  lrt_text *raw;         /* [size]: pieces as bytes; bytes NULL = none */
  lrt_piece_map by_raw;
  atomic_uchar *whole;     /* [size]: whether merging gives just this piece: 0 not known, 1 yes, 2 no */
  int32_t unknown;         /* -1 = none */
  lrt_text prefix, suffix; /* continuing_subword_prefix, end_of_word_suffix; bytes NULL = none */
  bool fuse_unknown, byte_fallback, ignore_merges;
} lrt_bpe_model;

/* Ids around those of the text, from the post-processor. */
typedef struct lrt_surroundings {
  const int32_t *before, *after; /* [before_count], [after_count] */
  uint32_t before_count, after_count;
} lrt_surroundings;

typedef struct lrt_unigram_model {
  lrt_unigram search;
  int32_t unknown; /* -1 = none */
  bool byte_fallback;
  int32_t byte_ids[256]; /* of <0x00> …, or -1 */
} lrt_unigram_model;

/* The longest piece from the left, again and again. */
typedef struct lrt_wordpiece_model {
  lrt_trie initial;        /* pieces as they are */
  lrt_trie continuing;     /* pieces with the prefix, without it */
  int32_t unknown;         /* -1 = none */
  uint32_t max_characters; /* longer words are unknown */
} lrt_wordpiece_model;

typedef enum lrt_model_kind {
  MODEL_BPE,
  MODEL_UNIGRAM,
  MODEL_WORDPIECE,
  MODEL_WORDLEVEL,
  MODEL_SENTENCEPIECE
} lrt_model_kind;

struct lrt_tokenizer {
  atomic_int references;
  lrt_arena arena; /* of everything, itself not included */
  const char *kind;
  lrt_text *pieces; /* [size]; bytes NULL = no token, else NUL-terminated */
  lrt_text *spoken; /* [size]: what the decoder is given; mostly the pieces */
  uint8_t *bits;    /* [size]: TOKEN_… */
  int32_t size;
  lrt_piece_map by_piece; /* of the model's vocabulary, then of added tokens */
  int32_t bos, eos, unknown, pad;
  lrt_added_tokens added;
  lrt_normalize_steps normalizer;
  lrt_cuts cuts;
  lrt_model_kind model;
  lrt_bpe_model bpe;
  lrt_unigram_model unigram;
  lrt_wordpiece_model wordpiece; /* WORDLEVEL uses its `unknown` */
  lrt_sentencepiece sp;          /* with `unigram` where its kind is that */
  lrt_surroundings surroundings;
  lrt_decode_steps decode;
};

/* Ids are below this. */
#define LRT_TOKEN_IDS_MAX (1 << 24)
/* Longest text to encode. */
#define LRT_TOKENIZER_TEXT_MAX ((size_t)1 << 28)

/* Reads a tokenizer.json into an empty tokenizer whose arena is there. */
lrt_status lrt_tokenizer_read_json(lrt_tokenizer *tokenizer, const char *text, size_t length, lrt_error *err);

/* Reads a SentencePiece model likewise. */
lrt_status lrt_tokenizer_read_sentencepiece(lrt_tokenizer *tokenizer, const uint8_t *bytes, size_t length,
                                            lrt_error *err);

/* Appends an id. */
lrt_status lrt_token_list_add(lrt_token_list *list, int32_t id, lrt_error *err);

#endif
