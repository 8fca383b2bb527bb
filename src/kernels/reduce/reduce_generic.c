/* reduce_generic.c: reductions compiled for any machine. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__generic
#include "kernels/reduce/reduce_rows.h"
