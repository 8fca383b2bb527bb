/* jinja_execute.c: statements, scopes and macros. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_run.h"

/* How a chain of statements ended. */
typedef enum flow { GO_ON, BREAK, CONTINUE } flow;

static lrt_status execute(jinja_run *run, const jinja_node *list, flow *out);

/* ---- variables ---- */

lrt_status jinja_open_scope(jinja_run *run, jinja_scope *parent, jinja_scope **out) {
  LRT_TRY(jinja_get(run, 1, sizeof **out, out));
  (*out)->parent = parent;
  return LRT_OK;
}

static lrt_status find_in(jinja_run *run, const jinja_scope *scope, jinja_text name, jinja_variable **out) {
  uint64_t seen = 0;
  *out = scope->variables;
  for (; *out != NULL && !jinja_text_equal((*out)->name, name); *out = (*out)->next) seen++;
  return jinja_charge(run, seen / 8);
}

lrt_status jinja_set_variable(jinja_run *run, jinja_text name, const jinja_value *value) {
  jinja_variable *variable;
  LRT_TRY(find_in(run, run->scope, name, &variable));
  if (variable == NULL) {
    LRT_TRY(jinja_get(run, 1, sizeof *variable, &variable));
    variable->name = name;
    variable->next = run->scope->variables;
    run->scope->variables = variable;
  }
  variable->value = *value;
  return LRT_OK;
}

lrt_status jinja_get_variable(jinja_run *run, jinja_text name, jinja_value *out) {
  for (const jinja_scope *scope = run->scope; scope != NULL; scope = scope->parent) {
    jinja_variable *variable;
    LRT_TRY(find_in(run, scope, name, &variable));
    if (variable == NULL) continue;
    *out = variable->value;
    return LRT_OK;
  }
  const jinja_value *given = jinja_dict_get(run->context, name);
  if (given != NULL) {
    *out = *given;
    return LRT_OK;
  }
  const jinja_builtin *global = jinja_find_global(name);
  if (global == NULL) return jinja_undefined(run, NULL, name, false, out);
  jinja_bound *bound;
  LRT_TRY(jinja_get(run, 1, sizeof *bound, &bound));
  bound->builtin = global;
  *out = (jinja_value){.kind = JINJA_FUNCTION, .as.function = bound};
  return LRT_OK;
}

static lrt_status assign_tuple(jinja_run *run, const jinja_node *target, const jinja_value *value) {
  jinja_list items;
  size_t wanted = 0, at = 0;
  for (const jinja_node *part = target->list; part != NULL; part = part->next) wanted++;
  LRT_TRY(jinja_items(run, value, &items));
  if (items.count != wanted)
    return jinja_fail(run, "%zu values are unpacked into %zu names", items.count, wanted);
  for (const jinja_node *part = target->list; part != NULL; part = part->next)
    LRT_TRY(jinja_assign(run, part, &items.items[at++]));
  return LRT_OK;
}

lrt_status jinja_assign(jinja_run *run, const jinja_node *target, const jinja_value *value) {
  if (target->type == JINJA_NODE_NAME) return jinja_set_variable(run, target->text, value);
  if (target->type == JINJA_NODE_TUPLE) return assign_tuple(run, target, value);
  jinja_value object;
  const jinja_value key = jinja_text_value(target->text);
  LRT_TRY(jinja_get_variable(run, target->a->text, &object));
  if (object.kind != JINJA_NAMESPACE || target->type != JINJA_NODE_ATTRIBUTE)
    return jinja_fail(run, "an attribute can be set of namespaces only, not of '%s'",
                      jinja_type_name(&object));
  return jinja_dict_put(run, object.as.dict, &key, value);
}

/* ---- output that becomes a value ---- */

/* Runs statements in a scope below `parent`; their output is the value. */
static lrt_status capture(jinja_run *run, jinja_scope *scope, const jinja_node *list, flow *how,
                          jinja_value *out) {
  jinja_scope *outer = run->scope;
  lrt_str *outer_text = run->out, text;
  jinja_open_str(run, &text);
  run->scope = scope;
  run->out = &text;
  const lrt_status status = execute(run, list, how);
  run->scope = outer;
  run->out = outer_text;
  if (status == LRT_OK) return jinja_take_str(run, &text, out);
  lrt_str_clear(&text);
  return status;
}

