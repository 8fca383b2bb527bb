/* jinja_evaluate.c: expressions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_run.h"

/* Arguments while they are collected. */
typedef struct collector {
  jinja_list values;
  jinja_keyword *keywords; /* [keyword_count] */
  size_t keyword_count, keyword_capacity;
} collector;

static lrt_status add_keyword(jinja_run *run, collector *to, jinja_text name, const jinja_value *value) {
  if (to->keyword_count == to->keyword_capacity) {
    const size_t capacity = to->keyword_capacity == 0 ? 4 : 2 * to->keyword_capacity;
    jinja_keyword *keywords;
    LRT_TRY(jinja_get(run, capacity, sizeof *keywords, &keywords));
    if (to->keyword_count > 0) memcpy(keywords, to->keywords, to->keyword_count * sizeof *keywords);
    to->keywords = keywords;
    to->keyword_capacity = capacity;
  }
  to->keywords[to->keyword_count++] = (jinja_keyword){name, *value};
  return LRT_OK;
}

static lrt_status unpack_dict(jinja_run *run, const jinja_value *value, collector *to) {
  if (value->kind != JINJA_DICT) return jinja_fail(run, "** needs a dict, not '%s'", jinja_type_name(value));
  for (size_t i = 0; i < value->as.dict->count; i++) {
    const jinja_entry *entry = &value->as.dict->entries[i];
    if (entry->key.kind != JINJA_STRING) return jinja_fail(run, "the keys of a dict behind ** are strings");
    LRT_TRY(add_keyword(run, to, entry->key.as.text, &entry->value));
  }
  return LRT_OK;
}

static lrt_status evaluate_argument(jinja_run *run, const jinja_node *node, collector *to) {
  jinja_value value;
  jinja_list items;
  LRT_TRY(jinja_evaluate(run, node->a, &value));
  if (node->uses == JINJA_UNPACKS_DICT) return unpack_dict(run, &value, to);
  if (node->text.length > 0) return add_keyword(run, to, node->text, &value);
  if (node->uses == 0) return jinja_list_add(run, &to->values, &value);
  LRT_TRY(jinja_items(run, &value, &items));
  LRT_TRY(jinja_charge(run, items.count));
  for (size_t i = 0; i < items.count; i++) LRT_TRY(jinja_list_add(run, &to->values, &items.items[i]));
  return LRT_OK;
}

lrt_status jinja_evaluate_arguments(jinja_run *run, const jinja_node *list, jinja_args *out) {
  collector to;
  memset(&to, 0, sizeof to);
  for (; list != NULL; list = list->next) LRT_TRY(evaluate_argument(run, list, &to));
  *out = (jinja_args){to.values.items, to.values.count, to.keywords, to.keyword_count};
  return LRT_OK;
}

static lrt_status apply(jinja_run *run, const jinja_node *node, const jinja_value *input, jinja_value *out) {
  jinja_args args;
  const jinja_value self = *input; /* `out` may be the same */
  LRT_TRY(jinja_evaluate_arguments(run, node->list, &args));
  run->line = node->line;
  LRT_TRY(jinja_charge(run, 1));
  return node->builtin->call(run, &self, &args, out);
}

lrt_status jinja_apply_filters(jinja_run *run, const jinja_node *node, const jinja_value *input,
                               jinja_value *out) {
  jinja_value inner = *input;
  LRT_TRY(jinja_enter(run));
  if (node->a != NULL) LRT_TRY(jinja_apply_filters(run, node->a, input, &inner));
  run->depth--;
  return apply(run, node, &inner, out);
}

static lrt_status evaluate_call(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_value callee;
  jinja_args args;
  LRT_TRY(jinja_evaluate(run, node->a, &callee));
  LRT_TRY(jinja_evaluate_arguments(run, node->list, &args));
  run->line = node->line;
  return jinja_call(run, &callee, &args, out);
}

static lrt_status evaluate_list(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_value list, item;
  LRT_TRY(jinja_new_list(run, node->type == JINJA_NODE_LIST ? JINJA_LIST : JINJA_TUPLE, 0, &list));
  for (const jinja_node *part = node->list; part != NULL; part = part->next) {
    LRT_TRY(jinja_evaluate(run, part, &item));
    LRT_TRY(jinja_list_add(run, list.as.list, &item));
  }
  *out = list;
  return LRT_OK;
}

static lrt_status evaluate_dict(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_value dict, key, value;
  LRT_TRY(jinja_new_dict(run, JINJA_DICT, &dict));
  for (const jinja_node *pair = node->list; pair != NULL; pair = pair->next) {
    LRT_TRY(jinja_evaluate(run, pair->a, &key));
    LRT_TRY(jinja_evaluate(run, pair->b, &value));
    LRT_TRY(jinja_dict_put(run, dict.as.dict, &key, &value));
  }
  *out = dict;
  return LRT_OK;
}

static lrt_status evaluate_slice(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_value object, parts[3] = {{.kind = JINJA_NONE}, {.kind = JINJA_NONE}, {.kind = JINJA_NONE}};
  size_t count = 0;
  LRT_TRY(jinja_evaluate(run, node->a, &object));
  for (const jinja_node *part = node->list; part != NULL && count < 3; part = part->next)
    LRT_TRY(jinja_evaluate(run, part, &parts[count++]));
  return jinja_slice(run, &object, &parts[0], &parts[1], &parts[2], out);
}

