/* resize_avx2.c: bilinear rows compiled for AVX2. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx2
#include "kernels/move/resize_fast.h"
