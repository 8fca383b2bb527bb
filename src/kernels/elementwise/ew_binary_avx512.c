/* ew_binary_avx512.c: fast two-operand rows compiled for AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LRT_BINARY_FAST_F32
#define LEVEL(name) name##__avx512
#include "kernels/elementwise/ew_binary_fast.h"
