/* fuzz_zip.c: any bytes as a zip archive; entries of moderate size are decompressed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/zip.h"
#include "fuzz_entry.h"

static void read_entries(const lrt_zip *zip) {
  for (size_t i = 0; i < zip->count && i < 16; i++) {
    const lrt_zip_entry *entry = &zip->entries[i];
    if (entry->size > 1 << 20) continue;
    uint8_t *out = lrt_alloc_get(lrt_alloc_default(), (size_t)entry->size);
    if (out != NULL) lrt_zip_read(zip, entry, out, NULL);
    lrt_alloc_free(out);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_zip zip;
  lrt_arena_init(&arena, lrt_alloc_default());
  if (lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), &source, NULL) == LRT_OK &&
      lrt_zip_open(source, &arena, &zip, NULL) == LRT_OK)
    read_entries(&zip);
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  return 0;
}
