/* jinja_text_methods.c: the methods of strings. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/utf8.h"
#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_lines.h"
#include "tokenizer/jinja_text.h"

#define METHOD(name)                                                                                         \
  static lrt_status name(jinja_run *run, const jinja_value *self, const jinja_args *args, jinja_value *out)

static lrt_status strip(jinja_run *run, const jinja_value *self, const jinja_args *args, int sides,
                        jinja_value *out) {
  static const char *const names[] = {"chars"};
  const jinja_value *chars;
  jinja_text set = {"", 0};
  LRT_TRY(jinja_bind(run, "strip", args, names, 1, 0, &chars));
  const bool has_set = chars != NULL && chars->kind != JINJA_NONE;
  if (has_set) LRT_TRY(jinja_text_argument(run, "strip", chars, &set));
  *out = jinja_text_value(jinja_text_strip(self->as.text, has_set ? &set : NULL, sides));
  return jinja_charge(run, (self->as.text.length - out->as.text.length) / 8);
}

METHOD(text_strip) {
  return strip(run, self, args, JINJA_STRIP_LEFT | JINJA_STRIP_RIGHT, out);
}
METHOD(text_lstrip) {
  return strip(run, self, args, JINJA_STRIP_LEFT, out);
}
METHOD(text_rstrip) {
  return strip(run, self, args, JINJA_STRIP_RIGHT, out);
}

/* ---- splitting ---- */

static lrt_status add_part(jinja_run *run, jinja_list *list, jinja_text text, size_t from, size_t to) {
  const jinja_value part = jinja_text_value(jinja_text_cut(text, from, to));
  return jinja_list_add(run, list, &part);
}

static size_t blank_at(jinja_text text, size_t at) {
  uint32_t code;
  const size_t bytes = lrt_utf8_decode(text.bytes + at, text.length - at, &code);
  return bytes > 0 && jinja_is_space(code) ? bytes : 0;
}

/* At runs of blanks; limit < 0: at all of them. */
static lrt_status split_blanks(jinja_run *run, jinja_text text, int64_t limit, jinja_list *list) {
  for (size_t at = 0; at < text.length;) {
    const size_t blank = blank_at(text, at);
    size_t end = at;
    if (blank > 0) {
      at += blank;
      continue;
    }
    if (limit >= 0 && (int64_t)list->count >= limit)
      end = text.length;
    else
      while (end < text.length && blank_at(text, end) == 0) end += jinja_text_step(text, end);
    LRT_TRY(add_part(run, list, text, at, end));
    at = limit >= 0 && (int64_t)list->count > limit ? text.length : end;
  }
  return LRT_OK;
}

static lrt_status split_at(jinja_run *run, jinja_text text, jinja_text separator, int64_t limit,
                           jinja_list *list) {
  size_t at = 0;
  for (; limit != 0; limit--) {
    const size_t found = jinja_text_find(text, separator, at);
    if (found == SIZE_MAX) break;
    LRT_TRY(add_part(run, list, text, at, found));
    at = found + separator.length;
  }
  return add_part(run, list, text, at, text.length);
}

/* From the right; the list is filled backwards and then turned. */
static lrt_status split_last(jinja_run *run, jinja_text text, jinja_text separator, int64_t limit,
                             jinja_list *list) {
  size_t end = text.length;
  for (; limit != 0; limit--) {
    const size_t found = jinja_text_find_last(text, separator, end);
    LRT_TRY(jinja_charge(run, (end - (found == SIZE_MAX ? 0 : found)) / 16));
    if (found == SIZE_MAX) break;
    LRT_TRY(add_part(run, list, text, found + separator.length, end));
    end = found;
  }
  LRT_TRY(add_part(run, list, text, 0, end));
  for (size_t i = 0; i < list->count / 2; i++) {
    const jinja_value other = list->items[i];
    list->items[i] = list->items[list->count - 1 - i];
    list->items[list->count - 1 - i] = other;
  }
  return LRT_OK;
}

static lrt_status split(jinja_run *run, const jinja_value *self, const jinja_args *args, bool from_right,
                        jinja_value *out) {
  static const char *const names[] = {"sep", "maxsplit"};
  const jinja_value *v[2];
  jinja_text separator = {"", 0};
  jinja_value list;
  int64_t limit;
  LRT_TRY(jinja_bind(run, "split", args, names, 2, 0, v));
  LRT_TRY(jinja_int_argument(run, "split", v[1], -1, &limit));
  LRT_TRY(jinja_new_list(run, JINJA_LIST, 0, &list));
  LRT_TRY(jinja_charge(run, self->as.text.length / 16));
  const jinja_text text = self->as.text;
  *out = list;
  if (v[0] == NULL || v[0]->kind == JINJA_NONE) {
    if (from_right && limit >= 0)
      return jinja_fail_as(run, LRT_UNSUPPORTED, "rsplit at blanks with a limit is not supported");
    return split_blanks(run, text, limit, list.as.list);
  }
  LRT_TRY(jinja_text_argument(run, "split", v[0], &separator));
  if (separator.length == 0) return jinja_fail(run, "the separator of split is empty");
  if (from_right) return split_last(run, text, separator, limit, list.as.list);
  return split_at(run, text, separator, limit, list.as.list);
}

