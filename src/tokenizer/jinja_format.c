/* jinja_format.c: "%s" % values and "{}".format(values). */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_text.h"

/* Widths and precisions beyond this are nobody's template. */
#define MAX_WIDTH 200

typedef struct directive {
  bool left, zero, plus, blank, alternate;
  int width, precision; /* precision -1: not given */
  char conversion;
} directive;

/* Pads a finished text to the width. */
static void put_padded(lrt_str *out, const directive *d, const char *text, size_t length, size_t characters) {
  const size_t pad = (size_t)d->width > characters ? (size_t)d->width - characters : 0;
  for (size_t i = 0; i < pad && !d->left; i++) lrt_str_add(out, " ", 1);
  lrt_str_add(out, text, length);
  for (size_t i = 0; i < pad && d->left; i++) lrt_str_add(out, " ", 1);
}

static lrt_status put_text(jinja_run *run, const directive *d, const jinja_value *value, lrt_str *out) {
  lrt_str str;
  jinja_value text;
  jinja_open_str(run, &str);
  const lrt_status status =
      d->conversion == 'r' ? jinja_put_repr(run, value, &str) : jinja_put(run, value, &str);
  if (status != LRT_OK) {
    lrt_str_clear(&str);
    return status;
  }
  LRT_TRY(jinja_take_str(run, &str, &text));
  size_t length = text.as.text.length;
  if (d->precision >= 0) length = jinja_text_offset(text.as.text, (size_t)d->precision);
  const jinja_text part = jinja_text_cut(text.as.text, 0, length);
  put_padded(out, d, part.bytes, part.length, jinja_text_count(part));
  return LRT_OK;
}

static lrt_status put_number(jinja_run *run, const directive *d, const jinja_value *value, lrt_str *out) {
  char pattern[32], text[800];
  const bool is_float = strchr("eEfFgG", d->conversion) != NULL;
  if (value->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, value);
  if (!jinja_is_number(value) ||
      (!is_float && value->kind == JINJA_FLOAT && strchr("xXo", d->conversion) != NULL))
    return jinja_fail(run, "%%%c needs a number, not '%s'", d->conversion, jinja_type_name(value));
  if (!is_float && d->precision >= 0)
    return jinja_fail_as(run, LRT_UNSUPPORTED, "%%%c with a precision is not supported", d->conversion);
  snprintf(pattern, sizeof pattern, "%%%s%s%s%s%s*", d->left ? "-" : "", d->zero ? "0" : "",
           d->plus ? "+" : "", d->blank ? " " : "", d->alternate ? "#" : "");
  const size_t begun = strlen(pattern);
  if (is_float) {
    const char tail[] = {'.', '*', d->conversion, '\0'};
    memcpy(pattern + begun, tail, sizeof tail);
    snprintf(text, sizeof text, pattern, d->width, d->precision < 0 ? 6 : d->precision, jinja_real_of(value));
  } else {
    const char conversion = d->conversion == 'i' || d->conversion == 'u' ? 'd' : d->conversion;
    if (value->kind == JINJA_FLOAT && !(value->as.real > -9.2e18 && value->as.real < 9.2e18))
      return jinja_fail_as(run, LRT_UNSUPPORTED, "a number of more than 64 bits is not supported");
    const int64_t integer = value->kind == JINJA_FLOAT ? (int64_t)value->as.real : jinja_integer_of(value);
    if (conversion != 'd' && integer < 0)
      return jinja_fail_as(run, LRT_UNSUPPORTED, "%%%c of a negative number is not supported", conversion);
    const char tail[] = {'j', conversion, '\0'};
    memcpy(pattern + begun, tail, sizeof tail);
    snprintf(text, sizeof text, pattern, d->width, (intmax_t)integer);
  }
  lrt_str_add_text(out, text);
  return LRT_OK;
}

static lrt_status read_count(jinja_run *run, jinja_text format, size_t *at, int *out) {
  *out = 0;
  for (; *at < format.length && format.bytes[*at] >= '0' && format.bytes[*at] <= '9'; ++*at) {
    *out = *out * 10 + (format.bytes[*at] - '0');
    if (*out > MAX_WIDTH)
      return jinja_fail_as(run, LRT_UNSUPPORTED, "a width of more than %d is not supported", MAX_WIDTH);
  }
  return LRT_OK;
}

/* Behind %: flags, width, precision, length letters, conversion. */
static lrt_status read_directive(jinja_run *run, jinja_text format, size_t *at, directive *d) {
  memset(d, 0, sizeof *d);
  d->precision = -1;
  for (; *at < format.length && format.bytes[*at] != '\0' && strchr("-0+ #", format.bytes[*at]) != NULL;
       ++*at) {
    d->left |= format.bytes[*at] == '-';
    d->zero |= format.bytes[*at] == '0';
    d->plus |= format.bytes[*at] == '+';
    d->blank |= format.bytes[*at] == ' ';
    d->alternate |= format.bytes[*at] == '#';
  }
  LRT_TRY(read_count(run, format, at, &d->width));
  if (*at < format.length && format.bytes[*at] == '.') {
    ++*at;
    LRT_TRY(read_count(run, format, at, &d->precision));
  }
  if (*at >= format.length) return jinja_fail(run, "a format ends within %%");
  d->conversion = format.bytes[(*at)++];
  return LRT_OK;
}

