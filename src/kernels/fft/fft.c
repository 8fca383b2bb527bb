/* fft.c: the Fourier transform of complex numbers in double, radix 2. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/fft/fft.h"

#include <math.h>

void lrt_fft_turns(double *turns, int64_t n) {
  for (int64_t k = 0; k < n / 2; k++) {
    const double angle = 2.0 * 3.14159265358979323846 * (double)k / (double)n;
    turns[2 * k] = cos(angle);
    turns[2 * k + 1] = -sin(angle);
  }
}

void lrt_fft(double *x, int64_t n, const double *turns) {
  for (int64_t i = 1, j = 0; i < n; i++) { /* bit-reversed order */
    int64_t bit = n >> 1;
    for (; (j & bit) != 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    for (int part = 0; part < 2; part++) {
      const double t = x[2 * i + part];
      x[2 * i + part] = x[2 * j + part];
      x[2 * j + part] = t;
    }
  }
  for (int64_t size = 2; size <= n; size *= 2) {
    const int64_t half = size / 2, stride = n / size;
    for (int64_t first = 0; first < n; first += size) {
      for (int64_t k = 0; k < half; k++) {
        double *a = x + 2 * (first + k), *b = a + 2 * half;
        const double c = turns[2 * k * stride], s = turns[2 * k * stride + 1];
        const double re = b[0] * c - b[1] * s, im = b[0] * s + b[1] * c;
        b[0] = a[0] - re;
        b[1] = a[1] - im;
        a[0] += re;
        a[1] += im;
      }
    }
  }
}
