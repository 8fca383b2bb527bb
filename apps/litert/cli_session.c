/* cli_session.c: opens a model and an interpreter as the flags say, and names inputs and outputs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_session.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/fail.h"

/* The operators of the libraries that were named, NULL where none was. */
static lrt_status load_operators(cli *c, const cli_list *libraries, lrt_op_set **out) {
  *out = NULL;
  if (libraries->count == 0) return LRT_OK;
  LRT_TRY(lrt_op_set_create(out, &c->error));
  for (int i = 0; i < libraries->count; i++) LRT_TRY(lrt_op_set_load(*out, libraries->items[i], &c->error));
  return LRT_OK;
}

static lrt_status open_with_operators(cli *c, const char *path, const cli_session_options *options,
                                      lrt_model **out) {
  lrt_model_options model_options = {0};
  model_options.limits.bytes = options->memory_limit;
  model_options.weight_cache = options->weight_cache;
  lrt_status status = load_operators(c, &options->libraries, &model_options.operators);
  if (status == LRT_OK) status = lrt_model_open(path, &model_options, out, &c->error);
  lrt_op_set_destroy(model_options.operators); /* the model has a reference */
  return status;
}

lrt_status cli_session_open_model(cli *c, const char *path, const cli_session_options *options,
                                  lrt_model **out) {
  const lrt_status status = open_with_operators(c, path, options, out);
  if (status == LRT_OK || strstr(c->error.message, path) != NULL) return status;
  const lrt_error inner = c->error;
  return lrt_fail(&c->error, status, "%s: %s", path, inner.message);
}

/* The signature's name for a tensor, or NULL. */
static const char *signature_name(const lrt_model *model, int32_t signature, int32_t tensor, bool outputs) {
  lrt_signature_info info;
  if (lrt_model_signature(model, signature, &info) != LRT_OK) return NULL;
  const int32_t count = outputs ? info.output_count : info.input_count;
  for (int32_t i = 0; i < count; i++) {
    const char *name = NULL;
    int32_t at = -1;
    const lrt_status status = outputs ? lrt_model_signature_output(model, signature, i, &name, &at)
                                      : lrt_model_signature_input(model, signature, i, &name, &at);
    if (status == LRT_OK && at == tensor) return name;
  }
  return NULL;
}

lrt_status cli_session_list_ports(cli *c, const lrt_model *model, int32_t subgraph, int32_t signature,
                                  bool outputs, cli_port **out, int32_t *count) {
  lrt_subgraph_info info;
  LRT_TRY(lrt_model_subgraph(model, subgraph, &info));
  *count = outputs ? info.output_count : info.input_count;
  cli_port *ports = lrt_alloc_array(lrt_alloc_default(), (size_t)*count, sizeof *ports);
  if (ports == NULL)
    return lrt_alloc_fail(&c->error, lrt_alloc_default(), (uint64_t)*count * sizeof *ports, "names");
  *out = ports;
  for (int32_t i = 0; i < *count; i++) {
    ports[i].tensor = outputs ? info.outputs[i] : info.inputs[i];
    LRT_TRY(lrt_model_tensor(model, subgraph, ports[i].tensor, &ports[i].info));
    ports[i].tensor_name = ports[i].info.name;
    ports[i].name = signature >= 0 ? signature_name(model, signature, ports[i].tensor, outputs) : NULL;
    if (ports[i].name == NULL) ports[i].name = ports[i].tensor_name;
  }
  return LRT_OK;
}

static lrt_status unknown_signature(cli *c, const lrt_model *model, const char *key) {
  lrt_str names;
  const int32_t count = lrt_model_signature_count(model);
  lrt_str_init(&names, lrt_alloc_default(), 300);
  for (int32_t i = 0; i < count; i++) {
    lrt_signature_info info;
    if (lrt_model_signature(model, i, &info) == LRT_OK)
      lrt_str_format(&names, "%s%s", i > 0 ? ", " : "", info.key);
  }
  const lrt_status status =
      count == 0 ? lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s has no signatures", lrt_model_name(model))
                 : lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s has no signature '%s', only %s",
                            lrt_model_name(model), key, names.text);
  lrt_str_clear(&names);
  return status;
}

