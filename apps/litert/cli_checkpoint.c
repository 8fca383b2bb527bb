/* cli_checkpoint.c: the cache of converted checkpoints, one file for each state of a source. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_checkpoint.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/fail.h"
#include "cli_file.h"
#include "cli_table.h"
#include "cli_zoo.h"
#include "formats/file_kind.h"
#include "litert/convert.h"

static bool is_gguf(const char *path) {
  uint8_t head[LRT_FILE_KIND_BYTES];
  struct stat about;
  if (stat(path, &about) != 0 || !S_ISREG(about.st_mode)) return false;
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  const size_t got = fread(head, 1, sizeof head, file);
  fclose(file);
  return lrt_file_kind_of(head, got, (uint64_t)about.st_size) == LRT_FILE_GGUF;
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t hash(uint64_t state, const void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) state = (state ^ ((const uint8_t *)bytes)[i]) * UINT64_C(1099511628211);
  return state;
}

/* Changes when the file does, and with the version that converts it. */
static uint64_t state_of(const char *real, const struct stat *about) {
  const uint64_t numbers[4] = {(uint64_t)about->st_size, (uint64_t)about->st_ino,
                               (uint64_t)about->st_mtim.tv_sec, (uint64_t)about->st_mtim.tv_nsec};
  const uint64_t named = hash(UINT64_C(14695981039346656037), real, strlen(real));
  return hash(hash(named, numbers, sizeof numbers), LRT_VERSION, sizeof LRT_VERSION);
}

static lrt_status cache_folder(cli *c, lrt_str *out) {
  const char *cache = lrt_environment("XDG_CACHE_HOME"), *home = lrt_environment("HOME");
  if (cache != NULL && cache[0] == '/')
    lrt_str_format(out, "%s/litert/converted/", cache);
  else if (home != NULL && home[0] == '/')
    lrt_str_format(out, "%s/.cache/litert/converted/", home);
  else
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT,
                    "there is no cache for a converted model: neither XDG_CACHE_HOME nor HOME is set; use "
                    "litert convert");
  return lrt_str_check(out, &c->error);
}

/* CACHE/NAME-STATE.litertlm */
static lrt_status bundle_path(cli *c, const char *source, lrt_str *out) {
  struct stat about;
  char real[PATH_MAX];
  if (realpath(source, real) == NULL || stat(real, &about) != 0)
    return lrt_fail(&c->error, LRT_IO, "%s: %s", source, strerror(errno));
  LRT_TRY(cache_folder(c, out));
  lrt_str_format(out, "%.80s-%016llx.litertlm", strrchr(real, '/') + 1,
                 (unsigned long long)state_of(real, &about));
  return lrt_str_check(out, &c->error);
}

static lrt_status convert(cli *c, const char *source, lrt_str *path) {
  char from[CLI_TEXT_BYTES], to[CLI_TEXT_BYTES];
  lrt_convert_report report;
  const double began = lrt_clock_seconds();
  cli_file_make_folders_above(path->text, 0777);
  LRT_TRY(lrt_convert_llm(source, path->text, NULL, &report, &c->error));
  fprintf(stderr, "litert: converted %s (%s, %s) to %s (%s, %s) in %.1f s; litert convert has choices\n",
          source, report.architecture, cli_bytes_text(report.source_bytes, from), path->text, report.recipe,
          cli_bytes_text(report.bytes, to), lrt_clock_seconds() - began);
  return LRT_OK;
}

static lrt_status replace(cli *c, char **operand, bool may_convert, char **made) {
  lrt_str path;
  if (!may_convert)
    return lrt_fail(&c->error, LRT_UNSUPPORTED, "%s is a GGUF model, which --no-convert forbids to convert",
                    *operand);
  lrt_str_init(&path, lrt_alloc_default(), 0);
  lrt_status status = bundle_path(c, *operand, &path);
  if (status == LRT_OK && access(path.text, R_OK) != 0) status = convert(c, *operand, &path);
  if (status != LRT_OK) {
    lrt_str_clear(&path);
    return status;
  }
  *operand = *made = lrt_str_take(&path);
  return LRT_OK;
}

/* Takes the flag out of the words; whether it was there. */
static bool take_flag(int *argc, char **argv) {
  int kept = 1;
  for (int i = 1; i < *argc; i++)
    if (strcmp(argv[i], "--no-convert") != 0 && strcmp(argv[i], "--no_convert") != 0) argv[kept++] = argv[i];
  const bool found = kept < *argc;
  *argc = kept;
  argv[kept] = NULL;
  return found;
}

lrt_status cli_checkpoint_replace(cli *c, int *argc, char **argv, char **made) {
  const bool may_convert = !take_flag(argc, argv);
  for (int i = 1, count = 0; i < *argc; i++) {
    if (cli_zoo_find_here(argv[i], c->models[0], sizeof c->models[0]) && is_gguf(c->models[0]))
      argv[i] = c->models[0]; /* only until it is replaced */
    if (argv[i][0] != '-' && is_gguf(argv[i])) LRT_TRY(replace(c, &argv[i], may_convert, &made[count++]));
  }
  return LRT_OK;
}
