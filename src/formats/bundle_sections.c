/* bundle_sections.c: names of section kinds and the search among them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/bundle_sections.h"

#include <string.h>

const char *lrt_section_kind_name(lrt_section_kind kind) {
  switch (kind) {
#define NAME(name, number, text)                                                                             \
  case LRT_SECTION_##name: return text;
    LRT_SECTION_KIND_LIST(NAME)
#undef NAME
  }
  return "unknown";
}

const lrt_section *lrt_bundle_find(const lrt_bundle *bundle, lrt_section_kind kind, const char *name) {
  for (size_t i = 0; i < bundle->count; i++) {
    const lrt_section *section = &bundle->sections[i];
    if (section->kind == kind && (name == NULL || strcmp(section->name, name) == 0)) return section;
  }
  return NULL;
}
