/* weights_cache.c: reads, verifies and writes files of packed weights. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/weights_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpu.h"
#include "base/fail.h"
#include "base/fingerprint.h"
#include "base/log.h"
#include "base/output.h"
#include "litert/version.h"
#include "runtime/weights_identity.h"

#define MAGIC 0x31534b4341505254u /* "TRPACKS1"; another byte order gives another number */
#define LAYOUT_BYTES 32
#define MOST_ENTRIES (1u << 20)

/* The file: a header, the packed forms at multiples of 64, the table of entries sorted by key. Numbers are those of the
 * machine that wrote it. */
typedef struct header {
  uint64_t magic;
  uint64_t version; /* of the packing and of the library */
  uint64_t levels;  /* instruction sets that kernels were picked from */
  lrt_weights_identity model;
  uint64_t table, entries;   /* offset and number */
  uint64_t bytes;            /* of the file */
  uint64_t table_hash, hash; /* of the table; of all before this number */
} header;

typedef struct entry {
  int64_t tensor; /* whose constant is packed, see lrt_weights_tensor */
  int64_t numbers[4];
  char layout[LAYOUT_BYTES];
  uint64_t bytes, offset, hash;
} entry;

#define KEY_BYTES offsetof(entry, offset)

struct lrt_weights_cache {
  lrt_alloc *alloc;
  lrt_arena arena;
  char *path;
  lrt_weights *weights;
  lrt_weights_tensors tensors;
  header expected; /* version, levels and model of a file that fits */
  /* The file as it was opened; NULL where there is none or it does not fit. */
  lrt_source *file;
  const char *contents;
  const entry *table;
  uint64_t entries;
  lrt_source_policy policy;
  pthread_mutex_t lock; /* of what follows; taken before the store's lock when both are */
  lrt_weights_cache_state state;
  uint64_t saved; /* packed forms made when the file was written last */
  char reason[sizeof(((lrt_error *)0)->message)];
  atomic_bool damaged; /* an entry's bytes are not those that were written */
};

static int by_key(const void *a, const void *b) {
  return memcmp(a, b, KEY_BYTES);
}

/* The key as the file has it; false for what no tensor of the file holds, or a name too long. */
static bool make_entry(const lrt_weights_cache *cache, const lrt_weights_key *key, size_t bytes, entry *out) {
  memset(out, 0, sizeof *out);
  out->tensor = lrt_weights_tensor(&cache->tensors, key->data);
  if (out->tensor < 0 || strlen(key->layout) >= LAYOUT_BYTES) return false;
  memcpy(out->numbers, key->numbers, sizeof out->numbers);
  memcpy(out->layout, key->layout, strlen(key->layout));
  out->bytes = bytes;
  return true;
}

/* Bytes are verified when they are asked for: what is not used is not read. */
static const void *find(void *cookie, const lrt_weights_key *key, size_t bytes) {
  lrt_weights_cache *cache = cookie;
  entry wanted;
  if (cache->entries == 0 || !make_entry(cache, key, bytes, &wanted)) return NULL;
  const entry *found = bsearch(&wanted, cache->table, cache->entries, sizeof wanted, by_key);
  if (found == NULL) return NULL;
  const char *data = cache->contents + found->offset;
  if ((uintptr_t)data % LRT_ALLOC_ALIGN != 0) return NULL;
  if (lrt_fingerprint64(data, bytes) == found->hash) return data;
  if (!atomic_exchange(&cache->damaged, true))
    lrt_log(LRT_LOG_WARN, "runtime", "weight_cache_damaged", "path=\"%s\" effect=packed_again", cache->path);
  return NULL;
}

/* ---- reading ---- */

/* Packed forms do not share bytes: entries that did would make the file grow without end when it is written anew. */
static bool entries_fit(const lrt_weights_cache *cache, const header *h) {
  uint64_t room = h->table - sizeof *h;
  for (uint64_t i = 0; i < cache->entries; i++) {
    const entry *e = &cache->table[i];
    if (e->offset % LRT_ALLOC_ALIGN != 0 || e->offset < sizeof *h || e->offset > h->table ||
        e->bytes > h->table - e->offset || e->bytes > room || (i > 0 && by_key(e - 1, e) >= 0))
      return false;
    room -= e->bytes;
  }
  return true;
}

