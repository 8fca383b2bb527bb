/* jinja_list_filters.c: filters that walk, choose from, or take apart sequences. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tokenizer/jinja_attributes.h"
#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_text.h"

#define FILTER(name)                                                                                         \
  static lrt_status name(jinja_run *run, const jinja_value *self, const jinja_args *args, jinja_value *out)
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- attributes by a path such as "function.name" ---- */

static lrt_status get_part(jinja_run *run, jinja_text part, jinja_value *value) {
  bool is_number = part.length > 0 && part.length < 10;
  int64_t number = 0;
  for (size_t i = 0; i < part.length && is_number; i++) {
    is_number = part.bytes[i] >= '0' && part.bytes[i] <= '9';
    number = number * 10 + (part.bytes[i] - '0');
  }
  const jinja_value key = is_number ? jinja_int(number) : jinja_text_value(part);
  const jinja_value object = *value;
  return jinja_subscript(run, &object, &key, value);
}

lrt_status jinja_get_path(jinja_run *run, const jinja_value *object, const jinja_value *path,
                          const jinja_value *otherwise, jinja_value *out) {
  *out = *object;
  if (path->kind != JINJA_STRING) {
    LRT_TRY(jinja_subscript(run, object, path, out));
  } else {
    for (size_t at = 0; at <= path->as.text.length;) {
      size_t dot = jinja_text_find(path->as.text, JINJA_TEXT("."), at);
      if (dot == SIZE_MAX) dot = path->as.text.length;
      LRT_TRY(get_part(run, jinja_text_cut(path->as.text, at, dot), out));
      if (otherwise != NULL && out->kind == JINJA_UNDEFINED) *out = *otherwise;
      at = dot + 1;
    }
  }
  if (otherwise != NULL && out->kind == JINJA_UNDEFINED) *out = *otherwise;
  return LRT_OK;
}

lrt_status jinja_fold_case(jinja_run *run, bool case_sensitive, jinja_value *value) {
  if (case_sensitive || value->kind != JINJA_STRING) return LRT_OK;
  return jinja_text_recase(run, value->as.text, JINJA_LOWER, value);
}

/* ---- choosing ---- */

static lrt_status new_iterator(jinja_run *run, jinja_value *out) {
  return jinja_new_list(run, JINJA_ITERATOR, 0, out);
}

/* The arguments behind the first `skip` ones. */
static jinja_args rest_of(const jinja_args *args, size_t skip) {
  jinja_args rest = *args;
  rest.values += skip;
  rest.count -= skip;
  return rest;
}

/* Does the item pass the test named in args[skip]; without a name: is it true? */
static lrt_status passes(jinja_run *run, const jinja_value *item, const jinja_args *args, size_t skip,
                         bool *out) {
  jinja_value result;
  LRT_TRY(jinja_charge(run, 1));
  if (args->count <= skip) {
    *out = jinja_truth(item);
    return LRT_OK;
  }
  jinja_text name = {"", 0};
  LRT_TRY(jinja_text_argument(run, "select", &args->values[skip], &name));
  const jinja_builtin *test = jinja_find_test(name);
  if (test == NULL)
    return jinja_fail_as(run, LRT_UNSUPPORTED, "the test %.*s is not supported",
                         name.length > 40 ? 40 : (int)name.length, name.bytes);
  const jinja_args rest = rest_of(args, skip + 1);
  LRT_TRY(test->call(run, item, &rest, &result));
  *out = jinja_truth(&result);
  return LRT_OK;
}

static lrt_status choose(jinja_run *run, const jinja_value *self, const jinja_args *args, bool by_attribute,
                         bool wanted, jinja_value *out) {
  jinja_list items;
  jinja_value chosen, seen;
  if (by_attribute && args->count == 0) return jinja_fail(run, "selectattr needs the name of an attribute");
  LRT_TRY(jinja_items(run, self, &items));
  LRT_TRY(new_iterator(run, &chosen));
  for (size_t i = 0; i < items.count; i++) {
    bool passed = false;
    seen = items.items[i];
    if (by_attribute) LRT_TRY(jinja_get_path(run, &items.items[i], &args->values[0], NULL, &seen));
    LRT_TRY(passes(run, &seen, args, by_attribute, &passed));
    if (passed == wanted) LRT_TRY(jinja_list_add(run, chosen.as.list, &items.items[i]));
  }
  *out = chosen;
  return LRT_OK;
}

FILTER(filter_select) {
  return choose(run, self, args, false, true, out);
}
FILTER(filter_reject) {
  return choose(run, self, args, false, false, out);
}
FILTER(filter_selectattr) {
  return choose(run, self, args, true, true, out);
}
FILTER(filter_rejectattr) {
  return choose(run, self, args, true, false, out);
}

/* ---- map ---- */

