/* flexbuffer.c: reads flexbuffers; every step is bounds-checked, and opening walks the whole value once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/flexbuffer.h"

#include <string.h>

#include "base/fail.h"
#include "base/half.h"

#define MAX_VISITS (UINT64_C(1) << 20)

static bool inside(const lrt_flex *v, size_t at, size_t size) {
  return at <= v->length && size <= v->length - at;
}

/* Little-endian number of `width` bytes; the caller knows it is inside. */
static uint64_t load(const lrt_flex *v, size_t at, unsigned width) {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; i++) value |= (uint64_t)v->bytes[at + i] << 8 * i;
  return value;
}

static int64_t load_signed(const lrt_flex *v, size_t at, unsigned width) {
  const unsigned shift = 64 - 8 * width;
  return (int64_t)(load(v, at, width) << shift) >> shift;
}

static double load_float(const lrt_flex *v, size_t at, unsigned width) {
  const uint64_t bits = load(v, at, width);
  double wide = 0;
  if (width == 8) memcpy(&wide, &bits, sizeof wide);
  if (width == 4) {
    const uint32_t low = (uint32_t)bits;
    float narrow;
    memcpy(&narrow, &low, sizeof narrow);
    wide = (double)narrow;
  }
  if (width == 2) wide = (double)lrt_half_to_float((uint16_t)bits);
  return wide;
}

static bool is_inline(unsigned type) {
  return type <= LRT_FLEX_FLOAT || type == LRT_FLEX_BOOL;
}

static bool is_tuple(unsigned type) {
  return type >= LRT_FLEX_TUPLE_FIRST && type <= LRT_FLEX_TUPLE_LAST;
}

static bool is_typed_vector(unsigned type) {
  return (type >= LRT_FLEX_VECTOR_INT && type <= LRT_FLEX_VECTOR_STRING) || type == LRT_FLEX_VECTOR_BOOL;
}

/* Types whose length stands in the `width` bytes before them. */
static bool has_length(unsigned type) {
  return type == LRT_FLEX_STRING || type == LRT_FLEX_BLOB || type == LRT_FLEX_MAP ||
         type == LRT_FLEX_VECTOR || is_typed_vector(type);
}

/* Follows the backward offset in the slot at `slot`. */
static bool follow(const lrt_flex *v, size_t slot, unsigned slot_width, size_t *target) {
  const uint64_t back = load(v, slot, slot_width);
  if (back > slot) return false;
  *target = slot - (size_t)back;
  return true;
}

/* The value in the slot at `slot`; its own extent is not looked at. */
static bool resolve(const lrt_flex *v, size_t slot, unsigned slot_width, unsigned packed, lrt_flex *out) {
  *out = *v;
  out->type = (uint8_t)(packed >> 2);
  out->width = (uint8_t)(1u << (packed & 3));
  out->at = slot;
  if (!inside(v, slot, slot_width)) return false;
  if (is_inline(out->type)) {
    out->width = (uint8_t)slot_width;
    return true;
  }
  return follow(v, slot, slot_width, &out->at);
}

size_t lrt_flex_size(lrt_flex value) {
  if (is_tuple(value.type)) return (value.type - LRT_FLEX_TUPLE_FIRST) / 3u + 2u;
  if (!has_length(value.type) || value.type == LRT_FLEX_STRING || value.type == LRT_FLEX_BLOB) return 0;
  return (size_t)load(&value, value.at - value.width, value.width);
}

/* Element type of typed vectors and tuples. */
static unsigned element_type(unsigned type) {
  if (is_tuple(type)) return (type - LRT_FLEX_TUPLE_FIRST) % 3u + LRT_FLEX_INT;
  return type == LRT_FLEX_VECTOR_BOOL ? LRT_FLEX_BOOL : type - LRT_FLEX_VECTOR_INT + LRT_FLEX_INT;
}

static lrt_flex null_value(void) {
  const lrt_flex value = {NULL, 0, 0, LRT_FLEX_NULL, 1};
  return value;
}

lrt_flex lrt_flex_at(lrt_flex value, size_t index) {
  const size_t size = lrt_flex_size(value), slot = value.at + index * value.width;
  lrt_flex element;
  if (index >= size) return null_value();
  const unsigned packed = value.type == LRT_FLEX_MAP || value.type == LRT_FLEX_VECTOR
                              ? value.bytes[value.at + size * value.width + index]
                              : element_type(value.type) << 2;
  return resolve(&value, slot, value.width, packed, &element) ? element : null_value();
}

