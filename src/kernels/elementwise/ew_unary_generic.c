/* ew_unary_generic.c: fast one-operand rows compiled for portable C. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__generic
#include "kernels/elementwise/ew_unary_fast.h"
