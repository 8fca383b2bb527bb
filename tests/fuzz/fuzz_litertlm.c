/* fuzz_litertlm.c: any bytes as a bundle header; the ends of all sections and all items are read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/litertlm_sections.h"

#include <string.h>

#include "fuzz_entry.h"

static uint64_t touch_items(const lrt_section_item *items, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++)
    sum += strlen(items[i].key) + (items[i].text == NULL ? items[i].number > 0 : strlen(items[i].text));
  return sum;
}

static uint64_t touch(const uint8_t *bytes, const lrt_bundle *bundle) {
  uint64_t sum = touch_items(bundle->items, bundle->item_count);
  for (size_t i = 0; i < bundle->count; i++) {
    const lrt_section *section = &bundle->sections[i];
    if (section->length > 0)
      sum += bytes[section->offset] + (uint64_t)bytes[section->offset + section->length - 1];
    sum += touch_items(section->items, section->item_count) + strlen(section->name);
  }
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static volatile uint64_t sink;
  lrt_source *source = NULL;
  lrt_arena arena;
  lrt_bundle bundle;
  lrt_arena_init(&arena, lrt_alloc_default());
  if (lrt_source_wrap(bytes, length, NULL, NULL, lrt_alloc_default(), &source, NULL) == LRT_OK &&
      lrt_litertlm_read_sections(source, &arena, &bundle, NULL) == LRT_OK)
    sink = sink + touch(bytes, &bundle);
  lrt_arena_clear(&arena);
  lrt_source_destroy(source);
  return 0;
}
