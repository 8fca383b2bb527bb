/* scalesearch.h: finds the scale of a group of weights whose codes have the least weighted squared error. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_SCALESEARCH_H
#define LRT_KERNELS_SCALESEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cpu.h"

/* What a code stands for: scale * code, codes from -high - 1 (or -high) to high. */
typedef struct lrt_scalesearch_range {
  int32_t low, high; /* low < 0 < high, within int8 */
  bool half;         /* the scale is stored as float16: only those are considered */
} lrt_scalesearch_range;

/* Sums over a group, each in 16 partial sums that are added in pairs: element i goes to partial sum i % 16. All variants
 * add in this order, so they choose the same codes on every machine. */
enum { LRT_SCALESEARCH_LANES = 16 };

/* weights: [count]; importance: [count] >= 0, or NULL for equal ones; codes: [count], or NULL. Writes the codes round(w / scale),
 * clamped, for the positive scale that was found, and returns the sum of importance * (w - scale * code)^2. Candidates
 * are 17 fractions of the scale at which nothing is clamped, each improved to the best one for its codes, then two
 * rounds of codes for that scale. A group of zeros (or with importance only where zeros are) has scale 1 and codes 0: readers refuse scales of 0.
 * Weights and importance must be finite. */
typedef float lrt_scalesearch_fn(const float *weights, const float *importance, int64_t count,
                                 const lrt_scalesearch_range *range, int8_t *codes, float *scale);

typedef struct lrt_scalesearch_kernel {
  const char *name;
  lrt_cpu_level level;
  lrt_scalesearch_fn *run;
} lrt_scalesearch_kernel;

/* Best first, the scalar reference last. */
const lrt_scalesearch_kernel *lrt_scalesearch_table(int *count);
lrt_scalesearch_fn *lrt_scalesearch_pick(bool ref);

#define LRT_SCALESEARCH(suffix, level) lrt_scalesearch_fn lrt_scalesearch__##suffix;
#include "kernels/scalesearch/scalesearch.def"

#endif
