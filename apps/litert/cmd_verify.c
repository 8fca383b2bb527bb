/* cmd_verify.c: litert verify: compares two models, or the fast and the reference numerics of one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "cli_feed.h"
#include "cli_table.h"
#include "cli_value.h"
#include "cli_verify_llm.h"

typedef struct verify_options {
  cli_session_options session;
  cli_feed_options feed;
  cli_verify_llm_options llm;
  bool per_step, all_rows;
  int64_t most_lsb;
  double tolerance;
} verify_options;

/* How two tensors of one place differ. */
typedef struct difference {
  bool comparable, is_float;
  double most;     /* largest absolute difference; of integers in units of the last place */
  double relative; /* floats: the same over the largest magnitude */
  int64_t differing, count;
} difference;

typedef struct verify {
  cli *c;
  const verify_options *options;
  cli_session a, b; /* b is judged by a */
  cli_table table;
  lrt_json_writer json;
  int compared, beyond;
} verify;

static bool same_place(const lrt_tensor_view *a, const lrt_tensor_view *b) {
  if (a->type != b->type || a->shape.rank != b->shape.rank || a->bytes != b->bytes) return false;
  for (int32_t i = 0; i < a->shape.rank; i++)
    if (a->shape.dims[i] != b->shape.dims[i]) return false;
  return a->bytes == 0 || (a->data != NULL && b->data != NULL);
}

/* Strings, and types without numbers here, are equal or not. */
static void compare_bytes(const lrt_tensor_view *a, const lrt_tensor_view *b, difference *out) {
  out->count = 1;
  out->differing = a->bytes > 0 && memcmp(a->data, b->data, a->bytes) != 0;
  out->most = out->differing > 0 ? (double)INFINITY : 0;
}

static void compare(const lrt_tensor_view *a, const lrt_tensor_view *b, difference *out) {
  double magnitude = 0;
  memset(out, 0, sizeof *out);
  out->comparable = same_place(a, b);
  if (!out->comparable) return;
  out->is_float =
      a->type == LRT_FLOAT32 || a->type == LRT_FLOAT64 || a->type == LRT_FLOAT16 || a->type == LRT_BFLOAT16;
  if (!cli_value_is_number(a->type)) {
    compare_bytes(a, b, out);
    return;
  }
  out->count = lrt_shape_count(&a->shape);
  for (int64_t i = 0; i < out->count; i++) {
    const double x = cli_value_raw(a, i), y = cli_value_raw(b, i);
    if (isfinite(x) && fabs(x) > magnitude) magnitude = fabs(x);
    if (x == y || (isnan(x) && isnan(y))) continue;
    out->differing++;
    const double d = isfinite(x) && isfinite(y) ? fabs(x - y) : (double)INFINITY;
    if (d > out->most) out->most = d;
  }
  out->relative = out->most / (magnitude > 1 ? magnitude : 1);
}

static bool is_beyond(const verify_options *o, const difference *d) {
  if (!d->comparable) return true;
  return d->is_float ? !(d->relative <= o->tolerance) : d->most > (double)o->most_lsb;
}

/* One compared tensor; `node` -1 = an output of the model. */
static void report(verify *v, int32_t node, const char *op, const char *name, const lrt_tensor_view *view,
                   const difference *d) {
  const bool beyond = is_beyond(v->options, d);
  v->compared++;
  v->beyond += beyond;
  if (v->c->json) {
    lrt_json_begin_object(&v->json);
    lrt_json_key(&v->json, "node");
    lrt_json_int(&v->json, node);
    lrt_json_key(&v->json, "operator");
    lrt_json_text(&v->json, op);
    lrt_json_key(&v->json, "tensor");
    lrt_json_text(&v->json, name);
    lrt_json_key(&v->json, "type");
    lrt_json_text(&v->json, lrt_type_name(view->type));
    lrt_json_key(&v->json, "comparable");
    lrt_json_bool(&v->json, d->comparable);
    lrt_json_key(&v->json, "max_difference");
    lrt_json_double(&v->json, d->most);
    lrt_json_key(&v->json, "max_relative");
    lrt_json_double(&v->json, d->relative);
    lrt_json_key(&v->json, "differing");
    lrt_json_int(&v->json, d->differing);
    lrt_json_key(&v->json, "count");
    lrt_json_int(&v->json, d->count);
    lrt_json_key(&v->json, "within_tolerance");
    lrt_json_bool(&v->json, !beyond);
    lrt_json_end_object(&v->json);
    return;
  }
  if (node >= 0 && !beyond && !v->options->all_rows) return;
  if (node >= 0)
    cli_table_cell(&v->table, "%d", (int)node);
  else
    cli_table_cell(&v->table, "output");
  cli_table_cell(&v->table, "%s", op);
  cli_table_cell(&v->table, "%s", lrt_type_name(view->type));
  if (!d->comparable)
    cli_table_cell(&v->table, "other type or shape");
  else if (d->is_float)
    cli_table_cell(&v->table, "%.3g (relative %.3g)", d->most, d->relative);
  else
    cli_table_cell(&v->table, "%.0f LSB", d->most);
  cli_table_cell(&v->table, "%lld of %lld", (long long)d->differing, (long long)d->count);
  cli_table_cell(&v->table, "%s", beyond ? "beyond" : "ok");
  cli_table_cell(&v->table, "%s", name);
}

