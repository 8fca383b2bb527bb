/* manifest.c: JSON to records; every member is checked, so that the rest of the room can rely on them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "zoo/manifest.h"

#include <string.h>

#include "base/environment.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/source.h"
#include "zoo/store.h"

/* What reading one model needs. */
typedef struct reader {
  lrt_arena *arena;
  const lrt_json *object;
  const char *name; /* of the model, for messages */
  lrt_error *err;
} reader;

static lrt_status lacks(const reader *r, const char *key, const char *what) {
  return lrt_fail(r->err, LRT_INVALID_MODEL, "manifest of models, %s: \"%s\" must be %s", r->name, key, what);
}

static lrt_status read_text(const reader *r, const char *key, bool needed, const char **out) {
  const lrt_json *value = lrt_json_get(r->object, key);
  *out = NULL;
  if (value == NULL && !needed) return LRT_OK;
  if (value == NULL || value->kind != LRT_JSON_TEXT || value->length == 0) return lacks(r, key, "a text");
  *out = value->as.text;
  return LRT_OK;
}

static lrt_status read_bytes(const reader *r, const char *key, uint64_t *out) {
  const lrt_json *value = lrt_json_get(r->object, key);
  if (value == NULL || value->kind != LRT_JSON_NUMBER || !value->is_integer || value->as.integer <= 0)
    return lacks(r, key, "a number of bytes");
  *out = (uint64_t)value->as.integer;
  return LRT_OK;
}

/* A file of the model's own folder. */
static lrt_status check_file(const reader *r, const char *key, const char *file) {
  if (file == NULL || lrt_store_is_name(file)) return LRT_OK;
  return lacks(r, key, "a file name without folder");
}

static lrt_status read_parts(const reader *r, lrt_manifest_model *model) {
  const lrt_json *parts = lrt_json_get(r->object, "parts");
  size_t count = 0;
  if (parts == NULL || parts->kind != LRT_JSON_ARRAY || parts->length == 0)
    return lacks(r, "parts", "a list of sources");
  const char **texts = lrt_arena_array(r->arena, parts->length, sizeof *texts);
  if (texts == NULL) return lrt_alloc_fail(r->err, r->arena->alloc, 0, "the manifest of models");
  for (const lrt_json *part = parts->as.first; part != NULL; part = part->next) {
    if (part->kind != LRT_JSON_TEXT || part->length == 0) return lacks(r, "parts", "a list of sources");
    texts[count++] = part->as.text;
  }
  model->parts = texts;
  model->part_count = count;
  return LRT_OK;
}

static lrt_status read_model(reader *r, lrt_manifest_model *model) {
  r->name = "a model";
  LRT_TRY(read_text(r, "name", true, &model->name));
  if (!lrt_store_is_name(model->name)) return lacks(r, "name", "a name of letters, digits and . _ -");
  r->name = model->name;
  LRT_TRY(read_text(r, "summary", true, &model->summary));
  LRT_TRY(read_text(r, "task", true, &model->task));
  LRT_TRY(read_text(r, "licence", true, &model->licence));
  LRT_TRY(read_text(r, "quantization", false, &model->quantization));
  LRT_TRY(read_text(r, "file", true, &model->file));
  LRT_TRY(check_file(r, "file", model->file));
  LRT_TRY(read_text(r, "sha256", true, &model->sha256));
  if (!lrt_sha256_is_text(model->sha256)) return lacks(r, "sha256", "64 hexadecimal digits");
  LRT_TRY(read_text(r, "convert", false, &model->convert));
  LRT_TRY(check_file(r, "convert", model->convert));
  LRT_TRY(read_bytes(r, "bytes", &model->bytes));
  LRT_TRY(read_bytes(r, "download_bytes", &model->download_bytes));
  return read_parts(r, model);
}

lrt_status lrt_manifest_parse(const char *text, size_t length, lrt_arena *arena, lrt_manifest *out,
                              lrt_error *err) {
  const lrt_json *root = NULL;
  reader r = {.arena = arena, .err = err};
  LRT_TRY(lrt_json_parse(text, length, arena, &root, err));
  const lrt_json *schema = lrt_json_get(root, "schema"), *list = lrt_json_get(root, "models");
  if (lrt_json_number(schema, 0) != 1)
    return lrt_fail(err, LRT_UNSUPPORTED, "manifest of models: only schema 1 is known");
  if (list == NULL || list->kind != LRT_JSON_ARRAY)
    return lrt_fail(err, LRT_INVALID_MODEL, "manifest of models: \"models\" must be a list");
  lrt_manifest_model *models = lrt_arena_array(arena, list->length + 1, sizeof *models);
  if (models == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "the manifest of models");
  *out = (lrt_manifest){.models = models};
  for (r.object = list->as.first; r.object != NULL; r.object = r.object->next) {
    LRT_TRY(read_model(&r, &models[out->count]));
    if (lrt_manifest_find(out, models[out->count].name) != NULL)
      return lrt_fail(err, LRT_INVALID_MODEL, "manifest of models: two are called %s", r.name);
    out->count++;
  }
  return LRT_OK;
}

lrt_status lrt_manifest_read(lrt_arena *arena, lrt_manifest *out, lrt_error *err) {
  const char *path = lrt_environment("LITERT_ZOO");
  lrt_source *source = NULL;
  const void *bytes = NULL;
  if (path == NULL)
    return lrt_manifest_parse((const char *)lrt_zoo_manifest_bytes, lrt_zoo_manifest_length, arena, out, err);
  LRT_TRY(lrt_source_open(path, LRT_SOURCE_COPY, arena->alloc, &source, err));
  const uint64_t length = lrt_source_length(source);
  lrt_status status = lrt_source_view(source, 0, length, &bytes, err);
  if (status == LRT_OK) status = lrt_manifest_parse(bytes, (size_t)length, arena, out, err);
  lrt_source_destroy(source);
  return status;
}

const lrt_manifest_model *lrt_manifest_find(const lrt_manifest *manifest, const char *name) {
  for (size_t i = 0; i < manifest->count; i++)
    if (strcmp(manifest->models[i].name, name) == 0) return &manifest->models[i];
  return NULL;
}