/* ---- macros ---- */

static lrt_status take_rest(jinja_run *run, const jinja_args *args, size_t named, jinja_value *out) {
  LRT_TRY(jinja_new_list(run, JINJA_TUPLE, 0, out));
  for (size_t i = named; i < args->count; i++) LRT_TRY(jinja_list_add(run, out->as.list, &args->values[i]));
  return LRT_OK;
}

static const jinja_keyword *find_keyword(const jinja_args *args, jinja_text name) {
  for (size_t i = 0; i < args->keyword_count; i++)
    if (jinja_text_equal(args->keywords[i].name, name)) return &args->keywords[i];
  return NULL;
}

static bool is_parameter(const jinja_node *node, jinja_text name) {
  for (const jinja_node *p = node->params; p != NULL; p = p->next)
    if (jinja_text_equal(p->text, name)) return true;
  return false;
}

/* Keyword arguments without a parameter of their name: caller, and what goes to kwargs. */
static lrt_status take_keywords(jinja_run *run, const jinja_node *node, const jinja_args *args) {
  jinja_value rest, caller;
  LRT_TRY(jinja_undefined_because(run, "no caller is defined", &caller));
  LRT_TRY(jinja_new_dict(run, JINJA_DICT, &rest));
  for (size_t i = 0; i < args->keyword_count; i++) {
    const jinja_keyword *keyword = &args->keywords[i];
    const jinja_value name = jinja_text_value(keyword->name);
    if (is_parameter(node, keyword->name)) continue;
    if (jinja_text_is(keyword->name, "caller") && (node->uses & JINJA_USES_CALLER) != 0)
      caller = keyword->value;
    else if ((node->uses & JINJA_USES_KWARGS) != 0)
      LRT_TRY(jinja_dict_put(run, rest.as.dict, &name, &keyword->value));
    else
      return jinja_fail(run, "the macro %.*s takes no keyword argument %.*s", (int)node->text.length,
                        node->text.bytes, (int)keyword->name.length, keyword->name.bytes);
  }
  if ((node->uses & JINJA_USES_CALLER) != 0) LRT_TRY(jinja_set_variable(run, JINJA_TEXT("caller"), &caller));
  if ((node->uses & JINJA_USES_KWARGS) == 0) return LRT_OK;
  return jinja_set_variable(run, JINJA_TEXT("kwargs"), &rest);
}

/* In the macro's own scope: a parameter's value from the call, else its default. */
static lrt_status bind_parameter(jinja_run *run, const jinja_node *node, const jinja_node *param,
                                 size_t index, const jinja_args *args) {
  jinja_value value;
  const jinja_keyword *keyword = find_keyword(args, param->text);
  if (index < args->count && keyword != NULL)
    return jinja_fail(run, "the macro %.*s got two values for %.*s", (int)node->text.length, node->text.bytes,
                      (int)param->text.length, param->text.bytes);
  if (index < args->count)
    value = args->values[index];
  else if (keyword != NULL)
    value = keyword->value;
  else if (param->a != NULL)
    LRT_TRY(jinja_evaluate(run, param->a, &value));
  else
    LRT_TRY(jinja_undefined_because(run, "a parameter of a macro was not provided", &value));
  return jinja_set_variable(run, param->text, &value);
}

static lrt_status bind_parameters(jinja_run *run, const jinja_node *node, const jinja_args *args) {
  size_t index = 0;
  for (const jinja_node *param = node->params; param != NULL; param = param->next)
    LRT_TRY(bind_parameter(run, node, param, index++, args));
  if ((node->uses & JINJA_USES_VARARGS) != 0) {
    jinja_value rest;
    LRT_TRY(take_rest(run, args, index, &rest));
    LRT_TRY(jinja_set_variable(run, JINJA_TEXT("varargs"), &rest));
  } else if (args->count > index) {
    return jinja_fail(run, "the macro %.*s takes not more than %zu arguments", (int)node->text.length,
                      node->text.bytes, index);
  }
  return take_keywords(run, node, args);
}

