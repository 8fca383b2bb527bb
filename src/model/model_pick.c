/* model_pick.c: .tflite files as they are, bundles by their section tables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model_pick.h"

#include "base/fail.h"
#include "formats/file_kind.h"
#include "formats/litertlm_sections.h"
#include "formats/task_sections.h"

typedef lrt_status (*section_reader)(lrt_source *source, lrt_arena *arena, lrt_bundle *out, lrt_error *err);

/* The language model of a bundle goes before its helpers (embedder, vision encoder …). */
static const lrt_section *main_section(const lrt_bundle *bundle) {
  const lrt_section *section = lrt_bundle_find(bundle, LRT_SECTION_TFLITE, "tf_lite_prefill_decode");
  if (section == NULL) section = lrt_bundle_find(bundle, LRT_SECTION_TFLITE, "TF_LITE_PREFILL_DECODE");
  return section != NULL ? section : lrt_bundle_find(bundle, LRT_SECTION_TFLITE, NULL);
}

static lrt_status pick_section(lrt_source *file, section_reader read, lrt_alloc *alloc, lrt_source **out,
                               lrt_error *err) {
  lrt_arena arena;
  lrt_bundle bundle = {0};
  lrt_arena_init(&arena, alloc);
  lrt_status status = read(file, &arena, &bundle, err);
  if (status == LRT_OK) {
    const lrt_section *section = main_section(&bundle);
    if (section == NULL)
      status = lrt_fail(err, LRT_INVALID_MODEL, "%s holds no .tflite model", lrt_source_name(file));
    else
      status = lrt_source_slice(file, section->offset, section->length, out, err);
  }
  lrt_arena_clear(&arena);
  return status;
}

lrt_status lrt_model_pick(lrt_source *file, lrt_alloc *alloc, lrt_source **out, lrt_error *err) {
  const uint64_t length = lrt_source_length(file);
  const uint64_t seen = length < LRT_FILE_KIND_BYTES ? length : LRT_FILE_KIND_BYTES;
  const void *head = NULL;
  if (length == 0) return lrt_fail(err, LRT_INVALID_MODEL, "%s is empty", lrt_source_name(file));
  LRT_TRY(lrt_source_view(file, 0, seen, &head, err));
  const lrt_file_kind kind = lrt_file_kind_of(head, (size_t)seen, length);
  switch (kind) {
  case LRT_FILE_TFLITE: *out = lrt_source_retain(file); return LRT_OK;
  case LRT_FILE_LITERTLM: return pick_section(file, lrt_litertlm_read_sections, alloc, out, err);
  case LRT_FILE_ZIP: return pick_section(file, lrt_task_read_sections, alloc, out, err);
  default: break;
  }
  return lrt_fail(err, LRT_INVALID_MODEL, "%s is not a model that can be run: it is %s",
                  lrt_source_name(file), lrt_file_kind_text(kind));
}
