/* task_sections.c: zip entries as bundle sections. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/task_sections.h"

#include <string.h>

#include "base/fail.h"
#include "formats/file_kind.h"
#include "formats/zip.h"

static lrt_section_kind kind_by_name(const char *name) {
  static const struct {
    const char *name;
    lrt_section_kind kind;
  } known[] = {{"TF_LITE_PREFILL_DECODE", LRT_SECTION_TFLITE},
               {"TOKENIZER_MODEL", LRT_SECTION_SENTENCEPIECE},
               {"METADATA", LRT_SECTION_LLM_METADATA}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(known[i].name, name) == 0) return known[i].kind;
  return LRT_SECTION_GENERIC;
}

static lrt_status read_section(lrt_source *source, const lrt_zip_entry *entry, lrt_section *section,
                               lrt_error *err) {
  const size_t head = entry->size < LRT_FILE_KIND_BYTES ? (size_t)entry->size : LRT_FILE_KIND_BYTES;
  const void *view = NULL;
  section->name = entry->name;
  section->kind = kind_by_name(entry->name);
  section->offset = entry->offset;
  section->length = entry->size;
  if (section->kind != LRT_SECTION_GENERIC || head == 0) return LRT_OK;
  LRT_TRY(lrt_source_view(source, entry->offset, head, &view, err));
  if (lrt_file_kind_of(view, head, entry->size) == LRT_FILE_TFLITE) section->kind = LRT_SECTION_TFLITE;
  return LRT_OK;
}

lrt_status lrt_task_read_sections(lrt_source *source, lrt_arena *arena, lrt_bundle *out, lrt_error *err) {
  lrt_zip zip;
  memset(out, 0, sizeof *out);
  LRT_TRY(lrt_zip_open(source, arena, &zip, err));
  lrt_section *sections = lrt_arena_array(arena, zip.count, sizeof *sections);
  if (sections == NULL)
    return lrt_alloc_fail(err, arena->alloc, zip.count * sizeof *sections, "the sections of a bundle");
  for (size_t i = 0; i < zip.count; i++) {
    const lrt_zip_entry *entry = &zip.entries[i];
    if (entry->method != LRT_ZIP_STORED || entry->encrypted) continue;
    LRT_TRY(read_section(source, entry, &sections[out->count], err));
    out->count++;
  }
  out->sections = sections;
  return LRT_OK;
}
