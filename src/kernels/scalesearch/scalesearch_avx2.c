/* scalesearch_avx2.c: the search of scales compiled for AVX2. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx2
#include "kernels/scalesearch/scalesearch_fast.h"
