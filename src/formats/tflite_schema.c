/* tflite_schema.c: the .tflite structure tables as data for the flatbuffer reader. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tflite_schema.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* First pass: fields; every table refers only to tables above it. Its type follows at once. */
#define BEGIN(table) static const lrt_fb_field table##_fields[] = {
#define END(table)                                                                                           \
  }                                                                                                          \
  ;                                                                                                          \
  static const lrt_fb_type table##_type = {#table, table##_fields, COUNT(table##_fields), 0, 0};
#define SCALAR(table, slot, name, kind, dflt) {#name, slot, LRT_FB_##kind, 0, false, 0, 0, dflt, NULL, NULL},
#define STRING(table, slot, name) {#name, slot, LRT_FB_STRING, 0, false, 0, 0, 0, NULL, NULL},
#define VECTOR(table, slot, name, kind, alignment)                                                           \
  {#name, slot, LRT_FB_VECTOR, LRT_FB_##kind, false, alignment, 0, 0, NULL, NULL},
#define TABLE(table, slot, name, of) {#name, slot, LRT_FB_TABLE, 0, false, 0, 0, 0, &of##_type, NULL},
#define TABLES(table, slot, name, of) {#name, slot, LRT_FB_TABLES, 0, false, 0, 0, 0, &of##_type, NULL},
#define UNION(table, slot, name, of) {#name, slot, LRT_FB_UNION, 0, false, 0, 0, 0, NULL, &of##_union},
#define PLUG(table, slot, name, index) {#name, slot, LRT_FB_UNION, 0, false, 0, 1 + (index), 0, NULL, NULL},

static const lrt_fb_type CustomQuantization_type, BlockwiseQuantization_type, MultiAxisQuantization_type;
static const lrt_fb_type *const QuantizationDetails_members[] = {
    NULL, &CustomQuantization_type, &BlockwiseQuantization_type, &MultiAxisQuantization_type};
static const lrt_fb_union QuantizationDetails_union = {"QuantizationDetails", QuantizationDetails_members,
                                                       COUNT(QuantizationDetails_members)};

static const lrt_fb_type Int32Vector_type, Uint16Vector_type, Uint8Vector_type;
static const lrt_fb_type *const SparseIndexVector_members[] = {NULL, &Int32Vector_type, &Uint16Vector_type,
                                                               &Uint8Vector_type};
static const lrt_fb_union SparseIndexVector_union = {"SparseIndexVector", SparseIndexVector_members,
                                                     COUNT(SparseIndexVector_members)};

#include "formats/tflite_schema.def"
#undef BEGIN
#undef END
#undef SCALAR
#undef STRING
#undef VECTOR
#undef TABLE
#undef TABLES
#undef UNION
#undef PLUG

/* Second pass: the list of types. */
static const lrt_fb_type *const types[] = {
#define BEGIN(table) &table##_type,
#define END(table)
#define SCALAR(table, slot, name, kind, dflt)
#define STRING(table, slot, name)
#define VECTOR(table, slot, name, kind, alignment)
#define TABLE(table, slot, name, of)
#define TABLES(table, slot, name, of)
#define UNION(table, slot, name, of)
#define PLUG(table, slot, name, index)
#include "formats/tflite_schema.def"
#undef BEGIN
#undef END
#undef SCALAR
#undef STRING
#undef VECTOR
#undef TABLE
#undef TABLES
#undef UNION
#undef PLUG
};

lrt_fb_schema lrt_tfl_schema(const lrt_fb_union *options, const lrt_fb_union *options_2) {
  const lrt_fb_schema schema = {&Model_type, LRT_TFL_IDENTIFIER, {options, options_2}};
  return schema;
}

const lrt_fb_type *lrt_tfl_type(const char *name) {
  for (size_t i = 0; i < COUNT(types); i++)
    if (strcmp(types[i]->name, name) == 0) return types[i];
  return NULL;
}
