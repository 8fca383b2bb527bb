/* jinja_text.h: texts as Python's str sees them: code points, blanks, letter case, cutting and searching. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_TEXT_H
#define LRT_TOKENIZER_JINJA_TEXT_H

#include "tokenizer/jinja_value.h"

/* Bytes of the character at byte `at`; 1 for a byte that begins none. */
size_t jinja_text_step(jinja_text text, size_t at);
/* Code points. */
size_t jinja_text_count(jinja_text text);
/* Byte offset of code point `index`; text.length where the text is shorter. */
size_t jinja_text_offset(jinja_text text, size_t index);
/* Byte offset of the first (last) place at or after `from` (before `end`) where `part` stands; SIZE_MAX without. */
size_t jinja_text_find(jinja_text text, jinja_text part, size_t from);
size_t jinja_text_find_last(jinja_text text, jinja_text part, size_t end);
bool jinja_text_starts(jinja_text text, jinja_text part);
bool jinja_text_ends(jinja_text text, jinja_text part);
static inline jinja_text jinja_text_cut(jinja_text text, size_t from, size_t to) {
  return (jinja_text){text.bytes + from, to - from};
}

/* str.isspace of one code point. */
bool jinja_is_space(uint32_t code);
/* str.strip and its halves: blanks, or the characters of `set` where that is not NULL. */
enum { JINJA_STRIP_LEFT = 1, JINJA_STRIP_RIGHT = 2 };
jinja_text jinja_text_strip(jinja_text text, const jinja_text *set, int sides);

typedef enum jinja_case {
  JINJA_UPPER,
  JINJA_LOWER,
  JINJA_CAPITAL,    /* the first character upper, the rest lower */
  JINJA_TITLE,      /* str.title: every run of letters begins with a capital */
  JINJA_TITLE_WORDS /* the filter: words begin behind blanks, -, (, {, [ and < */
} jinja_case;
lrt_status jinja_text_recase(jinja_run *run, jinja_text text, jinja_case form, jinja_value *out);

/* Everywhere, or the first `limit` places where that is not negative. */
lrt_status jinja_text_replace(jinja_run *run, jinja_text text, jinja_text old, jinja_text with, int64_t limit,
                              jinja_value *out);

#endif
