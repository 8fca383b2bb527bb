/* flatbuffer_write.c: the builder: grows downward from the end of a block, shares equal vtables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/flatbuffer_write.h"

#include "base/fail.h"

#define FIRST_CAPACITY 4096

void lrt_fb_builder_init(lrt_fb_builder *b, lrt_alloc *alloc) {
  memset(b, 0, sizeof *b);
  b->alloc = alloc;
  b->max_align = 4;
}

void lrt_fb_builder_clear(lrt_fb_builder *b) {
  lrt_alloc_free(b->block);
  lrt_alloc_free(b->vtables);
  lrt_fb_builder_init(b, b->alloc);
}

static void set_error(lrt_fb_builder *b, lrt_status status, const char *reason) {
  if (b->status != LRT_OK) return;
  b->status = status;
  b->reason = reason;
}

static bool grow(lrt_fb_builder *b, size_t needed) {
  size_t capacity = b->capacity == 0 ? FIRST_CAPACITY : b->capacity;
  while (capacity < needed) capacity *= 2;
  uint8_t *block = lrt_alloc_get(b->alloc, capacity);
  if (block == NULL) {
    b->wanted = capacity;
    set_error(b, LRT_OUT_OF_MEMORY, "a flatbuffer under construction");
    return false;
  }
  if (b->used > 0) memcpy(block + capacity - b->used, b->block + b->capacity - b->used, b->used);
  lrt_alloc_free(b->block);
  b->block = block;
  b->capacity = capacity;
  return true;
}

/* Room for `size` bytes in front of the contents, starting on a multiple of `align` in the finished file (whose
 * size is a multiple of the largest alignment, so that distances from the end tell). NULL after an error. */
static uint8_t *push(lrt_fb_builder *b, size_t size, unsigned align) {
  if (b->status != LRT_OK) return NULL;
  if (size > LRT_FB_MAX_BYTES - b->used || LRT_FB_MAX_BYTES - b->used - size < 2 * (size_t)align) {
    set_error(b, LRT_INVALID_ARGUMENT, "a flatbuffer cannot hold more than 2 GiB");
    return NULL;
  }
  const size_t padding = (align - (b->used + size) % align) % align;
  const size_t used = b->used + size + padding;
  if ((used > b->capacity || b->block == NULL) && !grow(b, used)) return NULL; /* nothing is somewhere, too */
  if (align > b->max_align) b->max_align = align;
  uint8_t *at = b->block + b->capacity - used;
  memset(at + size, 0, padding);
  b->used = used;
  return at;
}

static void store_u16(uint8_t *at, unsigned value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
}

static void store_u32(uint8_t *at, uint32_t value) {
  store_u16(at, value & 0xffff);
  store_u16(at + 2, value >> 16);
}

static lrt_fb_ref here(const lrt_fb_builder *b) {
  return b->status == LRT_OK ? (lrt_fb_ref)b->used : 0;
}

static bool outside_table(lrt_fb_builder *b) {
  if (b->in_table) set_error(b, LRT_INVALID_ARGUMENT, "an object was begun inside an open table");
  return b->status == LRT_OK;
}

/* Bytes with a u32 count before them; `tail` zero bytes follow the data. */
static lrt_fb_ref add_counted(lrt_fb_builder *b, const void *data, size_t count, size_t bytes, unsigned align,
                              size_t tail) {
  if (!outside_table(b)) return 0;
  if (align < 4) align = 4;
  uint8_t *at = push(b, bytes + tail, align);
  if (at == NULL) return 0;
  if (data == NULL)
    memset(at, 0, bytes);
  else if (bytes > 0)
    memcpy(at, data, bytes);
  memset(at + bytes, 0, tail);
  at = push(b, 4, 4);
  if (at == NULL) return 0;
  store_u32(at, (uint32_t)count);
  return here(b);
}

lrt_fb_ref lrt_fb_add_string(lrt_fb_builder *b, const char *text, size_t length) {
  if (length >= LRT_FB_MAX_BYTES) {
    set_error(b, LRT_INVALID_ARGUMENT, "a flatbuffer cannot hold more than 2 GiB");
    return 0;
  }
  return add_counted(b, text, length, length, 4, 1);
}

lrt_fb_ref lrt_fb_add_text(lrt_fb_builder *b, const char *text) {
  return text == NULL ? 0 : lrt_fb_add_string(b, text, strlen(text));
}

lrt_fb_ref lrt_fb_add_vector(lrt_fb_builder *b, lrt_fb_kind kind, const void *data, size_t count,
                             unsigned align) {
  const unsigned size = lrt_fb_kind_size(kind);
  if (size == 0 || count > LRT_FB_MAX_BYTES / size) {
    set_error(b, LRT_INVALID_ARGUMENT, "a flatbuffer cannot hold more than 2 GiB");
    return 0;
  }
  return add_counted(b, data, count, count * size, align > size ? align : size, 0);
}

