/* flatbuffer.c: the verifier that walks a flatbuffer by its schema, and reads driven by a field's description. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/flatbuffer.h"

#include "base/fail.h"

/* A file without shared parts spends at least 4 bytes per visit; this caps what sharing can add. */
#define MAX_VISITS (UINT64_C(1) << 22)

typedef struct verifier {
  const uint8_t *bytes;
  uint64_t length; /* bytes a reference can reach */
  uint64_t visits_left;
  const lrt_fb_schema *schema;
  lrt_error *err;
} verifier;

/* The place a complaint names: table and field (NULL for the table itself), and where it stands. */
typedef struct place {
  const lrt_fb_type *type;
  const lrt_fb_field *field;
  uint64_t at; /* of the table, or of the value of the field */
} place;

static lrt_status verify_table(verifier *v, const lrt_fb_type *type, uint64_t at, const place *from,
                               int depth);

static lrt_status complain(const verifier *v, const place *p, const char *what, uint64_t value) {
  return lrt_fail(v->err, LRT_INVALID_MODEL, "%s%s%s at byte %llu: %s (%llu, file has %llu bytes)",
                  p->type->name, p->field == NULL ? "" : ".", p->field == NULL ? "" : p->field->name,
                  (unsigned long long)p->at, what, (unsigned long long)value, (unsigned long long)v->length);
}

static bool inside(const verifier *v, uint64_t at, uint64_t size) {
  return at <= v->length && size <= v->length - at;
}

unsigned lrt_fb_kind_size(unsigned kind) {
  static const uint8_t sizes[] = {
#define SIZE(name, bytes) bytes,
      LRT_FB_SCALAR_LIST(SIZE)
#undef SIZE
  };
  return kind < sizeof sizes ? sizes[kind] : 0;
}

/* Resolves the reference at byte `at`, which the caller knows to be inside. */
static lrt_status follow(const verifier *v, const place *p, uint64_t at, uint64_t *out) {
  if (at % 4 != 0) return complain(v, p, "reference is not aligned to 4 bytes", at);
  const uint32_t step = lrt_fb_load_u32(v->bytes + at);
  if (step == 0) return complain(v, p, "reference points to itself", at);
  *out = at + step;
  if (!inside(v, *out, 4)) return complain(v, p, "reference leaves the file", *out);
  if (*out % 4 != 0) return complain(v, p, "reference leads to an unaligned place", *out);
  return LRT_OK;
}

static lrt_status verify_counted(const verifier *v, const place *p, uint64_t at, unsigned size,
                                 uint32_t *count) {
  *count = lrt_fb_load_u32(v->bytes + at);
  if (!inside(v, at + 4, (uint64_t)*count * size))
    return complain(v, p, "element count leaves the file", *count);
  return LRT_OK;
}

static lrt_status verify_string(verifier *v, const place *p, uint64_t at) {
  uint32_t length;
  LRT_TRY(verify_counted(v, p, at, 1, &length));
  const uint64_t end = at + 4 + length;
  if (!inside(v, end, 1) || v->bytes[end] != 0) return complain(v, p, "string does not end with NUL", end);
  return LRT_OK;
}

static lrt_status count_visit(verifier *v, const place *p) {
  if (v->visits_left == 0) return complain(v, p, "parts are shared too many times", v->length);
  v->visits_left--;
  return LRT_OK;
}

/* Vectors of references: to tables of field->type or to strings. */
static lrt_status verify_references(verifier *v, const place *p, uint64_t at, int depth) {
  uint32_t count;
  LRT_TRY(verify_counted(v, p, at, 4, &count));
  for (uint32_t i = 0; i < count; i++) {
    uint64_t target;
    LRT_TRY(follow(v, p, at + 4 + (uint64_t)i * 4, &target));
    if (p->field->kind == LRT_FB_TABLES) {
      LRT_TRY(verify_table(v, p->field->type, target, p, depth + 1));
    } else {
      LRT_TRY(count_visit(v, p));
      LRT_TRY(verify_string(v, p, target));
    }
  }
  return LRT_OK;
}

static lrt_status verify_reference(verifier *v, const place *p, int depth) {
  uint64_t target;
  uint32_t count;
  LRT_TRY(follow(v, p, p->at, &target));
  switch (p->field->kind) {
  case LRT_FB_STRING: return verify_string(v, p, target);
  case LRT_FB_TABLE: return verify_table(v, p->field->type, target, p, depth + 1);
  case LRT_FB_VECTOR: return verify_counted(v, p, target, lrt_fb_kind_size(p->field->element), &count);
  default: return verify_references(v, p, target, depth);
  }
}

