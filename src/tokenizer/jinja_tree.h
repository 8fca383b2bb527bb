/* jinja_tree.h: a template as a tree: its nodes, and the function that makes it from text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_TREE_H
#define LRT_TOKENIZER_JINJA_TREE_H

#include "tokenizer/jinja_value.h"

/* Expressions (a, b, c are operands, `list` a chain of nodes by `next`):
 *   CONST value · NAME text · ATTRIBUTE a.text · SUBSCRIPT a[b] · SLICE a[list: from, to, step, each may be NONE]
 *   CALL a(list) · FILTER a|text(list), a NULL in block filters · TEST a is text(list) · ARGUMENT a, text = keyword or empty
 *   LIST, TUPLE list · DICT list of PAIR a: b · NOT, NEGATE, PLUS a · AND, OR a, b · IF_ELSE b if a else c (c may be NULL)
 *   ARITHMETIC a op b · COMPARE a, list of COMPARISON op a · CONCAT list
 * Statements:
 *   DATA text · OUTPUT a · IF a, list, other · FOR a in b if c, list, other · SET a = b · SET_BLOCK a, list; b filters
 *   MACRO text(params) list · CALL_BLOCK a with (params) list · FILTER_BLOCK b, list · WITH params, list · SCOPE list
 *   BREAK · CONTINUE */
typedef enum jinja_node_type {
  JINJA_NODE_CONST,
  JINJA_NODE_NAME,
  JINJA_NODE_ATTRIBUTE,
  JINJA_NODE_SUBSCRIPT,
  JINJA_NODE_SLICE,
  JINJA_NODE_CALL,
  JINJA_NODE_FILTER,
  JINJA_NODE_TEST,
  JINJA_NODE_ARGUMENT,
  JINJA_NODE_LIST,
  JINJA_NODE_TUPLE,
  JINJA_NODE_DICT,
  JINJA_NODE_PAIR,
  JINJA_NODE_NOT,
  JINJA_NODE_NEGATE,
  JINJA_NODE_PLUS,
  JINJA_NODE_AND,
  JINJA_NODE_OR,
  JINJA_NODE_IF_ELSE,
  JINJA_NODE_ARITHMETIC,
  JINJA_NODE_COMPARE,
  JINJA_NODE_COMPARISON,
  JINJA_NODE_CONCAT,
  JINJA_NODE_DATA,
  JINJA_NODE_OUTPUT,
  JINJA_NODE_IF,
  JINJA_NODE_FOR,
  JINJA_NODE_SET,
  JINJA_NODE_SET_BLOCK,
  JINJA_NODE_MACRO,
  JINJA_NODE_CALL_BLOCK,
  JINJA_NODE_FILTER_BLOCK,
  JINJA_NODE_WITH,
  JINJA_NODE_SCOPE,
  JINJA_NODE_BREAK,
  JINJA_NODE_CONTINUE
} jinja_node_type;

typedef enum jinja_operator {
  JINJA_OP_ADD,
  JINJA_OP_SUB,
  JINJA_OP_MUL,
  JINJA_OP_DIV,
  JINJA_OP_FLOOR_DIV,
  JINJA_OP_MOD,
  JINJA_OP_POW,
  JINJA_OP_EQ,
  JINJA_OP_NE,
  JINJA_OP_LT,
  JINJA_OP_LE,
  JINJA_OP_GT,
  JINJA_OP_GE,
  JINJA_OP_IN,
  JINJA_OP_NOT_IN
} jinja_operator;

/* Names a macro's body mentions: it then takes what they stand for. */
enum { JINJA_USES_CALLER = 1, JINJA_USES_VARARGS = 2, JINJA_USES_KWARGS = 4 };
/* An ARGUMENT that stands for many: *a, **a. */
enum { JINJA_UNPACKS_LIST = 1, JINJA_UNPACKS_DICT = 2 };

typedef struct jinja_node jinja_node;
struct jinja_node {
  jinja_node_type type;
  jinja_operator op;
  uint32_t line;
  unsigned uses; /* MACRO, CALL_BLOCK, SCOPE; ARGUMENT */
  jinja_text text;
  jinja_value value;
  const jinja_builtin *builtin; /* FILTER, TEST */
  jinja_node *a, *b, *c;
  jinja_node *list, *other,
      *params; /* params: ARGUMENT chain: text name, a default or NULL; WITH: a target, b value */
  jinja_node *next;
};

/* Parses [length] bytes; the tree lives in `arena` and refers to no other memory. Errors: INVALID_MODEL for what is no
 * Jinja template, UNSUPPORTED for what is outside the subset, each with line and construct; OUT_OF_MEMORY. */
lrt_status jinja_parse(const char *text, size_t length, lrt_arena *arena, const jinja_node **out,
                       lrt_error *err);

#endif
