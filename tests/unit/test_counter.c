/* test_counter.c: counters grow from any thread and are read by number and name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "base/counter.h"
#include "check.h"

static void *count_up(void *arg) {
  for (int i = 0; i < 1000; i++) lrt_counter_add(LRT_COUNTER_STEPS_RUN, 2);
  return arg;
}

static void counters_add_up(void) {
  uint64_t before[LRT_COUNTER_COUNT], after[LRT_COUNTER_COUNT + 1] = {0};
  pthread_t threads[3];
  CHECK_INT(lrt_counters_read(NULL, 0), LRT_COUNTER_COUNT);
  CHECK_INT(lrt_counters_read(before, LRT_COUNTER_COUNT), LRT_COUNTER_COUNT);
  for (int i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, count_up, NULL) == 0);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  lrt_counter_add(LRT_COUNTER_COUNT, 1);
  CHECK_INT(lrt_counters_read(after, LRT_COUNTER_COUNT + 1), LRT_COUNTER_COUNT);
  CHECK_INT(after[LRT_COUNTER_STEPS_RUN] - before[LRT_COUNTER_STEPS_RUN], 6000);
  CHECK_INT(after[LRT_COUNTER_INVOKES], before[LRT_COUNTER_INVOKES]);
  CHECK_INT(after[LRT_COUNTER_COUNT], 0);
}

static void counters_have_names(void) {
  CHECK_TEXT(lrt_counter_name(LRT_COUNTER_MODELS_LOADED), "models_loaded");
  CHECK_TEXT(lrt_counter_text(LRT_COUNTER_MODELS_LOADED), "models read and verified");
  CHECK_TEXT(lrt_counter_name(LRT_COUNTER_COUNT), "unknown");
}

int main(int argc, char **argv) {
  RUN(counters_add_up);
  RUN(counters_have_names);
  DONE();
}
