/* piece_map.h: finds the number of a text: a hash table over an array of texts that stays where it is. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_PIECE_MAP_H
#define LRT_TOKENIZER_PIECE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Bytes, not NUL-terminated unless said; bytes NULL = no text. */
typedef struct lrt_text {
  const char *bytes;
  uint32_t length;
} lrt_text;

typedef struct lrt_piece_map {
  const lrt_text *texts; /* what the numbers mean */
  uint64_t *slots;       /* [mask + 1]: upper half of the hash << 32 | number + 1; 0 = free */
  uint64_t mask;
  uint64_t
      *filter;   /* [mask / 8 + 1] words: a bit for each text, so that most misses touch a small table only */
  uint64_t seed; /* differs from map to map, so that no file can be made of texts that collide */
  uint32_t longest;
} lrt_piece_map;

/* An empty table with room for `count` texts; the slots live in the arena. False when memory is refused. */
int lrt_piece_map_init(lrt_piece_map *map, lrt_arena *arena, const lrt_text *texts, size_t count);
/* Adds texts[number]; returns the number that has this text already, else -1. */
int32_t lrt_piece_map_add(lrt_piece_map *map, uint32_t number);
/* The number of a text, or -1. */
int32_t lrt_piece_map_find(const lrt_piece_map *map, const char *bytes, size_t length);

#endif
