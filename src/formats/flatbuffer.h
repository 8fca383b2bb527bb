/* flatbuffer.h: table-driven FlatBuffers: a schema as data, one verifier, accessors that need no further checks. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_FLATBUFFER_H
#define LRT_FORMATS_FLATBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "litert/status.h"

/* X(NAME, bytes): scalar kinds. They also name the elements of LRT_FB_VECTOR. */
#define LRT_FB_SCALAR_LIST(X)                                                                                \
  X(BOOL, 1) X(U8, 1) X(I8, 1) X(U16, 2) X(I16, 2) X(U32, 4) X(I32, 4) X(U64, 8) X(I64, 8) X(F32, 4) X(F64, 8)

typedef enum lrt_fb_kind {
#define LRT_FB_ENUM(name, bytes) LRT_FB_##name,
  LRT_FB_SCALAR_LIST(LRT_FB_ENUM)
#undef LRT_FB_ENUM
      LRT_FB_STRING,
  LRT_FB_TABLE,   /* reference to a table of `type` */
  LRT_FB_STRUCT,  /* inline, `type->struct_size` bytes */
  LRT_FB_VECTOR,  /* of scalars of kind `element` */
  LRT_FB_TABLES,  /* vector of references to tables of `type` */
  LRT_FB_STRINGS, /* vector of references to strings */
  LRT_FB_UNION    /* member number (u8) in `slot`, reference in `slot` + 1 */
} lrt_fb_kind;

typedef struct lrt_fb_type lrt_fb_type;
typedef struct lrt_fb_union lrt_fb_union;

typedef struct lrt_fb_field {
  const char *name;
  uint16_t slot;
  uint8_t kind;            /* lrt_fb_kind */
  uint8_t element;         /* VECTOR: lrt_fb_kind of the elements */
  bool required;           /* absent = invalid */
  uint8_t align;           /* VECTOR: alignment of the data when written, 0 = that of the element */
  uint8_t plug;            /* UNION: 0, or 1 + index into lrt_fb_schema.plugs, used instead of `members` */
  double dflt;             /* scalars: value when absent */
  const lrt_fb_type *type; /* TABLE, TABLES, STRUCT */
  const lrt_fb_union *members; /* UNION; NULL without plug = all members ignored */
} lrt_fb_field;

/* A table, or with `struct_size` > 0 a struct (inline, or behind the reference of a union). */
struct lrt_fb_type {
  const char *name;
  const lrt_fb_field *fields;
  uint16_t field_count;
  uint16_t struct_size;
  uint16_t struct_align;
};

/* Member n is members[n]; NULL entries and numbers >= count are not looked into by the verifier, so a reader
 * must not follow them either. members[0] stands for "none". */
struct lrt_fb_union {
  const char *name;
  const lrt_fb_type *const *members;
  uint16_t count;
};

#define LRT_FB_PLUGS 4
#define LRT_FB_MAX_DEPTH 64

/* What a file must look like. `plugs`: unions whose members belong to a higher room. */
typedef struct lrt_fb_schema {
  const lrt_fb_type *root;
  const char *identifier; /* 4 bytes expected at byte 4; NULL = none */
  const lrt_fb_union *plugs[LRT_FB_PLUGS];
} lrt_fb_schema;

/* Walks everything reachable from the root and checks references, vtables, alignment of inline values, bounds,
 * string ends, counts, required fields, depth, and the number of visits (shared parts could multiply without
 * end). `length` may exceed 4 GiB when data follows the flatbuffer; only the first 4 GiB can be referred to.
 * After LRT_OK the accessors below are safe for fields of the schema. Errors: INVALID_MODEL, with table, field
 * and byte offset. */
lrt_status lrt_fb_verify(const uint8_t *bytes, uint64_t length, const lrt_fb_schema *schema, lrt_error *err);

/* Size in bytes of a scalar kind; 0 for the others. */
unsigned lrt_fb_kind_size(unsigned kind);
/* The field with that name; NULL when the type has none. */
const lrt_fb_field *lrt_fb_field_named(const lrt_fb_type *type, const char *name);

/* --- Accessors: only for verified bytes, and only for fields with the kind the schema gives them. --- */

/* A table; `at` NULL = absent: all its fields then read as absent. */
typedef struct lrt_fb_table {
  const uint8_t *at;
} lrt_fb_table;

/* Elements stand unaligned: use the getters, or memcpy. */
typedef struct lrt_fb_vector {
  const uint8_t *data; /* [count] elements; NULL = absent */
  uint32_t count;
} lrt_fb_vector;

/* NUL-terminated; may hold further NULs. */
typedef struct lrt_fb_string {
  const char *text; /* NULL = absent */
  uint32_t length;
} lrt_fb_string;

