/* jinja_parse.c: statements of a template. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tokenizer/jinja_parser.h"

static const char *const foreign[] = {"include", "import",     "from",  "extends", "block",
                                      "do",      "autoescape", "trans", "debug"};

static lrt_status parse_body(jinja_parser *p, const char *const *ends, jinja_node **out);

/* The tag's end, then what stands up to one of the `ends` (NULL-terminated), whose name is left to be looked at. */
static lrt_status parse_block(jinja_parser *p, const char *const *ends, jinja_node **out) {
  LRT_TRY(jinja_expect_type(p, JINJA_TOKEN_TAG_END, "the tag's end %}"));
  LRT_TRY(parse_body(p, ends, out));
  if (jinja_peek(p)->type == JINJA_TOKEN_EOF)
    return jinja_parse_fail(p, LRT_INVALID_MODEL, "the template ends before {%% %s %%}", ends[0]);
  return LRT_OK;
}

static lrt_status parse_end(jinja_parser *p) {
  jinja_next(p);
  return LRT_OK;
}

static lrt_status parse_if(jinja_parser *p, jinja_node *node) {
  static const char *const ends[] = {"endif", "elif", "else", NULL}, *const last[] = {"endif", NULL};
  LRT_TRY(jinja_parse_condition(p, false, &node->a));
  LRT_TRY(parse_block(p, ends, &node->list));
  if (jinja_is_name(p, "elif")) {
    LRT_TRY(jinja_new_node(p, JINJA_NODE_IF, &node->other));
    jinja_next(p);
    LRT_TRY(jinja_parse_enter(p));
    LRT_TRY(parse_if(p, node->other));
    p->depth--;
    return LRT_OK;
  }
  if (jinja_take_name(p, "else")) LRT_TRY(parse_block(p, last, &node->other));
  return parse_end(p);
}

static lrt_status parse_for(jinja_parser *p, jinja_node *node) {
  static const char *const ends[] = {"endfor", "else", NULL}, *const last[] = {"endfor", NULL};
  LRT_TRY(jinja_parse_target(p, false, &node->a));
  if (!jinja_take_name(p, "in")) return jinja_parse_fail(p, LRT_INVALID_MODEL, "a for without in");
  LRT_TRY(jinja_parse_tuple(p, true, &node->b));
  if (jinja_take_name(p, "if")) LRT_TRY(jinja_parse_expression(p, &node->c));
  if (jinja_is_name(p, "recursive"))
    return jinja_parse_fail(p, LRT_UNSUPPORTED, "a recursive for loop is not supported");
  p->loops++;
  LRT_TRY(parse_block(p, ends, &node->list));
  p->loops--;
  if (jinja_take_name(p, "else")) LRT_TRY(parse_block(p, last, &node->other));
  return parse_end(p);
}

/* | name(…) | name … of blocks, innermost last; *out NULL when there is none. */
static lrt_status parse_filters(jinja_parser *p, jinja_node **out) {
  *out = NULL;
  while (jinja_take_operator(p, "|")) LRT_TRY(jinja_parse_filter(p, *out, out));
  return LRT_OK;
}

static lrt_status parse_set(jinja_parser *p, jinja_node *node) {
  static const char *const ends[] = {"endset", NULL};
  LRT_TRY(jinja_parse_target(p, true, &node->a));
  if (jinja_take_operator(p, "=")) return jinja_parse_tuple(p, false, &node->b);
  node->type = JINJA_NODE_SET_BLOCK;
  LRT_TRY(parse_filters(p, &node->b));
  LRT_TRY(parse_block(p, ends, &node->list));
  return parse_end(p);
}

