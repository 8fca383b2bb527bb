/* jinja_access.c: attributes, subscripts, slices and calls. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_run.h"
#include "tokenizer/jinja_text.h"

static const char *owner_name(const jinja_value *value) {
  static const char *const names[] = {
#define NAME(name, text) text " object",
      JINJA_KIND_LIST(NAME)
#undef NAME
  };
  return value->kind == JINJA_NONE ? "None" : names[value->kind];
}

static lrt_status bind_method(jinja_run *run, const jinja_value *self, const jinja_builtin *method,
                              jinja_value *out) {
  jinja_bound *bound;
  const jinja_value object = *self; /* `out` may be the same */
  LRT_TRY(jinja_get(run, 1, sizeof *bound, &bound));
  bound->builtin = method;
  bound->self = object;
  *out = (jinja_value){.kind = JINJA_FUNCTION, .as.function = bound};
  return LRT_OK;
}

static lrt_status neighbour(jinja_run *run, jinja_loop *loop, bool next, jinja_value *out) {
  LRT_TRY(jinja_fill_loop(run, loop, loop->index + (next ? 2 : 0)));
  if (!next && loop->index == 0) return jinja_undefined_because(run, "there is no previous item", out);
  if (next && loop->index + 1 >= loop->items.count)
    return jinja_undefined_because(run, "there is no next item", out);
  *out = loop->items.items[next ? loop->index + 1 : loop->index - 1];
  return LRT_OK;
}

/* How many items have to be known for an attribute. */
static size_t needed_items(const jinja_loop *loop, jinja_text name) {
  if (jinja_text_is(name, "last")) return loop->index + 2;
  const bool all =
      jinja_text_is(name, "length") || jinja_text_is(name, "revindex") || jinja_text_is(name, "revindex0");
  return all ? SIZE_MAX : 0;
}

static lrt_status loop_attribute(jinja_run *run, jinja_loop *loop, jinja_text name, bool *found,
                                 jinja_value *out) {
  LRT_TRY(jinja_fill_loop(run, loop, needed_items(loop, name)));
  const int64_t index = (int64_t)loop->index, count = (int64_t)loop->items.count;
  const struct {
    const char *name;
    jinja_value value;
  } values[] = {{"index", jinja_int(index + 1)},
                {"index0", jinja_int(index)},
                {"revindex", jinja_int(count - index)},
                {"revindex0", jinja_int(count - index - 1)},
                {"first", jinja_bool(index == 0)},
                {"last", jinja_bool(index + 1 == count)},
                {"length", jinja_int(count)},
                {"depth", jinja_int(1)},
                {"depth0", jinja_int(0)}};
  *found = true;
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    if (jinja_text_is(name, values[i].name)) {
      *out = values[i].value;
      return LRT_OK;
    }
  if (jinja_text_is(name, "previtem")) return neighbour(run, loop, false, out);
  if (jinja_text_is(name, "nextitem")) return neighbour(run, loop, true, out);
  *found = false;
  return LRT_OK;
}

/* What Python's getattr finds. */
static lrt_status own_attribute(jinja_run *run, const jinja_value *value, jinja_text name, bool *found,
                                jinja_value *out) {
  const jinja_builtin *method = jinja_find_method(value, name);
  *found = true;
  if (value->kind == JINJA_LOOP) {
    LRT_TRY(loop_attribute(run, value->as.loop, name, found, out));
    if (*found) return LRT_OK;
  }
  if (value->kind == JINJA_NAMESPACE) {
    const jinja_value *item = jinja_dict_get(value->as.dict, name);
    *found = item != NULL;
    if (item != NULL) *out = *item;
    return LRT_OK;
  }
  if (value->kind == JINJA_MACRO && jinja_text_is(name, "name")) {
    *out = jinja_text_value(value->as.macro->node->text);
    return LRT_OK;
  }
  if (value->kind == JINJA_CYCLER && jinja_text_is(name, "current")) {
    *out = value->as.list->items[value->as.list->at];
    return LRT_OK;
  }
  *found = method != NULL;
  return method == NULL ? LRT_OK : bind_method(run, value, method, out);
}

