/* cmd_inspect.c: litert inspect: what is in a model file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/json.h"
#include "cli_inspect.h"
#include "cli_language_meta.h"
#include "cli_meta.h"
#include "cli_table.h"
#include "cli_value.h"

typedef struct inspect_options {
  cli_session_options session;
  bool tensors, nodes, chat_template;
} inspect_options;

static void print_ports(cli *c, const char *title, const cli_port *ports, int32_t count) {
  cli_table table;
  char shape[CLI_TEXT_BYTES], quant[CLI_TEXT_BYTES];
  if (count == 0) return;
  lrt_str_format(&c->out, "  %s\n", title);
  cli_table_begin(&table, "lllll");
  for (int32_t i = 0; i < count; i++) {
    const lrt_tensor_info *info = &ports[i].info;
    const bool named = strcmp(ports[i].name, ports[i].tensor_name) != 0;
    const bool open = info->shape_signature.rank == info->shape.rank;
    cli_table_cell(&table, "%s", ports[i].name);
    cli_table_cell(&table, "%s", lrt_type_name(info->type));
    cli_table_cell(&table, "%s", cli_shape_text(open ? &info->shape_signature : &info->shape, shape));
    cli_table_cell(&table, "%s", cli_quant_text(&info->quant, quant));
    cli_table_cell(&table, "%s%s", named ? "tensor " : "", named ? ports[i].tensor_name : "");
  }
  cli_table_end(&table, 4, &c->out);
}

/* Which rule turns a picture into this input; nothing for inputs that take none. */
static void print_picture_rule(cli *c, const cli_meta *meta, int32_t index, const cli_port *port) {
  int height, width, channels;
  cli_picture_rules rules = {0};
  if (!cli_picture_shape(&port->info.shape, &height, &width, &channels) ||
      !cli_value_is_number(port->info.type))
    return;
  const bool described = meta != NULL && cli_meta_rules(meta, index, &rules);
  const bool bytes = lrt_type_bits(port->info.type) == 8 && port->info.quant.kind == LRT_QUANT_NONE;
  lrt_str_format(&c->out, "    pictures for %s: ", port->name);
  if (bytes) {
    lrt_str_add_text(&c->out, "values as they are\n");
  } else if (!described) {
    lrt_str_add_text(&c->out, "value / 255\n");
  } else {
    for (int i = 0; i < rules.count; i++)
      lrt_str_format(&c->out, "%s(value - %g) / %g", i > 0 ? ", " : "", (double)rules.mean[i],
                     (double)rules.std[i]);
    lrt_str_add_text(&c->out, ", by the metadata\n");
  }
}

static lrt_status print_interface(cli *c, const lrt_model *model, const cli_meta *meta, const char *title,
                                  int32_t subgraph, int32_t signature) {
  cli_port *inputs = NULL, *outputs = NULL;
  int32_t input_count = 0, output_count = 0;
  lrt_status status = cli_session_list_ports(c, model, subgraph, signature, false, &inputs, &input_count);
  if (status == LRT_OK)
    status = cli_session_list_ports(c, model, subgraph, signature, true, &outputs, &output_count);
  if (status == LRT_OK) {
    lrt_str_format(&c->out, "%s\n", title);
    print_ports(c, "inputs", inputs, input_count);
    for (int32_t i = 0; i < input_count; i++)
      print_picture_rule(c, subgraph == 0 ? meta : NULL, i, &inputs[i]);
    print_ports(c, "outputs", outputs, output_count);
  }
  lrt_alloc_free(inputs);
  lrt_alloc_free(outputs);
  return status;
}

/* Signatures, or subgraph 0 where there are none. */
static lrt_status print_interfaces(cli *c, const lrt_model *model, const cli_meta *meta) {
  const int32_t count = lrt_model_signature_count(model);
  if (count == 0) return print_interface(c, model, meta, "Interface (no signatures)", 0, -1);
  for (int32_t i = 0; i < count; i++) {
    lrt_signature_info info;
    char title[CLI_TEXT_BYTES];
    if (lrt_model_signature(model, i, &info) != LRT_OK) continue;
    snprintf(title, sizeof title, "Signature %.100s (subgraph %d)", info.key, (int)info.subgraph);
    LRT_TRY(print_interface(c, model, meta, title, info.subgraph, i));
  }
  return LRT_OK;
}

static void print_operators(cli *c, const cli_op_count *ops, int32_t count) {
  cli_table table;
  cli_table_begin(&table, "rlll");
  lrt_str_add_text(&c->out, "Operators\n");
  for (int32_t i = 0; i < count; i++) {
    cli_table_cell(&table, "%d", (int)ops[i].nodes);
    cli_table_cell(&table, "%s", ops[i].name);
    if (ops[i].is_custom)
      cli_table_cell(&table, "custom");
    else
      cli_table_cell(&table, "version %d", ops[i].version);
    cli_table_cell(&table, "%s", ops[i].is_supported ? "" : "not supported");
  }
  cli_table_end(&table, 2, &c->out);
}

