/* jinja_json.c: the filter tojson, which is Python's json.dumps, and context values from parsed JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/jinja_json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_text.h"

typedef struct dumper {
  jinja_run *run;
  lrt_str *out;
  bool ascii, sorted, is_indented;
  jinja_text indent, item_separator, key_separator;
} dumper;

static void put_escaped(const dumper *d, uint32_t code, const char *bytes, size_t length) {
  static const char special[] = "\"\\\n\r\t\f\b", letters[] = "\"\\nrtfb";
  const char *found = code > 0 && code < 128 ? strchr(special, (int)code) : NULL;
  if (found != NULL)
    lrt_str_format(d->out, "\\%c", letters[found - special]);
  else if (code < 0x20 || (d->ascii && code >= 0x7f && code < 0x10000))
    lrt_str_format(d->out, "\\u%04x", (unsigned)code);
  else if (d->ascii && code >= 0x10000)
    lrt_str_format(d->out, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
                   (unsigned)(0xdc00 + ((code - 0x10000) & 0x3ff)));
  else
    lrt_str_add(d->out, bytes, length);
}

static lrt_status dump_text(const dumper *d, jinja_text text) {
  lrt_str_add(d->out, "\"", 1);
  for (size_t at = 0; at < text.length;) {
    uint32_t code = 0xfffd;
    const size_t bytes = lrt_utf8_decode(text.bytes + at, text.length - at, &code);
    put_escaped(d, code, text.bytes + at, bytes == 0 ? 1 : bytes);
    at += bytes == 0 ? 1 : bytes;
  }
  lrt_str_add(d->out, "\"", 1);
  return jinja_charge(d->run, text.length / 8);
}

static void dump_float(const dumper *d, double value) {
  if (isnan(value) || isinf(value))
    lrt_str_add_text(d->out, isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
  else
    jinja_put_float(value, d->out);
}

static void new_line(const dumper *d, unsigned level) {
  if (!d->is_indented) return;
  lrt_str_add(d->out, "\n", 1);
  for (unsigned i = 0; i < level; i++) lrt_str_add(d->out, d->indent.bytes, d->indent.length);
}

static lrt_status dump(const dumper *d, const jinja_value *value, unsigned level);

static lrt_status dump_list(const dumper *d, const jinja_list *list, unsigned level) {
  lrt_str_add(d->out, "[", 1);
  for (size_t i = 0; i < list->count; i++) {
    if (i > 0) lrt_str_add(d->out, d->item_separator.bytes, d->item_separator.length);
    new_line(d, level + 1);
    LRT_TRY(dump(d, &list->items[i], level + 1));
  }
  if (list->count > 0) new_line(d, level);
  lrt_str_add(d->out, "]", 1);
  return LRT_OK;
}

/* Keys that are no strings are written as strings. */
static lrt_status dump_key(const dumper *d, const jinja_value *key) {
  switch (key->kind) {
  case JINJA_STRING: return dump_text(d, key->as.text);
  case JINJA_NONE: lrt_str_add_text(d->out, "\"null\""); return LRT_OK;
  case JINJA_BOOL: lrt_str_add_text(d->out, key->as.boolean ? "\"true\"" : "\"false\""); return LRT_OK;
  case JINJA_INT: lrt_str_format(d->out, "\"%" PRId64 "\"", key->as.integer); return LRT_OK;
  case JINJA_FLOAT: break;
  default: return jinja_fail(d->run, "a key of type '%s' has no JSON", jinja_type_name(key));
  }
  lrt_str_add(d->out, "\"", 1);
  dump_float(d, key->as.real);
  lrt_str_add(d->out, "\"", 1);
  return LRT_OK;
}

static lrt_status sorted_dict(jinja_run *run, const jinja_dict *dict, jinja_value *out) {
  const jinja_builtin *dictsort = jinja_find_filter(JINJA_TEXT("dictsort"));
  jinja_value given = {.kind = JINJA_DICT}, list;
  const jinja_value sensitive = jinja_bool(true);
  const jinja_args args = {&sensitive, 1, NULL, 0};
  given.as.dict = (jinja_dict *)(uintptr_t)dict; /* read only */
  LRT_TRY(dictsort->call(run, &given, &args, &list));
  LRT_TRY(jinja_new_dict(run, JINJA_DICT, out));
  for (size_t i = 0; i < list.as.list->count; i++) {
    const jinja_value *pair = list.as.list->items[i].as.list->items;
    LRT_TRY(jinja_dict_put(run, out->as.dict, &pair[0], &pair[1]));
  }
  return LRT_OK;
}

static lrt_status dump_dict(const dumper *d, const jinja_dict *dict, unsigned level) {
  jinja_value sorted;
  if (d->sorted) {
    LRT_TRY(sorted_dict(d->run, dict, &sorted));
    dict = sorted.as.dict;
  }
  lrt_str_add(d->out, "{", 1);
  for (size_t i = 0; i < dict->count; i++) {
    if (i > 0) lrt_str_add(d->out, d->item_separator.bytes, d->item_separator.length);
    new_line(d, level + 1);
    LRT_TRY(dump_key(d, &dict->entries[i].key));
    lrt_str_add(d->out, d->key_separator.bytes, d->key_separator.length);
    LRT_TRY(dump(d, &dict->entries[i].value, level + 1));
  }
  if (dict->count > 0) new_line(d, level);
  lrt_str_add(d->out, "}", 1);
  return LRT_OK;
}

