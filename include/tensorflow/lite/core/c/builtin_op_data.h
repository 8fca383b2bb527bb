/* builtin_op_data.h: TensorFlow's place of tflite/core/c/builtin_op_data.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENSORFLOW_LITE_CORE_C_BUILTIN_OP_DATA_H_
#define TENSORFLOW_LITE_CORE_C_BUILTIN_OP_DATA_H_

#include "tflite/core/c/builtin_op_data.h"

#endif
