/* ew_binary_avx2.c: fast two-operand rows compiled for AVX2. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LRT_BINARY_FAST_F32
#define LEVEL(name) name##__avx2
#include "kernels/elementwise/ew_binary_fast.h"
