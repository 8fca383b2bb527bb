/* cmd_explain.c: litert explain: what runs how: the steps of a plan with shapes, kernels and reasons. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "cli_cache.h"
#include "cli_profile.h"
#include "cli_table.h"

/* Type and shape of output 0, "" where there is none. */
static const char *result_text(const lrt_steps *steps, int32_t index, char *text) {
  const char *name = NULL;
  lrt_tensor_view view;
  char shape[CLI_TEXT_BYTES];
  text[0] = '\0';
  if (lrt_steps_operand(steps, index, 1, 0, &name, &view) == LRT_OK) {
    strcpy(text, lrt_type_name(view.type));
    strcat(text, " ");
    strncat(text, cli_shape_text(&view.shape, shape), CLI_TEXT_BYTES - 24);
  }
  return text;
}

static void print_remark(cli_table *table, const lrt_step_info *step) {
  lrt_str remark;
  lrt_str_init(&remark, lrt_alloc_default(), 0);
  lrt_str_add_text(&remark, step->note);
  if (step->within != NULL)
    lrt_str_format(&remark, "%spart of %s", remark.length > 0 ? "; " : "", step->within);
  cli_delegate_remark(&remark, step);
  cli_table_cell(table, "%s", remark.text);
  lrt_str_clear(&remark);
}

/* A row without a step of its own: what the rows below it, one level in, belong to. */
static void print_heading(cli_table *table, int depth, int32_t node, const char *what, const char *remark) {
  if (node >= 0)
    cli_table_cell(table, "%d", (int)node);
  else
    cli_table_cell(table, "%s", "");
  cli_table_cell(table, "%*s%s", 2 * depth, "", what);
  cli_table_cell(table, "%s", "");
  cli_table_cell(table, "%s", "");
  cli_table_cell(table, "%s", remark);
}

static void print_rows(cli_table *table, const lrt_steps *steps, int depth);

static void print_branches(cli_table *table, const lrt_steps *steps, int32_t index, int depth) {
  lrt_branch_info branch;
  for (int32_t i = 0; lrt_steps_branch(steps, index, i, &branch) == LRT_OK; i++) {
    char remark[CLI_TEXT_BYTES];
    snprintf(remark, sizeof remark, "subgraph %d \"%.60s\"", (int)branch.subgraph, branch.name);
    print_heading(table, depth, -1, branch.role, remark);
    print_rows(table, branch.steps, depth + 1);
  }
}

/* A composite's steps stand below its name; those of control flow below the step. */
static void print_rows(cli_table *table, const lrt_steps *steps, int depth) {
  int32_t composite = -1;
  for (int32_t i = 0; i < lrt_steps_count(steps); i++) {
    lrt_step_info step;
    char result[CLI_TEXT_BYTES];
    if (lrt_steps_at(steps, i, &step) != LRT_OK) continue;
    if (step.within == NULL)
      composite = -1;
    else if (composite != step.node)
      print_heading(table, depth, composite = step.node, step.within, "composite, replaced by what follows");
    const int inner = depth + (step.within != NULL);
    cli_table_cell(table, "%d", (int)step.node);
    cli_table_cell(table, "%*s%s", 2 * inner, "", step.name);
    cli_table_cell(table, "%s", result_text(steps, i, result));
    cli_table_cell(table, "%s", step.kernel[0] != '\0' ? cli_kernel_name(step.kernel) : "-");
    print_remark(table, &step);
    print_branches(table, steps, i, inner + 1);
  }
}

static void print_steps(cli *c, const cli_session *session) {
  static const char *const titles[] = {"node", "operator", "result", "kernel", "remark"};
  cli_table table;
  cli_table_begin(&table, "rllll");
  for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) cli_table_cell(&table, "%s", titles[i]);
  print_rows(&table, lrt_interpreter_steps(session->interpreter, session->subgraph), 0);
  cli_table_end(&table, 0, &c->out);
}

static void print_text(cli *c, const cli_session *session, const cli_profile *profile) {
  char arena[CLI_TEXT_BYTES], unshared[CLI_TEXT_BYTES], packed[CLI_TEXT_BYTES];
  lrt_memory_info memory;
  const int32_t count = lrt_interpreter_step_count(session->interpreter, session->subgraph);
  lrt_interpreter_memory(session->interpreter, &memory);
  print_steps(c, session);
  lrt_str_format(&c->out, "\n%d node%s, %s mode, %d thread%s\n", (int)count, count == 1 ? "" : "s",
                 cli_mode_name(session->mode), session->threads, session->threads == 1 ? "" : "s");
  lrt_str_format(&c->out, "activations %s (%s without reuse), packed weights %s\n",
                 cli_bytes_text(memory.arena, arena), cli_bytes_text(memory.unshared, unshared),
                 cli_bytes_text(lrt_model_packed_bytes(session->model), packed));
  cli_cache_print(c, session->model);
  cli_delegate_print(c, session->interpreter, session->subgraph);
  lrt_str_add_text(&c->out, "\nby kernel\n");
  cli_table table;
  cli_table_begin(&table, "rll");
  for (int32_t i = 0; i < profile->count; i++) {
    if (profile->rows[i].kernel[0] == '\0') continue;
    cli_table_cell(&table, "%d", (int)profile->rows[i].nodes);
    cli_table_cell(&table, "%s", profile->rows[i].op);
    cli_table_cell(&table, "%s", profile->rows[i].kernel);
  }
  cli_table_end(&table, 2, &c->out);
}

