/* fuzz_gguf.c: any bytes as a GGUF file; all values are read, and the ends of all tensors as floats. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/gguf.h"

#include <string.h>

#include "fuzz_entry.h"

static double touch_key(const lrt_gguf_key *key) {
  double sum = (double)strlen(key->name);
  for (size_t i = 0; i < key->count; i++) {
    sum += lrt_gguf_number(key, i, 0) + (double)lrt_gguf_integer(key, i, 1);
    if (key->kind == LRT_GGUF_TEXT && key->texts[i].length > 0)
      sum += key->texts[i].bytes[0] + key->texts[i].bytes[key->texts[i].length - 1];
  }
  return sum;
}

static double touch_tensor(const lrt_gguf *file, const lrt_gguf_tensor *tensor) {
  float ends[2][256];
  const uint32_t block = lrt_gguf_block_elements(tensor->type);
  if (tensor->count == 0) return 0;
  if (lrt_gguf_widen(file, tensor, 0, block, ends[0], NULL) != LRT_OK ||
      lrt_gguf_widen(file, tensor, tensor->count - block, block, ends[1], NULL) != LRT_OK)
    __builtin_trap(); /* the reader has checked the range */
  return (double)(ends[0][0] + ends[1][block - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static volatile double sink;
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_gguf file;
  lrt_arena_init(&arena, lrt_alloc_default());
  if (lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), &source, NULL) == LRT_OK &&
      lrt_gguf_read(source, &arena, &file, NULL) == LRT_OK) {
    for (size_t i = 0; i < file.key_count; i++) sink = sink + touch_key(&file.keys[i]);
    for (size_t i = 0; i < file.tensor_count; i++) sink = sink + touch_tensor(&file, &file.tensors[i]);
  }
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  return 0;
}
