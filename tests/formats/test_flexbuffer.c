/* test_flexbuffer.c: reads another writer's bytes, reads back its own, refuses damaged and endless ones. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/flexbuffer.h"

#include "check.h"
#include "damage.h"
#include "format_samples.h"
#include "formats/tflite_schema.h"
#include "shared_files.h"

static void check_values(lrt_flex root) {
  CHECK_INT(lrt_flex_int(lrt_flex_find(root, "max_detections"), 0), 10);
  CHECK_INT(lrt_flex_int(lrt_flex_find(root, "big"), 0), -70000);
  CHECK(lrt_flex_uint(lrt_flex_find(root, "u"), 0) == UINT64_C(1) << 40);
  CHECK_NEAR(lrt_flex_float(lrt_flex_find(root, "scale"), 0), 0.5, 0);
  CHECK_INT(lrt_flex_bool(lrt_flex_find(root, "use_regular_nms"), false), 1);
  CHECK_TEXT(lrt_flex_string(lrt_flex_find(root, "name")).text, "abc");
  const lrt_flex mix = lrt_flex_find(root, "mix");
  CHECK_INT(lrt_flex_size(mix), 4);
  CHECK_INT(lrt_flex_int(lrt_flex_at(mix, 0), 0), 1);
  CHECK_TEXT(lrt_flex_string(lrt_flex_at(mix, 1)).text, "x");
  CHECK_NEAR(lrt_flex_float(lrt_flex_at(mix, 2), 0), 2.5, 0);
  CHECK(lrt_flex_is_null(lrt_flex_at(mix, 3)) && lrt_flex_is_null(lrt_flex_at(mix, 4)));
  CHECK_INT(lrt_flex_int(lrt_flex_find(lrt_flex_find(root, "inner"), "k"), 0), 3);
  const lrt_flex_text blob = lrt_flex_string(lrt_flex_find(root, "blob"));
  CHECK(blob.length == 3 && memcmp(blob.text, "\1\2\3", 3) == 0);
  CHECK(lrt_flex_is_null(lrt_flex_find(root, "absent")));
  CHECK_INT(lrt_flex_int(lrt_flex_find(root, "absent"), 42), 42);
  CHECK_INT(lrt_flex_int(lrt_flex_find(root, "name"), 42), 42);
}

static void reads_others(void) {
  lrt_flex root;
  lrt_error err = {LRT_OK, ""};
  REQUIRE(lrt_flex_open(sample_flexbuffer, sizeof sample_flexbuffer, &root, &err) == LRT_OK);
  CHECK_INT(root.type, LRT_FLEX_MAP);
  CHECK_INT(lrt_flex_size(root), 12);
  check_values(root);
  const lrt_flex dims = lrt_flex_find(root, "dims"), pair = lrt_flex_find(root, "pair");
  CHECK_INT(lrt_flex_size(dims), 3);
  CHECK_INT(lrt_flex_int(lrt_flex_at(dims, 2), 0), 300);
  CHECK_INT(lrt_flex_size(pair), 2);
  CHECK_INT(lrt_flex_int(lrt_flex_at(pair, 1), 0), 8);
  CHECK_INT(lrt_flex_int(lrt_flex_find(root, "ind"), 0), -9);
  CHECK_TEXT(lrt_flex_key(root, 0).text, "big");
  CHECK(lrt_flex_key(root, 12).text == NULL);
}

static void write_values(lrt_flex_writer *w) {
  const size_t map = lrt_flex_begin(w);
  lrt_flex_put_key(w, "use_regular_nms");
  lrt_flex_put_bool(w, true);
  lrt_flex_put_key(w, "max_detections");
  lrt_flex_put_int(w, 10);
  lrt_flex_put_key(w, "big");
  lrt_flex_put_int(w, -70000);
  lrt_flex_put_key(w, "u");
  lrt_flex_put_uint(w, UINT64_C(1) << 40);
  lrt_flex_put_key(w, "scale");
  lrt_flex_put_float(w, 0.5);
  lrt_flex_put_key(w, "name");
  lrt_flex_put_string(w, "abc", 3);
  lrt_flex_put_key(w, "blob");
  lrt_flex_put_blob(w, "\1\2\3", 3);
  lrt_flex_put_key(w, "mix");
  const size_t mix = lrt_flex_begin(w);
  lrt_flex_put_int(w, 1);
  lrt_flex_put_string(w, "x", 1);
  lrt_flex_put_float(w, 2.5);
  lrt_flex_put_null(w);
  lrt_flex_end_vector(w, mix);
  lrt_flex_put_key(w, "inner");
  const size_t inner = lrt_flex_begin(w);
  lrt_flex_put_key(w, "k");
  lrt_flex_put_uint(w, 3);
  lrt_flex_end_map(w, inner);
  lrt_flex_end_map(w, map);
}

static void round_trip(void) {
  lrt_flex_writer w;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_flex root;
  lrt_error err = {LRT_OK, ""};
  lrt_flex_writer_init(&w, lrt_alloc_default());
  write_values(&w);
  REQUIRE(lrt_flex_finish(&w, &bytes, &size, &err) == LRT_OK);
  REQUIRE(lrt_flex_open(bytes, size, &root, &err) == LRT_OK);
  CHECK_INT(lrt_flex_size(root), 9);
  check_values(root);
  lrt_flex_writer_clear(&w);
}

/* Numbers at the edge of each width, alone and beside a long string that makes the others far away. */
static void widths(void) {
  static const int64_t numbers[] = {0,     -1,     127,   128,       -128,      -129,      32767,
                                    32768, -32769, 65536, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
  static char text[70000];
  lrt_flex_writer w;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_flex root;
  memset(text, 'z', sizeof text);
  lrt_flex_writer_init(&w, lrt_alloc_default());
  for (size_t count = 1; count <= sizeof numbers / sizeof numbers[0]; count++) {
    const size_t mark = lrt_flex_begin(&w);
    lrt_flex_put_string(&w, "first", 5);
    lrt_flex_put_string(&w, text, count % 3 == 0 ? sizeof text : count % 3 == 1 ? 300 : 3);
    for (size_t i = 0; i < count; i++) lrt_flex_put_int(&w, numbers[i]);
    lrt_flex_put_float(&w, 0.1);
    lrt_flex_end_vector(&w, mark);
    REQUIRE(lrt_flex_finish(&w, &bytes, &size, NULL) == LRT_OK);
    REQUIRE(lrt_flex_open(bytes, size, &root, NULL) == LRT_OK);
    CHECK_TEXT(lrt_flex_string(lrt_flex_at(root, 0)).text, "first");
    for (size_t i = 0; i < count; i++) CHECK(lrt_flex_int(lrt_flex_at(root, 2 + i), 99) == numbers[i]);
    CHECK_NEAR(lrt_flex_float(lrt_flex_at(root, 2 + count), 0), 0.1, 0);
    lrt_flex_writer_clear(&w);
  }
}

static uint64_t touch(lrt_flex value, int depth) {
  uint64_t sum =
      (uint64_t)lrt_flex_int(value, 0) + (lrt_flex_float(value, 0) > 0) + lrt_flex_bool(value, false);
  const lrt_flex_text text = lrt_flex_string(value);
  if (text.length > 0) sum += (uint8_t)text.text[text.length - 1];
  for (size_t i = 0; depth < 4 && i < lrt_flex_size(value) && i < 20; i++) {
    sum += touch(lrt_flex_at(value, i), depth + 1);
    if (lrt_flex_key(value, i).text != NULL) sum += strlen(lrt_flex_key(value, i).text);
  }
  return sum + lrt_flex_is_null(lrt_flex_find(value, "name"));
}

static bool parse(const uint8_t *bytes, size_t length) {
  static volatile uint64_t sink;
  lrt_flex root;
  if (lrt_flex_open(bytes, length, &root, NULL) != LRT_OK) return false;
  sink = sink + touch(root, 0);
  return true;
}

static void damaged(void) {
  CHECK(damage_everywhere(sample_flexbuffer, sizeof sample_flexbuffer, parse) > 300);
}

/* An element that leads back to its own vector. */
static void endless(void) {
  static const uint8_t bytes[] = {1, 0, LRT_FLEX_VECTOR << 2, 2, LRT_FLEX_VECTOR << 2, 1};
  lrt_flex root;
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(lrt_flex_open(bytes, sizeof bytes, &root, &err), LRT_INVALID_MODEL);
  CHECK(strstr(err.message, "nested too deeply") != NULL);
}

static void misuse(void) {
  lrt_flex_writer w;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_error err = {LRT_OK, ""};
  lrt_flex_writer_init(&w, lrt_alloc_default());
  CHECK_INT(lrt_flex_finish(&w, &bytes, &size, &err), LRT_INVALID_ARGUMENT);
  lrt_flex_writer_clear(&w);
  lrt_flex_put_key(&w, "a");
  lrt_flex_put_int(&w, 1);
  lrt_flex_put_key(&w, "a");
  lrt_flex_put_int(&w, 2);
  lrt_flex_end_map(&w, 0);
  CHECK_INT(lrt_flex_finish(&w, &bytes, &size, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "same key twice") != NULL);
  lrt_flex_writer_clear(&w);
}

static int options_seen;

/* Some operators keep raw bytes there; those must be refused or read, never more. */
static void open_options(lrt_fb_vector options) {
  static volatile uint64_t sink;
  lrt_flex root;
  if (options.count < 3 || lrt_flex_open(options.data, options.count, &root, NULL) != LRT_OK) return;
  sink = sink + touch(root, 0);
  options_seen++;
}

/* Composites carry flexbuffers too: member 21 of the second union, slot 2. */
static const lrt_fb_field composite_fields[] = {
    {.name = "composite_attributes", .slot = 2, .kind = LRT_FB_VECTOR, .element = LRT_FB_U8}};
static const lrt_fb_type composite_type = {"StableHLOCompositeOptions", composite_fields, 1, 0, 0};
static const lrt_fb_type *const option_members[22] = {[21] = &composite_type};
static const lrt_fb_union options_2 = {"BuiltinOptions2", option_members, 22};

static void options_of_operator(lrt_fb_table op) {
  open_options(lrt_fb_get_vector(op, LRT_TFL_Operator_custom_options));
  if (lrt_fb_get_union_type(op, LRT_TFL_Operator_builtin_options_2) == 21)
    open_options(lrt_fb_get_vector(lrt_fb_get_union_table(op, LRT_TFL_Operator_builtin_options_2), 2));
}

static void options_of_file(const char *path, void *arg) {
  const lrt_fb_schema schema = lrt_tfl_schema(NULL, &options_2);
  size_t size;
  uint8_t *bytes = read_whole_file(path, &size);
  (void)arg;
  REQUIRE(bytes != NULL && lrt_fb_verify(bytes, size, &schema, NULL) == LRT_OK);
  const lrt_fb_vector graphs = lrt_fb_get_vector(lrt_fb_root(bytes), LRT_TFL_Model_subgraphs);
  for (uint32_t g = 0; g < graphs.count; g++) {
    const lrt_fb_vector ops = lrt_fb_get_vector(lrt_fb_at_table(graphs, g), LRT_TFL_SubGraph_operators);
    for (uint32_t i = 0; i < ops.count; i++) options_of_operator(lrt_fb_at_table(ops, i));
  }
  free(bytes);
}

static void real_options(void) {
  for_each_file(shared_path("models/tflite/real"), ".bin", options_of_file, NULL);
  if (for_each_file(shared_path("models/tflite/real"), ".tflite", options_of_file, NULL) == 0)
    SKIP("no shared models");
  printf("%d options are flexbuffers\n", options_seen);
  CHECK(options_seen >= 9);
}

int main(int argc, char **argv) {
  RUN(reads_others);
  RUN(round_trip);
  RUN(widths);
  RUN(damaged);
  RUN(endless);
  RUN(misuse);
  RUN(real_options);
  DONE();
}
