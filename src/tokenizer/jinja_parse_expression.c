/* jinja_parse_expression.c: expressions, from if … else down to names and constants. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tokenizer/jinja_builtin.h"
#include "tokenizer/jinja_parser.h"

lrt_status jinja_parse_fail(jinja_parser *p, lrt_status status, const char *format, ...) {
  char sentence[300];
  va_list list;
  va_start(list, format);
  vsnprintf(sentence, sizeof sentence, format, list);
  va_end(list);
  return lrt_fail(p->err, status, "line %u of the chat template: %s", (unsigned)jinja_peek(p)->line,
                  sentence);
}

lrt_status jinja_new_node(jinja_parser *p, jinja_node_type type, jinja_node **out) {
  *out = lrt_arena_get(p->arena, sizeof **out);
  if (*out == NULL) return lrt_alloc_fail(p->err, p->arena->alloc, sizeof **out, "a chat template");
  (*out)->type = type;
  (*out)->line = jinja_peek(p)->line;
  return LRT_OK;
}

lrt_status jinja_parse_enter(jinja_parser *p) {
  if (p->depth >= JINJA_MAX_NESTING)
    return jinja_parse_fail(p, LRT_UNSUPPORTED, "nesting of more than %d levels is not supported",
                            JINJA_MAX_NESTING);
  p->depth++;
  return LRT_OK;
}

const jinja_token *jinja_peek(const jinja_parser *p) {
  return &p->tokens[p->at];
}

const jinja_token *jinja_next(jinja_parser *p) {
  const jinja_token *token = &p->tokens[p->at];
  if (p->at + 1 < p->count) p->at++;
  return token;
}

static bool is_token(const jinja_parser *p, jinja_token_type type, const char *text) {
  return jinja_peek(p)->type == type && jinja_text_is(jinja_peek(p)->text, text);
}

bool jinja_is_name(const jinja_parser *p, const char *name) {
  return is_token(p, JINJA_TOKEN_NAME, name);
}

bool jinja_is_operator(const jinja_parser *p, const char *text) {
  return is_token(p, JINJA_TOKEN_OPERATOR, text);
}

bool jinja_take_name(jinja_parser *p, const char *name) {
  if (!jinja_is_name(p, name)) return false;
  jinja_next(p);
  return true;
}

bool jinja_take_operator(jinja_parser *p, const char *text) {
  if (!jinja_is_operator(p, text)) return false;
  jinja_next(p);
  return true;
}

static lrt_status unexpected(jinja_parser *p, const char *wanted) {
  const jinja_token *token = jinja_peek(p);
  const int length = token->text.length > 40 ? 40 : (int)token->text.length;
  if (token->type == JINJA_TOKEN_EOF)
    return jinja_parse_fail(p, LRT_INVALID_MODEL, "the template ends where %s is expected", wanted);
  if (length == 0) return jinja_parse_fail(p, LRT_INVALID_MODEL, "a tag ends where %s is expected", wanted);
  return jinja_parse_fail(p, LRT_INVALID_MODEL, "'%.*s' stands where %s is expected", length,
                          token->text.bytes, wanted);
}

lrt_status jinja_expect_operator(jinja_parser *p, const char *text) {
  return jinja_take_operator(p, text) ? LRT_OK : unexpected(p, text);
}

lrt_status jinja_expect_type(jinja_parser *p, jinja_token_type type, const char *what) {
  if (jinja_peek(p)->type != type) return unexpected(p, what);
  jinja_next(p);
  return LRT_OK;
}

lrt_status jinja_parse_name(jinja_parser *p, jinja_text *out) {
  *out = jinja_peek(p)->text;
  return jinja_expect_type(p, JINJA_TOKEN_NAME, "a name");
}

/* ---- calls, filters, tests ---- */

static lrt_status parse_argument(jinja_parser *p, bool *has_keyword, jinja_node **out) {
  LRT_TRY(jinja_new_node(p, JINJA_NODE_ARGUMENT, out));
  (*out)->uses = jinja_take_operator(p, "*")    ? JINJA_UNPACKS_LIST
                 : jinja_take_operator(p, "**") ? JINJA_UNPACKS_DICT
                                                : 0;
  if ((*out)->uses != 0) {
    *has_keyword |= (*out)->uses == JINJA_UNPACKS_DICT;
    return jinja_parse_expression(p, &(*out)->a);
  }
  const bool is_keyword = jinja_peek(p)->type == JINJA_TOKEN_NAME && p->at + 1 < p->count &&
                          p->tokens[p->at + 1].type == JINJA_TOKEN_OPERATOR &&
                          jinja_text_is(p->tokens[p->at + 1].text, "=");
  if (is_keyword) {
    (*out)->text = jinja_next(p)->text;
    jinja_next(p);
    *has_keyword = true;
  } else if (*has_keyword) {
    return jinja_parse_fail(p, LRT_INVALID_MODEL, "a positional argument follows a keyword argument");
  }
  return jinja_parse_expression(p, &(*out)->a);
}

