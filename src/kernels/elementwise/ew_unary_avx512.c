/* ew_unary_avx512.c: fast one-operand rows compiled for AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LRT_UNARY_FAST_SIMPLE
#define LEVEL(name) name##__avx512
#include "kernels/elementwise/ew_unary_fast.h"
