/* external_delegate.h: TensorFlow's place of tflite/delegates/external/external_delegate.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENSORFLOW_LITE_DELEGATES_EXTERNAL_EXTERNAL_DELEGATE_H_
#define TENSORFLOW_LITE_DELEGATES_EXTERNAL_EXTERNAL_DELEGATE_H_

#include "tflite/delegates/external/external_delegate.h"

#endif
