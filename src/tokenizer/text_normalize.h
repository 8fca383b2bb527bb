/* text_normalize.h: rewrites text before it is cut: Unicode normal forms, case, accents, replacements. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_TEXT_NORMALIZE_H
#define LRT_TOKENIZER_TEXT_NORMALIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/piece_map.h"
#include "tokenizer/regex.h"

typedef enum lrt_normalize_kind {
  NORMALIZE_FORM,        /* NFC, NFD, NFKC, NFKD by `compatible` and `compose` */
  NORMALIZE_LOWERCASE,   /* each code point by itself */
  NORMALIZE_DROP,        /* code points of the categories in `mask` */
  NORMALIZE_BERT_CLEAN,  /* no control characters, every white space a blank */
  NORMALIZE_BERT_SPREAD, /* blanks around Chinese characters */
  NORMALIZE_NMT,         /* the clean-up of SentencePiece's "nmt" rules */
  NORMALIZE_STRIP,       /* white space at the ends */
  NORMALIZE_REPLACE,     /* matches of `regex` become `text` */
  NORMALIZE_PREPEND,     /* `text` in front of what is not empty */
  NORMALIZE_CHARSMAP,    /* SentencePiece's rules, grapheme by grapheme */
  NORMALIZE_BYTES        /* each byte as a printable character */
} lrt_normalize_kind;

typedef struct lrt_normalize_step {
  lrt_normalize_kind kind;
  bool compatible, compose;
  bool left, right; /* STRIP */
  uint32_t mask;
  lrt_text text;
  const lrt_regex *regex;
  lrt_charsmap charsmap;
} lrt_normalize_step;

typedef struct lrt_normalize_steps {
  const lrt_normalize_step *steps; /* [count] */
  uint32_t count;
} lrt_normalize_steps;

#define LRT_NORMALIZE_STEPS_MAX 48

/* Reads a "normalizer" (NULL and null: no steps). Errors: INVALID_MODEL, UNSUPPORTED. */
lrt_status lrt_normalize_read(const lrt_json *json, lrt_arena *arena, lrt_normalize_steps *out,
                              lrt_error *err);

/* What normalizing needs, kept between texts. */
typedef struct lrt_normalize_run {
  lrt_alloc *alloc;
  lrt_regex_run *regex; /* borrowed */
  lrt_str texts[2];
  uint32_t *codes; /* [capacity] */
  size_t capacity;
} lrt_normalize_run;

void lrt_normalize_run_init(lrt_normalize_run *run, lrt_alloc *alloc, lrt_regex_run *regex);
void lrt_normalize_run_clear(lrt_normalize_run *run);
/* Rewrites text: [length], valid UTF-8; *out is valid until the next call, or `text` itself where nothing changes.
 * *cut is set when the first character of the text has gone. */
lrt_status lrt_normalize(const lrt_normalize_steps *steps, lrt_normalize_run *run, const char *text,
                         size_t length, const char **out, size_t *out_length, bool *cut, lrt_error *err);

/* Used between the files of the normalizer: appends text: [length] in a normal form. */
lrt_status lrt_normal_form(lrt_normalize_run *run, bool compatible, bool compose, const char *text,
                           size_t length, lrt_str *out, lrt_error *err);
/* Bytes of the extended grapheme cluster (UAX 29) at the start of text: [length]. */
size_t lrt_grapheme_bytes(const char *text, size_t length);

#endif
