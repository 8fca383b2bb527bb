/* zip.c: central directory walk (zip64 tolerant), entry decompression with CRC check. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/zip.h"

#include <string.h>

#include "base/fail.h"
#include "formats/inflate.h"

#define END_SIZE 22u
#define END64_SIZE 56u
#define LOCATOR64_SIZE 20u
#define ENTRY_SIZE 46u
#define LOCAL_SIZE 30u
#define MAX_COMMENT 65535u
/* No deflate stream grows data by more than this factor. */
#define MAX_RATIO 1032u

static uint32_t u16_at(const uint8_t *p) {
  return (uint32_t)(p[0] | p[1] << 8);
}

static uint32_t u32_at(const uint8_t *p) {
  return u16_at(p) | u16_at(p + 2) << 16;
}

static uint64_t u64_at(const uint8_t *p) {
  return u32_at(p) | (uint64_t)u32_at(p + 4) << 32;
}

/* Where the central directory stands, as the archive says and as it is. */
typedef struct directory {
  uint64_t entries, size, stated_offset, offset;
} directory;

static lrt_status find_end(lrt_source *source, uint64_t *end_at, const uint8_t **end, lrt_error *err) {
  const uint64_t length = lrt_source_length(source);
  const uint64_t tail = length < END_SIZE + MAX_COMMENT ? length : END_SIZE + MAX_COMMENT;
  const void *view;
  if (length < END_SIZE)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s is too short for a zip", lrt_source_name(source));
  LRT_TRY(lrt_source_view(source, length - tail, tail, &view, err));
  const uint8_t *bytes = view;
  for (uint64_t back = END_SIZE; back <= tail; back++) {
    const uint8_t *at = bytes + (tail - back);
    if (memcmp(at, "PK\5\6", 4) == 0 && END_SIZE + u16_at(at + 20) <= back) {
      *end_at = length - back;
      *end = at;
      return LRT_OK;
    }
  }
  return lrt_fail(err, LRT_INVALID_MODEL, "%s has no zip directory", lrt_source_name(source));
}

/* The 64-bit end record, if there is one, replaces the numbers of the short one. */
static lrt_status read_end64(lrt_source *source, uint64_t *end_at, directory *d, lrt_error *err) {
  const void *view;
  if (*end_at < LOCATOR64_SIZE + END64_SIZE) return LRT_OK;
  LRT_TRY(lrt_source_view(source, *end_at - LOCATOR64_SIZE, LOCATOR64_SIZE, &view, err));
  if (memcmp(view, "PK\6\7", 4) != 0) return LRT_OK;
  /* The locator's own offset ignores data in front of the archive; the record stands just before it. */
  const uint64_t at = *end_at - LOCATOR64_SIZE - END64_SIZE;
  LRT_TRY(lrt_source_view(source, at, END64_SIZE, &view, err));
  const uint8_t *end = view;
  if (memcmp(end, "PK\6\6", 4) != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s has a damaged zip64 end record at byte %llu",
                    lrt_source_name(source), (unsigned long long)at);
  d->entries = u64_at(end + 32);
  d->size = u64_at(end + 40);
  d->stated_offset = u64_at(end + 48);
  *end_at = at;
  return LRT_OK;
}

static lrt_status find_directory(lrt_source *source, directory *d, lrt_error *err) {
  uint64_t end_at = 0;
  const uint8_t *end = NULL;
  LRT_TRY(find_end(source, &end_at, &end, err));
  d->entries = u16_at(end + 10);
  d->size = u32_at(end + 12);
  d->stated_offset = u32_at(end + 16);
  LRT_TRY(read_end64(source, &end_at, d, err));
  if (d->size > end_at || d->stated_offset > end_at - d->size || d->entries > d->size / ENTRY_SIZE)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s has a zip directory that leaves the file",
                    lrt_source_name(source));
  d->offset = end_at - d->size;
  return LRT_OK;
}

/* The zip64 extra field holds those numbers that did not fit 32 bits, in this order. */
static bool read_extra64(const uint8_t *extra, size_t length, lrt_zip_entry *entry, uint64_t *local) {
  uint64_t *const numbers[3] = {&entry->size, &entry->compressed, local};
  while (length >= 4) {
    const uint32_t id = u16_at(extra), size = u16_at(extra + 2);
    if (size > length - 4) return false;
    if (id == 1) {
      const uint8_t *at = extra + 4, *end = at + size;
      for (int i = 0; i < 3; i++) {
        if (*numbers[i] != UINT32_MAX) continue;
        if (end - at < 8) return false;
        *numbers[i] = u64_at(at);
        at += 8;
      }
      return true;
    }
    extra += 4 + size;
    length -= 4 + size;
  }
  return true;
}

static lrt_status bad_entry(const lrt_zip *zip, const lrt_zip_entry *entry, const char *what,
                            lrt_error *err) {
  return lrt_fail(err, LRT_INVALID_MODEL, "%s: zip entry \"%.100s\" %s", lrt_source_name(zip->source),
                  entry->name, what);
}

