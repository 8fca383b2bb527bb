/* jinja_value.c: lists, dicts, equality, order and membership as Python defines them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tokenizer/jinja_value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tokenizer/jinja_text.h"

/* Dicts with more entries get a table of slots. */
#define FEW_ENTRIES 8

lrt_status jinja_fail_as(jinja_run *run, lrt_status status, const char *format, ...) {
  char sentence[400];
  va_list list;
  va_start(list, format);
  vsnprintf(sentence, sizeof sentence, format, list);
  va_end(list);
  return lrt_fail(run->err, status, "line %u of the chat template: %s", (unsigned)run->line, sentence);
}

lrt_status jinja_fail(jinja_run *run, const char *format, ...) {
  char sentence[400];
  va_list list;
  va_start(list, format);
  vsnprintf(sentence, sizeof sentence, format, list);
  va_end(list);
  return jinja_fail_as(run, LRT_RUN_FAILED, "%s", sentence);
}

const char *jinja_type_name(const jinja_value *value) {
  switch (value->kind) {
#define NAME(name, text)                                                                                     \
  case JINJA_##name: return text;
    JINJA_KIND_LIST(NAME)
#undef NAME
  }
  return "object";
}

lrt_status jinja_charge(jinja_run *run, uint64_t steps) {
  run->steps += steps;
  if (run->steps <= run->max_steps) return LRT_OK;
  return jinja_fail_as(run, LRT_OVER_BUDGET, "rendering takes more than %llu steps",
                       (unsigned long long)run->max_steps);
}

lrt_status jinja_get(jinja_run *run, size_t count, size_t size, void *out_pointer) {
  void *block = NULL;
  memcpy(out_pointer, &block, sizeof block);
  if (count > 0 && size > (run->max_bytes - run->bytes) / count)
    return jinja_fail_as(run, LRT_OVER_BUDGET, "rendering takes more than %llu bytes",
                         (unsigned long long)run->max_bytes);
  run->bytes += count * size;
  block = lrt_arena_get(run->arena, count * size);
  if (block == NULL) return lrt_alloc_fail(run->err, run->arena->alloc, count * size, "a chat template");
  memcpy(out_pointer, &block, sizeof block);
  return LRT_OK;
}

lrt_status jinja_enter(jinja_run *run) {
  if (run->depth >= JINJA_MAX_DEPTH)
    return jinja_fail_as(run, LRT_OVER_BUDGET, "values or calls are nested more than %d levels deep",
                         JINJA_MAX_DEPTH);
  run->depth++;
  return LRT_OK;
}

lrt_status jinja_copy_text(jinja_run *run, const char *bytes, size_t length, jinja_value *out) {
  char *copy;
  LRT_TRY(jinja_get(run, length + 1, 1, &copy));
  if (length > 0) memcpy(copy, bytes, length);
  *out = jinja_string(copy, length);
  return LRT_OK;
}

void jinja_open_str(jinja_run *run, lrt_str *str) {
  lrt_str_init(str, run->arena->alloc, (size_t)(run->max_bytes - run->bytes) + 1);
}

lrt_status jinja_take_str(jinja_run *run, lrt_str *str, jinja_value *out) {
  lrt_status status = lrt_str_check(str, NULL);
  if (status == LRT_OVER_BUDGET)
    status = jinja_fail_as(run, status, "rendering takes more than %llu bytes",
                           (unsigned long long)run->max_bytes);
  else if (status != LRT_OK)
    status = lrt_str_check(str, run->err);
  else
    status = jinja_copy_text(run, str->text, str->length, out);
  lrt_str_clear(str);
  return status;
}

lrt_status jinja_undefined(jinja_run *run, const char *owner, jinja_text what, bool is_element,
                           jinja_value *out) {
  jinja_missing *missing;
  LRT_TRY(jinja_get(run, 1, sizeof *missing, &missing));
  missing->what = what;
  missing->owner = owner;
  missing->is_element = is_element;
  *out = (jinja_value){.kind = JINJA_UNDEFINED, .as.missing = missing};
  return LRT_OK;
}

