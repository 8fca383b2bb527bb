/* store.c: where models are kept, how they are listed, imported and deleted. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "zoo/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/output.h"
#include "base/sha256.h"
#include "base/source.h"
#include "zoo/manifest.h"

#define NAME_LENGTH 100
#define RECORD_BYTES (1 << 20)

struct lrt_zoo_models {
  lrt_arena arena;
  lrt_zoo_model *models; /* [count] by name */
  size_t count;
};

static bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool lrt_store_is_name(const char *name) {
  const size_t length = strlen(name);
  if (length == 0 || length > NAME_LENGTH || name[0] == '.' || name[0] == '-') return false;
  for (size_t i = 0; i < length; i++)
    if (!is_name_letter(name[i])) return false;
  return true;
}

lrt_status lrt_store_check_name(const char *name, lrt_error *err) {
  if (lrt_store_is_name(name)) return LRT_OK;
  return lrt_fail(err, LRT_INVALID_ARGUMENT,
                  "'%.100s' is no name for a model: letters, digits and . _ - are, up to %d of them", name,
                  NAME_LENGTH);
}

bool lrt_store_is_model_file(const char *name) {
  static const char *const suffixes[] = {".tflite", ".litertlm", ".task", ".gguf"};
  const size_t length = strlen(name);
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    const size_t tail = strlen(suffixes[i]);
    if (length > tail && strcmp(name + length - tail, suffixes[i]) == 0) return true;
  }
  return false;
}

bool lrt_store_suggest_name(const char *path, char *name, size_t size) {
  const size_t length = strcspn(path, "?#");
  size_t begin = length, end = length, used = 0;
  while (begin > 0 && path[begin - 1] != '/') begin--;
  for (size_t i = begin + 1; i < length; i++)
    if (path[i] == '.') end = i;
  while (begin < end && (path[begin] == '.' || path[begin] == '-')) begin++;
  for (; begin < end && used + 1 < size && used < NAME_LENGTH; begin++)
    name[used++] = is_name_letter(path[begin]) ? path[begin] : '-';
  name[used] = 0;
  return lrt_store_is_name(name);
}

lrt_status lrt_store_add_folder(lrt_str *out, const char *name, lrt_error *err) {
  const char *home = lrt_environment("LITERT_HOME"), *cache = lrt_environment("XDG_CACHE_HOME"),
             *user = lrt_environment("HOME");
  if (home != NULL)
    lrt_str_add_text(out, home);
  else if (cache != NULL)
    lrt_str_format(out, "%s/litert", cache);
  else if (user != NULL)
    lrt_str_format(out, "%s/.cache/litert", user);
  else
    return lrt_fail(err, LRT_IO, "no folder for models: set LITERT_HOME");
  lrt_str_add_text(out, "/models");
  if (name[0] != 0) lrt_str_format(out, "/%s", name);
  return lrt_str_check(out, err);
}

lrt_status lrt_store_make_folder(const char *path, lrt_error *err) {
  char part[4096];
  const size_t length = strlen(path);
  if (length >= sizeof part) return lrt_fail(err, LRT_IO, "cannot make %.200s…: the path is too long", path);
  for (size_t i = 1; i <= length; i++) {
    if (path[i] != '/' && path[i] != 0) continue;
    memcpy(part, path, i);
    part[i] = 0;
    if (mkdir(part, 0777) != 0 && errno != EEXIST)
      return lrt_fail(err, LRT_IO, "cannot make the folder %s: %s", part, strerror(errno));
  }
  return LRT_OK;
}

/* ---- records ---- */

static void put_text(lrt_json_writer *json, const char *key, const char *text) {
  lrt_json_key(json, key);
  lrt_json_text(json, text);
}

static void format_record(lrt_str *out, const lrt_zoo_model *model, const char *file) {
  lrt_json_writer json;
  lrt_json_writer_init(&json, out);
  lrt_json_begin_object(&json);
  put_text(&json, "name", model->name);
  put_text(&json, "source", model->source);
  put_text(&json, "file", file);
  put_text(&json, "sha256", model->sha256);
  lrt_json_key(&json, "bytes");
  lrt_json_uint(&json, model->bytes);
  lrt_json_end_object(&json);
  lrt_str_add_text(out, "\n");
}

static lrt_status write_text(const char *path, const lrt_str *text, lrt_error *err) {
  lrt_output *output = NULL;
  LRT_TRY(lrt_str_check(text, err));
  LRT_TRY(lrt_output_create(path, lrt_alloc_default(), &output, err));
  const lrt_status status = lrt_output_write(output, text->text, text->length, err);
  if (status == LRT_OK) return lrt_output_commit(output, err);
  lrt_output_discard(output);
  return status;
}

