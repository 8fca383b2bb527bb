/* test_flatbuffer.c: what the builder writes the verifier accepts and the accessors give back; bombs are refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "flatbuffer_walk.h"
#include "formats/flatbuffer_write.h"
#include "formats/tflite_schema.h"

static const lrt_fb_type leaf_type, pair_type, node_type;

static const lrt_fb_field leaf_fields[] = {
    {.name = "text", .slot = 0, .kind = LRT_FB_STRING, .required = true}};
static const lrt_fb_type leaf_type = {"Leaf", leaf_fields, 1, 0, 0};
static const lrt_fb_type pair_type = {"Pair", NULL, 0, 16, 8};
static const lrt_fb_type *const choice_members[] = {NULL, &leaf_type, &pair_type, NULL};
static const lrt_fb_union choice = {"Choice", choice_members, 4};

static const lrt_fb_field node_fields[] = {
    {.name = "flag", .slot = 0, .kind = LRT_FB_BOOL},
    {.name = "byte", .slot = 1, .kind = LRT_FB_I8, .dflt = -3},
    {.name = "half", .slot = 2, .kind = LRT_FB_U16},
    {.name = "word", .slot = 3, .kind = LRT_FB_I32, .dflt = 7},
    {.name = "wide", .slot = 4, .kind = LRT_FB_U64},
    {.name = "real", .slot = 5, .kind = LRT_FB_F32, .dflt = 0.5},
    {.name = "fine", .slot = 6, .kind = LRT_FB_F64},
    {.name = "name", .slot = 7, .kind = LRT_FB_STRING},
    {.name = "leaf", .slot = 8, .kind = LRT_FB_TABLE, .type = &leaf_type},
    {.name = "pair", .slot = 9, .kind = LRT_FB_STRUCT, .type = &pair_type},
    {.name = "numbers", .slot = 10, .kind = LRT_FB_VECTOR, .element = LRT_FB_I64},
    {.name = "children", .slot = 11, .kind = LRT_FB_TABLES, .type = &node_type},
    {.name = "words", .slot = 12, .kind = LRT_FB_STRINGS},
    {.name = "choice", .slot = 13, .kind = LRT_FB_UNION, .members = &choice},
};
static const lrt_fb_type node_type = {"Node", node_fields, sizeof node_fields / sizeof node_fields[0], 0, 0};
static const lrt_fb_schema node_schema = {&node_type, "NODE", {NULL}};

static const uint64_t pair_value[2] = {11, 22};

static lrt_fb_ref write_node(lrt_fb_builder *b) {
  static const int64_t numbers[3] = {-1, INT64_MAX, 5};
  const lrt_fb_ref name = lrt_fb_add_text(b, "a node"), text = lrt_fb_add_string(b, "leaf\0end", 8);
  const lrt_fb_ref list = lrt_fb_add_vector(b, LRT_FB_I64, numbers, 3, 32);
  const lrt_fb_ref words[2] = {name, text}, words_ref = lrt_fb_add_references(b, words, 2);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, text);
  const lrt_fb_ref leaf = lrt_fb_end_table(b);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 7, name);
  const lrt_fb_ref child = lrt_fb_end_table(b);
  const lrt_fb_ref children[3] = {child, child, child}, children_ref = lrt_fb_add_references(b, children, 3);
  const lrt_fb_ref chosen = lrt_fb_add_struct(b, pair_value, sizeof pair_value, 8);
  lrt_fb_begin_table(b);
  lrt_fb_put_integer(b, 0, LRT_FB_BOOL, 5, 0);
  lrt_fb_put_integer(b, 1, LRT_FB_I8, -3, -3);
  lrt_fb_put_integer(b, 2, LRT_FB_U16, 65535, 0);
  lrt_fb_put_field_integer(b, &node_fields[3], -70000);
  lrt_fb_put_integer(b, 4, LRT_FB_U64, -1, 0);
  lrt_fb_put_field_double(b, &node_fields[5], 0.25);
  lrt_fb_put_float(b, 6, LRT_FB_F64, 1e300, 0);
  lrt_fb_put_ref(b, 7, name);
  lrt_fb_put_ref(b, 8, leaf);
  lrt_fb_put_struct(b, 9, pair_value, sizeof pair_value, 8);
  lrt_fb_put_ref(b, 10, list);
  lrt_fb_put_ref(b, 11, children_ref);
  lrt_fb_put_ref(b, 12, words_ref);
  lrt_fb_put_union(b, 13, 2, chosen);
  return lrt_fb_end_table(b);
}

static void check_node(const uint8_t *bytes) {
  const lrt_fb_table node = lrt_fb_root(bytes);
  CHECK_INT(lrt_fb_get_bool(node, 0, false), 1);
  CHECK(!lrt_fb_has(node, 1));
  CHECK_INT(lrt_fb_field_integer(node, &node_fields[1]), -3);
  CHECK_INT(lrt_fb_get_u16(node, 2, 0), 65535);
  CHECK_INT(lrt_fb_field_integer(node, &node_fields[3]), -70000);
  CHECK(lrt_fb_get_u64(node, 4, 0) == UINT64_MAX);
  CHECK_NEAR(lrt_fb_field_double(node, &node_fields[5]), 0.25, 0);
  CHECK_NEAR(lrt_fb_get_f64(node, 6, 0), 1e300, 0);
  CHECK_TEXT(lrt_fb_get_string(node, 7).text, "a node");
  CHECK_INT(lrt_fb_get_string(lrt_fb_get_table(node, 8), 0).length, 8);
  CHECK(memcmp(lrt_fb_get_struct(node, 9), pair_value, 16) == 0);
  const lrt_fb_vector numbers = lrt_fb_get_vector(node, 10), children = lrt_fb_get_vector(node, 11);
  CHECK_INT(numbers.count, 3);
  CHECK_INT((numbers.data - bytes) % 32, 0);
  CHECK(lrt_fb_at_i64(numbers, 1) == INT64_MAX);
  CHECK_INT(lrt_fb_at_integer(numbers, LRT_FB_I64, 0), -1);
  CHECK_INT(children.count, 3);
  CHECK_TEXT(lrt_fb_get_string(lrt_fb_at_table(children, 2), 7).text, "a node");
  CHECK_NEAR(lrt_fb_field_double(lrt_fb_at_table(children, 2), &node_fields[5]), 0.5, 0);
  CHECK_TEXT(lrt_fb_at_string(lrt_fb_get_vector(node, 12), 1).text, "leaf");
  CHECK_INT(lrt_fb_get_union_type(node, 13), 2);
  CHECK(memcmp(lrt_fb_get_union_struct(node, 13), pair_value, 16) == 0);
}

static void round_trip(void) {
  lrt_fb_builder b;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_error err = {LRT_OK, ""};
  lrt_fb_builder_init(&b, lrt_alloc_default());
  REQUIRE(lrt_fb_finish(&b, write_node(&b), "NODE", &bytes, &size, &err) == LRT_OK);
  REQUIRE(lrt_fb_verify(bytes, size, &node_schema, &err) == LRT_OK);
  check_node(bytes);
  CHECK_INT(size % 32, 0);
  lrt_fb_builder_clear(&b);
}

/* Every bit of a file with all kinds of fields; the copy is as large as the file, so overruns are seen. */
static void flipped_everywhere(void) {
  lrt_fb_builder b;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  int refused = 0;
  lrt_fb_builder_init(&b, lrt_alloc_default());
  REQUIRE(lrt_fb_finish(&b, write_node(&b), "NODE", &bytes, &size, NULL) == LRT_OK);
  uint8_t *copy = malloc(size);
  for (size_t bit = 0; bit < size * 8; bit++) {
    lrt_error err = {LRT_OK, ""};
    memcpy(copy, bytes, size);
    copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    if (lrt_fb_verify(copy, size, &node_schema, &err) == LRT_OK)
      CHECK(walk_table(&node_schema, &node_type, lrt_fb_root(copy)) > 0);
    else
      refused += err.message[0] != 0;
  }
  CHECK(refused > 500);
  free(copy);
  for (size_t cut = 0; cut < size; cut++) {
    copy = malloc(cut == 0 ? 1 : cut);
    memcpy(copy, bytes, cut);
    if (lrt_fb_verify(copy, cut, &node_schema, NULL) == LRT_OK)
      CHECK(walk_table(&node_schema, &node_type, lrt_fb_root(copy)) > 0);
    free(copy);
  }
  lrt_fb_builder_clear(&b);
}

