/* gguf.c: walks the header once to find its end, then again to build the records. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/gguf.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

/* Bytes looked at first; doubled until the header fits, so that the data is never touched. */
#define FIRST_LOOK ((uint64_t)1 << 20)
/* Smallest key (empty name, one byte) and tensor record in a file: counts beyond these cannot be true. */
#define LEAST_KEY 13
#define LEAST_TENSOR 32
#define DEFAULT_ALIGNMENT 32

/* Little-endian numbers from the start of the file. After the first failure everything reads as 0. */
typedef struct cursor {
  const uint8_t *bytes;
  uint64_t at, length; /* length: bytes in sight */
  bool beyond;         /* something leaves what is in sight */
} cursor;

static const uint8_t *take(cursor *c, uint64_t bytes) {
  if (c->beyond || bytes > c->length - c->at) {
    c->beyond = true;
    return NULL;
  }
  c->at += bytes;
  return c->bytes + (c->at - bytes);
}

static uint64_t little(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int i = bytes - 1; i >= 0; i--) value = value << 8 | at[i];
  return value;
}

static uint32_t take_u32(cursor *c) {
  const uint8_t *at = take(c, 4);
  return at == NULL ? 0 : (uint32_t)little(at, 4);
}

static uint64_t take_u64(cursor *c) {
  const uint8_t *at = take(c, 8);
  return at == NULL ? 0 : little(at, 8);
}

static lrt_gguf_text take_text(cursor *c) {
  const uint64_t length = take_u64(c);
  const uint8_t *at = take(c, length);
  return (lrt_gguf_text){(const char *)at, at == NULL ? 0 : (size_t)length};
}

/* Bytes of a number; 0 for texts, arrays and unknown kinds. */
static uint64_t kind_bytes(uint32_t kind) {
  static const uint8_t bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return kind < sizeof bytes ? bytes[kind] : 0;
}

/* What a file of `length` bytes says in its first 24. */
typedef struct preamble {
  uint32_t version;
  uint64_t tensors, keys;
} preamble;

static lrt_status read_preamble(cursor *c, uint64_t length, preamble *out, lrt_error *err) {
  const uint8_t *magic = take(c, 4);
  if (magic == NULL || memcmp(magic, "GGUF", 4) != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "this is no GGUF file: it does not begin with GGUF");
  out->version = take_u32(c);
  out->tensors = take_u64(c);
  out->keys = take_u64(c);
  if (c->beyond) return lrt_fail(err, LRT_INVALID_MODEL, "the GGUF file ends in its first 24 bytes");
  if (out->version != 2 && out->version != 3)
    return lrt_fail(err, LRT_UNSUPPORTED, "the GGUF file has version %u%s; versions 2 and 3 are read",
                    (unsigned)out->version,
                    out->version << 16 >> 16 == 0 && out->version != 0 ? " or is big-endian" : "");
  if (out->keys > length / LEAST_KEY || out->tensors > length / LEAST_TENSOR)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "the GGUF file says it has %llu keys and %llu tensors, more than its bytes can hold",
                    (unsigned long long)out->keys, (unsigned long long)out->tensors);
  return LRT_OK;
}

/* ---- first walk: where the header ends ---- */

/* Passes one value; what is wrong with it is found by the second walk, so unknown kinds just end this one. */
static bool skip_value(cursor *c, uint32_t kind) {
  if (kind == LRT_GGUF_TEXT) return take_text(c).bytes != NULL;
  if (kind != LRT_GGUF_ARRAY) return kind_bytes(kind) != 0 && take(c, kind_bytes(kind)) != NULL;
  const uint32_t element = take_u32(c);
  const uint64_t count = take_u64(c), bytes = kind_bytes(element);
  if (bytes != 0) {
    if (count <= UINT64_MAX / bytes) return take(c, count * bytes) != NULL;
    c->beyond = true;
  }
  for (uint64_t i = 0; element == LRT_GGUF_TEXT && i < count && !c->beyond; i++) take_text(c);
  return element == LRT_GGUF_TEXT && !c->beyond;
}

static void skip_header(cursor *c, const preamble *p) {
  for (uint64_t i = 0; i < p->keys; i++) {
    take_text(c);
    if (!skip_value(c, take_u32(c))) return;
  }
  for (uint64_t i = 0; i < p->tensors && !c->beyond; i++) {
    take_text(c);
    const uint64_t rank = take_u32(c);
    take(c, rank * 8 + 12);
  }
}

