/* hashtable.c: HASHTABLE, HASHTABLE_IMPORT, HASHTABLE_FIND, HASHTABLE_SIZE: static tables of the interpreter. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "ops/movement.h"
#include "ops/string_table.h"

/* A table is three variables with consecutive numbers: keys, values, and an index by hash: int32 [slots], position of
 * a key + 1, slots a power of two. The handle is the first number. Every entry is checked when it is used: a file may
 * pass any number as a handle. */
enum { TABLE_KEYS, TABLE_VALUES, TABLE_INDEX, TABLE_PARTS };

typedef struct table_params {
  lrt_resources *resources;
  int32_t id;
  lrt_value *picks; /* FIND of strings: int32 [keys], strings to copy */
  lrt_value *index; /* IMPORT: the new index */
  int64_t slots;
} table_params;

static lrt_status new_params(lrt_prepare *p, table_params **out) {
  *out = lrt_prepare_params(p, sizeof **out);
  if (*out == NULL) return lrt_prepare_no_memory(p);
  (*out)->resources = p->resources;
  return LRT_OK;
}

static bool is_pair(lrt_type key, lrt_type value) {
  return (key == LRT_INT64 && value == LRT_STRING) || (key == LRT_STRING && value == LRT_INT64);
}

static lrt_status table_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const table_params *params = step->params;
  (void)run;
  (void)begin;
  (void)end;
  memcpy(step->outputs[0]->data, &params->id, sizeof params->id);
  return LRT_OK;
}

static lrt_status prepare_table(lrt_prepare *p) {
  static const char *const parts[TABLE_PARTS] = {"\x01keys", "\x01values", "\x01index"};
  const lrt_hashtable_options *options = p->node->options;
  const lrt_shape one = {1, {1}};
  table_params *params = NULL;
  char name[16];
  LRT_TRY(lrt_prepare_arity(p, 0, 0, 1));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_RESOURCE));
  if (options == NULL || !is_pair((lrt_type)options->key_dtype, (lrt_type)options->value_dtype))
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "maps other types than strings to int64 or back");
  LRT_TRY(new_params(p, &params));
  snprintf(name, sizeof name, "%d", options->table_id);
  for (int i = 0; i < TABLE_PARTS; i++) {
    int32_t id;
    LRT_TRY(lrt_resources_find(p->resources, parts[i], name, &id, p->err));
    if (i == TABLE_KEYS)
      params->id = id;
    else if (id != params->id + i)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "clashes with a variable's name");
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &one));
  return lrt_prepare_step(p, table_step, params, 1, 0, "hashtable");
}

const lrt_op lrt_op_hashtable = {prepare_table, false, 0, true};

/* ---- contents ---- */

/* Variable `part` of the table a handle names, as a value. False where there is none. */
static bool part_of(const table_params *params, const lrt_value *handle, int part, lrt_value *out) {
  int32_t id = -1;
  if (handle->data != NULL && handle->bytes >= sizeof id) memcpy(&id, handle->data, sizeof id);
  const lrt_resource *found =
      id < 0 || id > INT32_MAX - TABLE_PARTS ? NULL : lrt_resources_get(params->resources, id + part);
  if (found == NULL || found->data == NULL) return false;
  memset(out, 0, sizeof *out);
  out->type = found->type;
  out->shape = found->shape;
  out->data = found->data;
  out->bytes = found->bytes;
  out->name = "a table";
  return true;
}

/* Keys in either form. */
typedef struct key_list {
  const int64_t *numbers; /* NULL for strings */
  lrt_strings strings;
  int64_t count;
} key_list;

static lrt_status keys_of(const lrt_value *value, key_list *out, lrt_error *err) {
  memset(out, 0, sizeof *out);
  out->count = lrt_shape_count(&value->shape);
  if (value->type == LRT_STRING) return lrt_strings_of(value, &out->strings, err);
  out->numbers = value->data;
  return LRT_OK;
}

static uint64_t hash_of(const key_list *keys, int64_t i) {
  int32_t length;
  if (keys->numbers != NULL) return (uint64_t)keys->numbers[i] * 0x9e3779b97f4a7c15u >> 20;
  const char *text = lrt_strings_at(&keys->strings, i, &length);
  return lrt_strings_hash(text, length);
}

static bool same_key(const key_list *a, int64_t i, const key_list *b, int64_t k) {
  int32_t one, two;
  if (a->numbers != NULL && b->numbers != NULL) return a->numbers[i] == b->numbers[k];
  if (a->numbers != NULL || b->numbers != NULL) return false;
  const char *x = lrt_strings_at(&a->strings, i, &one), *y = lrt_strings_at(&b->strings, k, &two);
  return one == two && memcmp(x, y, (size_t)one) == 0;
}

