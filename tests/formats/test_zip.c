/* test_zip.c: archives of another program, alone and behind other data; damaged ones; real archives. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/zip.h"

#include "check.h"
#include "damage.h"
#include "format_samples.h"
#include "formats/task_sections.h"
#include "shared_files.h"

/* Opens and reads all; returns whether everything was well, and the number of entries. */
static lrt_status read_all(const uint8_t *bytes, size_t length, size_t *count, lrt_error *err) {
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_zip zip = {NULL, NULL, 0};
  lrt_arena_init(&arena, lrt_alloc_default());
  lrt_status status = lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), &source, err);
  if (status == LRT_OK) status = lrt_zip_open(source, &arena, &zip, err);
  for (size_t i = 0; status == LRT_OK && i < zip.count; i++) {
    uint8_t *out = malloc((size_t)zip.entries[i].size + 1);
    status = lrt_zip_read(&zip, &zip.entries[i], out, err);
    free(out);
  }
  *count = zip.count;
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  return status;
}

static void check_sample(const uint8_t *bytes, size_t length) {
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_zip zip;
  lrt_error err = {LRT_OK, ""};
  uint8_t out[64];
  lrt_arena_init(&arena, lrt_alloc_default());
  REQUIRE(lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), &source, &err) == LRT_OK);
  REQUIRE(lrt_zip_open(source, &arena, &zip, &err) == LRT_OK);
  CHECK_INT(zip.count, 2);
  const lrt_zip_entry *labels = lrt_zip_find(&zip, "labels.txt"), *raw = lrt_zip_find(&zip, "a/raw.bin");
  REQUIRE(labels != NULL && raw != NULL && lrt_zip_find(&zip, "absent") == NULL);
  CHECK_INT(labels->size, 48);
  CHECK_INT(lrt_zip_read(&zip, labels, out, &err), LRT_OK);
  CHECK(memcmp(out, "cat\ndog\ncat\n", 12) == 0);
  CHECK_INT(lrt_zip_read(&zip, raw, out, &err), LRT_OK);
  CHECK(memcmp(bytes + raw->offset, out, (size_t)raw->size) == 0);
  lrt_bundle bundle;
  REQUIRE(lrt_task_read_sections(source, &arena, &bundle, &err) == LRT_OK);
  CHECK_INT(bundle.count, 1);
  CHECK(bundle.sections[0].kind == LRT_SECTION_TFLITE && bundle.sections[0].offset == raw->offset);
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
}

static void sample(void) {
  static uint8_t behind[100 + sizeof sample_zip + 50];
  check_sample(sample_zip, sizeof sample_zip);
  /* Behind a model, with a comment of the archive after it. */
  memcpy(behind + 100, sample_zip, sizeof sample_zip);
  behind[100 + sizeof sample_zip - 2] = 50;
  check_sample(behind, sizeof behind);
}

static void large_archives(void) {
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_zip zip = {NULL, NULL, 0};
  lrt_error err = {LRT_OK, ""};
  uint8_t out[10];
  lrt_arena_init(&arena, lrt_alloc_default());
  REQUIRE(lrt_source_wrap(sample_zip64, sizeof sample_zip64, NULL, NULL, lrt_alloc_default(), &source,
                          &err) == LRT_OK);
  REQUIRE(lrt_zip_open(source, &arena, &zip, &err) == LRT_OK && zip.count == 1);
  CHECK_INT(lrt_zip_read(&zip, &zip.entries[0], out, &err), LRT_OK);
  CHECK(memcmp(out, "sixty-four", 10) == 0);
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
}

static bool parse(const uint8_t *bytes, size_t length) {
  size_t count;
  return read_all(bytes, length, &count, NULL) == LRT_OK;
}

static void damaged(void) {
  CHECK(damage_everywhere(sample_zip, sizeof sample_zip, parse) > sizeof sample_zip * 4);
  CHECK(damage_everywhere(sample_zip64, sizeof sample_zip64, parse) > sizeof sample_zip64 * 4);
}

static void real_archive(const char *path, void *arg) {
  size_t size, count = 0;
  lrt_error err = {LRT_OK, ""};
  uint8_t *bytes = read_whole_file(path, &size);
  (void)arg;
  REQUIRE(bytes != NULL);
  const lrt_status status = read_all(bytes, size, &count, &err);
  if (status != LRT_OK || count == 0) CHECK_TEXT(err.message, path);
  free(bytes);
}

static void real_archives(void) {
  if (for_each_file(shared_path("cases/zip"), ".zip", real_archive, NULL) == 0) SKIP("no shared archives");
  CHECK(for_each_file(shared_path("cases/golden"), ".npz", real_archive, NULL) > 0);
}

int main(int argc, char **argv) {
  RUN(sample);
  RUN(large_archives);
  RUN(damaged);
  RUN(real_archives);
  DONE();
}
