/* jinja_builtin.h: the filters, tests, methods and globals that templates may use, by name. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_BUILTIN_H
#define LRT_TOKENIZER_JINJA_BUILTIN_H

#include "tokenizer/jinja_value.h"

/* NULL when there is no such name. */
const jinja_builtin *jinja_find_filter(jinja_text name);
const jinja_builtin *jinja_find_test(jinja_text name);
const jinja_builtin *jinja_find_global(jinja_text name);
/* Method of a value's type; `call` is NULL for those that Python has and the subset does not. */
const jinja_builtin *jinja_find_method(const jinja_value *self, jinja_text name);
/* Some type has a method of that name, but none that can be called here. */
bool jinja_is_foreign_method(jinja_text name);
const jinja_builtin *jinja_find_in(const jinja_builtin *table, size_t count, jinja_text name);
#define JINJA_FIND_IN(table, name) jinja_find_in(table, sizeof(table) / sizeof *(table), name)

/* Tables of the files that hold the functions, ended by a NULL name. */
extern const jinja_builtin jinja_list_filters[], jinja_text_filters[], jinja_order_filters[];
extern const jinja_builtin jinja_text_methods[];

/* Sorts the arguments of a call of `function` by parameter: out[i] is what was given for names[i], else NULL. Fails for too
 * many, unknown and repeated ones, and where one of the first `required` is missing. */
lrt_status jinja_bind(jinja_run *run, const char *function, const jinja_args *args, const char *const *names,
                      size_t count, size_t required, const jinja_value **out);
/* The value of an argument that has to be of that type; `otherwise` where `value` is NULL. */
lrt_status jinja_int_argument(jinja_run *run, const char *function, const jinja_value *value,
                              int64_t otherwise, int64_t *out);
/* *out stays as it is where `value` is NULL. */
lrt_status jinja_text_argument(jinja_run *run, const char *function, const jinja_value *value,
                               jinja_text *out);

/* Calls a value. */
lrt_status jinja_call(jinja_run *run, const jinja_value *callee, const jinja_args *args, jinja_value *out);
/* value.name and value[key] with what falls back from one to the other. */
lrt_status jinja_attribute(jinja_run *run, const jinja_value *value, jinja_text name, jinja_value *out);
lrt_status jinja_subscript(jinja_run *run, const jinja_value *value, const jinja_value *key,
                           jinja_value *out);
/* value[from:to:step]; none for those not given. */
lrt_status jinja_slice(jinja_run *run, const jinja_value *value, const jinja_value *from,
                       const jinja_value *to, const jinja_value *step, jinja_value *out);
/* ADD … POW; %, with a string on its left, formats. */
lrt_status jinja_arithmetic(jinja_run *run, int op, const jinja_value *a, const jinja_value *b,
                            jinja_value *out);
/* "…" % values */
lrt_status jinja_format_percent(jinja_run *run, jinja_text format, const jinja_value *values,
                                jinja_value *out);
/* "…".format(…) */
lrt_status jinja_format_braces(jinja_run *run, jinja_text format, const jinja_args *args, jinja_value *out);
/* The filter tojson, as Hugging Face defines it: json.dumps. */
lrt_status jinja_filter_tojson(jinja_run *run, const jinja_value *self, const jinja_args *args,
                               jinja_value *out);

#endif
