/* fuzz_run.c: any bytes as a model that is run: all inputs filled, all tensors read, an input resized, run again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_entry.h"
#include "run_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  const lrt_model_options options = {.limits = {.bytes = 64u << 20}};
  lrt_model *model = NULL;
  lrt_error err = {LRT_OK, ""};
  if (accepted(lrt_model_open_memory(bytes, length, &options, &model, &err), &err))
    run_model(model, digest(bytes, length));
  lrt_model_destroy(model);
  return 0;
}
