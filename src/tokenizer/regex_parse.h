/* regex_parse.h: a pattern as a tree, between its text and its program. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_REGEX_PARSE_H
#define LRT_TOKENIZER_REGEX_PARSE_H

#include "tokenizer/regex_program.h"

#define LRT_REGEX_NO_LIMIT UINT32_MAX

typedef enum lrt_regex_node_kind {
  REGEX_NODE_EMPTY,
  REGEX_NODE_CHAR,
  REGEX_NODE_SET,
  REGEX_NODE_CAT,
  REGEX_NODE_ALT,
  REGEX_NODE_REPEAT,
  REGEX_NODE_LOOK,
  REGEX_NODE_ATOMIC,
  REGEX_NODE_ASSERT
} lrt_regex_node_kind;

typedef struct lrt_regex_node {
  lrt_regex_node_kind kind;
  const struct lrt_regex_node *left, *right; /* CAT, ALT: both; REPEAT, LOOK, ATOMIC: left */
  uint32_t code;                             /* CHAR */
  const lrt_regex_set *set;                  /* SET */
  uint32_t min, max;                         /* REPEAT */
  lrt_regex_mode mode;
  lrt_regex_assertion assertion;
  bool negate, behind; /* LOOK */
} lrt_regex_node;

/* A pattern being read. */
typedef struct lrt_regex_parser {
  const char *text;
  size_t length, at;
  bool ignore_case;
  int depth;
  lrt_arena *arena;
  lrt_error *err;
} lrt_regex_parser;

/* The whole pattern. Errors: UNSUPPORTED, OUT_OF_MEMORY. */
lrt_status lrt_regex_parse(lrt_regex_parser *parser, const lrt_regex_node **out);

/* Used between the files of the parser. */
lrt_status lrt_regex_parse_class(lrt_regex_parser *parser, const lrt_regex_set **out); /* behind the '[' */
/* \p{…}, \s …: the set of the escape at parser->at, behind the backslash; NULL when it is none of a set. */
lrt_status lrt_regex_parse_set_escape(lrt_regex_parser *parser, const lrt_regex_set **out);
/* One code point, escaped or not. */
lrt_status lrt_regex_parse_code(lrt_regex_parser *parser, uint32_t *out);
/* The set that a code point matches when case is ignored; NULL when only itself. */
lrt_status lrt_regex_fold_code(lrt_regex_parser *parser, uint32_t code, const lrt_regex_set **out);
lrt_status lrt_regex_refuse(const lrt_regex_parser *parser, const char *what);
lrt_status lrt_regex_no_memory(const lrt_regex_parser *parser);

#endif
