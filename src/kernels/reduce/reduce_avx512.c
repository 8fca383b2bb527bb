/* reduce_avx512.c: reductions compiled for AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx512
#include "kernels/reduce/reduce_rows.h"
