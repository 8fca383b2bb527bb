/* weights.h: the model's store of packed weights: each layout of each constant is made once, under a lock. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_WEIGHTS_H
#define LRT_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "litert/status.h"

typedef struct lrt_weights lrt_weights;

lrt_status lrt_weights_create(lrt_alloc *alloc, lrt_weights **out, lrt_error *err);
void lrt_weights_destroy(lrt_weights *weights); /* NULL is fine */

/* Writes the packed form into `out` (zeroed, `bytes` long, 64-byte aligned). */
typedef void (*lrt_weights_fill)(void *out, const void *arg);

/* What identifies a packed form: the constant's address, the layout's name and up to four numbers that the layout
 * depends on (zero point, group count …). */
typedef struct lrt_weights_key {
  const void *data;
  const char *layout; /* a string literal */
  int64_t numbers[4];
} lrt_weights_key;

/* The packed form, made by `fill` on first use; shared and immutable afterwards. */
lrt_status lrt_weights_get(lrt_weights *weights, const lrt_weights_key *key, size_t bytes,
                           lrt_weights_fill fill, const void *arg, const void **out, lrt_error *err);
/* Bytes held by packed forms. */
uint64_t lrt_weights_bytes(const lrt_weights *weights);

#endif