static lrt_status compare_outputs(verify *v) {
  const int32_t count = v->a.output_count;
  if (count != v->b.output_count)
    return lrt_fail(&v->c->error, LRT_INVALID_MODEL, "the models have %d and %d outputs", (int)count,
                    (int)v->b.output_count);
  for (int32_t i = 0; i < count; i++) {
    lrt_tensor_view x, y;
    difference d;
    LRT_TRY(
        lrt_interpreter_tensor(v->a.interpreter, v->a.subgraph, v->a.outputs[i].tensor, &x, &v->c->error));
    LRT_TRY(
        lrt_interpreter_tensor(v->b.interpreter, v->b.subgraph, v->b.outputs[i].tensor, &y, &v->c->error));
    compare(&x, &y, &d);
    report(v, -1, "", v->a.outputs[i].name, &x, &d);
  }
  return LRT_OK;
}

static lrt_status operand(const cli_session *session, int32_t step, bool output, int32_t index,
                          const char **name, lrt_tensor_view *out) {
  return lrt_interpreter_step_operand(session->interpreter, session->subgraph, step, output, index, name,
                                      out);
}

/* Hands a step of b the inputs that it had in a. Constants are one memory, which is not to be written. */
static void feed_step(verify *v, int32_t index, const lrt_step_info *step) {
  for (int32_t k = 0; k < step->input_count; k++) {
    const char *name = NULL;
    lrt_tensor_view from, to;
    if (operand(&v->a, index, false, k, &name, &from) != LRT_OK ||
        operand(&v->b, index, false, k, &name, &to) != LRT_OK)
      continue;
    if (from.data != to.data && from.type != LRT_RESOURCE && from.type != LRT_VARIANT &&
        from.type != LRT_STRING && from.bytes > 0 && same_place(&from, &to) &&
        memcmp(to.data, from.data, from.bytes) != 0)
      memcpy(to.data, from.data, from.bytes);
  }
}

static lrt_status compare_step(verify *v, int32_t index) {
  lrt_step_info step;
  LRT_TRY(lrt_interpreter_step(v->b.interpreter, v->b.subgraph, index, &step));
  feed_step(v, index, &step);
  LRT_TRY(lrt_interpreter_invoke_steps(v->b.interpreter, v->b.subgraph, index, 1, &v->c->error));
  for (int32_t k = 0; k < step.output_count; k++) {
    const char *name = NULL;
    lrt_tensor_view x, y;
    difference d;
    if (operand(&v->a, index, true, k, &name, &x) != LRT_OK ||
        operand(&v->b, index, true, k, &name, &y) != LRT_OK)
      continue;
    if (x.type == LRT_RESOURCE || x.type == LRT_VARIANT) continue;
    compare(&x, &y, &d);
    report(v, step.node, step.name, name, &x, &d);
  }
  return LRT_OK;
}

static lrt_status compare_steps(verify *v) {
  const int32_t count = lrt_interpreter_step_count(v->a.interpreter, v->a.subgraph);
  if (count != lrt_interpreter_step_count(v->b.interpreter, v->b.subgraph))
    return lrt_fail(&v->c->error, LRT_UNSUPPORTED,
                    "the two plans have different steps; compare without --per-step");
  for (int32_t i = 0; i < count; i++) LRT_TRY(compare_step(v, i));
  return LRT_OK;
}

static lrt_status run_both(verify *v) {
  LRT_TRY(cli_feed(v->c, &v->a, &v->options->feed));
  LRT_TRY(cli_feed(v->c, &v->b, &v->options->feed));
  LRT_TRY(lrt_interpreter_invoke(v->a.interpreter, v->a.subgraph, &v->c->error));
  if (v->options->per_step) return compare_steps(v);
  LRT_TRY(lrt_interpreter_invoke(v->b.interpreter, v->b.subgraph, &v->c->error));
  return compare_outputs(v);
}

