/* alloc.c: counted blocks over the C heap: budgets, peaks, and failures on demand. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

struct lrt_alloc {
  uint64_t budget;
  atomic_uint_fast64_t refs; /* the handle + every live block */
  atomic_uint_fast64_t in_use;
  atomic_uint_fast64_t peak;
  atomic_uint_fast64_t refused; /* bytes of the last block that the budget did not allow */
  atomic_uint_fast64_t calls;
  atomic_uint_fast64_t fail_from; /* first failing call, 0 = none */
};

/* Sits in the 64 bytes before each block. */
typedef struct block_head {
  lrt_alloc *owner;
  void *start; /* what the C heap gave */
  size_t bytes;
} block_head;

static_assert(sizeof(block_head) <= LRT_ALLOC_ALIGN, "the head fits before the block");

/* From this size on, zeroed memory is taken fresh from the system instead of being written. */
#define LAZY_ZERO_BYTES ((size_t)128 * 1024)

static lrt_alloc process_account = {.refs = 1};

static block_head *head_of(void *block) {
  return (block_head *)(void *)((char *)block - LRT_ALLOC_ALIGN);
}

static void drop_reference(lrt_alloc *alloc) {
  if (atomic_fetch_sub_explicit(&alloc->refs, 1, memory_order_acq_rel) == 1) free(alloc);
}

lrt_alloc *lrt_alloc_default(void) {
  return &process_account;
}

lrt_status lrt_alloc_create(uint64_t budget, lrt_alloc **out, lrt_error *err) {
  lrt_alloc *alloc = calloc(1, sizeof *alloc);
  *out = NULL;
  if (alloc == NULL) return lrt_fail(err, LRT_OUT_OF_MEMORY, "no memory left for a memory account");
  alloc->budget = budget;
  atomic_init(&alloc->refs, 1);
  *out = alloc;
  return LRT_OK;
}

void lrt_alloc_destroy(lrt_alloc *alloc) {
  if (alloc != NULL && alloc != &process_account) drop_reference(alloc);
}

static bool over_budget(const lrt_alloc *alloc, uint64_t used, uint64_t bytes) {
  return alloc->budget != 0 && (bytes > alloc->budget || used > alloc->budget - bytes);
}

/* Adds `more` bytes to the account; false where its budget forbids it. */
static bool charge(lrt_alloc *alloc, uint64_t more) {
  uint_fast64_t used = atomic_load_explicit(&alloc->in_use, memory_order_relaxed);
  do {
    if (over_budget(alloc, used, more)) {
      atomic_store_explicit(&alloc->refused, more, memory_order_relaxed);
      return false;
    }
  } while (!atomic_compare_exchange_weak_explicit(&alloc->in_use, &used, used + more, memory_order_relaxed,
                                                  memory_order_relaxed));
  uint_fast64_t peak = atomic_load_explicit(&alloc->peak, memory_order_relaxed);
  while (used + more > peak &&
         !atomic_compare_exchange_weak_explicit(&alloc->peak, &peak, used + more, memory_order_relaxed,
                                                memory_order_relaxed)) {
  }
  return true;
}

static void discharge(lrt_alloc *alloc, uint64_t bytes) {
  atomic_fetch_sub_explicit(&alloc->in_use, bytes, memory_order_relaxed);
}

/* Counts a call; false when it is one of those that have to fail. */
static bool may_proceed(lrt_alloc *alloc) {
  const uint64_t call = atomic_fetch_add_explicit(&alloc->calls, 1, memory_order_relaxed) + 1;
  const uint64_t fail_from = atomic_load_explicit(&alloc->fail_from, memory_order_relaxed);
  return fail_from == 0 || call < fail_from;
}