/* The keys of a map as a typed vector: its offset and width stand before the map's length. */
static bool find_keys(const lrt_flex *map, lrt_flex *keys) {
  const size_t head = 3u * map->width;
  *keys = *map;
  keys->type = LRT_FLEX_VECTOR_KEY;
  if (map->at < head) return false;
  const uint64_t width = load(map, map->at - 2u * map->width, map->width);
  if (width != 1 && width != 2 && width != 4 && width != 8) return false;
  keys->width = (uint8_t)width;
  return follow(map, map->at - head, map->width, &keys->at);
}

lrt_flex_text lrt_flex_string(lrt_flex value) {
  lrt_flex_text text = {NULL, 0};
  if (value.type != LRT_FLEX_STRING && value.type != LRT_FLEX_KEY && value.type != LRT_FLEX_BLOB) return text;
  text.text = (const char *)value.bytes + value.at;
  text.length = value.type == LRT_FLEX_KEY ? strlen(text.text)
                                           : (size_t)load(&value, value.at - value.width, value.width);
  return text;
}

lrt_flex_text lrt_flex_key(lrt_flex map, size_t index) {
  lrt_flex keys;
  const lrt_flex_text none = {NULL, 0};
  if (map.type != LRT_FLEX_MAP || !find_keys(&map, &keys)) return none;
  return lrt_flex_string(lrt_flex_at(keys, index));
}

lrt_flex lrt_flex_find(lrt_flex map, const char *key) {
  /* Linear: option maps are small, and files need not be sorted to be safe. */
  for (size_t i = 0; map.type == LRT_FLEX_MAP && i < lrt_flex_size(map); i++)
    if (strcmp(lrt_flex_key(map, i).text, key) == 0) return lrt_flex_at(map, i);
  return null_value();
}

static int64_t truncate_double(double value) {
  return value > -9.2e18 && value < 9.2e18 ? (int64_t)value : 0;
}

int64_t lrt_flex_int(lrt_flex value, int64_t fallback) {
  switch (value.type) {
  case LRT_FLEX_INT:
  case LRT_FLEX_INDIRECT_INT: return load_signed(&value, value.at, value.width);
  case LRT_FLEX_UINT:
  case LRT_FLEX_INDIRECT_UINT:
  case LRT_FLEX_BOOL: return (int64_t)load(&value, value.at, value.width);
  case LRT_FLEX_FLOAT:
  case LRT_FLEX_INDIRECT_FLOAT: return truncate_double(load_float(&value, value.at, value.width));
  default: return fallback;
  }
}

uint64_t lrt_flex_uint(lrt_flex value, uint64_t fallback) {
  return (uint64_t)lrt_flex_int(value, (int64_t)fallback);
}

double lrt_flex_float(lrt_flex value, double fallback) {
  switch (value.type) {
  case LRT_FLEX_INT:
  case LRT_FLEX_INDIRECT_INT: return (double)load_signed(&value, value.at, value.width);
  case LRT_FLEX_UINT:
  case LRT_FLEX_INDIRECT_UINT:
  case LRT_FLEX_BOOL: return (double)load(&value, value.at, value.width);
  case LRT_FLEX_FLOAT:
  case LRT_FLEX_INDIRECT_FLOAT: return load_float(&value, value.at, value.width);
  default: return fallback;
  }
}

bool lrt_flex_bool(lrt_flex value, bool fallback) {
  if (value.type == LRT_FLEX_FLOAT || value.type == LRT_FLEX_INDIRECT_FLOAT)
    return load_float(&value, value.at, value.width) != 0;
  return lrt_flex_int(value, fallback) != 0;
}

/* --- The walk of lrt_flex_open. --- */

typedef struct walk {
  uint64_t visits_left;
  lrt_error *err;
} walk;

static lrt_status check_value(walk *w, const lrt_flex *v, int depth);

static lrt_status broken(const walk *w, const lrt_flex *v, const char *what) {
  return lrt_fail(w->err, LRT_INVALID_MODEL, "the flexbuffer of %zu bytes is damaged at byte %zu: %s",
                  v->length, v->at, what);
}

static lrt_status check_key(const walk *w, const lrt_flex *v) {
  if (!inside(v, v->at, 1) || memchr(v->bytes + v->at, 0, v->length - v->at) == NULL)
    return broken(w, v, "a key has no end");
  return LRT_OK;
}

