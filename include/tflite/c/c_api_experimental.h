/* c_api_experimental.h: older place of tflite/core/c/c_api_experimental.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_C_C_API_EXPERIMENTAL_H_
#define TFLITE_C_C_API_EXPERIMENTAL_H_

#include "tflite/core/c/c_api_experimental.h"

#endif
