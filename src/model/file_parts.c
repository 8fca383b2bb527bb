/* file_parts.c: lists the zip entries behind a .tflite file and the sections of bundles. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/file_parts.h"

#include <string.h>

#include "base/fail.h"
#include "formats/file_kind.h"
#include "formats/litertlm_sections.h"
#include "formats/task_sections.h"
#include "formats/zip.h"

/* An archive ends with its directory's end record: 22 bytes and a comment. Associated files come without a comment,
 * so the signature stands at a known place, and a file without one has no archive. */
#define ZIP_END_BYTES 22

static lrt_status has_archive(lrt_source *file, bool *out, lrt_error *err) {
  const uint64_t length = lrt_source_length(file);
  const void *end = NULL;
  *out = false;
  if (length < ZIP_END_BYTES) return LRT_OK;
  LRT_TRY(lrt_source_view(file, length - ZIP_END_BYTES, ZIP_END_BYTES, &end, err));
  *out = memcmp(end, "PK\5\6", 4) == 0;
  return LRT_OK;
}

static lrt_status make_parts(lrt_arena *arena, size_t count, lrt_file_part **parts, lrt_file_parts *out,
                             lrt_error *err) {
  *parts = lrt_arena_array(arena, count, sizeof **parts);
  if (*parts == NULL) return lrt_alloc_fail(err, arena->alloc, count * sizeof **parts, "the list of parts");
  out->parts = *parts;
  out->count = count;
  return LRT_OK;
}

static lrt_status list_archive(lrt_source *file, lrt_arena *arena, lrt_file_parts *out, lrt_error *err) {
  lrt_zip *zip = lrt_arena_get(arena, sizeof *zip);
  lrt_file_part *parts;
  bool present = false;
  LRT_TRY(has_archive(file, &present, err));
  if (!present) return LRT_OK;
  if (zip == NULL) return lrt_alloc_fail(err, arena->alloc, sizeof *zip, "the list of parts");
  LRT_TRY(lrt_zip_open(file, arena, zip, err));
  LRT_TRY(make_parts(arena, zip->count, &parts, out, err));
  out->zip = zip;
  for (size_t i = 0; i < zip->count; i++) {
    parts[i].name = zip->entries[i].name;
    parts[i].kind = "file";
    parts[i].bytes = zip->entries[i].size;
  }
  return LRT_OK;
}

static lrt_status list_sections(const lrt_bundle *bundle, lrt_arena *arena, lrt_file_parts *out,
                                lrt_error *err) {
  lrt_file_part *parts;
  LRT_TRY(make_parts(arena, bundle->count, &parts, out, err));
  for (size_t i = 0; i < bundle->count; i++) {
    const lrt_section *section = &bundle->sections[i];
    parts[i].name = section->name;
    parts[i].kind = lrt_section_kind_name(section->kind);
    parts[i].offset = section->offset;
    parts[i].bytes = section->length;
  }
  return LRT_OK;
}

lrt_status lrt_file_parts_list(lrt_source *file, lrt_arena *arena, lrt_file_parts *out, lrt_error *err) {
  const uint64_t length = lrt_source_length(file);
  const uint64_t seen = length < LRT_FILE_KIND_BYTES ? length : LRT_FILE_KIND_BYTES;
  const void *head = NULL;
  lrt_bundle bundle = {0};
  memset(out, 0, sizeof *out);
  if (length == 0) return LRT_OK;
  LRT_TRY(lrt_source_view(file, 0, seen, &head, err));
  switch (lrt_file_kind_of(head, (size_t)seen, length)) {
  case LRT_FILE_TFLITE: return list_archive(file, arena, out, err);
  case LRT_FILE_LITERTLM: LRT_TRY(lrt_litertlm_read_sections(file, arena, &bundle, err)); break;
  case LRT_FILE_ZIP: LRT_TRY(lrt_task_read_sections(file, arena, &bundle, err)); break;
  default: return LRT_OK;
  }
  return list_sections(&bundle, arena, out, err);
}

lrt_status lrt_file_parts_read(lrt_source *file, const lrt_file_parts *parts, size_t index, uint8_t *out,
                               lrt_error *err) {
  const lrt_file_part *part = &parts->parts[index];
  const void *bytes = NULL;
  if (parts->zip != NULL) return lrt_zip_read(parts->zip, &parts->zip->entries[index], out, err);
  LRT_TRY(lrt_source_view(file, part->offset, part->bytes, &bytes, err));
  if (part->bytes > 0) memcpy(out, bytes, (size_t)part->bytes);
  return LRT_OK;
}
