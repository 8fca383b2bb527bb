/* jinja_builtin.c: names of filters, methods and globals; arguments by parameter; the globals; methods of lists and dicts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/jinja_builtin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tokenizer/jinja_run.h"
#include "tokenizer/jinja_text.h"

/* As the sandbox of Jinja. */
#define MAX_RANGE 100000

lrt_status jinja_bind(jinja_run *run, const char *function, const jinja_args *args, const char *const *names,
                      size_t count, size_t required, const jinja_value **out) {
  if (args->count > count)
    return jinja_fail(run, "%s takes at most %zu arguments, not %zu", function, count, args->count);
  for (size_t i = 0; i < count; i++) out[i] = i < args->count ? &args->values[i] : NULL;
  for (size_t i = 0; i < args->keyword_count; i++) {
    const jinja_keyword *keyword = &args->keywords[i];
    size_t at = 0;
    while (at < count && !jinja_text_is(keyword->name, names[at])) at++;
    if (at == count || out[at] != NULL)
      return jinja_fail(run, at == count ? "%s has no parameter %.*s" : "%s got %.*s twice", function,
                        keyword->name.length > 40 ? 40 : (int)keyword->name.length, keyword->name.bytes);
    out[at] = &keyword->value;
  }
  for (size_t i = 0; i < required; i++)
    if (out[i] == NULL) return jinja_fail(run, "%s needs the argument %s", function, names[i]);
  return LRT_OK;
}

lrt_status jinja_int_argument(jinja_run *run, const char *function, const jinja_value *value,
                              int64_t otherwise, int64_t *out) {
  *out = otherwise;
  if (value == NULL) return LRT_OK;
  if (value->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, value);
  if (!jinja_is_integer(value))
    return jinja_fail(run, "%s needs an integer, not '%s'", function, jinja_type_name(value));
  *out = jinja_integer_of(value);
  return LRT_OK;
}

lrt_status jinja_text_argument(jinja_run *run, const char *function, const jinja_value *value,
                               jinja_text *out) {
  if (value == NULL) return LRT_OK;
  if (value->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, value);
  if (value->kind != JINJA_STRING)
    return jinja_fail(run, "%s needs a string, not '%s'", function, jinja_type_name(value));
  *out = value->as.text;
  return LRT_OK;
}

/* ---- globals ---- */

/* How many steps lead from `from` to `to`; more than MAX_RANGE where there are more. */
static uint64_t count_steps(int64_t from, int64_t to, int64_t step) {
  if (step > 0 ? from >= to : from <= to) return 0;
  const uint64_t span = step > 0 ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
  const uint64_t stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
  return (span - 1) / stride + 1;
}

static lrt_status make_range(jinja_run *run, const jinja_value *self, const jinja_args *args,
                             jinja_value *out) {
  int64_t bounds[3] = {0, 0, 1};
  lrt_str show;
  jinja_value text, range;
  (void)self;
  if (args->count < 1 || args->count > 3 || args->keyword_count > 0)
    return jinja_fail(run, "range takes one to three arguments");
  for (size_t i = 0; i < args->count; i++)
    LRT_TRY(jinja_int_argument(run, "range", &args->values[i], 0, &bounds[args->count == 1 ? 1 : i]));
  if (bounds[2] == 0) return jinja_fail(run, "the step of range must not be 0");
  const uint64_t count = count_steps(bounds[0], bounds[1], bounds[2]);
  if (count > MAX_RANGE) return jinja_fail(run, "a range has more than %d numbers", MAX_RANGE);
  jinja_open_str(run, &show);
  lrt_str_format(&show, "range(%" PRId64 ", %" PRId64, bounds[0], bounds[1]);
  if (bounds[2] != 1) lrt_str_format(&show, ", %" PRId64, bounds[2]);
  lrt_str_add(&show, ")", 1);
  LRT_TRY(jinja_take_str(run, &show, &text));
  LRT_TRY(jinja_new_list(run, JINJA_RANGE, (size_t)count, &range));
  LRT_TRY(jinja_charge(run, count));
  range.as.list->show = text.as.text;
  for (uint64_t i = 0; i < count; i++)
    range.as.list->items[i] = jinja_int((int64_t)((uint64_t)bounds[0] + i * (uint64_t)bounds[2]));
  range.as.list->count = (size_t)count;
  *out = range;
  return LRT_OK;
}

