/* sentencepiece.h: what a SentencePiece model holds beside its pieces, and the parts of encoding with it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_SENTENCEPIECE_H
#define LRT_TOKENIZER_SENTENCEPIECE_H

#include <stdatomic.h>

#include "base/str.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/trie.h"

#define LRT_SPACE_SYMBOL "\xE2\x96\x81" /* U+2581, which stands for a blank */
#define LRT_SPACE_SYMBOL_BYTES 3

/* Numbers as in the file. */
typedef enum lrt_sp_model_kind { SP_UNIGRAM = 1, SP_BPE = 2, SP_WORD = 3, SP_CHAR = 4 } lrt_sp_model_kind;
typedef enum lrt_sp_type {
  SP_NORMAL = 1,
  SP_UNKNOWN = 2,
  SP_CONTROL = 3,
  SP_USER_DEFINED = 4,
  SP_UNUSED = 5,
  SP_BYTE = 6
} lrt_sp_type;

typedef struct lrt_sentencepiece {
  lrt_sp_model_kind kind;
  lrt_charsmap charsmap;
  bool add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces;
  bool whitespace_as_suffix, byte_fallback;
  bool has_unused;
  bool begins[256];       /* bytes that a blank, a rule or a user-defined piece can begin with */
  bool begins_ascii[256]; /* the same where an ASCII byte follows */
  const float *scores;    /* [size] */
  const uint8_t *types;   /* [size]: lrt_sp_type */
  lrt_text *plain;        /* [size]: normal, user-defined and unused pieces; bytes NULL = another type */
  lrt_piece_map by_plain; /* over plain */
  lrt_trie user;          /* user-defined pieces, which are found first and stay whole */
  int32_t byte_ids[256];  /* with byte_fallback */
  atomic_uchar *whole;    /* [size]: as in lrt_bpe_model */
  const uint32_t *unsafe; /* [unsafe_count], sorted: characters that stand before U+2581 inside a piece */
  uint32_t unsafe_count;
} lrt_sentencepiece;

/* Fills in `begins`. */
void lrt_sp_prepare(lrt_sentencepiece *sp);
/* Appends the text as the model wants to see it; failures stay in `out`. */
void lrt_sp_normalize(const lrt_sentencepiece *sp, const char *text, size_t length, lrt_str *out);
/* Bytes of the user-defined piece at the start of text: [length > 0] (*user is set), else of one character. */
size_t lrt_sp_prefix(const lrt_sentencepiece *sp, const char *text, size_t length, bool *user);

/* A symbol as it was cut: nobody has looked it up yet. */
#define LRT_SP_UNMERGED (-2)

/* A stretch of text on its way to be a piece. */
typedef struct lrt_sp_symbol {
  uint32_t start, length;  /* length 0 = merged into its left neighbour */
  int32_t id;              /* of the piece it was merged to, or LRT_SP_UNMERGED */
  bool frozen;             /* user-defined: never merged */
  uint32_t previous, next; /* positions, for the heap */
} lrt_sp_symbol;

/* What merging needs, kept from word to word. */
typedef struct lrt_sp_work {
  lrt_alloc *alloc;
  lrt_sp_symbol *symbols; /* [count] */
  size_t count, capacity;
  void *scratch;
  size_t scratch_bytes;
  uint32_t *split; /* [size]: where the pair that made an unused piece was joined; NULL until one is */
  size_t size;     /* of the vocabulary */
} lrt_sp_work;

void lrt_sp_work_init(lrt_sp_work *work, lrt_alloc *alloc, size_t size);
void lrt_sp_work_clear(lrt_sp_work *work);
/* Cuts text: [length] into symbols and merges them: always the pair whose piece has the highest score, the leftmost of
 * equal ones. Short texts by scanning, long ones over a heap; both give the same. Errors: OUT_OF_MEMORY. */
lrt_status lrt_sp_merge(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text, size_t length,
                        lrt_error *err);
/* The two ways, for tests. */
lrt_status lrt_sp_merge_scan(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text, size_t length,
                             lrt_error *err);
lrt_status lrt_sp_merge_heap(const lrt_sentencepiece *sp, lrt_sp_work *work, const char *text, size_t length,
                             lrt_error *err);

#endif
