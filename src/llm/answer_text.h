/* answer_text.h: the text of an answer: decoded token by token, held back while it may be the beginning of a stop text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_LLM_ANSWER_TEXT_H
#define LRT_LLM_ANSWER_TEXT_H

#include <stdbool.h>

#include "base/str.h"
#include "litert/tokenizer.h"

typedef struct lrt_llm_text {
  lrt_detokenizer *detokenizer; /* NULL: no text */
  char **stops;                 /* [stop_count] none of them empty */
  size_t stop_count;
  lrt_str shown; /* given out */
  lrt_str held;  /* decoded, not yet given out */
} lrt_llm_text;

/* `tokenizer` may be NULL; the stops are copied. */
lrt_status lrt_llm_text_begin(lrt_llm_text *text, lrt_alloc *alloc, lrt_tokenizer *tokenizer, unsigned flags,
                              lrt_error *err);
lrt_status lrt_llm_text_add_stop(lrt_llm_text *text, const char *stop, lrt_error *err);
lrt_status lrt_llm_text_copy(const lrt_llm_text *from, lrt_alloc *alloc, lrt_llm_text *out, lrt_error *err);
void lrt_llm_text_clear(lrt_llm_text *text);

/* Decodes a token; what becomes certain goes to the end of `shown`. *stopped: a stop text was found, `shown` ends before
 * it. */
lrt_status lrt_llm_text_push(lrt_llm_text *text, int32_t id, bool *stopped, lrt_error *err);
/* The answer is over: everything held goes to `shown`, up to a stop text in it. */
lrt_status lrt_llm_text_end(lrt_llm_text *text, bool *stopped, lrt_error *err);

#endif
