/* protobuf_write.c: keys, varints and lengths. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/protobuf_write.h"

#include <string.h>

static void put_varint(lrt_str *out, uint64_t value) {
  char bytes[10];
  size_t count = 0;
  do {
    bytes[count] = (char)((value & 127) | (value > 127 ? 128 : 0));
    value >>= 7;
    count++;
  } while (value > 0);
  lrt_str_add(out, bytes, count);
}

static void put_key(lrt_str *out, uint32_t number, lrt_pb_wire wire) {
  put_varint(out, (uint64_t)number << 3 | (uint64_t)wire);
}

void lrt_pb_put_varint(lrt_str *out, uint32_t number, uint64_t value) {
  put_key(out, number, LRT_PB_VARINT);
  put_varint(out, value);
}

void lrt_pb_put_float(lrt_str *out, uint32_t number, float value) {
  uint32_t bits;
  char bytes[4];
  memcpy(&bits, &value, sizeof bits);
  for (int i = 0; i < 4; i++) bytes[i] = (char)(bits >> 8 * i & 255);
  put_key(out, number, LRT_PB_FIXED32);
  lrt_str_add(out, bytes, sizeof bytes);
}

void lrt_pb_put_bytes(lrt_str *out, uint32_t number, const void *bytes, size_t length) {
  put_key(out, number, LRT_PB_BYTES);
  put_varint(out, length);
  lrt_str_add(out, bytes, length);
}

void lrt_pb_put_text(lrt_str *out, uint32_t number, const char *text) {
  if (text != NULL) lrt_pb_put_bytes(out, number, text, strlen(text));
}

void lrt_pb_put_message(lrt_str *out, uint32_t number, lrt_str *message) {
  if (message->status != LRT_OK && out->status == LRT_OK) out->status = message->status;
  lrt_pb_put_bytes(out, number, message->text, message->length);
  lrt_str_clear(message);
}