lrt_status jinja_undefined_because(jinja_run *run, const char *sentence, jinja_value *out) {
  jinja_missing *missing;
  LRT_TRY(jinja_get(run, 1, sizeof *missing, &missing));
  missing->what = (jinja_text){sentence, strlen(sentence)};
  missing->is_sentence = true;
  *out = (jinja_value){.kind = JINJA_UNDEFINED, .as.missing = missing};
  return LRT_OK;
}

lrt_status jinja_fail_undefined(jinja_run *run, const jinja_value *value) {
  const jinja_missing *missing = value->as.missing;
  const int length = missing->what.length > 200 ? 200 : (int)missing->what.length;
  const char *what = missing->what.bytes;
  if (missing->is_sentence) return jinja_fail(run, "%.*s", length, what);
  if (missing->owner == NULL) return jinja_fail(run, "'%.*s' is undefined", length, what);
  if (missing->is_element) return jinja_fail(run, "%s has no element %.*s", missing->owner, length, what);
  return jinja_fail(run, "'%s' has no attribute '%.*s'", missing->owner, length, what);
}

/* ---- lists ---- */

lrt_status jinja_new_list(jinja_run *run, jinja_kind kind, size_t capacity, jinja_value *out) {
  jinja_list *list;
  LRT_TRY(jinja_get(run, 1, sizeof *list, &list));
  if (capacity > 0) LRT_TRY(jinja_get(run, capacity, sizeof *list->items, &list->items));
  list->capacity = capacity;
  *out = (jinja_value){.kind = kind, .as.list = list};
  return LRT_OK;
}

lrt_status jinja_list_add(jinja_run *run, jinja_list *list, const jinja_value *item) {
  if (list->count == list->capacity) {
    const size_t capacity = list->capacity < 4 ? 4 : 2 * list->capacity;
    jinja_value *items;
    LRT_TRY(jinja_get(run, capacity, sizeof *items, &items));
    if (list->count > 0) memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    list->capacity = capacity;
  }
  list->items[list->count++] = *item;
  return LRT_OK;
}

/* ---- dicts ---- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t length) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < length; i++) hash = (hash ^ at[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
  return hash;
}

static lrt_status hash_of(jinja_run *run, const jinja_value *key, uint64_t *out) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325), part;
  if (jinja_is_number(key)) {
    const double number = jinja_real_of(key) + 0.0; /* -0 is 0 */
    *out = mix(hash, &number, sizeof number);
    return LRT_OK;
  }
  switch (key->kind) {
  case JINJA_STRING: *out = mix(hash, key->as.text.bytes, key->as.text.length); return LRT_OK;
  case JINJA_NONE:
  case JINJA_UNDEFINED: *out = key->kind; return LRT_OK;
  case JINJA_TUPLE:
    LRT_TRY(jinja_enter(run));
    for (size_t i = 0; i < key->as.list->count; i++) {
      LRT_TRY(hash_of(run, &key->as.list->items[i], &part));
      hash = mix(hash, &part, sizeof part);
    }
    run->depth--;
    *out = hash;
    return LRT_OK;
  default: return jinja_fail(run, "unhashable type: '%s'", jinja_type_name(key));
  }
}

static void add_slot(jinja_dict *dict, uint64_t hash, size_t index) {
  size_t at = (size_t)hash & (dict->slot_count - 1);
  while (dict->slots[at] != 0) at = (at + 1) & (dict->slot_count - 1);
  dict->slots[at] = (uint32_t)(index + 1);
}

/* Twice as many entries, and slots for all of them where there are many. */
static lrt_status grow_dict(jinja_run *run, jinja_dict *dict) {
  const size_t capacity = dict->capacity < 4 ? 4 : 2 * dict->capacity;
  jinja_entry *entries;
  if (capacity > UINT32_MAX / 4) return jinja_fail_as(run, LRT_OVER_BUDGET, "a dict has too many entries");
  LRT_TRY(jinja_get(run, capacity, sizeof *entries, &entries));
  if (dict->count > 0) memcpy(entries, dict->entries, dict->count * sizeof *entries);
  dict->entries = entries;
  dict->capacity = capacity;
  if (capacity <= FEW_ENTRIES) return LRT_OK;
  dict->slot_count = 2 * capacity;
  LRT_TRY(jinja_get(run, dict->slot_count, sizeof *dict->slots, &dict->slots));
  for (size_t i = 0; i < dict->count; i++) {
    uint64_t hash;
    LRT_TRY(hash_of(run, &dict->entries[i].key, &hash));
    add_slot(dict, hash, i);
  }
  return LRT_OK;
}

