/* litertlm_sections.c: magic, version, header flatbuffer, section ranges against the file's length. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/litertlm_sections.h"

#include <string.h>

#include "base/fail.h"
#include "formats/flatbuffer.h"

#define PREFIX_SIZE 32u
#define MAJOR_VERSION 1u

/* Members of a value, by number. */
enum {
  VALUE_U8 = 1,
  VALUE_I8,
  VALUE_U16,
  VALUE_I16,
  VALUE_U32,
  VALUE_I32,
  VALUE_F32,
  VALUE_BOOL,
  VALUE_STRING,
  VALUE_U64,
  VALUE_I64,
  VALUE_F64,
  VALUE_COUNT
};

static const lrt_fb_type struct_1 = {"Value", NULL, 0, 1, 1}, struct_2 = {"Value", NULL, 0, 2, 2},
                         struct_4 = {"Value", NULL, 0, 4, 4}, struct_8 = {"Value", NULL, 0, 8, 8};

static const lrt_fb_field string_fields[] = {{.name = "value", .slot = 0, .kind = LRT_FB_STRING}};
static const lrt_fb_type string_type = {"StringValue", string_fields, 1, 0, 0};

static const lrt_fb_type *const value_members[VALUE_COUNT] = {
    NULL,      &struct_1, &struct_1,    &struct_2, &struct_2, &struct_4, &struct_4,
    &struct_4, &struct_1, &string_type, &struct_8, &struct_8, &struct_8};
static const lrt_fb_union value_union = {"VData", value_members, VALUE_COUNT};

enum { PAIR_KEY = 0, PAIR_VALUE = 1, STRING_VALUE = 0, SYSTEM_ENTRIES = 0, SECTIONS_OBJECTS = 0 };
static const lrt_fb_field pair_fields[] = {
    {.name = "key", .slot = PAIR_KEY, .kind = LRT_FB_STRING, .required = true},
    {.name = "value", .slot = PAIR_VALUE, .kind = LRT_FB_UNION, .members = &value_union}};
static const lrt_fb_type pair_type = {"KeyValuePair", pair_fields, 2, 0, 0};

static const lrt_fb_field system_fields[] = {
    {.name = "entries", .slot = SYSTEM_ENTRIES, .kind = LRT_FB_TABLES, .type = &pair_type}};
static const lrt_fb_type system_type = {"SystemMetadata", system_fields, 1, 0, 0};

enum { OBJECT_ITEMS = 0, OBJECT_BEGIN = 1, OBJECT_END = 2, OBJECT_KIND = 3 };
static const lrt_fb_field object_fields[] = {
    {.name = "items", .slot = OBJECT_ITEMS, .kind = LRT_FB_TABLES, .type = &pair_type},
    {.name = "begin_offset", .slot = OBJECT_BEGIN, .kind = LRT_FB_U64},
    {.name = "end_offset", .slot = OBJECT_END, .kind = LRT_FB_U64},
    {.name = "data_type", .slot = OBJECT_KIND, .kind = LRT_FB_U8}};
static const lrt_fb_type object_type = {"SectionObject", object_fields, 4, 0, 0};

static const lrt_fb_field sections_fields[] = {
    {.name = "objects", .slot = SECTIONS_OBJECTS, .kind = LRT_FB_TABLES, .type = &object_type}};
static const lrt_fb_type sections_type = {"SectionMetadata", sections_fields, 1, 0, 0};

enum { META_SYSTEM = 0, META_SECTIONS = 1 };
static const lrt_fb_field meta_fields[] = {
    {.name = "system_metadata", .slot = META_SYSTEM, .kind = LRT_FB_TABLE, .type = &system_type},
    {.name = "section_metadata",
     .slot = META_SECTIONS,
     .kind = LRT_FB_TABLE,
     .type = &sections_type,
     .required = true}};
static const lrt_fb_type meta_type = {"LiteRTLMMetaData", meta_fields, 2, 0, 0};
static const lrt_fb_schema schema = {&meta_type, NULL, {NULL}};

static double struct_number(unsigned member, const uint8_t *at) {
  switch (member) {
  case VALUE_U8: return at[0];
  case VALUE_I8: return (int8_t)at[0];
  case VALUE_U16: return lrt_fb_load_u16(at);
  case VALUE_I16: return (int16_t)lrt_fb_load_u16(at);
  case VALUE_U32: return lrt_fb_load_u32(at);
  case VALUE_I32: return (int32_t)lrt_fb_load_u32(at);
  case VALUE_F32: return (double)lrt_fb_load_f32(at);
  case VALUE_BOOL: return at[0] != 0;
  case VALUE_U64: return (double)lrt_fb_load_u64(at);
  case VALUE_I64: return (double)(int64_t)lrt_fb_load_u64(at);
  case VALUE_F64: return lrt_fb_load_f64(at);
  default: return 0;
  }
}

