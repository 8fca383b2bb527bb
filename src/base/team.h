/* team.h: runs one function on all workers of a thread team, with barriers inside. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_TEAM_H
#define LRT_BASE_TEAM_H

#include <stdbool.h>

#include "litert/threads.h"

/* One worker's view of a run; valid inside lrt_team_fn only. */
typedef struct lrt_worker {
  int index; /* 0 = the calling thread */
  int count; /* workers taking part in this run */
  struct lrt_team_run *run;
} lrt_worker;

typedef void (*lrt_team_fn)(void *arg, const lrt_worker *worker);

/* Runs fn(arg, worker) on every worker and returns when all have returned. A worker that the system does not run while
 * the others wait, over several runs, rests for a while: worker.count is what to split by. When the team is busy with another
 * caller's run: waits (`wait_if_busy`) or runs on the calling thread alone (worker.count == 1).
 * team NULL: calling thread alone. */
void lrt_team_run(lrt_threads *team, lrt_team_fn fn, void *arg, bool wait_if_busy);

/* From now on the team does not shrink when workers stall: for tests that count workers. */
void lrt_team_keep_all(lrt_threads *team);

/* All workers of the run meet here; memory written before it is visible after it. No-op for a single worker. */
void lrt_team_barrier(const lrt_worker *worker);

#endif