/* dict(other, key = value, …) and namespace(…). */
static lrt_status fill_dict(jinja_run *run, const char *function, jinja_kind kind, const jinja_args *args,
                            jinja_value *out) {
  jinja_value dict;
  LRT_TRY(jinja_new_dict(run, kind, &dict));
  if (args->count > 1 || (args->count == 1 && args->values[0].kind != JINJA_DICT))
    return jinja_fail(run, "%s takes a dict and keyword arguments", function);
  for (size_t i = 0; args->count == 1 && i < args->values[0].as.dict->count; i++) {
    const jinja_entry *entry = &args->values[0].as.dict->entries[i];
    LRT_TRY(jinja_dict_put(run, dict.as.dict, &entry->key, &entry->value));
  }
  for (size_t i = 0; i < args->keyword_count; i++) {
    const jinja_value key = jinja_text_value(args->keywords[i].name);
    LRT_TRY(jinja_dict_put(run, dict.as.dict, &key, &args->keywords[i].value));
  }
  *out = dict;
  return LRT_OK;
}

static lrt_status make_dict(jinja_run *run, const jinja_value *self, const jinja_args *args,
                            jinja_value *out) {
  (void)self;
  return fill_dict(run, "dict", JINJA_DICT, args, out);
}

static lrt_status make_namespace(jinja_run *run, const jinja_value *self, const jinja_args *args,
                                 jinja_value *out) {
  (void)self;
  return fill_dict(run, "namespace", JINJA_NAMESPACE, args, out);
}

static lrt_status make_cycler(jinja_run *run, const jinja_value *self, const jinja_args *args,
                              jinja_value *out) {
  (void)self;
  if (args->count == 0) return jinja_fail(run, "cycler needs an argument");
  LRT_TRY(jinja_new_list(run, JINJA_CYCLER, args->count, out));
  for (size_t i = 0; i < args->count; i++) LRT_TRY(jinja_list_add(run, out->as.list, &args->values[i]));
  return LRT_OK;
}

static lrt_status make_joiner(jinja_run *run, const jinja_value *self, const jinja_args *args,
                              jinja_value *out) {
  static const char *const names[] = {"sep"};
  const jinja_value *separator, comma = jinja_string(", ", 2);
  (void)self;
  LRT_TRY(jinja_bind(run, "joiner", args, names, 1, 0, &separator));
  LRT_TRY(jinja_new_list(run, JINJA_JOINER, 1, out));
  return jinja_list_add(run, out->as.list, separator == NULL ? &comma : separator);
}

static lrt_status raise_exception(jinja_run *run, const jinja_value *self, const jinja_args *args,
                                  jinja_value *out) {
  static const char *const names[] = {"message"};
  const jinja_value *message;
  jinja_text text;
  (void)self;
  (void)out;
  LRT_TRY(jinja_bind(run, "raise_exception", args, names, 1, 1, &message));
  LRT_TRY(jinja_str(run, message, &text));
  return lrt_fail(run->err, LRT_INVALID_ARGUMENT, "the chat template says: %.*s",
                  text.length > 400 ? 400 : (int)text.length, text.bytes);
}

static lrt_status strftime_now(jinja_run *run, const jinja_value *self, const jinja_args *args,
                               jinja_value *out) {
  static const char *const names[] = {"format"};
  const jinja_value *format;
  const time_t now = time(NULL);
  char text[256], pattern[128];
  struct tm when;
  (void)self;
  LRT_TRY(jinja_bind(run, "strftime_now", args, names, 1, 1, &format));
  if (format->kind != JINJA_STRING || format->as.text.length >= sizeof pattern)
    return jinja_fail(run, "strftime_now needs a string of less than %zu bytes", sizeof pattern);
  memcpy(pattern, format->as.text.bytes, format->as.text.length);
  pattern[format->as.text.length] = '\0';
  if (localtime_r(&now, &when) == NULL) return jinja_fail(run, "the time of day is not known");
  return jinja_copy_text(run, text, strftime(text, sizeof text, pattern, &when), out);
}

static const jinja_builtin globals[] = {{"range", make_range},         {"dict", make_dict},
                                        {"namespace", make_namespace}, {"cycler", make_cycler},
                                        {"joiner", make_joiner},       {"raise_exception", raise_exception},
                                        {"strftime_now", strftime_now}};

