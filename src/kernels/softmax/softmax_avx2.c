/* softmax_avx2.c: f32 softmax compiled for AVX2. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx2
#include "kernels/softmax/softmax_fast.h"
