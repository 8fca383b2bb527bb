/* charsmap.c: walks the double array; every index is checked, so a damaged one only finds less. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/charsmap.h"

#include <string.h>

#include "base/fail.h"

static uint32_t read_u32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

lrt_status lrt_charsmap_read(const uint8_t *bytes, size_t length, lrt_arena *arena, lrt_charsmap *out,
                             lrt_error *err) {
  *out = (lrt_charsmap){0};
  if (length == 0) return LRT_OK;
  const size_t trie = length < 4 ? 0 : read_u32(bytes);
  if (length <= 4 || trie >= length - 4 || trie % 4 != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "the tokenizer's precompiled_charsmap of %zu bytes is damaged",
                    length);
  const size_t texts = length - 4 - trie;
  uint32_t *units = lrt_arena_array(arena, trie / 4 + 1, sizeof *units);
  char *copy = lrt_arena_get(arena, texts + 1); /* one NUL more, whatever the file has */
  if (units == NULL || copy == NULL) return lrt_alloc_fail(err, arena->alloc, length, "a tokenizer");
  for (size_t i = 0; i < trie / 4; i++) units[i] = read_u32(bytes + 4 + 4 * i);
  memcpy(copy, bytes + 4 + trie, texts);
  *out = (lrt_charsmap){units, trie / 4, copy, texts + 1};
  return LRT_OK;
}

static uint32_t offset_of(uint32_t unit) {
  return (unit >> 10) << ((unit & 512) >> 6);
}

bool lrt_charsmap_begins(const lrt_charsmap *map, uint8_t byte) {
  if (map->unit_count == 0) return false;
  const uint32_t at = offset_of(map->units[0]) ^ byte;
  return at < map->unit_count && (map->units[at] & 0x800000FFu) == byte;
}

bool lrt_charsmap_continues(const lrt_charsmap *map, uint8_t byte) {
  if (!lrt_charsmap_begins(map, byte)) return false;
  const uint32_t at = offset_of(map->units[0]) ^ byte, unit = map->units[at], next = at ^ offset_of(unit);
  if ((unit & 256) != 0) return true;
  for (uint32_t second = 1; second < 128; second++) {
    const uint32_t place = next ^ second;
    if (place < map->unit_count && (map->units[place] & 0x800000FFu) == second) return true;
  }
  return false;
}

const char *lrt_charsmap_find(const lrt_charsmap *map, const char *text, size_t length, bool longest,
                              size_t *used) {
  const char *found = NULL;
  *used = 0;
  if (map->unit_count == 0) return NULL;
  uint32_t at = offset_of(map->units[0]);
  for (size_t i = 0; i < length && text[i] != 0; i++) {
    const uint8_t byte = (uint8_t)text[i];
    at ^= byte;
    if (at >= map->unit_count) break;
    const uint32_t unit = map->units[at];
    if ((unit & 0x800000FFu) != byte) break;
    at ^= offset_of(unit);
    if ((unit & 256) == 0) continue;
    if (at >= map->unit_count) break;
    const uint32_t value = map->units[at] & 0x7FFFFFFFu;
    if (value >= map->text_bytes) break;
    found = map->texts + value;
    *used = i + 1;
    if (!longest) break;
  }
  return found;
}
