/* tflite_options.c: expands options.def into flatbuffer types and reads any options table by its fields. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/tflite_options.h"

#include <string.h>

#define FB_BOOL LRT_FB_BOOL, 0
#define FB_I8 LRT_FB_I8, 0
#define FB_U8 LRT_FB_U8, 0
#define FB_I32 LRT_FB_I32, 0
#define FB_U32 LRT_FB_U32, 0
#define FB_I64 LRT_FB_I64, 0
#define FB_F32 LRT_FB_F32, 0
#define FB_STR LRT_FB_STRING, 0
#define FB_VEC_U8 LRT_FB_VECTOR, LRT_FB_U8
#define FB_VEC_BOOL LRT_FB_VECTOR, LRT_FB_BOOL
#define FB_VEC_I32 LRT_FB_VECTOR, LRT_FB_I32
#define FB_VEC_U32 LRT_FB_VECTOR, LRT_FB_U32
#define FB_VEC_I64 LRT_FB_VECTOR, LRT_FB_I64
#define FB_VEC_F32 LRT_FB_VECTOR, LRT_FB_F32

#define OPTIONS(name, schema, union_number, member) static const lrt_fb_field fields_##name[] = {
#define FIELD(name, field, slot, kind, value) {#field, slot, FB_##kind, false, 0, 0, value, NULL, NULL},
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
  static const lrt_fb_type type_##name = {#schema, fields_##name,                                            \
                                          sizeof fields_##name / sizeof fields_##name[0], 0, 0};
#define FIELD(name, field, slot, kind, value)
#define END(name)
#define EMPTY(name, schema, union_number, member)                                                            \
  static const lrt_fb_type type_##name = {#schema, NULL, 0, 0, 0};
#include "opset/options.def"
#undef OPTIONS
#undef FIELD
#undef END
#undef EMPTY

/* Both unions side by side: [union - 1][member]. */
#define MEMBERS 256
static const lrt_fb_type *const members[2][MEMBERS] = {
#define OPTIONS(name, schema, union_number, member) [union_number - 1][member] = &type_##name,
#define FIELD(name, field, slot, kind, value)
#define END(name)
#define EMPTY(name, schema, union_number, member) [union_number - 1][member] = &type_##name,
#include "opset/options.def"
#undef OPTIONS
#undef FIELD
#undef END
#undef EMPTY
};

static const lrt_fb_union unions[2] = {{"BuiltinOptions", members[0], MEMBERS},
                                       {"BuiltinOptions2", members[1], MEMBERS}};

const lrt_fb_union *lrt_tflite_option_union(uint8_t union_number) {
  return &unions[union_number - 1];
}

static unsigned element_bytes(uint8_t kind) {
  switch ((lrt_option_kind)kind) {
  case LRT_OPTION_VEC_I64: return 8;
  case LRT_OPTION_VEC_I32:
  case LRT_OPTION_VEC_U32:
  case LRT_OPTION_VEC_F32: return 4;
  default: return 1;
  }
}

static bool read_vector(lrt_fb_table from, const lrt_option_field *field, void *at, lrt_arena *arena) {
  const lrt_fb_vector vector = lrt_fb_get_vector(from, field->slot);
  const unsigned bytes = element_bytes(field->kind);
  lrt_option_bytes out = {NULL, vector.count};
  if (vector.count > 0) {
    uint8_t *copy = lrt_arena_array(arena, vector.count, bytes);
    if (copy == NULL) return false;
    memcpy(copy, vector.data,
           (size_t)vector.count * bytes); /* the format and the machine are little-endian */
    out.data = copy;
  }
  memcpy(at, &out, sizeof out);
  return true;
}

static bool read_field(lrt_fb_table from, const lrt_option_field *field, void *at, lrt_arena *arena) {
  switch ((lrt_option_kind)field->kind) {
  case LRT_OPTION_BOOL: *(uint8_t *)at = lrt_fb_get_bool(from, field->slot, field->value != 0); break;
  case LRT_OPTION_I8: *(int8_t *)at = lrt_fb_get_i8(from, field->slot, (int8_t)field->value); break;
  case LRT_OPTION_U8: *(uint8_t *)at = lrt_fb_get_u8(from, field->slot, (uint8_t)field->value); break;
  case LRT_OPTION_I32: *(int32_t *)at = lrt_fb_get_i32(from, field->slot, (int32_t)field->value); break;
  case LRT_OPTION_U32: *(uint32_t *)at = lrt_fb_get_u32(from, field->slot, (uint32_t)field->value); break;
  case LRT_OPTION_I64: *(int64_t *)at = lrt_fb_get_i64(from, field->slot, (int64_t)field->value); break;
  case LRT_OPTION_F32: *(float *)at = lrt_fb_get_f32(from, field->slot, (float)field->value); break;
  case LRT_OPTION_STR: {
    const lrt_fb_string text = lrt_fb_get_string(from, field->slot);
    char *copy = lrt_arena_text(arena, text.text != NULL ? text.text : "", text.length);
    if (copy == NULL) return false;
    *(const char **)at = copy;
    break;
  }
  default: return read_vector(from, field, at, arena);
  }
  return true;
}

void *lrt_tflite_read_options(const lrt_option_table *table, lrt_fb_table from, lrt_arena *arena) {
  char *options = lrt_arena_get(arena, table->bytes > 0 ? table->bytes : 1);
  if (options == NULL) return NULL;
  for (uint16_t i = 0; i < table->count; i++)
    if (!read_field(from, &table->fields[i], options + table->fields[i].offset, arena)) return NULL;
  return options;
}
