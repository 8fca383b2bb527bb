/* c_api_experimental.h: TensorFlow's place of tflite/core/c/c_api_experimental.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENSORFLOW_LITE_C_C_API_EXPERIMENTAL_H_
#define TENSORFLOW_LITE_C_C_API_EXPERIMENTAL_H_

#include "tflite/core/c/c_api_experimental.h"

#endif
