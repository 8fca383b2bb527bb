/* litertlm_sample.h: writes a small .litertlm bundle with metadata and a model section. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_LITERTLM_SAMPLE_H
#define LRT_TESTS_LITERTLM_SAMPLE_H

#include <stdlib.h>
#include <string.h>

#include "formats/flatbuffer_write.h"

/* A key with a text (member 9) or, with text NULL, an int32 (member 6). */
static inline lrt_fb_ref litertlm_pair(lrt_fb_builder *b, const char *key, const char *text, int32_t number) {
  const lrt_fb_ref name = lrt_fb_add_text(b, key), words = lrt_fb_add_text(b, text);
  lrt_fb_ref value;
  if (text != NULL) {
    lrt_fb_begin_table(b);
    lrt_fb_put_ref(b, 0, words);
    value = lrt_fb_end_table(b);
  } else {
    value = lrt_fb_add_struct(b, &number, sizeof number, 4);
  }
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, name);
  lrt_fb_put_union(b, 1, text != NULL ? 9 : 6, value);
  return lrt_fb_end_table(b);
}

static inline lrt_fb_ref litertlm_section(lrt_fb_builder *b, lrt_fb_ref items, uint64_t begin, uint64_t end,
                                          int kind) {
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, items);
  lrt_fb_put_integer(b, 1, LRT_FB_U64, (int64_t)begin, 0);
  lrt_fb_put_integer(b, 2, LRT_FB_U64, (int64_t)end, 0);
  lrt_fb_put_integer(b, 3, LRT_FB_U8, kind, 0);
  return lrt_fb_end_table(b);
}

/* A table with one reference in slot 0, another in slot 1 (0 = none). */
static inline lrt_fb_ref litertlm_holder(lrt_fb_builder *b, lrt_fb_ref first, lrt_fb_ref second) {
  lrt_fb_begin_table(b);
  lrt_fb_put_ref(b, 0, first);
  lrt_fb_put_ref(b, 1, second);
  return lrt_fb_end_table(b);
}

/* The header is followed by 1 KiB of section data; `begin` and `end` of the model section count from there when
 * they are small. NULL when memory is short; free() the result. */
static inline uint8_t *make_litertlm(uint64_t begin, uint64_t end, size_t *size) {
  /* The header's length does not depend on the numbers in it, as long as none is 0. */
  enum { HEADER = 1024 };
  lrt_fb_builder b;
  const uint8_t *header = NULL;
  size_t length = 0;
  if (begin < HEADER) begin += HEADER;
  if (end < HEADER) end += HEADER;
  lrt_fb_builder_init(&b, lrt_alloc_default());
  const lrt_fb_ref pairs[2] = {litertlm_pair(&b, "model_type", "tf_lite_prefill_decode", 0),
                               litertlm_pair(&b, "layers", NULL, -7)};
  const lrt_fb_ref items = lrt_fb_add_references(&b, pairs, 2);
  const lrt_fb_ref objects[2] = {litertlm_section(&b, 0, HEADER, HEADER + 20, 5),
                                 litertlm_section(&b, items, begin, end, 3)};
  const lrt_fb_ref sections = litertlm_holder(&b, lrt_fb_add_references(&b, objects, 2), 0);
  const lrt_fb_ref uuid = litertlm_pair(&b, "uuid", "1234", 0);
  const lrt_fb_ref system = litertlm_holder(&b, lrt_fb_add_references(&b, &uuid, 1), 0);
  const lrt_fb_ref root = litertlm_holder(&b, system, sections);
  uint8_t *file = NULL;
  if (lrt_fb_finish(&b, root, NULL, &header, &length, NULL) == LRT_OK && length < HEADER - 32)
    file = calloc(1, 2 * HEADER);
  if (file != NULL) {
    memcpy(file, "LITERTLM\1\0\0\0\7", 13);
    const uint64_t header_end = 32 + length;
    for (int i = 0; i < 8; i++) file[24 + i] = (uint8_t)(header_end >> 8 * i);
    memcpy(file + 32, header, length);
  }
  lrt_fb_builder_clear(&b);
  *size = 2 * HEADER;
  return file;
}

#endif