/* What is wrong with the file's bytes, or USED. */
static lrt_weights_cache_state verify(lrt_weights_cache *cache, uint64_t length) {
  const header *h = (const header *)(const void *)cache->contents;
  if (lrt_fingerprint64(h, offsetof(header, hash)) != h->hash || h->bytes != length)
    return LRT_WEIGHTS_CACHE_DAMAGED;
  if (memcmp(h, &cache->expected, offsetof(header, table)) != 0) return LRT_WEIGHTS_CACHE_STALE;
  if (h->entries > MOST_ENTRIES || h->table % LRT_ALLOC_ALIGN != 0 || h->table < sizeof *h ||
      h->table > length || length - h->table != h->entries * sizeof(entry))
    return LRT_WEIGHTS_CACHE_DAMAGED;
  cache->table = (const entry *)(const void *)(cache->contents + h->table);
  if (lrt_fingerprint64(cache->table, h->entries * sizeof(entry)) != h->table_hash)
    return LRT_WEIGHTS_CACHE_DAMAGED;
  cache->entries = h->entries;
  return entries_fit(cache, h) ? LRT_WEIGHTS_CACHE_USED : LRT_WEIGHTS_CACHE_DAMAGED;
}

/* A file that is there but no cache is somebody else's. */
static lrt_status read_file(lrt_weights_cache *cache, lrt_error *err) {
  lrt_error ignored;
  uint64_t magic = 0;
  const void *view = NULL;
  const lrt_status opened = lrt_source_open(cache->path, cache->policy, cache->alloc, &cache->file, &ignored);
  if (opened == LRT_NOT_FOUND) return LRT_OK;
  if (opened != LRT_OK) return lrt_fail(err, opened, "%s", ignored.message);
  const uint64_t length = lrt_source_length(cache->file);
  if (length >= sizeof magic) {
    LRT_TRY(lrt_source_view(cache->file, 0, sizeof magic, &view, err));
    memcpy(&magic, view, sizeof magic);
  }
  if (length > 0 && magic != MAGIC)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "%s is not a file of packed weights and is left as it is",
                    cache->path);
  cache->state = LRT_WEIGHTS_CACHE_DAMAGED;
  if (length >= sizeof(header)) {
    LRT_TRY(lrt_source_view(cache->file, 0, length, &view, err));
    cache->contents = view;
    cache->state = (uintptr_t)view % LRT_ALLOC_ALIGN == 0 ? verify(cache, length) : LRT_WEIGHTS_CACHE_STALE;
  }
  if (cache->state != LRT_WEIGHTS_CACHE_USED) {
    cache->entries = 0;
    lrt_log(LRT_LOG_INFO, "runtime", "weight_cache_unusable", "path=\"%s\" state=%s", cache->path,
            cache->state == LRT_WEIGHTS_CACHE_STALE ? "stale" : "damaged");
  }
  return LRT_OK;
}

/* ---- writing ---- */

typedef struct writing {
  const lrt_weights_cache *cache;
  lrt_output *out;
  entry *table;
  uint64_t entries, capacity;
} writing;

static lrt_status count_one(void *cookie, const lrt_weights_key *key, const void *data, size_t bytes,
                            lrt_error *err) {
  writing *w = cookie;
  (void)key, (void)data, (void)bytes, (void)err;
  w->capacity++;
  return LRT_OK;
}

static lrt_status write_one(void *cookie, const lrt_weights_key *key, const void *data, size_t bytes,
                            lrt_error *err) {
  writing *w = cookie;
  entry *e = &w->table[w->entries];
  if (w->entries == w->capacity || !make_entry(w->cache, key, bytes, e)) return LRT_OK;
  LRT_TRY(lrt_output_pad(w->out, LRT_ALLOC_ALIGN, err));
  e->offset = lrt_output_length(w->out);
  e->hash = lrt_fingerprint64(data, bytes);
  LRT_TRY(lrt_output_write(w->out, data, bytes, err));
  w->entries++;
  return LRT_OK;
}

