/* string_table.c: reads and writes the contents of string tensors. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/string_table.h"

#include <string.h>

static lrt_status damaged(const lrt_value *value, lrt_error *err) {
  return lrt_fail(err, LRT_RUN_FAILED, "the strings of tensor \"%s\" are missing or damaged", value->name);
}

lrt_status lrt_strings_of(const lrt_value *value, lrt_strings *out, lrt_error *err) {
  static const int32_t none[1] = {0};
  const int64_t wanted = lrt_shape_count(&value->shape);
  *out = (lrt_strings){"", none, 0};
  if (wanted == 0) return LRT_OK;
  if (value->data == NULL || value->bytes < 8) return damaged(value, err);
  const int32_t *table = value->data;
  if (table[0] < wanted || (uint64_t)table[0] + 2 > value->bytes / 4) return damaged(value, err);
  for (int32_t i = 0; i <= table[0]; i++)
    if (table[1 + i] < (i > 0 ? table[i] : 0) || (size_t)table[1 + i] > value->bytes)
      return damaged(value, err);
  *out = (lrt_strings){value->data, table + 1, wanted};
  return LRT_OK;
}

lrt_status lrt_strings_pick(lrt_value *out, const lrt_strings *from, const int32_t *index, int64_t count,
                            lrt_error *err) {
  uint64_t bytes = 4 * ((uint64_t)count + 2);
  int32_t length;
  for (int64_t i = 0; i < count; i++) {
    if (index[i] < 0) continue;
    lrt_strings_at(from, index[i], &length);
    bytes += (uint64_t)length;
    if (bytes > INT32_MAX) break;
  }
  if (bytes > INT32_MAX)
    return lrt_fail(err, LRT_RUN_FAILED, "the strings of tensor \"%s\" would take more than 2 GiB",
                    out->name);
  LRT_TRY(lrt_value_reserve(out, (size_t)bytes, err));
  int32_t *table = out->data;
  int32_t at = 4 * ((int32_t)count + 2);
  table[0] = (int32_t)count;
  for (int64_t i = 0; i < count; i++) {
    table[1 + i] = at;
    if (index[i] < 0) continue;
    const char *text = lrt_strings_at(from, index[i], &length);
    memcpy((char *)out->data + at, text, (size_t)length);
    at += length;
  }
  table[1 + count] = at;
  return LRT_OK;
}

uint64_t lrt_strings_hash(const char *text, int32_t length) {
  uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
  for (int32_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
  return hash;
}