/* (name, name = default, …) */
static lrt_status parse_parameters(jinja_parser *p, jinja_node **out) {
  bool has_default = false;
  LRT_TRY(jinja_expect_operator(p, "("));
  while (!jinja_take_operator(p, ")")) {
    if (*out != NULL || has_default) LRT_TRY(jinja_expect_operator(p, ","));
    jinja_node *node;
    LRT_TRY(jinja_new_node(p, JINJA_NODE_ARGUMENT, &node));
    LRT_TRY(jinja_parse_name(p, &node->text));
    if (jinja_take_operator(p, "=")) {
      has_default = true;
      LRT_TRY(jinja_parse_expression(p, &node->a));
    } else if (has_default) {
      return jinja_parse_fail(p, LRT_INVALID_MODEL, "a parameter without default follows one with default");
    }
    jinja_node **tail = out;
    while (*tail != NULL) tail = &(*tail)->next;
    *tail = node;
  }
  return LRT_OK;
}

/* A body that is called later: the loops around it are not its own. */
static lrt_status parse_callable(jinja_parser *p, const char *const *ends, jinja_node *node) {
  const unsigned loops = p->loops, uses = p->uses;
  p->loops = p->uses = 0;
  LRT_TRY(parse_block(p, ends, &node->list));
  node->uses = p->uses;
  p->loops = loops;
  p->uses = uses;
  return parse_end(p);
}

static lrt_status parse_macro(jinja_parser *p, jinja_node *node) {
  static const char *const ends[] = {"endmacro", NULL};
  LRT_TRY(jinja_parse_name(p, &node->text));
  LRT_TRY(parse_parameters(p, &node->params));
  return parse_callable(p, ends, node);
}

static lrt_status parse_call(jinja_parser *p, jinja_node *node) {
  static const char *const ends[] = {"endcall", NULL};
  if (jinja_is_operator(p, "(")) LRT_TRY(parse_parameters(p, &node->params));
  LRT_TRY(jinja_parse_expression(p, &node->a));
  if (node->a->type != JINJA_NODE_CALL)
    return jinja_parse_fail(p, LRT_INVALID_MODEL, "{%% call %%} without a call");
  return parse_callable(p, ends, node);
}

static lrt_status parse_filter_block(jinja_parser *p, jinja_node *node) {
  static const char *const ends[] = {"endfilter", NULL};
  LRT_TRY(jinja_parse_filter(p, NULL, &node->b));
  while (jinja_take_operator(p, "|")) LRT_TRY(jinja_parse_filter(p, node->b, &node->b));
  LRT_TRY(parse_block(p, ends, &node->list));
  return parse_end(p);
}

static lrt_status parse_with(jinja_parser *p, jinja_node *node) {
  static const char *const ends[] = {"endwith", NULL};
  jinja_node **tail = &node->params;
  while (jinja_peek(p)->type != JINJA_TOKEN_TAG_END) {
    if (node->params != NULL) LRT_TRY(jinja_expect_operator(p, ","));
    LRT_TRY(jinja_new_node(p, JINJA_NODE_SET, tail));
    LRT_TRY(jinja_parse_target(p, false, &(*tail)->a));
    LRT_TRY(jinja_expect_operator(p, "="));
    LRT_TRY(jinja_parse_expression(p, &(*tail)->b));
    tail = &(*tail)->next;
  }
  LRT_TRY(parse_block(p, ends, &node->list));
  return parse_end(p);
}

/* What Hugging Face marks the assistant's tokens with; it writes its body. */
static lrt_status parse_generation(jinja_parser *p, jinja_node *node) {
  static const char *const ends[] = {"endgeneration", NULL};
  return parse_callable(p, ends, node);
}

static lrt_status parse_loop_control(jinja_parser *p, jinja_node *node) {
  if (p->loops > 0) return LRT_OK;
  return jinja_parse_fail(p, LRT_INVALID_MODEL, "%s outside of a loop",
                          node->type == JINJA_NODE_BREAK ? "break" : "continue");
}

