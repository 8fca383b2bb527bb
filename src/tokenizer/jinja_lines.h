/* jinja_lines.h: lines as str.splitlines cuts them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_LINES_H
#define LRT_TOKENIZER_JINJA_LINES_H

#include "tokenizer/jinja_value.h"

/* The line at byte `at`, without its end; *next: where the one behind it begins. */
jinja_text jinja_next_line(jinja_text text, size_t at, size_t *next);

#endif