/* A cursor over at least the whole header (or the whole file), standing behind the first 24 bytes. */
static lrt_status look_at_header(lrt_source *source, cursor *c, preamble *p, lrt_error *err) {
  const uint64_t length = lrt_source_length(source);
  for (uint64_t sight = FIRST_LOOK;; sight *= 2) {
    const void *bytes = NULL;
    if (sight > length) sight = length;
    LRT_TRY(lrt_source_view(source, 0, sight, &bytes, err));
    *c = (cursor){bytes, 0, sight, false};
    LRT_TRY(read_preamble(c, length, p, err));
    cursor walk = *c;
    skip_header(&walk, p);
    if (!walk.beyond || sight == length) return LRT_OK;
  }
}

/* ---- second walk: records ---- */

static lrt_status no_memory(lrt_arena *arena, lrt_error *err) {
  return lrt_alloc_fail(err, arena->alloc, 0, "the header of a GGUF file");
}

static lrt_status truncated(const char *what, uint64_t number, lrt_error *err) {
  return lrt_fail(err, LRT_INVALID_MODEL, "the GGUF file ends in %s %llu", what, (unsigned long long)number);
}

/* A NUL-terminated copy of a name. */
static lrt_status copy_name(const char *what, uint64_t number, lrt_gguf_text from, lrt_arena *arena,
                            const char **out, lrt_error *err) {
  if (from.bytes == NULL) return truncated(what, number, err);
  if (from.length == 0 || memchr(from.bytes, 0, from.length) != NULL)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: the name of %s %llu is %s", what,
                    (unsigned long long)number, from.length == 0 ? "empty" : "not a text");
  *out = lrt_arena_text(arena, from.bytes, from.length);
  return *out == NULL ? no_memory(arena, err) : LRT_OK;
}

static lrt_status build_texts(cursor *c, lrt_gguf_key *key, lrt_arena *arena, lrt_error *err) {
  /* Each takes 8 bytes at least, so a count that is not true is found before memory is asked for. */
  if (key->count > (c->length - c->at) / 8) c->beyond = true;
  lrt_gguf_text *texts = c->beyond ? NULL : lrt_arena_array(arena, key->count, sizeof *texts);
  if (texts == NULL && !c->beyond) return no_memory(arena, err);
  for (size_t i = 0; i < key->count && !c->beyond; i++) texts[i] = take_text(c);
  key->texts = texts;
  return c->beyond ? lrt_fail(err, LRT_INVALID_MODEL, "the GGUF file ends in key %s", key->name) : LRT_OK;
}

static lrt_status build_value(cursor *c, lrt_gguf_key *key, lrt_arena *arena, lrt_error *err) {
  uint32_t kind = take_u32(c);
  uint64_t count = 1;
  key->is_array = kind == LRT_GGUF_ARRAY;
  if (key->is_array) {
    kind = take_u32(c);
    count = take_u64(c);
  }
  if (kind == LRT_GGUF_ARRAY)
    return lrt_fail(err, LRT_UNSUPPORTED, "GGUF: key %s is an array of arrays", key->name);
  if (kind != LRT_GGUF_TEXT && kind_bytes(kind) == 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: key %s has a value of unknown kind %u", key->name,
                    (unsigned)kind);
  key->kind = (lrt_gguf_kind)kind;
  key->count = (size_t)count;
  if (kind == LRT_GGUF_TEXT) return build_texts(c, key, arena, err);
  const uint64_t bytes = kind_bytes(kind);
  if (count > c->length / bytes) c->beyond = true;
  key->bytes = take(c, count * bytes);
  return c->beyond ? lrt_fail(err, LRT_INVALID_MODEL, "the GGUF file ends in key %s", key->name) : LRT_OK;
}

static lrt_status build_keys(cursor *c, const preamble *p, lrt_arena *arena, lrt_gguf *out, lrt_error *err) {
  lrt_gguf_key *keys = lrt_arena_array(arena, (size_t)p->keys, sizeof *keys);
  if (keys == NULL) return no_memory(arena, err);
  for (uint64_t i = 0; i < p->keys; i++) {
    LRT_TRY(copy_name("key", i, take_text(c), arena, &keys[i].name, err));
    LRT_TRY(build_value(c, &keys[i], arena, err));
  }
  out->keys = keys;
  out->key_count = (size_t)p->keys;
  return LRT_OK;
}

static lrt_status measure_tensor(lrt_gguf_tensor *t, lrt_error *err) {
  const uint32_t elements = lrt_gguf_block_elements(t->type), bytes = lrt_gguf_block_bytes(t->type);
  if (elements == 0)
    return lrt_fail(err, LRT_UNSUPPORTED, "GGUF: tensor %s has the unknown type %u", t->name,
                    (unsigned)t->type);
  t->count = 1;
  for (int i = 0; i < t->rank; i++) {
    if (t->dims[i] != 0 && t->count > (uint64_t)INT64_MAX / t->dims[i])
      return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: tensor %s has more elements than can be counted",
                      t->name);
    t->count *= t->dims[i];
  }
  if (t->dims[0] % elements != 0)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "GGUF: rows of tensor %s have %llu elements, no multiple of the %u in a block of %s",
                    t->name, (unsigned long long)t->dims[0], (unsigned)elements, lrt_gguf_type_name(t->type));
  if (t->count / elements > (uint64_t)INT64_MAX / bytes)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: tensor %s has more bytes than can be counted", t->name);
  t->bytes = t->count / elements * bytes;
  return LRT_OK;
}

