/* counters.h: what the library has done since the process started, in numbers that only grow. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_COUNTERS_H
#define LITERT_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "litert/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, "name", "meaning"); new counters are added at the end. */
#define LRT_COUNTER_LIST(X)                                                                                  \
  X(MODELS_LOADED, "models_loaded", "models read and verified")                                              \
  X(MODELS_REFUSED, "models_refused", "models that did not pass verification")                               \
  X(BYTES_MAPPED, "bytes_mapped", "bytes of files mapped into memory")                                       \
  X(BYTES_READ, "bytes_read", "bytes of files copied into memory")                                           \
  X(PLANS_MADE, "plans_made", "plans made, one per signature and set of shapes")                             \
  X(INVOKES, "invokes", "runs of a plan started by a caller")                                                \
  X(STEPS_RUN, "steps_run", "steps of plans executed, loop bodies included")                                 \
  X(PACKS_MADE, "packs_made", "weights repacked for a kernel")                                               \
  X(BYTES_PACKED, "bytes_packed", "bytes of repacked weights")                                               \
  X(TEAM_RUNS, "team_runs", "functions run on a thread team with more than one worker")                      \
  X(RUNS_ALONE, "runs_alone", "runs on one thread because the team was busy or incomplete")                  \
  X(FALLBACKS, "fallbacks", "steps planned with a slower kernel or refused by a delegate")                   \
  X(TEAM_SHRINKS, "team_shrinks", "workers that rest because the system did not run them while others waited")

typedef enum lrt_counter {
#define LRT_COUNTER_ENUM(name, text, meaning) LRT_COUNTER_##name,
  LRT_COUNTER_LIST(LRT_COUNTER_ENUM)
#undef LRT_COUNTER_ENUM
      LRT_COUNTER_COUNT
} lrt_counter;

/* Copies up to `capacity` counters, in the order of lrt_counter, and returns how many this library has. Counters
 * are read one by one: other threads may run in between. `out` may be NULL when `capacity` is 0. */
LRT_API size_t lrt_counters_read(uint64_t *out, size_t capacity);
/* Name ("models_loaded") and meaning of a counter; "unknown" for other numbers. */
LRT_API const char *lrt_counter_name(lrt_counter counter);
LRT_API const char *lrt_counter_text(lrt_counter counter);

#ifdef __cplusplus
}
#endif
#endif
