/* park.c: sleeping on a word: futex on Linux, one condition variable for all elsewhere. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/park.h"

#if defined(__linux__)
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void lrt_park_wait(_Atomic uint32_t *word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void lrt_park_wake(_Atomic uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
#else
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void lrt_park_wait(_Atomic uint32_t *word, uint32_t expected) {
  pthread_mutex_lock(&lock);
  if (atomic_load(word) == expected) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

void lrt_park_wake(_Atomic uint32_t *word) {
  (void)word;
  pthread_mutex_lock(&lock);
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}
#endif