static void refuse(lrt_fb_builder *b, lrt_fb_ref root, const lrt_fb_schema *schema, const char *part) {
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_error err = {LRT_OK, ""};
  REQUIRE(lrt_fb_finish(b, root, "NODE", &bytes, &size, &err) == LRT_OK);
  CHECK_INT(lrt_fb_verify(bytes, size, schema, &err), LRT_INVALID_MODEL);
  if (strstr(err.message, part) == NULL) CHECK_TEXT(err.message, part);
  lrt_fb_builder_clear(b);
}

/* Each level holds the next one eight times: 8^20 visits in a file of a few hundred bytes. */
static void shared_parts_bomb(void) {
  lrt_fb_builder b;
  lrt_fb_builder_init(&b, lrt_alloc_default());
  lrt_fb_ref node = 0;
  for (int level = 0; level < 20; level++) {
    const lrt_fb_ref all[8] = {node, node, node, node, node, node, node, node};
    const lrt_fb_ref children = level == 0 ? 0 : lrt_fb_add_references(&b, all, 8);
    lrt_fb_begin_table(&b);
    lrt_fb_put_ref(&b, 11, children);
    node = lrt_fb_end_table(&b);
  }
  refuse(&b, node, &node_schema, "shared too many times");
}

static void nested_too_deeply(void) {
  lrt_fb_builder b;
  lrt_fb_builder_init(&b, lrt_alloc_default());
  lrt_fb_ref node = 0;
  for (int level = 0; level < 70; level++) {
    const lrt_fb_ref children = level == 0 ? 0 : lrt_fb_add_references(&b, &node, 1);
    lrt_fb_begin_table(&b);
    lrt_fb_put_ref(&b, 11, children);
    node = lrt_fb_end_table(&b);
  }
  refuse(&b, node, &node_schema, "Node.children at byte");
}

