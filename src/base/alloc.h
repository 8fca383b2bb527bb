/* alloc.h: the only door to the heap: counted, bounded, and able to fail on demand. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_ALLOC_H
#define LRT_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "litert/status.h"

/* Every block starts on a 64-byte boundary (one cache line, one AVX-512 register). */
#define LRT_ALLOC_ALIGN 64

/* An account: blocks are charged to it, refused above its budget. Safe to use from several threads. */
typedef struct lrt_alloc lrt_alloc;

/* The process-wide account without a budget; never destroyed. */
lrt_alloc *lrt_alloc_default(void);

/* A new account; `budget` in bytes, 0 = none. Blocks may outlive lrt_alloc_destroy: the account goes with the last. */
lrt_status lrt_alloc_create(uint64_t budget, lrt_alloc **out, lrt_error *err);
void lrt_alloc_destroy(lrt_alloc *alloc);

/* Blocks; NULL over budget, in failing mode, or when the system refuses. 0 bytes give a valid pointer. */
void *lrt_alloc_get(lrt_alloc *alloc, size_t bytes);
void *lrt_alloc_zero(lrt_alloc *alloc, size_t bytes);
/* Grows or shrinks; contents up to the smaller size stay; on NULL the old block is untouched. block NULL = get. */
void *lrt_alloc_resize(lrt_alloc *alloc, void *block, size_t bytes);
void lrt_alloc_free(void *block);
/* count * size with overflow check (NULL on overflow), zeroed. */
void *lrt_alloc_array(lrt_alloc *alloc, size_t count, size_t size);

uint64_t lrt_alloc_in_use(const lrt_alloc *alloc);
uint64_t lrt_alloc_peak(const lrt_alloc *alloc);

/* Blocks of the C heap itself, for contracts in which foreign code frees them or hands them in. Not charged to anybody;
 * they fail with the default account's failing mode. 0 bytes give a block; block NULL = a new one. */
void *lrt_foreign_resize(void *block, size_t bytes);
void lrt_foreign_free(void *block);

/* Tests: the n-th allocation from now on (1 = the next) and all later ones fail; 0 switches off. On the
 * default account this covers every account of the process. */
void lrt_alloc_fail_from(lrt_alloc *alloc, uint64_t nth);
/* Number of allocations made so far (to size a sweep); the default account counts those of all accounts. */
uint64_t lrt_alloc_calls(const lrt_alloc *alloc);

/* The error for a refused block: OVER_BUDGET where the budget was the reason, else OUT_OF_MEMORY. bytes 0 = the block
 * refused last. */
lrt_status lrt_alloc_fail(lrt_error *err, const lrt_alloc *alloc, uint64_t bytes, const char *what);

#endif
