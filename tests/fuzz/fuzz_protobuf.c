/* fuzz_protobuf.c: any bytes as a message; each field with a length is read as a message and as packed numbers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/protobuf.h"
#include "fuzz_entry.h"

static uint64_t touch(lrt_pb_reader reader, int depth) {
  lrt_pb_field field;
  uint64_t sum = 0, value;
  while (lrt_pb_next(&reader, &field)) {
    sum += field.value + field.number + (lrt_pb_float(&field) > 0) + (uint64_t)lrt_pb_zigzag(field.value);
    lrt_pb_reader packed = lrt_pb_open_field(&field);
    while (lrt_pb_next_varint(&packed, &value)) sum += value;
    if (depth < 8) sum += touch(lrt_pb_open_field(&field), depth + 1);
  }
  return sum + (lrt_pb_end(&reader, NULL) == LRT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static volatile uint64_t sink;
  sink = sink + touch(lrt_pb_open(bytes, length), 0);
  return 0;
}
