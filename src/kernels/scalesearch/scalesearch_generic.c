/* scalesearch_generic.c: the search of scales compiled for portable C. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__generic
#include "kernels/scalesearch/scalesearch_fast.h"