METHOD(text_split) {
  return split(run, self, args, false, out);
}
METHOD(text_rsplit) {
  return split(run, self, args, true, out);
}

static size_t line_end(jinja_text text, size_t at) {
  uint32_t code = 0;
  const size_t bytes = lrt_utf8_decode(text.bytes + at, text.length - at, &code);
  if (code == '\r' && at + 1 < text.length && text.bytes[at + 1] == '\n') return 2;
  return (code >= 10 && code <= 13) || (code >= 0x1c && code <= 0x1e) || code == 0x85 || code == 0x2028 ||
                 code == 0x2029
             ? bytes
             : 0;
}

jinja_text jinja_next_line(jinja_text text, size_t at, size_t *next) {
  size_t end = at;
  while (end < text.length && line_end(text, end) == 0) end += jinja_text_step(text, end);
  *next = end < text.length ? end + line_end(text, end) : end;
  return jinja_text_cut(text, at, end);
}

METHOD(text_splitlines) {
  static const char *const names[] = {"keepends"};
  const jinja_value *keep;
  const jinja_text text = self->as.text;
  jinja_value list;
  LRT_TRY(jinja_bind(run, "splitlines", args, names, 1, 0, &keep));
  LRT_TRY(jinja_new_list(run, JINJA_LIST, 0, &list));
  for (size_t at = 0, next; at < text.length; at = next) {
    const jinja_text line = jinja_next_line(text, at, &next);
    const bool keeps = keep != NULL && jinja_truth(keep);
    LRT_TRY(add_part(run, list.as.list, text, at, keeps ? next : at + line.length));
  }
  *out = list;
  return jinja_charge(run, text.length / 16);
}

static lrt_status partition(jinja_run *run, const jinja_value *self, const jinja_args *args, bool from_right,
                            jinja_value *out) {
  static const char *const names[] = {"sep"};
  const jinja_value *separator;
  const jinja_text text = self->as.text;
  jinja_text part = {"", 0};
  jinja_value tuple;
  LRT_TRY(jinja_bind(run, "partition", args, names, 1, 1, &separator));
  LRT_TRY(jinja_text_argument(run, "partition", separator, &part));
  if (part.length == 0) return jinja_fail(run, "the separator of partition is empty");
  LRT_TRY(jinja_charge(run, text.length / 16));
  const size_t found =
      from_right ? jinja_text_find_last(text, part, text.length) : jinja_text_find(text, part, 0);
  LRT_TRY(jinja_new_list(run, JINJA_TUPLE, 3, &tuple));
  const size_t begin = found != SIZE_MAX ? found : from_right ? 0 : text.length;
  const size_t end = found != SIZE_MAX ? found + part.length : begin;
  LRT_TRY(add_part(run, tuple.as.list, text, 0, begin));
  LRT_TRY(add_part(run, tuple.as.list, text, begin, end));
  LRT_TRY(add_part(run, tuple.as.list, text, end, text.length));
  *out = tuple;
  return LRT_OK;
}

METHOD(text_partition) {
  return partition(run, self, args, false, out);
}
METHOD(text_rpartition) {
  return partition(run, self, args, true, out);
}

/* ---- searching ---- */

/* The part of self that arguments 2 and 3 (start, end: code points, negative from the end) leave. *base: its offset. */
static lrt_status cut_range(jinja_run *run, const char *name, const jinja_value *self,
                            const jinja_value *start, const jinja_value *end, jinja_text *out,
                            int64_t *base) {
  const jinja_value none = jinja_none();
  jinja_value part;
  const int64_t count = (int64_t)jinja_text_count(self->as.text);
  if (start == NULL) start = &none;
  if (end == NULL) end = &none;
  *base = 0;
  if (start->kind != JINJA_NONE) LRT_TRY(jinja_int_argument(run, name, start, 0, base));
  if (*base < 0) *base = *base < -count ? 0 : *base + count;
  LRT_TRY(jinja_slice(run, self, start, end, &none, &part));
  *out = part.as.text;
  return jinja_charge(run, self->as.text.length / 16);
}

