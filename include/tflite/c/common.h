/* common.h: older place of tflite/core/c/common.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TFLITE_C_COMMON_H_
#define TFLITE_C_COMMON_H_

#include "tflite/core/c/common.h"

#endif
