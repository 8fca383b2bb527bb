/* gguf_build.h: writes small GGUF files for tests, in memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_GGUF_BUILD_H
#define LRT_TESTS_GGUF_BUILD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/gguf.h"

/* Keys and tensor records grow apart from the data; gguf_finish joins them. Begin with {0}. */
typedef struct gguf_build {
  uint8_t *keys, *records, *data;
  size_t key_bytes, record_bytes, data_bytes;
  uint64_t key_count, tensor_count;
} gguf_build;

static inline void gguf_add(uint8_t **list, size_t *used, const void *bytes, size_t count) {
  *list = realloc(*list, *used + count + 1);
  if (count > 0) memcpy(*list + *used, bytes, count);
  *used += count;
}

static inline void gguf_add_number(uint8_t **list, size_t *used, uint64_t value, int bytes) {
  uint8_t little[8];
  for (int i = 0; i < 8; i++) little[i] = (uint8_t)(value >> 8 * i);
  gguf_add(list, used, little, (size_t)bytes);
}

static inline void gguf_add_text(uint8_t **list, size_t *used, const char *text) {
  gguf_add_number(list, used, strlen(text), 8);
  gguf_add(list, used, text, strlen(text));
}

static inline void gguf_key(gguf_build *b, const char *name, lrt_gguf_kind kind) {
  gguf_add_text(&b->keys, &b->key_bytes, name);
  gguf_add_number(&b->keys, &b->key_bytes, kind, 4);
  b->key_count++;
}

static inline void gguf_put_int(gguf_build *b, const char *name, uint32_t value) {
  gguf_key(b, name, LRT_GGUF_U32);
  gguf_add_number(&b->keys, &b->key_bytes, value, 4);
}

static inline void gguf_put_float(gguf_build *b, const char *name, float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  gguf_key(b, name, LRT_GGUF_F32);
  gguf_add_number(&b->keys, &b->key_bytes, bits, 4);
}

static inline void gguf_put_bool(gguf_build *b, const char *name, int value) {
  gguf_key(b, name, LRT_GGUF_BOOL);
  gguf_add_number(&b->keys, &b->key_bytes, value != 0, 1);
}

static inline void gguf_put_text(gguf_build *b, const char *name, const char *text) {
  gguf_key(b, name, LRT_GGUF_TEXT);
  gguf_add_text(&b->keys, &b->key_bytes, text);
}

/* The beginning of an array; its elements follow by gguf_add_text or gguf_add_number to keys. */
static inline void gguf_begin_array(gguf_build *b, const char *name, lrt_gguf_kind kind, uint64_t count) {
  gguf_key(b, name, LRT_GGUF_ARRAY);
  gguf_add_number(&b->keys, &b->key_bytes, kind, 4);
  gguf_add_number(&b->keys, &b->key_bytes, count, 8);
}

/* A tensor [rows][columns] (rows 0: a vector) of `bytes` bytes. */
static inline void gguf_put_tensor(gguf_build *b, const char *name, uint32_t type, uint64_t rows,
                                   uint64_t columns, const void *data, size_t bytes) {
  static const uint8_t zeros[32];
  gguf_add(&b->data, &b->data_bytes, zeros, (32 - b->data_bytes % 32) % 32);
  gguf_add_text(&b->records, &b->record_bytes, name);
  gguf_add_number(&b->records, &b->record_bytes, rows == 0 ? 1 : 2, 4);
  gguf_add_number(&b->records, &b->record_bytes, columns, 8);
  if (rows > 0) gguf_add_number(&b->records, &b->record_bytes, rows, 8);
  gguf_add_number(&b->records, &b->record_bytes, type, 4);
  gguf_add_number(&b->records, &b->record_bytes, b->data_bytes, 8);
  gguf_add(&b->data, &b->data_bytes, data, bytes);
  b->tensor_count++;
}

/* The whole file; free() it. The builder is empty afterwards. */
static inline uint8_t *gguf_finish(gguf_build *b, size_t *size) {
  static const uint8_t zeros[32];
  uint8_t *file = NULL;
  *size = 0;
  gguf_add(&file, size, "GGUF", 4);
  gguf_add_number(&file, size, 3, 4);
  gguf_add_number(&file, size, b->tensor_count, 8);
  gguf_add_number(&file, size, b->key_count, 8);
  gguf_add(&file, size, b->keys, b->key_bytes);
  gguf_add(&file, size, b->records, b->record_bytes);
  gguf_add(&file, size, zeros, (32 - *size % 32) % 32);
  gguf_add(&file, size, b->data, b->data_bytes);
  free(b->keys), free(b->records), free(b->data);
  *b = (gguf_build){0};
  return file;
}

#endif