/* ( … ) */
static lrt_status parse_arguments(jinja_parser *p, jinja_node **out) {
  jinja_node **tail = out;
  bool has_keyword = false;
  LRT_TRY(jinja_expect_operator(p, "("));
  while (!jinja_take_operator(p, ")")) {
    if (tail != out) LRT_TRY(jinja_expect_operator(p, ","));
    if (tail != out && jinja_take_operator(p, ")")) break;
    LRT_TRY(parse_argument(p, &has_keyword, tail));
    tail = &(*tail)->next;
  }
  return LRT_OK;
}

static lrt_status parse_call(jinja_parser *p, jinja_node *callee, jinja_node **out) {
  if (callee->type == JINJA_NODE_ATTRIBUTE && jinja_is_foreign_method(callee->text))
    return jinja_parse_fail(p, LRT_UNSUPPORTED, "the method %.*s is not supported", (int)callee->text.length,
                            callee->text.bytes);
  LRT_TRY(jinja_new_node(p, JINJA_NODE_CALL, out));
  (*out)->a = callee;
  return parse_arguments(p, &(*out)->list);
}

static lrt_status unknown_builtin(jinja_parser *p, const char *what, jinja_text name) {
  return jinja_parse_fail(p, LRT_UNSUPPORTED, "the %s %.*s is not supported", what,
                          name.length > 40 ? 40 : (int)name.length, name.bytes);
}

lrt_status jinja_parse_filter(jinja_parser *p, jinja_node *input, jinja_node **out) {
  jinja_node *node;
  LRT_TRY(jinja_new_node(p, JINJA_NODE_FILTER, &node));
  node->a = input;
  LRT_TRY(jinja_parse_name(p, &node->text));
  node->builtin = jinja_find_filter(node->text);
  if (node->builtin == NULL) return unknown_builtin(p, "filter", node->text);
  if (jinja_is_operator(p, "(")) LRT_TRY(parse_arguments(p, &node->list));
  *out = node;
  return LRT_OK;
}

static lrt_status parse_primary(jinja_parser *p, jinja_node **out);
static lrt_status parse_postfix(jinja_parser *p, jinja_node **node);

/* An argument without parentheses may follow a test: `x is divisibleby 3`. */
static bool begins_argument(const jinja_parser *p) {
  const jinja_token_type type = jinja_peek(p)->type;
  if (type == JINJA_TOKEN_STRING || type == JINJA_TOKEN_INTEGER || type == JINJA_TOKEN_FLOAT) return true;
  if (type == JINJA_TOKEN_OPERATOR) return jinja_is_operator(p, "[") || jinja_is_operator(p, "{");
  return type == JINJA_TOKEN_NAME && !jinja_is_name(p, "else") && !jinja_is_name(p, "or") &&
         !jinja_is_name(p, "and") && !jinja_is_name(p, "if");
}

static lrt_status parse_test(jinja_parser *p, jinja_node *input, jinja_node **out) {
  jinja_node *node;
  const bool negated = jinja_take_name(p, "not");
  LRT_TRY(jinja_new_node(p, JINJA_NODE_TEST, &node));
  node->a = input;
  LRT_TRY(jinja_parse_name(p, &node->text));
  node->builtin = jinja_find_test(node->text);
  if (node->builtin == NULL) return unknown_builtin(p, "test", node->text);
  if (jinja_is_operator(p, "(")) {
    LRT_TRY(parse_arguments(p, &node->list));
  } else if (begins_argument(p)) {
    if (jinja_is_name(p, "is"))
      return jinja_parse_fail(p, LRT_INVALID_MODEL, "tests with is cannot be chained");
    LRT_TRY(jinja_new_node(p, JINJA_NODE_ARGUMENT, &node->list));
    LRT_TRY(parse_primary(p, &node->list->a));
    LRT_TRY(parse_postfix(p, &node->list->a));
  }
  *out = node;
  if (!negated) return LRT_OK;
  LRT_TRY(jinja_new_node(p, JINJA_NODE_NOT, out));
  (*out)->a = node;
  return LRT_OK;
}