static lrt_status map_attribute(jinja_run *run, const jinja_list *items, const jinja_args *args,
                                jinja_list *to) {
  static const char *const names[] = {"attribute", "default"};
  const jinja_value *v[2];
  jinja_value value;
  LRT_TRY(jinja_bind(run, "map", args, names, 2, 1, v));
  for (size_t i = 0; i < items->count; i++) {
    LRT_TRY(jinja_charge(run, 1));
    LRT_TRY(jinja_get_path(run, &items->items[i], v[0], v[1], &value));
    LRT_TRY(jinja_list_add(run, to, &value));
  }
  return LRT_OK;
}

static lrt_status map_filter(jinja_run *run, const jinja_list *items, const jinja_args *args,
                             jinja_list *to) {
  jinja_text name = {"", 0};
  jinja_value value;
  LRT_TRY(jinja_text_argument(run, "map", &args->values[0], &name));
  const jinja_builtin *filter = jinja_find_filter(name);
  const jinja_args rest = rest_of(args, 1);
  if (filter == NULL)
    return jinja_fail_as(run, LRT_UNSUPPORTED, "the filter %.*s is not supported",
                         name.length > 40 ? 40 : (int)name.length, name.bytes);
  for (size_t i = 0; i < items->count; i++) {
    LRT_TRY(jinja_charge(run, 1));
    LRT_TRY(jinja_enter(run)); /* map may be mapped */
    LRT_TRY(filter->call(run, &items->items[i], &rest, &value));
    run->depth--;
    LRT_TRY(jinja_list_add(run, to, &value));
  }
  return LRT_OK;
}

FILTER(filter_map) {
  jinja_list items;
  jinja_value mapped;
  LRT_TRY(jinja_items(run, self, &items));
  LRT_TRY(new_iterator(run, &mapped));
  if (args->count == 0)
    LRT_TRY(map_attribute(run, &items, args, mapped.as.list));
  else
    LRT_TRY(map_filter(run, &items, args, mapped.as.list));
  *out = mapped;
  return LRT_OK;
}

/* ---- elements ---- */

FILTER(filter_first) {
  jinja_list items;
  LRT_TRY(jinja_bind(run, "first", args, NULL, 0, 0, NULL));
  if (self->kind == JINJA_ITERATOR && self->as.list->at < self->as.list->count) {
    *out = self->as.list->items[self->as.list->at++];
    return LRT_OK;
  }
  LRT_TRY(jinja_items(run, self, &items));
  if (items.count == 0) return jinja_undefined_because(run, "No first item, sequence was empty.", out);
  *out = items.items[0];
  return LRT_OK;
}

FILTER(filter_last) {
  jinja_list items;
  LRT_TRY(jinja_bind(run, "last", args, NULL, 0, 0, NULL));
  if (self->kind == JINJA_ITERATOR) return jinja_fail(run, "a generator has no last item");
  LRT_TRY(jinja_items(run, self, &items));
  if (items.count == 0) return jinja_undefined_because(run, "No last item, sequence was empty.", out);
  *out = items.items[items.count - 1];
  return LRT_OK;
}

FILTER(filter_length) {
  int64_t length;
  LRT_TRY(jinja_bind(run, "length", args, NULL, 0, 0, NULL));
  LRT_TRY(jinja_length(run, self, &length));
  LRT_TRY(jinja_charge(run, self->kind == JINJA_STRING ? self->as.text.length / 16 : 0));
  *out = jinja_int(length);
  return LRT_OK;
}

static lrt_status copy_items(jinja_run *run, const jinja_list *items, jinja_kind kind, bool backwards,
                             jinja_value *out) {
  jinja_value list;
  LRT_TRY(jinja_charge(run, items->count));
  LRT_TRY(jinja_new_list(run, kind, items->count, &list));
  for (size_t i = 0; i < items->count; i++)
    LRT_TRY(jinja_list_add(run, list.as.list, &items->items[backwards ? items->count - 1 - i : i]));
  *out = list;
  return LRT_OK;
}

FILTER(filter_list) {
  jinja_list items;
  LRT_TRY(jinja_bind(run, "list", args, NULL, 0, 0, NULL));
  LRT_TRY(jinja_items(run, self, &items));
  return copy_items(run, &items, JINJA_LIST, false, out);
}

FILTER(filter_reverse) {
  jinja_list items;
  lrt_str text;
  LRT_TRY(jinja_bind(run, "reverse", args, NULL, 0, 0, NULL));
  LRT_TRY(jinja_items(run, self, &items));
  if (self->kind != JINJA_STRING) return copy_items(run, &items, JINJA_ITERATOR, true, out);
  jinja_open_str(run, &text);
  for (size_t i = items.count; i-- > 0;)
    lrt_str_add(&text, items.items[i].as.text.bytes, items.items[i].as.text.length);
  return jinja_take_str(run, &text, out);
}

FILTER(filter_items) {
  const jinja_builtin *items = NULL;
  LRT_TRY(jinja_bind(run, "items", args, NULL, 0, 0, NULL));
  if (self->kind == JINJA_UNDEFINED) return new_iterator(run, out);
  if (self->kind != JINJA_DICT) return jinja_fail(run, "items needs a dict, not '%s'", jinja_type_name(self));
  items = jinja_find_method(self, JINJA_TEXT("items"));
  LRT_TRY(items->call(run, self, args, out));
  out->kind = JINJA_ITERATOR;
  return LRT_OK;
}