static const lrt_fb_type *union_member(const verifier *v, const lrt_fb_field *field, unsigned number) {
  const lrt_fb_union *members = field->plug == 0 ? field->members : v->schema->plugs[field->plug - 1];
  return members == NULL || number >= members->count ? NULL : members->members[number];
}

/* `number` from the type slot; p->at is where the reference stands. */
static lrt_status verify_union(verifier *v, const place *p, unsigned number, int depth) {
  uint64_t target = 0;
  const lrt_fb_type *member = union_member(v, p->field, number);
  if (number == 0 || member == NULL) return LRT_OK;
  if (p->at % 4 != 0) return complain(v, p, "reference is not aligned to 4 bytes", p->at);
  if (member->struct_size == 0) {
    LRT_TRY(follow(v, p, p->at, &target));
    return verify_table(v, member, target, p, depth + 1);
  }
  /* A struct of one byte may stand anywhere, so the general rule for references is too strict. */
  target = p->at + lrt_fb_load_u32(v->bytes + p->at);
  if (target == p->at || !inside(v, target, member->struct_size))
    return complain(v, p, "reference leaves the file", target);
  if (target % member->struct_align != 0) return complain(v, p, "struct is not aligned", target);
  return LRT_OK;
}

/* A table whose own frame (size, vtable) has been checked. */
typedef struct frame {
  uint64_t table, vtable;
  unsigned table_size, vtable_size;
} frame;

/* Place of a slot's value of `size` bytes; 0 = absent. */
static lrt_status find_slot(const verifier *v, const frame *f, const place *p, unsigned slot, unsigned size,
                            unsigned align, uint64_t *at) {
  const unsigned entry = 4 + 2 * slot;
  *at = 0;
  if (entry + 2 > f->vtable_size) return LRT_OK;
  const unsigned offset = lrt_fb_load_u16(v->bytes + f->vtable + entry);
  if (offset == 0) return LRT_OK;
  if (offset < 4 || offset + size > f->table_size) return complain(v, p, "field leaves its table", offset);
  *at = f->table + offset;
  if (*at % align != 0) return complain(v, p, "field is not aligned", *at);
  return LRT_OK;
}

static lrt_status verify_union_field(verifier *v, const frame *f, place *p, int depth) {
  uint64_t type_at, value_at;
  LRT_TRY(find_slot(v, f, p, p->field->slot, 1, 1, &type_at));
  LRT_TRY(find_slot(v, f, p, p->field->slot + 1u, 4, 1, &value_at));
  const unsigned number = type_at == 0 ? 0 : v->bytes[type_at];
  if (p->field->required && (number == 0 || value_at == 0))
    return complain(v, p, "required field is absent", p->at);
  if (value_at == 0) return LRT_OK;
  p->at = value_at;
  return verify_union(v, p, number, depth);
}

static lrt_status verify_field(verifier *v, const frame *f, place *p, int depth) {
  unsigned size = 4, align = 4;
  uint64_t at;
  if (p->field->kind == LRT_FB_UNION) return verify_union_field(v, f, p, depth);
  if (p->field->kind < LRT_FB_STRING) {
    size = align = lrt_fb_kind_size(p->field->kind);
  } else if (p->field->kind == LRT_FB_STRUCT) {
    size = p->field->type->struct_size;
    align = p->field->type->struct_align;
  }
  LRT_TRY(find_slot(v, f, p, p->field->slot, size, align, &at));
  if (at == 0) return p->field->required ? complain(v, p, "required field is absent", p->at) : LRT_OK;
  if (p->field->kind < LRT_FB_STRING || p->field->kind == LRT_FB_STRUCT) return LRT_OK;
  p->at = at;
  return verify_reference(v, p, depth);
}

