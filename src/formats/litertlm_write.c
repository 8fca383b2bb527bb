/* litertlm_write.c: room for the header, the sections, then the header over its room. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/litertlm_write.h"

#include <string.h>

#include "base/arena.h"
#include "base/fail.h"
#include "formats/flatbuffer_write.h"

#define SECTION_ALIGN 16384
#define PREFIX_SIZE 32

/* Members of a value's union that are written. */
enum { VALUE_F32 = 7, VALUE_STRING = 9, VALUE_I64 = 11 };

typedef struct range {
  uint64_t begin, end;
} range;

/* Where the objects of a header are made; references are kept in the arena. */
typedef struct header {
  lrt_fb_builder b;
  lrt_arena arena;
} header;

static lrt_fb_ref write_value(lrt_fb_builder *b, const lrt_section_item *item, unsigned *member) {
  if (item->text != NULL) {
    const lrt_fb_ref text = lrt_fb_add_text(b, item->text);
    *member = VALUE_STRING;
    lrt_fb_begin_table(b);
    lrt_fb_put_ref(b, 0, text);
    return lrt_fb_end_table(b);
  }
  const bool whole = item->number >= -9007199254740992.0 && item->number <= 9007199254740992.0 &&
                     (double)(int64_t)item->number == item->number;
  const int64_t integer = whole ? (int64_t)item->number : 0;
  const float real = (float)item->number;
  *member = whole ? VALUE_I64 : VALUE_F32;
  return whole ? lrt_fb_add_struct(b, &integer, sizeof integer, 8)
               : lrt_fb_add_struct(b, &real, sizeof real, 4);
}

static lrt_fb_ref write_pair(lrt_fb_builder *b, const lrt_section_item *item) {
  unsigned member = 0;
  const lrt_fb_ref key = lrt_fb_add_text(b, item->key), value = write_value(b, item, &member);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, key);
  lrt_fb_put_union(b, 1, member, value);
  return lrt_fb_end_table(b);
}

/* 0 when memory is refused. */
static lrt_fb_ref write_pairs(header *h, const lrt_section_item *items, size_t count) {
  lrt_fb_ref *pairs = lrt_arena_array(&h->arena, count + 1, sizeof *pairs);
  if (pairs == NULL) return 0;
  for (size_t i = 0; i < count; i++) pairs[i] = write_pair(&h->b, &items[i]);
  return lrt_fb_add_references(&h->b, pairs, count);
}

static lrt_fb_ref write_object(header *h, const lrt_bundle_part *part, range where) {
  const lrt_fb_ref items = part->item_count > 0 ? write_pairs(h, part->items, part->item_count) : 0;
  lrt_fb_begin_table(&h->b);
  lrt_fb_put_ref(&h->b, 0, items);
  lrt_fb_put_integer(&h->b, 1, LRT_FB_U64, (int64_t)where.begin, 0);
  lrt_fb_put_integer(&h->b, 2, LRT_FB_U64, (int64_t)where.end, 0);
  lrt_fb_put_integer(&h->b, 3, LRT_FB_U8, part->kind, 0);
  return lrt_fb_end_table(&h->b);
}

/* A table whose only fields are references. */
static lrt_fb_ref write_holder(lrt_fb_builder *b, lrt_fb_ref first, lrt_fb_ref second) {
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, first);
  lrt_fb_put_ref(b, 1, second);
  return lrt_fb_end_table(b);
}

/* Builds the header for sections at `where`: [part_count]. *bytes belongs to h->b. */
static lrt_status build_header(header *h, const lrt_bundle_part *parts, size_t part_count, const range *where,
                               const lrt_section_item *items, size_t item_count, const uint8_t **bytes,
                               size_t *size, lrt_error *err) {
  lrt_fb_ref *objects = lrt_arena_array(&h->arena, part_count + 1, sizeof *objects);
  if (objects == NULL) return lrt_alloc_fail(err, h->arena.alloc, 0, "the header of a bundle");
  for (size_t i = 0; i < part_count; i++) objects[i] = write_object(h, &parts[i], where[i]);
  const lrt_fb_ref sections = write_holder(&h->b, lrt_fb_add_references(&h->b, objects, part_count), 0);
  const lrt_fb_ref system = write_holder(&h->b, write_pairs(h, items, item_count), 0);
  return lrt_fb_finish(&h->b, write_holder(&h->b, system, sections), NULL, bytes, size, err);
}

