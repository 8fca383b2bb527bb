/* jinja_order_filters.c: filters that sort or compare the items of a sequence. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tokenizer/jinja_attributes.h"
#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_text.h"

#define FILTER(name)                                                                                         \
  static lrt_status name(jinja_run *run, const jinja_value *self, const jinja_args *args, jinja_value *out)

/* What an item is sorted by; its place among the items, so that equal ones keep their order. */
typedef struct sort_item {
  jinja_value key, item;
} sort_item;

static bool is_given(const jinja_value *value) {
  return value != NULL && value->kind != JINJA_NONE;
}

/* attribute: NULL = the item itself; "a,b" = several. */
static lrt_status key_of(jinja_run *run, const jinja_value *item, const jinja_value *attribute,
                         bool case_sensitive, jinja_value *out) {
  *out = *item;
  if (!is_given(attribute)) return jinja_fold_case(run, case_sensitive, out);
  if (attribute->kind != JINJA_STRING ||
      jinja_text_find(attribute->as.text, JINJA_TEXT(","), 0) == SIZE_MAX) {
    LRT_TRY(jinja_get_path(run, item, attribute, NULL, out));
    return jinja_fold_case(run, case_sensitive, out);
  }
  LRT_TRY(jinja_new_list(run, JINJA_LIST, 0, out));
  const jinja_text paths = attribute->as.text;
  for (size_t at = 0; at <= paths.length;) {
    size_t comma = jinja_text_find(paths, JINJA_TEXT(","), at);
    if (comma == SIZE_MAX) comma = paths.length;
    const jinja_value path = jinja_text_value(jinja_text_cut(paths, at, comma));
    jinja_value part;
    LRT_TRY(jinja_get_path(run, item, &path, NULL, &part));
    LRT_TRY(jinja_fold_case(run, case_sensitive, &part));
    LRT_TRY(jinja_list_add(run, out->as.list, &part));
    at = comma + 1;
  }
  return LRT_OK;
}

/* Merges the sorted halves [0, half) and [half, count) of `from` into `to`. */
static lrt_status merge(jinja_run *run, const sort_item *from, size_t half, size_t count, bool backwards,
                        sort_item *to) {
  size_t left = 0, right = half;
  for (size_t i = 0; i < count; i++) {
    int order = -1;
    if (left < half && right < count) LRT_TRY(jinja_compare(run, &from[right].key, &from[left].key, &order));
    const bool takes_right = right < count && (left == half || (backwards ? order == 1 : order == -1));
    to[i] = takes_right ? from[right++] : from[left++];
  }
  return LRT_OK;
}

/* Stable, and stable backwards too. `items` and `spare` [count]; the result is in `items`. */
static lrt_status sort(jinja_run *run, sort_item *items, sort_item *spare, size_t count, bool backwards) {
  if (count < 2) return LRT_OK;
  const size_t half = count / 2;
  LRT_TRY(sort(run, items, spare, half, backwards));
  LRT_TRY(sort(run, items + half, spare, count - half, backwards));
  memcpy(spare, items, count * sizeof *items);
  return merge(run, spare, half, count, backwards, items);
}

static lrt_status sort_items(jinja_run *run, const jinja_list *list, const jinja_value *attribute,
                             bool case_sensitive, bool backwards, jinja_value *out) {
  sort_item *items, *spare;
  jinja_value sorted;
  LRT_TRY(jinja_get(run, list->count, sizeof *items, &items));
  LRT_TRY(jinja_get(run, list->count, sizeof *spare, &spare));
  for (size_t i = 0; i < list->count; i++) {
    items[i].item = list->items[i];
    LRT_TRY(key_of(run, &list->items[i], attribute, case_sensitive, &items[i].key));
  }
  LRT_TRY(sort(run, items, spare, list->count, backwards));
  LRT_TRY(jinja_new_list(run, JINJA_LIST, list->count, &sorted));
  for (size_t i = 0; i < list->count; i++) LRT_TRY(jinja_list_add(run, sorted.as.list, &items[i].item));
  *out = sorted;
  return LRT_OK;
}

FILTER(filter_sort) {
  static const char *const names[] = {"reverse", "case_sensitive", "attribute"};
  const jinja_value *v[3];
  jinja_list items;
  LRT_TRY(jinja_bind(run, "sort", args, names, 3, 0, v));
  LRT_TRY(jinja_items(run, self, &items));
  return sort_items(run, &items, v[2], v[1] != NULL && jinja_truth(v[1]), v[0] != NULL && jinja_truth(v[0]),
                    out);
}

FILTER(filter_dictsort) {
  static const char *const names[] = {"case_sensitive", "by", "reverse"};
  const jinja_value *v[3], no_args = {.kind = JINJA_NONE};
  const jinja_args none = {&no_args, 0, NULL, 0};
  jinja_text by = {"key", 3};
  jinja_value view;
  LRT_TRY(jinja_bind(run, "dictsort", args, names, 3, 0, v));
  LRT_TRY(jinja_text_argument(run, "dictsort", v[1], &by));
  if (!jinja_text_is(by, "key") && !jinja_text_is(by, "value"))
    return jinja_fail(run, "dictsort sorts by 'key' or 'value'");
  if (self->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, self);
  if (self->kind != JINJA_DICT)
    return jinja_fail(run, "dictsort needs a dict, not '%s'", jinja_type_name(self));
  LRT_TRY(jinja_find_method(self, JINJA_TEXT("items"))->call(run, self, &none, &view));
  const jinja_value position = jinja_int(jinja_text_is(by, "value"));
  return sort_items(run, view.as.list, &position, v[0] != NULL && jinja_truth(v[0]),
                    v[2] != NULL && jinja_truth(v[2]), out);
}