static inline uint16_t lrt_fb_load_u16(const uint8_t *at) {
  return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t lrt_fb_load_u32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t lrt_fb_load_u64(const uint8_t *at) {
  return (uint64_t)lrt_fb_load_u32(at) | (uint64_t)lrt_fb_load_u32(at + 4) << 32;
}

static inline float lrt_fb_load_f32(const uint8_t *at) {
  const uint32_t bits = lrt_fb_load_u32(at);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline double lrt_fb_load_f64(const uint8_t *at) {
  const uint64_t bits = lrt_fb_load_u64(at);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline lrt_fb_table lrt_fb_root(const uint8_t *bytes) {
  const lrt_fb_table root = {bytes + lrt_fb_load_u32(bytes)};
  return root;
}

/* Where the value of a slot stands; NULL when absent. */
static inline const uint8_t *lrt_fb_find(lrt_fb_table table, unsigned slot) {
  if (table.at == NULL) return NULL;
  const uint8_t *vtable = table.at - (int32_t)lrt_fb_load_u32(table.at);
  const unsigned entry = 4 + 2 * slot;
  if (entry + 2 > lrt_fb_load_u16(vtable)) return NULL;
  const unsigned offset = lrt_fb_load_u16(vtable + entry);
  return offset == 0 ? NULL : table.at + offset;
}

static inline bool lrt_fb_has(lrt_fb_table table, unsigned slot) {
  return lrt_fb_find(table, slot) != NULL;
}

/* lrt_fb_get_<kind>(table, slot, value when absent): the kind must be the field's own. */
#define LRT_FB_GETTER(name, ctype, load)                                                                     \
  static inline ctype lrt_fb_get_##name(lrt_fb_table table, unsigned slot, ctype absent) {                   \
    const uint8_t *at = lrt_fb_find(table, slot);                                                            \
    return at == NULL ? absent : (ctype)(load);                                                              \
  }
LRT_FB_GETTER(bool, bool, at[0] != 0)
LRT_FB_GETTER(u8, uint8_t, at[0])
LRT_FB_GETTER(i8, int8_t, at[0])
LRT_FB_GETTER(u16, uint16_t, lrt_fb_load_u16(at))
LRT_FB_GETTER(i16, int16_t, lrt_fb_load_u16(at))
LRT_FB_GETTER(u32, uint32_t, lrt_fb_load_u32(at))
LRT_FB_GETTER(i32, int32_t, lrt_fb_load_u32(at))
LRT_FB_GETTER(u64, uint64_t, lrt_fb_load_u64(at))
LRT_FB_GETTER(i64, int64_t, lrt_fb_load_u64(at))
LRT_FB_GETTER(f32, float, lrt_fb_load_f32(at))
LRT_FB_GETTER(f64, double, lrt_fb_load_f64(at))
#undef LRT_FB_GETTER

/* A scalar field read by its description, default included; integers above 2^53 lose low bits in the double. */
double lrt_fb_field_double(lrt_fb_table table, const lrt_fb_field *field);
/* The same for integer and bool kinds, exact (u64 wraps to its two's complement); floats are truncated. */
int64_t lrt_fb_field_integer(lrt_fb_table table, const lrt_fb_field *field);

static inline const uint8_t *lrt_fb_follow(const uint8_t *at) {
  return at == NULL ? NULL : at + lrt_fb_load_u32(at);
}

static inline lrt_fb_table lrt_fb_get_table(lrt_fb_table table, unsigned slot) {
  const lrt_fb_table value = {lrt_fb_follow(lrt_fb_find(table, slot))};
  return value;
}

static inline lrt_fb_string lrt_fb_get_string(lrt_fb_table table, unsigned slot) {
  const uint8_t *at = lrt_fb_follow(lrt_fb_find(table, slot));
  lrt_fb_string value = {NULL, 0};
  if (at != NULL) {
    value.text = (const char *)at + 4;
    value.length = lrt_fb_load_u32(at);
  }
  return value;
}

/* Any vector field: of scalars, tables or strings. */
static inline lrt_fb_vector lrt_fb_get_vector(lrt_fb_table table, unsigned slot) {
  const uint8_t *at = lrt_fb_follow(lrt_fb_find(table, slot));
  lrt_fb_vector value = {NULL, 0};
  if (at != NULL) {
    value.data = at + 4;
    value.count = lrt_fb_load_u32(at);
  }
  return value;
}

/* A struct field's bytes; NULL when absent. */
static inline const uint8_t *lrt_fb_get_struct(lrt_fb_table table, unsigned slot) {
  return lrt_fb_find(table, slot);
}

/* Member number of a union; `slot` is the type slot, here and below. */
static inline unsigned lrt_fb_get_union_type(lrt_fb_table table, unsigned slot) {
  return lrt_fb_get_u8(table, slot, 0);
}

/* The member as a table; only for members the schema describes as tables. */
static inline lrt_fb_table lrt_fb_get_union_table(lrt_fb_table table, unsigned slot) {
  return lrt_fb_get_table(table, slot + 1);
}

/* The member as a struct's bytes; only for members the schema describes as structs. NULL = absent. */
static inline const uint8_t *lrt_fb_get_union_struct(lrt_fb_table table, unsigned slot) {
  return lrt_fb_follow(lrt_fb_find(table, slot + 1));
}

/* lrt_fb_at_<kind>(vector, index): index < count is the caller's duty. */
static inline int32_t lrt_fb_at_i32(lrt_fb_vector vector, uint32_t index) {
  return (int32_t)lrt_fb_load_u32(vector.data + (size_t)index * 4);
}

static inline int64_t lrt_fb_at_i64(lrt_fb_vector vector, uint32_t index) {
  return (int64_t)lrt_fb_load_u64(vector.data + (size_t)index * 8);
}

static inline float lrt_fb_at_f32(lrt_fb_vector vector, uint32_t index) {
  return lrt_fb_load_f32(vector.data + (size_t)index * 4);
}

static inline lrt_fb_table lrt_fb_at_table(lrt_fb_vector vector, uint32_t index) {
  const lrt_fb_table value = {lrt_fb_follow(vector.data + (size_t)index * 4)};
  return value;
}

static inline lrt_fb_string lrt_fb_at_string(lrt_fb_vector vector, uint32_t index) {
  const uint8_t *at = lrt_fb_follow(vector.data + (size_t)index * 4);
  const lrt_fb_string value = {(const char *)at + 4, lrt_fb_load_u32(at)};
  return value;
}

/* An element of a vector of integers of any width, as the field describes it. */
int64_t lrt_fb_at_integer(lrt_fb_vector vector, unsigned element_kind, uint32_t index);

#endif
