/* chunks.c: the cheapest way through a prompt by dynamic programming over covered tokens. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "llm/chunks.h"

#define IMPOSSIBLE INT32_MAX

static int32_t widest(const lrt_llm_layout *layout) {
  return layout->entries[layout->entry_count - 1].width;
}

size_t lrt_llm_chunk_scratch(const lrt_llm_layout *layout) {
  return ((size_t)widest(layout) * 3 + 1) * sizeof(int32_t);
}

/* cost[k]: of covering exactly k tokens; 0 <= k <= last. */
static void fill_costs(const lrt_llm_layout *layout, int32_t last, int32_t *cost) {
  cost[0] = 0;
  for (int32_t k = 1; k <= last; k++) {
    cost[k] = IMPOSSIBLE;
    for (int32_t e = 0; e < layout->entry_count; e++) {
      const int32_t width = layout->entries[e].width;
      if (width > k || cost[k - width] == IMPOSSIBLE) continue;
      const int32_t sum = cost[k - width] + lrt_llm_pass_cost(width);
      if (sum < cost[k]) cost[k] = sum;
    }
  }
}

/* Widest first: the padded pass comes last and is a narrow one. */
static const lrt_llm_entry *first_of(const lrt_llm_layout *layout, int32_t cover, const int32_t *cost) {
  for (int32_t e = layout->entry_count - 1; e >= 0; e--) {
    const int32_t width = layout->entries[e].width;
    if (width <= cover && cost[cover - width] != IMPOSSIBLE &&
        cost[cover - width] + lrt_llm_pass_cost(width) == cost[cover])
      return &layout->entries[e];
  }
  return NULL;
}

const lrt_llm_entry *lrt_llm_next_chunk(const lrt_llm_layout *layout, int32_t context, int32_t position,
                                        int32_t count, int32_t *scratch) {
  const int32_t wide = widest(layout), room = context - position;
  if (count / 2 > wide && wide <= room) return &layout->entries[layout->entry_count - 1];
  const int64_t most = layout->recurrent ? count : (int64_t)count + wide - 1;
  const int32_t last = most < room ? (int32_t)most : room;
  int32_t best = -1;
  if (count > last) return NULL;
  fill_costs(layout, last, scratch);
  for (int32_t k = count; k <= last; k++)
    if (scratch[k] != IMPOSSIBLE && (best < 0 || scratch[k] < scratch[best])) best = k;
  return best < 0 ? NULL : first_of(layout, best, scratch);
}