/* ---- methods of lists, dicts, loops, cyclers ---- */

static lrt_status list_append(jinja_run *run, const jinja_value *self, const jinja_args *args,
                              jinja_value *out) {
  static const char *const names[] = {"object"};
  const jinja_value *item;
  LRT_TRY(jinja_bind(run, "append", args, names, 1, 1, &item));
  *out = jinja_none();
  return jinja_list_add(run, self->as.list, item);
}

static lrt_status list_extend(jinja_run *run, const jinja_value *self, const jinja_args *args,
                              jinja_value *out) {
  static const char *const names[] = {"iterable"};
  const jinja_value *more;
  jinja_list items;
  LRT_TRY(jinja_bind(run, "extend", args, names, 1, 1, &more));
  LRT_TRY(jinja_items(run, more, &items));
  LRT_TRY(jinja_charge(run, items.count));
  for (size_t i = 0; i < items.count; i++) LRT_TRY(jinja_list_add(run, self->as.list, &items.items[i]));
  *out = jinja_none();
  return LRT_OK;
}

static lrt_status list_insert(jinja_run *run, const jinja_value *self, const jinja_args *args,
                              jinja_value *out) {
  static const char *const names[] = {"index", "object"};
  const jinja_value *v[2];
  jinja_list *list = self->as.list;
  int64_t index;
  LRT_TRY(jinja_bind(run, "insert", args, names, 2, 2, v));
  LRT_TRY(jinja_int_argument(run, "insert", v[0], 0, &index));
  const int64_t count = (int64_t)list->count;
  const size_t at = (size_t)(index < -count ? 0 : index < 0 ? index + count : index > count ? count : index);
  const jinja_value item = *v[1];
  LRT_TRY(jinja_charge(run, list->count / 8));
  LRT_TRY(jinja_list_add(run, list, &item));
  memmove(&list->items[at + 1], &list->items[at], (list->count - 1 - at) * sizeof *list->items);
  list->items[at] = item;
  *out = jinja_none();
  return LRT_OK;
}

static lrt_status list_pop(jinja_run *run, const jinja_value *self, const jinja_args *args,
                           jinja_value *out) {
  static const char *const names[] = {"index"};
  const jinja_value *which;
  jinja_list *list = self->as.list;
  int64_t index;
  LRT_TRY(jinja_bind(run, "pop", args, names, 1, 0, &which));
  LRT_TRY(jinja_int_argument(run, "pop", which, -1, &index));
  if (index < 0) index += (int64_t)list->count;
  if (index < 0 || index >= (int64_t)list->count) return jinja_fail(run, "pop from outside of the list");
  *out = list->items[index];
  list->count--;
  memmove(&list->items[index], &list->items[index + 1], (list->count - (size_t)index) * sizeof *list->items);
  return jinja_charge(run, list->count / 8);
}

static lrt_status list_find(jinja_run *run, const char *function, const jinja_value *self,
                            const jinja_args *args, int64_t *count, int64_t *first) {
  static const char *const names[] = {"value"};
  const jinja_value *wanted;
  *count = 0;
  *first = -1;
  LRT_TRY(jinja_bind(run, function, args, names, 1, 1, &wanted));
  for (size_t i = 0; i < self->as.list->count; i++) {
    bool equal;
    LRT_TRY(jinja_equal(run, &self->as.list->items[i], wanted, &equal));
    if (equal && *first < 0) *first = (int64_t)i;
    *count += equal;
  }
  return LRT_OK;
}

static lrt_status list_count(jinja_run *run, const jinja_value *self, const jinja_args *args,
                             jinja_value *out) {
  int64_t count, first;
  LRT_TRY(list_find(run, "count", self, args, &count, &first));
  *out = jinja_int(count);
  return LRT_OK;
}

static lrt_status list_index(jinja_run *run, const jinja_value *self, const jinja_args *args,
                             jinja_value *out) {
  int64_t count, first;
  LRT_TRY(list_find(run, "index", self, args, &count, &first));
  if (first < 0) return jinja_fail(run, "index: the value is not in the list");
  *out = jinja_int(first);
  return LRT_OK;
}

