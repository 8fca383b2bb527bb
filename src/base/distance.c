/* distance.c: edit distance in one row. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/distance.h"

#include <string.h>

static size_t least_of(size_t a, size_t b) {
  return a < b ? a : b;
}

static char plain(char c) {
  if (c == '_') return '-';
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

size_t lrt_distance(const char *a, const char *b) {
  size_t row[LRT_DISTANCE_LONGEST + 1];
  const size_t length = strlen(b);
  if (length > LRT_DISTANCE_LONGEST) return length;
  for (size_t j = 0; j <= length; j++) row[j] = j;
  for (size_t i = 1; a[i - 1] != '\0'; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= length; j++) {
      const size_t replaced = diagonal + (plain(a[i - 1]) != plain(b[j - 1]));
      diagonal = row[j];
      row[j] = least_of(replaced, least_of(row[j], row[j - 1]) + 1);
    }
  }
  return row[length];
}
