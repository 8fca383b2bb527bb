/* test_format_writers.c: protocol buffers and zlib frames that are written are read back. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "formats/inflate.h"
#include "formats/protobuf_write.h"
#include "formats/zlib_store.h"

static void protobuf(void) {
  lrt_str out, inner;
  lrt_pb_field field;
  lrt_str_init(&out, lrt_alloc_default(), 0);
  lrt_str_init(&inner, lrt_alloc_default(), 0);
  lrt_pb_put_varint(&inner, 3, 300);
  lrt_pb_put_varint(&out, 1, UINT64_MAX);
  lrt_pb_put_float(&out, 2, -1.5f);
  lrt_pb_put_text(&out, 200, "text");
  lrt_pb_put_text(&out, 4, NULL);
  lrt_pb_put_message(&out, 5, &inner);
  CHECK(inner.length == 0 && lrt_str_check(&out, NULL) == LRT_OK);
  lrt_pb_reader reader = lrt_pb_open((const uint8_t *)out.text, out.length);
  CHECK(lrt_pb_next(&reader, &field) && field.number == 1 && field.value == UINT64_MAX);
  CHECK(lrt_pb_next(&reader, &field) && field.number == 2 && lrt_pb_float(&field) == -1.5);
  CHECK(lrt_pb_next(&reader, &field) && field.number == 200 && field.length == 4 &&
        memcmp(field.bytes, "text", 4) == 0);
  CHECK(lrt_pb_next(&reader, &field) && field.number == 5);
  lrt_pb_reader message = lrt_pb_open_field(&field);
  CHECK(lrt_pb_next(&message, &field) && field.number == 3 && field.value == 300);
  CHECK(!lrt_pb_next(&reader, &field) && lrt_pb_end(&reader, NULL) == LRT_OK);
  lrt_str_clear(&out);
  /* A message that met its limit must not pass for a short one. */
  lrt_str_init(&inner, lrt_alloc_default(), 4);
  lrt_pb_put_text(&inner, 1, "longer than four");
  lrt_pb_put_message(&out, 5, &inner);
  CHECK_INT(lrt_str_check(&out, NULL), LRT_OVER_BUDGET);
  lrt_str_clear(&out);
}

static void stored(size_t length) {
  lrt_str out;
  lrt_inflate_result result = {0, 0};
  uint8_t *in = malloc(length + 1), *back = malloc(length + 1);
  for (size_t i = 0; i < length; i++) in[i] = (uint8_t)(i * 31 >> 4);
  lrt_str_init(&out, lrt_alloc_default(), 0);
  lrt_zlib_store(&out, in, length);
  CHECK_INT(lrt_inflate_zlib((const uint8_t *)out.text, out.length, back, length, &result, NULL), LRT_OK);
  CHECK(result.consumed == out.length && result.written == length && memcmp(in, back, length) == 0);
  lrt_str_clear(&out);
  free(in), free(back);
}

static void zlib_frames(void) {
  static const size_t lengths[] = {0, 1, 65534, 65535, 65536, 300000};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) stored(lengths[i]);
}

int main(int argc, char **argv) {
  RUN(protobuf);
  RUN(zlib_frames);
  DONE();
}
