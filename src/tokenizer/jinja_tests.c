/* jinja_tests.c: what may stand behind `is`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_text.h"

/* What a value is: tests without arguments. */
typedef enum question {
  DEFINED,
  IS_UNDEFINED,
  IS_NONE,
  BOOLEAN,
  IS_TRUE,
  IS_FALSE,
  INTEGER,
  IS_FLOAT,
  NUMBER,
  STRING,
  MAPPING,
  ITERABLE,
  SEQUENCE,
  CALLABLE
} question;

static bool is_callable(const jinja_value *value) {
  return value->kind == JINJA_MACRO || value->kind == JINJA_FUNCTION || value->kind == JINJA_JOINER;
}

static bool answer_of(question what, const jinja_value *v) {
  switch (what) {
  case DEFINED: return v->kind != JINJA_UNDEFINED;
  case IS_UNDEFINED: return v->kind == JINJA_UNDEFINED;
  case IS_NONE: return v->kind == JINJA_NONE;
  case BOOLEAN: return v->kind == JINJA_BOOL;
  case IS_TRUE: return v->kind == JINJA_BOOL && v->as.boolean;
  case IS_FALSE: return v->kind == JINJA_BOOL && !v->as.boolean;
  case INTEGER: return v->kind == JINJA_INT;
  case IS_FLOAT: return v->kind == JINJA_FLOAT;
  case NUMBER: return jinja_is_number(v);
  case STRING: return v->kind == JINJA_STRING;
  case MAPPING: return v->kind == JINJA_DICT;
  case ITERABLE:
    return v->kind == JINJA_UNDEFINED || v->kind == JINJA_STRING || v->kind == JINJA_DICT ||
           jinja_is_list(v) || v->kind == JINJA_LOOP;
  case SEQUENCE: /* has a length and elements */
    return v->kind == JINJA_UNDEFINED || v->kind == JINJA_STRING || v->kind == JINJA_DICT ||
           v->kind == JINJA_LIST || v->kind == JINJA_TUPLE || v->kind == JINJA_RANGE;
  case CALLABLE: break;
  }
  return is_callable(v) || v->kind == JINJA_UNDEFINED;
}

static lrt_status answer(jinja_run *run, question what, const jinja_value *self, const jinja_args *args,
                         jinja_value *out) {
  if (args->count + args->keyword_count > 0) return jinja_fail(run, "this test takes no arguments");
  *out = jinja_bool(answer_of(what, self));
  return LRT_OK;
}

#define QUESTION(name, what)                                                                                 \
  static lrt_status name(jinja_run *run, const jinja_value *self, const jinja_args *args,                    \
                         jinja_value *out) {                                                                 \
    return answer(run, what, self, args, out);                                                               \
  }
QUESTION(test_defined, DEFINED)
QUESTION(test_undefined, IS_UNDEFINED)
QUESTION(test_none, IS_NONE)
QUESTION(test_boolean, BOOLEAN)
QUESTION(test_true, IS_TRUE)
QUESTION(test_false, IS_FALSE)
QUESTION(test_integer, INTEGER)
QUESTION(test_float, IS_FLOAT)
QUESTION(test_number, NUMBER)
QUESTION(test_string, STRING)
QUESTION(test_mapping, MAPPING)
QUESTION(test_iterable, ITERABLE)
QUESTION(test_sequence, SEQUENCE)
QUESTION(test_callable, CALLABLE)

static lrt_status one_argument(jinja_run *run, const jinja_args *args, const jinja_value **out) {
  static const char *const names[] = {"other"};
  return jinja_bind(run, "this test", args, names, 1, 1, out);
}

static lrt_status test_eq(jinja_run *run, const jinja_value *self, const jinja_args *args, jinja_value *out) {
  const jinja_value *other;
  bool equal;
  LRT_TRY(one_argument(run, args, &other));
  LRT_TRY(jinja_equal(run, self, other, &equal));
  *out = jinja_bool(equal);
  return LRT_OK;
}

static lrt_status test_ne(jinja_run *run, const jinja_value *self, const jinja_args *args, jinja_value *out) {
  LRT_TRY(test_eq(run, self, args, out));
  *out = jinja_bool(!out->as.boolean);
  return LRT_OK;
}

static lrt_status test_in(jinja_run *run, const jinja_value *self, const jinja_args *args, jinja_value *out) {
  const jinja_value *container;
  bool found;
  LRT_TRY(one_argument(run, args, &container));
  LRT_TRY(jinja_contains(run, container, self, &found));
  *out = jinja_bool(found);
  return LRT_OK;
}

static lrt_status order_of(jinja_run *run, const jinja_value *self, const jinja_args *args, int *out) {
  const jinja_value *other;
  LRT_TRY(one_argument(run, args, &other));
  return jinja_compare(run, self, other, out);
}