/* The value of a reference that stands at distance `at` from the end and leads to `target`. */
static uint32_t reference(lrt_fb_builder *b, lrt_fb_ref at, lrt_fb_ref target) {
  if (target == 0 || target >= at) set_error(b, LRT_INVALID_ARGUMENT, "a reference leads nowhere");
  return at - target;
}

lrt_fb_ref lrt_fb_add_references(lrt_fb_builder *b, const lrt_fb_ref *refs, size_t count) {
  if (count > LRT_FB_MAX_BYTES / 4) {
    set_error(b, LRT_INVALID_ARGUMENT, "a flatbuffer cannot hold more than 2 GiB");
    return 0;
  }
  const lrt_fb_ref vector = add_counted(b, NULL, count, count * 4, 4, 0);
  if (vector == 0) return 0;
  uint8_t *at = b->block + b->capacity - b->used + 4;
  for (size_t i = 0; i < count; i++)
    store_u32(at + 4 * i, reference(b, vector - 4 - (lrt_fb_ref)(4 * i), refs[i]));
  return here(b);
}

lrt_fb_ref lrt_fb_add_struct(lrt_fb_builder *b, const void *bytes, size_t size, unsigned align) {
  if (!outside_table(b)) return 0;
  uint8_t *at = push(b, size, align < 4 ? 4 : align);
  if (at != NULL) memcpy(at, bytes, size);
  return here(b);
}

void lrt_fb_begin_table(lrt_fb_builder *b) {
  if (!outside_table(b)) return;
  b->in_table = true;
  b->table_end = (lrt_fb_ref)b->used;
  b->slot_count = 0;
  memset(b->slots, 0, sizeof b->slots);
}

/* Room for a field's value; NULL after an error. */
static uint8_t *put(lrt_fb_builder *b, unsigned slot, size_t size, unsigned align) {
  if (!b->in_table) set_error(b, LRT_INVALID_ARGUMENT, "a field was put outside of a table");
  if (slot >= LRT_FB_MAX_SLOTS) set_error(b, LRT_INVALID_ARGUMENT, "a field's slot is out of range");
  uint8_t *at = push(b, size, align);
  if (at == NULL) return NULL;
  b->slots[slot] = here(b);
  if (slot >= b->slot_count) b->slot_count = slot + 1;
  return at;
}

static void put_bits(lrt_fb_builder *b, unsigned slot, unsigned size, uint64_t bits) {
  uint8_t *at = put(b, slot, size, size);
  for (unsigned i = 0; at != NULL && i < size; i++) at[i] = (uint8_t)(bits >> 8 * i);
}

void lrt_fb_put_integer(lrt_fb_builder *b, unsigned slot, lrt_fb_kind kind, int64_t value, int64_t dflt) {
  const unsigned size = lrt_fb_kind_size(kind);
  if (kind == LRT_FB_BOOL) value = value != 0;
  if (value == dflt) return;
  if (size == 0 || kind == LRT_FB_F32 || kind == LRT_FB_F64) {
    set_error(b, LRT_INVALID_ARGUMENT, "an integer was put into a field of another kind");
    return;
  }
  put_bits(b, slot, size, (uint64_t)value);
}

void lrt_fb_put_float(lrt_fb_builder *b, unsigned slot, lrt_fb_kind kind, double value, double dflt) {
  uint64_t bits = 0;
  if (value == dflt) return;
  if (kind == LRT_FB_F32) {
    const float narrow = (float)value;
    uint32_t low;
    memcpy(&low, &narrow, sizeof low);
    put_bits(b, slot, 4, low);
  } else if (kind == LRT_FB_F64) {
    memcpy(&bits, &value, sizeof bits);
    put_bits(b, slot, 8, bits);
  } else {
    set_error(b, LRT_INVALID_ARGUMENT, "a float was put into a field of another kind");
  }
}

void lrt_fb_put_field_integer(lrt_fb_builder *b, const lrt_fb_field *field, int64_t value) {
  if (field->kind == LRT_FB_F32 || field->kind == LRT_FB_F64)
    lrt_fb_put_float(b, field->slot, (lrt_fb_kind)field->kind, (double)value, field->dflt);
  else
    lrt_fb_put_integer(b, field->slot, (lrt_fb_kind)field->kind, value, (int64_t)field->dflt);
}