static void print_line(cli *c, const char *title, const char *text) {
  if (text != NULL && text[0] != '\0') lrt_str_format(&c->out, "  %-12s %s\n", title, text);
}

static void print_about_tensors(cli *c, const uint8_t *record, int is_output, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    lrt_tensor_metadata about;
    const char *labels = lrt_model_metadata_file(record, is_output, i, LRT_ASSOCIATED_AXIS_LABELS);
    lrt_model_metadata_tensor(record, is_output, i, &about);
    lrt_str_format(&c->out, "  %-6s %u     %s%s%s", is_output ? "output" : "input", (unsigned)i,
                   about.name != NULL ? about.name : "", about.description != NULL ? ": " : "",
                   about.description != NULL ? about.description : "");
    lrt_str_format(&c->out, "%s%s%s\n", labels != NULL ? ", labels in " : "", labels != NULL ? labels : "",
                   about.has_calibration ? ", scores are calibrated" : "");
  }
}

static void print_metadata(cli *c, const lrt_model *model, const cli_meta *meta) {
  const int32_t count = lrt_model_metadata_count(model);
  cli_table table;
  if (count == 0) return;
  lrt_str_add_text(&c->out, "Metadata\n");
  cli_table_begin(&table, "ll");
  for (int32_t i = 0; i < count; i++) {
    const char *name = NULL;
    const void *data = NULL;
    uint64_t bytes = 0;
    char size[CLI_TEXT_BYTES];
    if (lrt_model_metadata(model, i, &name, &data, &bytes) != LRT_OK) continue;
    cli_table_cell(&table, "%s", name);
    cli_table_cell(&table, "%s", cli_bytes_text(bytes, size));
  }
  cli_table_end(&table, 2, &c->out);
  if (meta->record == NULL) return;
  lrt_model_metadata_info info;
  lrt_model_metadata_read(meta->record, &info);
  print_line(c, "name", info.name);
  print_line(c, "description", info.description);
  print_line(c, "version", info.version);
  print_line(c, "author", info.author);
  print_line(c, "license", info.license);
  print_about_tensors(c, meta->record, 0, info.input_count);
  print_about_tensors(c, meta->record, 1, info.output_count);
}

static lrt_status print_parts(cli *c, lrt_model *model) {
  lrt_parts *parts = NULL;
  lrt_part_info info;
  cli_table table;
  char size[CLI_TEXT_BYTES];
  LRT_TRY(lrt_parts_create(model, &parts, &c->error));
  if (lrt_parts_count(parts) > 0) lrt_str_add_text(&c->out, "Parts\n");
  cli_table_begin(&table, "lrl");
  for (int32_t i = 0; lrt_parts_info(parts, i, &info) == LRT_OK; i++) {
    cli_table_cell(&table, "%s", info.kind);
    cli_table_cell(&table, "%s", cli_bytes_text(info.bytes, size));
    cli_table_cell(&table, "%s", info.name);
  }
  cli_table_end(&table, 2, &c->out);
  lrt_parts_destroy(parts);
  return LRT_OK;
}

static void print_tensors(cli *c, const lrt_model *model, int32_t subgraph) {
  lrt_subgraph_info info;
  cli_table table;
  char shape[CLI_TEXT_BYTES], quant[CLI_TEXT_BYTES], size[CLI_TEXT_BYTES];
  if (lrt_model_subgraph(model, subgraph, &info) != LRT_OK) return;
  lrt_str_format(&c->out, "Tensors of subgraph %d\n", (int)subgraph);
  cli_table_begin(&table, "rlllrl");
  for (int32_t i = 0; i < info.tensor_count; i++) {
    lrt_tensor_info tensor;
    if (lrt_model_tensor(model, subgraph, i, &tensor) != LRT_OK) continue;
    cli_table_cell(&table, "%d", (int)i);
    cli_table_cell(&table, "%s", lrt_type_name(tensor.type));
    cli_table_cell(&table, "%s", cli_shape_text(&tensor.shape, shape));
    cli_table_cell(&table, "%s", cli_quant_text(&tensor.quant, quant));
    cli_table_cell(&table, "%s",
                   tensor.data != NULL  ? cli_bytes_text(tensor.bytes, size)
                   : tensor.is_variable ? "variable"
                                        : "");
    cli_table_cell(&table, "%s%s", tensor.name, tensor.is_sparse ? " (sparse)" : "");
  }
  cli_table_end(&table, 2, &c->out);
}

static void add_indices(lrt_str *out, const int32_t *indices, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    lrt_str_add_text(out, i > 0 ? "," : "");
    if (indices[i] < 0)
      lrt_str_add_text(out, "-");
    else
      lrt_str_format(out, "%d", (int)indices[i]);
  }
}