lrt_status jinja_call_macro(jinja_run *run, const jinja_macro *macro, const jinja_args *args,
                            jinja_value *out) {
  jinja_scope *outer = run->scope, *scope;
  flow how;
  LRT_TRY(jinja_enter(run));
  LRT_TRY(jinja_open_scope(run, macro->scope, &scope));
  run->scope = scope;
  LRT_TRY(bind_parameters(run, macro->node, args));
  run->scope = outer;
  LRT_TRY(capture(run, scope, macro->node->list, &how, out));
  run->depth--;
  return LRT_OK;
}

static lrt_status make_macro(jinja_run *run, const jinja_node *node, jinja_value *out) {
  jinja_macro *macro;
  LRT_TRY(jinja_get(run, 1, sizeof *macro, &macro));
  macro->node = node;
  macro->scope = run->scope;
  *out = (jinja_value){.kind = JINJA_MACRO, .as.macro = macro};
  return LRT_OK;
}

/* ---- statements ---- */

static lrt_status put_output(jinja_run *run, const jinja_value *value) {
  LRT_TRY(jinja_put(run, value, run->out));
  return run->out->status == LRT_OK ? LRT_OK : lrt_str_check(run->out, run->err);
}

static lrt_status execute_call_block(jinja_run *run, const jinja_node *node) {
  jinja_value callee, result;
  jinja_args args;
  LRT_TRY(jinja_evaluate(run, node->a->a, &callee));
  LRT_TRY(jinja_evaluate_arguments(run, node->a->list, &args));
  jinja_keyword *keywords;
  LRT_TRY(jinja_get(run, args.keyword_count + 1, sizeof *keywords, &keywords));
  if (args.keyword_count > 0) memcpy(keywords, args.keywords, args.keyword_count * sizeof *keywords);
  keywords[args.keyword_count].name = JINJA_TEXT("caller");
  LRT_TRY(make_macro(run, node, &keywords[args.keyword_count++].value));
  args.keywords = keywords;
  LRT_TRY(jinja_call(run, &callee, &args, &result));
  return put_output(run, &result);
}

lrt_status jinja_fill_loop(jinja_run *run, jinja_loop *loop, size_t count) {
  jinja_scope *inner = run->scope;
  jinja_value pass;
  while (loop->items.count < count && loop->source.at < loop->source.count) {
    const jinja_value *item = &loop->source.items[loop->source.at++];
    LRT_TRY(jinja_charge(run, 1));
    LRT_TRY(jinja_open_scope(run, loop->outer, &run->scope));
    LRT_TRY(jinja_assign(run, loop->node->a, item));
    LRT_TRY(jinja_evaluate(run, loop->node->c, &pass));
    if (jinja_truth(&pass)) LRT_TRY(jinja_list_add(run, &loop->items, item));
  }
  run->scope = inner;
  return LRT_OK;
}

static lrt_status open_loop(jinja_run *run, const jinja_node *node, jinja_loop **out) {
  jinja_value walked;
  LRT_TRY(jinja_evaluate(run, node->b, &walked));
  LRT_TRY(jinja_get(run, 1, sizeof **out, out));
  (*out)->node = node;
  (*out)->outer = run->scope;
  return jinja_items(run, &walked, node->c == NULL ? &(*out)->items : &(*out)->source);
}

static lrt_status execute_for(jinja_run *run, const jinja_node *node) {
  jinja_loop *loop;
  flow how = GO_ON;
  LRT_TRY(open_loop(run, node, &loop));
  const jinja_value self = {.kind = JINJA_LOOP, .as.loop = loop};
  for (; how != BREAK; loop->index++) {
    LRT_TRY(jinja_fill_loop(run, loop, loop->index + 1));
    if (loop->index >= loop->items.count) break;
    LRT_TRY(jinja_open_scope(run, loop->outer, &run->scope));
    LRT_TRY(jinja_set_variable(run, JINJA_TEXT("loop"), &self));
    LRT_TRY(jinja_assign(run, node->a, &loop->items.items[loop->index]));
    LRT_TRY(execute(run, node->list, &how));
  }
  if (loop->items.count == 0) {
    LRT_TRY(jinja_open_scope(run, loop->outer, &run->scope));
    LRT_TRY(execute(run, node->other, &how));
  }
  run->scope = loop->outer;
  return LRT_OK;
}

