/* builtin_ops.h: TensorFlow's place of tflite/builtin_ops.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENSORFLOW_LITE_BUILTIN_OPS_H_
#define TENSORFLOW_LITE_BUILTIN_OPS_H_

#include "tflite/builtin_ops.h"

#endif
