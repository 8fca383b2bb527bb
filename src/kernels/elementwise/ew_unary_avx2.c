/* ew_unary_avx2.c: fast one-operand rows compiled for AVX2. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LRT_UNARY_FAST_SIMPLE
#define LEVEL(name) name##__avx2
#include "kernels/elementwise/ew_unary_fast.h"
