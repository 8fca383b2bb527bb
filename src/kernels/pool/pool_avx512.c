/* pool_avx512.c: pooling with vector strips compiled for AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx512
#include "kernels/pool/pool_fast.h"
