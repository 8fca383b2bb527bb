/* tflite_schema.h: slots and types of the .tflite structure tables; operator options are plugged in from above. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_TFLITE_SCHEMA_H
#define LRT_FORMATS_TFLITE_SCHEMA_H

#include "formats/flatbuffer.h"

#define LRT_TFL_IDENTIFIER "TFL3"
#define LRT_TFL_VERSION 3

/* Slots: LRT_TFL_<Table>_<field>. Of a union: the type slot, as the union accessors want it. */
#define BEGIN(table) enum lrt_tfl_##table##_slot {
#define END(table)                                                                                           \
  }                                                                                                          \
  ;
#define SCALAR(table, slot, name, kind, dflt) LRT_TFL_##table##_##name = slot,
#define STRING(table, slot, name) LRT_TFL_##table##_##name = slot,
#define VECTOR(table, slot, name, kind, alignment) LRT_TFL_##table##_##name = slot,
#define TABLE(table, slot, name, of) LRT_TFL_##table##_##name = slot,
#define TABLES(table, slot, name, of) LRT_TFL_##table##_##name = slot,
#define UNION(table, slot, name, of) LRT_TFL_##table##_##name = slot,
#define PLUG(table, slot, name, index) LRT_TFL_##table##_##name = slot,
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

/* Member numbers of the unions that belong to the structure. */
enum { LRT_TFL_DETAILS_CUSTOM = 1, LRT_TFL_DETAILS_BLOCKWISE, LRT_TFL_DETAILS_MULTI_AXIS };
enum { LRT_TFL_INDEX_INT32 = 1, LRT_TFL_INDEX_UINT16, LRT_TFL_INDEX_UINT8 };

/* The schema of a whole file. `options` and `options_2`: members of BuiltinOptions and BuiltinOptions2 by
 * number; they must outlive the schema. NULL: those tables are neither verified nor to be read. */
lrt_fb_schema lrt_tfl_schema(const lrt_fb_union *options, const lrt_fb_union *options_2);

/* Structure tables by name ("Tensor"), for printing and generic reading; NULL for others. */
const lrt_fb_type *lrt_tfl_type(const char *name);

#endif
