/* clock.h: monotonic time in seconds. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_CLOCK_H
#define LRT_BASE_CLOCK_H

#include <time.h>

/* Seconds since an arbitrary moment; never runs backwards. */
static inline double lrt_clock_seconds(void) {
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
