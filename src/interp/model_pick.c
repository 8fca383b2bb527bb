/* model_pick.c: .tflite files as they are, bundles by their section tables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "interp/model_pick.h"

#include <string.h>

#include "base/fail.h"

lrt_status lrt_model_pick(lrt_source *file, lrt_alloc *alloc, lrt_source **out, lrt_error *err) {
  const void *head = NULL;
  (void)alloc;
  if (lrt_source_length(file) < 8)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s is not a model: it has %llu bytes", lrt_source_name(file),
                    (unsigned long long)lrt_source_length(file));
  LRT_TRY(lrt_source_view(file, 0, 8, &head, err));
  if (memcmp((const char *)head + 4, "TFL3", 4) != 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s is not a model: its first bytes are not those of a known kind",
                    lrt_source_name(file));
  *out = lrt_source_retain(file);
  return LRT_OK;
}