static void missing_parts(void) {
  lrt_fb_builder b;
  lrt_fb_builder_init(&b, lrt_alloc_default());
  lrt_fb_begin_table(&b);
  const lrt_fb_ref leaf = lrt_fb_end_table(&b);
  lrt_fb_begin_table(&b);
  lrt_fb_put_union(&b, 13, 1, leaf);
  refuse(&b, lrt_fb_end_table(&b), &node_schema, "Leaf.text at byte");
  const lrt_fb_schema other = {&node_type, "TFL3", {NULL}};
  lrt_fb_begin_table(&b);
  refuse(&b, lrt_fb_end_table(&b), &other, "TFL3");
}

/* Members without a description are left alone, whatever their reference. */
static void unknown_members(void) {
  lrt_fb_builder b;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_fb_builder_init(&b, lrt_alloc_default());
  const lrt_fb_ref leaf = lrt_fb_add_text(&b, "not a table");
  lrt_fb_begin_table(&b);
  lrt_fb_put_union(&b, 13, 200, leaf);
  REQUIRE(lrt_fb_finish(&b, lrt_fb_end_table(&b), "NODE", &bytes, &size, NULL) == LRT_OK);
  CHECK_INT(lrt_fb_verify(bytes, size, &node_schema, NULL), LRT_OK);
  CHECK_INT(lrt_fb_get_union_type(lrt_fb_root(bytes), 13), 200);
  lrt_fb_builder_clear(&b);
}

