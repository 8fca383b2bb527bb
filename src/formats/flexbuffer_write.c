/* flexbuffer_write.c: writes flexbuffers bottom up: open values wait on a stack until their vector or map ends. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "formats/flexbuffer.h"

void lrt_flex_writer_init(lrt_flex_writer *w, lrt_alloc *alloc) {
  memset(w, 0, sizeof *w);
  w->alloc = alloc;
}

void lrt_flex_writer_clear(lrt_flex_writer *w) {
  lrt_alloc_free(w->bytes);
  lrt_alloc_free(w->slots);
  lrt_flex_writer_init(w, w->alloc);
}

static bool usable(const lrt_flex_writer *w) {
  return w->broken == NULL && !w->no_memory;
}

static void set_broken(lrt_flex_writer *w, const char *what) {
  if (usable(w)) w->broken = what;
}

static void append(lrt_flex_writer *w, const void *bytes, size_t length) {
  if (!usable(w)) return;
  if (length > w->capacity - w->size) {
    if (length > SIZE_MAX / 4 || w->size > SIZE_MAX / 4) {
      w->no_memory = true;
      return;
    }
    size_t capacity = w->capacity == 0 ? 256 : w->capacity;
    while (capacity - w->size < length) capacity *= 2;
    uint8_t *grown = lrt_alloc_resize(w->alloc, w->bytes, capacity);
    if (grown == NULL) {
      w->no_memory = true;
      return;
    }
    w->bytes = grown;
    w->capacity = capacity;
  }
  if (length > 0) memcpy(w->bytes + w->size, bytes, length);
  w->size += length;
}

static void append_number(lrt_flex_writer *w, uint64_t value, unsigned width) {
  uint8_t bytes[8];
  for (unsigned i = 0; i < 8; i++) bytes[i] = (uint8_t)(value >> 8 * i);
  append(w, bytes, width);
}

static size_t aligned(size_t at, unsigned width) {
  return (at + width - 1) / width * width;
}

static void align_to(lrt_flex_writer *w, unsigned width) {
  static const uint8_t zeros[8];
  append(w, zeros, aligned(w->size, width) - w->size);
}

static uint8_t width_of(uint64_t value) {
  return value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
}

static void push(lrt_flex_writer *w, unsigned type, unsigned width, uint64_t bits) {
  if (!usable(w)) return;
  if (w->slot_count == w->slot_capacity) {
    const size_t capacity = w->slot_capacity == 0 ? 32 : w->slot_capacity * 2;
    lrt_flex_slot *grown = lrt_alloc_resize(w->alloc, w->slots, capacity * sizeof *grown);
    if (grown == NULL) {
      w->no_memory = true;
      return;
    }
    w->slots = grown;
    w->slot_capacity = capacity;
  }
  const lrt_flex_slot slot = {(uint8_t)type, (uint8_t)width, bits};
  w->slots[w->slot_count++] = slot;
}

void lrt_flex_put_key(lrt_flex_writer *w, const char *key) {
  push(w, LRT_FLEX_KEY, 1, w->size);
  append(w, key, strlen(key) + 1);
}

void lrt_flex_put_null(lrt_flex_writer *w) {
  push(w, LRT_FLEX_NULL, 1, 0);
}

void lrt_flex_put_int(lrt_flex_writer *w, int64_t value) {
  /* The sign bit must fit too: the magnitude doubled. */
  const uint64_t doubled = (uint64_t)(value < 0 ? ~value : value) << 1;
  push(w, LRT_FLEX_INT, value < INT64_MIN / 2 || value > INT64_MAX / 2 ? 8 : width_of(doubled),
       (uint64_t)value);
}

void lrt_flex_put_uint(lrt_flex_writer *w, uint64_t value) {
  push(w, LRT_FLEX_UINT, width_of(value), value);
}

void lrt_flex_put_bool(lrt_flex_writer *w, bool value) {
  push(w, LRT_FLEX_BOOL, 1, value);
}

void lrt_flex_put_float(lrt_flex_writer *w, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  const bool narrow = value != value || (double)(float)value == value;
  push(w, LRT_FLEX_FLOAT, narrow ? 4 : 8, bits);
}

static void put_counted(lrt_flex_writer *w, unsigned type, const void *bytes, size_t length, size_t tail) {
  const unsigned width = width_of(length);
  align_to(w, width);
  append_number(w, length, width);
  push(w, type, width, w->size);
  append(w, bytes, length);
  append(w, "", tail);
}

void lrt_flex_put_string(lrt_flex_writer *w, const char *text, size_t length) {
  put_counted(w, LRT_FLEX_STRING, text, length, 1);
}

void lrt_flex_put_blob(lrt_flex_writer *w, const void *bytes, size_t length) {
  put_counted(w, LRT_FLEX_BLOB, bytes, length, 0);
}

static bool is_inline(const lrt_flex_slot *slot) {
  return slot->type <= LRT_FLEX_FLOAT || slot->type == LRT_FLEX_BOOL;
}

/* Width a slot needs as element `index` of what begins at the next aligned place. */
static unsigned slot_width(const lrt_flex_writer *w, const lrt_flex_slot *slot, size_t index) {
  if (is_inline(slot)) return slot->width;
  for (unsigned width = 1; width < 8; width *= 2)
    if (width_of(aligned(w->size, width) + index * width - slot->bits) <= width) return width;
  return 8;
}

