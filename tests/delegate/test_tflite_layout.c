/* test_tflite_layout.c: the drop-in headers lay structs out as the binary contract of TFLite says (64-bit systems). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "tflite/builtin_ops.h"
#include "tflite/core/c/builtin_op_data.h"
#include "tflite/core/c/common.h"
#include "tflite/delegates/external/external_delegate_interface.h"

#if UINTPTR_MAX > 0xffffffffu
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has that size");
#define AT(type, field, offset)                                                                              \
  _Static_assert(offsetof(type, field) == (offset), #type "." #field " is there");

#include "tflite_layout.def"
#endif

/* Values that delegates have compiled in; the last of each list stands for the list. */
static void values_are_fixed(void) {
  CHECK_INT(kTfLiteOutputShapeNotKnown, 9);
  CHECK_INT(kTfLiteFloat8E5M2, 23);
  CHECK_INT(kTfLiteNonCpu, 8);
  CHECK_INT(kTfLiteMultiAxisQuantization, 3);
  CHECK_INT(kTfLiteDelegateFlagsHintFullyDelegatedToSingleDelegate, 8);
  CHECK_INT(kTfLiteMaxExternalContexts, 5);
  CHECK_INT(kTfLiteDimSparseCSR, 1);
  CHECK_INT(kTfLitePaddingValid, 2);
  CHECK_INT(kTfLiteMirrorPaddingSymmetric, 2);
  CHECK_INT(kTfLiteActSigmoid, 6);
  CHECK_INT(kTfLiteFullyConnectedWeightsFormatShuffled4x16Int8, 1);
  CHECK_INT(TfLiteReduceWindowFunctionAny, 6);
  CHECK_INT(kTfLiteRngAlgorithmThreefry, 3);
  CHECK_INT(kTfLiteLSTMBasicKernel, 1);
  CHECK_INT(kTfLiteCustomAllocationFlagsSkipAlignCheck, 1);
  CHECK_INT(kTfLiteBuiltinAdd, 0);
  CHECK_INT(kTfLiteBuiltinCustom, 32);
  CHECK_INT(kTfLiteBuiltinDelegate, 51);
  CHECK_INT(kTfLiteBuiltinMul, 18);
  CHECK_INT(kTfLiteBuiltinPlaceholderForGreaterOpCodes, 127);
  CHECK_INT(kTfLiteBuiltinStablehloCase, 209);
  CHECK_INT(kTfLiteNullBufferHandle, -1);
}

int main(int argc, char **argv) {
  RUN(values_are_fixed);
  DONE();
}
