/* cli_llm_benchmark.c: load, time to the first token, prefill and decode speed of a language model. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_llm_benchmark.h"

#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/json.h"
#include "cli_session.h"
#include "cli_table.h"

typedef struct figures {
  double load_s;        /* model and engine */
  double session_s;     /* caches, and the plan for single tokens */
  double first_token_s; /* of the first run: its plans included */
  double best_first_token_s, prefill_s, decode_s;
  int32_t prefill_tokens, decode_tokens;
} figures;

bool cli_llm_is_likely(const lrt_model *model) {
  const char *name = NULL;
  int32_t tensor = 0;
  for (int32_t s = 0; s < lrt_model_signature_count(model); s++)
    for (int32_t i = 0; lrt_model_signature_input(model, s, i, &name, &tensor) == LRT_OK; i++)
      if (strcmp(name, "tokens") == 0 || strcmp(name, "token_ids") == 0 || strcmp(name, "embeddings") == 0)
        return true;
  return false;
}

/* Any tokens do, the time does not depend on which; but no run may find the beginning of another in the cache. */
static lrt_status fill_prompt(cli *c, lrt_session *session, int64_t count, int64_t run, int32_t vocabulary) {
  LRT_TRY(lrt_session_set(session, NULL, 0, &c->error));
  for (int64_t i = 0; i < count; i++) {
    const int32_t id = (int32_t)((100 + run * 31 + i * 7919) % vocabulary);
    LRT_TRY(lrt_session_append(session, &id, 1, &c->error));
  }
  return LRT_OK;
}

static lrt_status time_run(cli *c, lrt_session *session, const cli_llm_benchmark_options *o,
                           int32_t vocabulary, int64_t run, figures *f) {
  const lrt_generate_options options = {.max_tokens = (int32_t)o->decode, .ignore_stops = 1};
  lrt_answer answer;
  LRT_TRY(fill_prompt(c, session, o->prefill, run, vocabulary));
  LRT_TRY(lrt_session_generate(session, &options, &answer, &c->error));
  const lrt_timings *t = &answer.timings;
  if (run == 0) f->first_token_s = t->first_token_s;
  if (run == 0 || t->first_token_s < f->best_first_token_s) f->best_first_token_s = t->first_token_s;
  if (run == 0 || t->prefill_s < f->prefill_s) f->prefill_s = t->prefill_s;
  if (run == 0 || t->decode_s < f->decode_s) f->decode_s = t->decode_s;
  f->prefill_tokens = t->prefill_tokens;
  f->decode_tokens = t->decode_tokens;
  return LRT_OK;
}

static double rate(int32_t tokens, double seconds) {
  return seconds > 0 ? tokens / seconds : 0;
}

static uint64_t peak_rss(void) {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

static void print_text(cli *c, const lrt_model *model, const cli_llm_benchmark_options *o, const figures *f,
                       const lrt_engine_info *info) {
  char text[3][CLI_TEXT_BYTES];
  lrt_str_format(&c->out, "Model       %s, %s\n", lrt_model_name(model),
                 cli_bytes_text(lrt_model_file_bytes(model), text[0]));
  lrt_str_format(&c->out, "Threads     %d, %s mode\n", (int)o->threads, cli_mode_name(o->mode));
  lrt_str_format(&c->out, "Load        %s, session %s\n", cli_seconds_text(f->load_s, text[0]),
                 cli_seconds_text(f->session_s, text[1]));
  lrt_str_format(&c->out, "First token %s (%s with plans made before)\n",
                 cli_seconds_text(f->first_token_s, text[0]),
                 cli_seconds_text(f->best_first_token_s, text[1]));
  lrt_str_format(&c->out, "Prefill     %.1f tokens/s, %d tokens\n", rate(f->prefill_tokens, f->prefill_s),
                 f->prefill_tokens);
  lrt_str_format(&c->out, "Decode      %.1f tokens/s, %d tokens\n", rate(f->decode_tokens, f->decode_s),
                 f->decode_tokens);
  lrt_str_format(&c->out, "Memory      cache %s, packed weights %s, peak of the process %s\n",
                 cli_bytes_text(info->cache_bytes, text[0]),
                 cli_bytes_text(lrt_model_packed_bytes(model), text[1]), cli_bytes_text(peak_rss(), text[2]));
}

static void json_number(lrt_json_writer *json, const char *key, double value) {
  lrt_json_key(json, key);
  lrt_json_double(json, value);
}

static void json_count(lrt_json_writer *json, const char *key, uint64_t value) {
  lrt_json_key(json, key);
  lrt_json_uint(json, value);
}

static void print_json(cli *c, const lrt_model *model, const cli_llm_benchmark_options *o, const figures *f,
                       const lrt_engine_info *info) {
  lrt_json_writer json;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "model");
  lrt_json_text(&json, lrt_model_name(model));
  json_count(&json, "threads", (uint64_t)o->threads);
  lrt_json_key(&json, "mode");
  lrt_json_text(&json, cli_mode_name(o->mode));
  json_number(&json, "load_s", f->load_s);
  json_number(&json, "session_s", f->session_s);
  json_number(&json, "first_token_s", f->first_token_s);
  json_number(&json, "best_first_token_s", f->best_first_token_s);
  json_count(&json, "prefill_tokens", (uint64_t)f->prefill_tokens);
  json_number(&json, "prefill_tokens_per_s", rate(f->prefill_tokens, f->prefill_s));
  json_count(&json, "decode_tokens", (uint64_t)f->decode_tokens);
  json_number(&json, "decode_tokens_per_s", rate(f->decode_tokens, f->decode_s));
  json_count(&json, "runs", (uint64_t)o->runs);
  json_count(&json, "cache_bytes", info->cache_bytes);
  json_count(&json, "packed_bytes", lrt_model_packed_bytes(model));
  json_count(&json, "peak_rss_bytes", peak_rss());
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

static lrt_status measure(cli *c, lrt_engine *engine, const cli_llm_benchmark_options *o, figures *f) {
  lrt_session *session = NULL;
  lrt_engine_info info;
  lrt_engine_describe(engine, &info);
  if (o->prefill + o->decode > info.context)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%lld tokens do not fit the context of %d positions",
                    (long long)(o->prefill + o->decode), info.context);
  const double began = lrt_clock_seconds();
  LRT_TRY(lrt_session_create(engine, NULL, &session, &c->error));
  f->session_s = lrt_clock_seconds() - began;
  lrt_status status = LRT_OK;
  for (int64_t run = 0; run < o->runs && status == LRT_OK; run++)
    status = time_run(c, session, o, info.vocabulary, run, f);
  lrt_session_destroy(session);
  if (status != LRT_OK) return status;
  if (c->json)
    print_json(c, lrt_engine_model(engine), o, f, &info);
  else
    print_text(c, lrt_engine_model(engine), o, f, &info);
  return LRT_OK;
}

lrt_status cli_llm_benchmark(cli *c, lrt_model *model, double load_seconds,
                             const cli_llm_benchmark_options *o) {
  const lrt_engine_options options = {
      .num_threads = (int)o->threads, .mode = o->mode, .max_context = (int32_t)o->context};
  lrt_engine *engine = NULL;
  figures f = {.load_s = load_seconds};
  const double began = lrt_clock_seconds();
  LRT_TRY(lrt_engine_create(model, &options, &engine, &c->error));
  f.load_s += lrt_clock_seconds() - began;
  const lrt_status status = measure(c, engine, o, &f);
  lrt_engine_destroy(engine);
  return status;
}
