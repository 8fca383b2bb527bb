/* delegate.h: delegates: shared libraries that run parts of a model instead of this library's kernels. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_DELEGATE_H
#define LITERT_DELEGATE_H

#include "litert/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A delegate is offered the nodes of each subgraph and claims those it can run. Neighbouring claimed nodes become
 * groups, and each group runs as one step of the plan. An open delegate may be used by several interpreters; whether
 * at the same time is up to the library behind it. */
typedef struct lrt_delegate lrt_delegate;

/* What an interpreter does when a delegate fails while it looks at the model or prepares a group. */
typedef enum lrt_delegate_policy {
  LRT_DELEGATE_REQUIRED = 0, /* allocate fails */
  LRT_DELEGATE_OPTIONAL      /* the delegate is left out: a warning in the log, lrt_delegation_info.refused */
} lrt_delegate_policy;

/* Bounds on what a delegate gets; 0 = none. */
typedef struct lrt_delegate_limits {
  int32_t max_groups; /* per subgraph: the largest groups are kept, the other nodes run on the CPU */
  int32_t min_nodes;  /* smaller groups run on the CPU */
} lrt_delegate_limits;

/* Loads a shared library with the entry points of TFLite's external delegates (tflite_plugin_create_delegate,
 * tflite_plugin_destroy_delegate; see tflite/delegates/external/external_delegate_interface.h) and makes a delegate from
 * the `count` pairs keys[i] = values[i], which are only read during the call. `limits` may be NULL. The library stays
 * loaded as long as the process: code of a delegate may have left threads or handlers behind. Errors: NOT_FOUND (the
 * library cannot be loaded), UNSUPPORTED (it lacks an entry point), INVALID_ARGUMENT (it refused the options; the message
 * is what it reported). */
LRT_API lrt_status lrt_delegate_open(const char *path, const char *const *keys, const char *const *values,
                                     int32_t count, const lrt_delegate_limits *limits, lrt_delegate **out,
                                     lrt_error *err);
LRT_API lrt_delegate *lrt_delegate_retain(lrt_delegate *delegate);
/* Drops one reference; NULL is fine. Interpreters hold references of their own. */
LRT_API void lrt_delegate_destroy(lrt_delegate *delegate);
/* Name shown by explain: the file name of the library. */
LRT_API const char *lrt_delegate_name(const lrt_delegate *delegate);

#ifdef __cplusplus
}
#endif
#endif
