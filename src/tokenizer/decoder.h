/* decoder.h: from the spellings of tokens to text: a chain of small steps that work while tokens arrive. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_DECODER_H
#define LRT_TOKENIZER_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "tokenizer/piece_map.h"
#include "tokenizer/regex.h"

typedef enum lrt_decode_kind {
  DECODE_BYTE_LEVEL,    /* GPT-2's printable characters become bytes again */
  DECODE_BYTE_FALLBACK, /* <0x41> becomes a byte */
  DECODE_METASPACE,     /* `code` becomes a blank; those of the first token vanish when `flag` */
  DECODE_FUSE,          /* all tokens become one */
  DECODE_REPLACE,       /* `text` becomes `other` */
  DECODE_PATTERN,       /* matches of `regex` become `other` */
  DECODE_STRIP,         /* up to `start` and `stop` of `code` go from the ends of a token */
  DECODE_WORDPIECE,     /* tokens without the prefix `text` get a blank in front; `flag`: cleaned up */
  DECODE_CTC,    /* repeated tokens once, without the padding `text`; `flag`: cleaned up, `other` = blank */
  DECODE_BPE,    /* the suffix `text` becomes a blank, in the last token nothing */
  DECODE_BLANKS, /* no decoder given: a blank between tokens */
  DECODE_SENTENCEPIECE /* what SentencePiece does, by the type of each piece */
} lrt_decode_kind;

typedef struct lrt_decode_step {
  lrt_decode_kind kind;
  lrt_text text, other;
  const lrt_regex *regex;
  uint32_t code;
  uint32_t start, stop;
  bool flag;
} lrt_decode_step;

typedef struct lrt_decode_steps {
  const lrt_decode_step *steps; /* [count] */
  uint32_t count;
} lrt_decode_steps;

#define LRT_DECODE_STEPS_MAX 16

/* Reads a "decoder" (NULL and null: blanks between tokens). Errors: INVALID_MODEL, UNSUPPORTED. */
lrt_status lrt_decode_steps_read(const lrt_json *json, lrt_arena *arena, lrt_decode_steps *out,
                                 lrt_error *err);

/* How a token is to be treated by DECODE_SENTENCEPIECE. */
typedef enum lrt_token_role { TOKEN_NORMAL, TOKEN_UNKNOWN, TOKEN_CONTROL, TOKEN_BYTE } lrt_token_role;

/* What a step remembers. */
typedef struct lrt_decode_state {
  lrt_str held;  /* the token so far, or what is kept back of it */
  lrt_str extra; /* a run of bytes, or the previous token */
  uint64_t tokens;
  uint32_t cut, kept;
  bool started, other; /* the token has begun; meaning depends on the step */
} lrt_decode_state;

/* Tokens go in, text comes out. */
typedef struct lrt_decoder {
  lrt_decode_steps plan;
  lrt_decode_state states[LRT_DECODE_STEPS_MAX];
  lrt_regex_run regex;
  lrt_token_role role; /* of the token going in */
  lrt_str out;         /* grows; the caller cuts it */
} lrt_decoder;

void lrt_decoder_init(lrt_decoder *decoder, const lrt_decode_steps *plan, lrt_alloc *alloc);
void lrt_decoder_clear(lrt_decoder *decoder);
lrt_status lrt_decoder_copy(const lrt_decoder *from, lrt_decoder *to, lrt_error *err);
/* One token. After an error the decoder is good for lrt_decoder_clear only. */
lrt_status lrt_decoder_put(lrt_decoder *decoder, const lrt_text *token, lrt_token_role role, lrt_error *err);
/* The end of the tokens: everything kept back comes out, and the decoder begins anew. */
lrt_status lrt_decoder_finish(lrt_decoder *decoder, lrt_error *err);

#endif