static void begin_report(verify *v) {
  cli_table_begin(&v->table, "rllrrll");
  if (!v->c->json) return;
  lrt_json_writer_init(&v->json, &v->c->out);
  lrt_json_begin_object(&v->json);
  lrt_json_key(&v->json, "compared");
  lrt_json_begin_array(&v->json);
}

static void end_report(verify *v) {
  cli_table_end(&v->table, 0, &v->c->out);
  if (v->c->json) {
    lrt_json_end_array(&v->json);
    lrt_json_key(&v->json, "beyond_tolerance");
    lrt_json_int(&v->json, v->beyond);
    lrt_json_end_object(&v->json);
    lrt_str_add_text(&v->c->out, "\n");
  } else {
    lrt_str_format(&v->c->out, "%d of %d tensors beyond %lld LSB or a relative %g\n", v->beyond, v->compared,
                   (long long)v->options->most_lsb, v->options->tolerance);
  }
  v->c->verdict = v->beyond > 0 ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}

/* One model is compared with itself: ref judges fast. Two are run in the mode asked for. */
static lrt_status verify_paths(verify *v, const char *first, const char *second) {
  cli_session_options a = v->options->session, b = a;
  if (second == NULL) {
    a.mode = 1;
    b.mode = 0;
  }
  a.preserve = b.preserve = v->options->per_step;
  LRT_TRY(cli_session_open(v->c, first, &a, &v->a));
  LRT_TRY(cli_session_open(v->c, second != NULL ? second : first, &b, &v->b));
  begin_report(v);
  const lrt_status status = run_both(v);
  if (status == LRT_OK) {
    end_report(v);
  } else {
    lrt_str_clear(&v->table.cells);
    lrt_str_cut(&v->c->out, 0);
  }
  return status;
}

lrt_status cmd_verify(cli *c, int argc, char **argv) {
  verify_options o = {.session = CLI_SESSION_DEFAULTS, .feed.seed = 1, .most_lsb = 1, .tolerance = 1e-4};
  const cli_flag flags[] = {
      {"per-step", CLI_SWITCH, &o.per_step, 0, NULL,
       "one model: compare each node, fed with the tensors of the ref run"},
      {"all", CLI_SWITCH, &o.all_rows, 0, NULL, "with --per-step: list nodes within the tolerance too"},
      {"max-lsb", CLI_INT, &o.most_lsb, 0, "N", "integers may differ by N (default 1)"},
      {"tolerance", CLI_REAL, &o.tolerance, 0, "R",
       "floats may differ by R times the largest magnitude (default 1e-4)"},
      {"input", CLI_LIST, &o.feed.inputs, 0, "[NAME=]FILE", "contents of an input (default: random)"},
      {"seed", CLI_INT, &o.feed.seed, 0, "N", "seed of random inputs (default 1)"},
      {"text", CLI_TEXT, &o.llm.text_file, 0, "FILE",
       "two bundles: the text to compare on (default: one of litert's own)"},
      {"tokens", CLI_INT, &o.llm.tokens, 2, "N", "two bundles: at most N tokens of the text"},
      {"max-kl", CLI_REAL, &o.llm.most_kl, 0, "D",
       "two bundles: the mean divergence may be D nats (default: any)"},
      CLI_SESSION_FLAGS(o.session),
  };
  const cli_syntax syntax = {
      "A [B]",
      "Compares the outputs of two models, or of the fast and the ref mode of one; of two "
      "language-model bundles, what they predict.",
      flags,
      sizeof flags / sizeof flags[0],
      1,
      2,
      "Ends with 1 where something differs by more than is allowed."};
  const char *paths[2];
  verify v = {.c = c, .options = &o};
  lrt_status status = cli_parse(c, &syntax, argc, argv, paths);
  if (status != LRT_OK || c->done) return status;
  if (o.per_step && paths[1] != NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT,
                    "--per-step compares the two modes of one model, not two models");
  if (paths[1] != NULL && o.session.signature == NULL && cli_is_bundle(paths[0]) && cli_is_bundle(paths[1])) {
    o.llm.num_threads = (int)o.session.threads;
    return cli_verify_llm(c, paths[0], paths[1], &o.llm);
  }
  status = verify_paths(&v, paths[0], paths[1]);
  cli_session_close(&v.a);
  cli_session_close(&v.b);
  return status;
}
