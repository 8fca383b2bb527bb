/* pretokenize_read.c: the "pre_tokenizer" of a tokenizer.json as steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/json_field.h"
#include "tokenizer/pretokenize.h"

#define DEPTH_MAX 8

typedef struct reader {
  lrt_arena *arena;
  lrt_cut *steps; /* [LRT_CUTS_MAX] */
  uint32_t count;
  lrt_error *err;
} reader;

static lrt_status add(reader *r, lrt_cut cut) {
  if (r->count == LRT_CUTS_MAX)
    return lrt_fail(r->err, LRT_UNSUPPORTED, "tokenizer.json: the pre_tokenizer has more than %d steps",
                    LRT_CUTS_MAX);
  r->steps[r->count++] = cut;
  return LRT_OK;
}

static lrt_status add_pattern(reader *r, const char *pattern, size_t length, lrt_split_behavior behavior,
                              bool invert) {
  lrt_cut cut = {.kind = CUT_REGEX, .behavior = behavior, .invert = invert};
  LRT_TRY(lrt_regex_compile(pattern, length, r->arena, &cut.regex, r->err));
  return add(r, cut);
}

static lrt_status read_byte_level(reader *r, const lrt_json *json) {
  if (lrt_json_flag(json, "add_prefix_space", true))
    LRT_TRY(add(r, (lrt_cut){.kind = CUT_PREFIX, .text = {" ", 1}}));
  if (lrt_json_flag(json, "use_regex", true))
    LRT_TRY(add_pattern(r, LRT_BYTE_LEVEL_PATTERN, sizeof LRT_BYTE_LEVEL_PATTERN - 1, SPLIT_ISOLATED, false));
  return add(r, (lrt_cut){.kind = CUT_BYTES});
}

static lrt_status read_behavior(reader *r, const lrt_json *json, lrt_split_behavior *out) {
  static const char *const names[] = {"Removed", "Isolated", "Contiguous", "MergedWithPrevious",
                                      "MergedWithNext"};
  const lrt_json *value = lrt_json_get(json, "behavior");
  if (value == NULL) return LRT_OK;
  for (int i = 0; i < 5; i++) {
    if (!lrt_json_is(value, names[i])) continue;
    *out = (lrt_split_behavior)i;
    return LRT_OK;
  }
  return lrt_fail(r->err, LRT_INVALID_MODEL, "tokenizer.json: a pre_tokenizer has an unknown behavior");
}

static lrt_status read_split(reader *r, const lrt_json *json) {
  lrt_split_behavior behavior = SPLIT_ISOLATED;
  LRT_TRY(read_behavior(r, json, &behavior));
  lrt_cut cut = {.kind = CUT_REGEX, .behavior = behavior, .invert = lrt_json_flag(json, "invert", false)};
  LRT_TRY(lrt_json_pattern(lrt_json_get(json, "pattern"), r->arena, &cut.regex, r->err));
  return add(r, cut);
}

static lrt_status read_metaspace(reader *r, const lrt_json *json) {
  lrt_metaspace m;
  LRT_TRY(lrt_json_metaspace(json, r->arena, &m, r->err));
  LRT_TRY(add(r, (lrt_cut){.kind = CUT_REPLACE, .text = m.replacement}));
  if (m.scheme != METASPACE_NEVER)
    LRT_TRY(add(
        r, (lrt_cut){.kind = CUT_PREFIX, .text = m.replacement, .first_only = m.scheme == METASPACE_FIRST}));
  if (!m.split) return LRT_OK;
  return add(r, (lrt_cut){.kind = CUT_CODE, .behavior = SPLIT_MERGED_WITH_NEXT, .code = m.code});
}

static lrt_status read_digits(reader *r, const lrt_json *json) {
  const bool each = lrt_json_flag(json, "individual_digits", false);
  return add(r, (lrt_cut){.kind = CUT_NUMERIC, .behavior = each ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS});
}

static lrt_status read_punctuation(reader *r, const lrt_json *json) {
  lrt_cut cut = {.kind = CUT_PUNCTUATION, .behavior = SPLIT_ISOLATED};
  LRT_TRY(read_behavior(r, json, &cut.behavior));
  return add(r, cut);
}

static lrt_status read_whitespace(reader *r, const lrt_json *json) {
  (void)json;
  return add(r, (lrt_cut){.kind = CUT_WORDS});
}

static lrt_status read_whitespace_split(reader *r, const lrt_json *json) {
  (void)json;
  return add(r, (lrt_cut){.kind = CUT_SPACE, .behavior = SPLIT_REMOVED});
}

static lrt_status read_bert(reader *r, const lrt_json *json) {
  LRT_TRY(read_whitespace_split(r, json));
  return add(r, (lrt_cut){.kind = CUT_PUNCTUATION, .behavior = SPLIT_ISOLATED});
}

static lrt_status read_delimiter(reader *r, const lrt_json *json) {
  lrt_cut cut = {.kind = CUT_CODE, .behavior = SPLIT_REMOVED};
  LRT_TRY(lrt_json_code(json, "delimiter", &cut.code, r->err));
  return add(r, cut);
}

static lrt_status read_fixed_length(reader *r, const lrt_json *json) {
  const double length = lrt_json_number(lrt_json_get(json, "length"), 5);
  if (!(length >= 1 && length <= 1e6))
    return lrt_fail(r->err, LRT_INVALID_MODEL,
                    "tokenizer.json: the length of FixedLength is not a positive number");
  return add(r, (lrt_cut){.kind = CUT_LENGTH, .code = (uint32_t)length});
}

static const struct {
  const char *type;
  lrt_status (*read)(reader *r, const lrt_json *json);
} parts[] = {
    {"ByteLevel", read_byte_level},
    {"Split", read_split},
    {"Metaspace", read_metaspace},
    {"Digits", read_digits},
    {"Punctuation", read_punctuation},
    {"Whitespace", read_whitespace},
    {"WhitespaceSplit", read_whitespace_split},
    {"BertPreTokenizer", read_bert},
    {"CharDelimiterSplit", read_delimiter},
    {"FixedLength", read_fixed_length},
};

static lrt_status read_part(reader *r, const lrt_json *json, int depth) {
  const lrt_json *type = lrt_json_get(json, "type");
  if (lrt_json_is(type, "Sequence") && depth < DEPTH_MAX) {
    const lrt_json *list = lrt_json_get(json, "pretokenizers");
    for (const lrt_json *i = list != NULL && list->kind == LRT_JSON_ARRAY ? list->as.first : NULL; i != NULL;
         i = i->next)
      LRT_TRY(read_part(r, i, depth + 1));
    return LRT_OK;
  }
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    if (lrt_json_is(type, parts[i].type)) return parts[i].read(r, json);
  return lrt_json_unknown(type, "pre_tokenizer", r->err);
}

lrt_status lrt_cuts_read(const lrt_json *json, lrt_arena *arena, lrt_cuts *out, lrt_error *err) {
  lrt_cut steps[LRT_CUTS_MAX];
  reader r = {arena, steps, 0, err};
  *out = (lrt_cuts){NULL, 0};
  if (json == NULL || json->kind == LRT_JSON_NULL) return LRT_OK;
  LRT_TRY(read_part(&r, json, 0));
  lrt_cut *copy = lrt_arena_array(arena, r.count + 1, sizeof *copy);
  if (copy == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "a tokenizer");
  memcpy(copy, steps, r.count * sizeof *copy);
  *out = (lrt_cuts){copy, r.count};
  return LRT_OK;
}