static lrt_status dump(const dumper *d, const jinja_value *value, unsigned level) {
  LRT_TRY(jinja_charge(d->run, 1));
  switch (value->kind) {
  case JINJA_NONE: lrt_str_add_text(d->out, "null"); return LRT_OK;
  case JINJA_BOOL: lrt_str_add_text(d->out, value->as.boolean ? "true" : "false"); return LRT_OK;
  case JINJA_INT: lrt_str_format(d->out, "%" PRId64, value->as.integer); return LRT_OK;
  case JINJA_FLOAT: dump_float(d, value->as.real); return LRT_OK;
  case JINJA_STRING: return dump_text(d, value->as.text);
  case JINJA_LIST:
  case JINJA_TUPLE:
  case JINJA_DICT: break;
  default: return jinja_fail(d->run, "an object of type '%s' has no JSON", jinja_type_name(value));
  }
  LRT_TRY(jinja_enter(d->run));
  LRT_TRY(value->kind == JINJA_DICT ? dump_dict(d, value->as.dict, level)
                                    : dump_list(d, value->as.list, level));
  d->run->depth--;
  return LRT_OK;
}

/* indent: none, a text, or a number of blanks. */
static lrt_status set_indent(dumper *d, const jinja_value *indent) {
  static const char blanks[] = "                                ";
  int64_t width;
  d->is_indented = indent != NULL && indent->kind != JINJA_NONE;
  d->item_separator = d->is_indented ? JINJA_TEXT(",") : JINJA_TEXT(", ");
  d->key_separator = JINJA_TEXT(": ");
  if (!d->is_indented) return LRT_OK;
  if (indent->kind == JINJA_STRING) return jinja_text_argument(d->run, "tojson", indent, &d->indent);
  LRT_TRY(jinja_int_argument(d->run, "tojson", indent, 0, &width));
  if (width > (int64_t)sizeof blanks - 1)
    return jinja_fail_as(d->run, LRT_UNSUPPORTED, "tojson with an indent of more than 32 is not supported");
  d->indent = (jinja_text){blanks, width < 0 ? 0 : (size_t)width};
  return LRT_OK;
}

static lrt_status set_separators(dumper *d, const jinja_value *separators) {
  if (separators == NULL || separators->kind == JINJA_NONE) return LRT_OK;
  if ((separators->kind != JINJA_TUPLE && separators->kind != JINJA_LIST) || separators->as.list->count != 2)
    return jinja_fail(d->run, "the separators of tojson are two strings");
  LRT_TRY(jinja_text_argument(d->run, "tojson", &separators->as.list->items[0], &d->item_separator));
  return jinja_text_argument(d->run, "tojson", &separators->as.list->items[1], &d->key_separator);
}

lrt_status jinja_filter_tojson(jinja_run *run, const jinja_value *self, const jinja_args *args,
                               jinja_value *out) {
  static const char *const names[] = {"ensure_ascii", "indent", "separators", "sort_keys"};
  const jinja_value *v[4];
  lrt_str text;
  LRT_TRY(jinja_bind(run, "tojson", args, names, 4, 0, v));
  dumper d = {.run = run, .out = &text};
  d.ascii = v[0] != NULL && jinja_truth(v[0]);
  d.sorted = v[3] != NULL && jinja_truth(v[3]);
  LRT_TRY(set_indent(&d, v[1]));
  LRT_TRY(set_separators(&d, v[2]));
  jinja_open_str(run, &text);
  const lrt_status status = dump(&d, self, 0);
  if (status == LRT_OK) return jinja_take_str(run, &text, out);
  lrt_str_clear(&text);
  return status;
}

static lrt_status convert_children(jinja_run *run, const lrt_json *json, jinja_value *out) {
  jinja_value child;
  LRT_TRY(json->kind == LRT_JSON_ARRAY ? jinja_new_list(run, JINJA_LIST, json->length, out)
                                       : jinja_new_dict(run, JINJA_DICT, out));
  for (const lrt_json *at = json->as.first; at != NULL; at = at->next) {
    LRT_TRY(jinja_from_json(run, at, &child));
    if (json->kind == LRT_JSON_ARRAY) {
      LRT_TRY(jinja_list_add(run, out->as.list, &child));
    } else {
      const jinja_value key = jinja_string(at->key, at->key_length);
      LRT_TRY(jinja_dict_put(run, out->as.dict, &key, &child));
    }
  }
  return LRT_OK;
}

lrt_status jinja_from_json(jinja_run *run, const lrt_json *json, jinja_value *out) {
  LRT_TRY(jinja_charge(run, 1));
  switch (json->kind) {
  case LRT_JSON_NULL: *out = jinja_none(); return LRT_OK;
  case LRT_JSON_BOOL: *out = jinja_bool(json->as.boolean); return LRT_OK;
  case LRT_JSON_NUMBER:
    *out = json->is_integer ? jinja_int(json->as.integer) : jinja_float(json->as.number);
    return LRT_OK;
  case LRT_JSON_TEXT: *out = jinja_string(json->as.text, json->length); return LRT_OK;
  case LRT_JSON_ARRAY:
  case LRT_JSON_OBJECT: break;
  }
  LRT_TRY(jinja_enter(run));
  LRT_TRY(convert_children(run, json, out));
  run->depth--;
  return LRT_OK;
}
