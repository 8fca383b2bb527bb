/* pretokenize.h: cuts text into the words that a model sees one by one: a chain of small steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_PRETOKENIZE_H
#define LRT_TOKENIZER_PRETOKENIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "tokenizer/piece_map.h"
#include "tokenizer/regex.h"

/* What happens to the delimiters that a step finds. */
typedef enum lrt_split_behavior {
  SPLIT_REMOVED,
  SPLIT_ISOLATED,
  SPLIT_CONTIGUOUS,
  SPLIT_MERGED_WITH_PREVIOUS,
  SPLIT_MERGED_WITH_NEXT
} lrt_split_behavior;

typedef enum lrt_cut_kind {
  CUT_REGEX,       /* at the matches of a pattern */
  CUT_CODE,        /* at a code point */
  CUT_NUMERIC,     /* at code points of category N */
  CUT_SPACE,       /* at white space */
  CUT_PUNCTUATION, /* at ASCII punctuation and category P */
  CUT_WORDS,       /* runs of word characters, runs of others; white space goes */
  CUT_LENGTH,      /* every `code` code points */
  CUT_PREFIX,      /* no cut: puts `text` in front unless the word begins with it */
  CUT_REPLACE,     /* no cut: replaces each blank by `text` */
  CUT_BYTES        /* no cut: spells each byte as a printable character, as GPT-2 does */
} lrt_cut_kind;

/* One step. The parts of a tokenizer.json become one step or a few. */
typedef struct lrt_cut {
  lrt_cut_kind kind;
  lrt_split_behavior behavior;
  bool invert;     /* REGEX: what lies between the matches delimits */
  bool first_only; /* PREFIX: only where the whole text begins */
  uint32_t code;
  lrt_text text;
  const lrt_regex *regex;
} lrt_cut;

typedef struct lrt_cuts {
  const lrt_cut *steps; /* [count] */
  uint32_t count;
} lrt_cuts;

#define LRT_CUTS_MAX 32

/* The GPT-2 pattern that "ByteLevel" stands for. */
#define LRT_BYTE_LEVEL_PATTERN                                                                               \
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/* Reads a "pre_tokenizer" (NULL and null: no steps). Errors: INVALID_MODEL, UNSUPPORTED. */
lrt_status lrt_cuts_read(const lrt_json *json, lrt_arena *arena, lrt_cuts *out, lrt_error *err);

/* Takes a word; called in the order of the text. */
typedef lrt_status lrt_word_sink(void *cookie, const char *word, size_t length, lrt_error *err);

/* What cutting needs, kept between texts. */
typedef struct lrt_cut_run {
  const lrt_cuts *cuts;
  lrt_regex_run regex;
  lrt_str texts[LRT_CUTS_MAX]; /* of the steps that change the text */
  lrt_word_sink *sink;
  void *cookie;
  lrt_error *err;
} lrt_cut_run;

void lrt_cut_run_init(lrt_cut_run *run, const lrt_cuts *cuts, lrt_alloc *alloc, lrt_word_sink *sink,
                      void *cookie);
void lrt_cut_run_clear(lrt_cut_run *run);
/* Cuts text: [length], valid UTF-8; `first`: the whole text begins here. */
lrt_status lrt_cut_run_do(lrt_cut_run *run, const char *text, size_t length, bool first, lrt_error *err);

/* The code point that stands for a byte in byte-level vocabularies, and back (-1: none). */
uint32_t lrt_byte_level_code(uint8_t byte);
int lrt_byte_level_byte(uint32_t code);

#endif
