/* metadata_sample.h: a TFLITE_METADATA record about one picture and its classes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_METADATA_SAMPLE_H
#define LRT_TESTS_METADATA_SAMPLE_H

#include "formats/flatbuffer_write.h"

/* One ProcessUnit around finished options. */
static inline lrt_fb_ref sample_unit(lrt_fb_builder *b, unsigned member, lrt_fb_ref options) {
  lrt_fb_begin_table(b);
  lrt_fb_put_union(b, 0, member, options);
  return lrt_fb_end_table(b);
}

/* An input: three means and deviations. */
static inline lrt_fb_ref sample_input(lrt_fb_builder *b) {
  static const float mean[] = {1, 2, 3}, std[] = {4, 5, 6};
  const lrt_fb_ref means = lrt_fb_add_vector(b, LRT_FB_F32, mean, 3, 0);
  const lrt_fb_ref stds = lrt_fb_add_vector(b, LRT_FB_F32, std, 3, 0);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, means);
  lrt_fb_put_ref(b, 1, stds);
  const lrt_fb_ref unit = sample_unit(b, 1, lrt_fb_end_table(b));
  const lrt_fb_ref units = lrt_fb_add_references(b, &unit, 1), name = lrt_fb_add_text(b, "picture");
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, name);
  lrt_fb_put_ref(b, 4, units);
  return lrt_fb_end_table(b);
}

static inline lrt_fb_ref sample_file(lrt_fb_builder *b, const char *text, int kind) {
  const lrt_fb_ref name = lrt_fb_add_text(b, text);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, name);
  lrt_fb_put_integer(b, 2, LRT_FB_I8, kind, 0);
  return lrt_fb_end_table(b);
}

/* An output with labels, calibrated from logarithms, and a tokenizer that is not looked into. */
static inline lrt_fb_ref sample_output(lrt_fb_builder *b) {
  const lrt_fb_ref list[] = {sample_file(b, "labels.txt", 2), sample_file(b, "scores.csv", 4)};
  const lrt_fb_ref files = lrt_fb_add_references(b, list, 2);
  lrt_fb_begin_table(b);
  lrt_fb_put_integer(b, 0, LRT_FB_I8, 1, 0);
  lrt_fb_put_float(b, 1, LRT_FB_F32, 0.25, 0);
  const lrt_fb_ref calibration = lrt_fb_end_table(b);
  lrt_fb_begin_table(b);
  const lrt_fb_ref tokenizer = lrt_fb_end_table(b);
  const lrt_fb_ref both[] = {sample_unit(b, 2, calibration), sample_unit(b, 4, tokenizer)};
  const lrt_fb_ref units = lrt_fb_add_references(b, both, 2), name = lrt_fb_add_text(b, "scores");
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, name);
  lrt_fb_put_ref(b, 4, units);
  lrt_fb_put_ref(b, 6, files);
  return lrt_fb_end_table(b);
}

/* *bytes belongs to the builder, which the caller has initialised. */
static inline lrt_status sample_metadata(lrt_fb_builder *b, const uint8_t **bytes, size_t *size) {
  const lrt_fb_ref input = sample_input(b), output = sample_output(b);
  const lrt_fb_ref inputs = lrt_fb_add_references(b, &input, 1),
                   outputs = lrt_fb_add_references(b, &output, 1);
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 2, inputs);
  lrt_fb_put_ref(b, 3, outputs);
  const lrt_fb_ref graph = lrt_fb_end_table(b);
  const lrt_fb_ref graphs = lrt_fb_add_references(b, &graph, 1), name = lrt_fb_add_text(b, "sample");
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, name);
  lrt_fb_put_ref(b, 3, graphs);
  return lrt_fb_finish(b, lrt_fb_end_table(b), "M001", bytes, size, NULL);
}

#endif