/* Memory with a head and a 64-byte aligned block of `bytes`; NULL when the system refuses. */
static void *take_from_heap(size_t bytes, bool zero) {
  const size_t wanted = bytes == 0 ? 1 : bytes;
  void *start = NULL;
  if (wanted > PTRDIFF_MAX - 2 * LRT_ALLOC_ALIGN) return NULL;
  if (zero && wanted >= LAZY_ZERO_BYTES) {
    start = calloc(1, wanted + 2 * LRT_ALLOC_ALIGN);
    if (start == NULL) return NULL;
  } else {
    if (posix_memalign(&start, LRT_ALLOC_ALIGN, wanted + LRT_ALLOC_ALIGN) != 0) return NULL;
    if (zero) memset((char *)start + LRT_ALLOC_ALIGN, 0, wanted);
  }
  const uintptr_t misfit = (uintptr_t)start % LRT_ALLOC_ALIGN;
  char *block = (char *)start + (misfit == 0 ? 0 : LRT_ALLOC_ALIGN - misfit) + LRT_ALLOC_ALIGN;
  head_of(block)->start = start;
  return block;
}

static void *take_block(lrt_alloc *alloc, size_t bytes, bool zero) {
  if (alloc == NULL) alloc = &process_account;
  if (alloc != &process_account && !may_proceed(&process_account)) return NULL;
  if (!may_proceed(alloc) || !charge(alloc, bytes)) return NULL;
  void *block = take_from_heap(bytes, zero);
  if (block == NULL) {
    discharge(alloc, bytes);
    return NULL;
  }
  head_of(block)->owner = alloc;
  head_of(block)->bytes = bytes;
  atomic_fetch_add_explicit(&alloc->refs, 1, memory_order_relaxed);
  return block;
}

void *lrt_alloc_get(lrt_alloc *alloc, size_t bytes) {
  return take_block(alloc, bytes, false);
}

void *lrt_alloc_zero(lrt_alloc *alloc, size_t bytes) {
  return take_block(alloc, bytes, true);
}

void *lrt_alloc_array(lrt_alloc *alloc, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  return take_block(alloc, count * size, true);
}

void *lrt_alloc_resize(lrt_alloc *alloc, void *block, size_t bytes) {
  if (block == NULL) return lrt_alloc_get(alloc, bytes);
  const size_t old_bytes = head_of(block)->bytes;
  void *moved = take_block(head_of(block)->owner, bytes, false);
  if (moved == NULL) return NULL;
  memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
  lrt_alloc_free(block);
  return moved;
}

void lrt_alloc_free(void *block) {
  if (block == NULL) return;
  const block_head head = *head_of(block);
  discharge(head.owner, head.bytes);
  free(head.start);
  drop_reference(head.owner);
}

uint64_t lrt_alloc_in_use(const lrt_alloc *alloc) {
  return atomic_load_explicit(&alloc->in_use, memory_order_relaxed);
}

uint64_t lrt_alloc_peak(const lrt_alloc *alloc) {
  return atomic_load_explicit(&alloc->peak, memory_order_relaxed);
}

void *lrt_foreign_resize(void *block, size_t bytes) {
  return may_proceed(&process_account) ? realloc(block, bytes > 0 ? bytes : 1) : NULL;
}

void lrt_foreign_free(void *block) {
  free(block);
}

void lrt_alloc_fail_from(lrt_alloc *alloc, uint64_t nth) {
  const uint64_t calls = lrt_alloc_calls(alloc);
  atomic_store_explicit(&alloc->fail_from, nth == 0 ? 0 : calls + nth, memory_order_relaxed);
}

uint64_t lrt_alloc_calls(const lrt_alloc *alloc) {
  return atomic_load_explicit(&alloc->calls, memory_order_relaxed);
}

lrt_status lrt_alloc_fail(lrt_error *err, const lrt_alloc *alloc, uint64_t bytes, const char *what) {
  if (alloc == NULL) alloc = &process_account;
  const uint64_t used = lrt_alloc_in_use(alloc);
  if (bytes == 0) bytes = atomic_load_explicit(&alloc->refused, memory_order_relaxed);
  if (over_budget(alloc, used, bytes))
    return lrt_fail(err, LRT_OVER_BUDGET, "%s needs %llu bytes, but %llu of the budget of %llu are in use",
                    what, (unsigned long long)bytes, (unsigned long long)used,
                    (unsigned long long)alloc->budget);
  return lrt_fail(err, LRT_OUT_OF_MEMORY, "no memory left for %s (%llu bytes)", what,
                  (unsigned long long)bytes);
}
