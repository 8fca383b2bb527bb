/* protobuf.h: reads the protocol buffer wire format field by field, without a schema. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_FORMATS_PROTOBUF_H
#define LRT_FORMATS_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "litert/status.h"

typedef enum lrt_pb_wire {
  LRT_PB_VARINT = 0,
  LRT_PB_FIXED64 = 1,
  LRT_PB_BYTES = 2, /* strings, messages, packed repeated scalars */
  LRT_PB_FIXED32 = 5
} lrt_pb_wire;

typedef struct lrt_pb_field {
  uint32_t number;
  lrt_pb_wire wire;
  uint64_t value;       /* VARINT, FIXED32, FIXED64: the raw bits */
  const uint8_t *bytes; /* BYTES: [length], borrowed from the message */
  size_t length;
} lrt_pb_field;

/* A message being read. Errors stick: lrt_pb_next then returns false and lrt_pb_end says why.
 *   while (lrt_pb_next(&reader, &field)) switch (field.number) { … }
 *   LRT_TRY(lrt_pb_end(&reader, err)); */
typedef struct lrt_pb_reader {
  const uint8_t *bytes; /* [length] */
  size_t length, at;
  const char *broken; /* what is wrong at `at`; NULL = nothing */
} lrt_pb_reader;

lrt_pb_reader lrt_pb_open(const uint8_t *bytes, size_t length);
/* The message inside a BYTES field; an empty one for other wire types. */
lrt_pb_reader lrt_pb_open_field(const lrt_pb_field *field);
/* The next field; false at the end or after an error. */
bool lrt_pb_next(lrt_pb_reader *reader, lrt_pb_field *field);
/* LRT_OK when the message was well-formed as far as it was read. */
lrt_status lrt_pb_end(const lrt_pb_reader *reader, lrt_error *err);

/* One raw varint, for packed repeated fields (open the field, then loop); false at the end or after an error. */
bool lrt_pb_next_varint(lrt_pb_reader *reader, uint64_t *value);
/* A float (FIXED32) or double (FIXED64) field; 0 for other wire types. */
double lrt_pb_float(const lrt_pb_field *field);
/* sint32 and sint64 fields. */
int64_t lrt_pb_zigzag(uint64_t value);

#endif
