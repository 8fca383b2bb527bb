/* jinja_arithmetic.c: + - * / // % ** on numbers, texts and lists. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_tree.h"

static lrt_status fail_types(jinja_run *run, int op, const jinja_value *a, const jinja_value *b) {
  static const char *const signs[] = {"+", "-", "*", "/", "//", "%", "**"};
  if (a->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, a);
  if (b->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, b);
  return jinja_fail(run, "the operator %s has no meaning between '%s' and '%s'", signs[op],
                    jinja_type_name(a), jinja_type_name(b));
}

static lrt_status fail_size(jinja_run *run) {
  return jinja_fail_as(run, LRT_UNSUPPORTED, "a number of more than 64 bits is not supported");
}

static lrt_status integer_power(jinja_run *run, int64_t base, int64_t exponent, jinja_value *out) {
  int64_t result = 1;
  if (exponent < 0) {
    if (base == 0) return jinja_fail(run, "0 cannot be raised to a negative power");
    *out = jinja_float(pow((double)base, (double)exponent));
    return LRT_OK;
  }
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return fail_size(run);
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return fail_size(run);
  }
  *out = jinja_int(result);
  return LRT_OK;
}

/* Rounded towards minus infinity, so that the remainder has the divisor's sign. */
static lrt_status integer_division(jinja_run *run, int op, int64_t a, int64_t b, jinja_value *out) {
  if (b == 0) return jinja_fail(run, "division by zero");
  if (op == JINJA_OP_DIV) {
    *out = jinja_float((double)a / (double)b);
    return LRT_OK;
  }
  if (b == -1) { /* INT64_MIN / -1 is not representable */
    int64_t negated;
    if (__builtin_sub_overflow((int64_t)0, a, &negated)) return fail_size(run);
    *out = jinja_int(op == JINJA_OP_MOD ? 0 : negated);
    return LRT_OK;
  }
  const int64_t quotient = a / b, rest = a % b;
  const bool is_between = rest != 0 && (rest < 0) != (b < 0);
  *out = jinja_int(op == JINJA_OP_MOD ? rest + (is_between ? b : 0) : quotient - is_between);
  return LRT_OK;
}

static lrt_status integers(jinja_run *run, int op, int64_t a, int64_t b, jinja_value *out) {
  int64_t result = 0;
  bool overflow = false;
  switch (op) {
  case JINJA_OP_ADD: overflow = __builtin_add_overflow(a, b, &result); break;
  case JINJA_OP_SUB: overflow = __builtin_sub_overflow(a, b, &result); break;
  case JINJA_OP_MUL: overflow = __builtin_mul_overflow(a, b, &result); break;
  case JINJA_OP_POW: return integer_power(run, a, b, out);
  default: return integer_division(run, op, a, b, out);
  }
  if (overflow) return fail_size(run);
  *out = jinja_int(result);
  return LRT_OK;
}

static double float_remainder(double a, double b) {
  const double rest = fmod(a, b);
  if (rest == 0) return copysign(0.0, b);
  return (rest < 0) == (b < 0) ? rest : rest + b;
}

static lrt_status floats(jinja_run *run, int op, double a, double b, jinja_value *out) {
  double result = 0;
  if (b == 0 && op >= JINJA_OP_DIV && op <= JINJA_OP_MOD) return jinja_fail(run, "division by zero");
  switch (op) {
  case JINJA_OP_ADD: result = a + b; break;
  case JINJA_OP_SUB: result = a - b; break;
  case JINJA_OP_MUL: result = a * b; break;
  case JINJA_OP_DIV: result = a / b; break;
  case JINJA_OP_MOD: result = float_remainder(a, b); break;
  case JINJA_OP_POW: result = pow(a, b); break;
  default: {
    const double quotient = (a - float_remainder(a, b)) / b; /* as CPython's float_divmod */
    result = quotient - floor(quotient) > 0.5 ? floor(quotient) + 1 : floor(quotient);
  }
  }
  *out = jinja_float(result);
  return LRT_OK;
}

