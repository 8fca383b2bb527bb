/* core_watch.c: runs a long call on a thread of its own while Python looks at signals. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core_watch.h"

#include <pthread.h>
#include <time.h>

/* Python acts on signals at most this late. */
#define LOOK_NANOSECONDS 50000000L

typedef struct watched {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  core_work_fn work;
  void *argument;
  lrt_status status;
  int done;
} watched;

static void *run_work(void *argument) {
  watched *w = argument;
  const lrt_status status = w->work(w->argument);
  pthread_mutex_lock(&w->lock);
  w->status = status;
  w->done = 1;
  pthread_cond_signal(&w->changed);
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

/* Waits until the work is done or it is time to look at signals; tells whether it is done. */
static int wait_a_while(watched *w) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += LOOK_NANOSECONDS;
  if (until.tv_nsec >= 1000000000L) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000L;
  }
  pthread_mutex_lock(&w->lock);
  int error = 0;
  while (!w->done && error == 0) error = pthread_cond_timedwait(&w->changed, &w->lock, &until);
  const int done = w->done;
  pthread_mutex_unlock(&w->lock);
  return done;
}

static void watch(watched *w, lrt_session *session, int *interrupted) {
  int done = 0;
  while (!done) {
    Py_BEGIN_ALLOW_THREADS done = wait_a_while(w);
    Py_END_ALLOW_THREADS if (!*interrupted && PyErr_CheckSignals() != 0) *interrupted = 1;
    if (*interrupted && !done) lrt_session_cancel(session); /* again and again: the work may just begin */
  }
}

lrt_status core_watch(core_work_fn work, void *argument, lrt_session *session, int *interrupted) {
  watched w = {.work = work, .argument = argument, .status = LRT_OK};
  pthread_t thread;
  pthread_mutex_init(&w.lock, NULL);
  pthread_cond_init(&w.changed, NULL);
  *interrupted = 0;
  if (pthread_create(&thread, NULL, run_work, &w) == 0) {
    watch(&w, session, interrupted);
    pthread_join(thread, NULL);
  } else { /* no thread to be had: signals wait */
    Py_BEGIN_ALLOW_THREADS w.status = work(argument);
    Py_END_ALLOW_THREADS
  }
  pthread_cond_destroy(&w.changed);
  pthread_mutex_destroy(&w.lock);
  return w.status;
}