/* Texts stay where they are: shared ones, copied, could fill the memory. */
static void read_item(lrt_fb_table pair, lrt_section_item *item) {
  const unsigned member = lrt_fb_get_union_type(pair, PAIR_VALUE);
  const uint8_t *at = NULL;
  item->key = lrt_fb_get_string(pair, PAIR_KEY).text;
  if (member == VALUE_STRING)
    item->text = lrt_fb_get_string(lrt_fb_get_union_table(pair, PAIR_VALUE), STRING_VALUE).text;
  else if (member > 0 && member < VALUE_COUNT)
    at = lrt_fb_get_union_struct(pair, PAIR_VALUE);
  item->number = at == NULL ? 0 : struct_number(member, at);
}

static lrt_status read_items(lrt_fb_vector pairs, lrt_arena *arena, const lrt_section_item **out,
                             size_t *count, lrt_error *err) {
  lrt_section_item *items = lrt_arena_array(arena, pairs.count, sizeof *items);
  if (items == NULL)
    return lrt_alloc_fail(err, arena->alloc, (uint64_t)pairs.count * sizeof *items, "the header of a bundle");
  for (uint32_t i = 0; i < pairs.count; i++) read_item(lrt_fb_at_table(pairs, i), &items[i]);
  *out = items;
  *count = pairs.count;
  return LRT_OK;
}

static lrt_status read_section(lrt_source *source, lrt_fb_table object, uint32_t index, uint64_t header_end,
                               lrt_arena *arena, lrt_section *section, lrt_error *err) {
  const uint64_t begin = lrt_fb_get_u64(object, OBJECT_BEGIN, 0), end = lrt_fb_get_u64(object, OBJECT_END, 0);
  if (begin < header_end || end < begin || end > lrt_source_length(source))
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "%s: section %u reaches from byte %llu to %llu of a file of %llu bytes",
                    lrt_source_name(source), index, (unsigned long long)begin, (unsigned long long)end,
                    (unsigned long long)lrt_source_length(source));
  section->kind = (lrt_section_kind)lrt_fb_get_u8(object, OBJECT_KIND, 0);
  section->offset = begin;
  section->length = end - begin;
  section->name = "";
  LRT_TRY(
      read_items(lrt_fb_get_vector(object, OBJECT_ITEMS), arena, &section->items, &section->item_count, err));
  for (size_t i = 0; i < section->item_count; i++)
    if (section->items[i].text != NULL && strcmp(section->items[i].key, "model_type") == 0)
      section->name = section->items[i].text;
  return LRT_OK;
}

/* The header flatbuffer, which ends at *header_end of the file. */
static lrt_status view_header(lrt_source *source, uint64_t *header_end, const uint8_t **out, lrt_error *err) {
  const void *view = NULL;
  const char *name = lrt_source_name(source);
  if (lrt_source_length(source) < PREFIX_SIZE)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s is too short for a .litertlm bundle", name);
  LRT_TRY(lrt_source_view(source, 0, PREFIX_SIZE, &view, err));
  const uint8_t *prefix = view;
  if (memcmp(prefix, "LITERTLM", 8) != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s does not start with LITERTLM", name);
  if (lrt_fb_load_u32(prefix + 8) != MAJOR_VERSION)
    return lrt_fail(err, LRT_UNSUPPORTED, "%s has version %u.%u of the bundle format, not 1.x", name,
                    lrt_fb_load_u32(prefix + 8), lrt_fb_load_u32(prefix + 12));
  *header_end = lrt_fb_load_u64(prefix + 24);
  if (*header_end < PREFIX_SIZE || *header_end > lrt_source_length(source))
    return lrt_fail(err, LRT_INVALID_MODEL, "%s: the header ends at byte %llu of a file of %llu bytes", name,
                    (unsigned long long)*header_end, (unsigned long long)lrt_source_length(source));
  LRT_TRY(lrt_source_view(source, PREFIX_SIZE, *header_end - PREFIX_SIZE, &view, err));
  *out = view;
  return lrt_fb_verify(*out, *header_end - PREFIX_SIZE, &schema, err);
}

lrt_status lrt_litertlm_read_sections(lrt_source *source, lrt_arena *arena, lrt_bundle *out, lrt_error *err) {
  uint64_t header_end = 0;
  const uint8_t *header = NULL;
  LRT_TRY(view_header(source, &header_end, &header, err));
  const lrt_fb_table meta = lrt_fb_root(header);
  const lrt_fb_vector entries = lrt_fb_get_vector(lrt_fb_get_table(meta, META_SYSTEM), SYSTEM_ENTRIES);
  const lrt_fb_vector objects = lrt_fb_get_vector(lrt_fb_get_table(meta, META_SECTIONS), SECTIONS_OBJECTS);
  memset(out, 0, sizeof *out);
  LRT_TRY(read_items(entries, arena, &out->items, &out->item_count, err));
  lrt_section *sections = lrt_arena_array(arena, objects.count, sizeof *sections);
  if (sections == NULL)
    return lrt_alloc_fail(err, arena->alloc, (uint64_t)objects.count * sizeof *sections,
                          "the sections of a bundle");
  for (uint32_t i = 0; i < objects.count; i++)
    LRT_TRY(read_section(source, lrt_fb_at_table(objects, i), i, header_end, arena, &sections[i], err));
  out->sections = sections;
  out->count = objects.count;
  return LRT_OK;
}
