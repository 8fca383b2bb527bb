/* chunks.h: cuts a prompt into passes of the widths that a model has. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_LLM_CHUNKS_H
#define LRT_LLM_CHUNKS_H

#include "llm/llm_layout.h"

/* What a pass costs, in tokens of a wide one: as measured with int4 weights, which a pass of several tokens has to widen and
 * a single token reads as they are. */
static inline int32_t lrt_llm_pass_cost(int32_t width) {
  return width == 1 ? 7 : 16 + width;
}

/* The entry of the next pass of the cheapest way through `count` (>= 1) tokens at `position`. Only the last pass of a way
 * may be padded, never past `context`: writing there would move the whole pass onto positions that are in use. With a
 * recurrent layout nothing is padded. NULL where no way is left (the narrowest pass does not fit). `scratch`:
 * lrt_llm_chunk_scratch bytes. */
const lrt_llm_entry *lrt_llm_next_chunk(const lrt_llm_layout *layout, int32_t context, int32_t position,
                                        int32_t count, int32_t *scratch);
/* Bytes of scratch for any count: the search covers at most a few passes of the widest entry. */
size_t lrt_llm_chunk_scratch(const lrt_llm_layout *layout);

#endif
