/* pool_generic.c: pooling with vector strips compiled for portable C. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__generic
#include "kernels/pool/pool_fast.h"