#define ORDER(name, condition)                                                                               \
  static lrt_status name(jinja_run *run, const jinja_value *self, const jinja_args *args,                    \
                         jinja_value *out) {                                                                 \
    int order;                                                                                               \
    LRT_TRY(order_of(run, self, args, &order));                                                              \
    *out = jinja_bool(condition);                                                                            \
    return LRT_OK;                                                                                           \
  }
ORDER(test_lt, order == -1)
ORDER(test_le, order == -1 || order == 0)
ORDER(test_gt, order == 1)
ORDER(test_ge, order == 1 || order == 0)

static lrt_status remainder_of(jinja_run *run, const jinja_value *self, int64_t divisor, jinja_value *out) {
  const jinja_value by = jinja_int(divisor);
  if (!jinja_is_number(self))
    return jinja_fail(run, "this test needs a number, not '%s'", jinja_type_name(self));
  LRT_TRY(jinja_arithmetic(run, 5 /* % */, self, &by, out));
  return LRT_OK;
}

static lrt_status test_divisible(jinja_run *run, const jinja_value *self, const jinja_args *args,
                                 jinja_value *out) {
  const jinja_value *by;
  int64_t divisor;
  LRT_TRY(one_argument(run, args, &by));
  LRT_TRY(jinja_int_argument(run, "divisibleby", by, 0, &divisor));
  LRT_TRY(remainder_of(run, self, divisor, out));
  *out = jinja_bool(!jinja_truth(out));
  return LRT_OK;
}

static lrt_status test_even(jinja_run *run, const jinja_value *self, const jinja_args *args,
                            jinja_value *out) {
  (void)args;
  LRT_TRY(remainder_of(run, self, 2, out));
  *out = jinja_bool(!jinja_truth(out));
  return LRT_OK;
}

static lrt_status test_odd(jinja_run *run, const jinja_value *self, const jinja_args *args,
                           jinja_value *out) {
  (void)args;
  LRT_TRY(remainder_of(run, self, 2, out));
  *out = jinja_bool(jinja_real_of(out) == 1);
  return LRT_OK;
}

/* All letters with case are of one case, and there is one at least. */
static lrt_status has_case(jinja_run *run, const jinja_value *self, jinja_case form, jinja_value *out) {
  jinja_text text;
  jinja_value same, other;
  LRT_TRY(jinja_str(run, self, &text));
  LRT_TRY(jinja_text_recase(run, text, form, &same));
  LRT_TRY(jinja_text_recase(run, text, form == JINJA_UPPER ? JINJA_LOWER : JINJA_UPPER, &other));
  *out = jinja_bool(jinja_text_equal(text, same.as.text) && !jinja_text_equal(text, other.as.text));
  return LRT_OK;
}

static lrt_status test_upper(jinja_run *run, const jinja_value *self, const jinja_args *args,
                             jinja_value *out) {
  (void)args;
  return has_case(run, self, JINJA_UPPER, out);
}

static lrt_status test_lower(jinja_run *run, const jinja_value *self, const jinja_args *args,
                             jinja_value *out) {
  (void)args;
  return has_case(run, self, JINJA_LOWER, out);
}

static lrt_status test_filter(jinja_run *run, const jinja_value *self, const jinja_args *args,
                              jinja_value *out) {
  (void)run;
  (void)args;
  *out = jinja_bool(self->kind == JINJA_STRING && jinja_find_filter(self->as.text) != NULL);
  return LRT_OK;
}

static lrt_status test_test(jinja_run *run, const jinja_value *self, const jinja_args *args,
                            jinja_value *out) {
  (void)run;
  (void)args;
  *out = jinja_bool(self->kind == JINJA_STRING && jinja_find_test(self->as.text) != NULL);
  return LRT_OK;
}

static const jinja_builtin tests[] = {{"defined", test_defined},
                                      {"undefined", test_undefined},
                                      {"none", test_none},
                                      {"boolean", test_boolean},
                                      {"true", test_true},
                                      {"false", test_false},
                                      {"integer", test_integer},
                                      {"float", test_float},
                                      {"number", test_number},
                                      {"string", test_string},
                                      {"mapping", test_mapping},
                                      {"iterable", test_iterable},
                                      {"sequence", test_sequence},
                                      {"callable", test_callable},
                                      {"eq", test_eq},
                                      {"equalto", test_eq},
                                      {"==", test_eq},
                                      {"ne", test_ne},
                                      {"!=", test_ne},
                                      {"in", test_in},
                                      {"lt", test_lt},
                                      {"lessthan", test_lt},
                                      {"<", test_lt},
                                      {"le", test_le},
                                      {"<=", test_le},
                                      {"gt", test_gt},
                                      {"greaterthan", test_gt},
                                      {">", test_gt},
                                      {"ge", test_ge},
                                      {">=", test_ge},
                                      {"divisibleby", test_divisible},
                                      {"even", test_even},
                                      {"odd", test_odd},
                                      {"upper", test_upper},
                                      {"lower", test_lower},
                                      {"filter", test_filter},
                                      {"test", test_test}};

const jinja_builtin *jinja_find_test(jinja_text name) {
  return JINJA_FIND_IN(tests, name);
}
