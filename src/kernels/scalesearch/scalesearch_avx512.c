/* scalesearch_avx512.c: the search of scales compiled for AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__avx512
#include "kernels/scalesearch/scalesearch_fast.h"