FILTER(filter_batch) {
  static const char *const names[] = {"linecount", "fill_with"};
  const jinja_value *v[2];
  jinja_list items;
  jinja_value batches, batch = {.kind = JINJA_NONE};
  int64_t size;
  LRT_TRY(jinja_bind(run, "batch", args, names, 2, 1, v));
  LRT_TRY(jinja_int_argument(run, "batch", v[0], 0, &size));
  LRT_TRY(jinja_items(run, self, &items));
  LRT_TRY(new_iterator(run, &batches));
  for (size_t i = 0; i < items.count; i++) {
    if (batch.kind == JINJA_NONE || (int64_t)batch.as.list->count == size) {
      LRT_TRY(jinja_new_list(run, JINJA_LIST, 0, &batch));
      LRT_TRY(jinja_list_add(run, batches.as.list, &batch));
    }
    LRT_TRY(jinja_list_add(run, batch.as.list, &items.items[i]));
  }
  while (batch.kind != JINJA_NONE && v[1] != NULL && v[1]->kind != JINJA_NONE &&
         (int64_t)batch.as.list->count < size) {
    LRT_TRY(jinja_charge(run, 1));
    LRT_TRY(jinja_list_add(run, batch.as.list, v[1]));
  }
  *out = batches;
  return LRT_OK;
}

/* ---- the rest ---- */

FILTER(filter_default) {
  static const char *const names[] = {"default_value", "boolean"};
  const jinja_value *v[2], empty = jinja_string("", 0);
  LRT_TRY(jinja_bind(run, "default", args, names, 2, 0, v));
  const bool missing =
      self->kind == JINJA_UNDEFINED || (v[1] != NULL && jinja_truth(v[1]) && !jinja_truth(self));
  *out = !missing ? *self : v[0] == NULL ? empty : *v[0];
  return LRT_OK;
}

FILTER(filter_join) {
  static const char *const names[] = {"d", "attribute"};
  const jinja_value *v[2];
  jinja_text between = {"", 0};
  jinja_list items;
  lrt_str text;
  lrt_status status = LRT_OK;
  LRT_TRY(jinja_bind(run, "join", args, names, 2, 0, v));
  if (v[0] != NULL) LRT_TRY(jinja_str(run, v[0], &between));
  LRT_TRY(jinja_items(run, self, &items));
  jinja_open_str(run, &text);
  for (size_t i = 0; i < items.count && status == LRT_OK; i++) {
    jinja_value item = items.items[i];
    if (i > 0) lrt_str_add(&text, between.bytes, between.length);
    if (v[1] != NULL && v[1]->kind != JINJA_NONE)
      status = jinja_get_path(run, &items.items[i], v[1], NULL, &item);
    if (status == LRT_OK) status = jinja_put(run, &item, &text);
  }
  if (status == LRT_OK) return jinja_take_str(run, &text, out);
  lrt_str_clear(&text);
  return status;
}

FILTER(filter_sum) {
  static const char *const names[] = {"attribute", "start"};
  const jinja_value *v[2];
  jinja_list items;
  jinja_value total = jinja_int(0), item;
  LRT_TRY(jinja_bind(run, "sum", args, names, 2, 0, v));
  LRT_TRY(jinja_items(run, self, &items));
  if (v[1] != NULL) total = *v[1];
  for (size_t i = 0; i < items.count; i++) {
    const jinja_value before = total;
    item = items.items[i];
    if (v[0] != NULL && v[0]->kind != JINJA_NONE)
      LRT_TRY(jinja_get_path(run, &items.items[i], v[0], NULL, &item));
    LRT_TRY(jinja_arithmetic(run, 0 /* + */, &before, &item, &total));
  }
  *out = total;
  return LRT_OK;
}

FILTER(filter_attr) {
  static const char *const names[] = {"name"};
  const jinja_value *name;
  LRT_TRY(jinja_bind(run, "attr", args, names, 1, 1, &name));
  if (name->kind != JINJA_STRING) return jinja_fail(run, "attr needs the name of an attribute");
  if (self->kind == JINJA_DICT && jinja_find_method(self, name->as.text) == NULL)
    return jinja_undefined(run, "dict object", name->as.text, false, out);
  return jinja_attribute(run, self, name->as.text, out);
}

const jinja_builtin jinja_list_filters[] = {{"select", filter_select},
                                            {"reject", filter_reject},
                                            {"selectattr", filter_selectattr},
                                            {"rejectattr", filter_rejectattr},
                                            {"map", filter_map},
                                            {"first", filter_first},
                                            {"last", filter_last},
                                            {"length", filter_length},
                                            {"count", filter_length},
                                            {"list", filter_list},
                                            {"reverse", filter_reverse},
                                            {"items", filter_items},
                                            {"batch", filter_batch},
                                            {"default", filter_default},
                                            {"d", filter_default},
                                            {"join", filter_join},
                                            {"sum", filter_sum},
                                            {"attr", filter_attr},
                                            {NULL, NULL}};
