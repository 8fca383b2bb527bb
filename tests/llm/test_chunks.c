/* test_chunks.c: prompts cut into passes: everything covered once, nothing past the end, never dearer than one by one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "llm/chunks.h"

static int32_t scratch[3 * 512 + 1];

static lrt_llm_layout layout_of(const int32_t *widths, int32_t count, lrt_llm_entry *entries) {
  for (int32_t i = 0; i < count; i++) entries[i].width = widths[i];
  return (lrt_llm_layout){.entries = entries, .entry_count = count};
}

typedef struct way {
  int32_t cost, passes, widest, padded;
} way;

/* Follows the passes; false where one would leave the context or there is none. */
static bool follow(const lrt_llm_layout *layout, int32_t context, int32_t position, int32_t count, way *out) {
  memset(out, 0, sizeof *out);
  while (count > 0) {
    const lrt_llm_entry *entry = lrt_llm_next_chunk(layout, context, position, count, scratch);
    if (entry == NULL || position + entry->width > context) return false;
    const int32_t taken = entry->width < count ? entry->width : count;
    out->cost += lrt_llm_pass_cost(entry->width);
    out->padded += entry->width - taken;
    out->passes++;
    if (entry->width > out->widest) out->widest = entry->width;
    position += taken;
    count -= taken;
  }
  return true;
}

/* The cheapest cover by trying all numbers of passes of the three wider entries. */
static int32_t cheapest(int32_t count, int32_t room) {
  int32_t best = INT32_MAX;
  for (int32_t a = 0; a <= count / 512 + 1; a++)
    for (int32_t b = 0; b <= count / 128 + 1; b++)
      for (int32_t c = 0; c <= 9; c++) {
        int32_t cover = 512 * a + 128 * b + 16 * c;
        const int32_t ones = cover < count ? count - cover : 0;
        cover += ones;
        const int32_t cost = a * lrt_llm_pass_cost(512) + b * lrt_llm_pass_cost(128) +
                             c * lrt_llm_pass_cost(16) + ones * lrt_llm_pass_cost(1);
        if (cover <= room && cost < best) best = cost;
      }
  return best;
}

static void any_length(void) {
  static const int32_t widths[] = {1, 16, 128, 512};
  lrt_llm_entry entries[4];
  const lrt_llm_layout layout = layout_of(widths, 4, entries);
  way found;
  for (int32_t count = 1; count <= 1280; count += count < 700 ? 1 : 17) {
    CHECK(follow(&layout, 1280, 0, count, &found));
    CHECK(count > 700 || found.cost <= cheapest(count, 1280));
  }
  CHECK(follow(&layout, 1280, 0, 512, &found) && found.passes == 1);
  CHECK(follow(&layout, 1280, 0, 15, &found) && found.passes == 1 && found.padded == 1);
  CHECK(follow(&layout, 1280, 0, 1, &found) && found.widest == 1);
}

/* Near the end there is no room for padding. */
static void end_of_the_context(void) {
  static const int32_t widths[] = {1, 16, 128, 512};
  lrt_llm_entry entries[4];
  const lrt_llm_layout layout = layout_of(widths, 4, entries);
  way found;
  for (int32_t position = 1100; position < 1280; position++) {
    for (int32_t count = 1; count <= 1280 - position; count++)
      CHECK(follow(&layout, 1280, position, count, &found));
    CHECK(lrt_llm_next_chunk(&layout, 1280, position, 1281 - position, scratch) == NULL);
  }
  CHECK(follow(&layout, 1280, 1265, 15, &found) && found.padded == 0 && found.widest == 1);
  CHECK(follow(&layout, 1280, 1264, 15, &found) && found.padded == 1 && found.widest == 16);
}

static void only_wide_passes(void) {
  static const int32_t widths[] = {8};
  lrt_llm_entry entries[1];
  const lrt_llm_layout layout = layout_of(widths, 1, entries);
  way found;
  CHECK(follow(&layout, 32, 20, 5, &found) && found.padded == 3);
  CHECK(lrt_llm_next_chunk(&layout, 32, 27, 3, scratch) == NULL); /* would be written at 24 */
}

static void recurrent_states_are_never_padded(void) {
  static const int32_t widths[] = {1, 16};
  lrt_llm_entry entries[2];
  lrt_llm_layout layout = layout_of(widths, 2, entries);
  way found;
  layout.recurrent = true;
  CHECK(follow(&layout, 1280, 0, 47, &found) && found.padded == 0 && found.passes == 2 + 15);
}

int main(int argc, char **argv) {
  RUN(any_length);
  RUN(end_of_the_context);
  RUN(only_wide_passes);
  RUN(recurrent_states_are_never_padded);
  DONE();
}