/* Finds the data behind the local header at `local`. */
static lrt_status locate_data(const lrt_zip *zip, lrt_zip_entry *entry, uint64_t local, lrt_error *err) {
  const uint64_t length = lrt_source_length(zip->source);
  const void *view;
  if (local > length || length - local < LOCAL_SIZE)
    return bad_entry(zip, entry, "starts outside the file", err);
  LRT_TRY(lrt_source_view(zip->source, local, LOCAL_SIZE, &view, err));
  const uint8_t *head = view;
  if (memcmp(head, "PK\3\4", 4) != 0)
    return bad_entry(zip, entry, "has no header where the directory says", err);
  entry->offset = local + LOCAL_SIZE + u16_at(head + 26) + u16_at(head + 28);
  if (entry->offset > length || entry->compressed > length - entry->offset)
    return bad_entry(zip, entry, "leaves the file", err);
  if (entry->method == LRT_ZIP_STORED && entry->size != entry->compressed)
    return bad_entry(zip, entry, "is stored but has two sizes", err);
  if (entry->size / MAX_RATIO > entry->compressed)
    return bad_entry(zip, entry, "states an impossible size", err);
  return LRT_OK;
}

/* One directory entry at `at`, which has `left` bytes; *used says how many it took. */
static lrt_status read_entry(const lrt_zip *zip, lrt_arena *arena, const uint8_t *at, size_t left,
                             uint64_t shift, lrt_zip_entry *entry, size_t *used, lrt_error *err) {
  if (left < ENTRY_SIZE || memcmp(at, "PK\1\2", 4) != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s has a damaged zip directory", lrt_source_name(zip->source));
  const size_t name = u16_at(at + 28), extra = u16_at(at + 30);
  *used = ENTRY_SIZE + name + extra + u16_at(at + 32);
  if (*used > left)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s has a zip directory that is cut off",
                    lrt_source_name(zip->source));
  entry->name = lrt_arena_text(arena, (const char *)at + ENTRY_SIZE, name);
  if (entry->name == NULL) return lrt_alloc_fail(err, arena->alloc, name + 1, "the names of a zip");
  entry->encrypted = (u16_at(at + 8) & 1) != 0;
  entry->method = (uint16_t)u16_at(at + 10);
  entry->crc = u32_at(at + 16);
  entry->compressed = u32_at(at + 20);
  entry->size = u32_at(at + 24);
  uint64_t local = u32_at(at + 42);
  if (!read_extra64(at + ENTRY_SIZE + name, extra, entry, &local))
    return bad_entry(zip, entry, "has a damaged extra field", err);
  if (local > UINT64_MAX - shift) return bad_entry(zip, entry, "starts outside the file", err);
  return locate_data(zip, entry, local + shift, err);
}

lrt_status lrt_zip_open(lrt_source *source, lrt_arena *arena, lrt_zip *out, lrt_error *err) {
  directory d = {0, 0, 0, 0};
  const void *view = NULL;
  LRT_TRY(find_directory(source, &d, err));
  /* entries is bounded by the size of the directory in the file. */
  lrt_zip_entry *entries = lrt_arena_array(arena, (size_t)d.entries, sizeof *entries);
  if (entries == NULL)
    return lrt_alloc_fail(err, arena->alloc, d.entries * sizeof *entries, "the directory of a zip");
  out->source = source;
  out->entries = entries;
  out->count = (size_t)d.entries;
  LRT_TRY(lrt_source_view(source, d.offset, d.size, &view, err));
  const uint8_t *at = view;
  size_t left = (size_t)d.size, used = 0;
  for (size_t i = 0; i < out->count; i++, at += used, left -= used)
    LRT_TRY(read_entry(out, arena, at, left, d.offset - d.stated_offset, &entries[i], &used, err));
  return LRT_OK;
}

const lrt_zip_entry *lrt_zip_find(const lrt_zip *zip, const char *name) {
  for (size_t i = 0; i < zip->count; i++)
    if (strcmp(zip->entries[i].name, name) == 0) return &zip->entries[i];
  return NULL;
}

/* CRC-32 of zip, four bits at a time. */
static uint32_t crc32_of(const uint8_t *bytes, size_t length) {
  static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                     0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                     0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < length; i++) {
    crc = table[(crc ^ bytes[i]) & 15] ^ crc >> 4;
    crc = table[(crc ^ bytes[i] >> 4) & 15] ^ crc >> 4;
  }
  return ~crc;
}

lrt_status lrt_zip_read(const lrt_zip *zip, const lrt_zip_entry *entry, uint8_t *out, lrt_error *err) {
  const void *view;
  lrt_inflate_result result = {0, 0};
  if (entry->encrypted || (entry->method != LRT_ZIP_STORED && entry->method != LRT_ZIP_DEFLATED))
    return lrt_fail(err, LRT_UNSUPPORTED, "%s: zip entry \"%.100s\" is %s", lrt_source_name(zip->source),
                    entry->name,
                    entry->encrypted ? "encrypted" : "compressed by a method other than deflate");
  LRT_TRY(lrt_source_view(zip->source, entry->offset, entry->compressed, &view, err));
  if (entry->method == LRT_ZIP_STORED) {
    if (entry->size > 0) memcpy(out, view, (size_t)entry->size);
  } else {
    LRT_TRY(lrt_inflate_raw(view, (size_t)entry->compressed, out, (size_t)entry->size, &result, err));
    if (result.written != entry->size)
      return bad_entry(zip, entry, "is shorter than the directory says", err);
  }
  if (crc32_of(out, (size_t)entry->size) != entry->crc)
    return bad_entry(zip, entry, "has a wrong checksum", err);
  return LRT_OK;
}
