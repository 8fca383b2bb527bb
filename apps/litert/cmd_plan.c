/* cmd_plan.c: litert plan: the memory a model takes: file, weights, activations, inputs and outputs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "base/json.h"
#include "cli_cache.h"
#include "cli_session.h"
#include "cli_table.h"

typedef struct plan_sizes {
  uint64_t file, constants, packed, cached, activations, unshared, ports, in_use;
} plan_sizes;

static uint64_t port_bytes(const cli_session *session, const cli_port *ports, int32_t count) {
  uint64_t bytes = 0;
  for (int32_t i = 0; i < count; i++) {
    lrt_tensor_view view;
    if (lrt_interpreter_tensor(session->interpreter, session->subgraph, ports[i].tensor, &view, NULL) ==
        LRT_OK)
      bytes += view.bytes;
  }
  return bytes;
}

/* Constant tensors of all subgraphs; those that share a buffer are counted once per subgraph. */
static uint64_t constant_bytes(const lrt_model *model) {
  uint64_t bytes = 0;
  for (int32_t g = 0; g < lrt_model_subgraph_count(model); g++) {
    lrt_subgraph_info info;
    const void *last = NULL;
    if (lrt_model_subgraph(model, g, &info) != LRT_OK) continue;
    for (int32_t i = 0; i < info.tensor_count; i++) {
      lrt_tensor_info tensor;
      if (lrt_model_tensor(model, g, i, &tensor) != LRT_OK || tensor.data == NULL || tensor.data == last)
        continue;
      bytes += tensor.bytes;
      last = tensor.data;
    }
  }
  const uint64_t file = lrt_model_file_bytes(model);
  return bytes < file ? bytes : file; /* signatures of one bundle share their weights */
}

static void measure(const cli_session *session, plan_sizes *out) {
  lrt_memory_info memory;
  lrt_interpreter_memory(session->interpreter, &memory);
  out->file = lrt_model_file_bytes(session->model);
  out->constants = constant_bytes(session->model);
  out->packed = lrt_model_packed_bytes(session->model);
  lrt_weight_cache_info cache;
  lrt_model_weight_cache(session->model, &cache);
  out->cached = cache.read_bytes;
  out->activations = memory.arena;
  out->unshared = memory.unshared;
  out->in_use = memory.in_use;
  out->ports = port_bytes(session, session->inputs, session->input_count) +
               port_bytes(session, session->outputs, session->output_count);
}

static void print(cli *c, const cli_session *session, const plan_sizes *sizes) {
  const struct {
    const char *key, *text;
    uint64_t bytes;
  } rows[] = {
      {"file_bytes", "file, mapped", sizes->file},
      {"constant_bytes", "of it constant tensors", sizes->constants},
      {"packed_bytes", "weights packed before the first run", sizes->packed},
      {"cached_bytes", "of them mapped from the weight cache", sizes->cached},
      {"activation_bytes", "activations", sizes->activations},
      {"unshared_bytes", "activations without reuse", sizes->unshared},
      {"port_bytes", "inputs and outputs", sizes->ports},
      {"allocated_bytes", "allocated by the interpreter in all", sizes->in_use},
  };
  const size_t count = sizeof rows / sizeof rows[0];
  char text[CLI_TEXT_BYTES];
  cli_table table;
  lrt_json_writer json;
  if (!c->json) {
    cli_table_begin(&table, "rl");
    for (size_t i = 0; i < count; i++) {
      cli_table_cell(&table, "%s", cli_bytes_text(rows[i].bytes, text));
      cli_table_cell(&table, "%s", rows[i].text);
    }
    cli_table_end(&table, 0, &c->out);
    cli_cache_print(c, session->model);
    return;
  }
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "model");
  lrt_json_text(&json, lrt_model_name(session->model));
  lrt_json_key(&json, "signature");
  lrt_json_text(&json, session->signature);
  for (size_t i = 0; i < count; i++) {
    lrt_json_key(&json, rows[i].key);
    lrt_json_uint(&json, rows[i].bytes);
  }
  cli_cache_json(&json, session->model);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

lrt_status cmd_plan(cli *c, int argc, char **argv) {
  cli_session_options o = CLI_SESSION_DEFAULTS;
  const cli_flag flags[] = {CLI_SESSION_FLAGS(o)};
  const cli_syntax syntax = {
      "MODEL", "Tells how much memory one signature of a model takes once it is planned.",
      flags,   sizeof flags / sizeof flags[0],
      1,       1,
      NULL};
  const char *path = NULL;
  cli_session session;
  plan_sizes sizes;
  lrt_status status = cli_parse(c, &syntax, argc, argv, &path);
  if (status != LRT_OK || c->done) return status;
  LRT_TRY(cli_session_open(c, path, &o, &session));
  status = lrt_interpreter_allocate(session.interpreter, session.subgraph, &c->error);
  if (status == LRT_OK) {
    measure(&session, &sizes);
    print(c, &session, &sizes);
  }
  cli_session_close(&session);
  return status;
}