static lrt_status find(jinja_run *run, const char *name, const jinja_value *self, const jinja_args *args,
                       bool from_right, int64_t *out) {
  static const char *const names[] = {"sub", "start", "end"};
  const jinja_value *v[3];
  jinja_text text, part = {"", 0};
  int64_t base;
  LRT_TRY(jinja_bind(run, name, args, names, 3, 1, v));
  LRT_TRY(jinja_text_argument(run, name, v[0], &part));
  LRT_TRY(cut_range(run, name, self, v[1], v[2], &text, &base));
  const size_t at = base > (int64_t)jinja_text_count(self->as.text) ? SIZE_MAX
                    : from_right ? jinja_text_find_last(text, part, text.length)
                                 : jinja_text_find(text, part, 0);
  *out = at == SIZE_MAX ? -1 : base + (int64_t)jinja_text_count(jinja_text_cut(text, 0, at));
  return LRT_OK;
}

METHOD(text_find) {
  int64_t at;
  LRT_TRY(find(run, "find", self, args, false, &at));
  *out = jinja_int(at);
  return LRT_OK;
}

METHOD(text_rfind) {
  int64_t at;
  LRT_TRY(find(run, "rfind", self, args, true, &at));
  *out = jinja_int(at);
  return LRT_OK;
}

METHOD(text_index) {
  int64_t at;
  LRT_TRY(find(run, "index", self, args, false, &at));
  if (at < 0) return jinja_fail(run, "index: the text is not found");
  *out = jinja_int(at);
  return LRT_OK;
}

METHOD(text_count) {
  static const char *const names[] = {"sub", "start", "end"};
  const jinja_value *v[3];
  jinja_text text, part = {"", 0};
  int64_t base, count = 0;
  LRT_TRY(jinja_bind(run, "count", args, names, 3, 1, v));
  LRT_TRY(jinja_text_argument(run, "count", v[0], &part));
  LRT_TRY(cut_range(run, "count", self, v[1], v[2], &text, &base));
  if (part.length == 0) {
    count = (int64_t)jinja_text_count(text) + 1;
  } else {
    for (size_t at = jinja_text_find(text, part, 0); at != SIZE_MAX;
         at = jinja_text_find(text, part, at + part.length))
      count++;
  }
  *out = jinja_int(count);
  return LRT_OK;
}

static lrt_status has_affix(jinja_run *run, const char *name, const jinja_value *self, const jinja_args *args,
                            bool (*fits)(jinja_text text, jinja_text part), jinja_value *out) {
  static const char *const names[] = {"prefix", "start", "end"};
  const jinja_value *v[3];
  jinja_text text;
  int64_t base;
  bool found = false;
  LRT_TRY(jinja_bind(run, name, args, names, 3, 1, v));
  LRT_TRY(cut_range(run, name, self, v[1], v[2], &text, &base));
  const bool is_tuple = v[0]->kind == JINJA_TUPLE;
  for (size_t i = 0; i < (is_tuple ? v[0]->as.list->count : 1); i++) {
    jinja_text part = {"", 0};
    LRT_TRY(jinja_text_argument(run, name, is_tuple ? &v[0]->as.list->items[i] : v[0], &part));
    found |= fits(text, part);
  }
  *out = jinja_bool(found);
  return LRT_OK;
}

METHOD(text_startswith) {
  return has_affix(run, "startswith", self, args, jinja_text_starts, out);
}
METHOD(text_endswith) {
  return has_affix(run, "endswith", self, args, jinja_text_ends, out);
}

static lrt_status affix_argument(jinja_run *run, const char *name, const jinja_args *args, jinja_text *out) {
  static const char *const names[] = {"affix"};
  const jinja_value *affix;
  LRT_TRY(jinja_bind(run, name, args, names, 1, 1, &affix));
  return jinja_text_argument(run, name, affix, out);
}

METHOD(text_removeprefix) {
  jinja_text text = self->as.text, part = {"", 0};
  LRT_TRY(affix_argument(run, "removeprefix", args, &part));
  *out = jinja_text_value(jinja_text_cut(text, jinja_text_starts(text, part) ? part.length : 0, text.length));
  return LRT_OK;
}

METHOD(text_removesuffix) {
  jinja_text text = self->as.text, part = {"", 0};
  LRT_TRY(affix_argument(run, "removesuffix", args, &part));
  *out = jinja_text_value(
      jinja_text_cut(text, 0, text.length - (jinja_text_ends(text, part) ? part.length : 0)));
  return LRT_OK;
}

/* ---- making texts ---- */

METHOD(text_replace) {
  static const char *const names[] = {"old", "new", "count"};
  const jinja_value *v[3];
  jinja_text old = {"", 0}, with = {"", 0};
  int64_t limit;
  LRT_TRY(jinja_bind(run, "replace", args, names, 3, 2, v));
  LRT_TRY(jinja_text_argument(run, "replace", v[0], &old));
  LRT_TRY(jinja_text_argument(run, "replace", v[1], &with));
  LRT_TRY(jinja_int_argument(run, "replace", v[2], -1, &limit));
  return jinja_text_replace(run, self->as.text, old, with, limit, out);
}