/* ---- what follows a value ---- */

static lrt_status parse_slice_part(jinja_parser *p, jinja_node **out) {
  if (!jinja_is_operator(p, ":") && !jinja_is_operator(p, "]")) return jinja_parse_expression(p, out);
  LRT_TRY(jinja_new_node(p, JINJA_NODE_CONST, out));
  (*out)->value = jinja_none();
  return LRT_OK;
}

/* Behind [: a subscript, or a slice of up to three parts. */
static lrt_status parse_subscript(jinja_parser *p, jinja_node *object, jinja_node **out) {
  jinja_node *node;
  LRT_TRY(jinja_new_node(p, JINJA_NODE_SUBSCRIPT, &node));
  node->a = object;
  LRT_TRY(parse_slice_part(p, &node->b));
  if (jinja_is_operator(p, ":")) {
    jinja_node **tail = &node->b->next;
    node->type = JINJA_NODE_SLICE;
    node->list = node->b;
    node->b = NULL;
    for (int part = 1; part < 3; part++, tail = &(*tail)->next) {
      if (part == 1 || jinja_is_operator(p, ":")) jinja_next(p);
      LRT_TRY(parse_slice_part(p, tail));
    }
  }
  if (jinja_is_operator(p, ","))
    return jinja_parse_fail(p, LRT_UNSUPPORTED, "a subscript with commas is not supported");
  *out = node;
  return jinja_expect_operator(p, "]");
}

static lrt_status parse_dot(jinja_parser *p, jinja_node *object, jinja_node **out) {
  const jinja_token *token = jinja_peek(p);
  if (token->type == JINJA_TOKEN_INTEGER) {
    LRT_TRY(jinja_new_node(p, JINJA_NODE_SUBSCRIPT, out));
    LRT_TRY(jinja_new_node(p, JINJA_NODE_CONST, &(*out)->b));
    (*out)->b->value = jinja_next(p)->value;
  } else {
    LRT_TRY(jinja_new_node(p, JINJA_NODE_ATTRIBUTE, out));
    LRT_TRY(jinja_parse_name(p, &(*out)->text));
  }
  (*out)->a = object;
  return LRT_OK;
}

static lrt_status parse_postfix(jinja_parser *p, jinja_node **node) {
  for (;;) {
    if (jinja_take_operator(p, "."))
      LRT_TRY(parse_dot(p, *node, node));
    else if (jinja_take_operator(p, "["))
      LRT_TRY(parse_subscript(p, *node, node));
    else if (jinja_is_operator(p, "("))
      LRT_TRY(parse_call(p, *node, node));
    else
      return LRT_OK;
  }
}

static lrt_status parse_filters(jinja_parser *p, jinja_node **node) {
  for (;;) {
    if (jinja_take_operator(p, "|"))
      LRT_TRY(jinja_parse_filter(p, *node, node));
    else if (jinja_take_name(p, "is"))
      LRT_TRY(parse_test(p, *node, node));
    else if (jinja_is_operator(p, "("))
      LRT_TRY(parse_call(p, *node, node));
    else
      return LRT_OK;
  }
}

/* ---- values ---- */

static lrt_status parse_constant(jinja_parser *p, const jinja_value *value, jinja_node **out) {
  LRT_TRY(jinja_new_node(p, JINJA_NODE_CONST, out));
  (*out)->value = *value;
  jinja_next(p);
  return LRT_OK;
}

static lrt_status parse_variable(jinja_parser *p, jinja_node **out) {
  const jinja_text name = jinja_peek(p)->text;
  const bool is_true = jinja_text_is(name, "true") || jinja_text_is(name, "True");
  const jinja_value truth = jinja_bool(is_true), none = jinja_none();
  if (is_true || jinja_text_is(name, "false") || jinja_text_is(name, "False"))
    return parse_constant(p, &truth, out);
  if (jinja_text_is(name, "none") || jinja_text_is(name, "None")) return parse_constant(p, &none, out);
  if (jinja_text_is(name, "lipsum"))
    return jinja_parse_fail(p, LRT_UNSUPPORTED, "the function lipsum is not supported");
  LRT_TRY(jinja_new_node(p, JINJA_NODE_NAME, out));
  (*out)->text = jinja_next(p)->text;
  if (jinja_text_is(name, "caller")) p->uses |= JINJA_USES_CALLER;
  if (jinja_text_is(name, "varargs")) p->uses |= JINJA_USES_VARARGS;
  if (jinja_text_is(name, "kwargs")) p->uses |= JINJA_USES_KWARGS;
  return LRT_OK;
}

