/* cache_axis.h: which dimension of a cache counts positions. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_LLM_CACHE_AXIS_H
#define LRT_LLM_CACHE_AXIS_H

#include "llm/llm_layout.h"

/* `cache`: name of the output. The dimension along which the DYNAMIC_UPDATE_SLICE that makes it moves: the one where the
 * update is smaller than the cache; it may stand inside a composite. Where nothing of the kind is found: the dimension
 * that was `told` (-1 = none), or the only one of `context` (0 = unknown) elements. -1: none. */
int32_t lrt_llm_cache_axis(const lrt_model *model, const lrt_llm_entry *entries, int32_t count,
                           const char *cache, int32_t told, int32_t context);
/* The input of that name. */
lrt_status lrt_llm_cache_info(const lrt_model *model, int32_t signature, const char *cache,
                              lrt_tensor_info *out);

#endif
