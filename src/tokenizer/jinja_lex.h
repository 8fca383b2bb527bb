/* jinja_lex.h: a template as tokens, blanks around tags already removed. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_LEX_H
#define LRT_TOKENIZER_JINJA_LEX_H

#include "tokenizer/jinja_value.h"

typedef enum jinja_token_type {
  JINJA_TOKEN_DATA,
  JINJA_TOKEN_OUTPUT_BEGIN, /* {{ */
  JINJA_TOKEN_OUTPUT_END,
  JINJA_TOKEN_TAG_BEGIN, /* {% */
  JINJA_TOKEN_TAG_END,
  JINJA_TOKEN_NAME,
  JINJA_TOKEN_STRING, /* text: between the quotes, escapes resolved */
  JINJA_TOKEN_INTEGER,
  JINJA_TOKEN_FLOAT,
  JINJA_TOKEN_OPERATOR, /* text: one of  + - * / // % ** ~ ( ) [ ] { } == != < <= > >= = . : | , ; */
  JINJA_TOKEN_EOF
} jinja_token_type;

typedef struct jinja_token {
  jinja_token_type type;
  uint32_t line;
  jinja_text text;
  jinja_value value; /* INTEGER, FLOAT */
} jinja_token;

/* [*count] tokens, the last one EOF, in the arena. */
lrt_status jinja_lex(const char *text, size_t length, lrt_arena *arena, const jinja_token **out,
                     size_t *count, lrt_error *err);

#endif
