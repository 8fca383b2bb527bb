/* core_watch.h: long calls of the library that Ctrl-C stops. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_PYTHON_CORE_WATCH_H
#define LITERT_PYTHON_CORE_WATCH_H

#include "core.h"
#include "litert/llm.h"

typedef lrt_status (*core_work_fn)(void *argument);

/* Runs `work` without the lock of Python, on a thread of its own, and lets Python look at signals meanwhile. When a signal
 * handler raises (KeyboardInterrupt), `session` is cancelled; the call returns when `work` has, with *interrupted set and
 * the exception pending. */
lrt_status core_watch(core_work_fn work, void *argument, lrt_session *session, int *interrupted);

#endif
