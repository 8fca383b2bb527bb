/* unigram.h: the most probable sequence of pieces, by Viterbi's algorithm. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_UNIGRAM_H
#define LRT_TOKENIZER_UNIGRAM_H

#include "tokenizer/trie.h"

typedef struct lrt_unigram {
  lrt_trie trie;        /* pieces that may be used; values are ids */
  const double *scores; /* [ids]: log-probabilities */
  double unknown_score; /* of a character that is no piece */
  bool single;          /* sums are rounded to float, as SentencePiece keeps them */
} lrt_unigram;

/* Id of a stretch that is one unknown character. */
#define LRT_UNIGRAM_UNKNOWN (-1)

/* The best piece that ends at a place. */
typedef struct lrt_unigram_node {
  union {
    double score; /* while searching: of the best way from the start to here */
    size_t end;   /* afterwards, on the best way: of the piece that begins here */
  };
  uint32_t start; /* of the piece that ends here; UINT32_MAX = no way known */
  int32_t id;
} lrt_unigram_node;

/* Kept from text to text. */
typedef struct lrt_unigram_work {
  lrt_alloc *alloc;
  lrt_unigram_node *nodes; /* [capacity] */
  size_t capacity;
} lrt_unigram_work;

void lrt_unigram_work_init(lrt_unigram_work *work, lrt_alloc *alloc);
void lrt_unigram_work_clear(lrt_unigram_work *work);
/* Finds the best way through text: [length], valid UTF-8. The piece that begins at `at` (first 0) then ends at
 * work->nodes[at].end, where the next one begins, and has the id work->nodes[that end].id. Errors: OUT_OF_MEMORY. */
lrt_status lrt_unigram_run(const lrt_unigram *model, lrt_unigram_work *work, const char *text, size_t length,
                           lrt_error *err);

#endif