static void put_little(uint8_t *at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> 8 * i);
}

/* Builds the header twice: with made-up places to learn its length, which no place changes as long as it is not 0, then
 * with the true ones. */
static lrt_status header_length(const lrt_bundle_part *parts, size_t part_count, const range *made_up,
                                const lrt_section_item *items, size_t item_count, lrt_alloc *alloc,
                                size_t *size, lrt_error *err) {
  header h;
  const uint8_t *bytes = NULL;
  lrt_fb_builder_init(&h.b, alloc);
  lrt_arena_init(&h.arena, alloc);
  const lrt_status status =
      build_header(&h, parts, part_count, made_up, items, item_count, &bytes, size, err);
  lrt_fb_builder_clear(&h.b);
  lrt_arena_clear(&h.arena);
  return status;
}

static lrt_status patch_header(lrt_output *output, const lrt_bundle_part *parts, size_t part_count,
                               const range *where, const lrt_section_item *items, size_t item_count,
                               lrt_alloc *alloc, lrt_error *err) {
  header h;
  uint8_t prefix[PREFIX_SIZE] = {'L', 'I', 'T', 'E', 'R', 'T', 'L', 'M', 1, 0, 0, 0, 7};
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_fb_builder_init(&h.b, alloc);
  lrt_arena_init(&h.arena, alloc);
  lrt_status status = build_header(&h, parts, part_count, where, items, item_count, &bytes, &size, err);
  if (status == LRT_OK) {
    put_little(prefix + 24, PREFIX_SIZE + size, 8);
    status = lrt_output_patch(output, 0, prefix, sizeof prefix, err);
  }
  if (status == LRT_OK) status = lrt_output_patch(output, PREFIX_SIZE, bytes, size, err);
  lrt_fb_builder_clear(&h.b);
  lrt_arena_clear(&h.arena);
  return status;
}

static lrt_status write_part(const lrt_bundle_part *part, lrt_output *output, range *where, lrt_error *err) {
  LRT_TRY(lrt_output_pad(output, SECTION_ALIGN, err));
  where->begin = lrt_output_length(output);
  LRT_TRY(part->write != NULL ? part->write(part->cookie, output, err)
                              : lrt_output_write(output, part->bytes, (size_t)part->length, err));
  where->end = lrt_output_length(output);
  return LRT_OK;
}

lrt_status lrt_litertlm_write(lrt_output *output, const lrt_bundle_part *parts, size_t part_count,
                              const lrt_section_item *items, size_t item_count, lrt_alloc *alloc,
                              lrt_error *err) {
  size_t size = 0;
  range *where = lrt_alloc_array(alloc, part_count + 1, sizeof *where);
  if (where == NULL) return lrt_alloc_fail(err, alloc, 0, "the sections of a bundle");
  for (size_t i = 0; i < part_count; i++) where[i] = (range){1, 1};
  lrt_status status = header_length(parts, part_count, where, items, item_count, alloc, &size, err);
  /* One byte, so that padding reaches the first section; then up to the end of the header. */
  for (uint64_t room = 0; status == LRT_OK && room < PREFIX_SIZE + size; room = lrt_output_length(output)) {
    status = lrt_output_write(output, "", 1, err);
    if (status == LRT_OK) status = lrt_output_pad(output, SECTION_ALIGN, err);
  }
  for (size_t i = 0; status == LRT_OK && i < part_count; i++)
    status = write_part(&parts[i], output, &where[i], err);
  if (status == LRT_OK)
    status = patch_header(output, parts, part_count, where, items, item_count, alloc, err);
  lrt_alloc_free(where);
  return status;
}
