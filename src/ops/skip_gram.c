/* skip_gram.c: SKIP_GRAM: all runs of words of a sentence that leave out up to so many words between two. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"
#include "ops/string_table.h"

/* A hostile sentence has more combinations than anybody can wait for. */
#define MAX_STEPS ((int64_t)1 << 24)

typedef struct gram_params {
  int32_t size, skip;
  bool shorter; /* runs of fewer words too */
} gram_params;

typedef struct words {
  const char *text;
  int32_t (*spans)[2]; /* [count] begin and length */
  int32_t count;
} words;

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A blank ends a word from the second character on: a leading one stays in the first word, as the field's runtime has it. */
static void split(const char *text, int32_t length, words *w) {
  int32_t from = 0;
  w->text = text;
  w->count = 0;
  for (int32_t i = 1; i < length; i++) {
    if (!is_space(text[i])) continue;
    if (i > from && !is_space(text[from])) {
      w->spans[w->count][0] = from;
      w->spans[w->count++][1] = i - from;
    }
    from = i + 1;
  }
  if (length <= from) return;
  w->spans[w->count][0] = from;
  w->spans[w->count++][1] = length - from;
}

/* Where the runs go: first they are counted, then written. */
typedef struct gram_sink {
  const words *w;
  int32_t *table; /* NULL while counting */
  int64_t count, bytes;
} gram_sink;

static void put(gram_sink *sink, const int32_t *run, int32_t length) {
  if (sink->table != NULL) sink->table[1 + sink->count] = (int32_t)sink->bytes;
  sink->count++;
  for (int32_t i = 0; i < length; i++) {
    const int32_t *span = sink->w->spans[run[i]];
    if (sink->table != NULL) {
      char *at = (char *)sink->table + sink->bytes;
      if (i > 0) at[0] = ' ';
      memcpy(at + (i > 0), sink->w->text + span[0], (size_t)span[1]);
    }
    sink->bytes += span[1] + (i > 0);
  }
}

/* Depth-first: run[0 … depth) are the words chosen, run[depth] the last one tried there. */
static bool walk(const gram_params *params, int32_t *run, gram_sink *sink) {
  int32_t depth = 1;
  run[0] = run[1] = 0;
  for (int64_t steps = 0; depth >= 0; steps++) {
    if (steps > MAX_STEPS || sink->bytes > INT32_MAX) return false;
    if (depth < params->size && run[depth] + 1 < sink->w->count &&
        (depth == 0 || run[depth] - run[depth - 1] <= params->skip)) {
      run[depth]++;
      depth++;
      run[depth] = run[depth - 1];
      continue;
    }
    if (depth > 0 && (params->shorter || depth == params->size)) put(sink, run, depth);
    depth--;
  }
  return true;
}

static lrt_status too_many(const lrt_value *out, lrt_error *err) {
  return lrt_fail(err, LRT_RUN_FAILED, "SKIP_GRAM: tensor \"%s\" would hold too many combinations of words",
                  out->name);
}

static lrt_status write_grams(const gram_params *params, const words *w, int32_t *run, lrt_value *out,
                              lrt_error *err) {
  gram_sink sink = {w, NULL, 0, 0};
  if (w->count >= params->size && !walk(params, run, &sink)) return too_many(out, err);
  const int64_t count = sink.count, header = 4 * (count + 2);
  if (header + sink.bytes > INT32_MAX) return too_many(out, err);
  LRT_TRY(lrt_value_reserve(out, (size_t)(header + sink.bytes), err));
  sink = (gram_sink){w, out->data, 0, header};
  sink.table[0] = (int32_t)count;
  if (count > 0) walk(params, run, &sink);
  sink.table[1 + count] = (int32_t)sink.bytes;
  out->shape = (lrt_shape){1, {(int32_t)count}};
  out->shaped = true;
  return LRT_OK;
}

static lrt_status gram_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const gram_params *params = step->params;
  lrt_value *out = step->outputs[0];
  lrt_strings strings;
  lrt_arena arena;
  int32_t length;
  (void)begin;
  (void)end;
  LRT_TRY(lrt_strings_of(step->inputs[0], &strings, run->err));
  if (strings.count < 1)
    return lrt_fail(run->err, LRT_RUN_FAILED, "SKIP_GRAM: tensor \"%s\" holds no sentence",
                    step->inputs[0]->name);
  const char *text = lrt_strings_at(&strings, 0, &length);
  lrt_arena_init(&arena, out->alloc);
  words w = {.spans = lrt_arena_array(&arena, (size_t)length / 2 + 1, sizeof *w.spans)};
  /* One more than the longest run: there are no more words than that. */
  int32_t *chosen = lrt_arena_array(&arena, (size_t)length / 2 + 3, sizeof *chosen);
  lrt_status status = LRT_OK;
  if (w.spans == NULL || chosen == NULL)
    status = lrt_alloc_fail(run->err, out->alloc, 0, "the words of a sentence");
  else {
    split(text, length, &w);
    status = write_grams(params, &w, chosen, out, run->err);
  }
  lrt_arena_clear(&arena);
  return status;
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_STRING, -1};
  const lrt_skip_gram_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_STRING));
  if (options == NULL || options->ngram_size < 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "lacks a number of words");
  gram_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params = (gram_params){options->ngram_size, options->max_skip_size, options->include_all_ngrams != 0};
  lrt_prepare_grows(p, 0);
  return lrt_prepare_step(p, gram_step, params, 1, 0, "skip_gram");
}

const lrt_op lrt_op_skip_gram = {prepare, false, 0, false};
