/* jinja_parser.h: what the parsers of statements and of expressions share: the place among the tokens. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_PARSER_H
#define LRT_TOKENIZER_JINJA_PARSER_H

#include "tokenizer/jinja_lex.h"
#include "tokenizer/jinja_tree.h"

/* Of statements and expressions in each other. */
#define JINJA_MAX_NESTING 120

typedef struct jinja_parser {
  const jinja_token *tokens; /* [count], the last one EOF */
  size_t count, at;
  unsigned depth, loops; /* loops: those around the present place */
  unsigned uses;         /* JINJA_USES_… of the present macro */
  lrt_arena *arena;
  lrt_error *err;
} jinja_parser;

/* Fails with the line of the present token in front. */
lrt_status jinja_parse_fail(jinja_parser *p, lrt_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
lrt_status jinja_new_node(jinja_parser *p, jinja_node_type type, jinja_node **out);
/* One level deeper; pair with p->depth--. */
lrt_status jinja_parse_enter(jinja_parser *p);

const jinja_token *jinja_peek(const jinja_parser *p);
const jinja_token *jinja_next(jinja_parser *p); /* EOF stays */
bool jinja_is_name(const jinja_parser *p, const char *name);
bool jinja_is_operator(const jinja_parser *p, const char *text);
bool jinja_take_name(jinja_parser *p, const char *name);
bool jinja_take_operator(jinja_parser *p, const char *text);
lrt_status jinja_expect_operator(jinja_parser *p, const char *text);
lrt_status jinja_expect_type(jinja_parser *p, jinja_token_type type, const char *what);
lrt_status jinja_parse_name(jinja_parser *p, jinja_text *out);

lrt_status jinja_parse_expression(jinja_parser *p, jinja_node **out);
/* An expression, or a tuple without parentheses; `is_plain`: without if … else. */
lrt_status jinja_parse_tuple(jinja_parser *p, bool is_plain, jinja_node **out);
/* The same without if … else where `allows_choice` is false. */
lrt_status jinja_parse_condition(jinja_parser *p, bool allows_choice, jinja_node **out);
/* name, name.attribute (where allowed), or names separated by commas. */
lrt_status jinja_parse_target(jinja_parser *p, bool allows_attribute, jinja_node **out);
/* name or name(…) behind a |, applied to `input`. */
lrt_status jinja_parse_filter(jinja_parser *p, jinja_node *input, jinja_node **out);

#endif
