/* cli_zoo.c: looks names up, says what is about to be downloaded, downloads it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_zoo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "cli_flags.h"
#include "cli_progress.h"
#include "cli_table.h"

#define MOST_NAMES 1000

/* "-" is standard input, and a name has no slash; anything that exists is a path. */
static bool may_be_name(const char *word) {
  return word[0] != 0 && word[0] != '-' && strchr(word, '/') == NULL && access(word, F_OK) != 0;
}

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool cli_zoo_is_language(const char *word) {
  lrt_zoo_models *models = NULL;
  if (!may_be_name(word) || lrt_zoo_models_create(&models, NULL) != LRT_OK) return false;
  const lrt_zoo_model *model = lrt_zoo_models_find(models, word);
  const bool found = model != NULL && (strcmp(model->task, "language-model") == 0 ||
                                       (model->path != NULL && ends_with(model->path, ".litertlm")));
  lrt_zoo_models_destroy(models);
  return found;
}

bool cli_zoo_find_here(const char *word, char *path, size_t size) {
  lrt_zoo_models *models = NULL;
  if (!may_be_name(word) || lrt_zoo_models_create(&models, NULL) != LRT_OK) return false;
  const lrt_zoo_model *model = lrt_zoo_models_find(models, word);
  const bool found = model != NULL && model->path != NULL && strlen(model->path) < size;
  if (found) memcpy(path, model->path, strlen(model->path) + 1);
  lrt_zoo_models_destroy(models);
  return found;
}

static void announce(const lrt_zoo_model *model) {
  char size[CLI_TEXT_BYTES];
  fprintf(stderr, "%s is not on this machine: downloading %s from %s (licence: %s)\n", model->name,
          cli_bytes_text(model->download_bytes, size), model->source, model->licence);
}

static lrt_status download(cli *c, const lrt_zoo_model *model, char *path) {
  lrt_zoo_transfer transfer;
  lrt_zoo_result result;
  cli_progress progress;
  if (c->no_download)
    return lrt_fail(&c->error, LRT_NOT_FOUND,
                    "the model %s is not on this machine, and --no-download forbids to fetch it",
                    model->name);
  const lrt_zoo_request request = {.source = model->name};
  lrt_zoo_transfer_init(&transfer);
  cli_progress_attach(&progress, &transfer);
  announce(model);
  const lrt_status status = lrt_zoo_download(&request, &transfer, &result, &c->error);
  cli_progress_end(&progress);
  if (status == LRT_OK) memcpy(path, result.path, sizeof result.path);
  return status;
}

static lrt_status resolve(cli *c, const lrt_zoo_model *model, char *path) {
  if (model->path == NULL) return download(c, model, path);
  const size_t length = strlen(model->path);
  if (length >= sizeof c->models[0])
    return lrt_fail(&c->error, LRT_IO, "the path of the model %s is too long", model->name);
  memcpy(path, model->path, length + 1);
  return LRT_OK;
}

lrt_status cli_zoo_resolve(cli *c, char *path, const char **operand) {
  lrt_zoo_models *models = NULL;
  if (!may_be_name(*operand)) return LRT_OK;
  LRT_TRY(lrt_zoo_models_create(&models, &c->error));
  const lrt_zoo_model *model = lrt_zoo_models_find(models, *operand);
  const lrt_status status = model != NULL ? resolve(c, model, path) : LRT_OK;
  if (status == LRT_OK && model != NULL) *operand = path;
  lrt_zoo_models_destroy(models);
  return status;
}

lrt_status cli_zoo_find(cli *c, const lrt_zoo_models *models, const char *name, const lrt_zoo_model **out) {
  const char *names[MOST_NAMES];
  int count = 0;
  *out = lrt_zoo_models_find(models, name);
  if (*out != NULL) return LRT_OK;
  for (size_t i = 0; count < MOST_NAMES && i < lrt_zoo_models_count(models); i++)
    names[count++] = lrt_zoo_models_at(models, i)->name;
  const char *near = cli_nearest(name, names, count);
  if (near != NULL)
    return lrt_fail(&c->error, LRT_NOT_FOUND, "there is no model '%s'; did you mean '%s'?", name, near);
  return lrt_fail(&c->error, LRT_NOT_FOUND, "there is no model '%s'; see litert list --remote", name);
}