static void json_operands(lrt_json_writer *json, const lrt_steps *steps, int32_t index, bool outputs,
                          int32_t count) {
  lrt_json_key(json, outputs ? "outputs" : "inputs");
  lrt_json_begin_array(json);
  for (int32_t k = 0; k < count; k++) {
    const char *name = NULL;
    lrt_tensor_view view;
    if (lrt_steps_operand(steps, index, outputs, k, &name, &view) != LRT_OK) {
      lrt_json_null(json);
      continue;
    }
    lrt_json_begin_object(json);
    lrt_json_key(json, "name");
    lrt_json_text(json, name);
    lrt_json_key(json, "type");
    lrt_json_text(json, lrt_type_name(view.type));
    lrt_json_key(json, "shape");
    lrt_json_begin_array(json);
    for (int32_t d = 0; d < view.shape.rank; d++) lrt_json_int(json, view.shape.dims[d]);
    lrt_json_end_array(json);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

static void json_steps(lrt_json_writer *json, const lrt_steps *steps);

static void json_branches(lrt_json_writer *json, const lrt_steps *steps, int32_t index) {
  lrt_branch_info branch;
  lrt_json_key(json, "branches");
  lrt_json_begin_array(json);
  for (int32_t i = 0; lrt_steps_branch(steps, index, i, &branch) == LRT_OK; i++) {
    lrt_json_begin_object(json);
    lrt_json_key(json, "role");
    lrt_json_text(json, branch.role);
    lrt_json_key(json, "subgraph");
    lrt_json_int(json, branch.subgraph);
    lrt_json_key(json, "name");
    lrt_json_text(json, branch.name);
    json_steps(json, branch.steps);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

static void json_step(lrt_json_writer *json, const lrt_steps *steps, int32_t index) {
  lrt_step_info step;
  if (lrt_steps_at(steps, index, &step) != LRT_OK) return;
  lrt_json_begin_object(json);
  lrt_json_key(json, "node");
  lrt_json_int(json, step.node);
  lrt_json_key(json, "operator");
  lrt_json_text(json, step.name);
  lrt_json_key(json, "kernel");
  lrt_json_text(json, cli_kernel_name(step.kernel));
  lrt_json_key(json, "remark");
  lrt_json_text(json, step.note);
  lrt_json_key(json, "within");
  lrt_json_text(json, step.within);
  lrt_json_key(json, "delegate");
  lrt_json_text(json, step.delegate);
  lrt_json_key(json, "nodes");
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < step.node_count; i++) lrt_json_int(json, step.nodes[i]);
  lrt_json_end_array(json);
  lrt_json_key(json, "left");
  lrt_json_text(json, step.left);
  json_operands(json, steps, index, false, step.input_count);
  json_operands(json, steps, index, true, step.output_count);
  json_branches(json, steps, index);
  lrt_json_end_object(json);
}

static void json_steps(lrt_json_writer *json, const lrt_steps *steps) {
  lrt_json_key(json, "steps");
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < lrt_steps_count(steps); i++) json_step(json, steps, i);
  lrt_json_end_array(json);
}

static void print_json(cli *c, const cli_session *session, const cli_profile *profile) {
  lrt_json_writer json;
  lrt_memory_info memory;
  lrt_interpreter_memory(session->interpreter, &memory);
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "model");
  lrt_json_text(&json, lrt_model_name(session->model));
  lrt_json_key(&json, "mode");
  lrt_json_text(&json, cli_mode_name(session->mode));
  lrt_json_key(&json, "threads");
  lrt_json_int(&json, session->threads);
  lrt_json_key(&json, "activation_bytes");
  lrt_json_uint(&json, memory.arena);
  lrt_json_key(&json, "packed_bytes");
  lrt_json_uint(&json, lrt_model_packed_bytes(session->model));
  cli_cache_json(&json, session->model);
  lrt_json_key(&json, "kernels");
  cli_profile_json_kernels(profile, &json);
  cli_delegate_json(&json, session->interpreter, session->subgraph);
  json_steps(&json, lrt_interpreter_steps(session->interpreter, session->subgraph));
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

static lrt_status explain(cli *c, cli_session *session) {
  cli_profile profile;
  LRT_TRY(lrt_interpreter_allocate(session->interpreter, session->subgraph, &c->error));
  LRT_TRY(cli_profile_collect(c, session, &profile));
  if (c->json)
    print_json(c, session, &profile);
  else
    print_text(c, session, &profile);
  cli_profile_clear(&profile);
  return LRT_OK;
}

lrt_status cmd_explain(cli *c, int argc, char **argv) {
  cli_session_options o = CLI_SESSION_DEFAULTS;
  const cli_flag flags[] = {CLI_SESSION_FLAGS(o)};
  const cli_syntax syntax = {
      "MODEL", "Tells what runs how: each node with its result, its kernel and what the plan did with it.",
      flags,   sizeof flags / sizeof flags[0],
      1,       1,
      NULL};
  const char *path = NULL;
  cli_session session;
  lrt_status status = cli_parse(c, &syntax, argc, argv, &path);
  if (status != LRT_OK || c->done) return status;
  LRT_TRY(cli_session_open(c, path, &o, &session));
  status = explain(c, &session);
  cli_session_close(&session);
  return status;
}
