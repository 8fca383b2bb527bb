/* registry.c: from a node to the operator that implements it; expands ops.def and custom.def. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/op.h"

static const lrt_op lrt_op_none = {NULL, false, 0, false};

#define OP(name, code, min, max, options, impl) extern const lrt_op lrt_op_##impl;
#define CUSTOM(name, impl) extern const lrt_op lrt_op_##impl;
#define lrt_op_none lrt_op_none_declared
#include "ops/custom.def"
#include "opset/ops.def"
#undef lrt_op_none
#undef OP
#undef CUSTOM

static const lrt_op *const builtin[] = {
#define OP(name, code, min, max, options, impl) [code] = &lrt_op_##impl,
#include "opset/ops.def"
#undef OP
};

static const struct {
  const char *name;
  const lrt_op *op;
} custom[] = {
#define CUSTOM(name, impl) {name, &lrt_op_##impl},
#include "ops/custom.def"
#undef CUSTOM
    {NULL, NULL},
};

const lrt_op *lrt_op_of(const lrt_node *node) {
  if (node->code == LRT_OP_CUSTOM) {
    for (int i = 0; custom[i].name != NULL; i++)
      if (strcmp(custom[i].name, node->custom_name) == 0) return custom[i].op;
    return NULL;
  }
  if (node->code < 0 || node->code >= (int32_t)(sizeof builtin / sizeof builtin[0])) return NULL;
  const lrt_op *op = builtin[node->code];
  return op != NULL && op->prepare != NULL ? op : NULL;
}

const char *lrt_op_custom_name(int index) {
  const int count = (int)(sizeof custom / sizeof custom[0]) - 1;
  return index >= 0 && index < count ? custom[index].name : NULL;
}
