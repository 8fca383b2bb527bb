/* convert_llm.c: from the path of a checkpoint to the path of a bundle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "convert/gguf_llm.h"
#include "convert/gguf_tokenizer.h"
#include "convert/llm_bundle.h"
#include "formats/file_kind.h"
#include "litert/convert.h"
#include "litert/tokenizer.h"
#include "quant/recipe.h"

#define DEFAULT_CONTEXT 4096
#define MOST_STOPS 8

static const int32_t default_sizes[] = {16, 128, 512};

/* Tokens that end a turn in the templates of the families we know. */
static const char *const turn_ends[] = {"<|im_end|>", "<end_of_turn>", "<|eot_id|>", "<|end|>",
                                        "<|endoftext|>"};

/* One conversion under way. */
typedef struct job {
  const lrt_convert_options *options;
  const lrt_recipe *recipe;
  lrt_alloc *alloc;
  lrt_arena arena;
  lrt_source *file;
  lrt_gguf gguf;
  lrt_llm_source source;
  lrt_str tokenizer;
  int32_t stops[MOST_STOPS];
  lrt_llm_bundle_options bundle;
} job;

lrt_status lrt_convert_recipe(size_t index, lrt_recipe_info *out) {
  size_t count = 0;
  const lrt_recipe *list = lrt_recipes(&count);
  if (index >= count) return LRT_NOT_FOUND;
  *out = (lrt_recipe_info){list[index].name, list[index].summary};
  return LRT_OK;
}

static lrt_status check_kind(const job *j, lrt_error *err) {
  const uint64_t length = lrt_source_length(j->file);
  const size_t head = length < LRT_FILE_KIND_BYTES ? (size_t)length : LRT_FILE_KIND_BYTES;
  const void *bytes = NULL;
  LRT_TRY(lrt_source_view(j->file, 0, head, &bytes, err));
  const lrt_file_kind kind = lrt_file_kind_of(bytes, head, length);
  if (kind == LRT_FILE_GGUF) return LRT_OK;
  return lrt_fail(err, LRT_UNSUPPORTED, "%s is %s; GGUF models can be converted", lrt_source_name(j->file),
                  lrt_file_kind_text(kind));
}

static lrt_status choose_graph(job *j, lrt_error *err) {
  lrt_llm_graph_options *g = &j->bundle.graph;
  const int32_t trained = j->source.spec.trained_context;
  g->linear = j->recipe->linear;
  g->embedding = j->recipe->embedding;
  g->context = j->options->context;
  if (g->context == 0) g->context = trained > 0 && trained < DEFAULT_CONTEXT ? trained : DEFAULT_CONTEXT;
  if (g->context < 1 || (trained > 0 && g->context > trained))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a context of %d positions; the model was trained for %d",
                    (int)g->context, (int)trained);
  g->prefill_sizes = j->options->prefill_sizes;
  g->prefill_count = j->options->prefill_count;
  if (g->prefill_sizes != NULL) return LRT_OK;
  g->prefill_sizes = default_sizes;
  /* A short context has no room for the longest passes. */
  for (g->prefill_count = 3; g->prefill_count > 0 && default_sizes[g->prefill_count - 1] > g->context;)
    g->prefill_count--;
  return LRT_OK;
}

static void add_stop(job *j, int64_t id) {
  if (id < 0 || id > INT32_MAX || j->bundle.stop_token_count == MOST_STOPS) return;
  for (size_t i = 0; i < j->bundle.stop_token_count; i++)
    if (j->stops[i] == id) return;
  j->stops[j->bundle.stop_token_count++] = (int32_t)id;
}

static void find_stops(job *j) {
  const lrt_gguf_key *tokens = lrt_gguf_find_key(&j->gguf, "tokenizer.ggml.tokens");
  const lrt_gguf_key *types = lrt_gguf_find_key(&j->gguf, "tokenizer.ggml.token_type");
  add_stop(j, lrt_gguf_integer(lrt_gguf_find_key(&j->gguf, "tokenizer.ggml.eos_token_id"), 0, -1));
  add_stop(j, lrt_gguf_integer(lrt_gguf_find_key(&j->gguf, "tokenizer.ggml.eot_token_id"), 0, -1));
  for (size_t i = 0; tokens != NULL && tokens->kind == LRT_GGUF_TEXT && i < tokens->count; i++) {
    if (lrt_gguf_integer(types, i, 1) != 3) continue; /* not a control token */
    for (size_t e = 0; e < sizeof turn_ends / sizeof turn_ends[0]; e++)
      if (tokens->texts[i].length == strlen(turn_ends[e]) &&
          memcmp(tokens->texts[i].bytes, turn_ends[e], tokens->texts[i].length) == 0)
        add_stop(j, (int64_t)i);
  }
  j->bundle.stop_tokens = j->stops;
}

