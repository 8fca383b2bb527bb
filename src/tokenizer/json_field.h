/* json_field.h: fields that several parts of a tokenizer.json have. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JSON_FIELD_H
#define LRT_TOKENIZER_JSON_FIELD_H

#include "base/json.h"
#include "tokenizer/piece_map.h"
#include "tokenizer/regex.h"

/* A boolean member; `otherwise` where it is absent or something else. */
bool lrt_json_flag(const lrt_json *object, const char *key, bool otherwise);
/* Whether a value is this text; false for NULL. */
bool lrt_json_is(const lrt_json *value, const char *text);
/* A text member as a copy in the arena with a NUL behind it; bytes NULL when it is absent or null. Errors: INVALID_MODEL. */
lrt_status lrt_json_copy(const lrt_json *object, const char *key, lrt_arena *arena, lrt_text *out,
                         lrt_error *err);
/* A member that is a text of one code point. Errors: INVALID_MODEL. */
lrt_status lrt_json_code(const lrt_json *object, const char *key, uint32_t *out, lrt_error *err);
/* A number as the tokenizers package reads it from its shortest spelling: all digits as one integer, then multiplied or
 * divided by a power of ten. That is up to a unit in the last place away from the number that is written, and decides
 * between ways of equal probability. Errors: OUT_OF_MEMORY. */
lrt_status lrt_json_score(const lrt_json *value, lrt_alloc *alloc, double *out, lrt_error *err);
/* {"String": …} or {"Regex": …}, compiled. Errors: INVALID_MODEL, UNSUPPORTED. */
lrt_status lrt_json_pattern(const lrt_json *pattern, lrt_arena *arena, const lrt_regex **out, lrt_error *err);
/* Fails with UNSUPPORTED: "the pre_tokenizer X is not supported". */
lrt_status lrt_json_unknown(const lrt_json *type, const char *part, lrt_error *err);

typedef enum lrt_metaspace_scheme { METASPACE_ALWAYS, METASPACE_FIRST, METASPACE_NEVER } lrt_metaspace_scheme;

/* "Metaspace", a pre_tokenizer and a decoder. */
typedef struct lrt_metaspace {
  lrt_text replacement; /* one code point */
  uint32_t code;
  lrt_metaspace_scheme scheme;
  bool split;
} lrt_metaspace;

lrt_status lrt_json_metaspace(const lrt_json *json, lrt_arena *arena, lrt_metaspace *out, lrt_error *err);

#endif
