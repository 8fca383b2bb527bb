/* opset.c: expands ops.def and options.def into lookup tables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opset/opset.h"

#define OPTIONS(name, schema, union_number, member) static const lrt_option_field fields_##name[] = {
#define FIELD(name, field, slot, kind, value)                                                                \
  {#field, slot, LRT_OPTION_##kind, offsetof(lrt_##name##_options, field), value},
#define END(name)                                                                                            \
  }                                                                                                          \
  ;
#define EMPTY(name, schema, union_number, member)
#include "opset/options.def"
#undef OPTIONS
#undef FIELD
#undef END
#undef EMPTY

#define OPTIONS(name, schema, union_number, member)                                                          \
  static const lrt_option_table table_##name = {#name,                                                       \
                                                #schema,                                                     \
                                                union_number,                                                \
                                                member,                                                      \
                                                sizeof fields_##name / sizeof fields_##name[0],              \
                                                sizeof(lrt_##name##_options),                                \
                                                fields_##name};
#define FIELD(name, field, slot, kind, value)
#define END(name)
#define EMPTY(name, schema, union_number, member)                                                            \
  static const lrt_option_table table_##name = {#name, #schema, union_number, member, 0, 0, NULL};
#include "opset/options.def"
#undef OPTIONS
#undef FIELD
#undef END
#undef EMPTY

static const lrt_option_table table_none = {"none", "", 0, 0, 0, 0, NULL};

static const lrt_op_info op_rows[] = {
#define OP(name, code, min, max, options, impl) [code] = {#name, code, min, max, &table_##options},
#include "opset/ops.def"
#undef OP
};

static const char *const op_forms[LRT_OP_CODE_COUNT] = {
#define FORMS(name, forms) [LRT_OP_##name] = forms,
#include "opset/forms.def"
#undef FORMS
};

const char *lrt_op_forms_of(int32_t code) {
  return code < 0 || code >= LRT_OP_CODE_COUNT || op_forms[code] == NULL ? "" : op_forms[code];
}

const lrt_op_info *lrt_op_info_of(int32_t code) {
  if (code < 0 || code >= (int32_t)(sizeof op_rows / sizeof op_rows[0])) return NULL;
  return op_rows[code].name != NULL ? &op_rows[code] : NULL;
}
