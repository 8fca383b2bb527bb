/* tflite_parts.h: the reading context that the files of the .tflite reader share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TFLITE_PARTS_H
#define LRT_TFLITE_PARTS_H

#include "formats/tflite_schema.h"
#include "model/tflite_model.h"

/* One buffer of the file, located but not copied. */
typedef struct lrt_tflite_buffer {
  const void *data;
  uint64_t bytes;
} lrt_tflite_buffer;

typedef struct lrt_tflite_reader {
  lrt_tflite *model;
  lrt_fb_table root;
  lrt_tflite_buffer *buffers; /* [buffer_count] */
  uint32_t buffer_count;
  lrt_tflite_buffer *external; /* [external_count], same order as the file */
  uint32_t *external_ids;
  uint32_t external_count;
  lrt_subgraph *subgraphs;
  int32_t *zeros; /* zero points of the largest all-zero tensor, shared */
  uint32_t zeros_count;
  lrt_error *err;
} lrt_tflite_reader;

/* A copy of a string; "" when absent. NULL when memory is refused. */
const char *lrt_tflite_text(lrt_tflite_reader *reader, lrt_fb_string string);
lrt_status lrt_tflite_no_memory(lrt_tflite_reader *reader);
/* Fills one tensor; `where` is "tensor 3 of subgraph 0" for messages. tflite_tensor.c */
lrt_status lrt_tflite_read_tensor(lrt_tflite_reader *reader, lrt_fb_table from, int32_t tensor_count,
                                  const char *where, lrt_tensor *out);
/* Locates all buffers, external ones included. tflite_buffers.c */
lrt_status lrt_tflite_read_buffers(lrt_tflite_reader *reader);

#endif
