/* protobuf_write.h: appends fields of protocol buffers to a growable text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_PROTOBUF_WRITE_H
#define LRT_FORMATS_PROTOBUF_WRITE_H

#include "base/str.h"
#include "formats/protobuf.h"

/* Failures are kept in `out` (lrt_str_check). Fields are written as given, zeros too: the caller leaves out defaults. */
void lrt_pb_put_varint(lrt_str *out, uint32_t number, uint64_t value);
void lrt_pb_put_float(lrt_str *out, uint32_t number, float value);
void lrt_pb_put_bytes(lrt_str *out, uint32_t number, const void *bytes, size_t length);
void lrt_pb_put_text(lrt_str *out, uint32_t number, const char *text); /* NULL writes nothing */
/* A message made in a text of its own, which is emptied. Its failure becomes that of `out`. */
void lrt_pb_put_message(lrt_str *out, uint32_t number, lrt_str *message);

#endif
