/* opset.c: expands ops.def and options.def into lookup tables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opset/opset.h"

#include <string.h>

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

static const lrt_option_table *const all_tables[] = {
#define OPTIONS(name, schema, union_number, member) &table_##name,
#define FIELD(name, field, slot, kind, value)
#define END(name)
#define EMPTY(name, schema, union_number, member) &table_##name,
#include "opset/options.def"
#undef OPTIONS
#undef FIELD
#undef END
#undef EMPTY
};

static const lrt_option_table table_none = {"none", "", 0, 0, 0, 0, NULL};

static const lrt_op_info op_rows[] = {
#define OP(name, code, min, max, options, impl) [code] = {#name, code, min, max, &table_##options},
#include "opset/ops.def"
#undef OP
};

const lrt_op_info *lrt_op_info_of(int32_t code) {
  if (code < 0 || code >= (int32_t)(sizeof op_rows / sizeof op_rows[0])) return NULL;
  return op_rows[code].name != NULL ? &op_rows[code] : NULL;
}

const lrt_option_table *lrt_option_table_of(uint8_t union_number, uint8_t member) {
  for (size_t i = 0; i < sizeof all_tables / sizeof all_tables[0]; i++)
    if (all_tables[i]->union_number == union_number && all_tables[i]->member == member) return all_tables[i];
  return NULL;
}

uint8_t lrt_option_union_size(uint8_t union_number) {
  uint8_t highest = 0;
  for (size_t i = 0; i < sizeof all_tables / sizeof all_tables[0]; i++)
    if (all_tables[i]->union_number == union_number && all_tables[i]->member > highest)
      highest = all_tables[i]->member;
  return highest;
}

void lrt_option_defaults(const lrt_option_table *table, void *options) {
  memset(options, 0, table->bytes);
  for (uint16_t i = 0; i < table->count; i++) {
    const lrt_option_field *field = &table->fields[i];
    char *at = (char *)options + field->offset;
    switch ((lrt_option_kind)field->kind) {
    case LRT_OPTION_BOOL:
    case LRT_OPTION_U8: *(uint8_t *)(void *)at = (uint8_t)field->value; break;
    case LRT_OPTION_I8: *(int8_t *)(void *)at = (int8_t)field->value; break;
    case LRT_OPTION_I32: *(int32_t *)(void *)at = (int32_t)field->value; break;
    case LRT_OPTION_U32: *(uint32_t *)(void *)at = (uint32_t)field->value; break;
    case LRT_OPTION_I64: *(int64_t *)(void *)at = (int64_t)field->value; break;
    case LRT_OPTION_F32: *(float *)(void *)at = (float)field->value; break;
    default: break; /* strings and vectors start empty */
    }
  }
}
