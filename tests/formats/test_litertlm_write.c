/* test_litertlm_write.c: what the writer of bundles writes, their reader reads. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/litertlm_write.h"

#include <unistd.h>

#include "check.h"
#include "formats/litertlm_sections.h"
#include "shared_files.h"

static char folder[] = "/tmp/litert-bundle-XXXXXX";

static const lrt_section_item model_items[] = {
    {"model_type", "tf_lite_prefill_decode", 0}, {"layers", NULL, -7}, {"scale", NULL, 0.25}};
static const lrt_section_item bundle_items[] = {{"authors", "a test", 0}};

static lrt_status write_made(void *cookie, lrt_output *output, lrt_error *err) {
  for (int i = 0; i < 3; i++) {
    const lrt_status status = lrt_output_write(output, cookie, 7000, err);
    if (status != LRT_OK) return status;
  }
  return LRT_OK;
}

static lrt_status write_bundle(const char *path, size_t extra_items, lrt_alloc *alloc) {
  static uint8_t filling[7000];
  static lrt_section_item many[2000];
  for (size_t i = 0; i < extra_items; i++) many[i] = (lrt_section_item){"key", "value", 0};
  memset(filling, 'w', sizeof filling);
  const lrt_bundle_part parts[] = {
      {.kind = LRT_SECTION_LLM_METADATA, .bytes = "meta", .length = 4},
      {.kind = LRT_SECTION_TFLITE,
       .items = model_items,
       .item_count = 3,
       .write = write_made,
       .cookie = filling},
      {.kind = LRT_SECTION_GENERIC, .items = many, .item_count = extra_items, .bytes = "", .length = 0}};
  lrt_output *output = NULL;
  lrt_status status = lrt_output_create(path, alloc, &output, NULL);
  if (status != LRT_OK) return status;
  status = lrt_litertlm_write(output, parts, 3, bundle_items, 1, alloc, NULL);
  if (status == LRT_OK) return lrt_output_commit(output, NULL);
  lrt_output_discard(output);
  return status;
}

static void check_items(const lrt_section *model) {
  REQUIRE(model->item_count == 3);
  CHECK_TEXT(model->name, "tf_lite_prefill_decode");
  CHECK_TEXT(model->items[1].key, "layers");
  CHECK(model->items[1].text == NULL && model->items[1].number == -7.0 && model->items[2].number == 0.25);
}

static void check_bundle(const char *path, size_t extra_items, uint64_t first) {
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_bundle bundle;
  const void *bytes = NULL;
  lrt_arena_init(&arena, lrt_alloc_default());
  REQUIRE(lrt_source_open(path, LRT_SOURCE_MAP, lrt_alloc_default(), &source, NULL) == LRT_OK);
  REQUIRE(lrt_litertlm_read_sections(source, &arena, &bundle, NULL) == LRT_OK);
  REQUIRE(bundle.count == 3 && bundle.item_count == 1);
  CHECK_TEXT(bundle.items[0].text, "a test");
  CHECK_INT(bundle.sections[0].offset, first);
  CHECK_INT(bundle.sections[0].length, 4);
  CHECK_INT(bundle.sections[1].offset, first + 16384);
  CHECK_INT(bundle.sections[1].length, 21000);
  CHECK_INT(bundle.sections[2].offset, first + 3 * 16384);
  CHECK_INT(bundle.sections[2].length, 0);
  CHECK_INT(bundle.sections[2].item_count, extra_items);
  check_items(&bundle.sections[1]);
  CHECK(lrt_source_view(source, first, 4, &bytes, NULL) == LRT_OK && memcmp(bytes, "meta", 4) == 0);
  CHECK(lrt_source_view(source, first + 16384 + 20999, 1, &bytes, NULL) == LRT_OK &&
        memcmp(bytes, "w", 1) == 0);
  lrt_source_destroy(source);
  lrt_arena_clear(&arena);
}

static void read_back(void) {
  char path[64], again[64];
  size_t size = 0, size_again = 0;
  snprintf(path, sizeof path, "%s/a", folder);
  snprintf(again, sizeof again, "%s/b", folder);
  CHECK_INT(write_bundle(path, 0, lrt_alloc_default()), LRT_OK);
  check_bundle(path, 0, 16384);
  CHECK_INT(write_bundle(again, 0, lrt_alloc_default()), LRT_OK);
  uint8_t *a = read_whole_file(path, &size), *b = read_whole_file(again, &size_again);
  CHECK(a != NULL && b != NULL && size == size_again && memcmp(a, b, size) == 0);
  free(a);
  free(b);
  /* A header that needs more than one step of room. */
  CHECK_INT(write_bundle(path, 2000, lrt_alloc_default()), LRT_OK);
  check_bundle(path, 2000, 98304);
  unlink(path);
  unlink(again);
}

static void refused_memory(void) {
  char path[64];
  snprintf(path, sizeof path, "%s/c", folder);
  for (uint64_t nth = 1; nth < 100; nth++) {
    lrt_alloc_fail_from(lrt_alloc_default(), nth);
    const lrt_status status = write_bundle(path, 100, lrt_alloc_default());
    lrt_alloc_fail_from(lrt_alloc_default(), 0);
    CHECK(status == LRT_OK || status == LRT_OUT_OF_MEMORY);
    CHECK_INT(access(path, F_OK), status == LRT_OK ? 0 : -1);
    if (status == LRT_OK) break;
    CHECK(nth < 99);
  }
  unlink(path);
}

int main(int argc, char **argv) {
  if (mkdtemp(folder) == NULL) SKIP("no folder for temporary files");
  RUN(read_back);
  RUN(refused_memory);
  rmdir(folder);
  DONE();
}
