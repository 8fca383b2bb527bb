/* test_tflite_schema.c: real .tflite files pass the verifier; damaged ones never lead outside the file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tflite_schema.h"

#include "check.h"
#include "flatbuffer_walk.h"
#include "shared_files.h"

static void verify_file(const char *path, void *arg) {
  const lrt_fb_schema schema = lrt_tfl_schema(NULL, NULL);
  size_t size;
  uint8_t *bytes = read_whole_file(path, &size);
  lrt_error err = {LRT_OK, ""};
  (void)arg;
  REQUIRE(bytes != NULL);
  if (lrt_fb_verify(bytes, size, &schema, &err) != LRT_OK) {
    fprintf(stderr, "%s: %s\n", path, err.message);
    check_failures++;
  } else {
    CHECK(walk_table(&schema, schema.root, lrt_fb_root(bytes)) > 0);
  }
  free(bytes);
}

static void real_files(void) {
  static const char *const folders[] = {
      "models/tflite/real",         "models/tflite/made",         "cases/ops",
      "cases/seanet/add",           "cases/seanet/conv",          "cases/seanet/leaky_relu",
      "cases/seanet/pad",           "cases/seanet/quantize",      "cases/seanet/sub",
      "cases/seanet/strided_slice", "cases/seanet/transpose_conv"};
  int count = 0;
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
    count += for_each_file(shared_path(folders[i]), ".tflite", verify_file, NULL);
    count += for_each_file(shared_path(folders[i]), ".bin", verify_file, NULL);
  }
  if (count == 0) SKIP("no shared models");
  printf("%d files\n", count);
}

/* One structure of the file that a bit flip can hit anywhere; small enough to try all. */
static uint8_t *small_model(size_t *size) {
  return read_whole_file(shared_path("cases/ops/abs_000.tflite"), size);
}

static void truncated_everywhere(void) {
  const lrt_fb_schema schema = lrt_tfl_schema(NULL, NULL);
  size_t size;
  uint8_t *bytes = small_model(&size);
  if (bytes == NULL) SKIP("no shared models");
  for (size_t cut = 0; cut < size; cut++) {
    lrt_error err = {LRT_OK, ""};
    uint8_t *part = malloc(cut + 1);
    memcpy(part, bytes, cut);
    part = realloc(part, cut + (cut == 0));
    if (lrt_fb_verify(part, cut, &schema, &err) == LRT_OK)
      CHECK(walk_table(&schema, schema.root, lrt_fb_root(part)) > 0);
    else
      CHECK(err.message[0] != 0 && err.code == LRT_INVALID_MODEL);
    free(part);
  }
  free(bytes);
}

static void flipped_everywhere(void) {
  const lrt_fb_schema schema = lrt_tfl_schema(NULL, NULL);
  size_t size;
  int refused = 0;
  uint8_t *bytes = small_model(&size);
  if (bytes == NULL) SKIP("no shared models");
  for (size_t bit = 0; bit < size * 8; bit++) {
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    if (lrt_fb_verify(bytes, size, &schema, NULL) == LRT_OK)
      CHECK(walk_table(&schema, schema.root, lrt_fb_root(bytes)) > 0);
    else
      refused++;
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  CHECK(refused > 100);
  free(bytes);
}

static void slots_and_types(void) {
  CHECK_INT(LRT_TFL_Tensor_shape_signature, 7);
  CHECK_INT(LRT_TFL_Operator_builtin_options_2, 11);
  CHECK_INT(LRT_TFL_Operator_debug_metadata_index, 13);
  CHECK_INT(LRT_TFL_QuantizationParameters_quantized_dimension, 6);
  CHECK(lrt_tfl_type("Tensor") != NULL);
  CHECK(lrt_tfl_type("Conv2DOptions") == NULL);
  const lrt_fb_field *field = lrt_fb_field_named(lrt_tfl_type("OperatorCode"), "version");
  CHECK(field != NULL && field->slot == 2 && field->kind == LRT_FB_I32 && field->dflt == 1);
  field = lrt_fb_field_named(lrt_tfl_type("Model"), "subgraphs");
  CHECK(field != NULL && field->type == lrt_tfl_type("SubGraph"));
}

/* Members handed in from above are looked into. */
static void plugged_options(void) {
  static const lrt_fb_field fields[] = {
      {.name = "impossible", .slot = 9, .kind = LRT_FB_STRING, .required = true}};
  static const lrt_fb_type type = {"TestOptions", fields, 1, 0, 0};
  static const lrt_fb_type *members[127];
  static const lrt_fb_union options = {"BuiltinOptions", members, 127};
  for (int i = 1; i < 127; i++) members[i] = &type;
  const lrt_fb_schema schema = lrt_tfl_schema(&options, NULL);
  lrt_error err = {LRT_OK, ""};
  size_t size;
  uint8_t *bytes = read_whole_file(shared_path("cases/ops/add_000.tflite"), &size);
  if (bytes == NULL) SKIP("no shared models");
  CHECK_INT(lrt_fb_verify(bytes, size, &schema, &err), LRT_INVALID_MODEL);
  CHECK(strstr(err.message, "TestOptions.impossible at byte ") != NULL);
  free(bytes);
}

int main(int argc, char **argv) {
  RUN(slots_and_types);
  RUN(plugged_options);
  RUN(truncated_everywhere);
  RUN(flipped_everywhere);
  RUN(real_files);
  DONE();
}
