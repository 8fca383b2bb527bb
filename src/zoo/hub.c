/* hub.c: which file of a repository is meant, what it must be, and where the cache keeps it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "zoo/hub.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/distance.h"
#include "base/environment.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/output.h"
#include "base/sha256.h"
#include "base/source.h"
#include "zoo/fetch.h"
#include "zoo/part_file.h"
#include "zoo/store.h"

#define PREFIX "hf:"
#define LIST_BYTES (32 << 20)
#define NEAREST 3

/* One file of the repository, as the hub's list has it. */
typedef struct hub_file {
  const char *name;   /* with folders */
  const char *sha256; /* of files in large-file storage; NULL = not known */
  const char *blob;   /* name in the cache */
  uint64_t bytes;
} hub_file;

/* One call; all texts live in the arena. */
typedef struct hub {
  lrt_arena arena;
  const lrt_zoo_transfer *transfer;
  lrt_error *err;
  const char *source, *repo, *file, *revision; /* file "" = not named */
  const char *endpoint, *cache, *token, *gate;
  const char *commit;
  hub_file *files; /* [count] */
  size_t count;
} hub;

bool lrt_hub_is_source(const char *source) {
  return strncmp(source, PREFIX, strlen(PREFIX)) == 0;
}

/* NULL where there is no memory, or the text is too long: no_text says so. */
__attribute__((format(printf, 2, 3))) static const char *print(hub *h, const char *format, ...) {
  char text[8192];
  va_list list;
  va_start(list, format);
  const int length = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  if (length < 0 || length >= (int)sizeof text) return NULL;
  return lrt_arena_text(&h->arena, text, (size_t)length);
}

static lrt_status no_text(hub *h) {
  return lrt_fail(h->err, LRT_OUT_OF_MEMORY, "%s: no memory for its paths, or they are too long", h->source);
}

/* ---- the source ---- */

