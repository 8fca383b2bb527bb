/* compare.h: how far two tensors are apart, and a table of known exceptions with reasons. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_COMPARE_H
#define LRT_TESTS_COMPARE_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "litert/tensor.h"

/* Element i as a double; complex types count as twice as many floats. */
static inline double compare_at(lrt_type type, const void *data, int64_t i) {
  const char *at = data;
  switch (type) {
  case LRT_FLOAT32:
  case LRT_COMPLEX64: {
    float v;
    memcpy(&v, at + i * 4, 4);
    return (double)v;
  }
  case LRT_FLOAT64:
  case LRT_COMPLEX128: {
    double v;
    memcpy(&v, at + i * 8, 8);
    return v;
  }
  case LRT_FLOAT16: {
    uint16_t v;
    memcpy(&v, at + i * 2, 2);
    return (double)lrt_half_to_float(v);
  }
  case LRT_INT32: {
    int32_t v;
    memcpy(&v, at + i * 4, 4);
    return v;
  }
  case LRT_UINT32: {
    uint32_t v;
    memcpy(&v, at + i * 4, 4);
    return v;
  }
  case LRT_INT64:
  case LRT_UINT64: {
    int64_t v;
    memcpy(&v, at + i * 8, 8);
    return (double)v;
  }
  case LRT_INT16: {
    int16_t v;
    memcpy(&v, at + i * 2, 2);
    return v;
  }
  case LRT_UINT16:
  case LRT_BFLOAT16: {
    uint16_t v;
    memcpy(&v, at + i * 2, 2);
    return v;
  }
  case LRT_INT8: return ((const int8_t *)data)[i];
  default: return ((const uint8_t *)data)[i];
  }
}

static inline bool compare_is_float(lrt_type type) {
  return type == LRT_FLOAT32 || type == LRT_FLOAT64 || type == LRT_FLOAT16 || type == LRT_COMPLEX64 ||
         type == LRT_COMPLEX128;
}

typedef struct compare_result {
  double worst;   /* largest difference; infinite where NaN meets a number or infinities differ */
  double largest; /* largest finite magnitude of the expected values */
} compare_result;

static inline compare_result compare_tensors(lrt_type type, const void *actual, const void *expected,
                                             int64_t count) {
  compare_result r = {0, 0};
  if (type == LRT_COMPLEX64 || type == LRT_COMPLEX128) count *= 2;
  for (int64_t i = 0; i < count; i++) {
    const double a = compare_at(type, actual, i), e = compare_at(type, expected, i);
    if (isfinite(e) && fabs(e) > r.largest) r.largest = fabs(e);
    if (a == e || (isnan(a) && isnan(e))) continue;
    const double d = fabs(a - e);
    if (isnan(d))
      r.worst = INFINITY;
    else if (d > r.worst)
      r.worst = d;
  }
  return r;
}

/* exceptions.tsv: name <tab> mode <tab> reason. Looks a name up; NULL = must pass. */
static inline const char *compare_exception(const char *table, const char *name, const char *mode) {
  static char line[600];
  FILE *file = fopen(table, "r");
  const char *reason = NULL;
  while (file != NULL && reason == NULL && fgets(line, sizeof line, file) != NULL) {
    char *first = strtok(line, "\t"), *second = strtok(NULL, "\t"), *third = strtok(NULL, "\n");
    if (first == NULL || second == NULL || third == NULL || first[0] == '#') continue;
    if (strcmp(first, name) == 0 && (strcmp(second, mode) == 0 || strcmp(second, "both") == 0))
      reason = third;
  }
  if (file != NULL) fclose(file);
  return reason;
}

#endif
