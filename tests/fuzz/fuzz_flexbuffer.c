/* fuzz_flexbuffer.c: any bytes as a flexbuffer; every value and key that can be reached is read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "formats/flexbuffer.h"
#include "fuzz_entry.h"

/* Opening bounds what can be reached; `left` bounds what this walk spends on it. */
static uint64_t touch(lrt_flex value, int depth, int *left) {
  uint64_t sum =
      (uint64_t)lrt_flex_int(value, 0) + (lrt_flex_float(value, 0) > 0) + lrt_flex_bool(value, false);
  const lrt_flex_text text = lrt_flex_string(value);
  if (text.length > 0) sum += (uint8_t)text.text[0] + (uint64_t)(uint8_t)text.text[text.length - 1];
  const size_t size = lrt_flex_size(value);
  for (size_t i = 0; depth < LRT_FLEX_MAX_DEPTH && i<size && * left> 0; i++) {
    --*left;
    sum += touch(lrt_flex_at(value, i), depth + 1, left);
    if (value.type == LRT_FLEX_MAP) sum += lrt_flex_key(value, i).length;
  }
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static volatile uint64_t sink;
  lrt_flex root;
  int left = 10000;
  if (lrt_flex_open(bytes, length, &root, NULL) == LRT_OK)
    sink = sink + touch(root, 0, &left) + lrt_flex_is_null(lrt_flex_find(root, "name"));
  return 0;
}