lrt_status lrt_store_write(const lrt_zoo_model *model, lrt_error *err) {
  lrt_str path, text;
  lrt_str_init(&path, lrt_alloc_default(), 0);
  lrt_str_init(&text, lrt_alloc_default(), 0);
  lrt_status status = lrt_store_add_folder(&path, model->name, err);
  if (status == LRT_OK) {
    const bool inside = strncmp(model->path, path.text, path.length) == 0 && model->path[path.length] == '/';
    format_record(&text, model, inside ? model->path + path.length + 1 : model->path);
    lrt_str_add_text(&path, "/model.json");
    status = lrt_str_check(&path, err);
  }
  if (status == LRT_OK) status = write_text(path.text, &text, err);
  lrt_str_clear(&path);
  lrt_str_clear(&text);
  return status;
}

/* "" where the member is absent or no text. */
static const char *text_of(const lrt_json *record, const char *key) {
  const lrt_json *value = lrt_json_get(record, key);
  return value != NULL && value->kind == LRT_JSON_TEXT ? value->as.text : "";
}

static lrt_status parse_record(const char *folder, const char *name, lrt_source *source, lrt_arena *arena,
                               lrt_zoo_model *out, lrt_error *err) {
  const void *bytes = NULL;
  const lrt_json *record = NULL;
  lrt_error reason;
  const uint64_t length = lrt_source_length(source);
  lrt_status status =
      length > RECORD_BYTES ? LRT_INVALID_MODEL : lrt_source_view(source, 0, length, &bytes, &reason);
  if (status == LRT_OK) status = lrt_json_parse(bytes, (size_t)length, arena, &record, &reason);
  const char *file = text_of(record, "file");
  if (status != LRT_OK || file[0] == 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s/model.json is damaged; delete the model: litert delete %s",
                    folder, name);
  lrt_str path;
  lrt_str_init(&path, arena->alloc, 0);
  lrt_str_format(&path, "%s%s%s", file[0] == '/' ? "" : folder, file[0] == '/' ? "" : "/", file);
  status = lrt_str_check(&path, err);
  const lrt_json *size = lrt_json_get(record, "bytes");
  *out = (lrt_zoo_model){.summary = "",
                         .task = "",
                         .licence = "",
                         .quantization = "",
                         .name = lrt_arena_text(arena, name, strlen(name)),
                         .source = text_of(record, "source"),
                         .path = lrt_arena_text(arena, path.text, path.length),
                         .sha256 = text_of(record, "sha256"),
                         .bytes = size != NULL && size->is_integer ? (uint64_t)size->as.integer : 0};
  lrt_str_clear(&path);
  if (status == LRT_OK && (out->name == NULL || out->path == NULL))
    status = lrt_alloc_fail(err, arena->alloc, 0, "models of the store");
  return status;
}

static bool is_file_of(const char *path, uint64_t bytes) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode) && (uint64_t)info.st_size == bytes;
}

lrt_status lrt_store_read(const char *name, lrt_arena *arena, lrt_zoo_model *out, bool *found,
                          lrt_error *err) {
  lrt_str folder, path;
  lrt_source *source = NULL;
  *found = false;
  lrt_str_init(&folder, arena->alloc, 0);
  lrt_str_init(&path, arena->alloc, 0);
  lrt_status status = lrt_store_add_folder(&folder, name, err);
  lrt_str_format(&path, "%s/model.json", folder.text);
  if (status == LRT_OK) status = lrt_str_check(&path, err);
  if (status == LRT_OK) {
    status = lrt_source_open(path.text, LRT_SOURCE_COPY, arena->alloc, &source, err);
    if (status == LRT_OK) status = parse_record(folder.text, name, source, arena, out, err);
    *found = status == LRT_OK && is_file_of(out->path, out->bytes);
    if (status == LRT_NOT_FOUND) status = LRT_OK;
  }
  lrt_source_destroy(source);
  lrt_str_clear(&folder);
  lrt_str_clear(&path);
  return status;
}

/* ---- the list ---- */

static int by_name(const void *a, const void *b) {
  return strcmp(((const lrt_zoo_model *)a)->name, ((const lrt_zoo_model *)b)->name);
}

