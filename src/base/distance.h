/* distance.h: how far two names are apart, for "did you mean". */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_DISTANCE_H
#define LRT_BASE_DISTANCE_H

#include <stddef.h>

#define LRT_DISTANCE_LONGEST 128

/* Letters to insert, delete or replace (Levenshtein); case does not count, and `_` and `-` are one letter. For a `b` longer
 * than LRT_DISTANCE_LONGEST, the length of it. */
size_t lrt_distance(const char *a, const char *b);

#endif
