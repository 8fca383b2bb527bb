/* weights.h: the model's store of packed weights: each layout of each constant is made once, under a lock. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_WEIGHTS_H
#define LRT_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "litert/status.h"

/* To be raised whenever bytes in some layout change, or what its key does not say: files of packed weights made before
 * are not used any more. */
#define LRT_WEIGHTS_VERSION 1

typedef struct lrt_weights lrt_weights;

lrt_status lrt_weights_create(lrt_alloc *alloc, lrt_weights **out, lrt_error *err);
void lrt_weights_destroy(lrt_weights *weights); /* NULL is fine */

/* Writes the packed form into `out` (zeroed, `bytes` long, 64-byte aligned). */
typedef void (*lrt_weights_fill)(void *out, const void *arg);

/* What identifies a packed form: the constant's address, the layout's name and up to four numbers that the layout
 * depends on (zero point, group count, lrt_fingerprint64 of other contents …). The numbers mean the same in every
 * process: no addresses. */
typedef struct lrt_weights_key {
  const void *data;
  const char *layout; /* a string literal */
  int64_t numbers[4];
} lrt_weights_key;

/* The packed form, made by `fill` on first use; shared and immutable afterwards. */
lrt_status lrt_weights_get(lrt_weights *weights, const lrt_weights_key *key, size_t bytes,
                           lrt_weights_fill fill, const void *arg, const void **out, lrt_error *err);
/* Bytes of all packed forms, and of those among them that came from the finder. */
uint64_t lrt_weights_bytes(const lrt_weights *weights);
uint64_t lrt_weights_found_bytes(const lrt_weights *weights);
/* Number of packed forms that had to be made. */
uint64_t lrt_weights_made(const lrt_weights *weights);

/* Asked for each packed form before it is made: 64-byte aligned bytes that outlive the store, or NULL. Called under the
 * store's lock. */
typedef const void *(*lrt_weights_find)(void *cookie, const lrt_weights_key *key, size_t bytes);
void lrt_weights_set_finder(lrt_weights *weights, lrt_weights_find find, void *cookie);
/* Calls visit for every packed form under the lock, until one call fails. */
typedef lrt_status (*lrt_weights_visit)(void *cookie, const lrt_weights_key *key, const void *data,
                                        size_t bytes, lrt_error *err);
lrt_status lrt_weights_each(lrt_weights *weights, lrt_weights_visit visit, void *cookie, lrt_error *err);

#endif
