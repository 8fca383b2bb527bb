/* fft.h: the Fourier transform in double, for spectra of any operator. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_FFT_H
#define LRT_KERNELS_FFT_H

#include <stdint.h>

/* turns: [n / 2][2] cosine and negative sine of 2 pi k / n. */
void lrt_fft_turns(double *turns, int64_t n);
/* In-place transform of n = 2^k complex numbers x: [n][2]: X[j] = sum of x[k] exp(-2 pi i j k / n). */
void lrt_fft(double *x, int64_t n, const double *turns);

#endif