/* Index of the signature that runs, -1 = none: the one asked for, else the first of subgraph 0. */
static lrt_status pick_signature(cli *c, const lrt_model *model, const char *key, int32_t *out) {
  *out = key != NULL ? lrt_model_find_signature(model, key) : -1;
  if (key != NULL) return *out >= 0 ? LRT_OK : unknown_signature(c, model, key);
  for (int32_t i = 0; i < lrt_model_signature_count(model) && *out < 0; i++) {
    lrt_signature_info info;
    if (lrt_model_signature(model, i, &info) == LRT_OK && info.subgraph == 0) *out = i;
  }
  return LRT_OK;
}

static lrt_mode mode_of(int given) {
  const char *wanted = lrt_environment("LITERT_MODE");
  if (given >= 0) return given == 0 ? LRT_MODE_FAST : LRT_MODE_REF;
  return wanted != NULL && strcmp(wanted, "ref") == 0 ? LRT_MODE_REF : LRT_MODE_FAST;
}

static lrt_status make_interpreter(cli *c, const cli_session_options *options, cli_session *out) {
  lrt_interpreter_options made = {0};
  LRT_TRY(cli_delegate_open(c, &options->delegate, &out->delegate));
  made.delegates = &out->delegate;
  made.delegate_count = out->delegate != NULL ? 1 : 0;
  made.delegate_policy = options->delegate.fallback ? LRT_DELEGATE_OPTIONAL : LRT_DELEGATE_REQUIRED;
  lrt_status status = lrt_threads_shared((int)options->threads, &made.threads, &c->error);
  if (status != LRT_OK) return status;
  out->threads = lrt_threads_count(made.threads);
  out->mode = made.mode = mode_of(options->mode);
  made.preserve_all_tensors = options->preserve;
  made.profile = options->profile;
  made.limits.bytes = options->memory_limit;
  made.limits.steps = (uint64_t)options->step_limit;
  made.limits.seconds = options->time_limit;
  status = lrt_interpreter_create(out->model, &made, &out->interpreter, &c->error);
  lrt_threads_destroy(made.threads);
  return status;
}

static lrt_status open_parts(cli *c, const char *path, const cli_session_options *options, cli_session *out) {
  const double began = lrt_clock_seconds();
  lrt_signature_info info;
  int32_t signature = -1;
  LRT_TRY(cli_session_open_model(c, path, options, &out->model));
  LRT_TRY(pick_signature(c, out->model, options->signature, &signature));
  if (signature >= 0 && lrt_model_signature(out->model, signature, &info) == LRT_OK) {
    out->subgraph = info.subgraph;
    out->signature = info.key;
  }
  LRT_TRY(make_interpreter(c, options, out));
  out->load_seconds = lrt_clock_seconds() - began;
  if (out->subgraph == 0) LRT_TRY(cli_meta_find(c, out->model, &out->meta));
  LRT_TRY(cli_session_list_ports(c, out->model, out->subgraph, signature, false, &out->inputs,
                                 &out->input_count));
  return cli_session_list_ports(c, out->model, out->subgraph, signature, true, &out->outputs,
                                &out->output_count);
}

lrt_status cli_session_open(cli *c, const char *path, const cli_session_options *options, cli_session *out) {
  memset(out, 0, sizeof *out);
  if (options->threads > 1024)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "--num-threads must be at most 1024");
  const lrt_status status = open_parts(c, path, options, out);
  if (status != LRT_OK) cli_session_close(out);
  return status;
}

void cli_session_close(cli_session *session) {
  lrt_alloc_free(session->inputs);
  lrt_alloc_free(session->outputs);
  lrt_interpreter_destroy(session->interpreter);
  lrt_delegate_destroy(session->delegate);
  lrt_model_destroy(session->model);
  memset(session, 0, sizeof *session);
}

const char *cli_mode_name(lrt_mode mode) {
  return mode == LRT_MODE_REF ? "ref" : "fast";
}
