/* cmd_benchmark.c: litert benchmark: load, first run and steady state of a model, apart. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/json.h"
#include "cli_feed.h"
#include "cli_llm_benchmark.h"
#include "cli_profile.h"
#include "cli_table.h"

/* At most so many runs are kept for the median: a million of 8 bytes. */
#define RUNS_MAX 1000000

typedef struct benchmark_options {
  cli_session_options session;
  cli_feed_options feed;
  const char *graph;
  int64_t runs, warmup_runs;
  double min_secs, max_secs, warmup_secs, delay;
  bool report_peak;
  int64_t prefill, decode; /* language models: tokens, -1 = not given */
} benchmark_options;

typedef struct benchmark {
  double *seconds; /* [count], in order of size after summing up */
  int64_t count;
  double prepare_s; /* planning and filling the inputs */
  double first_s;
  double warmup_s; /* mean, 0 without warm-up runs */
  double mean_s, deviation_s;
  uint64_t peak_rss;
} benchmark;

static uint64_t peak_rss(void) {
  struct rusage usage;
  return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}

static lrt_status time_run(cli *c, cli_session *session, double *seconds) {
  const double began = lrt_clock_seconds();
  LRT_TRY(lrt_interpreter_invoke(session->interpreter, session->subgraph, &c->error));
  *seconds = lrt_clock_seconds() - began;
  return LRT_OK;
}

/* Only people at a terminal want to see that something goes on. */
static void show_progress(const cli *c, int64_t run, double elapsed, double *shown) {
  if (c->json || elapsed - *shown < 0.5 || !isatty(STDERR_FILENO)) return;
  *shown = elapsed;
  fprintf(stderr, "\r%lld runs, %.0f s", (long long)run, elapsed);
}

static lrt_status warm_up(cli *c, cli_session *session, const benchmark_options *o, benchmark *b) {
  const double began = lrt_clock_seconds();
  int64_t count = 0;
  double elapsed = 0;
  while ((count < o->warmup_runs || elapsed < o->warmup_secs) && (count == 0 || elapsed < o->max_secs)) {
    double seconds;
    LRT_TRY(time_run(c, session, &seconds));
    b->warmup_s += seconds;
    count++;
    elapsed = lrt_clock_seconds() - began;
  }
  if (count > 0) b->warmup_s /= (double)count;
  return LRT_OK;
}

static void pause_between(double seconds) {
  const struct timespec wanted = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
  if (seconds > 0) nanosleep(&wanted, NULL);
}

