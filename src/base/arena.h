/* arena.h: bump allocation for objects that die together; one arena per model, plan or session. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_ARENA_H
#define LRT_BASE_ARENA_H

#include <stddef.h>

#include "base/alloc.h"

typedef struct lrt_arena_chunk lrt_arena_chunk;

typedef struct lrt_arena {
  lrt_alloc *alloc;
  lrt_arena_chunk *chunks; /* newest first */
  size_t next_chunk;       /* size of the next chunk to ask for */
} lrt_arena;

void lrt_arena_init(lrt_arena *arena, lrt_alloc *alloc);
/* Frees every block at once; the arena may be used again. */
void lrt_arena_clear(lrt_arena *arena);
/* Zeroed, aligned to 16 bytes; NULL when the account refuses. */
void *lrt_arena_get(lrt_arena *arena, size_t bytes);
/* count * size with overflow check, zeroed. */
void *lrt_arena_array(lrt_arena *arena, size_t count, size_t size);
/* A NUL-terminated copy of `length` bytes. */
char *lrt_arena_text(lrt_arena *arena, const char *text, size_t length);

#endif