/* `at` is aligned to 4 with 4 bytes inside. */
static lrt_status read_frame(const verifier *v, const place *p, uint64_t at, frame *f) {
  const int64_t vtable = (int64_t)at - (int32_t)lrt_fb_load_u32(v->bytes + at);
  if (vtable < 0 || !inside(v, (uint64_t)vtable, 4))
    return complain(v, p, "vtable lies outside the file", at);
  if (vtable % 2 != 0) return complain(v, p, "vtable is not aligned to 2 bytes", (uint64_t)vtable);
  f->table = at;
  f->vtable = (uint64_t)vtable;
  f->vtable_size = lrt_fb_load_u16(v->bytes + vtable);
  f->table_size = lrt_fb_load_u16(v->bytes + vtable + 2);
  if (f->vtable_size < 4 || f->vtable_size % 2 != 0 || !inside(v, f->vtable, f->vtable_size))
    return complain(v, p, "vtable size is not valid", f->vtable_size);
  if (f->table_size < 4 || !inside(v, at, f->table_size))
    return complain(v, p, "table size is not valid", f->table_size);
  return LRT_OK;
}

static lrt_status verify_table(verifier *v, const lrt_fb_type *type, uint64_t at, const place *from,
                               int depth) {
  place p = {type, NULL, at};
  frame f;
  LRT_TRY(count_visit(v, &p));
  if (depth > LRT_FB_MAX_DEPTH) return complain(v, from, "tables are nested too deeply", (uint64_t)depth);
  LRT_TRY(read_frame(v, &p, at, &f));
  for (unsigned i = 0; i < type->field_count; i++) {
    p.field = &type->fields[i];
    p.at = at;
    LRT_TRY(verify_field(v, &f, &p, depth));
  }
  return LRT_OK;
}

lrt_status lrt_fb_verify(const uint8_t *bytes, uint64_t length, const lrt_fb_schema *schema, lrt_error *err) {
  verifier v = {bytes, length < UINT32_MAX ? length : UINT32_MAX, 0, schema, err};
  const place root = {schema->root, NULL, 0};
  uint64_t at;
  v.visits_left = v.length / 4 + 64 < MAX_VISITS ? v.length / 4 + 64 : MAX_VISITS;
  if (length < 8)
    return lrt_fail(err, LRT_INVALID_MODEL, "the file has %llu bytes, too few for a flatbuffer",
                    (unsigned long long)length);
  if (schema->identifier != NULL && memcmp(bytes + 4, schema->identifier, 4) != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "bytes 4 to 7 are not the file identifier \"%s\"",
                    schema->identifier);
  LRT_TRY(follow(&v, &root, 0, &at));
  return verify_table(&v, schema->root, at, &root, 1);
}

const lrt_fb_field *lrt_fb_field_named(const lrt_fb_type *type, const char *name) {
  for (unsigned i = 0; i < type->field_count; i++)
    if (strcmp(type->fields[i].name, name) == 0) return &type->fields[i];
  return NULL;
}

static int64_t load_integer(const uint8_t *at, unsigned kind) {
  switch (kind) {
  case LRT_FB_BOOL: return at[0] != 0;
  case LRT_FB_U8: return at[0];
  case LRT_FB_I8: return (int8_t)at[0];
  case LRT_FB_U16: return lrt_fb_load_u16(at);
  case LRT_FB_I16: return (int16_t)lrt_fb_load_u16(at);
  case LRT_FB_U32: return lrt_fb_load_u32(at);
  case LRT_FB_I32: return (int32_t)lrt_fb_load_u32(at);
  case LRT_FB_U64:
  case LRT_FB_I64: return (int64_t)lrt_fb_load_u64(at);
  default: return 0;
  }
}

static int64_t truncate_double(double value) {
  if (!(value > -9.2e18 && value < 9.2e18)) return 0;
  return (int64_t)value;
}

double lrt_fb_field_double(lrt_fb_table table, const lrt_fb_field *field) {
  const uint8_t *at = lrt_fb_find(table, field->slot);
  if (at == NULL) return field->dflt;
  if (field->kind == LRT_FB_F32) return (double)lrt_fb_load_f32(at);
  if (field->kind == LRT_FB_F64) return lrt_fb_load_f64(at);
  return field->kind == LRT_FB_U64 ? (double)lrt_fb_load_u64(at) : (double)load_integer(at, field->kind);
}

int64_t lrt_fb_field_integer(lrt_fb_table table, const lrt_fb_field *field) {
  const uint8_t *at = lrt_fb_find(table, field->slot);
  if (at == NULL || field->kind == LRT_FB_F32 || field->kind == LRT_FB_F64)
    return truncate_double(lrt_fb_field_double(table, field));
  return load_integer(at, field->kind);
}

int64_t lrt_fb_at_integer(lrt_fb_vector vector, unsigned element_kind, uint32_t index) {
  return load_integer(vector.data + (size_t)index * lrt_fb_kind_size(element_kind), element_kind);
}
