/* protobuf.c: varints, fixed words and length-delimited bytes, each checked against the end of the message. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/protobuf.h"

#include <string.h>

#include "base/fail.h"

lrt_pb_reader lrt_pb_open(const uint8_t *bytes, size_t length) {
  const lrt_pb_reader reader = {bytes, length, 0, NULL};
  return reader;
}

lrt_pb_reader lrt_pb_open_field(const lrt_pb_field *field) {
  return field->wire == LRT_PB_BYTES ? lrt_pb_open(field->bytes, field->length) : lrt_pb_open(NULL, 0);
}

static bool fail_at(lrt_pb_reader *reader, const char *what) {
  reader->broken = what;
  return false;
}

static bool read_varint(lrt_pb_reader *reader, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (reader->at == reader->length) return fail_at(reader, "a number is cut off");
    const uint8_t byte = reader->bytes[reader->at++];
    if (shift == 63 && byte > 1) break;
    *value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return fail_at(reader, "a number has more than 64 bits");
}

static bool read_fixed(lrt_pb_reader *reader, unsigned size, uint64_t *value) {
  if (reader->length - reader->at < size) return fail_at(reader, "a number is cut off");
  *value = 0;
  for (unsigned i = 0; i < size; i++) *value |= (uint64_t)reader->bytes[reader->at + i] << 8 * i;
  reader->at += size;
  return true;
}

static bool read_bytes(lrt_pb_reader *reader, lrt_pb_field *field) {
  uint64_t length;
  if (!read_varint(reader, &length)) return false;
  if (length > reader->length - reader->at) return fail_at(reader, "a field is longer than its message");
  field->bytes = reader->bytes + reader->at;
  field->length = (size_t)length;
  reader->at += (size_t)length;
  return true;
}

bool lrt_pb_next(lrt_pb_reader *reader, lrt_pb_field *field) {
  uint64_t tag;
  memset(field, 0, sizeof *field);
  if (reader->broken != NULL || reader->at == reader->length || !read_varint(reader, &tag)) return false;
  if (tag >> 3 == 0 || tag >> 3 > UINT32_C(0x1fffffff)) return fail_at(reader, "a field number is not valid");
  field->number = (uint32_t)(tag >> 3);
  field->wire = (lrt_pb_wire)(tag & 7);
  switch (tag & 7) {
  case LRT_PB_VARINT: return read_varint(reader, &field->value);
  case LRT_PB_FIXED64: return read_fixed(reader, 8, &field->value);
  case LRT_PB_BYTES: return read_bytes(reader, field);
  case LRT_PB_FIXED32: return read_fixed(reader, 4, &field->value);
  default: return fail_at(reader, "a field has a wire type that is not supported");
  }
}

lrt_status lrt_pb_end(const lrt_pb_reader *reader, lrt_error *err) {
  if (reader->broken == NULL) return LRT_OK;
  return lrt_fail(err, LRT_INVALID_MODEL, "the protocol buffer is damaged at byte %zu of %zu: %s", reader->at,
                  reader->length, reader->broken);
}

bool lrt_pb_next_varint(lrt_pb_reader *reader, uint64_t *value) {
  *value = 0;
  return reader->broken == NULL && reader->at < reader->length && read_varint(reader, value);
}

double lrt_pb_float(const lrt_pb_field *field) {
  if (field->wire == LRT_PB_FIXED32) {
    const uint32_t bits = (uint32_t)field->value;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
  }
  double value = 0;
  if (field->wire == LRT_PB_FIXED64) memcpy(&value, &field->value, sizeof value);
  return value;
}

int64_t lrt_pb_zigzag(uint64_t value) {
  return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}