static lrt_status find_entry(jinja_run *run, const jinja_dict *dict, const jinja_value *key, uint64_t hash,
                             jinja_entry **out) {
  bool equal = false;
  *out = NULL;
  if (dict->slots == NULL) {
    for (size_t i = 0; i < dict->count && !equal; i++) {
      LRT_TRY(jinja_equal(run, &dict->entries[i].key, key, &equal));
      if (equal) *out = &dict->entries[i];
    }
    return LRT_OK;
  }
  for (size_t at = (size_t)hash & (dict->slot_count - 1); dict->slots[at] != 0 && !equal;
       at = (at + 1) & (dict->slot_count - 1)) {
    jinja_entry *entry = &dict->entries[dict->slots[at] - 1];
    LRT_TRY(jinja_charge(run, 1));
    LRT_TRY(jinja_equal(run, &entry->key, key, &equal));
    if (equal) *out = entry;
  }
  return LRT_OK;
}

lrt_status jinja_new_dict(jinja_run *run, jinja_kind kind, jinja_value *out) {
  jinja_dict *dict;
  LRT_TRY(jinja_get(run, 1, sizeof *dict, &dict));
  *out = (jinja_value){.kind = kind, .as.dict = dict};
  return LRT_OK;
}

lrt_status jinja_dict_put(jinja_run *run, jinja_dict *dict, const jinja_value *key,
                          const jinja_value *value) {
  uint64_t hash;
  jinja_entry *entry;
  LRT_TRY(hash_of(run, key, &hash));
  LRT_TRY(find_entry(run, dict, key, hash, &entry));
  if (entry == NULL) {
    if (dict->count == dict->capacity) LRT_TRY(grow_dict(run, dict));
    if (dict->slots != NULL) add_slot(dict, hash, dict->count);
    entry = &dict->entries[dict->count++];
    entry->key = *key;
  }
  entry->value = *value;
  return LRT_OK;
}

lrt_status jinja_dict_find(jinja_run *run, const jinja_dict *dict, const jinja_value *key,
                           const jinja_value **out) {
  uint64_t hash;
  jinja_entry *entry;
  LRT_TRY(hash_of(run, key, &hash));
  LRT_TRY(find_entry(run, dict, key, hash, &entry));
  *out = entry == NULL ? NULL : &entry->value;
  return LRT_OK;
}

static bool entry_is(const jinja_entry *entry, jinja_text key) {
  return entry->key.kind == JINJA_STRING && jinja_text_equal(entry->key.as.text, key);
}

const jinja_value *jinja_dict_get(const jinja_dict *dict, jinja_text key) {
  if (dict->slots == NULL) {
    for (size_t i = 0; i < dict->count; i++)
      if (entry_is(&dict->entries[i], key)) return &dict->entries[i].value;
    return NULL;
  }
  const uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), key.bytes, key.length);
  for (size_t at = (size_t)hash & (dict->slot_count - 1); dict->slots[at] != 0;
       at = (at + 1) & (dict->slot_count - 1))
    if (entry_is(&dict->entries[dict->slots[at] - 1], key)) return &dict->entries[dict->slots[at] - 1].value;
  return NULL;
}

/* ---- comparing ---- */

bool jinja_truth(const jinja_value *value) {
  switch (value->kind) {
  case JINJA_UNDEFINED:
  case JINJA_NONE: return false;
  case JINJA_BOOL: return value->as.boolean;
  case JINJA_INT: return value->as.integer != 0;
  case JINJA_FLOAT: return value->as.real != 0;
  case JINJA_STRING: return value->as.text.length > 0;
  case JINJA_LIST:
  case JINJA_TUPLE:
  case JINJA_VIEW:
  case JINJA_RANGE: return value->as.list->count > 0;
  case JINJA_DICT: return value->as.dict->count > 0;
  default: return true;
  }
}