/* Strings side by side are one. */
static lrt_status parse_string(jinja_parser *p, jinja_node **out) {
  size_t length = 0, last = p->at;
  for (; p->tokens[last].type == JINJA_TOKEN_STRING; last++) length += p->tokens[last].text.length;
  LRT_TRY(jinja_new_node(p, JINJA_NODE_CONST, out));
  if (last == p->at + 1) {
    (*out)->value = jinja_text_value(jinja_next(p)->text);
    return LRT_OK;
  }
  char *joined = lrt_arena_get(p->arena, length + 1);
  if (joined == NULL) return lrt_alloc_fail(p->err, p->arena->alloc, length, "a chat template");
  (*out)->value = jinja_string(joined, length);
  for (; p->at < last; p->at++) {
    memcpy(joined, p->tokens[p->at].text.bytes, p->tokens[p->at].text.length);
    joined += p->tokens[p->at].text.length;
  }
  return LRT_OK;
}

static lrt_status parse_list(jinja_parser *p, jinja_node **out) {
  LRT_TRY(jinja_new_node(p, JINJA_NODE_LIST, out));
  jinja_node **tail = &(*out)->list;
  jinja_next(p);
  while (!jinja_take_operator(p, "]")) {
    if (tail != &(*out)->list) LRT_TRY(jinja_expect_operator(p, ","));
    if (tail != &(*out)->list && jinja_take_operator(p, "]")) break;
    LRT_TRY(jinja_parse_expression(p, tail));
    tail = &(*tail)->next;
  }
  return LRT_OK;
}

static lrt_status parse_dict(jinja_parser *p, jinja_node **out) {
  LRT_TRY(jinja_new_node(p, JINJA_NODE_DICT, out));
  jinja_node **tail = &(*out)->list;
  jinja_next(p);
  while (!jinja_take_operator(p, "}")) {
    if (tail != &(*out)->list) LRT_TRY(jinja_expect_operator(p, ","));
    if (tail != &(*out)->list && jinja_take_operator(p, "}")) break;
    LRT_TRY(jinja_new_node(p, JINJA_NODE_PAIR, tail));
    LRT_TRY(jinja_parse_expression(p, &(*tail)->a));
    LRT_TRY(jinja_expect_operator(p, ":"));
    LRT_TRY(jinja_parse_expression(p, &(*tail)->b));
    tail = &(*tail)->next;
  }
  return LRT_OK;
}

/* ( … ): an expression or a tuple. */
static lrt_status parse_parentheses(jinja_parser *p, jinja_node **out) {
  jinja_next(p);
  if (jinja_is_operator(p, ")"))
    LRT_TRY(jinja_new_node(p, JINJA_NODE_TUPLE, out));
  else
    LRT_TRY(jinja_parse_tuple(p, false, out));
  return jinja_expect_operator(p, ")");
}

static lrt_status parse_primary(jinja_parser *p, jinja_node **out) {
  const jinja_token *token = jinja_peek(p);
  switch (token->type) {
  case JINJA_TOKEN_NAME: return parse_variable(p, out);
  case JINJA_TOKEN_STRING: return parse_string(p, out);
  case JINJA_TOKEN_INTEGER:
  case JINJA_TOKEN_FLOAT: return parse_constant(p, &token->value, out);
  default: break;
  }
  if (jinja_is_operator(p, "(")) return parse_parentheses(p, out);
  if (jinja_is_operator(p, "[")) return parse_list(p, out);
  if (jinja_is_operator(p, "{")) return parse_dict(p, out);
  return unexpected(p, "a value");
}

/* ---- operators, tightest first ---- */

static lrt_status parse_unary(jinja_parser *p, bool with_filters, jinja_node **out) {
  const bool is_minus = jinja_is_operator(p, "-");
  LRT_TRY(jinja_parse_enter(p));
  if (is_minus || jinja_is_operator(p, "+")) {
    jinja_node *node;
    LRT_TRY(jinja_new_node(p, is_minus ? JINJA_NODE_NEGATE : JINJA_NODE_PLUS, &node));
    jinja_next(p);
    LRT_TRY(parse_unary(p, false, &node->a));
    *out = node;
  } else {
    LRT_TRY(parse_primary(p, out));
  }
  LRT_TRY(parse_postfix(p, out));
  if (with_filters) LRT_TRY(parse_filters(p, out));
  p->depth--;
  return LRT_OK;
}

