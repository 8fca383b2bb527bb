/* file_kind.c: signatures of the files this project meets. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/file_kind.h"

#include <stdbool.h>
#include <string.h>

typedef struct signature {
  lrt_file_kind kind;
  uint8_t offset, length;
  const char *bytes;
} signature;

static const signature signatures[] = {
    {LRT_FILE_LITERTLM, 0, 8, "LITERTLM"},
    {LRT_FILE_HDF5, 0, 8, "\x89HDF\r\n\x1a\n"},
    {LRT_FILE_PNG, 0, 8, "\x89PNG\r\n\x1a\n"},
    {LRT_FILE_NPY, 0, 6, "\x93NUMPY"},
    {LRT_FILE_GGUF, 0, 4, "GGUF"},
    {LRT_FILE_ZIP, 0, 4, "PK\3\4"},
    {LRT_FILE_ZIP, 0, 4, "PK\5\6"}, /* an empty archive */
    {LRT_FILE_JPEG, 0, 3, "\xff\xd8\xff"},
    {LRT_FILE_TFLITE, 4, 4, "TFL3"},
};

/* A length that fits the file, then the opening brace of the JSON header. */
static bool is_safetensors(const uint8_t *head, size_t length, uint64_t file_length) {
  uint64_t header = 0;
  if (length < 9 || file_length < 9 || head[8] != '{') return false;
  for (int i = 7; i >= 0; i--) header = header << 8 | head[i];
  return header >= 2 && header <= file_length - 8;
}

lrt_file_kind lrt_file_kind_of(const uint8_t *head, size_t head_length, uint64_t file_length) {
  for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
    const signature *s = &signatures[i];
    if (head_length >= (size_t)s->offset + s->length && memcmp(head + s->offset, s->bytes, s->length) == 0)
      return s->kind;
  }
  return is_safetensors(head, head_length, file_length) ? LRT_FILE_SAFETENSORS : LRT_FILE_UNKNOWN;
}

const char *lrt_file_kind_text(lrt_file_kind kind) {
  switch (kind) {
#define TEXT(name, text)                                                                                     \
  case LRT_FILE_##name: return text;
    LRT_FILE_KIND_LIST(TEXT)
#undef TEXT
  }
  return "an unknown kind of file";
}
