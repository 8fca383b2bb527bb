/* token_ids.h: a growable list of token ids. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_LLM_TOKEN_IDS_H
#define LRT_LLM_TOKEN_IDS_H

#include <string.h>

#include "base/alloc.h"

typedef struct lrt_llm_ids {
  int32_t *ids; /* [count] */
  size_t count, capacity;
} lrt_llm_ids;

/* Appends; on failure the list is as before. */
lrt_status lrt_llm_ids_add(lrt_llm_ids *list, lrt_alloc *alloc, const int32_t *ids, size_t count,
                           lrt_error *err);

#endif