static void misuse_sticks(void) {
  lrt_fb_builder b;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_error err = {LRT_OK, ""};
  lrt_fb_builder_init(&b, lrt_alloc_default());
  lrt_fb_begin_table(&b);
  CHECK_INT(lrt_fb_add_text(&b, "inside"), 0);
  CHECK_INT(lrt_fb_end_table(&b), 0);
  CHECK_INT(lrt_fb_finish(&b, 0, NULL, &bytes, &size, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "inside an open table") != NULL);
  lrt_fb_builder_clear(&b);
  CHECK_INT(lrt_fb_finish(&b, 0, NULL, &bytes, &size, &err), LRT_INVALID_ARGUMENT);
  lrt_fb_builder_clear(&b);
}

static void no_memory(void) {
  lrt_alloc *alloc = NULL;
  REQUIRE(lrt_alloc_create(0, &alloc, NULL) == LRT_OK);
  int failures = 0;
  for (uint64_t nth = 1; nth < 10; nth++) {
    lrt_fb_builder b;
    const uint8_t *bytes = NULL;
    size_t size = 0;
    lrt_fb_builder_init(&b, alloc);
    lrt_alloc_fail_from(alloc, nth);
    const lrt_fb_ref blob = lrt_fb_add_vector(&b, LRT_FB_U8, NULL, 100000, 16);
    (void)blob;
    const lrt_status status = lrt_fb_finish(&b, write_node(&b), "NODE", &bytes, &size, NULL);
    CHECK(status == LRT_OK || status == LRT_OUT_OF_MEMORY);
    failures += status != LRT_OK;
    lrt_fb_builder_clear(&b);
    lrt_alloc_fail_from(alloc, 0);
  }
  CHECK(failures > 0 && failures < 9);
  CHECK_INT(lrt_alloc_in_use(alloc), 0);
  lrt_alloc_destroy(alloc);
}

static void writes_tflite(void) {
  lrt_fb_builder b;
  const lrt_fb_schema schema = lrt_tfl_schema(NULL, NULL);
  const uint8_t *bytes = NULL;
  static const uint8_t weights[5] = {1, 2, 3, 4, 5};
  size_t size = 0;
  lrt_fb_builder_init(&b, lrt_alloc_default());
  const lrt_fb_ref data = lrt_fb_add_vector(&b, LRT_FB_U8, weights, sizeof weights, 16);
  lrt_fb_begin_table(&b);
  lrt_fb_put_ref(&b, LRT_TFL_Buffer_data, data);
  const lrt_fb_ref buffer = lrt_fb_end_table(&b);
  const lrt_fb_ref buffers = lrt_fb_add_references(&b, &buffer, 1);
  lrt_fb_begin_table(&b);
  lrt_fb_put_integer(&b, LRT_TFL_Model_version, LRT_FB_U32, LRT_TFL_VERSION, 0);
  lrt_fb_put_ref(&b, LRT_TFL_Model_buffers, buffers);
  REQUIRE(lrt_fb_finish(&b, lrt_fb_end_table(&b), LRT_TFL_IDENTIFIER, &bytes, &size, NULL) == LRT_OK);
  REQUIRE(lrt_fb_verify(bytes, size, &schema, NULL) == LRT_OK);
  const lrt_fb_table model = lrt_fb_root(bytes);
  CHECK_INT(lrt_fb_get_u32(model, LRT_TFL_Model_version, 0), 3);
  const lrt_fb_table first = lrt_fb_at_table(lrt_fb_get_vector(model, LRT_TFL_Model_buffers), 0);
  const lrt_fb_vector read = lrt_fb_get_vector(first, LRT_TFL_Buffer_data);
  CHECK_INT((read.data - bytes) % 16, 0);
  CHECK(read.count == 5 && memcmp(read.data, weights, 5) == 0);
  lrt_fb_builder_clear(&b);
}

int main(int argc, char **argv) {
  RUN(round_trip);
  RUN(flipped_everywhere);
  RUN(shared_parts_bomb);
  RUN(nested_too_deeply);
  RUN(missing_parts);
  RUN(unknown_members);
  RUN(misuse_sticks);
  RUN(no_memory);
  RUN(writes_tflite);
  DONE();
}
