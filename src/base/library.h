/* library.h: shared libraries opened while the program runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_LIBRARY_H
#define LRT_BASE_LIBRARY_H

#include "litert/status.h"

typedef struct lrt_library lrt_library;

/* A path with a slash, or a name that the system's loader looks for. Errors: NOT_FOUND (no such file), IO (what the loader
 * says). */
lrt_status lrt_library_open(const char *path, lrt_library **out, lrt_error *err);
void lrt_library_close(lrt_library *library); /* NULL is fine */
/* A function of the library, NULL when it has none of that name. */
void (*lrt_library_function(const lrt_library *library, const char *name))(void);

#endif