FILTER(filter_unique) {
  static const char *const names[] = {"case_sensitive", "attribute"};
  const jinja_value *v[2], *found, none = jinja_none();
  jinja_list items;
  jinja_value seen, result, key;
  LRT_TRY(jinja_bind(run, "unique", args, names, 2, 0, v));
  LRT_TRY(jinja_items(run, self, &items));
  LRT_TRY(jinja_new_dict(run, JINJA_DICT, &seen));
  LRT_TRY(jinja_new_list(run, JINJA_ITERATOR, 0, &result));
  for (size_t i = 0; i < items.count; i++) {
    LRT_TRY(key_of(run, &items.items[i], v[1], v[0] != NULL && jinja_truth(v[0]), &key));
    LRT_TRY(jinja_dict_find(run, seen.as.dict, &key, &found));
    if (found != NULL) continue;
    LRT_TRY(jinja_dict_put(run, seen.as.dict, &key, &none));
    LRT_TRY(jinja_list_add(run, result.as.list, &items.items[i]));
  }
  *out = result;
  return LRT_OK;
}

static lrt_status extreme(jinja_run *run, const char *name, int wanted, const jinja_value *self,
                          const jinja_args *args, jinja_value *out) {
  static const char *const names[] = {"case_sensitive", "attribute"};
  const jinja_value *v[2];
  jinja_list items;
  jinja_value best = {.kind = JINJA_NONE}, key;
  LRT_TRY(jinja_bind(run, name, args, names, 2, 0, v));
  LRT_TRY(jinja_items(run, self, &items));
  if (items.count == 0) return jinja_undefined_because(run, "No aggregated item, sequence was empty.", out);
  for (size_t i = 0; i < items.count; i++) {
    int order = wanted;
    LRT_TRY(key_of(run, &items.items[i], v[1], v[0] != NULL && jinja_truth(v[0]), &key));
    if (i > 0) LRT_TRY(jinja_compare(run, &key, &best, &order));
    if (order != wanted) continue;
    best = key;
    *out = items.items[i];
  }
  return LRT_OK;
}

FILTER(filter_min) {
  const jinja_value input = *self;
  return extreme(run, "min", -1, &input, args, out);
}
FILTER(filter_max) {
  const jinja_value input = *self;
  return extreme(run, "max", 1, &input, args, out);
}

/* [(value, [items]), …] by the value of an attribute, sorted by it. */
FILTER(filter_groupby) {
  static const char *const names[] = {"attribute", "default", "case_sensitive"};
  const jinja_value *v[3];
  jinja_list items;
  jinja_value sorted, groups, group = {.kind = JINJA_NONE}, key, last = {.kind = JINJA_NONE}, label;
  LRT_TRY(jinja_bind(run, "groupby", args, names, 3, 1, v));
  const bool case_sensitive = v[2] != NULL && jinja_truth(v[2]);
  if (v[1] != NULL && v[1]->kind != JINJA_NONE)
    return jinja_fail_as(run, LRT_UNSUPPORTED, "groupby with a default is not supported");
  LRT_TRY(jinja_items(run, self, &items));
  LRT_TRY(sort_items(run, &items, v[0], case_sensitive, false, &sorted));
  LRT_TRY(jinja_new_list(run, JINJA_LIST, 0, &groups));
  for (size_t i = 0; i < sorted.as.list->count; i++) {
    bool same = false;
    jinja_value tuple;
    LRT_TRY(key_of(run, &sorted.as.list->items[i], v[0], case_sensitive, &key));
    if (i > 0) LRT_TRY(jinja_equal(run, &key, &last, &same));
    last = key;
    if (!same) {
      LRT_TRY(jinja_get_path(run, &sorted.as.list->items[i], v[0], NULL, &label));
      LRT_TRY(jinja_new_list(run, JINJA_TUPLE, 2, &tuple));
      LRT_TRY(jinja_new_list(run, JINJA_LIST, 0, &group));
      LRT_TRY(jinja_list_add(run, tuple.as.list, &label));
      LRT_TRY(jinja_list_add(run, tuple.as.list, &group));
      LRT_TRY(jinja_list_add(run, groups.as.list, &tuple));
    }
    LRT_TRY(jinja_list_add(run, group.as.list, &sorted.as.list->items[i]));
  }
  *out = groups;
  return LRT_OK;
}

const jinja_builtin jinja_order_filters[] = {
    {"sort", filter_sort}, {"dictsort", filter_dictsort}, {"unique", filter_unique},
    {"min", filter_min},   {"max", filter_max},           {"groupby", filter_groupby},
    {NULL, NULL}};
