/* piece_map.c: open addressing with linear probing, half full at most. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/piece_map.h"

#include <string.h>
#include <time.h>

#define FACTOR UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mix(uint64_t h) {
  h *= FACTOR;
  return h ^ h >> 32;
}

static uint64_t hash(const lrt_piece_map *map, const char *bytes, size_t length) {
  uint64_t h = map->seed ^ length, word;
  for (; length >= 8; bytes += 8, length -= 8) {
    memcpy(&word, bytes, 8);
    h = mix(h ^ word);
  }
  word = 0;
  memcpy(&word, bytes, length);
  return mix(mix(h ^ word));
}

int lrt_piece_map_init(lrt_piece_map *map, lrt_arena *arena, const lrt_text *texts, size_t count) {
  struct timespec now;
  size_t size = 16;
  while (size < count * 2 && size < SIZE_MAX / 4) size *= 2;
  clock_gettime(CLOCK_MONOTONIC, &now);
  memset(map, 0, sizeof *map);
  map->texts = texts;
  map->seed = mix((uint64_t)now.tv_nsec ^ mix((uint64_t)(uintptr_t)map));
  map->slots = lrt_arena_array(arena, size, sizeof *map->slots);
  map->filter = lrt_arena_array(arena, size / 8, sizeof *map->filter);
  map->mask = size - 1;
  return map->slots != NULL && map->filter != NULL;
}

/* The word of the filter and the bit in it; other bits of the hash than those that choose the slot. */
static uint64_t *filter_word(const lrt_piece_map *map, uint64_t h, uint64_t *bit) {
  const uint64_t at = h * FACTOR >> 20;
  *bit = UINT64_C(1) << (at & 63);
  return &map->filter[at >> 6 & map->mask >> 3];
}

/* The slot of a text, or the free one where it belongs. */
static uint64_t find_slot(const lrt_piece_map *map, const char *bytes, size_t length, uint64_t h) {
  uint64_t at = h & map->mask;
  for (; map->slots[at] != 0; at = (at + 1) & map->mask) {
    if (map->slots[at] >> 32 != h >> 32) continue;
    const lrt_text *text = &map->texts[(uint32_t)map->slots[at] - 1];
    if (text->length == length && memcmp(text->bytes, bytes, length) == 0) break;
  }
  return at;
}

int32_t lrt_piece_map_add(lrt_piece_map *map, uint32_t number) {
  const lrt_text *text = &map->texts[number];
  const uint64_t h = hash(map, text->bytes, text->length);
  uint64_t bit, *word = filter_word(map, h, &bit);
  const uint64_t at = find_slot(map, text->bytes, text->length, h);
  if (map->slots[at] != 0) return (int32_t)((uint32_t)map->slots[at] - 1);
  map->slots[at] = h >> 32 << 32 | (number + 1);
  *word |= bit;
  if (text->length > map->longest) map->longest = text->length;
  return -1;
}

int32_t lrt_piece_map_find(const lrt_piece_map *map, const char *bytes, size_t length) {
  if (length > map->longest || map->slots == NULL) return -1;
  const uint64_t h = hash(map, bytes, length);
  uint64_t bit;
  if ((*filter_word(map, h, &bit) & bit) == 0) return -1;
  const uint64_t at = find_slot(map, bytes, length, h);
  return map->slots[at] == 0 ? -1 : (int32_t)((uint32_t)map->slots[at] - 1);
}