/* As many runs as asked for, and as long as asked for, but never longer than max_secs. */
static lrt_status steady(cli *c, cli_session *session, const benchmark_options *o, benchmark *b) {
  const double began = lrt_clock_seconds();
  double elapsed = 0, shown = 0;
  while ((b->count < o->runs || elapsed < o->min_secs) && (b->count == 0 || elapsed < o->max_secs) &&
         b->count < RUNS_MAX) {
    if (b->count > 0) pause_between(o->delay);
    LRT_TRY(time_run(c, session, &b->seconds[b->count++]));
    elapsed = lrt_clock_seconds() - began;
    show_progress(c, b->count, elapsed, &shown);
  }
  if (shown > 0) fprintf(stderr, "\r\033[K");
  return LRT_OK;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(const benchmark *b, double share) {
  const double at = share * (double)(b->count - 1);
  const int64_t low = (int64_t)at;
  const int64_t high = low + 1 < b->count ? low + 1 : low;
  return b->seconds[low] + (at - (double)low) * (b->seconds[high] - b->seconds[low]);
}

static void sum_up(benchmark *b) {
  double squares = 0;
  for (int64_t i = 0; i < b->count; i++) b->mean_s += b->seconds[i] / (double)b->count;
  for (int64_t i = 0; i < b->count; i++) squares += (b->seconds[i] - b->mean_s) * (b->seconds[i] - b->mean_s);
  b->deviation_s = sqrt(squares / (double)b->count);
  qsort(b->seconds, (size_t)b->count, sizeof b->seconds[0], compare);
}

static void print_text(cli *c, const cli_session *session, const benchmark *b, bool report_peak) {
  char load[CLI_TEXT_BYTES], prepare[CLI_TEXT_BYTES], text[4][CLI_TEXT_BYTES];
  lrt_memory_info memory;
  lrt_interpreter_memory(session->interpreter, &memory);
  lrt_str_format(&c->out, "Model       %s, %s\n", lrt_model_name(session->model),
                 cli_bytes_text(lrt_model_file_bytes(session->model), text[0]));
  lrt_str_format(&c->out, "Threads     %d, %s mode\n", session->threads, cli_mode_name(session->mode));
  lrt_str_format(&c->out, "Load        %s, planning %s\n", cli_seconds_text(session->load_seconds, load),
                 cli_seconds_text(b->prepare_s, prepare));
  lrt_str_format(&c->out, "First run   %s\n", cli_seconds_text(b->first_s, text[0]));
  lrt_str_format(&c->out, "Steady      median %s, min %s, mean %s, p95 %s, %lld run%s\n",
                 cli_seconds_text(quantile(b, 0.5), text[0]), cli_seconds_text(b->seconds[0], text[1]),
                 cli_seconds_text(b->mean_s, text[2]), cli_seconds_text(quantile(b, 0.95), text[3]),
                 (long long)b->count, b->count == 1 ? "" : "s");
  lrt_str_format(&c->out, "Memory      activations %s, packed weights %s",
                 cli_bytes_text(memory.arena, text[0]),
                 cli_bytes_text(lrt_model_packed_bytes(session->model), text[1]));
  if (report_peak) lrt_str_format(&c->out, ", peak of the process %s", cli_bytes_text(b->peak_rss, text[2]));
  lrt_str_add_text(&c->out, "\n");
}

/* The lines that scripts written for benchmark_model look for. */
static void print_familiar(cli *c, const cli_session *session, const benchmark *b, bool report_peak) {
  lrt_memory_info memory;
  lrt_interpreter_memory(session->interpreter, &memory);
  lrt_str_format(&c->out,
                 "Inference timings in us: Init: %.0f, First inference: %.0f, Warmup (avg): %.6g, Inference "
                 "(avg): %.6g\n",
                 (session->load_seconds + b->prepare_s) * 1e6, b->first_s * 1e6, b->warmup_s * 1e6,
                 b->mean_s * 1e6);
  if (report_peak)
    lrt_str_format(&c->out,
                   "Memory footprint delta from the start of the tool (MB): init=%.6g overall=%.6g\n",
                   (double)memory.in_use / 1048576, (double)b->peak_rss / 1048576);
}

static void json_number(lrt_json_writer *json, const char *key, double value) {
  lrt_json_key(json, key);
  lrt_json_double(json, value);
}

static void json_bytes(lrt_json_writer *json, const char *key, uint64_t value) {
  lrt_json_key(json, key);
  lrt_json_uint(json, value);
}

static void print_json(cli *c, const cli_session *session, const benchmark *b, const cli_profile *profile,
                       bool ops) {
  lrt_memory_info memory;
  lrt_json_writer json;
  lrt_interpreter_memory(session->interpreter, &memory);
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "model");
  lrt_json_text(&json, lrt_model_name(session->model));
  json_bytes(&json, "threads", (uint64_t)session->threads);
  lrt_json_key(&json, "mode");
  lrt_json_text(&json, cli_mode_name(session->mode));
  json_number(&json, "load_s", session->load_seconds);
  json_number(&json, "prepare_s", b->prepare_s);
  json_number(&json, "first_s", b->first_s);
  json_number(&json, "min_ms", b->seconds[0] * 1e3);
  json_number(&json, "median_ms", quantile(b, 0.5) * 1e3);
  json_number(&json, "mean_ms", b->mean_s * 1e3);
  json_number(&json, "p95_ms", quantile(b, 0.95) * 1e3);
  json_number(&json, "deviation_ms", b->deviation_s * 1e3);
  json_bytes(&json, "runs", (uint64_t)b->count);
  json_bytes(&json, "peak_rss_bytes", b->peak_rss);
  json_bytes(&json, "activation_bytes", memory.arena);
  json_bytes(&json, "packed_bytes", lrt_model_packed_bytes(session->model));
  lrt_json_key(&json, "kernels");
  cli_profile_json_kernels(profile, &json);
  if (ops) {
    lrt_json_key(&json, "profile");
    cli_profile_json(profile, &json);
  }
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

static lrt_status report(cli *c, cli_session *session, const benchmark_options *o, benchmark *b) {
  cli_profile profile;
  sum_up(b);
  b->peak_rss = peak_rss();
  LRT_TRY(cli_profile_collect(c, session, &profile));
  if (c->json) {
    print_json(c, session, b, &profile, o->session.profile);
  } else {
    print_text(c, session, b, o->report_peak);
    if (o->graph != NULL) print_familiar(c, session, b, o->report_peak);
    if (o->session.profile) cli_profile_print(&profile, &c->out);
  }
  cli_profile_clear(&profile);
  return LRT_OK;
}

static lrt_status measure(cli *c, cli_session *session, const benchmark_options *o, benchmark *b) {
  const double began = lrt_clock_seconds();
  LRT_TRY(cli_feed(c, session, &o->feed));
  b->prepare_s = lrt_clock_seconds() - began;
  LRT_TRY(time_run(c, session, &b->first_s));
  LRT_TRY(warm_up(c, session, o, b));
  LRT_TRY(steady(c, session, o, b));
  return report(c, session, o, b);
}

static lrt_status run_benchmark(cli *c, const char *path, const benchmark_options *o) {
  cli_session session;
  benchmark b = {0};
  LRT_TRY(cli_session_open(c, path, &o->session, &session));
  b.seconds = lrt_alloc_array(lrt_alloc_default(), RUNS_MAX, sizeof *b.seconds);
  const lrt_status status = b.seconds != NULL ? measure(c, &session, o, &b)
                                              : lrt_alloc_fail(&c->error, lrt_alloc_default(),
                                                               RUNS_MAX * sizeof *b.seconds, "times");
  lrt_alloc_free(b.seconds);
  cli_session_close(&session);
  return status;
}

/* A language model is measured as such, unless a signature or inputs are named. */
static lrt_status run_llm(cli *c, const char *path, const benchmark_options *o, bool *done) {
  const bool asked = o->prefill >= 0 || o->decode >= 0;
  const cli_llm_benchmark_options options = {.prefill = o->prefill >= 0 ? o->prefill : 256,
                                             .decode = o->decode >= 0 ? o->decode : 256,
                                             .runs = o->runs < 50 ? o->runs : 3,
                                             .threads = o->session.threads,
                                             .mode = o->session.mode == 1 ? LRT_MODE_REF : LRT_MODE_FAST};
  lrt_model *model = NULL;
  *done = false;
  if (!asked && (o->session.signature != NULL || o->feed.inputs.count > 0 || o->session.profile))
    return LRT_OK;
  const double began = lrt_clock_seconds();
  LRT_TRY(cli_session_open_model(c, path, &o->session, &model));
  lrt_status status = LRT_OK;
  if (asked || cli_llm_is_likely(model)) {
    status = cli_llm_benchmark(c, model, lrt_clock_seconds() - began, &options);
    *done = asked || status == LRT_OK || status == LRT_INVALID_ARGUMENT;
    if (!*done)
      status = LRT_OK; /* signatures that take tokens, but no language model: measured as any other model */
  }
  lrt_model_destroy(model);
  return status;
}

lrt_status cmd_benchmark(cli *c, int argc, char **argv) {
  benchmark_options o = {.session = CLI_SESSION_DEFAULTS,
                         .feed.seed = 1,
                         .runs = 50,
                         .warmup_runs = 1,
                         .min_secs = 1,
                         .max_secs = 150,
                         .prefill = -1,
                         .decode = -1};
  const cli_flag flags[] = {
      {"num-runs", CLI_INT, &o.runs, 1, "N", "measure at least N runs (default 50)"},
      {"warmup-runs", CLI_INT, &o.warmup_runs, 0, "N",
       "runs between the first and the measured ones (default 1)"},
      {"min-secs", CLI_REAL, &o.min_secs, 0, "S", "measure at least this long (default 1)"},
      {"max-secs", CLI_REAL, &o.max_secs, 0, "S", "and stop after this time (default 150)"},
      {"warmup-min-secs", CLI_REAL, &o.warmup_secs, 0, "S", "warm up at least this long (default 0)"},
      {"run-delay", CLI_REAL, &o.delay, 0, "S", "wait between measured runs (default 0)"},
      {"enable-op-profiling", CLI_SWITCH, &o.session.profile, 0, NULL,
       "also list the time of every operator and kernel"},
      {"report-peak-memory-footprint", CLI_SWITCH, &o.report_peak, 0, NULL,
       "also print the peak memory of the process"},
      {"input", CLI_LIST, &o.feed.inputs, 0, "[NAME=]FILE", "contents of an input (default: random)"},
      {"seed", CLI_INT, &o.feed.seed, 0, "N", "seed of random inputs (default 1)"},
      {"prefill-tokens", CLI_INT, &o.prefill, 1, "N",
       "language models: tokens of the prompt (default 256); also -p N"},
      {"decode-tokens", CLI_INT, &o.decode, 1, "N",
       "language models: tokens of the answer (default 256); also -d N"},
      {"p", CLI_INT, &o.prefill, 1, "N", NULL},
      {"d", CLI_INT, &o.decode, 1, "N", NULL},
      {"graph", CLI_TEXT, &o.graph, 0, "MODEL",
       "the model, as in benchmark_model, whose summary lines are then added"},
      CLI_SESSION_FLAGS(o.session),
      {"signature-to-run-for", CLI_TEXT, &o.session.signature, 0, "KEY", NULL},
      {"use-xnnpack", CLI_IGNORED, NULL, 0, "BOOL", NULL},
      {"use-cpu", CLI_IGNORED, NULL, 0, "BOOL", NULL},
      {"verbose", CLI_IGNORED, NULL, 0, "BOOL", NULL},
      {"max-profiling-buffer-entries", CLI_IGNORED, NULL, 0, "N", NULL},
      {"memory-footprint-check-interval-ms", CLI_IGNORED, NULL, 0, "N", NULL},
      {"release-dynamic-tensors", CLI_IGNORED, NULL, 0, "BOOL", NULL},
      {"optimize-memory-for-large-tensors", CLI_IGNORED, NULL, 0, "N", NULL},
      {"use-gpu", CLI_ABSENT, NULL, 0, NULL, NULL},
      {"use-npu", CLI_ABSENT, NULL, 0, NULL, NULL},
      {"use-nnapi", CLI_ABSENT, NULL, 0, NULL, NULL},
      {"use-hexagon", CLI_ABSENT, NULL, 0, NULL, NULL},
      {"use-coreml", CLI_ABSENT, NULL, 0, NULL, NULL},
      {"require-full-delegation", CLI_ABSENT, NULL, 0, NULL, NULL},
  };
  const cli_syntax syntax = {"MODEL", "Measures a model: loading it, its first run, and further runs.",
                             flags,   sizeof flags / sizeof flags[0],
                             0,       1,
                             NULL};
  const char *path = NULL;
  const lrt_status status = cli_parse(c, &syntax, argc, argv, &path);
  if (status != LRT_OK || c->done) return status;
  if (path != NULL && o.graph != NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "the model is given twice: %s and --graph %s", path,
                    o.graph);
  if (path == NULL) path = o.graph;
  if (path == NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "benchmark needs MODEL; see litert benchmark --help");
  bool done = false;
  LRT_TRY(run_llm(c, path, &o, &done));
  return done ? LRT_OK : run_benchmark(c, path, &o);
}
