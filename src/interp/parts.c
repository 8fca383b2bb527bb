/* parts.c: the public list of a model file's parts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "litert/parts.h"

#include <string.h>

#include "base/fail.h"
#include "interp/model_object.h"
#include "model/file_parts.h"

struct lrt_parts {
  lrt_model *model;
  lrt_arena arena;
  lrt_file_parts list;
};

lrt_status lrt_parts_create(lrt_model *model, lrt_parts **out, lrt_error *err) {
  if (model == NULL || out == NULL)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a list of parts needs a model");
  lrt_parts *parts = lrt_alloc_zero(model->alloc, sizeof *parts);
  if (parts == NULL) return lrt_alloc_fail(err, model->alloc, sizeof *parts, "the list of parts");
  parts->model = lrt_model_retain(model);
  lrt_arena_init(&parts->arena, model->alloc);
  const lrt_status status = lrt_file_parts_list(model->file, &parts->arena, &parts->list, err);
  if (status != LRT_OK) {
    lrt_parts_destroy(parts);
    return status;
  }
  *out = parts;
  return LRT_OK;
}

void lrt_parts_destroy(lrt_parts *parts) {
  if (parts == NULL) return;
  lrt_model *model = parts->model;
  lrt_arena_clear(&parts->arena);
  lrt_alloc_free(parts);
  lrt_model_destroy(model);
}

int32_t lrt_parts_count(const lrt_parts *parts) {
  return parts->list.count < INT32_MAX ? (int32_t)parts->list.count : INT32_MAX;
}

lrt_status lrt_parts_info(const lrt_parts *parts, int32_t index, lrt_part_info *out) {
  if (index < 0 || index >= lrt_parts_count(parts)) return LRT_NOT_FOUND;
  const lrt_file_part *part = &parts->list.parts[index];
  out->name = part->name;
  out->kind = part->kind;
  out->bytes = part->bytes;
  return LRT_OK;
}

int32_t lrt_parts_find(const lrt_parts *parts, const char *name) {
  for (int32_t i = 0; i < lrt_parts_count(parts); i++)
    if (strcmp(parts->list.parts[i].name, name) == 0) return i;
  return -1;
}

lrt_status lrt_parts_read(const lrt_parts *parts, int32_t index, void *out, lrt_error *err) {
  if (index < 0 || index >= lrt_parts_count(parts))
    return lrt_fail(err, LRT_NOT_FOUND, "%s has no part %d", lrt_model_name(parts->model), (int)index);
  return lrt_file_parts_read(parts->model->file, &parts->list, (size_t)index, out, err);
}

lrt_status lrt_parts_open_model(const lrt_parts *parts, int32_t index, const lrt_model_options *options,
                                lrt_model **out, lrt_error *err) {
  lrt_source *section = NULL;
  if (index < 0 || index >= lrt_parts_count(parts))
    return lrt_fail(err, LRT_NOT_FOUND, "%s has no part %d", lrt_model_name(parts->model), (int)index);
  if (parts->list.zip != NULL)
    return lrt_fail(err, LRT_UNSUPPORTED, "part %d of %s is no section of a bundle", (int)index,
                    lrt_model_name(parts->model));
  const lrt_file_part *part = &parts->list.parts[index];
  LRT_TRY(lrt_source_slice(parts->model->file, part->offset, part->bytes, &section, err));
  return lrt_model_take_source(section, options, out, err);
}
