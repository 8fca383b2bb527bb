/* custom_options.c: reads the options of custom operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/custom_options.h"

#include <math.h>
#include <string.h>

lrt_status lrt_custom_map(lrt_prepare *p, lrt_flex *map) {
  lrt_error damage;
  memset(map, 0, sizeof *map);
  if (p->node->custom_options_size == 0) return LRT_OK;
  if (lrt_flex_open(p->node->custom_options, (size_t)p->node->custom_options_size, map, &damage) != LRT_OK)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the options are damaged: %s", damage.message);
  if (map->type != LRT_FLEX_MAP) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the options are no map");
  return LRT_OK;
}

lrt_status lrt_custom_integer(lrt_prepare *p, lrt_flex map, const char *key, int32_t fallback, int32_t low,
                              int32_t high, int32_t *out) {
  const int64_t value = lrt_flex_int(lrt_flex_find(map, key), fallback);
  if (value < low || value > high)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the option %s is %lld, possible are %d to %d", key,
                            (long long)value, low, high);
  *out = (int32_t)value;
  return LRT_OK;
}

lrt_status lrt_custom_float(lrt_prepare *p, lrt_flex map, const char *key, float fallback, float *out) {
  *out = (float)lrt_flex_float(lrt_flex_find(map, key), (double)fallback);
  return isfinite(*out) ? LRT_OK
                        : lrt_prepare_fail(p, LRT_INVALID_MODEL, "the option %s is no finite number", key);
}

lrt_status lrt_custom_words(lrt_prepare *p, int32_t *words, int count) {
  if (p->node->custom_options == NULL || p->node->custom_options_size / 4 < (uint64_t)count)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "options of %llu bytes, expected %d",
                            (unsigned long long)p->node->custom_options_size, 4 * count);
  for (int i = 0; i < count; i++) {
    const uint8_t *b = p->node->custom_options + 4 * i;
    words[i] = (int32_t)((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
  }
  return LRT_OK;
}
