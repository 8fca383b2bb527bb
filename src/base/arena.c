/* arena.c: chunks of zeroed memory handed out front to back. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <string.h>

/* Under AddressSanitizer bytes that were not handed out are poisoned, with a gap behind each block. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define POISON(start, bytes) ASAN_POISON_MEMORY_REGION(start, bytes)
#define UNPOISON(start, bytes) ASAN_UNPOISON_MEMORY_REGION(start, bytes)
#define GAP 16
#else
#define POISON(start, bytes) ((void)0)
#define UNPOISON(start, bytes) ((void)0)
#define GAP 0
#endif

#define ALIGN 16
#define FIRST_CHUNK ((size_t)4096)
#define LARGEST_CHUNK ((size_t)1 << 20)

struct lrt_arena_chunk {
  lrt_arena_chunk *next;
  size_t used, size; /* bytes of the payload, which starts HEAD bytes into the chunk */
};

#define HEAD (((sizeof(lrt_arena_chunk) + ALIGN - 1) / ALIGN) * ALIGN)

static char *payload(lrt_arena_chunk *chunk) {
  return (char *)chunk + HEAD;
}

void lrt_arena_init(lrt_arena *arena, lrt_alloc *alloc) {
  arena->alloc = alloc;
  arena->chunks = NULL;
  arena->next_chunk = FIRST_CHUNK;
}

void lrt_arena_clear(lrt_arena *arena) {
  while (arena->chunks != NULL) {
    lrt_arena_chunk *chunk = arena->chunks;
    arena->chunks = chunk->next;
    UNPOISON(payload(chunk), chunk->size);
    lrt_alloc_free(chunk);
  }
  arena->next_chunk = FIRST_CHUNK;
}

/* A chunk with room for `bytes`. It becomes the one to fill unless the present one would have more room left. */
static lrt_arena_chunk *add_chunk(lrt_arena *arena, size_t bytes) {
  const size_t size = bytes > arena->next_chunk - HEAD ? bytes : arena->next_chunk - HEAD;
  lrt_arena_chunk *chunk = lrt_alloc_zero(arena->alloc, HEAD + size);
  if (chunk == NULL) return NULL;
  chunk->size = size;
  POISON(payload(chunk), size);
  lrt_arena_chunk *present = arena->chunks;
  if (present != NULL && present->size - present->used > size - bytes) {
    chunk->next = present->next;
    present->next = chunk;
  } else {
    chunk->next = present;
    arena->chunks = chunk;
  }
  if (arena->next_chunk < LARGEST_CHUNK) arena->next_chunk *= 2;
  return chunk;
}

void *lrt_arena_get(lrt_arena *arena, size_t bytes) {
  if (bytes > PTRDIFF_MAX - HEAD - ALIGN - GAP) return NULL;
  const size_t taken = (bytes + (bytes == 0) + GAP + ALIGN - 1) / ALIGN * ALIGN;
  lrt_arena_chunk *chunk = arena->chunks;
  if (chunk == NULL || chunk->size - chunk->used < taken) chunk = add_chunk(arena, taken);
  if (chunk == NULL) return NULL;
  void *block = payload(chunk) + chunk->used;
  UNPOISON(block, bytes);
  chunk->used += taken;
  return block;
}

void *lrt_arena_array(lrt_arena *arena, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  return lrt_arena_get(arena, count * size);
}

char *lrt_arena_text(lrt_arena *arena, const char *text, size_t length) {
  char *copy = length == SIZE_MAX ? NULL : lrt_arena_get(arena, length + 1);
  if (copy != NULL && length != 0) memcpy(copy, text, length);
  return copy;
}
