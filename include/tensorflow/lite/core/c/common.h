/* common.h: TensorFlow's place of tflite/core/c/common.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENSORFLOW_LITE_CORE_C_COMMON_H_
#define TENSORFLOW_LITE_CORE_C_COMMON_H_

#include "tflite/core/c/common.h"

#endif
