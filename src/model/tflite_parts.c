/* tflite_parts.c: small services that the files of the .tflite reader share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/tflite_parts.h"

lrt_status lrt_tflite_no_memory(lrt_tflite_reader *reader) {
  return lrt_alloc_fail(reader->err, reader->model->arena.alloc, 0, "the model's structure");
}

const char *lrt_tflite_text(lrt_tflite_reader *reader, lrt_fb_string string) {
  return lrt_arena_text(&reader->model->arena, string.text != NULL ? string.text : "", string.length);
}
