/* jinja_text_filters.c: filters on texts and numbers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_lines.h"
#include "tokenizer/jinja_text.h"

#define FILTER(name)                                                                                         \
  static lrt_status name(jinja_run *run, const jinja_value *self, const jinja_args *args, jinja_value *out)

FILTER(filter_trim) {
  static const char *const names[] = {"chars"};
  const jinja_value *chars;
  jinja_text text, set = {"", 0};
  LRT_TRY(jinja_bind(run, "trim", args, names, 1, 0, &chars));
  LRT_TRY(jinja_str(run, self, &text));
  const bool has_set = chars != NULL && chars->kind != JINJA_NONE;
  if (has_set) LRT_TRY(jinja_text_argument(run, "trim", chars, &set));
  *out =
      jinja_text_value(jinja_text_strip(text, has_set ? &set : NULL, JINJA_STRIP_LEFT | JINJA_STRIP_RIGHT));
  return jinja_charge(run, (text.length - out->as.text.length) / 8);
}

static lrt_status recase(jinja_run *run, const jinja_value *self, const jinja_args *args, jinja_case form,
                         jinja_value *out) {
  jinja_text text;
  LRT_TRY(jinja_bind(run, "this filter", args, NULL, 0, 0, NULL));
  LRT_TRY(jinja_str(run, self, &text));
  return jinja_text_recase(run, text, form, out);
}

FILTER(filter_upper) {
  return recase(run, self, args, JINJA_UPPER, out);
}
FILTER(filter_lower) {
  return recase(run, self, args, JINJA_LOWER, out);
}
FILTER(filter_capitalize) {
  return recase(run, self, args, JINJA_CAPITAL, out);
}
FILTER(filter_title) {
  return recase(run, self, args, JINJA_TITLE_WORDS, out);
}

FILTER(filter_replace) {
  static const char *const names[] = {"old", "new", "count"};
  const jinja_value *v[3];
  jinja_text text, old, with;
  int64_t limit;
  LRT_TRY(jinja_bind(run, "replace", args, names, 3, 2, v));
  LRT_TRY(jinja_str(run, self, &text));
  LRT_TRY(jinja_str(run, v[0], &old));
  LRT_TRY(jinja_str(run, v[1], &with));
  LRT_TRY(
      jinja_int_argument(run, "replace", v[2] != NULL && v[2]->kind == JINJA_NONE ? NULL : v[2], -1, &limit));
  return jinja_text_replace(run, text, old, with, limit, out);
}

FILTER(filter_string) {
  jinja_text text;
  LRT_TRY(jinja_bind(run, "string", args, NULL, 0, 0, NULL));
  LRT_TRY(jinja_str(run, self, &text));
  *out = jinja_text_value(text);
  out->safe = self->kind == JINJA_STRING && self->safe;
  return LRT_OK;
}

FILTER(filter_safe) {
  LRT_TRY(filter_string(run, self, args, out));
  out->safe = true;
  return LRT_OK;
}

/* Lines but the first (unless `first`) and empty ones (unless `blank`) get `indent` in front. */
static void put_indented(lrt_str *out, jinja_text text, jinja_text indent, bool first, bool blank) {
  bool is_first = true;
  for (size_t at = 0; at < text.length || is_first;) {
    size_t next;
    const jinja_text line = jinja_next_line(text, at, &next);
    if (!is_first) lrt_str_add(out, "\n", 1);
    if (is_first ? first : blank || line.length > 0) lrt_str_add(out, indent.bytes, indent.length);
    lrt_str_add(out, line.bytes, line.length);
    is_first = false;
    at = next;
  }
}