int64_t jinja_integer_of(const jinja_value *value) {
  return value->kind == JINJA_BOOL ? value->as.boolean : value->as.integer;
}

double jinja_real_of(const jinja_value *value) {
  return value->kind == JINJA_FLOAT ? value->as.real : (double)jinja_integer_of(value);
}

bool jinja_text_equal(jinja_text a, jinja_text b) {
  return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

bool jinja_text_is(jinja_text a, const char *b) {
  return a.length == strlen(b) && memcmp(a.bytes, b, a.length) == 0;
}

static lrt_status equal_lists(jinja_run *run, const jinja_list *a, const jinja_list *b, bool *out) {
  *out = a->count == b->count;
  LRT_TRY(jinja_enter(run));
  for (size_t i = 0; i < a->count && *out; i++) LRT_TRY(jinja_equal(run, &a->items[i], &b->items[i], out));
  run->depth--;
  return LRT_OK;
}

static lrt_status equal_dicts(jinja_run *run, const jinja_dict *a, const jinja_dict *b, bool *out) {
  *out = a->count == b->count;
  LRT_TRY(jinja_enter(run));
  for (size_t i = 0; i < a->count && *out; i++) {
    const jinja_value *other;
    LRT_TRY(jinja_dict_find(run, b, &a->entries[i].key, &other));
    *out = other != NULL;
    if (*out) LRT_TRY(jinja_equal(run, &a->entries[i].value, other, out));
  }
  run->depth--;
  return LRT_OK;
}

lrt_status jinja_equal(jinja_run *run, const jinja_value *a, const jinja_value *b, bool *out) {
  LRT_TRY(jinja_charge(run, 1));
  *out = false;
  if (jinja_is_integer(a) && jinja_is_integer(b)) {
    *out = jinja_integer_of(a) == jinja_integer_of(b);
  } else if (jinja_is_number(a) && jinja_is_number(b)) {
    *out = jinja_real_of(a) == jinja_real_of(b);
  } else if (a->kind == b->kind) {
    switch (a->kind) {
    case JINJA_UNDEFINED:
    case JINJA_NONE: *out = true; break;
    case JINJA_STRING: *out = jinja_text_equal(a->as.text, b->as.text); break;
    case JINJA_LIST:
    case JINJA_TUPLE:
    case JINJA_RANGE: return equal_lists(run, a->as.list, b->as.list, out);
    case JINJA_DICT: return equal_dicts(run, a->as.dict, b->as.dict, out);
    default: *out = memcmp(&a->as, &b->as, sizeof(void *)) == 0; break;
    }
  }
  return LRT_OK;
}

static lrt_status compare_lists(jinja_run *run, const jinja_list *a, const jinja_list *b, int *out) {
  const size_t common = a->count < b->count ? a->count : b->count;
  *out = a->count < b->count ? -1 : a->count > b->count;
  for (size_t i = 0; i < common; i++) {
    bool equal;
    LRT_TRY(jinja_equal(run, &a->items[i], &b->items[i], &equal));
    if (equal) continue;
    LRT_TRY(jinja_enter(run));
    LRT_TRY(jinja_compare(run, &a->items[i], &b->items[i], out));
    run->depth--;
    return LRT_OK;
  }
  return LRT_OK;
}

/* UTF-8 sorts as its code points do. */
static int compare_texts(jinja_text a, jinja_text b) {
  const size_t common = a.length < b.length ? a.length : b.length;
  const int order = common == 0 ? 0 : memcmp(a.bytes, b.bytes, common);
  if (order != 0) return order < 0 ? -1 : 1;
  return a.length < b.length ? -1 : a.length > b.length;
}

lrt_status jinja_compare(jinja_run *run, const jinja_value *a, const jinja_value *b, int *out) {
  LRT_TRY(jinja_charge(run, 1));
  if (jinja_is_integer(a) && jinja_is_integer(b)) {
    const int64_t x = jinja_integer_of(a), y = jinja_integer_of(b);
    *out = x < y ? -1 : x > y;
    return LRT_OK;
  }
  if (jinja_is_number(a) && jinja_is_number(b)) {
    const double x = jinja_real_of(a), y = jinja_real_of(b);
    *out = x < y ? -1 : x > y ? 1 : x == y ? 0 : 2; /* 2: NaN is in no relation */
    return LRT_OK;
  }
  if (a->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, a);
  if (b->kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, b);
  if (a->kind == b->kind && a->kind == JINJA_STRING) {
    *out = compare_texts(a->as.text, b->as.text);
    return LRT_OK;
  }
  if (a->kind == b->kind && (a->kind == JINJA_LIST || a->kind == JINJA_TUPLE))
    return compare_lists(run, a->as.list, b->as.list, out);
  return jinja_fail(run, "'%s' and '%s' have no order", jinja_type_name(a), jinja_type_name(b));
}

lrt_status jinja_contains(jinja_run *run, const jinja_value *container, const jinja_value *item, bool *out) {
  jinja_list items;
  *out = false;
  if (container->kind == JINJA_STRING) {
    if (item->kind != JINJA_STRING)
      return jinja_fail(run, "'in <string>' requires a string on its left, not '%s'", jinja_type_name(item));
    LRT_TRY(jinja_charge(run, container->as.text.length / 16));
    *out = jinja_text_find(container->as.text, item->as.text, 0) != SIZE_MAX;
    return LRT_OK;
  }
  if (container->kind == JINJA_DICT) {
    const jinja_value *found;
    LRT_TRY(jinja_dict_find(run, container->as.dict, item, &found));
    *out = found != NULL;
    return LRT_OK;
  }
  LRT_TRY(jinja_items(run, container, &items));
  for (size_t i = 0; i < items.count && !*out; i++) LRT_TRY(jinja_equal(run, &items.items[i], item, out));
  return LRT_OK;
}

lrt_status jinja_length(jinja_run *run, const jinja_value *value, int64_t *out) {
  switch (value->kind) {
  case JINJA_UNDEFINED: *out = 0; return LRT_OK;
  case JINJA_STRING: *out = (int64_t)jinja_text_count(value->as.text); return LRT_OK;
  case JINJA_LIST:
  case JINJA_TUPLE:
  case JINJA_VIEW:
  case JINJA_RANGE: *out = (int64_t)value->as.list->count; return LRT_OK;
  case JINJA_DICT: *out = (int64_t)value->as.dict->count; return LRT_OK;
  default: return jinja_fail(run, "an object of type '%s' has no length", jinja_type_name(value));
  }
}

static lrt_status items_of_text(jinja_run *run, jinja_text text, jinja_list *out) {
  LRT_TRY(jinja_get(run, text.length, sizeof *out->items, &out->items));
  for (size_t at = 0; at < text.length;) {
    const size_t bytes = jinja_text_step(text, at);
    out->items[out->count++] = jinja_string(text.bytes + at, bytes);
    at += bytes;
  }
  return LRT_OK;
}

lrt_status jinja_items(jinja_run *run, const jinja_value *value, jinja_list *out) {
  memset(out, 0, sizeof *out);
  switch (value->kind) {
  case JINJA_UNDEFINED: return LRT_OK;
  case JINJA_STRING: return items_of_text(run, value->as.text, out);
  case JINJA_LIST:
  case JINJA_TUPLE:
  case JINJA_VIEW:
  case JINJA_RANGE: *out = *value->as.list; return LRT_OK;
  case JINJA_ITERATOR:
    out->count = value->as.list->count - value->as.list->at;
    if (out->count > 0) out->items = value->as.list->items + value->as.list->at;
    value->as.list->at = value->as.list->count;
    return LRT_OK;
  case JINJA_DICT:
    LRT_TRY(jinja_get(run, value->as.dict->count, sizeof *out->items, &out->items));
    for (; out->count < value->as.dict->count; out->count++)
      out->items[out->count] = value->as.dict->entries[out->count].key;
    return LRT_OK;
  default: return jinja_fail(run, "an object of type '%s' cannot be walked", jinja_type_name(value));
  }
}
