/* file_kind.h: tells what a file is by its bytes, never by its name. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_FILE_KIND_H
#define LRT_FORMATS_FILE_KIND_H

#include <stddef.h>
#include <stdint.h>

/* X(NAME, "text for messages") */
#define LRT_FILE_KIND_LIST(X)                                                                                \
  X(UNKNOWN, "an unknown kind of file")                                                                      \
  X(TFLITE, "a .tflite model")                                                                               \
  X(LITERTLM, "a .litertlm bundle")                                                                          \
  X(ZIP, "a zip archive or .task bundle")                                                                    \
  X(GGUF, "a GGUF model")                                                                                    \
  X(SAFETENSORS, "a safetensors file")                                                                       \
  X(HDF5, "an HDF5 file")                                                                                    \
  X(PNG, "a PNG picture")                                                                                    \
  X(JPEG, "a JPEG picture")                                                                                  \
  X(NPY, "a numpy array")

typedef enum lrt_file_kind {
#define LRT_FILE_KIND_ENUM(name, text) LRT_FILE_##name,
  LRT_FILE_KIND_LIST(LRT_FILE_KIND_ENUM)
#undef LRT_FILE_KIND_ENUM
} lrt_file_kind;

/* Bytes of the start of the file that lrt_file_kind_of wants to see; fewer are fine when the file is shorter. */
#define LRT_FILE_KIND_BYTES 16

/* head: [head_length], the first bytes; `file_length`: of the whole file. */
lrt_file_kind lrt_file_kind_of(const uint8_t *head, size_t head_length, uint64_t file_length);
/* "a .tflite model"; never NULL. */
const char *lrt_file_kind_text(lrt_file_kind kind);

#endif
