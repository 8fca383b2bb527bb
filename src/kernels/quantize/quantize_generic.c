/* quantize_generic.c: rows of QUANTIZE and DEQUANTIZE compiled for any machine. */
/* SPDX-License-Identifier: Apache-2.0 */
#define LEVEL(name) name##__generic
#include "kernels/quantize/quantize_fast.h"