/* All but the place of the data, which is relative until the end of the header is known. */
static lrt_status build_tensor(cursor *c, uint64_t number, lrt_arena *arena, lrt_gguf_tensor *t,
                               lrt_error *err) {
  LRT_TRY(copy_name("tensor", number, take_text(c), arena, &t->name, err));
  const uint32_t rank = take_u32(c);
  if (!c->beyond && (rank == 0 || rank > LRT_GGUF_MAX_RANK))
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: tensor %s has %u dimensions, not 1 to %d", t->name,
                    (unsigned)rank, LRT_GGUF_MAX_RANK);
  t->rank = (int32_t)rank;
  for (uint32_t i = 0; i < LRT_GGUF_MAX_RANK; i++) t->dims[i] = i < rank ? take_u64(c) : 1;
  t->type = take_u32(c);
  t->offset = take_u64(c);
  if (c->beyond) return truncated("tensor", number, err);
  return measure_tensor(t, err);
}

static lrt_status data_start(const cursor *c, const lrt_gguf *file, uint64_t *start, uint64_t *alignment,
                             lrt_error *err) {
  const int64_t wanted = lrt_gguf_integer(lrt_gguf_find_key(file, "general.alignment"), 0, DEFAULT_ALIGNMENT);
  if (wanted < 1 || wanted > 1 << 20 || (wanted & (wanted - 1)) != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: general.alignment is %lld, no usable power of two",
                    (long long)wanted);
  *alignment = (uint64_t)wanted;
  *start = (c->at + *alignment - 1) / *alignment * *alignment;
  return LRT_OK;
}

static lrt_status place_tensor(lrt_gguf_tensor *t, uint64_t start, uint64_t alignment, uint64_t length,
                               lrt_error *err) {
  if (t->offset % alignment != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: tensor %s begins at %llu, no multiple of %llu", t->name,
                    (unsigned long long)t->offset, (unsigned long long)alignment);
  if (start > length || t->offset > length - start || t->bytes > length - start - t->offset)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "GGUF: tensor %s needs %llu bytes at %llu of the data, beyond the end of the file",
                    t->name, (unsigned long long)t->bytes, (unsigned long long)t->offset);
  t->offset += start;
  return LRT_OK;
}

static int by_offset(const void *a, const void *b) {
  const lrt_gguf_tensor *x = *(const lrt_gguf_tensor *const *)a, *y = *(const lrt_gguf_tensor *const *)b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int by_tensor_name(const void *a, const void *b) {
  return strcmp((*(const lrt_gguf_tensor *const *)a)->name, (*(const lrt_gguf_tensor *const *)b)->name);
}

static int by_key_name(const void *a, const void *b) {
  return strcmp((*(const lrt_gguf_key *const *)a)->name, (*(const lrt_gguf_key *const *)b)->name);
}

/* No bytes and no name belong to two tensors. */
static lrt_status check_tensors(const lrt_gguf *file, lrt_arena *arena, lrt_error *err) {
  const size_t count = file->tensor_count;
  const lrt_gguf_tensor **order = lrt_arena_array(arena, count, sizeof(lrt_gguf_tensor *));
  if (order == NULL) return no_memory(arena, err);
  for (size_t i = 0; i < count; i++) order[i] = &file->tensors[i];
  qsort(order, count, sizeof *order, by_offset);
  for (size_t i = 1; i < count; i++)
    if (order[i - 1]->offset + order[i - 1]->bytes > order[i]->offset)
      return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: tensors %s and %s overlap", order[i - 1]->name,
                      order[i]->name);
  qsort(order, count, sizeof *order, by_tensor_name);
  for (size_t i = 1; i < count; i++)
    if (strcmp(order[i - 1]->name, order[i]->name) == 0)
      return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: there are two tensors %s", order[i]->name);
  return LRT_OK;
}

static lrt_status check_keys(const lrt_gguf *file, lrt_arena *arena, lrt_error *err) {
  const size_t count = file->key_count;
  const lrt_gguf_key **order = lrt_arena_array(arena, count, sizeof(lrt_gguf_key *));
  if (order == NULL) return no_memory(arena, err);
  for (size_t i = 0; i < count; i++) order[i] = &file->keys[i];
  qsort(order, count, sizeof *order, by_key_name);
  for (size_t i = 1; i < count; i++)
    if (strcmp(order[i - 1]->name, order[i]->name) == 0)
      return lrt_fail(err, LRT_INVALID_MODEL, "GGUF: there are two keys %s", order[i]->name);
  return LRT_OK;
}

