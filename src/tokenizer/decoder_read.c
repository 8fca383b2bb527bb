/* decoder_read.c: the "decoder" of a tokenizer.json as steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "tokenizer/decoder.h"
#include "tokenizer/json_field.h"

#define DEPTH_MAX 8

typedef struct reader {
  lrt_arena *arena;
  lrt_decode_step *steps; /* [LRT_DECODE_STEPS_MAX] */
  uint32_t count;
  lrt_error *err;
} reader;

static lrt_status add(reader *r, lrt_decode_step step) {
  if (r->count == LRT_DECODE_STEPS_MAX)
    return lrt_fail(r->err, LRT_UNSUPPORTED, "tokenizer.json: the decoder has more than %d steps",
                    LRT_DECODE_STEPS_MAX);
  r->steps[r->count++] = step;
  return LRT_OK;
}

/* A text member that must be there. */
static lrt_status need(reader *r, const lrt_json *json, const char *key, lrt_text *out) {
  LRT_TRY(lrt_json_copy(json, key, r->arena, out, r->err));
  if (out->bytes != NULL) return LRT_OK;
  return lrt_fail(r->err, LRT_INVALID_MODEL, "tokenizer.json: a decoder has no \"%s\"", key);
}

static lrt_status read_metaspace(reader *r, const lrt_json *json) {
  lrt_metaspace m;
  LRT_TRY(lrt_json_metaspace(json, r->arena, &m, r->err));
  return add(
      r, (lrt_decode_step){.kind = DECODE_METASPACE, .code = m.code, .flag = m.scheme != METASPACE_NEVER});
}

static lrt_status read_replace(reader *r, const lrt_json *json) {
  lrt_decode_step step = {.kind = DECODE_REPLACE};
  const lrt_json *pattern = lrt_json_get(json, "pattern");
  LRT_TRY(need(r, json, "content", &step.other));
  LRT_TRY(lrt_json_copy(pattern, "String", r->arena, &step.text, r->err));
  if (step.text.length > 0) return add(r, step);
  step.kind = DECODE_PATTERN;
  LRT_TRY(lrt_json_pattern(pattern, r->arena, &step.regex, r->err));
  return add(r, step);
}

static lrt_status read_strip(reader *r, const lrt_json *json) {
  lrt_decode_step step = {.kind = DECODE_STRIP};
  const double start = lrt_json_number(lrt_json_get(json, "start"), -1);
  const double stop = lrt_json_number(lrt_json_get(json, "stop"), -1);
  if (!(start >= 0 && start <= 1e6 && stop >= 0 && stop <= 1e6))
    return lrt_fail(r->err, LRT_INVALID_MODEL,
                    "tokenizer.json: the decoder Strip has no usable start and stop");
  step.start = (uint32_t)start;
  step.stop = (uint32_t)stop;
  LRT_TRY(lrt_json_code(json, "content", &step.code, r->err));
  return add(r, step);
}

static lrt_status read_wordpiece(reader *r, const lrt_json *json) {
  lrt_decode_step step = {.kind = DECODE_WORDPIECE, .flag = lrt_json_flag(json, "cleanup", true)};
  LRT_TRY(need(r, json, "prefix", &step.text));
  return add(r, step);
}

static lrt_status read_ctc(reader *r, const lrt_json *json) {
  lrt_decode_step step = {.kind = DECODE_CTC, .flag = lrt_json_flag(json, "cleanup", true)};
  LRT_TRY(need(r, json, "pad_token", &step.text));
  LRT_TRY(need(r, json, "word_delimiter_token", &step.other));
  return add(r, step);
}

static lrt_status read_bpe(reader *r, const lrt_json *json) {
  lrt_decode_step step = {.kind = DECODE_BPE};
  LRT_TRY(need(r, json, "suffix", &step.text));
  return add(r, step);
}

static lrt_status read_step(reader *r, const lrt_json *json, int depth) {
  const lrt_json *type = lrt_json_get(json, "type");
  if (lrt_json_is(type, "ByteLevel")) return add(r, (lrt_decode_step){.kind = DECODE_BYTE_LEVEL});
  if (lrt_json_is(type, "ByteFallback")) return add(r, (lrt_decode_step){.kind = DECODE_BYTE_FALLBACK});
  if (lrt_json_is(type, "Fuse")) return add(r, (lrt_decode_step){.kind = DECODE_FUSE});
  if (lrt_json_is(type, "Metaspace")) return read_metaspace(r, json);
  if (lrt_json_is(type, "Replace")) return read_replace(r, json);
  if (lrt_json_is(type, "Strip")) return read_strip(r, json);
  if (lrt_json_is(type, "WordPiece")) return read_wordpiece(r, json);
  if (lrt_json_is(type, "CTC")) return read_ctc(r, json);
  if (lrt_json_is(type, "BPEDecoder")) return read_bpe(r, json);
  if (!lrt_json_is(type, "Sequence") || depth == DEPTH_MAX) return lrt_json_unknown(type, "decoder", r->err);
  const lrt_json *list = lrt_json_get(json, "decoders");
  for (const lrt_json *i = list != NULL && list->kind == LRT_JSON_ARRAY ? list->as.first : NULL; i != NULL;
       i = i->next)
    LRT_TRY(read_step(r, i, depth + 1));
  return LRT_OK;
}

lrt_status lrt_decode_steps_read(const lrt_json *json, lrt_arena *arena, lrt_decode_steps *out,
                                 lrt_error *err) {
  lrt_decode_step steps[LRT_DECODE_STEPS_MAX];
  reader r = {arena, steps, 0, err};
  if (json == NULL || json->kind == LRT_JSON_NULL)
    LRT_TRY(add(&r, (lrt_decode_step){.kind = DECODE_BLANKS}));
  else
    LRT_TRY(read_step(&r, json, 0));
  lrt_decode_step *copy = lrt_arena_array(arena, r.count + 1, sizeof *copy);
  if (copy == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "a tokenizer");
  memcpy(copy, steps, r.count * sizeof *copy);
  *out = (lrt_decode_steps){copy, r.count};
  return LRT_OK;
}