static lrt_status add_arithmetic(jinja_parser *p, jinja_operator op, jinja_node **left) {
  jinja_node *node;
  LRT_TRY(jinja_new_node(p, JINJA_NODE_ARITHMETIC, &node));
  node->op = op;
  node->a = *left;
  *left = node;
  return LRT_OK;
}

static lrt_status parse_power(jinja_parser *p, jinja_node **out) {
  LRT_TRY(parse_unary(p, true, out));
  while (jinja_take_operator(p, "**")) {
    LRT_TRY(add_arithmetic(p, JINJA_OP_POW, out));
    LRT_TRY(parse_unary(p, true, &(*out)->b));
  }
  return LRT_OK;
}

static lrt_status parse_product(jinja_parser *p, jinja_node **out) {
  static const char *const signs[] = {"*", "/", "//", "%"};
  LRT_TRY(parse_power(p, out));
  for (size_t i = 0; i < 4;) {
    if (!jinja_take_operator(p, signs[i])) {
      i++;
      continue;
    }
    LRT_TRY(add_arithmetic(p, (jinja_operator)(JINJA_OP_MUL + i), out));
    LRT_TRY(parse_power(p, &(*out)->b));
    i = 0;
  }
  return LRT_OK;
}

/* a ~ b ~ c */
static lrt_status parse_concat(jinja_parser *p, jinja_node **out) {
  jinja_node *first, **tail;
  LRT_TRY(parse_product(p, &first));
  *out = first;
  if (!jinja_is_operator(p, "~")) return LRT_OK;
  LRT_TRY(jinja_new_node(p, JINJA_NODE_CONCAT, out));
  (*out)->list = first;
  tail = &first->next;
  while (jinja_take_operator(p, "~")) {
    LRT_TRY(parse_product(p, tail));
    tail = &(*tail)->next;
  }
  return LRT_OK;
}

static lrt_status parse_sum(jinja_parser *p, jinja_node **out) {
  LRT_TRY(parse_concat(p, out));
  while (jinja_is_operator(p, "+") || jinja_is_operator(p, "-")) {
    LRT_TRY(add_arithmetic(p, jinja_is_operator(p, "+") ? JINJA_OP_ADD : JINJA_OP_SUB, out));
    jinja_next(p);
    LRT_TRY(parse_concat(p, &(*out)->b));
  }
  return LRT_OK;
}

static bool take_comparison(jinja_parser *p, jinja_operator *op) {
  static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
  for (size_t i = 0; i < 6; i++) {
    *op = (jinja_operator)(JINJA_OP_EQ + i);
    if (jinja_take_operator(p, signs[i])) return true;
  }
  *op = JINJA_OP_IN;
  if (jinja_take_name(p, "in")) return true;
  *op = JINJA_OP_NOT_IN;
  if (!jinja_is_name(p, "not") || p->at + 1 >= p->count || p->tokens[p->at + 1].type != JINJA_TOKEN_NAME ||
      !jinja_text_is(p->tokens[p->at + 1].text, "in"))
    return false;
  jinja_next(p);
  jinja_next(p);
  return true;
}

static lrt_status parse_comparison(jinja_parser *p, jinja_node **out) {
  jinja_operator op;
  jinja_node *node, **tail;
  LRT_TRY(parse_sum(p, out));
  if (!take_comparison(p, &op)) return LRT_OK;
  LRT_TRY(jinja_new_node(p, JINJA_NODE_COMPARE, &node));
  node->a = *out;
  tail = &node->list;
  do {
    LRT_TRY(jinja_new_node(p, JINJA_NODE_COMPARISON, tail));
    (*tail)->op = op;
    LRT_TRY(parse_sum(p, &(*tail)->a));
    tail = &(*tail)->next;
  } while (take_comparison(p, &op));
  *out = node;
  return LRT_OK;
}

static lrt_status parse_not(jinja_parser *p, jinja_node **out) {
  if (!jinja_is_name(p, "not")) return parse_comparison(p, out);
  LRT_TRY(jinja_new_node(p, JINJA_NODE_NOT, out));
  jinja_next(p);
  LRT_TRY(jinja_parse_enter(p));
  LRT_TRY(parse_not(p, &(*out)->a));
  p->depth--;
  return LRT_OK;
}

static lrt_status parse_and(jinja_parser *p, jinja_node **out) {
  LRT_TRY(parse_not(p, out));
  while (jinja_take_name(p, "and")) {
    jinja_node *node;
    LRT_TRY(jinja_new_node(p, JINJA_NODE_AND, &node));
    node->a = *out;
    *out = node;
    LRT_TRY(parse_not(p, &node->b));
  }
  return LRT_OK;
}