static const jinja_builtin list_methods[] = {
    {"append", list_append}, {"extend", list_extend}, {"insert", list_insert}, {"pop", list_pop},
    {"count", list_count},   {"index", list_index},   {"clear", NULL},         {"copy", NULL},
    {"remove", NULL},        {"reverse", NULL},       {"sort", NULL}};
static const jinja_builtin tuple_methods[] = {{"count", list_count}, {"index", list_index}};

typedef enum part { KEYS, VALUES, ITEMS } part;

static lrt_status make_view(jinja_run *run, const jinja_value *self, const jinja_args *args, part what,
                            jinja_value *out) {
  static const jinja_text names[] = {{"dict_keys", 9}, {"dict_values", 11}, {"dict_items", 10}};
  const jinja_dict *dict = self->as.dict;
  jinja_value view;
  if (args->count + args->keyword_count > 0)
    return jinja_fail(run, "keys, values and items take no arguments");
  LRT_TRY(jinja_new_list(run, JINJA_VIEW, dict->count, &view));
  LRT_TRY(jinja_charge(run, dict->count));
  view.as.list->show = names[what];
  for (size_t i = 0; i < dict->count; i++) {
    jinja_value item = what == KEYS ? dict->entries[i].key : dict->entries[i].value;
    if (what == ITEMS) {
      LRT_TRY(jinja_new_list(run, JINJA_TUPLE, 2, &item));
      LRT_TRY(jinja_list_add(run, item.as.list, &dict->entries[i].key));
      LRT_TRY(jinja_list_add(run, item.as.list, &dict->entries[i].value));
    }
    LRT_TRY(jinja_list_add(run, view.as.list, &item));
  }
  *out = view;
  return LRT_OK;
}

static lrt_status dict_keys(jinja_run *run, const jinja_value *self, const jinja_args *args,
                            jinja_value *out) {
  return make_view(run, self, args, KEYS, out);
}
static lrt_status dict_values(jinja_run *run, const jinja_value *self, const jinja_args *args,
                              jinja_value *out) {
  return make_view(run, self, args, VALUES, out);
}
static lrt_status dict_items(jinja_run *run, const jinja_value *self, const jinja_args *args,
                             jinja_value *out) {
  return make_view(run, self, args, ITEMS, out);
}

static lrt_status dict_get(jinja_run *run, const jinja_value *self, const jinja_args *args,
                           jinja_value *out) {
  static const char *const names[] = {"key", "default"};
  const jinja_value *v[2], *found;
  LRT_TRY(jinja_bind(run, "get", args, names, 2, 1, v));
  LRT_TRY(jinja_dict_find(run, self->as.dict, v[0], &found));
  *out = found != NULL ? *found : v[1] != NULL ? *v[1] : jinja_none();
  return LRT_OK;
}

static lrt_status dict_setdefault(jinja_run *run, const jinja_value *self, const jinja_args *args,
                                  jinja_value *out) {
  static const char *const names[] = {"key", "default"};
  const jinja_value *v[2], *found, none = jinja_none();
  LRT_TRY(jinja_bind(run, "setdefault", args, names, 2, 1, v));
  LRT_TRY(jinja_dict_find(run, self->as.dict, v[0], &found));
  *out = found != NULL ? *found : v[1] != NULL ? *v[1] : none;
  return found != NULL ? LRT_OK : jinja_dict_put(run, self->as.dict, v[0], v[1] != NULL ? v[1] : &none);
}

static lrt_status dict_update(jinja_run *run, const jinja_value *self, const jinja_args *args,
                              jinja_value *out) {
  jinja_value more;
  LRT_TRY(fill_dict(run, "update", JINJA_DICT, args, &more));
  for (size_t i = 0; i < more.as.dict->count; i++)
    LRT_TRY(
        jinja_dict_put(run, self->as.dict, &more.as.dict->entries[i].key, &more.as.dict->entries[i].value));
  *out = jinja_none();
  return LRT_OK;
}

static lrt_status dict_copy(jinja_run *run, const jinja_value *self, const jinja_args *args,
                            jinja_value *out) {
  const jinja_args all = {self, 1, NULL, 0};
  if (args->count + args->keyword_count > 0) return jinja_fail(run, "copy takes no arguments");
  return fill_dict(run, "copy", JINJA_DICT, &all, out);
}

