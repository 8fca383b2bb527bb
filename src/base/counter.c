/* counter.c: the process's counters. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/counter.h"

#include <stdatomic.h>

static atomic_uint_fast64_t counters[LRT_COUNTER_COUNT];

static const char *const texts[LRT_COUNTER_COUNT][2] = {
#define TEXTS(name, text, meaning) {text, meaning},
    LRT_COUNTER_LIST(TEXTS)
#undef TEXTS
};

void lrt_counter_add(lrt_counter counter, uint64_t amount) {
  if ((unsigned)counter < LRT_COUNTER_COUNT)
    atomic_fetch_add_explicit(&counters[counter], amount, memory_order_relaxed);
}

size_t lrt_counters_read(uint64_t *out, size_t capacity) {
  for (size_t i = 0; i < capacity && i < LRT_COUNTER_COUNT; i++)
    out[i] = atomic_load_explicit(&counters[i], memory_order_relaxed);
  return LRT_COUNTER_COUNT;
}

const char *lrt_counter_name(lrt_counter counter) {
  return (unsigned)counter < LRT_COUNTER_COUNT ? texts[counter][0] : "unknown";
}

const char *lrt_counter_text(lrt_counter counter) {
  return (unsigned)counter < LRT_COUNTER_COUNT ? texts[counter][1] : "unknown";
}