/* What the file had and this process had no use for stays in it. */
static lrt_status write_old(writing *w, lrt_error *err) {
  const lrt_weights_cache *cache = w->cache;
  const uint64_t fresh = w->entries;
  if (fresh > 0) qsort(w->table, fresh, sizeof *w->table, by_key);
  for (uint64_t i = 0; i < cache->entries && w->entries < w->capacity; i++) {
    const entry *old = &cache->table[i];
    const char *data = cache->contents + old->offset;
    if (fresh > 0 && bsearch(old, w->table, fresh, sizeof *old, by_key) != NULL) continue;
    if (lrt_fingerprint64(data, old->bytes) != old->hash) continue;
    LRT_TRY(lrt_output_pad(w->out, LRT_ALLOC_ALIGN, err));
    w->table[w->entries] = *old;
    w->table[w->entries++].offset = lrt_output_length(w->out);
    LRT_TRY(lrt_output_write(w->out, data, old->bytes, err));
  }
  return LRT_OK;
}

static lrt_status write_parts(writing *w, lrt_error *err) {
  header h = w->cache->expected;
  LRT_TRY(lrt_output_write(w->out, &h, sizeof h, err));
  LRT_TRY(lrt_weights_each(w->cache->weights, write_one, w, err));
  LRT_TRY(write_old(w, err));
  LRT_TRY(lrt_output_pad(w->out, LRT_ALLOC_ALIGN, err));
  if (w->entries > 0) qsort(w->table, w->entries, sizeof *w->table, by_key);
  h.table = lrt_output_length(w->out);
  h.entries = w->entries;
  h.bytes = h.table + h.entries * sizeof(entry);
  h.table_hash = lrt_fingerprint64(w->table, w->entries * sizeof(entry));
  h.hash = lrt_fingerprint64(&h, offsetof(header, hash));
  LRT_TRY(lrt_output_write(w->out, w->table, w->entries * sizeof(entry), err));
  return lrt_output_patch(w->out, 0, &h, sizeof h, err);
}

static lrt_status write_file(lrt_weights_cache *cache, lrt_error *err) {
  writing w = {.cache = cache};
  LRT_TRY(lrt_weights_each(cache->weights, count_one, &w, err));
  w.capacity += cache->entries;
  if (w.capacity > MOST_ENTRIES) w.capacity = MOST_ENTRIES;
  w.table = lrt_alloc_array(cache->alloc, w.capacity + 1, sizeof *w.table);
  if (w.table == NULL) return lrt_alloc_fail(err, cache->alloc, 0, "the table of packed weights");
  lrt_status status = lrt_output_create(cache->path, cache->alloc, &w.out, err);
  if (status == LRT_OK) {
    status = write_parts(&w, err);
    if (status == LRT_OK)
      status = lrt_output_commit(w.out, err);
    else
      lrt_output_discard(w.out);
  }
  lrt_alloc_free(w.table);
  return status;
}

void lrt_weights_cache_save(lrt_weights_cache *cache) {
  lrt_error err;
  pthread_mutex_lock(&cache->lock);
  const uint64_t made = lrt_weights_made(cache->weights);
  if (made > cache->saved) {
    cache->saved = made; /* a failure is not tried again before there is more to save */
    if (write_file(cache, &err) == LRT_OK) {
      cache->state = LRT_WEIGHTS_CACHE_WRITTEN;
    } else {
      cache->state = LRT_WEIGHTS_CACHE_UNWRITABLE;
      snprintf(cache->reason, sizeof cache->reason, "%s", err.message);
      lrt_log(LRT_LOG_WARN, "runtime", "weight_cache_unwritable", "reason=\"%s\"", err.message);
    }
  }
  pthread_mutex_unlock(&cache->lock);
}

/* ---- the cache ---- */