static void print_nodes(cli *c, const lrt_model *model, int32_t subgraph) {
  lrt_subgraph_info info;
  cli_table table;
  lrt_str operands;
  if (lrt_model_subgraph(model, subgraph, &info) != LRT_OK) return;
  lrt_str_init(&operands, lrt_alloc_default(), 900);
  lrt_str_format(&c->out, "Nodes of subgraph %d\n", (int)subgraph);
  cli_table_begin(&table, "rlll");
  for (int32_t i = 0; i < info.node_count; i++) {
    lrt_node_info node;
    char options[600] = "";
    if (lrt_model_node(model, subgraph, i, &node) != LRT_OK) continue;
    lrt_model_node_options(model, subgraph, i, options, sizeof options);
    lrt_str_cut(&operands, 0);
    add_indices(&operands, node.inputs, node.input_count);
    lrt_str_add_text(&operands, " → ");
    add_indices(&operands, node.outputs, node.output_count);
    cli_table_cell(&table, "%d", (int)i);
    cli_table_cell(&table, "%s", node.name);
    cli_table_cell(&table, "%s", operands.text);
    cli_table_cell(&table, "%s", options);
  }
  lrt_str_clear(&operands);
  cli_table_end(&table, 2, &c->out);
}

static void print_control_edges(cli *c, const lrt_model *model, int32_t subgraph) {
  int32_t before, after;
  const int32_t count = lrt_model_control_edge_count(model, subgraph);
  if (count == 0) return;
  lrt_str_format(&c->out, "Control dependencies of subgraph %d\n ", (int)subgraph);
  for (int32_t i = 0; lrt_model_control_edge(model, subgraph, i, &before, &after) == LRT_OK; i++)
    lrt_str_format(&c->out, " %d→%d", (int)before, (int)after);
  lrt_str_add_text(&c->out, "\n");
}

static lrt_status print_text(cli *c, lrt_model *model, const inspect_options *o, const cli_op_count *ops,
                             int32_t op_count) {
  cli_meta meta;
  char size[CLI_TEXT_BYTES];
  const int32_t subgraphs = lrt_model_subgraph_count(model);
  const char *description = lrt_model_description(model);
  lrt_str_format(&c->out, "%s: %s, %d subgraph%s", lrt_model_name(model),
                 cli_bytes_text(lrt_model_file_bytes(model), size), (int)subgraphs,
                 subgraphs == 1 ? "" : "s");
  if (description != NULL && description[0] != '\0') lrt_str_format(&c->out, ", \"%s\"", description);
  lrt_str_add_text(&c->out, "\n");
  LRT_TRY(cli_meta_find(c, model, &meta));
  LRT_TRY(print_interfaces(c, model, &meta));
  print_operators(c, ops, op_count);
  print_metadata(c, model, &meta);
  LRT_TRY(print_parts(c, model));
  LRT_TRY(cli_language_meta_print(c, model));
  for (int32_t i = 0; i < subgraphs && o->tensors; i++) print_tensors(c, model, i);
  for (int32_t i = 0; i < subgraphs && o->nodes; i++) print_nodes(c, model, i);
  for (int32_t i = 0; i < subgraphs; i++) print_control_edges(c, model, i);
  return LRT_OK;
}

lrt_status cmd_inspect(cli *c, int argc, char **argv) {
  inspect_options o = {CLI_SESSION_DEFAULTS, false, false, false};
  const cli_flag flags[] = {
      {"tensors", CLI_SWITCH, &o.tensors, 0, NULL, "also list every tensor"},
      {"nodes", CLI_SWITCH, &o.nodes, 0, NULL, "also list every operator with operands and options"},
      {"template", CLI_SWITCH, &o.chat_template, 0, NULL,
       "print nothing but the chat template of a language model"},
      CLI_LIBRARY_FLAG(o.session),
  };
  const cli_syntax syntax = {
      "MODEL", "Lists what a model file holds; with --json everything, tensors and nodes included.",
      flags,   sizeof flags / sizeof flags[0],
      1,       1,
      NULL};
  const char *path = NULL;
  lrt_model *model = NULL;
  cli_op_count *ops = NULL;
  int32_t op_count = 0;
  lrt_status status = cli_parse(c, &syntax, argc, argv, &path);
  if (status != LRT_OK || c->done) return status;
  LRT_TRY(cli_session_open_model(c, path, &o.session, &model));
  if (o.chat_template) {
    status = cli_language_meta_template(c, model);
    lrt_model_destroy(model);
    return status;
  }
  status = cli_inspect_count_ops(c, model, &ops, &op_count);
  if (status == LRT_OK)
    status = c->json ? cli_inspect_json(c, model, ops, op_count) : print_text(c, model, &o, ops, op_count);
  lrt_alloc_free(ops);
  lrt_model_destroy(model);
  return status;
}