static const struct statement {
  const char *name;
  jinja_node_type type;
  lrt_status (*parse)(jinja_parser *p, jinja_node *node);
} statements[] = {{"if", JINJA_NODE_IF, parse_if},
                  {"for", JINJA_NODE_FOR, parse_for},
                  {"set", JINJA_NODE_SET, parse_set},
                  {"macro", JINJA_NODE_MACRO, parse_macro},
                  {"call", JINJA_NODE_CALL_BLOCK, parse_call},
                  {"filter", JINJA_NODE_FILTER_BLOCK, parse_filter_block},
                  {"with", JINJA_NODE_WITH, parse_with},
                  {"generation", JINJA_NODE_SCOPE, parse_generation},
                  {"break", JINJA_NODE_BREAK, parse_loop_control},
                  {"continue", JINJA_NODE_CONTINUE, parse_loop_control}};

static lrt_status unknown_statement(jinja_parser *p) {
  const jinja_text name = jinja_peek(p)->text;
  const int length = name.length > 40 ? 40 : (int)name.length;
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
    if (jinja_text_is(name, foreign[i]))
      return jinja_parse_fail(p, LRT_UNSUPPORTED, "the statement %s is not supported", foreign[i]);
  return jinja_parse_fail(p, LRT_INVALID_MODEL, "the statement %.*s is not known", length, name.bytes);
}

/* Behind {%: one statement with its end. */
static lrt_status parse_statement(jinja_parser *p, jinja_node **out) {
  if (jinja_peek(p)->type != JINJA_TOKEN_NAME)
    return jinja_parse_fail(p, LRT_INVALID_MODEL, "a tag without a statement");
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
    if (!jinja_is_name(p, statements[i].name)) continue;
    LRT_TRY(jinja_new_node(p, statements[i].type, out));
    jinja_next(p);
    LRT_TRY(jinja_parse_enter(p));
    LRT_TRY(statements[i].parse(p, *out));
    p->depth--;
    return jinja_expect_type(p, JINJA_TOKEN_TAG_END, "the tag's end %}");
  }
  return unknown_statement(p);
}

static bool is_end(jinja_parser *p, const char *const *ends) {
  for (; ends != NULL && *ends != NULL; ends++)
    if (jinja_is_name(p, *ends)) return true;
  return false;
}

static lrt_status parse_piece(jinja_parser *p, jinja_node **out) {
  const jinja_token *token = jinja_next(p);
  if (token->type == JINJA_TOKEN_TAG_BEGIN) return parse_statement(p, out);
  LRT_TRY(jinja_new_node(p, token->type == JINJA_TOKEN_DATA ? JINJA_NODE_DATA : JINJA_NODE_OUTPUT, out));
  (*out)->text = token->text;
  (*out)->line = token->line;
  if (token->type == JINJA_TOKEN_DATA) return LRT_OK;
  LRT_TRY(jinja_parse_tuple(p, false, &(*out)->a));
  return jinja_expect_type(p, JINJA_TOKEN_OUTPUT_END, "the output's end }}");
}

/* Up to one of the `ends` (its name is the next token) or the end of the template. */
static lrt_status parse_body(jinja_parser *p, const char *const *ends, jinja_node **out) {
  jinja_node **tail = out;
  *out = NULL;
  while (jinja_peek(p)->type != JINJA_TOKEN_EOF) {
    if (jinja_peek(p)->type == JINJA_TOKEN_TAG_BEGIN) {
      jinja_next(p);
      if (is_end(p, ends)) return LRT_OK;
      p->at--;
    }
    LRT_TRY(parse_piece(p, tail));
    tail = &(*tail)->next;
  }
  return LRT_OK;
}

lrt_status jinja_parse(const char *text, size_t length, lrt_arena *arena, const jinja_node **out,
                       lrt_error *err) {
  jinja_parser parser = {.arena = arena, .err = err};
  jinja_node *root;
  LRT_TRY(jinja_lex(text, length, arena, &parser.tokens, &parser.count, err));
  LRT_TRY(parse_body(&parser, NULL, &root));
  *out = root;
  return LRT_OK;
}
