/* guard.h: buffers that end right before an unreadable page, so that reading or writing past them crashes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_GUARD_H
#define LRT_TESTS_GUARD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct guard {
  char *map;
  size_t length;
  void *data; /* `bytes` long, ends at the guard page */
} guard;

static inline guard guard_make(size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (bytes + page - 1) / page * page;
  guard g = {.length = body + page};
  void *map = mmap(NULL, g.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED || mprotect((char *)map + body, page, PROT_NONE) != 0) {
    perror("mmap");
    exit(1);
  }
  g.map = map;
  g.data = g.map + body - bytes;
  return g;
}

static inline void guard_free(guard *g) {
  munmap(g->map, g->length);
}

/* A small generator so that every run sees the same numbers. */
static uint64_t guard_state = 88172645463325252ULL;
static inline uint32_t guard_random(void) {
  guard_state ^= guard_state << 13;
  guard_state ^= guard_state >> 7;
  guard_state ^= guard_state << 17;
  return (uint32_t)(guard_state >> 16);
}
static inline int guard_between(int low, int high) {
  return low + (int)(guard_random() % (uint32_t)(high - low + 1));
}
static inline float guard_float(void) {
  return (float)guard_between(-1000, 1000) / 1000.0f;
}

#endif
