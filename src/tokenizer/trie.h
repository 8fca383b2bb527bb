/* trie.h: a tree of texts by their bytes: which texts does this place begin with? */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_TRIE_H
#define LRT_TOKENIZER_TRIE_H

#include "base/arena.h"
#include "tokenizer/piece_map.h"

/* Nodes stand breadth first, so that the children of node n are first[n] … first[n + 1] - 1, ordered by label. */
typedef struct lrt_trie {
  const uint32_t *first; /* [count + 1] */
  const uint8_t *labels; /* [count] */
  const int32_t *values; /* [count]; number of the text that ends here, or -1 */
  uint32_t count;        /* 0 = no texts */
  uint32_t roots[256];   /* child of the root by byte; 0 = none */
} lrt_trie;

/* Of texts: [count], but those without bytes; of equal texts the last counts. The tree lives in the arena and does not
 * refer to the texts. Errors: OUT_OF_MEMORY. */
lrt_status lrt_trie_build(lrt_trie *trie, lrt_arena *arena, const lrt_text *texts, size_t count,
                          lrt_error *err);

/* The child of a node (0 = the root) by a byte, or 0. */
static inline uint32_t lrt_trie_step(const lrt_trie *trie, uint32_t node, uint8_t byte) {
  if (node == 0) return trie->roots[byte];
  uint32_t low = trie->first[node], high = trie->first[node + 1];
  while (high - low > 8) {
    const uint32_t middle = (low + high) / 2;
    if (trie->labels[middle] <= byte)
      low = middle;
    else
      high = middle;
  }
  for (; low < high; low++)
    if (trie->labels[low] == byte) return low;
  return 0;
}

/* The longest text at the start of bytes: [length]: its number, or -1; *used gets its length. */
int32_t lrt_trie_longest(const lrt_trie *trie, const char *bytes, size_t length, size_t *used);

#endif
