/* fuzz_metadata.c: any bytes as a metadata record; everything a verified one says is read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "formats/model_metadata.h"
#include "fuzz_entry.h"

static volatile size_t sink;

static void touch(const char *text) {
  sink = sink + (text != NULL ? strlen(text) : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  lrt_model_metadata_info info;
  if (lrt_model_metadata_verify(bytes, length, NULL) != LRT_OK) return 0;
  lrt_model_metadata_read(bytes, &info);
  touch(info.name);
  touch(info.license);
  for (int is_output = 0; is_output < 2; is_output++)
    for (uint32_t i = 0; i < (is_output ? info.output_count : info.input_count) && i < 64; i++) {
      lrt_tensor_metadata about;
      lrt_model_metadata_tensor(bytes, is_output, i, &about);
      touch(about.name);
      touch(about.description);
      touch(lrt_model_metadata_file(bytes, is_output, i, LRT_ASSOCIATED_AXIS_LABELS));
      touch(lrt_model_metadata_file(bytes, is_output, i, LRT_ASSOCIATED_SCORE_CALIBRATION));
    }
  return 0;
}
