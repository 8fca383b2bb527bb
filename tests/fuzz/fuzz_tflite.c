/* fuzz_tflite.c: any bytes through the flatbuffer verifier with the .tflite schema, then through all accessors. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "flatbuffer_walk.h"
#include "formats/tflite_schema.h"
#include "fuzz_entry.h"

static const lrt_fb_field options_fields[] = {
    {.name = "numbers", .slot = 0, .kind = LRT_FB_VECTOR, .element = LRT_FB_I64},
    {.name = "text", .slot = 1, .kind = LRT_FB_STRING},
    {.name = "value", .slot = 2, .kind = LRT_FB_F32}};
static const lrt_fb_type options_type = {"Options", options_fields, 3, 0, 0};
static const lrt_fb_type *const option_members[] = {NULL, &options_type, NULL, &options_type};
static const lrt_fb_union options = {"BuiltinOptions", option_members, 4};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static volatile uint64_t sink;
  const lrt_fb_schema schema = lrt_tfl_schema(&options, &options);
  if (lrt_fb_verify(bytes, length, &schema, NULL) == LRT_OK)
    sink = sink + walk_table(&schema, schema.root, lrt_fb_root(bytes));
  return 0;
}
