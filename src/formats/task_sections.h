/* task_sections.h: the parts of a .task bundle: a zip whose entries are stored, not compressed. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_TASK_SECTIONS_H
#define LRT_FORMATS_TASK_SECTIONS_H

#include "formats/bundle_sections.h"

/* One section per zip entry, named like it; the kind follows from the name, or from the bytes (a .tflite inside a
 * vision task). Entries that are compressed are left out: they have no range of their own. Errors: those of
 * lrt_zip_open. */
lrt_status lrt_task_read_sections(lrt_source *source, lrt_arena *arena, lrt_bundle *out, lrt_error *err);

#endif
