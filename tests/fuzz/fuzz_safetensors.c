/* fuzz_safetensors.c: any bytes as a .safetensors file; the ends of all tensors are read as floats. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/safetensors.h"

#include "fuzz_entry.h"

static double touch(const lrt_safetensors *file, const lrt_safetensors_tensor *tensor) {
  float ends[2] = {0, 0};
  const uint64_t count = (uint64_t)lrt_shape_count(&tensor->shape);
  if (count == 0 || lrt_safetensors_widen(file, tensor, 0, 1, &ends[0], NULL) != LRT_OK) return 0;
  if (lrt_safetensors_widen(file, tensor, count - 1, 1, &ends[1], NULL) != LRT_OK)
    __builtin_trap(); /* the reader has checked the range */
  return (double)(ends[0] + ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static volatile double sink;
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_safetensors file;
  lrt_arena_init(&arena, lrt_alloc_default());
  if (lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), &source, NULL) == LRT_OK &&
      lrt_safetensors_read(source, &arena, &file, NULL) == LRT_OK)
    for (size_t i = 0; i < file.count; i++) sink = sink + touch(&file, &file.tensors[i]);
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  return 0;
}
