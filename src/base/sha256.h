/* sha256.h: the digest SHA-256 (FIPS 180-4), fed in pieces. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_SHA256_H
#define LRT_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LRT_SHA256_BYTES = 32, LRT_SHA256_TEXT = 65 }; /* of a digest; of its hexadecimal text with the NUL */

typedef struct lrt_sha256 {
  uint32_t state[8];
  uint64_t length;   /* bytes so far */
  uint8_t block[64]; /* the last length % 64 bytes */
} lrt_sha256;

void lrt_sha256_init(lrt_sha256 *hash);
void lrt_sha256_add(lrt_sha256 *hash, const void *bytes, size_t length);
/* The digest of everything so far; the hash must be initialised before it is used again. */
void lrt_sha256_finish(lrt_sha256 *hash, uint8_t digest[LRT_SHA256_BYTES]);
/* The same as 64 lower-case hexadecimal digits; returns `text`. */
const char *lrt_sha256_finish_text(lrt_sha256 *hash, char text[LRT_SHA256_TEXT]);
/* Whether a text is 64 hexadecimal digits, of either case; NULL is not. */
bool lrt_sha256_is_text(const char *text);

#endif
