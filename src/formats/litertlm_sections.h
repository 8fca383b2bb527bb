/* litertlm_sections.h: the header of a .litertlm bundle: which sections it has and where. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_LITERTLM_SECTIONS_H
#define LRT_FORMATS_LITERTLM_SECTIONS_H

#include "formats/bundle_sections.h"

/* Reads and checks the header and every section's range. Errors: INVALID_MODEL; UNSUPPORTED for another major
 * version. The bundle's texts borrow from the source. */
lrt_status lrt_litertlm_read_sections(lrt_source *source, lrt_arena *arena, lrt_bundle *out, lrt_error *err);

#endif
