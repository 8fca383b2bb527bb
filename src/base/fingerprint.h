/* fingerprint.h: the 64-bit fingerprint that stored models count on: FarmHash Fingerprint64. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_FINGERPRINT_H
#define LRT_BASE_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

/* The same number on every machine and in every version; the algorithm is FarmHash's (public, "na" variant). */
uint64_t lrt_fingerprint64(const void *bytes, size_t length);

#endif
