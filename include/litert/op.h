/* op.h: the operators this library knows, as a list. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_OP_H
#define LITERT_OP_H

#include <stdint.h>

#include "litert/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lrt_operator_info {
  const char *name;                 /* "CONV_2D", or a custom operator's name */
  int32_t code;                     /* of the .tflite schema; 32 = custom */
  int32_t version_min, version_max; /* 0, 0: in the schema, and no interpreter runs it; custom operators */
  int is_custom;
  int is_supported; /* an implementation is registered */
  /* Operand types that test rows prove, separated by blanks: a type, with q when quantized; weights after *, the output
   * after >, details after a colon: "float32 int8q*int8q:channel int8>int32". "" for custom operators. */
  const char *forms;
} lrt_operator_info;

/* Number of entries: every operator of the schema in the order of its code, then the registered custom ones. */
LRT_API int32_t lrt_operator_count(void);
/* NOT_FOUND for indices out of range. */
LRT_API lrt_status lrt_operator_at(int32_t index, lrt_operator_info *out);

#ifdef __cplusplus
}
#endif
#endif
