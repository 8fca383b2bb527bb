/* damage.h: feeds a parser every truncation and every flipped bit of a sample, in blocks of exact size. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_DAMAGE_H
#define LRT_TESTS_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Parses and touches everything; true when the parser accepted the bytes. */
typedef bool (*damage_parser)(const uint8_t *bytes, size_t length);

/* Returns how many of the damaged samples were refused. */
static inline size_t damage_everywhere(const uint8_t *sample, size_t length, damage_parser parse) {
  size_t refused = 0;
  for (size_t cut = 0; cut < length; cut++) {
    uint8_t *part = malloc(cut == 0 ? 1 : cut);
    if (cut > 0) memcpy(part, sample, cut);
    refused += !parse(part, cut);
    free(part);
  }
  uint8_t *copy = malloc(length);
  for (size_t bit = 0; bit < length * 8; bit++) {
    memcpy(copy, sample, length);
    copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    refused += !parse(copy, length);
  }
  free(copy);
  return refused;
}

#endif