static lrt_status add_model(lrt_zoo_models *models, const lrt_zoo_model *model, size_t *room,
                            lrt_error *err) {
  if (models->count == *room) {
    const size_t larger = *room == 0 ? 16 : 2 * *room;
    lrt_zoo_model *moved = lrt_arena_array(&models->arena, larger, sizeof *moved);
    if (moved == NULL) return lrt_alloc_fail(err, models->arena.alloc, 0, "models of the store");
    if (models->count > 0) memcpy(moved, models->models, models->count * sizeof *moved);
    models->models = moved;
    *room = larger;
  }
  models->models[models->count++] = *model;
  return LRT_OK;
}

static lrt_status read_store(lrt_zoo_models *models, size_t *room, lrt_error *err) {
  lrt_str path;
  lrt_str_init(&path, models->arena.alloc, 0);
  lrt_status status = lrt_store_add_folder(&path, "", err);
  DIR *folder = status == LRT_OK ? opendir(path.text) : NULL;
  if (status == LRT_OK && folder == NULL && errno != ENOENT && errno != ENOTDIR)
    status = lrt_fail(err, LRT_IO, "cannot read %s: %s", path.text, strerror(errno));
  for (const struct dirent *entry; status == LRT_OK && folder != NULL && (entry = readdir(folder)) != NULL;) {
    lrt_zoo_model model;
    bool found = false;
    if (!lrt_store_is_name(entry->d_name)) continue;
    status = lrt_store_read(entry->d_name, &models->arena, &model, &found, err);
    if (status == LRT_OK && found) status = add_model(models, &model, room, err);
  }
  if (folder != NULL) closedir(folder);
  lrt_str_clear(&path);
  return status;
}

/* What the manifest says about a model, beside what the store says. */
static void describe(lrt_zoo_model *model, const lrt_manifest_model *from) {
  model->listed = true;
  model->outdated = model->path != NULL && strcmp(model->source, from->parts[0]) != 0;
  model->summary = from->summary;
  model->task = from->task;
  model->licence = from->licence;
  model->quantization = from->quantization != NULL ? from->quantization : "";
  model->download_bytes = from->download_bytes;
}

static lrt_status add_manifest(lrt_zoo_models *models, size_t *room, lrt_error *err) {
  lrt_manifest manifest;
  LRT_TRY(lrt_manifest_read(&models->arena, &manifest, err));
  for (size_t i = 0; i < manifest.count; i++) {
    const lrt_manifest_model *from = &manifest.models[i];
    lrt_zoo_model *model = (lrt_zoo_model *)lrt_zoo_models_find(models, from->name);
    if (model == NULL) {
      const lrt_zoo_model absent = {
          .name = from->name, .source = from->parts[0], .sha256 = from->sha256, .bytes = from->bytes};
      LRT_TRY(add_model(models, &absent, room, err));
      model = &models->models[models->count - 1];
    }
    describe(model, from);
  }
  return LRT_OK;
}

lrt_status lrt_zoo_models_create(lrt_zoo_models **out, lrt_error *err) {
  lrt_alloc *alloc = lrt_alloc_default();
  lrt_zoo_models *models = lrt_alloc_zero(alloc, sizeof *models);
  size_t room = 0;
  *out = NULL;
  if (models == NULL) return lrt_alloc_fail(err, alloc, sizeof *models, "models of the store");
  lrt_arena_init(&models->arena, alloc);
  lrt_status status = read_store(models, &room, err);
  if (status == LRT_OK) status = add_manifest(models, &room, err);
  if (models->count > 0) qsort(models->models, models->count, sizeof *models->models, by_name);
  if (status != LRT_OK) {
    lrt_zoo_models_destroy(models);
    return status;
  }
  *out = models;
  return LRT_OK;
}

void lrt_zoo_models_destroy(lrt_zoo_models *models) {
  if (models == NULL) return;
  lrt_arena_clear(&models->arena);
  lrt_alloc_free(models);
}

size_t lrt_zoo_models_count(const lrt_zoo_models *models) {
  return models->count;
}

const lrt_zoo_model *lrt_zoo_models_at(const lrt_zoo_models *models, size_t index) {
  return index < models->count ? &models->models[index] : NULL;
}

const lrt_zoo_model *lrt_zoo_models_find(const lrt_zoo_models *models, const char *name) {
  for (size_t i = 0; i < models->count; i++)
    if (strcmp(models->models[i].name, name) == 0) return &models->models[i];
  return NULL;
}

/* ---- delete ---- */

