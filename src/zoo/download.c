/* download.c: a source named by the user becomes a file at a path or a model of the store. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/sha256.h"
#include "zoo/fetch.h"
#include "zoo/store.h"

static bool is_url(const char *source) {
  return strncmp(source, "http://", 7) == 0 || strncmp(source, "https://", 8) == 0;
}

/* The last part of a URL's path as a file name of the store. */
static lrt_status file_name_of(const char *url, char *name, size_t size, lrt_error *err) {
  const char *path = strstr(url, "://") + 3;
  const size_t length = strcspn(path, "?#");
  size_t begin = length;
  while (begin > 0 && path[begin - 1] != '/') begin--;
  if (begin == 0 || begin == length || path[begin] == '.' || length - begin >= size)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "%s names no file", url);
  memcpy(name, path + begin, length - begin);
  name[length - begin] = 0;
  return LRT_OK;
}

static lrt_status fetch_to(const lrt_zoo_request *request, const lrt_zoo_transfer *transfer,
                           lrt_zoo_result *result, lrt_error *err) {
  lrt_fetch_report report;
  const lrt_fetch_request fetch = {
      .url = request->source, .sha256 = request->sha256, .replace = request->replace};
  LRT_TRY(lrt_fetch_file(&fetch, result->path, transfer, &report, err));
  result->bytes = report.bytes;
  result->resumed = report.resumed;
  result->present = report.present;
  memcpy(result->sha256, report.sha256, sizeof result->sha256);
  return LRT_OK;
}

static lrt_status keep_path(lrt_zoo_result *result, const char *path, lrt_error *err) {
  if (snprintf(result->path, sizeof result->path, "%s", path) < (int)sizeof result->path) return LRT_OK;
  return lrt_fail(err, LRT_INVALID_ARGUMENT, "the path %.100s… is too long", path);
}

static bool is_recorded(const char *name) {
  lrt_arena arena;
  lrt_zoo_model model;
  bool found = false;
  lrt_arena_init(&arena, lrt_alloc_default());
  const lrt_status status = lrt_store_read(name, &arena, &model, &found, NULL);
  lrt_arena_clear(&arena);
  return status == LRT_OK && found;
}

static lrt_status download_into_store(const lrt_zoo_request *request, const lrt_zoo_transfer *transfer,
                                      lrt_zoo_result *result, lrt_error *err) {
  char file[256], name[128];
  lrt_str folder;
  LRT_TRY(file_name_of(request->source, file, sizeof file, err));
  lrt_store_suggest_name(file, name, sizeof name);
  const char *chosen = request->name != NULL ? request->name : name;
  LRT_TRY(lrt_store_check_name(chosen, err));
  lrt_str_init(&folder, lrt_alloc_default(), 0);
  lrt_status status = lrt_store_add_folder(&folder, chosen, err);
  if (status == LRT_OK) status = lrt_store_make_folder(folder.text, err);
  lrt_str_format(&folder, "/%s", file);
  if (status == LRT_OK) status = lrt_str_check(&folder, err);
  if (status == LRT_OK) status = keep_path(result, folder.text, err);
  if (status == LRT_OK) status = fetch_to(request, transfer, result, err);
  lrt_str_clear(&folder);
  /* A file without record was renamed, and so verified, by a call that was killed before it wrote the record. */
  if (status != LRT_OK || (result->present && is_recorded(chosen))) return status;
  const lrt_zoo_model model = {chosen, request->source, result->path, result->sha256, result->bytes};
  return lrt_store_write(&model, err);
}

lrt_status lrt_zoo_download(const lrt_zoo_request *request, const lrt_zoo_transfer *transfer,
                            lrt_zoo_result *result, lrt_error *err) {
  memset(result, 0, sizeof *result);
  if (request->sha256 != NULL && !lrt_sha256_is_text(request->sha256))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "'%s' is no SHA-256: that has 64 hexadecimal digits",
                    request->sha256);
  if (!is_url(request->source))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "'%s' is no source: http:// or https:// begins one",
                    request->source);
  if (request->path == NULL) return download_into_store(request, transfer, result, err);
  LRT_TRY(keep_path(result, request->path, err));
  return fetch_to(request, transfer, result, err);
}
