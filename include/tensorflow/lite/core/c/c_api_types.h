/* c_api_types.h: TensorFlow's place of tflite/core/c/c_api_types.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENSORFLOW_LITE_CORE_C_C_API_TYPES_H_
#define TENSORFLOW_LITE_CORE_C_C_API_TYPES_H_

#include "tflite/core/c/c_api_types.h"

#endif
