/* version.h: which litert this is. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_VERSION_H
#define LITERT_VERSION_H

#include "litert/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the library that is loaded, "1.2.3". */
LRT_API const char *lrt_version(void);

#ifdef __cplusplus
}
#endif
#endif
