/* regex_program.h: what a pattern is compiled to: sets of code points and operations for a backtracking matcher. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_REGEX_PROGRAM_H
#define LRT_TOKENIZER_REGEX_PROGRAM_H

#include "tokenizer/regex.h"

typedef struct lrt_regex_set lrt_regex_set;

typedef enum lrt_regex_item_kind {
  REGEX_RANGE,
  REGEX_NOT_SPACE,
  REGEX_WORD,
  REGEX_NOT_WORD,
  REGEX_SET
} lrt_regex_item_kind;

/* One member of a set that is no general category. */
typedef struct lrt_regex_item {
  lrt_regex_item_kind kind;
  uint32_t low, high;       /* RANGE, both included */
  const lrt_regex_set *set; /* SET */
  const struct lrt_regex_item *next;
} lrt_regex_item;

struct lrt_regex_set {
  uint64_t ascii[2]; /* the answer for code points below 128 */
  uint32_t mask;     /* general categories that belong to it */
  const lrt_regex_item *items;
  const lrt_regex_set *both; /* must contain it too; NULL = nothing more */
  bool negate;
};

typedef enum lrt_regex_op_kind {
  REGEX_OP_CHAR,   /* the bytes of one code point */
  REGEX_OP_SET,    /* one code point of a set */
  REGEX_OP_LOOP,   /* min to max code points of a set */
  REGEX_OP_SPLIT,  /* try `to`, then `other` */
  REGEX_OP_JUMP,   /* to `to` */
  REGEX_OP_LOOK,   /* the body behind it, up to its END, looks around; continues at `to` */
  REGEX_OP_ATOMIC, /* the same, consuming and never tried again */
  REGEX_OP_ASSERT,
  REGEX_OP_END
} lrt_regex_op_kind;

typedef enum lrt_regex_mode { REGEX_GREEDY, REGEX_LAZY, REGEX_POSSESSIVE } lrt_regex_mode;

typedef enum lrt_regex_assertion {
  REGEX_LINE_START,
  REGEX_LINE_END,
  REGEX_TEXT_START,
  REGEX_TEXT_END,
  REGEX_BOUNDARY,
  REGEX_NO_BOUNDARY
} lrt_regex_assertion;

typedef struct lrt_regex_op {
  lrt_regex_op_kind kind;
  lrt_regex_mode mode;           /* LOOP */
  lrt_regex_assertion assertion; /* ASSERT */
  bool negate;                   /* LOOK */
  uint32_t behind;               /* LOOK: code points to go back; 0 = ahead */
  uint32_t to, other;
  uint32_t min, max; /* LOOP; max UINT32_MAX = no limit */
  char bytes[4];     /* CHAR */
  uint32_t length;   /* CHAR */
  const lrt_regex_set *set;
  const uint64_t *first; /* SPLIT: [4], bytes that `to` can begin with; NULL = any */
} lrt_regex_op;

struct lrt_regex {
  const lrt_regex_op *ops; /* [count], ends with END */
  uint32_t count;
};

/* Oniguruma's \w: that of UTS 18, but with the superscripts and fractions of Latin-1 and without the joiners. */
bool lrt_regex_is_word(uint32_t code);
bool lrt_regex_set_contains(const lrt_regex_set *set, uint32_t code);

#endif