FILTER(filter_indent) {
  static const char *const names[] = {"width", "first", "blank"};
  const jinja_value *v[3];
  jinja_text text = {"", 0};
  jinja_value indent, line;
  lrt_str str;
  LRT_TRY(jinja_bind(run, "indent", args, names, 3, 0, v));
  LRT_TRY(jinja_text_argument(run, "indent", self, &text));
  if (v[0] != NULL && v[0]->kind == JINJA_STRING) {
    indent = *v[0];
  } else {
    int64_t width;
    const jinja_value blank = jinja_string(" ", 1);
    LRT_TRY(jinja_int_argument(run, "indent", v[0], 4, &width));
    const jinja_value times = jinja_int(width);
    LRT_TRY(jinja_arithmetic(run, 2 /* * */, &blank, &times, &indent));
  }
  /* The filter adds a newline so that a text which ends in one keeps it. */
  jinja_open_str(run, &str);
  lrt_str_add(&str, text.bytes, text.length);
  lrt_str_add(&str, "\n", 1);
  LRT_TRY(jinja_take_str(run, &str, &line));
  jinja_open_str(run, &str);
  put_indented(&str, line.as.text, indent.as.text, v[1] != NULL && jinja_truth(v[1]),
               v[2] != NULL && jinja_truth(v[2]));
  LRT_TRY(jinja_take_str(run, &str, out));
  return jinja_charge(run, text.length / 16);
}

/* ---- numbers ---- */

/* The text without blanks around it and underscores between digits, in `out` [64]; false for longer ones. */
static bool number_text(jinja_text text, char out[64]) {
  const jinja_text part = jinja_text_strip(text, NULL, JINJA_STRIP_LEFT | JINJA_STRIP_RIGHT);
  size_t length = 0;
  for (size_t i = 0; i < part.length; i++) {
    const char c = part.bytes[i];
    const bool between = i > 0 && i + 1 < part.length && part.bytes[i - 1] >= '0' &&
                         part.bytes[i - 1] <= '9' && part.bytes[i + 1] >= '0' && part.bytes[i + 1] <= '9';
    if (c == '_' && between) continue;
    if (length == 63 || c == '\0' || c == 'x' || c == 'X' || c == 'p' || c == '(') return false;
    out[length++] = c;
  }
  out[length] = '\0';
  return length > 0;
}

/* float() of a text; false where Python raises. */
static bool read_float(jinja_text text, double *out) {
  char digits[64], *end;
  if (!number_text(text, digits)) return false;
  *out = strtod(digits, &end);
  return *end == '\0';
}

static bool read_integer(jinja_text text, int64_t *out) {
  char digits[64], *end;
  if (!number_text(text, digits)) return false;
  errno = 0;
  *out = strtoll(digits, &end, 10);
  return *end == '\0' && errno == 0;
}

FILTER(filter_int) {
  static const char *const names[] = {"default", "base"};
  const jinja_value *v[2], zero = jinja_int(0);
  int64_t base, integer;
  double real = NAN;
  LRT_TRY(jinja_bind(run, "int", args, names, 2, 0, v));
  LRT_TRY(jinja_int_argument(run, "int", v[1], 10, &base));
  if (base != 10)
    return jinja_fail_as(run, LRT_UNSUPPORTED, "the filter int with base %d is not supported", (int)base);
  if (self->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, self);
  if (jinja_is_integer(self)) {
    *out = jinja_int(jinja_integer_of(self));
    return LRT_OK;
  }
  if (self->kind == JINJA_STRING && read_integer(self->as.text, &integer)) {
    *out = jinja_int(integer);
    return LRT_OK;
  }
  if (self->kind == JINJA_FLOAT) real = self->as.real;
  const bool is_number =
      self->kind == JINJA_FLOAT || (self->kind == JINJA_STRING && read_float(self->as.text, &real));
  if (is_number && real > -9.2e18 && real < 9.2e18)
    *out = jinja_int((int64_t)real);
  else
    *out = v[0] == NULL ? zero : *v[0];
  return LRT_OK;
}

FILTER(filter_float) {
  static const char *const names[] = {"default"};
  const jinja_value *otherwise, zero = jinja_float(0);
  double real;
  LRT_TRY(jinja_bind(run, "float", args, names, 1, 0, &otherwise));
  if (self->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, self);
  if (jinja_is_number(self))
    *out = jinja_float(jinja_real_of(self));
  else if (self->kind == JINJA_STRING && read_float(self->as.text, &real))
    *out = jinja_float(real);
  else
    *out = otherwise == NULL ? zero : *otherwise;
  return LRT_OK;
}