static lrt_status execute_set_block(jinja_run *run, const jinja_node *node, flow *how) {
  jinja_scope *scope;
  jinja_value text;
  LRT_TRY(jinja_open_scope(run, run->scope, &scope));
  LRT_TRY(capture(run, scope, node->list, how, &text));
  if (node->b != NULL) LRT_TRY(jinja_apply_filters(run, node->b, &text, &text));
  return jinja_assign(run, node->a, &text);
}

static lrt_status execute_filter_block(jinja_run *run, const jinja_node *node, flow *how) {
  jinja_scope *scope;
  jinja_value text;
  LRT_TRY(jinja_open_scope(run, run->scope, &scope));
  LRT_TRY(capture(run, scope, node->list, how, &text));
  LRT_TRY(jinja_apply_filters(run, node->b, &text, &text));
  return put_output(run, &text);
}

/* WITH (whose values are evaluated outside of it) and SCOPE. */
static lrt_status execute_scope(jinja_run *run, const jinja_node *node, flow *how) {
  jinja_scope *outer = run->scope, *scope;
  LRT_TRY(jinja_open_scope(run, outer, &scope));
  for (const jinja_node *part = node->params; node->type == JINJA_NODE_WITH && part != NULL;
       part = part->next) {
    jinja_value value;
    run->scope = outer;
    LRT_TRY(jinja_evaluate(run, part->b, &value));
    run->scope = scope;
    LRT_TRY(jinja_assign(run, part->a, &value));
  }
  run->scope = scope;
  LRT_TRY(execute(run, node->list, how));
  run->scope = outer;
  return LRT_OK;
}

static lrt_status execute_one(jinja_run *run, const jinja_node *node, flow *how) {
  jinja_value value;
  switch (node->type) {
  case JINJA_NODE_DATA: value = jinja_text_value(node->text); return put_output(run, &value);
  case JINJA_NODE_OUTPUT: LRT_TRY(jinja_evaluate(run, node->a, &value)); return put_output(run, &value);
  case JINJA_NODE_IF:
    LRT_TRY(jinja_evaluate(run, node->a, &value));
    return execute(run, jinja_truth(&value) ? node->list : node->other, how);
  case JINJA_NODE_FOR: return execute_for(run, node);
  case JINJA_NODE_SET:
    LRT_TRY(jinja_evaluate(run, node->b, &value));
    return jinja_assign(run, node->a, &value);
  case JINJA_NODE_SET_BLOCK: return execute_set_block(run, node, how);
  case JINJA_NODE_MACRO:
    LRT_TRY(make_macro(run, node, &value));
    return jinja_set_variable(run, node->text, &value);
  case JINJA_NODE_CALL_BLOCK: return execute_call_block(run, node);
  case JINJA_NODE_FILTER_BLOCK: return execute_filter_block(run, node, how);
  case JINJA_NODE_WITH:
  case JINJA_NODE_SCOPE: return execute_scope(run, node, how);
  case JINJA_NODE_BREAK: *how = BREAK; return LRT_OK;
  default: break;
  }
  *how = CONTINUE;
  return LRT_OK;
}

/* Stops behind a break or continue. */
static lrt_status execute(jinja_run *run, const jinja_node *list, flow *how) {
  *how = GO_ON;
  LRT_TRY(jinja_enter(run));
  for (; list != NULL && *how == GO_ON; list = list->next) {
    run->line = list->line;
    LRT_TRY(jinja_charge(run, 1));
    LRT_TRY(execute_one(run, list, how));
  }
  run->depth--;
  return LRT_OK;
}

lrt_status jinja_execute(jinja_run *run, const jinja_node *list) {
  flow how;
  return execute(run, list, &how);
}