lrt_status jinja_attribute(jinja_run *run, const jinja_value *value, jinja_text name, jinja_value *out) {
  bool found;
  const jinja_value object = *value; /* `out` may be the same */
  if (object.kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, &object);
  LRT_TRY(own_attribute(run, &object, name, &found, out));
  if (found) return LRT_OK;
  const jinja_value *item = object.kind == JINJA_DICT ? jinja_dict_get(object.as.dict, name) : NULL;
  if (item == NULL) return jinja_undefined(run, owner_name(&object), name, false, out);
  *out = *item;
  return LRT_OK;
}

/* ---- subscripts ---- */

/* -1 is the last; false when there is no such element. */
static bool resolve_index(int64_t index, size_t count, size_t *out) {
  if (index < 0) index += (int64_t)count;
  *out = (size_t)index;
  return index >= 0 && index < (int64_t)count;
}

static bool text_element(jinja_text text, int64_t index, jinja_value *out) {
  size_t at;
  if (!resolve_index(index, jinja_text_count(text), &at)) return false;
  const size_t begin = jinja_text_offset(text, at);
  *out = jinja_string(text.bytes + begin, jinja_text_step(text, begin));
  return true;
}

static bool is_sequence(const jinja_value *value) {
  return value->kind == JINJA_LIST || value->kind == JINJA_TUPLE || value->kind == JINJA_RANGE;
}

/* value[key] in Python; *found false where that raises. */
static lrt_status own_element(jinja_run *run, const jinja_value *value, const jinja_value *key, bool *found,
                              jinja_value *out) {
  size_t at;
  const jinja_value *item = NULL;
  *found = false;
  if (value->kind == JINJA_DICT) {
    if (key->kind == JINJA_LIST || key->kind == JINJA_DICT) return LRT_OK;
    LRT_TRY(jinja_dict_find(run, value->as.dict, key, &item));
  } else if (jinja_is_integer(key) && is_sequence(value)) {
    if (resolve_index(jinja_integer_of(key), value->as.list->count, &at)) item = &value->as.list->items[at];
  } else if (jinja_is_integer(key) && value->kind == JINJA_STRING) {
    *found = text_element(value->as.text, jinja_integer_of(key), out);
    return jinja_charge(run, value->as.text.length / 16);
  }
  *found = item != NULL;
  if (item != NULL) *out = *item;
  return LRT_OK;
}

lrt_status jinja_subscript(jinja_run *run, const jinja_value *value, const jinja_value *key,
                           jinja_value *out) {
  bool found;
  jinja_text name;
  if (value->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, value);
  LRT_TRY(own_element(run, value, key, &found, out));
  if (found) return LRT_OK;
  if (key->kind == JINJA_STRING) {
    LRT_TRY(own_attribute(run, value, key->as.text, &found, out));
    return found ? LRT_OK : jinja_undefined(run, owner_name(value), key->as.text, false, out);
  }
  LRT_TRY(jinja_str(run, key, &name));
  return jinja_undefined(run, owner_name(value), name, true, out);
}

/* ---- slices ---- */

static lrt_status slice_bound(jinja_run *run, const jinja_value *value, int64_t count, int64_t otherwise,
                              bool down, int64_t *out) {
  *out = otherwise;
  if (value->kind == JINJA_NONE) return LRT_OK;
  if (!jinja_is_integer(value)) return jinja_fail(run, "slice indices must be integers or none");
  int64_t index = jinja_integer_of(value);
  const int64_t lowest = down ? -1 : 0, highest = down ? count - 1 : count;
  if (index < 0) index = index < -count ? lowest : index + count;
  *out = index < lowest ? lowest : index > highest ? highest : index;
  return LRT_OK;
}

