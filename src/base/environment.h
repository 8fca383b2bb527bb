/* environment.h: the one place where the library reads environment variables. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_ENVIRONMENT_H
#define LRT_BASE_ENVIRONMENT_H

/* Value of a variable, LITERT_… or one of the system; NULL when unset or empty. */
const char *lrt_environment(const char *name);

#endif
