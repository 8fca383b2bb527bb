/* quantize_avx2.c: rows of QUANTIZE and DEQUANTIZE compiled for AVX2. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx2
#include "kernels/quantize/quantize_fast.h"
