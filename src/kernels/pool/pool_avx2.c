/* pool_avx2.c: pooling with vector strips compiled for AVX2. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx2
#include "kernels/pool/pool_fast.h"
