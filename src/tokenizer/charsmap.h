/* charsmap.h: SentencePiece's compiled replacement rules: a double-array trie and the texts it leads to. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_CHARSMAP_H
#define LRT_TOKENIZER_CHARSMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Layout: u32 little-endian bytes of the trie, the trie's units, then NUL-terminated replacements. */
typedef struct lrt_charsmap {
  const uint32_t *units; /* [unit_count]; NULL = no rules */
  size_t unit_count;
  const char *texts; /* [text_bytes], ends with a NUL */
  size_t text_bytes;
} lrt_charsmap;

/* Copies the rules into the arena; length 0 gives none. Errors: INVALID_MODEL. */
lrt_status lrt_charsmap_read(const uint8_t *bytes, size_t length, lrt_arena *arena, lrt_charsmap *out,
                             lrt_error *err);
/* Whether a rule can begin with this byte. */
bool lrt_charsmap_begins(const lrt_charsmap *map, uint8_t byte);
/* Whether such a rule ends there or goes on with an ASCII byte. */
bool lrt_charsmap_continues(const lrt_charsmap *map, uint8_t byte);
/* The replacement of the longest (or shortest) rule that text: [length] begins with; NULL when there is none. *used gets
 * the bytes it replaces. */
const char *lrt_charsmap_find(const lrt_charsmap *map, const char *text, size_t length, bool longest,
                              size_t *used);

#endif
