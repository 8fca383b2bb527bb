/* c_api.h: TensorFlow's place of tflite/core/c/c_api.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENSORFLOW_LITE_CORE_C_C_API_H_
#define TENSORFLOW_LITE_CORE_C_C_API_H_

#include "tflite/core/c/c_api.h"

#endif