/* PATH, or FOLDER/<name of the model>.<fingerprint>.packs */
static lrt_status set_path(lrt_weights_cache *cache, const char *path, const lrt_source *file,
                           lrt_error *err) {
  struct stat info;
  const size_t length = strlen(path);
  const bool folder =
      (length > 0 && path[length - 1] == '/') || (stat(path, &info) == 0 && S_ISDIR(info.st_mode));
  const char *name = lrt_source_name(file), *slash = strrchr(name, '/');
  const size_t room = length + strlen(name) + 40;
  if (length == 0) return lrt_fail(err, LRT_INVALID_ARGUMENT, "the path of the weight cache is empty");
  cache->path = lrt_arena_array(&cache->arena, room, 1);
  if (cache->path == NULL) return lrt_alloc_fail(err, cache->alloc, room, "the weight cache");
  if (slash != NULL) name = slash + 1;
  const uint64_t parts[] = {cache->expected.model.structure, cache->expected.model.samples,
                            cache->expected.levels};
  if (folder)
    snprintf(cache->path, room, "%s%s%s.%016llx.packs", path, path[length - 1] == '/' ? "" : "/", name,
             (unsigned long long)lrt_fingerprint64(parts, sizeof parts));
  else
    snprintf(cache->path, room, "%s", path);
  return LRT_OK;
}

static lrt_status fill(lrt_weights_cache *cache, const char *path, lrt_source *file, lrt_source *model,
                       const lrt_graph *graph, lrt_error *err) {
  char version[64];
  snprintf(version, sizeof version, "%d %s", LRT_WEIGHTS_VERSION, lrt_version());
  cache->expected.magic = MAGIC;
  cache->expected.version = lrt_fingerprint64(version, strlen(version));
  cache->expected.levels = lrt_cpu_usable();
  LRT_TRY(lrt_weights_identify(file, model, graph, &cache->expected.model, err));
  LRT_TRY(lrt_weights_tensors_list(graph, &cache->arena, &cache->tensors, err));
  LRT_TRY(set_path(cache, path, file, err));
  return read_file(cache, err);
}

lrt_status lrt_weights_cache_open(const char *path, lrt_source *file, lrt_source *model,
                                  lrt_source_policy policy, const lrt_graph *graph, lrt_weights *weights,
                                  lrt_alloc *alloc, lrt_weights_cache **out, lrt_error *err) {
  lrt_weights_cache *cache = lrt_alloc_zero(alloc, sizeof *cache);
  if (cache == NULL) return lrt_alloc_fail(err, alloc, sizeof *cache, "the weight cache");
  cache->alloc = alloc;
  cache->weights = weights;
  cache->policy = policy;
  lrt_arena_init(&cache->arena, alloc);
  pthread_mutex_init(&cache->lock, NULL);
  atomic_init(&cache->damaged, false);
  const lrt_status status = fill(cache, path, file, model, graph, err);
  if (status != LRT_OK) {
    lrt_weights_cache_destroy(cache);
    return status;
  }
  lrt_weights_set_finder(weights, find, cache);
  *out = cache;
  return LRT_OK;
}

void lrt_weights_cache_destroy(lrt_weights_cache *cache) {
  if (cache == NULL) return;
  lrt_source_destroy(cache->file);
  pthread_mutex_destroy(&cache->lock);
  lrt_arena_clear(&cache->arena);
  lrt_alloc_free(cache);
}

const char *lrt_weights_cache_path(const lrt_weights_cache *cache) {
  return cache->path;
}

lrt_weights_cache_state lrt_weights_cache_describe(lrt_weights_cache *cache, char *detail, size_t size) {
  static const char *const sentences[] = {
      "nothing was packed yet",
      "packed weights are read from it",
      "it was made for another model, processor or version and will be replaced",
      "it is damaged and will be replaced",
      "it was written by this process",
      "it could not be written: ",
  };
  pthread_mutex_lock(&cache->lock);
  lrt_weights_cache_state state = cache->state;
  if (state == LRT_WEIGHTS_CACHE_USED && atomic_load(&cache->damaged)) state = LRT_WEIGHTS_CACHE_DAMAGED;
  snprintf(detail, size, "%s%s", sentences[state],
           state == LRT_WEIGHTS_CACHE_UNWRITABLE ? cache->reason : "");
  pthread_mutex_unlock(&cache->lock);
  return state;
}
