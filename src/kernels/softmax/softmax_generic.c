/* softmax_generic.c: f32 softmax compiled for portable C. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__generic
#include "kernels/softmax/softmax_fast.h"