lrt_status lrt_gguf_read(lrt_source *source, lrt_arena *arena, lrt_gguf *out, lrt_error *err) {
  cursor c = {NULL, 0, 0, false};
  preamble p = {0, 0, 0};
  uint64_t start = 0, alignment = 0;
  LRT_TRY(look_at_header(source, &c, &p, err));
  *out = (lrt_gguf){.source = source, .version = p.version};
  LRT_TRY(build_keys(&c, &p, arena, out, err));
  LRT_TRY(check_keys(out, arena, err));
  lrt_gguf_tensor *tensors = lrt_arena_array(arena, (size_t)p.tensors, sizeof *tensors);
  if (tensors == NULL) return no_memory(arena, err);
  for (uint64_t i = 0; i < p.tensors; i++) LRT_TRY(build_tensor(&c, i, arena, &tensors[i], err));
  LRT_TRY(data_start(&c, out, &start, &alignment, err));
  for (uint64_t i = 0; i < p.tensors; i++)
    LRT_TRY(place_tensor(&tensors[i], start, alignment, lrt_source_length(source), err));
  out->tensors = tensors;
  out->tensor_count = (size_t)p.tensors;
  return check_tensors(out, arena, err);
}

/* ---- looking things up ---- */

const lrt_gguf_key *lrt_gguf_find_key(const lrt_gguf *file, const char *name) {
  for (size_t i = 0; i < file->key_count; i++)
    if (strcmp(file->keys[i].name, name) == 0) return &file->keys[i];
  return NULL;
}

const lrt_gguf_tensor *lrt_gguf_find_tensor(const lrt_gguf *file, const char *name) {
  for (size_t i = 0; i < file->tensor_count; i++)
    if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
  return NULL;
}

int64_t lrt_gguf_integer(const lrt_gguf_key *key, size_t index, int64_t otherwise) {
  if (key == NULL || key->kind == LRT_GGUF_TEXT || index >= key->count) return otherwise;
  const int bytes = (int)kind_bytes(key->kind);
  const uint64_t bits = little(key->bytes + index * (size_t)bytes, bytes);
  switch (key->kind) {
  case LRT_GGUF_I8: return (int8_t)bits;
  case LRT_GGUF_I16: return (int16_t)bits;
  case LRT_GGUF_I32: return (int32_t)bits;
  case LRT_GGUF_F32:
  case LRT_GGUF_F64: {
    const double value = lrt_gguf_number(key, index, 0.5);
    return value >= -9007199254740992.0 && value <= 9007199254740992.0 && (double)(int64_t)value == value
               ? (int64_t)value
               : otherwise;
  }
  case LRT_GGUF_U64: return bits <= INT64_MAX ? (int64_t)bits : otherwise;
  default: return (int64_t)bits;
  }
}

double lrt_gguf_number(const lrt_gguf_key *key, size_t index, double otherwise) {
  if (key == NULL || key->kind == LRT_GGUF_TEXT || index >= key->count) return otherwise;
  const uint8_t *at = key->bytes + index * (size_t)kind_bytes(key->kind);
  float single = 0;
  double value = 0;
  if (key->kind == LRT_GGUF_F32) {
    lrt_gguf_block_widen(LRT_GGUF_TYPE_F32, at, 1, &single);
    return (double)single;
  }
  if (key->kind == LRT_GGUF_F64) {
    const uint64_t bits = little(at, 8);
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  if (key->kind == LRT_GGUF_U64) return (double)little(at, 8);
  return (double)lrt_gguf_integer(key, index, 0);
}

lrt_gguf_text lrt_gguf_text_of(const lrt_gguf_key *key) {
  if (key == NULL || key->kind != LRT_GGUF_TEXT || key->is_array) return (lrt_gguf_text){NULL, 0};
  return key->texts[0];
}

lrt_status lrt_gguf_widen(const lrt_gguf *file, const lrt_gguf_tensor *tensor, uint64_t first, size_t count,
                          float *out, lrt_error *err) {
  const uint64_t elements = lrt_gguf_block_elements(tensor->type), bytes = lrt_gguf_block_bytes(tensor->type);
  const void *blocks = NULL;
  if (first > tensor->count || count > tensor->count - first || first % elements != 0 ||
      count % elements != 0)
    return lrt_fail(err, LRT_INVALID_ARGUMENT,
                    "GGUF: elements %llu … %llu of tensor %s are not whole blocks of it",
                    (unsigned long long)first, (unsigned long long)(first + count), tensor->name);
  LRT_TRY(lrt_source_view(file->source, tensor->offset + first / elements * bytes, count / elements * bytes,
                          &blocks, err));
  lrt_gguf_block_widen(tensor->type, blocks, count, out);
  return LRT_OK;
}