static void put_markup(lrt_str *out, const jinja_value *value, bool escapes) {
  static const char characters[] = "&<>'\"";
  static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&#39;", "&#34;"};
  const jinja_text text = value->as.text;
  for (size_t i = 0; i < text.length; i++) {
    const char *found = escapes && text.bytes[i] != '\0' ? strchr(characters, text.bytes[i]) : NULL;
    if (found == NULL)
      lrt_str_add(out, &text.bytes[i], 1);
    else
      lrt_str_add_text(out, names[found - characters]);
  }
}

/* Text marked by |safe escapes what is added to it and was not marked, as Markup does. */
static lrt_status add_texts(jinja_run *run, const jinja_value *a, const jinja_value *b, jinja_value *out) {
  const bool safe = a->safe || b->safe;
  lrt_str text;
  LRT_TRY(jinja_charge(run, (a->as.text.length + b->as.text.length) / 16));
  jinja_open_str(run, &text);
  if (safe && !(a->safe && b->safe)) {
    put_markup(&text, a, !a->safe);
    put_markup(&text, b, !b->safe);
  } else {
    lrt_str_add(&text, a->as.text.bytes, a->as.text.length);
    lrt_str_add(&text, b->as.text.bytes, b->as.text.length);
  }
  LRT_TRY(jinja_take_str(run, &text, out));
  out->safe = safe;
  return LRT_OK;
}

static lrt_status add_lists(jinja_run *run, const jinja_value *a, const jinja_value *b, jinja_value *out) {
  jinja_value sum;
  LRT_TRY(jinja_charge(run, a->as.list->count + b->as.list->count));
  LRT_TRY(jinja_new_list(run, a->kind, a->as.list->count + b->as.list->count, &sum));
  for (size_t i = 0; i < a->as.list->count; i++)
    LRT_TRY(jinja_list_add(run, sum.as.list, &a->as.list->items[i]));
  for (size_t i = 0; i < b->as.list->count; i++)
    LRT_TRY(jinja_list_add(run, sum.as.list, &b->as.list->items[i]));
  *out = sum;
  return LRT_OK;
}

static lrt_status repeat(jinja_run *run, const jinja_value *value, int64_t times, jinja_value *out) {
  lrt_str text;
  jinja_value list;
  if (value->kind != JINJA_STRING) {
    LRT_TRY(jinja_new_list(run, value->kind, 0, &list));
    for (int64_t i = 0; i < times && value->as.list->count > 0; i++) {
      LRT_TRY(jinja_charge(run, value->as.list->count));
      for (size_t j = 0; j < value->as.list->count; j++)
        LRT_TRY(jinja_list_add(run, list.as.list, &value->as.list->items[j]));
    }
    *out = list;
    return LRT_OK;
  }
  jinja_open_str(run, &text);
  for (int64_t i = 0; i < times && value->as.text.length > 0 && text.status == LRT_OK; i++)
    lrt_str_add(&text, value->as.text.bytes, value->as.text.length);
  LRT_TRY(jinja_take_str(run, &text, out));
  return jinja_charge(run, out->as.text.length / 16);
}

static bool repeats(const jinja_value *value, const jinja_value *times) {
  return jinja_is_integer(times) &&
         (value->kind == JINJA_STRING || value->kind == JINJA_LIST || value->kind == JINJA_TUPLE);
}

lrt_status jinja_arithmetic(jinja_run *run, int op, const jinja_value *a, const jinja_value *b,
                            jinja_value *out) {
  if (jinja_is_integer(a) && jinja_is_integer(b))
    return integers(run, op, jinja_integer_of(a), jinja_integer_of(b), out);
  if (jinja_is_number(a) && jinja_is_number(b))
    return floats(run, op, jinja_real_of(a), jinja_real_of(b), out);
  if (op == JINJA_OP_ADD && a->kind == b->kind && a->kind == JINJA_STRING) return add_texts(run, a, b, out);
  if (op == JINJA_OP_ADD && a->kind == b->kind && (a->kind == JINJA_LIST || a->kind == JINJA_TUPLE))
    return add_lists(run, a, b, out);
  if (op == JINJA_OP_MUL && repeats(a, b)) return repeat(run, a, jinja_integer_of(b), out);
  if (op == JINJA_OP_MUL && repeats(b, a)) return repeat(run, b, jinja_integer_of(a), out);
  if (op == JINJA_OP_MOD && a->kind == JINJA_STRING) return jinja_format_percent(run, a->as.text, b, out);
  return fail_types(run, op, a, b);
}