static lrt_status compare(jinja_run *run, jinja_operator op, const jinja_value *a, const jinja_value *b,
                          bool *out) {
  int order = 0;
  switch (op) {
  case JINJA_OP_EQ: return jinja_equal(run, a, b, out);
  case JINJA_OP_NE:
    LRT_TRY(jinja_equal(run, a, b, out));
    *out = !*out;
    return LRT_OK;
  case JINJA_OP_IN: return jinja_contains(run, b, a, out);
  case JINJA_OP_NOT_IN:
    LRT_TRY(jinja_contains(run, b, a, out));
    *out = !*out;
    return LRT_OK;
  default: break;
  }
  LRT_TRY(jinja_compare(run, a, b, &order));
  *out = op == JINJA_OP_LT   ? order == -1
         : op == JINJA_OP_LE ? order == -1 || order == 0
         : op == JINJA_OP_GT ? order == 1
                             : order == 1 || order == 0;
  return LRT_OK;
}

/* a < b <= c: each operand once, up to the first that does not hold. */
static lrt_status evaluate_comparison(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_value left, right;
  bool holds = true;
  LRT_TRY(jinja_evaluate(run, node->a, &left));
  for (const jinja_node *part = node->list; part != NULL && holds; part = part->next) {
    LRT_TRY(jinja_evaluate(run, part->a, &right));
    LRT_TRY(compare(run, part->op, &left, &right, &holds));
    left = right;
  }
  *out = jinja_bool(holds);
  return LRT_OK;
}

static lrt_status evaluate_concat(jinja_run *run, const jinja_node *node, jinja_value *out) {
  lrt_str text;
  lrt_status status = LRT_OK;
  jinja_value part;
  jinja_open_str(run, &text);
  for (const jinja_node *at = node->list; at != NULL && status == LRT_OK; at = at->next) {
    status = jinja_evaluate(run, at, &part);
    if (status == LRT_OK) status = jinja_put(run, &part, &text);
  }
  if (status == LRT_OK) return jinja_take_str(run, &text, out);
  lrt_str_clear(&text);
  return status;
}

static lrt_status evaluate_sign(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_value value;
  const jinja_value zero = jinja_int(0);
  LRT_TRY(jinja_evaluate(run, node->a, &value));
  if (value.kind == JINJA_UNDEFINED) return jinja_fail_undefined(run, &value);
  if (!jinja_is_number(&value))
    return jinja_fail(run, "a sign stands before an object of type '%s'", jinja_type_name(&value));
  if (value.kind == JINJA_FLOAT) {
    *out = jinja_float(node->type == JINJA_NODE_NEGATE ? -value.as.real : value.as.real);
    return LRT_OK;
  }
  return jinja_arithmetic(run, node->type == JINJA_NODE_NEGATE ? JINJA_OP_SUB : JINJA_OP_ADD, &zero, &value,
                          out);
}

/* AND, OR and IF_ELSE leave what they do not need alone. */
static lrt_status evaluate_branch(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_value first;
  LRT_TRY(jinja_evaluate(run, node->a, &first));
  const bool truth = jinja_truth(&first);
  if (node->type == JINJA_NODE_IF_ELSE) {
    if (truth) return jinja_evaluate(run, node->b, out);
    if (node->c != NULL) return jinja_evaluate(run, node->c, out);
    return jinja_undefined_because(run, "an inline if without else had no value", out);
  }
  if (truth == (node->type == JINJA_NODE_AND)) return jinja_evaluate(run, node->b, out);
  *out = first;
  return LRT_OK;
}

static lrt_status evaluate_operands(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_value a, b;
  LRT_TRY(jinja_evaluate(run, node->a, &a));
  LRT_TRY(jinja_evaluate(run, node->b, &b));
  run->line = node->line;
  if (node->type == JINJA_NODE_SUBSCRIPT) return jinja_subscript(run, &a, &b, out);
  return jinja_arithmetic(run, (int)node->op, &a, &b, out);
}

static lrt_status evaluate_one(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_value value;
  switch (node->type) {
  case JINJA_NODE_CONST: *out = node->value; return LRT_OK;
  case JINJA_NODE_NAME: return jinja_get_variable(run, node->text, out);
  case JINJA_NODE_ATTRIBUTE:
    LRT_TRY(jinja_evaluate(run, node->a, &value));
    return jinja_attribute(run, &value, node->text, out);
  case JINJA_NODE_SUBSCRIPT:
  case JINJA_NODE_ARITHMETIC: return evaluate_operands(run, node, out);
  case JINJA_NODE_SLICE: return evaluate_slice(run, node, out);
  case JINJA_NODE_CALL: return evaluate_call(run, node, out);
  case JINJA_NODE_FILTER:
  case JINJA_NODE_TEST: LRT_TRY(jinja_evaluate(run, node->a, &value)); return apply(run, node, &value, out);
  case JINJA_NODE_LIST:
  case JINJA_NODE_TUPLE: return evaluate_list(run, node, out);
  case JINJA_NODE_DICT: return evaluate_dict(run, node, out);
  case JINJA_NODE_NOT:
    LRT_TRY(jinja_evaluate(run, node->a, &value));
    *out = jinja_bool(!jinja_truth(&value));
    return LRT_OK;
  case JINJA_NODE_NEGATE:
  case JINJA_NODE_PLUS: return evaluate_sign(run, node, out);
  case JINJA_NODE_AND:
  case JINJA_NODE_OR:
  case JINJA_NODE_IF_ELSE: return evaluate_branch(run, node, out);
  case JINJA_NODE_COMPARE: return evaluate_comparison(run, node, out);
  case JINJA_NODE_CONCAT: return evaluate_concat(run, node, out);
  default: break;
  }
  return jinja_fail(run, "a statement stands where an expression is expected");
}

lrt_status jinja_evaluate(jinja_run *run, const jinja_node *node, jinja_value *out) {
  run->line = node->line;
  LRT_TRY(jinja_charge(run, 1));
  LRT_TRY(jinja_enter(run));
  LRT_TRY(evaluate_one(run, node, out));
  run->depth--;
  return LRT_OK;
}
