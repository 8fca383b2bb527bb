/* builtin_op_data.h: older place of tflite/core/c/builtin_op_data.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_C_BUILTIN_OP_DATA_H_
#define TFLITE_C_BUILTIN_OP_DATA_H_

#include "tflite/core/c/builtin_op_data.h"

#endif
