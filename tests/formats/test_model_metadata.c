/* test_model_metadata.c: the metadata record: what it says, what it leaves out, what is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "formats/model_metadata.h"
#include "metadata_sample.h"

static lrt_fb_builder builder;
static const uint8_t *record;
static size_t size;

static void says_what_was_written(void) {
  lrt_model_metadata_info info;
  lrt_tensor_metadata about;
  CHECK_INT(lrt_model_metadata_verify(record, size, NULL), LRT_OK);
  lrt_model_metadata_read(record, &info);
  CHECK_TEXT(info.name, "sample");
  CHECK(info.author == NULL);
  CHECK_INT(info.input_count, 1);
  CHECK_INT(info.output_count, 1);
  lrt_model_metadata_tensor(record, 0, 0, &about);
  CHECK_TEXT(about.name, "picture");
  CHECK_INT(about.mean_count, 3);
  CHECK_NEAR(about.mean[1], 2, 0);
  CHECK_NEAR(about.std[2], 6, 0);
  CHECK_INT(about.has_calibration, 0);
  lrt_model_metadata_tensor(record, 1, 0, &about);
  CHECK_INT(about.mean_count, 0);
  CHECK_INT(about.has_calibration, 1);
  CHECK_INT(about.transform, LRT_SCORE_LOG);
  CHECK_NEAR(about.default_score, 0.25, 0);
}

static void names_files(void) {
  CHECK_TEXT(lrt_model_metadata_file(record, 1, 0, LRT_ASSOCIATED_AXIS_LABELS), "labels.txt");
  CHECK_TEXT(lrt_model_metadata_file(record, 1, 0, LRT_ASSOCIATED_SCORE_CALIBRATION), "scores.csv");
  CHECK(lrt_model_metadata_file(record, 1, 0, LRT_ASSOCIATED_VOCABULARY) == NULL);
  CHECK(lrt_model_metadata_file(record, 0, 0, LRT_ASSOCIATED_AXIS_LABELS) == NULL);
  CHECK(lrt_model_metadata_file(record, 1, 1, LRT_ASSOCIATED_AXIS_LABELS) == NULL);
}

static void tensors_that_are_not_described(void) {
  lrt_tensor_metadata about;
  lrt_model_metadata_tensor(record, 0, 7, &about);
  CHECK(about.name == NULL);
  CHECK_INT(about.mean_count, 0);
}

static void refuses_other_bytes(void) {
  static const uint8_t other[32] = {8, 0, 0, 0, 'T', 'F', 'L', '3'};
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(lrt_model_metadata_verify(other, sizeof other, &err), LRT_INVALID_MODEL);
  CHECK(strstr(err.message, "metadata") != NULL);
  CHECK_INT(lrt_model_metadata_verify(record, 16, NULL), LRT_INVALID_MODEL);
}

int main(int argc, char **argv) {
  lrt_fb_builder_init(&builder, lrt_alloc_default());
  CHECK_INT(sample_metadata(&builder, &record, &size), LRT_OK);
  if (record != NULL) {
    RUN(says_what_was_written);
    RUN(names_files);
    RUN(tensors_that_are_not_described);
    RUN(refuses_other_bytes);
  }
  lrt_fb_builder_clear(&builder);
  DONE();
}
