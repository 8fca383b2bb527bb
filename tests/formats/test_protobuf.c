/* test_protobuf.c: wire types, nesting, limits of varints, cut-off messages. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/protobuf.h"

#include "check.h"
#include "damage.h"

/* 1: 300, 2: "hi", 3: {1: -1 as int64}, 4: 1.5f, 5: 2.5, 6: packed 1 2 300, 7: sint -3 */
static const uint8_t message[] = {0x08, 0xac, 0x02, 0x12, 0x02, 'h',  'i',  0x1a, 0x0b, 0x08, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x25, 0x00,
                                  0x00, 0xc0, 0x3f, 0x29, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04,
                                  0x40, 0x32, 0x04, 0x01, 0x02, 0xac, 0x02, 0x38, 0x05};

static void check_field(const lrt_pb_field *field) {
  lrt_pb_reader inner = lrt_pb_open_field(field);
  lrt_pb_field sub;
  uint64_t value, sum = 0;
  switch (field->number) {
  case 1: CHECK_INT(field->value, 300); break;
  case 2: CHECK(field->length == 2 && memcmp(field->bytes, "hi", 2) == 0); break;
  case 3:
    CHECK(lrt_pb_next(&inner, &sub) && sub.number == 1 && (int64_t)sub.value == -1);
    CHECK(!lrt_pb_next(&inner, &sub) && lrt_pb_end(&inner, NULL) == LRT_OK);
    break;
  case 4: CHECK_NEAR(lrt_pb_float(field), 1.5, 0); break;
  case 5: CHECK_NEAR(lrt_pb_float(field), 2.5, 0); break;
  case 6:
    while (lrt_pb_next_varint(&inner, &value)) sum += value;
    CHECK_INT(sum, 303);
    break;
  case 7: CHECK_INT(lrt_pb_zigzag(field->value), -3); break;
  default: CHECK_INT(field->number, 0);
  }
}

static void all_wire_types(void) {
  lrt_pb_reader reader = lrt_pb_open(message, sizeof message);
  lrt_pb_field field;
  int count = 0;
  while (lrt_pb_next(&reader, &field)) {
    check_field(&field);
    count++;
  }
  CHECK_INT(count, 7);
  CHECK_INT(lrt_pb_end(&reader, NULL), LRT_OK);
}

static bool parse(const uint8_t *bytes, size_t length) {
  lrt_pb_reader reader = lrt_pb_open(bytes, length);
  lrt_pb_field field;
  static volatile uint64_t sink;
  while (lrt_pb_next(&reader, &field))
    sink = sink + field.value + (field.length > 0 ? field.bytes[field.length - 1] : 0u);
  return lrt_pb_end(&reader, NULL) == LRT_OK;
}

static void damaged(void) {
  CHECK(damage_everywhere(message, sizeof message, parse) > 50);
}

static void refuse(const uint8_t *bytes, size_t length, const char *reason) {
  lrt_pb_reader reader = lrt_pb_open(bytes, length);
  lrt_pb_field field;
  lrt_error err = {LRT_OK, ""};
  CHECK(!lrt_pb_next(&reader, &field));
  CHECK_INT(lrt_pb_end(&reader, &err), LRT_INVALID_MODEL);
  if (strstr(err.message, reason) == NULL) CHECK_TEXT(err.message, reason);
  CHECK(!lrt_pb_next(&reader, &field));
}

static void limits(void) {
  static const uint8_t long_number[] = {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
  static const uint8_t group[] = {0x0b, 0x0c}, zero[] = {0x00, 0x01};
  static const uint8_t huge[] = {0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
  refuse(long_number, sizeof long_number, "more than 64 bits");
  refuse(group, sizeof group, "wire type");
  refuse(zero, sizeof zero, "field number");
  refuse(huge, sizeof huge, "longer than its message");
  refuse(huge, 5, "cut off");
}

int main(int argc, char **argv) {
  RUN(all_wire_types);
  RUN(damaged);
  RUN(limits);
  DONE();
}