/* A tokenizer that cannot be opened must not be found out by whoever runs the bundle. */
static lrt_status check_tokenizer(const job *j, lrt_error *err) {
  lrt_tokenizer *tokenizer = NULL;
  LRT_TRY(lrt_tokenizer_open_memory(j->tokenizer.text, j->tokenizer.length, &tokenizer, err));
  lrt_tokenizer_destroy(tokenizer);
  return LRT_OK;
}

static lrt_status read_gguf(job *j, lrt_error *err) {
  lrt_llm_bundle_options *b = &j->bundle;
  LRT_TRY(lrt_gguf_read(j->file, &j->arena, &j->gguf, err));
  LRT_TRY(lrt_gguf_llm_open(&j->gguf, &j->arena, &j->source, err));
  LRT_TRY(lrt_gguf_tokenizer_write(&j->gguf, &j->tokenizer, &b->tokenizer_kind, err));
  LRT_TRY(check_tokenizer(j, err));
  b->tokenizer = j->tokenizer.text;
  b->tokenizer_length = j->tokenizer.length;
  b->start_token = -1;
  if (lrt_gguf_integer(lrt_gguf_find_key(&j->gguf, "tokenizer.ggml.add_bos_token"), 0,
                       b->tokenizer_kind == LRT_SECTION_SENTENCEPIECE) != 0)
    b->start_token = lrt_gguf_integer(lrt_gguf_find_key(&j->gguf, "tokenizer.ggml.bos_token_id"), 0, -1);
  find_stops(j);
  const lrt_gguf_text text = lrt_gguf_text_of(lrt_gguf_find_key(&j->gguf, "tokenizer.chat_template"));
  b->chat_template = j->options->chat_template != NULL ? j->options->chat_template : text.bytes;
  b->chat_template_length =
      j->options->chat_template != NULL ? strlen(j->options->chat_template) : text.length;
  return LRT_OK;
}

static double relative(lrt_weight_error error) {
  return error.squared_weight > 0 ? error.squared / error.squared_weight : 0;
}

static void fill_report(const job *j, const lrt_llm_bundle_result *result, lrt_convert_report *report) {
  snprintf(report->architecture, sizeof report->architecture, "%s", j->source.spec.architecture);
  snprintf(report->recipe, sizeof report->recipe, "%s", j->recipe->name);
  report->source_bytes = lrt_source_length(j->file);
  report->bytes = result->bytes;
  report->parameters = result->parameters;
  report->linear_error = relative(result->linear);
  report->embedding_error = relative(result->embedding);
  report->peak_bytes = lrt_alloc_peak(j->alloc);
}

static lrt_status read_source(job *j, lrt_error *err) {
  LRT_TRY(check_kind(j, err));
  LRT_TRY(read_gguf(j, err));
  return choose_graph(j, err);
}

/* Readers of a file's parts do not know its name. */
static lrt_status name_source(const char *source, lrt_status status, lrt_error *err) {
  if (status == LRT_OK || err == NULL || strstr(err->message, source) != NULL) return status;
  const lrt_error inner = *err;
  return lrt_fail(err, status, "%s: %s", source, inner.message);
}

static lrt_status convert(job *j, const char *source, const char *path, lrt_convert_report *report,
                          lrt_error *err) {
  lrt_llm_bundle_result result;
  LRT_TRY(lrt_recipe_find(j->options->recipe, &j->recipe, err));
  LRT_TRY(lrt_source_open(source, LRT_SOURCE_MAP, j->alloc, &j->file, err));
  LRT_TRY(name_source(source, read_source(j, err), err));
  LRT_TRY(lrt_llm_bundle_write(path, &j->source, &j->bundle, j->alloc, &result, err));
  if (report != NULL) fill_report(j, &result, report);
  return LRT_OK;
}

lrt_status lrt_convert_llm(const char *source, const char *path, const lrt_convert_options *options,
                           lrt_convert_report *report, lrt_error *err) {
  static const lrt_convert_options none;
  job j = {.options = options == NULL ? &none : options};
  LRT_TRY(lrt_alloc_create(j.options->limits.bytes, &j.alloc, err));
  lrt_arena_init(&j.arena, j.alloc);
  lrt_str_init(&j.tokenizer, j.alloc, 0);
  const lrt_status status = convert(&j, source, path, report, err);
  lrt_str_clear(&j.tokenizer);
  lrt_arena_clear(&j.arena);
  lrt_source_destroy(j.file);
  lrt_alloc_destroy(j.alloc);
  return status;
}
