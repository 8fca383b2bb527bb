/* json_write.c: the JSON writer. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

void lrt_json_writer_init(lrt_json_writer *writer, lrt_str *out) {
  writer->out = out;
  writer->comma = false;
}

/* What comes next is a value or a key of its own. */
static void separate(lrt_json_writer *writer) {
  if (writer->comma) lrt_str_add(writer->out, ",", 1);
  writer->comma = true;
}

static void begin(lrt_json_writer *writer, const char *bracket) {
  separate(writer);
  lrt_str_add(writer->out, bracket, 1);
  writer->comma = false;
}

static void end(lrt_json_writer *writer, const char *bracket) {
  lrt_str_add(writer->out, bracket, 1);
  writer->comma = true;
}

void lrt_json_begin_object(lrt_json_writer *writer) {
  begin(writer, "{");
}
void lrt_json_end_object(lrt_json_writer *writer) {
  end(writer, "}");
}
void lrt_json_begin_array(lrt_json_writer *writer) {
  begin(writer, "[");
}
void lrt_json_end_array(lrt_json_writer *writer) {
  end(writer, "]");
}

/* Escape of a character that cannot stand in a text as it is; NULL where it can. */
static const char *escape_of(unsigned char c, char code[8]) {
  switch (c) {
  case '"': return "\\\"";
  case '\\': return "\\\\";
  case '\n': return "\\n";
  case '\r': return "\\r";
  case '\t': return "\\t";
  default: break;
  }
  if (c >= 0x20 && c != 0x7f) return NULL;
  snprintf(code, 8, "\\u%04x", c);
  return code;
}

static void put_quoted(lrt_str *out, const char *text, size_t length) {
  char code[8];
  lrt_str_add(out, "\"", 1);
  for (size_t i = 0; i < length;) {
    const size_t bytes = lrt_utf8_decode(text + i, length - i, NULL);
    const char *escape = bytes == 1 ? escape_of((unsigned char)text[i], code) : NULL;
    if (bytes == 0)
      lrt_str_add(out, "\xef\xbf\xbd", 3);
    else if (escape != NULL)
      lrt_str_add_text(out, escape);
    else
      lrt_str_add(out, text + i, bytes);
    i += bytes == 0 ? 1 : bytes;
  }
  lrt_str_add(out, "\"", 1);
}

void lrt_json_key(lrt_json_writer *writer, const char *key) {
  separate(writer);
  put_quoted(writer->out, key, strlen(key));
  lrt_str_add(writer->out, ":", 1);
  writer->comma = false;
}

void lrt_json_text_bytes(lrt_json_writer *writer, const char *text, size_t length) {
  separate(writer);
  put_quoted(writer->out, text, length);
}

void lrt_json_text(lrt_json_writer *writer, const char *text) {
  if (text == NULL)
    lrt_json_null(writer);
  else
    lrt_json_text_bytes(writer, text, strlen(text));
}

void lrt_json_int(lrt_json_writer *writer, int64_t value) {
  separate(writer);
  lrt_str_format(writer->out, "%" PRId64, value);
}

void lrt_json_uint(lrt_json_writer *writer, uint64_t value) {
  separate(writer);
  lrt_str_format(writer->out, "%" PRIu64, value);
}

/* The locale's decimal sign, whatever its bytes, becomes a point. */
static void put_digits(lrt_str *out, const char *digits) {
  const size_t before = strspn(digits, "+-0123456789"), rest = strcspn(digits + before, "0123456789e");
  lrt_str_add(out, digits, before);
  if (digits[before] != '\0' && digits[before] != 'e') {
    lrt_str_add(out, ".", 1);
    lrt_str_add_text(out, digits + before + rest);
  } else {
    lrt_str_add_text(out, digits + before);
  }
}

void lrt_json_double(lrt_json_writer *writer, double value) {
  char digits[64];
  if (!isfinite(value)) {
    lrt_json_null(writer);
    return;
  }
  separate(writer);
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (strtod(digits, NULL) == value) break;
  }
  put_digits(writer->out, digits);
}

void lrt_json_float(lrt_json_writer *writer, float value) {
  char digits[64];
  if (!isfinite(value)) {
    lrt_json_null(writer);
    return;
  }
  separate(writer);
  for (int precision = 6; precision <= 9; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, (double)value);
    if (strtof(digits, NULL) == value) break;
  }
  put_digits(writer->out, digits);
}

void lrt_json_bool(lrt_json_writer *writer, bool value) {
  separate(writer);
  lrt_str_add_text(writer->out, value ? "true" : "false");
}

void lrt_json_null(lrt_json_writer *writer) {
  separate(writer);
  lrt_str_add_text(writer->out, "null");
}
