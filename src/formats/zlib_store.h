/* zlib_store.h: a zlib frame around bytes that stay as they are. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_ZLIB_STORE_H
#define LRT_FORMATS_ZLIB_STORE_H

#include "base/str.h"

/* Appends a zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4): 11 bytes and 5 per 65535 more than the input. For
 * sections that must be zlib streams; nothing here is large enough to be worth a compressor. Failures are kept in
 * `out`. */
void lrt_zlib_store(lrt_str *out, const void *bytes, size_t length);

#endif