static lrt_status join_items(jinja_run *run, const jinja_list *items, jinja_value *out) {
  lrt_str text;
  jinja_open_str(run, &text);
  for (size_t i = 0; i < items->count; i++)
    lrt_str_add(&text, items->items[i].as.text.bytes, items->items[i].as.text.length);
  return jinja_take_str(run, &text, out);
}

/* Text without a step is cut; everything else goes item by item. */
static lrt_status slice_items(jinja_run *run, const jinja_value *value, int64_t from, int64_t to,
                              int64_t step, jinja_value *out) {
  jinja_list items;
  jinja_value picked;
  if (value->kind == JINJA_STRING && step == 1) {
    const size_t begin = jinja_text_offset(value->as.text, (size_t)from);
    const size_t end = from < to ? jinja_text_offset(value->as.text, (size_t)to) : begin;
    *out = jinja_text_value(jinja_text_cut(value->as.text, begin, end));
    return jinja_charge(run, value->as.text.length / 16);
  }
  LRT_TRY(jinja_items(run, value, &items));
  LRT_TRY(jinja_new_list(run, value->kind == JINJA_TUPLE ? JINJA_TUPLE : JINJA_LIST, 0, &picked));
  for (int64_t i = from; step > 0 ? i < to : i > to;) {
    LRT_TRY(jinja_list_add(run, picked.as.list, &items.items[i]));
    if (step > 0 ? step > to - i : step < to - i) break; /* i + step may not be representable */
    i += step;
  }
  LRT_TRY(jinja_charge(run, picked.as.list->count));
  if (value->kind == JINJA_STRING) return join_items(run, picked.as.list, out);
  *out = picked;
  return LRT_OK;
}

lrt_status jinja_slice(jinja_run *run, const jinja_value *value, const jinja_value *from,
                       const jinja_value *to, const jinja_value *step, jinja_value *out) {
  int64_t count, begin, end, stride = 1;
  if (value->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, value);
  if (!is_sequence(value) && value->kind != JINJA_STRING)
    return jinja_undefined(run, owner_name(value), JINJA_TEXT("slice"), true, out);
  LRT_TRY(jinja_length(run, value, &count));
  if (step->kind != JINJA_NONE) {
    if (!jinja_is_integer(step)) return jinja_fail(run, "slice indices must be integers or none");
    stride = jinja_integer_of(step);
    if (stride == 0) return jinja_fail(run, "the step of a slice must not be 0");
  }
  LRT_TRY(slice_bound(run, from, count, stride > 0 ? 0 : count - 1, stride < 0, &begin));
  LRT_TRY(slice_bound(run, to, count, stride > 0 ? count : -1, stride < 0, &end));
  return slice_items(run, value, begin, end, stride, out);
}

/* ---- calls ---- */

static lrt_status call_joiner(jinja_list *joiner, jinja_value *out) {
  *out = joiner->at == 0 ? jinja_string("", 0) : joiner->items[0];
  joiner->at = 1;
  return LRT_OK;
}

lrt_status jinja_call(jinja_run *run, const jinja_value *callee, const jinja_args *args, jinja_value *out) {
  LRT_TRY(jinja_charge(run, 1));
  switch (callee->kind) {
  case JINJA_UNDEFINED: return jinja_fail_undefined(run, callee);
  case JINJA_MACRO: return jinja_call_macro(run, callee->as.macro, args, out);
  case JINJA_JOINER: return call_joiner(callee->as.list, out);
  case JINJA_FUNCTION: break;
  default: return jinja_fail(run, "an object of type '%s' cannot be called", jinja_type_name(callee));
  }
  const jinja_bound *bound = callee->as.function;
  const jinja_value self = bound->self;
  if (bound->builtin->call != NULL) return bound->builtin->call(run, &self, args, out);
  return jinja_fail_as(run, LRT_UNSUPPORTED, "the method %s of '%s' is not supported", bound->builtin->name,
                       jinja_type_name(&self));
}