/* The value of %(name)s, where the name stands at `at`. */
static lrt_status named_value(jinja_run *run, jinja_text format, const jinja_value *values, size_t *at,
                              const jinja_value **out) {
  const size_t end = jinja_text_find(format, JINJA_TEXT(")"), *at);
  if (end == SIZE_MAX) return jinja_fail(run, "a format ends within %%(");
  if (values->kind != JINJA_DICT) return jinja_fail(run, "a format with names needs a dict");
  const jinja_text name = jinja_text_cut(format, *at, end);
  *out = jinja_dict_get(values->as.dict, name);
  if (*out == NULL)
    return jinja_fail(run, "the format's name %.*s is not in the dict",
                      name.length > 40 ? 40 : (int)name.length, name.bytes);
  *at = end + 1;
  return LRT_OK;
}

static lrt_status put_directive(jinja_run *run, jinja_text format, const jinja_value *values, size_t *at,
                                size_t *used, lrt_str *out) {
  directive d;
  const jinja_value *value = NULL;
  const bool is_tuple = values->kind == JINJA_TUPLE;
  const size_t count = is_tuple ? values->as.list->count : 1;
  if (*at < format.length && format.bytes[*at] == '(') {
    ++*at;
    LRT_TRY(named_value(run, format, values, at, &value));
    *used = count;
  }
  LRT_TRY(read_directive(run, format, at, &d));
  if (d.conversion == '%') {
    lrt_str_add(out, "%", 1);
    return LRT_OK;
  }
  if (value == NULL) {
    if (*used >= count) return jinja_fail(run, "a format has more places than values");
    value = is_tuple ? &values->as.list->items[*used] : values;
    ++*used;
  }
  if (d.conversion == 's' || d.conversion == 'r') return put_text(run, &d, value, out);
  if (d.conversion != '\0' && strchr("diuxXoeEfFgG", d.conversion) != NULL)
    return put_number(run, &d, value, out);
  return jinja_fail_as(run, LRT_UNSUPPORTED, "the format %%%c is not supported",
                       d.conversion >= ' ' && d.conversion < 127 ? d.conversion : '?');
}

static lrt_status put_percent(jinja_run *run, jinja_text format, const jinja_value *values, lrt_str *out) {
  size_t used = 0;
  for (size_t at = 0; at < format.length;) {
    size_t next = jinja_text_find(format, JINJA_TEXT("%"), at);
    if (next == SIZE_MAX) next = format.length;
    lrt_str_add(out, format.bytes + at, next - at);
    LRT_TRY(jinja_charge(run, 1));
    at = next + 1;
    if (next < format.length) LRT_TRY(put_directive(run, format, values, &at, &used, out));
  }
  const bool is_tuple = values->kind == JINJA_TUPLE;
  if (is_tuple ? used < values->as.list->count
               : used == 0 && values->kind != JINJA_DICT && values->kind != JINJA_LIST)
    return jinja_fail(run, "a format has fewer places than values");
  return LRT_OK;
}

lrt_status jinja_format_percent(jinja_run *run, jinja_text format, const jinja_value *values,
                                jinja_value *out) {
  lrt_str text;
  const jinja_value given = *values; /* `out` may be the same */
  jinja_open_str(run, &text);
  const lrt_status status = put_percent(run, format, &given, &text);
  if (status == LRT_OK) return jinja_take_str(run, &text, out);
  lrt_str_clear(&text);
  return status;
}

/* The value of the field "", "0" or "name". */
static lrt_status field_value(jinja_run *run, jinja_text field, const jinja_args *args, size_t *next,
                              const jinja_value **out) {
  size_t index = field.length == 0 ? (*next)++ : 0;
  bool is_index = true;
  for (size_t i = 0; i < field.length && is_index; i++) {
    is_index = field.bytes[i] >= '0' && field.bytes[i] <= '9' && index < 1000;
    index = index * 10 + (size_t)(field.bytes[i] - '0');
  }
  *out = is_index && index < args->count ? &args->values[index] : NULL;
  for (size_t i = 0; i < args->keyword_count && !is_index; i++)
    if (jinja_text_equal(args->keywords[i].name, field)) *out = &args->keywords[i].value;
  if (*out != NULL) return LRT_OK;
  for (size_t i = 0; i < field.length; i++)
    if (strchr(":!.[", field.bytes[i]) != NULL)
      return jinja_fail_as(run, LRT_UNSUPPORTED, "the field {%.*s} is not supported",
                           field.length > 40 ? 40 : (int)field.length, field.bytes);
  return jinja_fail(run, "format has no value for the field {%.*s}",
                    field.length > 40 ? 40 : (int)field.length, field.bytes);
}

static lrt_status put_braces(jinja_run *run, jinja_text format, const jinja_args *args, lrt_str *out) {
  size_t next = 0;
  for (size_t at = 0; at < format.length;) {
    const char c = format.bytes[at];
    if (c != '{' && c != '}') {
      lrt_str_add(out, &format.bytes[at++], 1);
      continue;
    }
    if (at + 1 < format.length && format.bytes[at + 1] == c) {
      lrt_str_add(out, &c, 1);
      at += 2;
      continue;
    }
    const size_t end = jinja_text_find(format, JINJA_TEXT("}"), at);
    const jinja_value *value;
    if (c == '}' || end == SIZE_MAX) return jinja_fail(run, "a format has a single brace");
    LRT_TRY(field_value(run, jinja_text_cut(format, at + 1, end), args, &next, &value));
    LRT_TRY(jinja_put(run, value, out));
    at = end + 1;
  }
  return jinja_charge(run, format.length / 8);
}

lrt_status jinja_format_braces(jinja_run *run, jinja_text format, const jinja_args *args, jinja_value *out) {
  lrt_str text;
  jinja_open_str(run, &text);
  const lrt_status status = put_braces(run, format, args, &text);
  if (status == LRT_OK) return jinja_take_str(run, &text, out);
  lrt_str_clear(&text);
  return status;
}
