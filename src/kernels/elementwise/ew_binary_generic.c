/* ew_binary_generic.c: fast two-operand rows compiled for portable C. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__generic
#include "kernels/elementwise/ew_binary_fast.h"
