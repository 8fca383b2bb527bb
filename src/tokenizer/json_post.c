/* json_post.c: the "post_processor" of a tokenizer.json: which ids stand before and behind those of a text. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "tokenizer/json_field.h"
#include "tokenizer/json_model.h"

#define IDS_MAX 64
#define DEPTH_MAX 8

/* Ids before and behind, while processors are read one after the other: the next one's stand outside. */
typedef struct frame {
  int32_t before[IDS_MAX], after[IDS_MAX]; /* before: from the text outwards */
  uint32_t before_count, after_count;
  lrt_error *err;
} frame;

static lrt_status bad(lrt_error *err, const char *what) {
  return lrt_fail(err, LRT_INVALID_MODEL, "tokenizer.json: the post_processor %s", what);
}

static lrt_status add(frame *f, int32_t *ids, uint32_t *count, const lrt_json *id) {
  if (id == NULL || id->kind != LRT_JSON_NUMBER || !id->is_integer || id->as.integer < 0 ||
      id->as.integer >= LRT_TOKEN_IDS_MAX)
    return bad(f->err, "has a token without a usable id");
  if (*count == IDS_MAX) return bad(f->err, "adds more than 64 tokens");
  ids[(*count)++] = (int32_t)id->as.integer;
  return LRT_OK;
}

/* The list of ids of a special token that a template names. */
static const lrt_json *ids_of(const lrt_json *processor, const lrt_json *special) {
  const lrt_json *name = lrt_json_get(special, "id");
  if (name == NULL || name->kind != LRT_JSON_TEXT) return NULL;
  return lrt_json_get(lrt_json_get(lrt_json_get(processor, "special_tokens"), name->as.text), "ids");
}

/* "single": special tokens around one sequence. */
static lrt_status read_template(frame *f, const lrt_json *processor) {
  const lrt_json *single = lrt_json_get(processor, "single");
  int32_t outer[IDS_MAX];
  uint32_t outer_count = 0, sequences = 0;
  if (single == NULL || single->kind != LRT_JSON_ARRAY)
    return bad(f->err, "TemplateProcessing has no list \"single\"");
  for (const lrt_json *i = single->as.first; i != NULL; i = i->next) {
    const lrt_json *special = lrt_json_get(i, "SpecialToken");
    if (special == NULL) {
      if (lrt_json_get(i, "Sequence") == NULL || sequences++ > 0)
        return bad(f->err, "has a template with more than one text");
      continue;
    }
    const lrt_json *ids = ids_of(processor, special);
    if (ids == NULL || ids->kind != LRT_JSON_ARRAY)
      return bad(f->err, "names a special token that it does not define");
    for (const lrt_json *id = ids->as.first; id != NULL; id = id->next)
      LRT_TRY(sequences == 0 ? add(f, outer, &outer_count, id) : add(f, f->after, &f->after_count, id));
  }
  if (sequences == 0) return bad(f->err, "has a template without the text");
  if (outer_count > IDS_MAX - f->before_count) return bad(f->err, "adds more than 64 tokens");
  while (outer_count > 0) f->before[f->before_count++] = outer[--outer_count];
  return LRT_OK;
}

/* BERT and RoBERTa: "cls" before, "sep" behind; both are [token, id]. */
static lrt_status read_pair(frame *f, const lrt_json *processor) {
  LRT_TRY(add(f, f->before, &f->before_count, lrt_json_at(lrt_json_get(processor, "cls"), 1)));
  return add(f, f->after, &f->after_count, lrt_json_at(lrt_json_get(processor, "sep"), 1));
}

static lrt_status read_processor(frame *f, const lrt_json *json, int depth) {
  const lrt_json *type = lrt_json_get(json, "type");
  if (lrt_json_is(type, "ByteLevel")) return LRT_OK; /* moves offsets only */
  if (lrt_json_is(type, "TemplateProcessing")) return read_template(f, json);
  if (lrt_json_is(type, "BertProcessing") || lrt_json_is(type, "RobertaProcessing"))
    return read_pair(f, json);
  if (!lrt_json_is(type, "Sequence") || depth == DEPTH_MAX)
    return lrt_json_unknown(type, "post_processor", f->err);
  const lrt_json *list = lrt_json_get(json, "processors");
  for (const lrt_json *i = list != NULL && list->kind == LRT_JSON_ARRAY ? list->as.first : NULL; i != NULL;
       i = i->next)
    LRT_TRY(read_processor(f, i, depth + 1));
  return LRT_OK;
}

lrt_status lrt_json_surroundings(const lrt_json *json, lrt_arena *arena, lrt_surroundings *out,
                                 lrt_error *err) {
  frame f = {.err = err};
  *out = (lrt_surroundings){0};
  if (json == NULL || json->kind == LRT_JSON_NULL) return LRT_OK;
  LRT_TRY(read_processor(&f, json, 0));
  int32_t *ids = lrt_arena_array(arena, 2 * IDS_MAX, sizeof *ids);
  if (ids == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "a tokenizer");
  for (uint32_t i = 0; i < f.before_count; i++) ids[i] = f.before[f.before_count - 1 - i];
  memcpy(ids + IDS_MAX, f.after, f.after_count * sizeof *ids);
  *out = (lrt_surroundings){ids, ids + IDS_MAX, f.before_count, f.after_count};
  return LRT_OK;
}
