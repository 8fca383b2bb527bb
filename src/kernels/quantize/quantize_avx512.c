/* quantize_avx512.c: rows of QUANTIZE and DEQUANTIZE compiled for AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx512
#include "kernels/quantize/quantize_fast.h"