/* Slot where wanted[i] stands or would stand; -1 where the index is damaged. */
static int64_t slot_of(const int32_t *index, int64_t slots, const key_list *keys, const key_list *wanted,
                       int64_t i) {
  const uint64_t hash = hash_of(wanted, i);
  for (int64_t probe = 0; probe < slots; probe++) {
    const int64_t slot = (int64_t)((hash + (uint64_t)probe) & (uint64_t)(slots - 1));
    if (index[slot] < 0 || index[slot] > keys->count) return -1;
    if (index[slot] == 0 || same_key(keys, index[slot] - 1, wanted, i)) return slot;
  }
  return -1;
}

/* ---- IMPORT: the first one fills the table, later ones do nothing ---- */

static lrt_status import_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const table_params *params = step->params;
  const lrt_value *handle = step->inputs[0];
  lrt_value known;
  key_list keys;
  int32_t id = -1, *index = params->index->data;
  (void)begin;
  (void)end;
  if (part_of(params, handle, TABLE_KEYS, &known)) return LRT_OK;
  LRT_TRY(keys_of(step->inputs[1], &keys, run->err));
  memset(index, 0, params->index->bytes);
  for (int64_t i = 0; i < keys.count; i++) {
    if (i % 256 == 255) LRT_TRY(lrt_step_check(run)); /* a file may choose keys that collide */
    const int64_t slot = slot_of(index, params->slots, &keys, &keys, i);
    if (slot >= 0 && index[slot] == 0) index[slot] = (int32_t)i + 1;
  }
  if (handle->data != NULL && handle->bytes >= sizeof id) memcpy(&id, handle->data, sizeof id);
  if (id < 0 || lrt_resources_get(params->resources, id) == NULL ||
      lrt_resources_get(params->resources, id + TABLE_INDEX) == NULL)
    return lrt_fail(run->err, LRT_RUN_FAILED, "HASHTABLE_IMPORT: there is no table %d", id);
  const lrt_value *values = step->inputs[2];
  const lrt_shape slots = {1, {(int32_t)params->slots}};
  LRT_TRY(lrt_resource_assign(params->resources, id + TABLE_INDEX, LRT_INT32, &slots, index,
                              params->index->bytes, run->err));
  LRT_TRY(lrt_resource_assign(params->resources, id + TABLE_VALUES, values->type, &values->shape,
                              values->data, values->bytes, run->err));
  return lrt_resource_assign(params->resources, id, step->inputs[1]->type, &step->inputs[1]->shape,
                             step->inputs[1]->data, step->inputs[1]->bytes, run->err);
}

static lrt_status check_handle(lrt_prepare *p, int inputs, int outputs) {
  static const int types[] = {LRT_RESOURCE, -1};
  LRT_TRY(lrt_prepare_arity(p, inputs, inputs, outputs));
  return lrt_prepare_types(p, 0, types);
}

static lrt_status prepare_import(lrt_prepare *p) {
  table_params *params = NULL;
  LRT_TRY(check_handle(p, 3, 0));
  const lrt_value *keys = p->inputs[1], *values = p->inputs[2];
  if (!is_pair(keys->type, values->type) || !lrt_shape_equal(&keys->shape, &values->shape))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "keys and values must be strings and int64 of one shape");
  const int64_t count = lrt_shape_count(&keys->shape);
  if (count < 0 || count > (1 << 28)) return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the table is too large");
  LRT_TRY(new_params(p, &params));
  for (params->slots = 2; params->slots < 2 * count;) params->slots *= 2;
  params->index = lrt_prepare_temp(p, (size_t)params->slots * sizeof(int32_t));
  if (params->index == NULL) return lrt_prepare_no_memory(p);
  return lrt_prepare_step(p, import_step, params, 1, 0, "hashtable_import");
}

const lrt_op lrt_op_hashtable_import = {prepare_import, false, 0, true};

/* ---- FIND ---- */

typedef struct table_view {
  key_list keys;
  lrt_value values;
  const int32_t *index;
  int64_t slots;
} table_view;

static lrt_status open_table(const lrt_step *step, table_view *t, lrt_error *err) {
  const table_params *params = step->params;
  lrt_value keys, index;
  if (!part_of(params, step->inputs[0], TABLE_KEYS, &keys) ||
      !part_of(params, step->inputs[0], TABLE_VALUES, &t->values) ||
      !part_of(params, step->inputs[0], TABLE_INDEX, &index))
    return lrt_fail(err, LRT_RUN_FAILED, "a table is used before anything was imported into it");
  t->index = index.data;
  t->slots = lrt_shape_count(&index.shape);
  if (!is_pair(keys.type, t->values.type) || !lrt_shape_equal(&keys.shape, &t->values.shape) ||
      index.type != LRT_INT32 || t->slots < 2 || (t->slots & (t->slots - 1)) != 0)
    return lrt_fail(err, LRT_RUN_FAILED, "a handle does not name a table");
  return keys_of(&keys, &t->keys, err);
}

