/* counter.h: how the rooms count what they do. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_COUNTER_H
#define LRT_BASE_COUNTER_H

#include "litert/counters.h"

/* Adds `amount`; cheap, from any thread. */
void lrt_counter_add(lrt_counter counter, uint64_t amount);

#endif