static lrt_status need_number(jinja_run *run, const char *name, const jinja_value *value) {
  if (value->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, value);
  if (jinja_is_number(value)) return LRT_OK;
  return jinja_fail(run, "%s needs a number, not '%s'", name, jinja_type_name(value));
}

FILTER(filter_abs) {
  const jinja_value zero = jinja_int(0), number = *self;
  LRT_TRY(jinja_bind(run, "abs", args, NULL, 0, 0, NULL));
  LRT_TRY(need_number(run, "abs", self));
  if (number.kind == JINJA_FLOAT) {
    *out = jinja_float(fabs(number.as.real));
    return LRT_OK;
  }
  return jinja_arithmetic(run, jinja_integer_of(&number) < 0, &zero, &number, out); /* 0 + n or 0 - n */
}

FILTER(filter_round) {
  static const char *const names[] = {"precision", "method"};
  const jinja_value *v[2];
  jinja_text method = {"common", 6};
  int64_t precision;
  char digits[400];
  LRT_TRY(jinja_bind(run, "round", args, names, 2, 0, v));
  LRT_TRY(jinja_int_argument(run, "round", v[0], 0, &precision));
  LRT_TRY(jinja_text_argument(run, "round", v[1], &method));
  LRT_TRY(need_number(run, "round", self));
  if (precision < 0 || precision > 30)
    return jinja_fail_as(run, LRT_UNSUPPORTED, "rounding to %lld digits is not supported",
                         (long long)precision);
  const double real = jinja_real_of(self), power = pow(10, (double)precision);
  if (jinja_text_is(method, "ceil")) {
    *out = jinja_float(ceil(real * power) / power);
  } else if (jinja_text_is(method, "floor")) {
    *out = jinja_float(floor(real * power) / power);
  } else if (!jinja_text_is(method, "common")) {
    return jinja_fail(run, "the method of round must be common, ceil or floor");
  } else if (jinja_is_integer(self)) {
    *out = jinja_int(jinja_integer_of(self));
  } else {
    snprintf(digits, sizeof digits, "%.*f", (int)precision, real); /* correctly rounded, ties to even */
    *out = jinja_float(isfinite(real) ? strtod(digits, NULL) : real);
  }
  return LRT_OK;
}

/* "%s …"|format(a, b): positional or named values. */
FILTER(filter_format) {
  jinja_text text;
  jinja_value values;
  LRT_TRY(jinja_str(run, self, &text));
  if (args->count > 0 && args->keyword_count > 0)
    return jinja_fail(run, "format takes positional or keyword arguments, not both");
  if (args->keyword_count > 0) {
    LRT_TRY(jinja_new_dict(run, JINJA_DICT, &values));
    for (size_t i = 0; i < args->keyword_count; i++) {
      const jinja_value key = jinja_text_value(args->keywords[i].name);
      LRT_TRY(jinja_dict_put(run, values.as.dict, &key, &args->keywords[i].value));
    }
  } else {
    LRT_TRY(jinja_new_list(run, JINJA_TUPLE, args->count, &values));
    for (size_t i = 0; i < args->count; i++) LRT_TRY(jinja_list_add(run, values.as.list, &args->values[i]));
  }
  return jinja_format_percent(run, text, &values, out);
}

const jinja_builtin jinja_text_filters[] = {
    {"trim", filter_trim},           {"upper", filter_upper},
    {"lower", filter_lower},         {"capitalize", filter_capitalize},
    {"title", filter_title},         {"replace", filter_replace},
    {"string", filter_string},       {"safe", filter_safe},
    {"indent", filter_indent},       {"int", filter_int},
    {"float", filter_float},         {"abs", filter_abs},
    {"round", filter_round},         {"format", filter_format},
    {"tojson", jinja_filter_tojson}, {NULL, NULL}};
