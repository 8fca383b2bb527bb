/* test_bundle_sections.c: .litertlm headers, a made one and a real one; ranges that leave the file; kinds of files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "damage.h"
#include "format_samples.h"
#include "formats/file_kind.h"
#include "formats/flatbuffer_write.h"
#include "formats/inflate.h"
#include "formats/litertlm_sections.h"
#include "formats/protobuf.h"
#include "litertlm_sample.h"
#include "shared_files.h"

static lrt_status open_bundle(const uint8_t *bytes, size_t length, lrt_arena *arena, lrt_source **source,
                              lrt_bundle *bundle, lrt_error *err) {
  lrt_arena_init(arena, lrt_alloc_default());
  *source = NULL;
  const lrt_status status = lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), source, err);
  return status != LRT_OK ? status : lrt_litertlm_read_sections(*source, arena, bundle, err);
}

static void made_bundle(void) {
  size_t size = 0;
  uint8_t *bytes = make_litertlm(100, 164, &size);
  lrt_arena arena;
  lrt_source *source;
  lrt_bundle bundle;
  lrt_error err = {LRT_OK, ""};
  REQUIRE(bytes != NULL && open_bundle(bytes, size, &arena, &source, &bundle, &err) == LRT_OK);
  CHECK_INT(bundle.count, 2);
  const lrt_section *model = lrt_bundle_find(&bundle, LRT_SECTION_TFLITE, "tf_lite_prefill_decode");
  REQUIRE(model != NULL);
  CHECK_INT(model->length, 64);
  CHECK_INT(model->item_count, 2);
  CHECK_TEXT(model->items[1].key, "layers");
  CHECK_NEAR(model->items[1].number, -7, 0);
  CHECK(lrt_bundle_find(&bundle, LRT_SECTION_TFLITE, "other") == NULL);
  CHECK(lrt_bundle_find(&bundle, LRT_SECTION_LLM_METADATA, NULL) != NULL);
  CHECK_INT(bundle.item_count, 1);
  CHECK_TEXT(bundle.items[0].text, "1234");
  CHECK_TEXT(lrt_section_kind_name(model->kind), "tflite_model");
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  free(bytes);
}

static void refuse(uint64_t begin, uint64_t end, const char *reason) {
  size_t size = 0;
  uint8_t *bytes = make_litertlm(begin, end, &size);
  lrt_arena arena;
  lrt_source *source;
  lrt_bundle bundle;
  lrt_error err = {LRT_OK, ""};
  REQUIRE(bytes != NULL);
  CHECK_INT(open_bundle(bytes, size, &arena, &source, &bundle, &err), LRT_INVALID_MODEL);
  if (strstr(err.message, reason) == NULL) CHECK_TEXT(err.message, reason);
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  free(bytes);
}

static void ranges(void) {
  refuse(100, 1000000, "section 1 reaches");
  refuse(200, 100, "section 1 reaches");
  refuse(UINT64_MAX, UINT64_MAX, "section 1 reaches");
}

static bool parse(const uint8_t *bytes, size_t length) {
  static volatile uint64_t sink;
  lrt_arena arena;
  lrt_source *source;
  lrt_bundle bundle;
  const bool fine = open_bundle(bytes, length, &arena, &source, &bundle, NULL) == LRT_OK;
  for (size_t i = 0; fine && i < bundle.count; i++) {
    const lrt_section *s = &bundle.sections[i];
    sink = sink + strlen(s->name) + (s->length > 0 ? bytes[s->offset + s->length - 1] : 0u);
    for (size_t j = 0; j < s->item_count; j++)
      sink = sink + strlen(s->items[j].key) + (s->items[j].text == NULL ? 0 : strlen(s->items[j].text));
  }
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  return fine;
}

static void damaged(void) {
  size_t size = 0;
  uint8_t *bytes = make_litertlm(100, 164, &size);
  REQUIRE(bytes != NULL);
  CHECK(damage_everywhere(bytes, size, parse) > size);
  free(bytes);
}

/* Each allocation refused in turn: an error every time, nothing left behind. */
static void no_memory(void) {
  size_t size = 0;
  uint8_t *bytes = make_litertlm(100, 164, &size);
  lrt_alloc *alloc = NULL;
  lrt_source *source = NULL;
  int failures = 0;
  REQUIRE(bytes != NULL && lrt_alloc_create(0, &alloc, NULL) == LRT_OK);
  REQUIRE(lrt_source_wrap(bytes, size, NULL, NULL, lrt_alloc_default(), &source, NULL) == LRT_OK);
  for (uint64_t nth = 1; nth < 6; nth++) {
    lrt_arena arena;
    lrt_bundle bundle;
    lrt_error err = {LRT_OK, ""};
    lrt_arena_init(&arena, alloc);
    lrt_alloc_fail_from(alloc, nth);
    const lrt_status status = lrt_litertlm_read_sections(source, &arena, &bundle, &err);
    CHECK(status == LRT_OK || (status == LRT_OUT_OF_MEMORY && err.message[0] != 0));
    failures += status != LRT_OK;
    lrt_alloc_fail_from(alloc, 0);
    lrt_arena_clear(&arena);
  }
  CHECK(failures > 0 && failures < 5);
  CHECK_INT(lrt_alloc_in_use(alloc), 0);
  lrt_source_destroy(source);
  lrt_alloc_destroy(alloc);
  free(bytes);
}

