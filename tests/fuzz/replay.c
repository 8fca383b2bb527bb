/* replay.c: runs a fuzz entry without libFuzzer: all files of the given folders, and seeded mutations of each. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_entry.h"
#include "shared_files.h"

/* Files beyond this are run once, unmutated. */
#define LARGEST_TO_MUTATE ((size_t)1 << 20)

typedef struct replay {
  unsigned long mutations;
  uint64_t state; /* of the generator */
  unsigned long runs;
  const char *keep;  /* file that holds the input being run, so that one that crashes is not lost */
  unsigned patience; /* seconds after which a run counts as hanging and ends the program */
} replay;

/* xorshift64*: the same sequence everywhere. */
static uint32_t draw(replay *r, uint32_t below) {
  r->state ^= r->state >> 12;
  r->state ^= r->state << 25;
  r->state ^= r->state >> 27;
  return (uint32_t)((r->state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static void keep_input(const char *path, const uint8_t *bytes, size_t length) {
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) exit(2);
}

/* In a block of exactly this size, so that sanitizers see every overrun. */
static void run_once(replay *r, const uint8_t *bytes, size_t length) {
  uint8_t *copy = malloc(length == 0 ? 1 : length);
  if (copy == NULL) exit(2);
  if (length > 0) memcpy(copy, bytes, length);
  if (r->keep != NULL) keep_input(r->keep, bytes, length);
  alarm(r->patience);
  LLVMFuzzerTestOneInput(copy, length);
  r->runs++;
  free(copy);
}

static void mutate_once(replay *r, uint8_t *bytes, size_t *length) {
  static const uint32_t values[] = {0,      1,       2,          3,           4,           5,
                                    8,      16,      0x7f,       0x80,        0xff,        0x7fff,
                                    0xffff, 0x10000, 0x7fffffff, 0x80000000u, 0xfffffffcu, 0xffffffffu};
  if (*length == 0) return;
  const size_t at = draw(r, (uint32_t)*length);
  const uint32_t value = values[draw(r, sizeof values / sizeof values[0])];
  switch (draw(r, 6)) {
  case 0: bytes[at] ^= (uint8_t)(1u << draw(r, 8)); break;
  case 1: bytes[at] = (uint8_t)draw(r, 256); break;
  case 2: bytes[at] = (uint8_t)value; break;
  case 3:
    for (size_t i = 0; i < 4 && (at & ~(size_t)3) + i < *length; i++)
      bytes[(at & ~(size_t)3) + i] = (uint8_t)(value >> 8 * i);
    break;
  case 4: {
    const size_t from = draw(r, (uint32_t)*length);
    const size_t room = *length - (at > from ? at : from);
    memmove(bytes + at, bytes + from, room < 16 ? room : 16);
    break;
  }
  default:
    if (draw(r, 8) == 0) *length = at;
    break;
  }
}

static void run_file(const char *path, void *arg) {
  replay *r = arg;
  size_t size;
  uint8_t *bytes = read_whole_file(path, &size);
  if (bytes == NULL) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(2);
  }
  run_once(r, bytes, size);
  uint8_t *mutant = malloc(size + 1);
  for (unsigned long i = 0; mutant != NULL && size <= LARGEST_TO_MUTATE && i < r->mutations; i++) {
    size_t length = size;
    memcpy(mutant, bytes, size);
    for (uint32_t n = 1 + draw(r, 6); n > 0; n--) mutate_once(r, mutant, &length);
    run_once(r, mutant, length);
  }
  free(mutant);
  free(bytes);
}

int main(int argc, char **argv) {
  replay r = {0, UINT64_C(88172645463325252), 0, NULL, 120};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--mutations") == 0 && i + 1 < argc) {
      r.mutations = strtoul(argv[++i], NULL, 10);
    } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      r.state = strtoull(argv[++i], NULL, 10) | 1;
    } else if (strcmp(argv[i], "--keep") == 0 && i + 1 < argc) {
      r.keep = argv[++i];
    } else if (strcmp(argv[i], "--patience") == 0 && i + 1 < argc) {
      r.patience = (unsigned)strtoul(argv[++i], NULL, 10);
    } else if (for_each_file(argv[i], "", run_file, &r) == 0) {
      run_file(argv[i], &r);
    }
  }
  printf("%lu inputs\n", r.runs);
  return r.runs > 0 ? 0 : 2;
}
