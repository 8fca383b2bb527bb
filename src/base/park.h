/* park.h: threads sleep until a 32-bit word changes (futex on Linux). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_PARK_H
#define LRT_BASE_PARK_H

#include <stdatomic.h>
#include <stdint.h>

/* Sleeps while *word == expected; may return early for no reason. */
void lrt_park_wait(_Atomic uint32_t *word, uint32_t expected);
/* Wakes all threads that sleep on the word. */
void lrt_park_wake(_Atomic uint32_t *word);

/* Tells the core that this is a waiting loop. */
static inline void lrt_park_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