/* Everything that belongs to a vector, map, tuple, string or blob; *count of elements or characters. */
static lrt_status check_extent(const walk *w, const lrt_flex *v, uint64_t *count) {
  const bool text = v->type == LRT_FLEX_STRING || v->type == LRT_FLEX_BLOB;
  const bool packed = v->type == LRT_FLEX_MAP || v->type == LRT_FLEX_VECTOR;
  if (has_length(v->type) && (v->at < v->width || !inside(v, v->at - v->width, v->width)))
    return broken(w, v, "a length lies outside");
  *count = text ? load(v, v->at - v->width, v->width) : lrt_flex_size(*v);
  const uint64_t unit = text ? 1u : (uint64_t)v->width + packed;
  if (*count > v->length / unit || !inside(v, v->at, (size_t)(*count * unit) + (v->type == LRT_FLEX_STRING)))
    return broken(w, v, "a vector or string leaves the buffer");
  if (v->type == LRT_FLEX_STRING && v->bytes[v->at + *count] != 0) return broken(w, v, "a string has no end");
  return LRT_OK;
}

static lrt_status check_map_keys(walk *w, const lrt_flex *map, uint64_t count, int depth) {
  lrt_flex keys;
  uint64_t key_count;
  if (!find_keys(map, &keys)) return broken(w, map, "the keys of a map lie outside");
  LRT_TRY(check_extent(w, &keys, &key_count));
  if (key_count != count) return broken(w, map, "a map has not as many keys as values");
  return check_value(w, &keys, depth + 1);
}

static lrt_status check_elements(walk *w, const lrt_flex *v, uint64_t count, int depth) {
  const bool packed = v->type == LRT_FLEX_MAP || v->type == LRT_FLEX_VECTOR;
  if (!packed && is_inline(element_type(v->type))) {
    if (element_type(v->type) == LRT_FLEX_FLOAT && v->width < 2) return broken(w, v, "a float has one byte");
    return LRT_OK;
  }
  for (uint64_t i = 0; i < count; i++) {
    lrt_flex element;
    const size_t slot = v->at + (size_t)i * v->width;
    const unsigned type =
        packed ? v->bytes[v->at + (size_t)count * v->width + i] : element_type(v->type) << 2;
    if (!resolve(v, slot, v->width, type, &element))
      return broken(w, v, "an element's offset leaves the buffer");
    LRT_TRY(check_value(w, &element, depth + 1));
  }
  return LRT_OK;
}

static lrt_status check_value(walk *w, const lrt_flex *v, int depth) {
  uint64_t count = 0;
  if (w->visits_left == 0) return broken(w, v, "parts are shared too many times");
  w->visits_left--;
  if (depth > LRT_FLEX_MAX_DEPTH) return broken(w, v, "values are nested too deeply");
  switch (v->type) {
  case LRT_FLEX_NULL:
  case LRT_FLEX_INT:
  case LRT_FLEX_UINT:
  case LRT_FLEX_BOOL: return LRT_OK;
  case LRT_FLEX_KEY: return check_key(w, v);
  case LRT_FLEX_INDIRECT_INT:
  case LRT_FLEX_INDIRECT_UINT:
  case LRT_FLEX_FLOAT:
  case LRT_FLEX_INDIRECT_FLOAT:
    if (!inside(v, v->at, v->width)) return broken(w, v, "a number leaves the buffer");
    return LRT_OK;
  case LRT_FLEX_STRING:
  case LRT_FLEX_BLOB: return check_extent(w, v, &count);
  default: break;
  }
  if (v->type != LRT_FLEX_MAP && v->type != LRT_FLEX_VECTOR && !is_typed_vector(v->type) &&
      !is_tuple(v->type))
    return broken(w, v, "a value has an unknown type");
  LRT_TRY(check_extent(w, v, &count));
  if (v->type == LRT_FLEX_MAP) LRT_TRY(check_map_keys(w, v, count, depth));
  return check_elements(w, v, count, depth);
}

lrt_status lrt_flex_open(const uint8_t *bytes, size_t length, lrt_flex *root, lrt_error *err) {
  walk w = {(uint64_t)length + 64 < MAX_VISITS ? (uint64_t)length + 64 : MAX_VISITS, err};
  lrt_flex whole = {bytes, length, 0, LRT_FLEX_NULL, 1};
  if (length < 3) return broken(&w, &whole, "it is too short");
  const unsigned width = bytes[length - 1], packed = bytes[length - 2];
  if ((width != 1 && width != 2 && width != 4 && width != 8) || width > length - 2)
    return broken(&w, &whole, "the width of the root is not valid");
  if (!resolve(&whole, length - 2 - width, width, packed, root))
    return broken(&w, &whole, "the root's offset leaves the buffer");
  return check_value(&w, root, 1);
}