METHOD(text_join) {
  static const char *const names[] = {"iterable"};
  const jinja_value *walked;
  jinja_list items;
  lrt_str text;
  LRT_TRY(jinja_bind(run, "join", args, names, 1, 1, &walked));
  LRT_TRY(jinja_items(run, walked, &items));
  for (size_t i = 0; i < items.count; i++)
    if (items.items[i].kind != JINJA_STRING)
      return jinja_fail(run, "join needs strings, not '%s'", jinja_type_name(&items.items[i]));
  LRT_TRY(jinja_charge(run, items.count));
  jinja_open_str(run, &text);
  for (size_t i = 0; i < items.count; i++) {
    if (i > 0) lrt_str_add(&text, self->as.text.bytes, self->as.text.length);
    lrt_str_add(&text, items.items[i].as.text.bytes, items.items[i].as.text.length);
  }
  return jinja_take_str(run, &text, out);
}

METHOD(text_format) {
  return jinja_format_braces(run, self->as.text, args, out);
}

static lrt_status recase(jinja_run *run, const jinja_value *self, const jinja_args *args, jinja_case form,
                         jinja_value *out) {
  LRT_TRY(jinja_bind(run, "this method", args, NULL, 0, 0, NULL));
  return jinja_text_recase(run, self->as.text, form, out);
}

METHOD(text_upper) {
  return recase(run, self, args, JINJA_UPPER, out);
}
METHOD(text_lower) {
  return recase(run, self, args, JINJA_LOWER, out);
}
METHOD(text_title) {
  return recase(run, self, args, JINJA_TITLE, out);
}
METHOD(text_capitalize) {
  return recase(run, self, args, JINJA_CAPITAL, out);
}

METHOD(text_isdigit) {
  const jinja_text text = self->as.text;
  bool all = text.length > 0;
  LRT_TRY(jinja_bind(run, "isdigit", args, NULL, 0, 0, NULL));
  for (size_t i = 0; i < text.length && all; i++) {
    if ((unsigned char)text.bytes[i] > 127)
      return jinja_fail_as(run, LRT_UNSUPPORTED, "isdigit of letters beyond ASCII is not supported");
    all = text.bytes[i] >= '0' && text.bytes[i] <= '9';
  }
  *out = jinja_bool(all);
  return LRT_OK;
}

METHOD(text_isspace) {
  LRT_TRY(jinja_bind(run, "isspace", args, NULL, 0, 0, NULL));
  const bool empty = self->as.text.length == 0;
  *out = jinja_bool(!empty && jinja_text_strip(self->as.text, NULL, JINJA_STRIP_LEFT).length == 0);
  return LRT_OK;
}

const jinja_builtin jinja_text_methods[] = {{"strip", text_strip},
                                            {"lstrip", text_lstrip},
                                            {"rstrip", text_rstrip},
                                            {"split", text_split},
                                            {"rsplit", text_rsplit},
                                            {"splitlines", text_splitlines},
                                            {"partition", text_partition},
                                            {"rpartition", text_rpartition},
                                            {"find", text_find},
                                            {"rfind", text_rfind},
                                            {"index", text_index},
                                            {"count", text_count},
                                            {"startswith", text_startswith},
                                            {"endswith", text_endswith},
                                            {"removeprefix", text_removeprefix},
                                            {"removesuffix", text_removesuffix},
                                            {"replace", text_replace},
                                            {"join", text_join},
                                            {"format", text_format},
                                            {"upper", text_upper},
                                            {"lower", text_lower},
                                            {"title", text_title},
                                            {"capitalize", text_capitalize},
                                            {"isdigit", text_isdigit},
                                            {"isspace", text_isspace},
                                            {"casefold", NULL},
                                            {"center", NULL},
                                            {"encode", NULL},
                                            {"expandtabs", NULL},
                                            {"format_map", NULL},
                                            {"isalnum", NULL},
                                            {"isalpha", NULL},
                                            {"isascii", NULL},
                                            {"isdecimal", NULL},
                                            {"isidentifier", NULL},
                                            {"islower", NULL},
                                            {"isnumeric", NULL},
                                            {"isprintable", NULL},
                                            {"istitle", NULL},
                                            {"isupper", NULL},
                                            {"ljust", NULL},
                                            {"maketrans", NULL},
                                            {"rindex", NULL},
                                            {"rjust", NULL},
                                            {"swapcase", NULL},
                                            {"translate", NULL},
                                            {"zfill", NULL},
                                            {NULL, NULL}};