static lrt_status parse_or(jinja_parser *p, jinja_node **out) {
  LRT_TRY(parse_and(p, out));
  while (jinja_take_name(p, "or")) {
    jinja_node *node;
    LRT_TRY(jinja_new_node(p, JINJA_NODE_OR, &node));
    node->a = *out;
    *out = node;
    LRT_TRY(parse_and(p, &node->b));
  }
  return LRT_OK;
}

/* a if b else c, where the else may be missing. */
static lrt_status parse_choice(jinja_parser *p, jinja_node **out) {
  LRT_TRY(parse_or(p, out));
  while (jinja_take_name(p, "if")) {
    jinja_node *node;
    LRT_TRY(jinja_new_node(p, JINJA_NODE_IF_ELSE, &node));
    node->b = *out;
    LRT_TRY(parse_or(p, &node->a));
    if (jinja_take_name(p, "else")) LRT_TRY(parse_choice(p, &node->c));
    *out = node;
  }
  return LRT_OK;
}

lrt_status jinja_parse_condition(jinja_parser *p, bool allows_choice, jinja_node **out) {
  LRT_TRY(jinja_parse_enter(p));
  LRT_TRY(allows_choice ? parse_choice(p, out) : parse_or(p, out));
  p->depth--;
  return LRT_OK;
}

lrt_status jinja_parse_expression(jinja_parser *p, jinja_node **out) {
  return jinja_parse_condition(p, true, out);
}

/* Does the token begin an expression? What may stand behind the last comma of a tuple does not. */
static bool ends_tuple(const jinja_parser *p) {
  const jinja_token_type type = jinja_peek(p)->type;
  return type == JINJA_TOKEN_TAG_END || type == JINJA_TOKEN_OUTPUT_END || type == JINJA_TOKEN_EOF ||
         jinja_is_operator(p, ")") || jinja_is_name(p, "recursive");
}

lrt_status jinja_parse_tuple(jinja_parser *p, bool is_plain, jinja_node **out) {
  jinja_node *node, **tail;
  LRT_TRY(jinja_parse_condition(p, !is_plain, out));
  if (!jinja_is_operator(p, ",")) return LRT_OK;
  LRT_TRY(jinja_new_node(p, JINJA_NODE_TUPLE, &node));
  node->list = *out;
  tail = &node->list->next;
  while (jinja_take_operator(p, ",") && !ends_tuple(p)) {
    LRT_TRY(jinja_parse_condition(p, !is_plain, tail));
    tail = &(*tail)->next;
  }
  *out = node;
  return LRT_OK;
}

/* One name, or more in parentheses. */
static lrt_status parse_target_part(jinja_parser *p, bool allows_attribute, jinja_node **out) {
  static const char *const words[] = {"true", "false", "none", "True", "False", "None", "not",
                                      "and",  "or",    "in",   "is",   "if",    "else"};
  if (jinja_take_operator(p, "(")) {
    LRT_TRY(jinja_parse_enter(p));
    LRT_TRY(jinja_parse_target(p, allows_attribute, out));
    p->depth--;
    return jinja_expect_operator(p, ")");
  }
  LRT_TRY(jinja_new_node(p, JINJA_NODE_NAME, out));
  LRT_TRY(jinja_parse_name(p, &(*out)->text));
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (jinja_text_is((*out)->text, words[i]))
      return jinja_parse_fail(p, LRT_INVALID_MODEL, "'%s' cannot be assigned to", words[i]);
  if (!allows_attribute || !jinja_take_operator(p, ".")) return LRT_OK;
  return parse_dot(p, *out, out);
}

lrt_status jinja_parse_target(jinja_parser *p, bool allows_attribute, jinja_node **out) {
  jinja_node *node, **tail;
  LRT_TRY(parse_target_part(p, allows_attribute, out));
  if (!jinja_is_operator(p, ",")) return LRT_OK;
  LRT_TRY(jinja_new_node(p, JINJA_NODE_TUPLE, &node));
  node->list = *out;
  tail = &node->list->next;
  while (jinja_take_operator(p, ",") && jinja_peek(p)->type == JINJA_TOKEN_NAME && !jinja_is_name(p, "in")) {
    LRT_TRY(parse_target_part(p, allows_attribute, tail));
    tail = &(*tail)->next;
  }
  *out = node;
  return LRT_OK;
}
