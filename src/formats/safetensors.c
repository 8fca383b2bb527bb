/* safetensors.c: a length, a JSON object, data; and elements as floats. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/half.h"

static const struct {
  const char *name;
  lrt_type type;
} types[] = {{"F64", LRT_FLOAT64},        {"F32", LRT_FLOAT32},   {"F16", LRT_FLOAT16},
             {"BF16", LRT_BFLOAT16},      {"I64", LRT_INT64},     {"I32", LRT_INT32},
             {"I16", LRT_INT16},          {"I8", LRT_INT8},       {"U64", LRT_UINT64},
             {"U32", LRT_UINT32},         {"U16", LRT_UINT16},    {"U8", LRT_UINT8},
             {"BOOL", LRT_BOOL},          {"C64", LRT_COMPLEX64}, {"F8_E4M3", LRT_FLOAT8_E4M3FN},
             {"F8_E5M2", LRT_FLOAT8_E5M2}};

static lrt_status damaged(const char *tensor, const char *what, lrt_error *err) {
  return lrt_fail(err, LRT_INVALID_MODEL, "safetensors: tensor %s: %s", tensor, what);
}

static lrt_status read_type(const char *tensor, const lrt_json *dtype, lrt_type *out, lrt_error *err) {
  if (dtype == NULL || dtype->kind != LRT_JSON_TEXT) return damaged(tensor, "it has no dtype", err);
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    if (strcmp(types[i].name, dtype->as.text) != 0) continue;
    *out = types[i].type;
    return LRT_OK;
  }
  return lrt_fail(err, LRT_UNSUPPORTED, "safetensors: tensor %s has elements of the unknown type %s", tensor,
                  dtype->as.text);
}

static lrt_status read_shape(const char *tensor, const lrt_json *list, lrt_shape *out, lrt_error *err) {
  if (list == NULL || list->kind != LRT_JSON_ARRAY) return damaged(tensor, "it has no shape", err);
  if (list->length > LRT_MAX_RANK)
    return lrt_fail(err, LRT_UNSUPPORTED, "safetensors: tensor %s has more than %d dimensions", tensor,
                    LRT_MAX_RANK);
  out->rank = 0;
  for (const lrt_json *item = list->as.first; item != NULL; item = item->next) {
    if (item->kind != LRT_JSON_NUMBER || !item->is_integer || item->as.integer < 0 ||
        item->as.integer > INT32_MAX)
      return damaged(tensor, "a dimension is no whole number below 2^31", err);
    out->dims[out->rank++] = (int32_t)item->as.integer;
  }
  return LRT_OK;
}

/* data_offsets, which count from the end of the header, as a range of the source. */
static lrt_status read_range(const lrt_json *list, uint64_t start, uint64_t length,
                             lrt_safetensors_tensor *out, lrt_error *err) {
  const lrt_json *begin = lrt_json_at(list, 0), *end = lrt_json_at(list, 1);
  if (list == NULL || list->kind != LRT_JSON_ARRAY || list->length != 2 || begin->kind != LRT_JSON_NUMBER ||
      end->kind != LRT_JSON_NUMBER || !begin->is_integer || !end->is_integer || begin->as.integer < 0)
    return damaged(out->name, "it has no data_offsets", err);
  if (end->as.integer < begin->as.integer || (uint64_t)end->as.integer > length - start)
    return damaged(out->name, "its data_offsets leave the file", err);
  out->offset = start + (uint64_t)begin->as.integer;
  out->bytes = (uint64_t)(end->as.integer - begin->as.integer);
  const int64_t needed = lrt_shape_bytes(&out->shape, out->type);
  if (needed < 0) return damaged(out->name, "it has more elements than can be counted", err);
  if ((uint64_t)needed != out->bytes)
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "safetensors: tensor %s has %llu bytes, its shape and type need %lld", out->name,
                    (unsigned long long)out->bytes, (long long)needed);
  return LRT_OK;
}

static lrt_status read_metadata(const lrt_json *object, lrt_safetensors *out, lrt_error *err) {
  if (object->kind != LRT_JSON_OBJECT)
    return lrt_fail(err, LRT_INVALID_MODEL, "safetensors: __metadata__ is no object");
  for (const lrt_json *item = object->as.first; item != NULL; item = item->next)
    if (item->kind != LRT_JSON_TEXT)
      return lrt_fail(err, LRT_INVALID_MODEL, "safetensors: %s of __metadata__ is no text", item->key);
  out->metadata = object;
  return LRT_OK;
}