/* Names come from users and from servers, and become paths: no empty part, none that begins with a dot. */
static bool is_plain_path(const char *path) {
  if (path[0] == 0) return false;
  for (const char *part = path;; part++) {
    const size_t length = strcspn(part, "/");
    if (length == 0 || (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.')))) return false;
    for (size_t i = 0; i < length; i++)
      if ((unsigned char)part[i] < 32 || part[i] == '\\') return false;
    part += length;
    if (*part == 0) return true;
  }
}

static lrt_status read_source(hub *h) {
  const char *text = h->source + strlen(PREFIX), *at = strrchr(text, '@');
  const size_t length = at != NULL ? (size_t)(at - text) : strlen(text);
  const char *whole = lrt_arena_text(&h->arena, text, length);
  if (whole == NULL) return no_text(h);
  const char *slash = strchr(whole, '/'), *second = slash != NULL ? strchr(slash + 1, '/') : NULL;
  h->revision = at != NULL ? at + 1 : "main";
  h->file = second != NULL ? second + 1 : "";
  h->repo = second != NULL ? lrt_arena_text(&h->arena, whole, (size_t)(second - whole)) : whole;
  if (h->repo == NULL) return no_text(h);
  if (slash == NULL || !is_plain_path(h->repo) || !is_plain_path(h->revision) ||
      strstr(h->repo, "--") != NULL || (second != NULL && !is_plain_path(h->file)))
    return lrt_fail(h->err, LRT_INVALID_ARGUMENT,
                    "'%s' is no file of a hub: hf:org/repo[/file][@revision] is one", h->source);
  return LRT_OK;
}

/* ---- the environment ---- */

static const char *hub_home(hub *h) {
  const char *home = lrt_environment("HF_HOME"), *cache = lrt_environment("XDG_CACHE_HOME"),
             *user = lrt_environment("HOME");
  if (home != NULL) return home;
  if (cache != NULL) return print(h, "%s/huggingface", cache);
  return user != NULL ? print(h, "%s/.cache/huggingface", user) : NULL;
}

/* The first line of the file that `hf auth login` writes. */
static const char *read_token(hub *h, const char *home) {
  char line[1000];
  const char *path = lrt_environment("HF_TOKEN_PATH"), *token = lrt_environment("HF_TOKEN");
  if (token != NULL) return token;
  if (path == NULL && home != NULL) path = print(h, "%s/token", home);
  FILE *file = path != NULL ? fopen(path, "re") : NULL;
  if (file == NULL) return NULL;
  const bool got = fgets(line, sizeof line, file) != NULL;
  fclose(file);
  if (!got) return NULL;
  line[strcspn(line, " \r\n")] = 0;
  return line[0] != 0 ? lrt_arena_text(&h->arena, line, strlen(line)) : NULL;
}

static lrt_status read_environment(hub *h) {
  const char *endpoint = lrt_environment("HF_ENDPOINT"), *cache = lrt_environment("HF_HUB_CACHE"),
             *home = hub_home(h);
  if (endpoint == NULL) endpoint = "https://huggingface.co";
  size_t length = strlen(endpoint);
  while (length > 0 && endpoint[length - 1] == '/') length--;
  h->endpoint = lrt_arena_text(&h->arena, endpoint, length);
  if (cache == NULL) cache = lrt_environment("HUGGINGFACE_HUB_CACHE");
  if (cache == NULL && home != NULL) cache = print(h, "%s/hub", home);
  if (cache == NULL) return lrt_fail(h->err, LRT_IO, "no folder for files of hubs: set HF_HOME");
  const char *slash = strchr(h->repo, '/');
  h->cache = print(h, "%s/models--%.*s--%s", cache, (int)(slash - h->repo), h->repo, slash + 1);
  h->token = read_token(h, home);
  h->gate = print(
      h, "the model may be gated: accept its licence at %s/%s and set HF_TOKEN to a token of that account",
      h->endpoint, h->repo);
  return h->endpoint != NULL && h->cache != NULL && h->gate != NULL ? LRT_OK : no_text(h);
}

/* ---- the hub's list ---- */

/* A path in a URL: what has a meaning there is written as %XX; a slash stays one where `keep_slash`. */
static const char *escape(hub *h, const char *path, bool keep_slash) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  char *out = lrt_arena_get(&h->arena, 3 * strlen(path) + 1);
  if (out == NULL) return NULL;
  char *to = out;
  for (const char *from = path; *from != 0; from++) {
    if (strchr(plain, *from) != NULL || (*from == '/' && keep_slash)) {
      *to++ = *from;
    } else {
      *to++ = '%';
      *to++ = "0123456789ABCDEF"[(unsigned char)*from >> 4];
      *to++ = "0123456789ABCDEF"[*from & 15];
    }
  }
  *to = 0;
  return out;
}

static bool is_hexadecimal(const char *text, size_t least) {
  const size_t length = strlen(text);
  return length >= least && length <= 64 && strspn(text, "0123456789abcdef") == length;
}

static const char *text_of(const lrt_json *object, const char *key) {
  const lrt_json *value = lrt_json_get(object, key);
  return value != NULL && value->kind == LRT_JSON_TEXT && strlen(value->as.text) == value->length
             ? value->as.text
             : "";
}

/* False where the entry has no name that could be a path, or no blob. */
static bool read_file(const lrt_json *entry, hub_file *out) {
  const lrt_json *lfs = lrt_json_get(entry, "lfs"), *size = lrt_json_get(entry, "size");
  const char *sha256 = text_of(lfs, "sha256"), *name = text_of(entry, "rfilename");
  out->name = name;
  out->sha256 = lrt_sha256_is_text(sha256) && is_hexadecimal(sha256, 64) ? sha256 : NULL;
  out->blob = out->sha256 != NULL ? out->sha256 : text_of(entry, "blobId");
  out->bytes = size != NULL && size->is_integer && size->as.integer > 0 ? (uint64_t)size->as.integer : 0;
  return is_plain_path(name) && is_hexadecimal(out->blob, 40);
}

static lrt_status parse_list(hub *h, const lrt_str *text) {
  const lrt_json *root = NULL;
  lrt_error reason;
  if (lrt_json_parse(text->text, text->length, &h->arena, &root, &reason) != LRT_OK)
    return lrt_fail(h->err, LRT_IO, "%s: the hub's list of files is no JSON: %.200s", h->source,
                    reason.message);
  const lrt_json *list = lrt_json_get(root, "siblings");
  h->commit = text_of(root, "sha");
  if (!is_hexadecimal(h->commit, 40) || list == NULL || list->kind != LRT_JSON_ARRAY)
    return lrt_fail(h->err, LRT_IO, "%s: the hub's answer has no list of files", h->source);
  h->files = lrt_arena_array(&h->arena, list->length + 1, sizeof *h->files);
  if (h->files == NULL) return no_text(h);
  for (const lrt_json *entry = list->as.first; entry != NULL; entry = entry->next)
    if (read_file(entry, &h->files[h->count])) h->count++;
  return LRT_OK;
}

static lrt_status fetch_list(hub *h) {
  lrt_str text;
  const char *revision = escape(h, h->revision, false), *repo = escape(h, h->repo, true);
  if (revision == NULL || repo == NULL) return no_text(h);
  const lrt_fetch_request request = {
      .url = print(h, "%s/api/models/%s/revision/%s?blobs=true", h->endpoint, repo, revision),
      .what = h->source,
      .token = h->token,
      .gate = h->gate};
  if (request.url == NULL) return no_text(h);
  lrt_str_init(&text, h->arena.alloc, LIST_BYTES);
  lrt_status status = lrt_fetch_text(&request, h->transfer, &text, h->err);
  if (status == LRT_OK) status = parse_list(h, &text);
  lrt_str_clear(&text);
  return status;
}

/* ---- the choice ---- */

static bool ends_with(const char *text, const char *end) {
  const size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* How likely a file is what somebody means who names none; 0 = no model. */
static int rank_of(const char *name) {
  if (ends_with(name, ".litertlm")) return 3;
  if (ends_with(name, ".task")) return 2;
  return ends_with(name, ".tflite") ? 1 : 0;
}

static const hub_file *find_file(const hub *h, const char *name) {
  for (size_t i = 0; i < h->count; i++)
    if (strcmp(h->files[i].name, name) == 0) return &h->files[i];
  return NULL;
}

/* Old documents name bundles ….tflite or ….task. */
static const hub_file *find_renamed(hub *h) {
  const char *dot = strrchr(h->file, '.');
  if (dot == NULL || (strcmp(dot, ".tflite") != 0 && strcmp(dot, ".task") != 0)) return NULL;
  const char *name = print(h, "%.*s.litertlm", (int)(dot - h->file), h->file);
  return name != NULL ? find_file(h, name) : NULL;
}

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

/* The names most like the one asked for, as a text. */
static const char *nearest_names(hub *h) {
  const char *text = "";
  bool *taken = lrt_arena_array(&h->arena, h->count + 1, sizeof *taken);
  for (int n = 0; taken != NULL && text != NULL && n < NEAREST; n++) {
    size_t best = h->count, least = 0;
    for (size_t i = 0; i < h->count; i++) {
      const size_t d = lrt_distance(last_part(h->file), last_part(h->files[i].name));
      if (taken[i] || (best < h->count && d >= least)) continue;
      best = i;
      least = d;
    }
    if (best == h->count) break;
    taken[best] = true;
    text = print(h, "%s%s%s", text, n > 0 ? ", " : "", h->files[best].name);
  }
  return text != NULL ? text : "";
}

static lrt_status choose_model(hub *h, const hub_file **out) {
  const char *names = "";
  int best = 0, found = 0;
  for (size_t i = 0; i < h->count; i++) {
    const int rank = rank_of(h->files[i].name);
    if (rank == 0 || rank < best) continue;
    found = rank > best ? 1 : found + 1;
    names = rank > best ? h->files[i].name : print(h, "%.400s, %s", names, h->files[i].name);
    if (names == NULL) return no_text(h);
    best = rank;
    *out = &h->files[i];
  }
  if (found == 1) return LRT_OK;
  if (found == 0)
    return lrt_fail(h->err, LRT_NOT_FOUND, "%s: the repository has no model that runs here", h->source);
  return lrt_fail(h->err, LRT_INVALID_ARGUMENT, "%s: name one of its %d models behind a slash: %s", h->source,
                  found, names);
}

static lrt_status choose_file(hub *h, const hub_file **out) {
  if (h->file[0] == 0) return choose_model(h, out);
  *out = find_file(h, h->file);
  if (*out == NULL) *out = find_renamed(h);
  if (*out != NULL) return LRT_OK;
  return lrt_fail(h->err, LRT_NOT_FOUND, "%s: the repository has no file %s; the nearest names are %s",
                  h->source, h->file, nearest_names(h));
}

/* ---- the cache ---- */

static lrt_status write_file(const char *path, const char *text, lrt_error *err) {
  lrt_output *output = NULL;
  LRT_TRY(lrt_output_create(path, lrt_alloc_default(), &output, err));
  const lrt_status status = lrt_output_write(output, text, strlen(text), err);
  if (status == LRT_OK) return lrt_output_commit(output, err);
  lrt_output_discard(output);
  return status;
}

static lrt_status make_parent(hub *h, const char *path) {
  const char *folder = lrt_arena_text(&h->arena, path, (size_t)(last_part(path) - path - 1));
  return folder != NULL ? lrt_store_make_folder(folder, h->err) : no_text(h);
}

/* snapshots/COMMIT/a/b -> ../../../blobs/BLOB; one made meanwhile by another program is as good. */
static lrt_status link_snapshot(hub *h, const hub_file *file, const char *snapshot) {
  const char *target = print(h, "../../blobs/%s", file->blob);
  for (const char *c = file->name; *c != 0 && target != NULL; c++)
    if (*c == '/') target = print(h, "../%s", target);
  if (target == NULL) return no_text(h);
  LRT_TRY(make_parent(h, snapshot));
  if (access(snapshot, F_OK) != 0) unlink(snapshot); /* a link to nothing */
  if (symlink(target, snapshot) == 0 || errno == EEXIST) return LRT_OK;
  return lrt_fail(h->err, LRT_IO, "cannot make the link %s: %s", snapshot, strerror(errno));
}

/* refs/REVISION holds the commit that a branch or tag stood for. */
static lrt_status write_reference(hub *h) {
  if (strcmp(h->revision, h->commit) == 0) return LRT_OK;
  const char *path = print(h, "%s/refs/%s", h->cache, h->revision);
  if (path == NULL) return no_text(h);
  LRT_TRY(make_parent(h, path));
  return write_file(path, h->commit, h->err);
}

static lrt_status set_path(hub *h, lrt_zoo_result *result, const char *path) {
  if (path == NULL) return no_text(h);
  const size_t length = strlen(path);
  if (length >= sizeof result->path) return no_text(h);
  memcpy(result->path, path, length + 1);
  return LRT_OK;
}

static lrt_status fetch_file(hub *h, const hub_file *file, const char *path, bool replace,
                             lrt_zoo_result *result) {
  lrt_fetch_report report;
  const char *repo = escape(h, h->repo, true), *name = escape(h, file->name, true);
  if (repo == NULL || name == NULL) return no_text(h);
  const lrt_fetch_request request = {.url =
                                         print(h, "%s/%s/resolve/%s/%s", h->endpoint, repo, h->commit, name),
                                     .what = h->source,
                                     .token = h->token,
                                     .gate = h->gate,
                                     .sha256 = file->sha256,
                                     .bytes = file->bytes,
                                     .replace = replace};
  if (request.url == NULL) return no_text(h);
  LRT_TRY(lrt_fetch_file(&request, path, h->transfer, &report, h->err));
  result->bytes = report.bytes;
  result->resumed = report.resumed;
  result->present = report.present;
  memcpy(result->sha256, report.sha256, sizeof report.sha256);
  return LRT_OK;
}

static lrt_status fetch_into_cache(hub *h, const hub_file *file, bool replace, lrt_zoo_result *result) {
  const char *blob = print(h, "%s/blobs/%s", h->cache, file->blob);
  const char *snapshot = print(h, "%s/snapshots/%s/%s", h->cache, h->commit, file->name);
  if (blob == NULL || snapshot == NULL) return no_text(h);
  LRT_TRY(set_path(h, result, snapshot));
  LRT_TRY(make_parent(h, blob));
  LRT_TRY(fetch_file(h, file, blob, replace, result));
  LRT_TRY(link_snapshot(h, file, snapshot));
  return write_reference(h);
}

/* ---- offline ---- */

static const char *cached_commit(hub *h) {
  char line[100] = "";
  const char *path = print(h, "%s/refs/%s", h->cache, h->revision);
  FILE *file = path != NULL ? fopen(path, "re") : NULL;
  if (file == NULL) return h->revision; /* perhaps it is a commit */
  if (fgets(line, sizeof line, file) == NULL) line[0] = 0;
  fclose(file);
  line[strcspn(line, "\r\n")] = 0;
  return is_hexadecimal(line, 40) ? lrt_arena_text(&h->arena, line, strlen(line)) : h->revision;
}

/* Files of the snapshot's own folder; those in folders below are found by name. */
static lrt_status list_snapshot(hub *h, const char *folder) {
  DIR *list = opendir(folder);
  size_t room = 0;
  if (list == NULL) return LRT_OK;
  while (readdir(list) != NULL) room++;
  rewinddir(list);
  h->files = lrt_arena_array(&h->arena, room + 1, sizeof *h->files);
  for (const struct dirent *entry; h->files != NULL && h->count < room && (entry = readdir(list)) != NULL;) {
    const char *name = lrt_arena_text(&h->arena, entry->d_name, strlen(entry->d_name));
    if (name != NULL && name[0] != '.') h->files[h->count++].name = name;
  }
  closedir(list);
  return h->files != NULL ? LRT_OK : no_text(h);
}

static lrt_status take_cached(hub *h, lrt_zoo_result *result) {
  const char *commit = cached_commit(h);
  const char *folder = commit != NULL ? print(h, "%s/snapshots/%s", h->cache, commit) : NULL;
  const hub_file *file = NULL;
  if (folder == NULL) return no_text(h);
  const char *path = print(h, "%s/%s", folder, h->file);
  if (h->file[0] == 0 || path == NULL || access(path, F_OK) != 0) {
    LRT_TRY(list_snapshot(h, folder));
    if (h->count == 0)
      return lrt_fail(h->err, LRT_NOT_FOUND,
                      "%s is not in the cache %s, and offline mode allows no connection", h->source,
                      h->cache);
    LRT_TRY(choose_file(h, &file));
    path = print(h, "%s/%s", folder, file->name);
  }
  LRT_TRY(set_path(h, result, path));
  result->present = lrt_part_file_is_present(path, 0, &result->bytes);
  return result->present ? LRT_OK : lrt_fail(h->err, LRT_NOT_FOUND, "%s: %s is no file", h->source, path);
}

static lrt_status get(hub *h, const char *path, bool replace, lrt_zoo_result *result) {
  const hub_file *file = NULL;
  LRT_TRY(read_source(h));
  LRT_TRY(read_environment(h));
  if (h->transfer->offline && path == NULL) return take_cached(h, result);
  LRT_TRY(fetch_list(h));
  LRT_TRY(choose_file(h, &file));
  if (path == NULL) return fetch_into_cache(h, file, replace, result);
  LRT_TRY(set_path(h, result, path));
  return fetch_file(h, file, path, replace, result);
}

lrt_status lrt_hub_get(const char *source, const char *path, bool replace, const lrt_zoo_transfer *transfer,
                       lrt_zoo_result *result, lrt_error *err) {
  hub h = {.source = source, .transfer = transfer, .err = err};
  lrt_arena_init(&h.arena, lrt_alloc_default());
  const lrt_status status = get(&h, path, replace, result);
  lrt_arena_clear(&h.arena);
  return status;
}
