/* weights_cache.h: a file of packed weights beside a model, so that the next process maps instead of packs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_WEIGHTS_CACHE_H
#define LRT_WEIGHTS_CACHE_H

#include "base/source.h"
#include "graph/graph.h"
#include "ops/weights.h"

typedef struct lrt_weights_cache lrt_weights_cache;

/* What happened to the file so far. */
typedef enum lrt_weights_cache_state {
  LRT_WEIGHTS_CACHE_EMPTY = 0, /* no file yet */
  LRT_WEIGHTS_CACHE_USED,      /* opened; packed forms come from it */
  LRT_WEIGHTS_CACHE_STALE,     /* for another model, machine or version: will be replaced */
  LRT_WEIGHTS_CACHE_DAMAGED,   /* cut or changed: will be replaced */
  LRT_WEIGHTS_CACHE_WRITTEN,   /* made or replaced by this process */
  LRT_WEIGHTS_CACHE_UNWRITABLE /* could not be written; the reason is in the detail */
} lrt_weights_cache_state;

/* `path` names a file, or a folder, in which the file's name is made from the model's. `file` is what was opened, `model`
 * the bytes of the graph in it. An unusable file is no error, the next save replaces it; one that is not a cache of
 * packed weights at all is INVALID_ARGUMENT, so that no other file is ever overwritten. The graph, both sources and the
 * store outlive the cache's use. Sets the store's finder. */
lrt_status lrt_weights_cache_open(const char *path, lrt_source *file, lrt_source *model,
                                  lrt_source_policy policy, const lrt_graph *graph, lrt_weights *weights,
                                  lrt_alloc *alloc, lrt_weights_cache **out, lrt_error *err);
/* Frees the mapping: after the store. NULL is fine. */
void lrt_weights_cache_destroy(lrt_weights_cache *cache);
/* Writes the file when packed forms were made since it was written. Failures change the state and are logged. */
void lrt_weights_cache_save(lrt_weights_cache *cache);
/* Path, state, and a sentence for it that is cut to `size`. */
const char *lrt_weights_cache_path(const lrt_weights_cache *cache);
lrt_weights_cache_state lrt_weights_cache_describe(lrt_weights_cache *cache, char *detail, size_t size);

#endif