static int by_offset(const void *a, const void *b) {
  const lrt_safetensors_tensor *x = a, *y = b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int by_name(const void *a, const void *b) {
  return strcmp((*(const lrt_safetensors_tensor *const *)a)->name,
                (*(const lrt_safetensors_tensor *const *)b)->name);
}

/* The data follow each other without gap from `start` to the end of the file. */
static lrt_status check_ranges(const lrt_safetensors *file, uint64_t start, lrt_error *err) {
  uint64_t at = start;
  for (size_t i = 0; i < file->count; i++) {
    if (file->tensors[i].offset != at)
      return damaged(file->tensors[i].name,
                     file->tensors[i].offset < at ? "its data overlap another tensor's"
                                                  : "there is a gap before its data",
                     err);
    at += file->tensors[i].bytes;
  }
  if (at != lrt_source_length(file->source))
    return lrt_fail(err, LRT_INVALID_MODEL,
                    "safetensors: the file has %llu bytes, its tensors end at byte %llu",
                    (unsigned long long)lrt_source_length(file->source), (unsigned long long)at);
  return LRT_OK;
}

static lrt_status check_names(const lrt_safetensors *file, lrt_arena *arena, lrt_error *err) {
  const lrt_safetensors_tensor **order =
      lrt_arena_array(arena, file->count, sizeof(lrt_safetensors_tensor *));
  if (order == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "a safetensors header");
  for (size_t i = 0; i < file->count; i++) order[i] = &file->tensors[i];
  qsort(order, file->count, sizeof *order, by_name);
  for (size_t i = 1; i < file->count; i++)
    if (strcmp(order[i - 1]->name, order[i]->name) == 0)
      return damaged(order[i]->name, "it is there twice", err);
  return LRT_OK;
}

static lrt_status read_tensors(const lrt_json *header, uint64_t start, lrt_arena *arena, lrt_safetensors *out,
                               lrt_error *err) {
  lrt_safetensors_tensor *tensors = lrt_arena_array(arena, header->length, sizeof *tensors);
  if (tensors == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "a safetensors header");
  for (const lrt_json *item = header->as.first; item != NULL; item = item->next) {
    if (strcmp(item->key, "__metadata__") == 0) {
      LRT_TRY(read_metadata(item, out, err));
      continue;
    }
    lrt_safetensors_tensor *t = &tensors[out->count++];
    t->name = item->key;
    LRT_TRY(read_type(t->name, lrt_json_get(item, "dtype"), &t->type, err));
    LRT_TRY(read_shape(t->name, lrt_json_get(item, "shape"), &t->shape, err));
    LRT_TRY(read_range(lrt_json_get(item, "data_offsets"), start, lrt_source_length(out->source), t, err));
  }
  qsort(tensors, out->count, sizeof *tensors, by_offset);
  out->tensors = tensors;
  return LRT_OK;
}

lrt_status lrt_safetensors_read(lrt_source *source, lrt_arena *arena, lrt_safetensors *out, lrt_error *err) {
  const uint64_t length = lrt_source_length(source);
  const void *bytes = NULL;
  const lrt_json *header = NULL;
  uint64_t size = 0;
  *out = (lrt_safetensors){.source = source};
  if (length < 8) return lrt_fail(err, LRT_INVALID_MODEL, "the safetensors file ends in its first 8 bytes");
  LRT_TRY(lrt_source_view(source, 0, 8, &bytes, err));
  for (int i = 7; i >= 0; i--) size = size << 8 | ((const uint8_t *)bytes)[i];
  if (size > length - 8 || size > LRT_SAFETENSORS_MAX_HEADER)
    return lrt_fail(err, LRT_INVALID_MODEL, "the safetensors header has %llu bytes, %s",
                    (unsigned long long)size,
                    size > length - 8 ? "more than the file" : "more than any real one");
  LRT_TRY(lrt_source_view(source, 8, size, &bytes, err));
  LRT_TRY(lrt_json_parse(bytes, (size_t)size, arena, &header, err));
  if (header->kind != LRT_JSON_OBJECT)
    return lrt_fail(err, LRT_INVALID_MODEL, "the safetensors header is no JSON object");
  LRT_TRY(read_tensors(header, 8 + size, arena, out, err));
  LRT_TRY(check_names(out, arena, err));
  return check_ranges(out, 8 + size, err);
}

const lrt_safetensors_tensor *lrt_safetensors_find(const lrt_safetensors *file, const char *name) {
  for (size_t i = 0; i < file->count; i++)
    if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
  return NULL;
}

/* One element, from a place without alignment. */
static float widen(lrt_type type, const uint8_t *at) {
  union {
    uint16_t u16;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
  } value;
  memcpy(&value, at, lrt_type_bits(type) / 8);
  switch (type) {
  case LRT_FLOAT32: return value.f32;
  case LRT_FLOAT64: return (float)value.f64;
  case LRT_FLOAT16: return lrt_half_to_float(value.u16);
  case LRT_BFLOAT16: return lrt_bfloat16_to_float(value.u16);
  case LRT_FLOAT8_E4M3FN: return lrt_float8_e4m3fn_to_float(at[0]);
  case LRT_FLOAT8_E5M2: return lrt_float8_e5m2_to_float(at[0]);
  case LRT_INT8: return (float)(int8_t)at[0];
  case LRT_UINT8: return (float)at[0];
  case LRT_INT16: return (float)value.i16;
  case LRT_INT32: return (float)value.i32;
  default: return (float)value.i64;
  }
}

static int is_number(lrt_type type) {
  return type == LRT_FLOAT32 || type == LRT_FLOAT64 || type == LRT_FLOAT16 || type == LRT_BFLOAT16 ||
         type == LRT_FLOAT8_E4M3FN || type == LRT_FLOAT8_E5M2 || type == LRT_INT8 || type == LRT_UINT8 ||
         type == LRT_INT16 || type == LRT_INT32 || type == LRT_INT64;
}

lrt_status lrt_safetensors_widen(const lrt_safetensors *file, const lrt_safetensors_tensor *tensor,
                                 uint64_t first, size_t count, float *out, lrt_error *err) {
  const uint64_t total = (uint64_t)lrt_shape_count(&tensor->shape), step = lrt_type_bits(tensor->type) / 8;
  const void *bytes = NULL;
  if (!is_number(tensor->type))
    return lrt_fail(err, LRT_UNSUPPORTED, "safetensors: tensor %s of type %s cannot be read as floats",
                    tensor->name, lrt_type_name(tensor->type));
  if (first > total || count > total - first)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "safetensors: elements %llu … %llu are not in tensor %s",
                    (unsigned long long)first, (unsigned long long)(first + count), tensor->name);
  LRT_TRY(lrt_source_view(file->source, tensor->offset + first * step, count * step, &bytes, err));
  for (size_t i = 0; i < count; i++) out[i] = widen(tensor->type, (const uint8_t *)bytes + i * step);
  return LRT_OK;
}
