/* jinja_show.c: str() and repr() of values, letter for letter as Python writes them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "tokenizer/jinja_text.h"

/* "d.ddde±xx" with the fewest digits that read back as `value`; returns the exponent, digits without the point. */
static int shortest_digits(double value, char digits[24]) {
  char text[40];
  for (int precision = 0; precision < 17; precision++) {
    snprintf(text, sizeof text, "%.*e", precision, value);
    if (strtod(text, NULL) == value) break;
  }
  size_t count = 0;
  const char *at = text;
  for (; *at != 'e' && *at != '\0'; at++)
    if (*at >= '0' && *at <= '9') digits[count++] = *at;
  digits[count] = '\0';
  return *at == 'e' ? atoi(at + 1) : 0;
}

void jinja_put_float(double value, lrt_str *out) {
  char digits[24];
  if (isnan(value) || isinf(value)) {
    lrt_str_add_text(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
    return;
  }
  if (signbit(value)) lrt_str_add(out, "-", 1);
  const int exponent = shortest_digits(fabs(value), digits), count = (int)strlen(digits);
  if (exponent < -4 || exponent >= 16) {
    lrt_str_add(out, digits, 1);
    if (count > 1) lrt_str_format(out, ".%s", digits + 1);
    lrt_str_format(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
  } else if (exponent < 0) {
    lrt_str_format(out, "0.%.*s%s", -exponent - 1, "0000", digits);
  } else {
    for (int i = 0; i <= exponent; i++) lrt_str_add(out, i < count ? &digits[i] : "0", 1);
    lrt_str_format(out, ".%s", count > exponent + 1 ? digits + exponent + 1 : "0");
  }
}

/* Control, format, separator, surrogate and private characters are escaped. */
static bool is_printable(uint32_t code) {
  static const uint32_t ranges[][2] = {
      {0, 0x1f},        {0x7f, 0xa0},     {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
      {0x6dd, 0x6dd},   {0x70f, 0x70f},   {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},
      {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},   {0xd800, 0xf8ff},   {0xfeff, 0xfeff},
      {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (code >= ranges[i][0] && code <= ranges[i][1]) return false;
  return true;
}

static void put_escaped(uint32_t code, lrt_str *out) {
  if (code == '\n' || code == '\r' || code == '\t')
    lrt_str_add_text(out, code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t");
  else
    lrt_str_format(out, code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)code);
}

static void put_quoted(jinja_text text, lrt_str *out) {
  const bool has_single = jinja_text_find(text, JINJA_TEXT("'"), 0) != SIZE_MAX;
  const bool has_double = jinja_text_find(text, JINJA_TEXT("\""), 0) != SIZE_MAX;
  const char quote = has_single && !has_double ? '"' : '\'';
  lrt_str_add(out, &quote, 1);
  for (size_t at = 0; at < text.length;) {
    uint32_t code = 0xfffd;
    const size_t bytes = lrt_utf8_decode(text.bytes + at, text.length - at, &code);
    if (code == (uint32_t)quote || code == '\\') lrt_str_add(out, "\\", 1);
    if (is_printable(code))
      lrt_str_add(out, text.bytes + at, bytes == 0 ? 1 : bytes);
    else
      put_escaped(code, out);
    at += bytes == 0 ? 1 : bytes;
  }
  lrt_str_add(out, &quote, 1);
}

static lrt_status put_items(jinja_run *run, const jinja_list *list, const char *begin, const char *end,
                            lrt_str *out) {
  lrt_str_add_text(out, begin);
  LRT_TRY(jinja_enter(run));
  for (size_t i = 0; i < list->count; i++) {
    if (i > 0) lrt_str_add(out, ", ", 2);
    LRT_TRY(jinja_put_repr(run, &list->items[i], out));
  }
  run->depth--;
  lrt_str_add_text(out, end);
  return LRT_OK;
}

static lrt_status put_entries(jinja_run *run, const jinja_dict *dict, lrt_str *out) {
  lrt_str_add(out, "{", 1);
  LRT_TRY(jinja_enter(run));
  for (size_t i = 0; i < dict->count; i++) {
    if (i > 0) lrt_str_add(out, ", ", 2);
    LRT_TRY(jinja_put_repr(run, &dict->entries[i].key, out));
    lrt_str_add(out, ": ", 2);
    LRT_TRY(jinja_put_repr(run, &dict->entries[i].value, out));
  }
  run->depth--;
  lrt_str_add(out, "}", 1);
  return LRT_OK;
}

static lrt_status put_view(jinja_run *run, const jinja_list *list, lrt_str *out) {
  lrt_str_add(out, list->show.bytes, list->show.length);
  return put_items(run, list, "([", "])", out);
}

static lrt_status put_namespace(jinja_run *run, const jinja_dict *dict, lrt_str *out) {
  lrt_str_add_text(out, "<Namespace ");
  LRT_TRY(put_entries(run, dict, out));
  lrt_str_add(out, ">", 1);
  return LRT_OK;
}

lrt_status jinja_put_repr(jinja_run *run, const jinja_value *value, lrt_str *out) {
  LRT_TRY(jinja_charge(run, 1));
  switch (value->kind) {
  case JINJA_UNDEFINED: lrt_str_add_text(out, "Undefined"); return LRT_OK;
  case JINJA_NONE: lrt_str_add_text(out, "None"); return LRT_OK;
  case JINJA_BOOL: lrt_str_add_text(out, value->as.boolean ? "True" : "False"); return LRT_OK;
  case JINJA_INT: lrt_str_format(out, "%" PRId64, value->as.integer); return LRT_OK;
  case JINJA_FLOAT: jinja_put_float(value->as.real, out); return LRT_OK;
  case JINJA_STRING: put_quoted(value->as.text, out); return jinja_charge(run, value->as.text.length / 16);
  case JINJA_LIST: return put_items(run, value->as.list, "[", "]", out);
  case JINJA_TUPLE: return put_items(run, value->as.list, "(", value->as.list->count == 1 ? ",)" : ")", out);
  case JINJA_VIEW: return put_view(run, value->as.list, out);
  case JINJA_RANGE: lrt_str_add(out, value->as.list->show.bytes, value->as.list->show.length); return LRT_OK;
  case JINJA_DICT: return put_entries(run, value->as.dict, out);
  case JINJA_NAMESPACE: return put_namespace(run, value->as.dict, out);
  default: break; /* Python writes an address */
  }
  return jinja_fail_as(run, LRT_UNSUPPORTED, "an object of type '%s' is not written out",
                       jinja_type_name(value));
}

lrt_status jinja_put(jinja_run *run, const jinja_value *value, lrt_str *out) {
  if (value->kind == JINJA_UNDEFINED) return LRT_OK;
  if (value->kind != JINJA_STRING) return jinja_put_repr(run, value, out);
  lrt_str_add(out, value->as.text.bytes, value->as.text.length);
  return jinja_charge(run, 1 + value->as.text.length / 16);
}

lrt_status jinja_str(jinja_run *run, const jinja_value *value, jinja_text *out) {
  jinja_value text = jinja_string("", 0);
  lrt_str str;
  if (value->kind == JINJA_STRING) {
    *out = value->as.text;
    return LRT_OK;
  }
  jinja_open_str(run, &str);
  const lrt_status status = jinja_put(run, value, &str);
  if (status != LRT_OK) {
    lrt_str_clear(&str);
    return status;
  }
  LRT_TRY(jinja_take_str(run, &str, &text));
  *out = text.as.text;
  return LRT_OK;
}
