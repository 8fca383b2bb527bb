/* litertlm_write.h: writes a .litertlm bundle section by section. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_LITERTLM_WRITE_H
#define LRT_FORMATS_LITERTLM_WRITE_H

#include "base/output.h"
#include "formats/bundle_sections.h"

/* One section to be written. */
typedef struct lrt_bundle_part {
  lrt_section_kind kind;
  const lrt_section_item *items; /* [item_count]: texts, or whole numbers (int64), or numbers (float) */
  size_t item_count;
  const void *bytes; /* [length]: the contents, unless `write` is given */
  uint64_t length;
  lrt_status (*write)(void *cookie, lrt_output *output, lrt_error *err); /* appends the contents */
  void *cookie;
} lrt_bundle_part;

/* Appends a whole bundle (format version 1.7) to an empty output: each section begins on a multiple of 16384. The same
 * parts give the same bytes: nothing is added that changes from run to run. Errors: those of the output and the
 * parts; OUT_OF_MEMORY. The caller commits. */
lrt_status lrt_litertlm_write(lrt_output *output, const lrt_bundle_part *parts, size_t part_count,
                              const lrt_section_item *items, size_t item_count, lrt_alloc *alloc,
                              lrt_error *err);

#endif
