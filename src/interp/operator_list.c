/* operator_list.c: the public list of operators, out of the operator set's table and the registry. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "litert/op.h"
#include "ops/op.h"
#include "opset/opset.h"

/* CUSTOM stands for the custom operators, which are listed by name instead. */
static int32_t builtin_count(void) {
  int32_t count = 0;
  for (int32_t code = 0; code < LRT_OP_CODE_COUNT; code++)
    count += code != LRT_OP_CUSTOM && lrt_op_info_of(code) != NULL;
  return count;
}

static int32_t custom_count(void) {
  int32_t count = 0;
  while (lrt_op_custom_name(count) != NULL) count++;
  return count;
}

int32_t lrt_operator_count(void) {
  return builtin_count() + custom_count();
}

static void describe_builtin(const lrt_op_info *info, lrt_operator_info *out) {
  const lrt_node node = {.code = info->code};
  out->name = info->name;
  out->code = info->code;
  out->version_min = info->version_min;
  out->version_max = info->version_max;
  out->is_supported = lrt_op_of(&node) != NULL;
  out->forms = lrt_op_forms_of(info->code);
}

lrt_status lrt_operator_at(int32_t index, lrt_operator_info *out) {
  memset(out, 0, sizeof *out);
  if (index < 0) return LRT_NOT_FOUND;
  for (int32_t code = 0; code < LRT_OP_CODE_COUNT; code++) {
    const lrt_op_info *info = lrt_op_info_of(code);
    if (code == LRT_OP_CUSTOM || info == NULL || index-- > 0) continue;
    describe_builtin(info, out);
    return LRT_OK;
  }
  if (index >= custom_count()) return LRT_NOT_FOUND;
  out->name = lrt_op_custom_name(index);
  out->code = LRT_OP_CUSTOM;
  out->is_custom = out->is_supported = 1;
  out->forms = "";
  return LRT_OK;
}
