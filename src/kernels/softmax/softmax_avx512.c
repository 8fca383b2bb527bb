/* softmax_avx512.c: f32 softmax compiled for AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx512
#include "kernels/softmax/softmax_fast.h"