static void read_tokenizer(lrt_source *source, const lrt_section *section) {
  const void *view = NULL;
  lrt_inflate_result result = {0, 0};
  lrt_error err = {LRT_OK, ""};
  REQUIRE(lrt_source_view(source, section->offset, section->length, &view, &err) == LRT_OK);
  const uint64_t size = lrt_fb_load_u64(view);
  CHECK_INT(size, 3522656);
  uint8_t *json = malloc((size_t)size);
  REQUIRE(lrt_inflate_zlib((const uint8_t *)view + 8, (size_t)section->length - 8, json, (size_t)size,
                           &result, &err) == LRT_OK);
  CHECK_INT(result.written, size);
  CHECK(json[0] == '{');
  free(json);
}

static void read_metadata(lrt_source *source, const lrt_section *section) {
  const void *view = NULL;
  lrt_pb_field field;
  uint64_t tokens = 0;
  int stops = 0;
  CHECK_INT(section->length, 150);
  REQUIRE(lrt_source_view(source, section->offset, section->length, &view, NULL) == LRT_OK);
  lrt_pb_reader reader = lrt_pb_open(view, (size_t)section->length);
  while (lrt_pb_next(&reader, &field)) {
    stops += field.number == 2;
    if (field.number == 5) tokens = field.value;
  }
  CHECK_INT(lrt_pb_end(&reader, NULL), LRT_OK);
  CHECK_INT(stops, 3);
  CHECK_INT(tokens, 1280);
}

static void real_bundle(void) {
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_bundle bundle;
  const void *head = NULL;
  lrt_error err = {LRT_OK, ""};
  lrt_arena_init(&arena, lrt_alloc_default());
  if (lrt_source_open(shared_path("models/lm/smollm2-135m_q4b32.litertlm"), LRT_SOURCE_MAP,
                      lrt_alloc_default(), &source, &err) != LRT_OK)
    SKIP("no shared language model");
  REQUIRE(lrt_litertlm_read_sections(source, &arena, &bundle, &err) == LRT_OK);
  const lrt_section *model = lrt_bundle_find(&bundle, LRT_SECTION_TFLITE, "tf_lite_prefill_decode");
  const lrt_section *tokenizer = lrt_bundle_find(&bundle, LRT_SECTION_HF_TOKENIZER_ZLIB, NULL);
  const lrt_section *metadata = lrt_bundle_find(&bundle, LRT_SECTION_LLM_METADATA, NULL);
  REQUIRE(model != NULL && tokenizer != NULL && metadata != NULL);
  CHECK_INT(model->offset, 0xa8000);
  REQUIRE(lrt_source_view(source, model->offset, LRT_FILE_KIND_BYTES, &head, &err) == LRT_OK);
  CHECK_INT(lrt_file_kind_of(head, LRT_FILE_KIND_BYTES, model->length), LRT_FILE_TFLITE);
  read_tokenizer(source, tokenizer);
  read_metadata(source, metadata);
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
}

static void check_kind(const char *head, size_t length, lrt_file_kind kind) {
  CHECK_INT(lrt_file_kind_of((const uint8_t *)head, length, length < 16 ? 16 : length), kind);
  for (size_t cut = 0; cut < length; cut++) lrt_file_kind_of((const uint8_t *)head, cut, cut);
}

static void file_kinds(void) {
  check_kind("\x1c\0\0\0TFL3\0\0", 10, LRT_FILE_TFLITE);
  check_kind("LITERTLM\1\0\0\0", 12, LRT_FILE_LITERTLM);
  check_kind((const char *)sample_zip, sizeof sample_zip, LRT_FILE_ZIP);
  check_kind((const char *)sample_npy, sizeof sample_npy, LRT_FILE_NPY);
  check_kind("GGUF\3\0\0\0", 8, LRT_FILE_GGUF);
  check_kind("\x08\0\0\0\0\0\0\0{\"a\":1}", 15, LRT_FILE_SAFETENSORS);
  check_kind("\x89HDF\r\n\x1a\n", 8, LRT_FILE_HDF5);
  check_kind("\x89PNG\r\n\x1a\n", 8, LRT_FILE_PNG);
  check_kind("\xff\xd8\xff\xe0", 4, LRT_FILE_JPEG);
  check_kind("\xff\0\0\0\0\0\0\0{", 9, LRT_FILE_UNKNOWN);
  check_kind("hello", 5, LRT_FILE_UNKNOWN);
  CHECK_TEXT(lrt_file_kind_text(LRT_FILE_GGUF), "a GGUF model");
}

int main(int argc, char **argv) {
  RUN(file_kinds);
  RUN(made_bundle);
  RUN(ranges);
  RUN(damaged);
  RUN(no_memory);
  RUN(real_bundle);
  DONE();
}
