/* reduce_avx2.c: reductions compiled for AVX2. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx2
#include "kernels/reduce/reduce_rows.h"