void lrt_fb_put_field_double(lrt_fb_builder *b, const lrt_fb_field *field, double value) {
  if (field->kind == LRT_FB_F32 || field->kind == LRT_FB_F64)
    lrt_fb_put_float(b, field->slot, (lrt_fb_kind)field->kind, value, field->dflt);
  else if (value >= -9007199254740992.0 && value <= 9007199254740992.0)
    lrt_fb_put_integer(b, field->slot, (lrt_fb_kind)field->kind, (int64_t)value, (int64_t)field->dflt);
  else
    set_error(b, LRT_INVALID_ARGUMENT, "a number does not fit its integer field");
}

void lrt_fb_put_ref(lrt_fb_builder *b, unsigned slot, lrt_fb_ref ref) {
  if (ref == 0) return;
  uint8_t *at = put(b, slot, 4, 4);
  if (at != NULL) store_u32(at, reference(b, here(b), ref));
}

void lrt_fb_put_struct(lrt_fb_builder *b, unsigned slot, const void *bytes, size_t size, unsigned align) {
  uint8_t *at = put(b, slot, size, align);
  if (at != NULL) memcpy(at, bytes, size);
}

void lrt_fb_put_union(lrt_fb_builder *b, unsigned slot, unsigned number, lrt_fb_ref ref) {
  if (number == 0) return;
  lrt_fb_put_ref(b, slot + 1, ref);
  put_bits(b, slot, 1, number);
}

static bool remember_vtable(lrt_fb_builder *b, lrt_fb_ref vtable) {
  if (b->vtable_count == b->vtable_capacity) {
    const size_t capacity = b->vtable_capacity == 0 ? 32 : b->vtable_capacity * 2;
    lrt_fb_ref *list = lrt_alloc_resize(b->alloc, b->vtables, capacity * sizeof *list);
    if (list == NULL) {
      b->wanted = capacity * sizeof *list;
      set_error(b, LRT_OUT_OF_MEMORY, "the vtables of a flatbuffer under construction");
      return false;
    }
    b->vtables = list;
    b->vtable_capacity = capacity;
  }
  b->vtables[b->vtable_count++] = vtable;
  return true;
}

/* A vtable with these bytes that is already in the buffer; 0 when there is none. */
static lrt_fb_ref find_vtable(const lrt_fb_builder *b, const uint8_t *vtable, size_t size) {
  for (size_t i = b->vtable_count; i-- > 0;) {
    const lrt_fb_ref ref = b->vtables[i];
    const uint8_t *other = b->block + b->capacity - ref;
    if (lrt_fb_load_u16(other) == size && memcmp(other, vtable, size) == 0) return ref;
  }
  return 0;
}

lrt_fb_ref lrt_fb_end_table(lrt_fb_builder *b) {
  uint8_t vtable[4 + 2 * LRT_FB_MAX_SLOTS];
  if (!b->in_table) set_error(b, LRT_INVALID_ARGUMENT, "a table was ended that was not begun");
  if (push(b, 4, 4) == NULL) return 0;
  b->in_table = false;
  const lrt_fb_ref table = here(b);
  const size_t size = 4 + 2 * (size_t)b->slot_count, bytes = table - b->table_end;
  if (bytes > UINT16_MAX) {
    set_error(b, LRT_INVALID_ARGUMENT, "a table is larger than 64 KiB");
    return 0;
  }
  store_u16(vtable, (unsigned)size);
  store_u16(vtable + 2, (unsigned)bytes);
  for (unsigned i = 0; i < b->slot_count; i++)
    store_u16(vtable + 4 + 2 * (size_t)i, b->slots[i] == 0 ? 0 : table - b->slots[i]);
  lrt_fb_ref shared = find_vtable(b, vtable, size);
  if (shared == 0) {
    uint8_t *at = push(b, size, 2);
    if (at == NULL) return 0;
    memcpy(at, vtable, size);
    shared = here(b);
    if (!remember_vtable(b, shared)) return 0;
  }
  /* Table position minus vtable position, in distances from the end. */
  store_u32(b->block + b->capacity - table, (uint32_t)((int64_t)shared - (int64_t)table));
  return table;
}

lrt_status lrt_fb_finish(lrt_fb_builder *b, lrt_fb_ref root, const char *identifier, const uint8_t **bytes,
                         size_t *size, lrt_error *err) {
  const size_t head = identifier == NULL ? 4 : 8;
  outside_table(b);
  uint8_t *at = push(b, head, b->max_align);
  if (at != NULL) {
    store_u32(at, reference(b, here(b), root));
    if (identifier != NULL) memcpy(at + 4, identifier, 4);
  }
  if (b->status == LRT_OUT_OF_MEMORY) return lrt_alloc_fail(err, b->alloc, b->wanted, b->reason);
  if (b->status != LRT_OK) return lrt_fail(err, b->status, "the flatbuffer cannot be written: %s", b->reason);
  *bytes = at;
  *size = b->used;
  return LRT_OK;
}
