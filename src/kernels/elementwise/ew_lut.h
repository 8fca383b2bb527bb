/* ew_lut.h: the variants behind lrt_unary_lut8; in and out may be the same memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_EW_LUT_H
#define LRT_KERNELS_EW_LUT_H

#include <stddef.h>
#include <stdint.h>

void lrt_unary_lut8__ref(const uint8_t table[256], const void *in, void *out, size_t count);
#if defined(__x86_64__)
void lrt_unary_lut8__avx2(const uint8_t table[256], const void *in, void *out, size_t count);
#endif

#endif
