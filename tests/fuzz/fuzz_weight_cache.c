/* fuzz_weight_cache.c: any bytes as a file of packed weights, as they are or with checksums made right again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fingerprint.h"
#include "cached_model.h"
#include "fuzz_entry.h"

/* The file as runtime/weights_cache.c writes it; set_up traps when that has changed. */
typedef struct header {
  uint64_t fixed[8]; /* magic, version, processor, model: what must be as this process expects it */
  uint64_t table, entries, bytes, table_hash, hash;
} header;
typedef struct entry {
  uint8_t key[80]; /* the last 8 are the number of bytes */
  uint64_t offset, hash;
} entry;

/* How much of what was changed is made right: each includes those before. */
enum { NOTHING, HEADER, TABLE, CONTENTS };

static cached_model model;
static cached_outcome expected;
static header good;

static void need(bool condition) {
  if (!condition) __builtin_trap();
}

static int by_key(const void *a, const void *b) {
  return memcmp(a, b, sizeof((entry *)0)->key);
}

/* All numbers through copies: where the table lies is up to the bytes. */
static void mend_contents(uint8_t *bytes, size_t length, uint64_t table, uint64_t entries) {
  for (uint64_t i = 0; i < entries; i++) {
    entry e;
    uint64_t size;
    memcpy(&e, bytes + table + i * sizeof e, sizeof e);
    memcpy(&size, e.key + sizeof e.key - sizeof size, sizeof size);
    if (e.offset > length || size > length - e.offset) continue;
    e.hash = lrt_fingerprint64(bytes + e.offset, (size_t)size);
    memcpy(bytes + table + i * sizeof e, &e, sizeof e);
  }
  if (entries > 0) qsort(bytes + table, (size_t)entries, sizeof(entry), by_key);
}

static void mend(uint8_t *bytes, size_t length, int how) {
  header h;
  if (how == NOTHING || length < sizeof h) return;
  memcpy(&h, bytes, sizeof h);
  memcpy(h.fixed, good.fixed, sizeof h.fixed);
  h.bytes = length;
  if (how >= TABLE) {
    if (h.table > length || h.table < sizeof h) h.table = good.table < length ? good.table : length;
    h.entries = (length - h.table) / sizeof(entry);
    if (how == CONTENTS) mend_contents(bytes, length, h.table, h.entries);
    h.table_hash = lrt_fingerprint64(bytes + h.table, (size_t)h.entries * sizeof(entry));
  }
  h.hash = lrt_fingerprint64(&h, offsetof(header, hash));
  memcpy(bytes, &h, sizeof h);
}

static void write_cache(const uint8_t *bytes, size_t length) {
  FILE *file = fopen(model.cache, "wb");
  need(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static void tidy(void) {
  remove_cached_model(&model);
}

/* What the file of this process's model begins with. Kernels that pack nothing leave no file: then nothing is mended. */
static bool set_up(void) {
  size_t length = 0;
  cached_outcome first;
  need(make_cached_model(&model) && atexit(tidy) == 0);
  run_cached_model(&model, NULL, false, &expected);
  run_cached_model(&model, model.cache, false, &first);
  need(expected.status == LRT_OK && first.status == LRT_OK);
  if (first.packed == 0) return false;
  uint8_t *bytes = read_whole_file(model.cache, &length);
  need(bytes != NULL && length > sizeof good);
  uint8_t *again = malloc(length);
  need(again != NULL);
  memcpy(again, bytes, length);
  memcpy(&good, bytes, sizeof good);
  mend(again, length, CONTENTS);
  need(memcmp(again, bytes, length) == 0);
  free(again);
  free(bytes);
  return true;
}

/* Refused files stay as they are; all others serve or are replaced, and none but a forged one changes a number. */
static void check(const uint8_t *bytes, size_t length, int how, bool copy) {
  static cached_outcome out;
  size_t size = 0;
  run_cached_model(&model, model.cache, copy, &out);
  uint8_t *after = read_whole_file(model.cache, &size);
  need(after != NULL);
  if (out.status != LRT_OK) {
    need(out.status == LRT_INVALID_ARGUMENT && size == length && memcmp(after, bytes, length) == 0);
  } else {
    need(how >= TABLE || memcmp(out.y, expected.y, sizeof out.y) == 0);
    need(size <= length + 2 * out.packed + 4096);
    run_cached_model(&model, model.cache, !copy, &out);
    need(out.status == LRT_OK && (how >= TABLE || memcmp(out.y, expected.y, sizeof out.y) == 0));
    need(out.read == out.packed && (out.packed == 0 || out.was_read));
  }
  free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static int packs = -1; /* not known yet */
  if (packs < 0) packs = set_up();
  uint8_t *mended = malloc(length + 1);
  if (mended == NULL) return 0;
  const uint64_t bits = lrt_fingerprint64(bytes, length);
  const int how = packs ? (int)(bits & 3) : NOTHING;
  if (length > 0) memcpy(mended, bytes, length);
  mend(mended, length, how);
  write_cache(mended, length);
  check(mended, length, how, bits >> 2 & 1);
  free(mended);
  return 0;
}