/* Position of a key in the table, -1 where it is not there. */
static int64_t position_of(const table_view *t, const key_list *wanted, int64_t i) {
  const int64_t slot = slot_of(t->index, t->slots, &t->keys, wanted, i);
  return slot < 0 ? -1 : (int64_t)t->index[slot] - 1;
}

/* Strings may come from the table or be the default: both tables are laid behind one another. */
static lrt_status find_strings(const lrt_step *step, const lrt_step_run *run, const table_view *t,
                               const key_list *wanted) {
  lrt_error *err = run->err;
  const table_params *params = step->params;
  lrt_strings values, dflt;
  lrt_value *out = step->outputs[0];
  int32_t *picks = params->picks->data, length;
  LRT_TRY(lrt_strings_of(&t->values, &values, err));
  LRT_TRY(lrt_strings_of(step->inputs[2], &dflt, err));
  uint64_t bytes = 4 * ((uint64_t)wanted->count + 2);
  for (int64_t i = 0; i < wanted->count; i++) {
    if (i % 256 == 255) LRT_TRY(lrt_step_check(run));
    picks[i] = (int32_t)position_of(t, wanted, i);
    lrt_strings_at(picks[i] < 0 ? &dflt : &values, picks[i] < 0 ? 0 : picks[i], &length);
    bytes += (uint64_t)length;
    if (bytes > INT32_MAX)
      return lrt_fail(err, LRT_RUN_FAILED, "HASHTABLE_FIND: the strings found are too long");
  }
  LRT_TRY(lrt_value_reserve(out, (size_t)bytes, err));
  int32_t *table = out->data, at = 4 * ((int32_t)wanted->count + 2);
  table[0] = (int32_t)wanted->count;
  for (int64_t i = 0; i < wanted->count; i++) {
    const char *text = lrt_strings_at(picks[i] < 0 ? &dflt : &values, picks[i] < 0 ? 0 : picks[i], &length);
    table[1 + i] = at;
    memcpy((char *)out->data + at, text, (size_t)length);
    at += length;
  }
  table[1 + wanted->count] = at;
  return LRT_OK;
}

static lrt_status find_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  table_view t;
  key_list wanted;
  (void)begin;
  (void)end;
  LRT_TRY(open_table(step, &t, run->err));
  LRT_TRY(keys_of(step->inputs[1], &wanted, run->err));
  if (t.values.type != step->outputs[0]->type)
    return lrt_fail(run->err, LRT_RUN_FAILED, "HASHTABLE_FIND: the table holds values of another type");
  if (t.values.type == LRT_STRING) return find_strings(step, run, &t, &wanted);
  int64_t *out = step->outputs[0]->data;
  for (int64_t i = 0; i < wanted.count; i++) {
    if (i % 256 == 255) LRT_TRY(lrt_step_check(run));
    const int64_t at = position_of(&t, &wanted, i);
    out[i] = at < 0 ? *(const int64_t *)step->inputs[2]->data : ((const int64_t *)t.values.data)[at];
  }
  return LRT_OK;
}

static lrt_status prepare_find(lrt_prepare *p) {
  table_params *params = NULL;
  LRT_TRY(check_handle(p, 3, 1));
  LRT_TRY(lrt_moved_output_type(p, 0, p->inputs[2]->type));
  const lrt_value *keys = p->inputs[1];
  const int64_t count = lrt_shape_count(&keys->shape);
  if (!is_pair(keys->type, p->inputs[2]->type) || lrt_shape_count(&p->inputs[2]->shape) < 1 ||
      count > INT32_MAX / 8)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "keys and default must be strings and an int64, or the reverse");
  LRT_TRY(lrt_prepare_shape(p, 0, &keys->shape));
  LRT_TRY(new_params(p, &params));
  params->picks = lrt_prepare_temp(p, (size_t)count * sizeof(int32_t));
  if (params->picks == NULL) return lrt_prepare_no_memory(p);
  return lrt_prepare_step(p, find_step, params, 1, 0, "hashtable_find");
}

const lrt_op lrt_op_hashtable_find = {prepare_find, false, 0, true};

static lrt_status size_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  table_view t;
  int64_t count = 0;
  (void)begin;
  (void)end;
  LRT_TRY(open_table(step, &t, run->err));
  for (int64_t i = 0; i < t.slots; i++) count += t.index[i] != 0;
  memcpy(step->outputs[0]->data, &count, sizeof count);
  return LRT_OK;
}

static lrt_status prepare_size(lrt_prepare *p) {
  const lrt_shape one = {1, {1}};
  table_params *params = NULL;
  LRT_TRY(check_handle(p, 1, 1));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_INT64));
  LRT_TRY(lrt_prepare_shape(p, 0, &one));
  LRT_TRY(new_params(p, &params));
  return lrt_prepare_step(p, size_step, params, 1, 0, "hashtable_size");
}

const lrt_op lrt_op_hashtable_size = {prepare_size, false, 0, true};