/* The record goes first: without it, there is no model, whatever else is left. */
static lrt_status delete_folder(const char *path, uint64_t *freed, lrt_error *err) {
  char file[4096];
  struct stat info;
  DIR *folder = opendir(path);
  if (folder == NULL) return lrt_fail(err, LRT_IO, "cannot read %s: %s", path, strerror(errno));
  snprintf(file, sizeof file, "%s/model.json", path);
  unlink(file);
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >= (int)sizeof file) continue;
    const bool counts = lstat(file, &info) == 0 && S_ISREG(info.st_mode);
    if (unlink(file) == 0 && counts) *freed += (uint64_t)info.st_size;
  }
  closedir(folder);
  if (rmdir(path) == 0) return LRT_OK;
  return lrt_fail(err, LRT_IO, "cannot delete %s: %s", path, strerror(errno));
}

lrt_status lrt_zoo_delete(const char *name, uint64_t *freed, lrt_error *err) {
  uint64_t bytes = 0;
  lrt_str path;
  LRT_TRY(lrt_store_check_name(name, err));
  lrt_str_init(&path, lrt_alloc_default(), 0);
  lrt_status status = lrt_store_add_folder(&path, name, err);
  if (status == LRT_OK)
    status = access(path.text, F_OK) != 0
                 ? lrt_fail(err, LRT_NOT_FOUND, "there is no model %s on this machine; see litert list", name)
                 : delete_folder(path.text, &bytes, err);
  lrt_str_clear(&path);
  if (freed != NULL) *freed = bytes;
  return status;
}

/* ---- import ---- */

static lrt_status copy_bytes(lrt_source *source, lrt_output *output, lrt_sha256 *hash, lrt_error *err) {
  const uint64_t length = lrt_source_length(source), piece = 1 << 24;
  for (uint64_t at = 0; at < length; at += piece) {
    const uint64_t part = length - at < piece ? length - at : piece;
    const void *bytes = NULL;
    LRT_TRY(lrt_source_view(source, at, part, &bytes, err));
    LRT_TRY(lrt_output_write(output, bytes, (size_t)part, err));
    lrt_sha256_add(hash, bytes, (size_t)part);
  }
  return LRT_OK;
}

static lrt_status copy_file(const char *from, const char *to, lrt_zoo_model *model, char digest[65],
                            lrt_error *err) {
  lrt_source *source = NULL;
  lrt_output *output = NULL;
  lrt_sha256 hash;
  lrt_sha256_init(&hash);
  lrt_status status = lrt_source_open(from, LRT_SOURCE_MAP, lrt_alloc_default(), &source, err);
  if (status == LRT_OK) status = lrt_output_create(to, lrt_alloc_default(), &output, err);
  if (status == LRT_OK) status = copy_bytes(source, output, &hash, err);
  if (status == LRT_OK) {
    status = lrt_output_commit(output, err);
    output = NULL;
  }
  if (status == LRT_OK) {
    model->bytes = lrt_source_length(source);
    model->sha256 = lrt_sha256_finish_text(&hash, digest);
  }
  lrt_output_discard(output);
  lrt_source_destroy(source);
  return status;
}

static lrt_status import_named(const char *file, const char *name, lrt_str *path, lrt_error *err) {
  char digest[65];
  const char *slash = strrchr(file, '/');
  lrt_zoo_model model = {.name = name, .source = "import"};
  LRT_TRY(lrt_store_add_folder(path, name, err));
  if (access(path->text, F_OK) == 0)
    return lrt_fail(err, LRT_WRONG_STATE, "there is a model %s already: delete it or give another --name",
                    name);
  if (access(file, F_OK) != 0) return lrt_fail(err, LRT_NOT_FOUND, "there is no file %s", file);
  LRT_TRY(lrt_store_make_folder(path->text, err));
  lrt_str_format(path, "/%s", slash != NULL ? slash + 1 : file);
  LRT_TRY(lrt_str_check(path, err));
  const lrt_status status = copy_file(file, path->text, &model, digest, err);
  if (status != LRT_OK) {
    lrt_zoo_delete(name, NULL, NULL);
    return status;
  }
  model.path = path->text;
  return lrt_store_write(&model, err);
}

lrt_status lrt_zoo_import(const char *file, const char *name, char *path, lrt_error *err) {
  char own[NAME_LENGTH + 1];
  lrt_str place;
  if (name == NULL) {
    lrt_store_suggest_name(file, own, sizeof own);
    name = own;
  }
  LRT_TRY(lrt_store_check_name(name, err));
  lrt_str_init(&place, lrt_alloc_default(), 4095);
  const lrt_status status = import_named(file, name, &place, err);
  if (status == LRT_OK && path != NULL) memcpy(path, place.text, place.length + 1);
  lrt_str_clear(&place);
  return status;
}