static const jinja_builtin dict_methods[] = {{"get", dict_get},
                                             {"items", dict_items},
                                             {"keys", dict_keys},
                                             {"values", dict_values},
                                             {"update", dict_update},
                                             {"copy", dict_copy},
                                             {"setdefault", dict_setdefault},
                                             {"clear", NULL},
                                             {"fromkeys", NULL},
                                             {"pop", NULL},
                                             {"popitem", NULL}};

static lrt_status loop_cycle(jinja_run *run, const jinja_value *self, const jinja_args *args,
                             jinja_value *out) {
  if (args->count == 0) return jinja_fail(run, "cycle needs an argument");
  *out = args->values[self->as.loop->index % args->count];
  return LRT_OK;
}

static lrt_status loop_changed(jinja_run *run, const jinja_value *self, const jinja_args *args,
                               jinja_value *out) {
  jinja_value now;
  bool equal = false;
  LRT_TRY(jinja_new_list(run, JINJA_TUPLE, args->count, &now));
  for (size_t i = 0; i < args->count; i++) LRT_TRY(jinja_list_add(run, now.as.list, &args->values[i]));
  if (self->as.loop->changed.kind == JINJA_TUPLE)
    LRT_TRY(jinja_equal(run, &self->as.loop->changed, &now, &equal));
  self->as.loop->changed = now;
  *out = jinja_bool(!equal);
  return LRT_OK;
}

static lrt_status cycler_next(jinja_run *run, const jinja_value *self, const jinja_args *args,
                              jinja_value *out) {
  jinja_list *cycler = self->as.list;
  if (args->count + args->keyword_count > 0) return jinja_fail(run, "next takes no arguments");
  *out = cycler->items[cycler->at];
  cycler->at = (cycler->at + 1) % cycler->count;
  return LRT_OK;
}

static lrt_status cycler_reset(jinja_run *run, const jinja_value *self, const jinja_args *args,
                               jinja_value *out) {
  if (args->count + args->keyword_count > 0) return jinja_fail(run, "reset takes no arguments");
  self->as.list->at = 0;
  *out = jinja_none();
  return LRT_OK;
}

static const jinja_builtin loop_methods[] = {{"cycle", loop_cycle}, {"changed", loop_changed}};
static const jinja_builtin cycler_methods[] = {{"next", cycler_next}, {"reset", cycler_reset}};

/* ---- by name ---- */

const jinja_builtin *jinja_find_in(const jinja_builtin *table, size_t count, jinja_text name) {
  for (size_t i = 0; i < count && table[i].name != NULL; i++)
    if (jinja_text_is(name, table[i].name)) return &table[i];
  return NULL;
}

const jinja_builtin *jinja_find_filter(jinja_text name) {
  const jinja_builtin *found = jinja_find_in(jinja_list_filters, SIZE_MAX, name);
  if (found == NULL) found = jinja_find_in(jinja_text_filters, SIZE_MAX, name);
  return found != NULL ? found : jinja_find_in(jinja_order_filters, SIZE_MAX, name);
}

const jinja_builtin *jinja_find_global(jinja_text name) {
  return JINJA_FIND_IN(globals, name);
}

const jinja_builtin *jinja_find_method(const jinja_value *self, jinja_text name) {
  switch (self->kind) {
  case JINJA_STRING: return jinja_find_in(jinja_text_methods, SIZE_MAX, name);
  case JINJA_LIST: return JINJA_FIND_IN(list_methods, name);
  case JINJA_TUPLE:
  case JINJA_RANGE: return JINJA_FIND_IN(tuple_methods, name);
  case JINJA_DICT: return JINJA_FIND_IN(dict_methods, name);
  case JINJA_LOOP: return JINJA_FIND_IN(loop_methods, name);
  case JINJA_CYCLER: return JINJA_FIND_IN(cycler_methods, name);
  default: return NULL;
  }
}

bool jinja_is_foreign_method(jinja_text name) {
  const jinja_builtin *found[] = {jinja_find_in(jinja_text_methods, SIZE_MAX, name),
                                  JINJA_FIND_IN(list_methods, name), JINJA_FIND_IN(dict_methods, name)};
  bool known = false, can = false;
  for (size_t i = 0; i < 3; i++) {
    known |= found[i] != NULL;
    can |= found[i] != NULL && found[i]->call != NULL;
  }
  return known && !can;
}
