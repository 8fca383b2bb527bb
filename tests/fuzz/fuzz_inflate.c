/* fuzz_inflate.c: any bytes as a raw deflate and as a zlib stream, into blocks of exact size. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "formats/inflate.h"
#include "fuzz_entry.h"

static void inflate_into(const uint8_t *bytes, size_t length, size_t capacity) {
  lrt_inflate_result result = {0, 0};
  uint8_t *out = lrt_alloc_get(lrt_alloc_default(), capacity);
  if (out == NULL) return;
  lrt_inflate_raw(bytes, length, out, capacity, &result, NULL);
  lrt_inflate_zlib(bytes, length, out, capacity, &result, NULL);
  lrt_alloc_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  inflate_into(bytes, length, 100);
  inflate_into(bytes, length, 1 << 16);
  return 0;
}