static void write_slot(lrt_flex_writer *w, const lrt_flex_slot *slot, unsigned width) {
  uint64_t bits = slot->bits;
  if (!is_inline(slot)) {
    bits = w->size - slot->bits;
  } else if (slot->type == LRT_FLEX_FLOAT && width == 4) {
    double wide;
    memcpy(&wide, &bits, sizeof wide);
    const float narrow = (float)wide;
    uint32_t low;
    memcpy(&low, &narrow, sizeof low);
    bits = low;
  }
  append_number(w, bits, width);
}

static unsigned packed_type(const lrt_flex_slot *slot, unsigned parent_width) {
  const unsigned width = is_inline(slot) && slot->width < parent_width ? parent_width : slot->width;
  return (unsigned)slot->type << 2 | (width == 8 ? 3u : width / 2);
}

/* Every `stride`-th of `count` slots as a vector; `keys`: of a map, else NULL. `typed`: no type bytes. Returns
 * the slot that refers to it. */
static lrt_flex_slot write_vector(lrt_flex_writer *w, const lrt_flex_slot *slots, size_t count, size_t stride,
                                  bool typed, const lrt_flex_slot *keys) {
  const size_t prefix = keys == NULL ? 1 : 3;
  unsigned width = width_of(count);
  if (keys != NULL) {
    const unsigned needed = slot_width(w, keys, 0);
    width = needed > width ? needed : width;
  }
  for (size_t i = 0; i < count; i++) {
    const unsigned needed = slot_width(w, &slots[i * stride], prefix + i);
    width = needed > width ? needed : width;
  }
  align_to(w, width);
  if (keys != NULL) {
    write_slot(w, keys, width);
    append_number(w, keys->width, width);
  }
  append_number(w, count, width);
  const unsigned type = keys != NULL ? LRT_FLEX_MAP : typed ? LRT_FLEX_VECTOR_KEY : LRT_FLEX_VECTOR;
  const lrt_flex_slot result = {(uint8_t)type, (uint8_t)width, w->size};
  for (size_t i = 0; i < count; i++) write_slot(w, &slots[i * stride], width);
  for (size_t i = 0; !typed && i < count; i++) append_number(w, packed_type(&slots[i * stride], width), 1);
  return result;
}

size_t lrt_flex_begin(lrt_flex_writer *w) {
  return w->slot_count;
}

static bool can_end(lrt_flex_writer *w, size_t mark) {
  if (mark > w->slot_count) set_broken(w, "a vector or map was ended that was not begun");
  return usable(w);
}

void lrt_flex_end_vector(lrt_flex_writer *w, size_t mark) {
  if (!can_end(w, mark)) return;
  const lrt_flex_slot v = write_vector(w, w->slots + mark, w->slot_count - mark, 1, false, NULL);
  w->slot_count = mark;
  push(w, v.type, v.width, v.bits);
}

/* Insertion sort of (key, value) pairs by key: option maps are small. */
static void sort_pairs(lrt_flex_writer *w, lrt_flex_slot *pairs, size_t count) {
  for (size_t i = 1; i < count; i++) {
    const lrt_flex_slot key = pairs[2 * i], value = pairs[2 * i + 1];
    size_t to = i;
    while (to > 0) {
      const char *previous = (const char *)w->bytes + pairs[2 * to - 2].bits;
      const int order = strcmp(previous, (const char *)w->bytes + key.bits);
      if (order == 0) set_broken(w, "a map has the same key twice");
      if (order <= 0) break;
      pairs[2 * to] = pairs[2 * to - 2];
      pairs[2 * to + 1] = pairs[2 * to - 1];
      to--;
    }
    pairs[2 * to] = key;
    pairs[2 * to + 1] = value;
  }
}

void lrt_flex_end_map(lrt_flex_writer *w, size_t mark) {
  if (!can_end(w, mark)) return;
  lrt_flex_slot *pairs = w->slots + mark;
  const size_t count = (w->slot_count - mark) / 2;
  bool paired = (w->slot_count - mark) % 2 == 0;
  for (size_t i = 0; paired && i < count; i++) paired = pairs[2 * i].type == LRT_FLEX_KEY;
  if (!paired) {
    set_broken(w, "a map is not made of keys and values in turn");
    return;
  }
  sort_pairs(w, pairs, count);
  const lrt_flex_slot keys = write_vector(w, pairs, count, 2, true, NULL);
  const lrt_flex_slot map = write_vector(w, pairs + 1, count, 2, false, &keys);
  w->slot_count = mark;
  push(w, map.type, map.width, map.bits);
}

lrt_status lrt_flex_finish(lrt_flex_writer *w, const uint8_t **bytes, size_t *size, lrt_error *err) {
  if (w->slot_count != 1) set_broken(w, "not exactly one value is left as the root");
  if (usable(w)) {
    const lrt_flex_slot root = w->slots[0];
    const unsigned width = slot_width(w, &root, 0);
    align_to(w, width);
    write_slot(w, &root, width);
    append_number(w, packed_type(&root, width), 1);
    append_number(w, width, 1);
  }
  if (w->no_memory) return lrt_alloc_fail(err, w->alloc, w->capacity, "a flexbuffer under construction");
  if (w->broken != NULL)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "the flexbuffer cannot be written: %s", w->broken);
  *bytes = w->bytes;
  *size = w->size;
  return LRT_OK;
}
