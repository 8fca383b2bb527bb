/* custom_options.h: the options of custom operators: flexbuffer maps with checked numbers, or plain 32-bit words. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CUSTOM_OPTIONS_H
#define LRT_CUSTOM_OPTIONS_H

#include "formats/flexbuffer.h"
#include "ops/op.h"

/* The map that the node's options are; an empty one where it has none. Fails (INVALID_MODEL) where they are damaged. */
lrt_status lrt_custom_map(lrt_prepare *p, lrt_flex *map);
/* The whole number under a key, `fallback` where the key is absent; fails naming the key outside [low, high]. */
lrt_status lrt_custom_integer(lrt_prepare *p, lrt_flex map, const char *key, int32_t fallback, int32_t low,
                              int32_t high, int32_t *out);
/* The finite number under a key. */
lrt_status lrt_custom_float(lrt_prepare *p, lrt_flex map, const char *key, float fallback, float *out);
/* Reads `count` little-endian words of options that are a C struct; fails where they are fewer. */
lrt_status lrt_custom_words(lrt_prepare *p, int32_t *words, int count);

#endif
