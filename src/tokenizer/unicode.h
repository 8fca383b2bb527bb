/* unicode.h: properties of code points (Unicode 16.0): categories, lower case, decomposition, composition. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_UNICODE_H
#define LRT_TOKENIZER_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* General categories, and the masks of sets of them. */
#define LRT_CATEGORY_LIST(X)                                                                                 \
  X(Lu)                                                                                                      \
  X(Ll)                                                                                                      \
  X(Lt)                                                                                                      \
  X(Lm)                                                                                                      \
  X(Lo)                                                                                                      \
  X(Mn)                                                                                                      \
  X(Mc)                                                                                                      \
  X(Me)                                                                                                      \
  X(Nd)                                                                                                      \
  X(Nl)                                                                                                      \
  X(No)                                                                                                      \
  X(Pc)                                                                                                      \
  X(Pd)                                                                                                      \
  X(Ps)                                                                                                      \
  X(Pe)                                                                                                      \
  X(Pi)                                                                                                      \
  X(Pf)                                                                                                      \
  X(Po)                                                                                                      \
  X(Sm)                                                                                                      \
  X(Sc)                                                                                                      \
  X(Sk)                                                                                                      \
  X(So)                                                                                                      \
  X(Zs)                                                                                                      \
  X(Zl)                                                                                                      \
  X(Zp)                                                                                                      \
  X(Cc)                                                                                                      \
  X(Cf)                                                                                                      \
  X(Cs)                                                                                                      \
  X(Co)                                                                                                      \
  X(Cn)

typedef enum lrt_category {
#define LRT_CATEGORY_ENUM(name) LRT_CATEGORY_##name,
  LRT_CATEGORY_LIST(LRT_CATEGORY_ENUM)
#undef LRT_CATEGORY_ENUM
      LRT_CATEGORY_COUNT
} lrt_category;

#define LRT_CATEGORY_BIT(name) (1u << LRT_CATEGORY_##name)
#define LRT_CATEGORY_L                                                                                       \
  (LRT_CATEGORY_BIT(Lu) | LRT_CATEGORY_BIT(Ll) | LRT_CATEGORY_BIT(Lt) | LRT_CATEGORY_BIT(Lm) |               \
   LRT_CATEGORY_BIT(Lo))
#define LRT_CATEGORY_M (LRT_CATEGORY_BIT(Mn) | LRT_CATEGORY_BIT(Mc) | LRT_CATEGORY_BIT(Me))
#define LRT_CATEGORY_N (LRT_CATEGORY_BIT(Nd) | LRT_CATEGORY_BIT(Nl) | LRT_CATEGORY_BIT(No))
#define LRT_CATEGORY_P                                                                                       \
  (LRT_CATEGORY_BIT(Pc) | LRT_CATEGORY_BIT(Pd) | LRT_CATEGORY_BIT(Ps) | LRT_CATEGORY_BIT(Pe) |               \
   LRT_CATEGORY_BIT(Pi) | LRT_CATEGORY_BIT(Pf) | LRT_CATEGORY_BIT(Po))
#define LRT_CATEGORY_S                                                                                       \
  (LRT_CATEGORY_BIT(Sm) | LRT_CATEGORY_BIT(Sc) | LRT_CATEGORY_BIT(Sk) | LRT_CATEGORY_BIT(So))
#define LRT_CATEGORY_Z (LRT_CATEGORY_BIT(Zs) | LRT_CATEGORY_BIT(Zl) | LRT_CATEGORY_BIT(Zp))
#define LRT_CATEGORY_C                                                                                       \
  (LRT_CATEGORY_BIT(Cc) | LRT_CATEGORY_BIT(Cf) | LRT_CATEGORY_BIT(Cs) | LRT_CATEGORY_BIT(Co) |               \
   LRT_CATEGORY_BIT(Cn))

/* Code points one decomposition step gives at most (U+FDFA). */
#define LRT_DECOMPOSITION_MAX 18

/* Expands the tables; once per process, from any thread, before the functions below. */
void lrt_unicode_prepare(void);

/* The mask bit of the category. Code points above 10FFFF are Cn. */
uint32_t lrt_unicode_category_bit(uint32_t code);
/* White_Space. */
bool lrt_unicode_is_space(uint32_t code);
/* \w of regular expressions (UTS 18): alphabetic, marks, decimal digits, connectors, joiners. */
bool lrt_unicode_is_word(uint32_t code);
/* The simple lower-case mapping. */
uint32_t lrt_unicode_lower(uint32_t code);
/* Canonical_Combining_Class. */
uint8_t lrt_unicode_combining(uint32_t code);
/* One step of the canonical (or compatible) decomposition, Hangul included; 0 when there is none. */
size_t lrt_unicode_decompose(uint32_t code, bool compatible, uint32_t out[LRT_DECOMPOSITION_MAX]);
/* The primary composite of a pair, Hangul included; 0 when there is none. */
uint32_t lrt_unicode_compose(uint32_t first, uint32_t second);

#endif
