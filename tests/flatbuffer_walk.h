/* flatbuffer_walk.h: touches everything a verified flatbuffer gives access to; memory checkers do the rest. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_FLATBUFFER_WALK_H
#define LRT_TESTS_FLATBUFFER_WALK_H

#include "formats/flatbuffer.h"

/* Returns a sum over what it read, so that nothing is optimised away. */
static inline uint64_t walk_table(const lrt_fb_schema *schema, const lrt_fb_type *type, lrt_fb_table table);

static inline uint64_t walk_text(lrt_fb_string s) {
  return s.text == NULL ? 0 : s.length + (uint8_t)s.text[s.length] + (s.length > 0 ? (uint8_t)s.text[0] : 0u);
}

static inline uint64_t walk_vector(const lrt_fb_schema *schema, const lrt_fb_field *field, lrt_fb_vector v) {
  uint64_t sum = v.count;
  if (field->kind == LRT_FB_VECTOR) {
    /* The ends suffice: what lies between is inside as well. */
    if (v.count > 0 && lrt_fb_kind_size(field->element) > 0)
      sum += v.data[0] + v.data[(size_t)v.count * lrt_fb_kind_size(field->element) - 1];
    return sum;
  }
  for (uint32_t i = 0; i < v.count; i++)
    sum += field->kind == LRT_FB_TABLES ? walk_table(schema, field->type, lrt_fb_at_table(v, i))
                                        : walk_text(lrt_fb_at_string(v, i));
  return sum;
}

static inline uint64_t walk_union(const lrt_fb_schema *schema, const lrt_fb_field *field,
                                  lrt_fb_table table) {
  const lrt_fb_union *members = field->plug == 0 ? field->members : schema->plugs[field->plug - 1];
  const unsigned number = lrt_fb_get_union_type(table, field->slot);
  if (number == 0 || members == NULL || number >= members->count || members->members[number] == NULL)
    return number;
  const lrt_fb_type *member = members->members[number];
  if (member->struct_size == 0) return walk_table(schema, member, lrt_fb_get_union_table(table, field->slot));
  const uint8_t *at = lrt_fb_get_union_struct(table, field->slot);
  return at == NULL ? 0 : at[0] + (uint64_t)at[member->struct_size - 1];
}

static inline uint64_t walk_table(const lrt_fb_schema *schema, const lrt_fb_type *type, lrt_fb_table table) {
  uint64_t sum = 1;
  for (unsigned i = 0; table.at != NULL && i < type->field_count; i++) {
    const lrt_fb_field *field = &type->fields[i];
    switch (field->kind) {
    case LRT_FB_STRING: sum += walk_text(lrt_fb_get_string(table, field->slot)); break;
    case LRT_FB_TABLE: sum += walk_table(schema, field->type, lrt_fb_get_table(table, field->slot)); break;
    case LRT_FB_STRUCT:
      sum += lrt_fb_has(table, field->slot) ? lrt_fb_get_struct(table, field->slot)[0] : 0u;
      break;
    case LRT_FB_VECTOR:
    case LRT_FB_TABLES:
    case LRT_FB_STRINGS: sum += walk_vector(schema, field, lrt_fb_get_vector(table, field->slot)); break;
    case LRT_FB_UNION: sum += walk_union(schema, field, table); break;
    default:
      sum += (uint64_t)lrt_fb_field_integer(table, field) + (lrt_fb_field_double(table, field) > 0);
      break;
    }
  }
  return sum;
}

#endif
