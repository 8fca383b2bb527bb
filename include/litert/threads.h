/* threads.h: a team of worker threads that any number of interpreters and sessions may share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_THREADS_H
#define LITERT_THREADS_H

#include "litert/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A reference-counted team. The caller of a run is worker 0; the team owns the other count - 1 threads, which
 * spin briefly and then sleep between runs. After fork() the child starts its own threads on first use. A worker that the
 * system does not run while the others wait rests for a while (counter team_shrinks); results do not depend on it. */
typedef struct lrt_threads lrt_threads;

/* A new team of `count` workers (>= 1; 0 = the cores this process may use). */
LRT_API lrt_status lrt_threads_create(int count, lrt_threads **out, lrt_error *err);
/* The process's shared team of that size, made on first use; the caller gets a reference. */
LRT_API lrt_status lrt_threads_shared(int count, lrt_threads **out, lrt_error *err);
LRT_API lrt_threads *lrt_threads_retain(lrt_threads *threads);
/* Drops one reference; the last one joins the threads. NULL is fine. */
LRT_API void lrt_threads_destroy(lrt_threads *threads);
LRT_API int lrt_threads_count(const lrt_threads *threads);

#ifdef __cplusplus
}
#endif
#endif
