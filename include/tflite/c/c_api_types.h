/* c_api_types.h: older place of tflite/core/c/c_api_types.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_C_C_API_TYPES_H_
#define TFLITE_C_C_API_TYPES_H_

#include "tflite/core/c/c_api_types.h"

#endif
