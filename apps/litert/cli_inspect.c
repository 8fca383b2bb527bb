/* cli_inspect.c: counts the operators of a model and writes all of it as JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_inspect.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/json.h"
#include "cli_language_meta.h"
#include "cli_meta.h"

static void count_node(cli_op_count *ops, int32_t *count, const lrt_node_info *node) {
  int32_t at = 0;
  while (at < *count && (strcmp(ops[at].name, node->name) != 0 || ops[at].version != node->version)) at++;
  if (at == *count) {
    const cli_op_count fresh = {node->name, node->version, 0, node->is_custom != 0, node->is_supported != 0};
    ops[(*count)++] = fresh;
  }
  ops[at].nodes++;
}

static void sort_ops(cli_op_count *ops, int32_t count) {
  for (int32_t i = 1; i < count; i++) {
    const cli_op_count moved = ops[i];
    int32_t at = i;
    for (; at > 0 && ops[at - 1].nodes < moved.nodes; at--) ops[at] = ops[at - 1];
    ops[at] = moved;
  }
}

lrt_status cli_inspect_count_ops(cli *c, const lrt_model *model, cli_op_count **out, int32_t *count) {
  const int32_t subgraphs = lrt_model_subgraph_count(model);
  lrt_subgraph_info info;
  size_t nodes = 0;
  for (int32_t g = 0; g < subgraphs; g++)
    if (lrt_model_subgraph(model, g, &info) == LRT_OK) nodes += (size_t)info.node_count;
  *count = 0;
  *out = lrt_alloc_array(lrt_alloc_default(), nodes + 1, sizeof **out);
  if (*out == NULL) return lrt_alloc_fail(&c->error, lrt_alloc_default(), nodes, "the operators");
  for (int32_t g = 0; g < subgraphs; g++) {
    if (lrt_model_subgraph(model, g, &info) != LRT_OK) continue;
    for (int32_t n = 0; n < info.node_count; n++) {
      lrt_node_info node;
      if (lrt_model_node(model, g, n, &node) == LRT_OK) count_node(*out, count, &node);
    }
  }
  sort_ops(*out, *count);
  return LRT_OK;
}

static void put_text(lrt_json_writer *json, const char *key, const char *text) {
  lrt_json_key(json, key);
  lrt_json_text(json, text);
}

static void put_int(lrt_json_writer *json, const char *key, int64_t value) {
  lrt_json_key(json, key);
  lrt_json_int(json, value);
}

static void put_ints(lrt_json_writer *json, const char *key, const int32_t *values, int32_t count) {
  lrt_json_key(json, key);
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < count; i++) lrt_json_int(json, values[i]);
  lrt_json_end_array(json);
}

static void put_quant(lrt_json_writer *json, const lrt_quant *quant) {
  static const char *const kinds[] = {"none", "affine", "blockwise", "multi_axis", "custom"};
  if (quant->kind == LRT_QUANT_NONE) return;
  lrt_json_key(json, "quantization");
  lrt_json_begin_object(json);
  put_text(json, "kind", kinds[quant->kind]);
  put_int(json, "dimension", quant->dimension);
  if (quant->kind == LRT_QUANT_AFFINE) {
    lrt_json_key(json, "scales");
    lrt_json_begin_array(json);
    for (int32_t i = 0; i < quant->count; i++) lrt_json_float(json, quant->scale[i]);
    lrt_json_end_array(json);
    put_ints(json, "zero_points", quant->zero_point, quant->count);
  } else if (quant->kind != LRT_QUANT_CUSTOM) {
    put_int(json, "block_size", quant->block_size);
    put_int(json, "scales_tensor", quant->scales_tensor);
  }
  lrt_json_end_object(json);
}

static void put_tensor(lrt_json_writer *json, const lrt_tensor_info *tensor) {
  lrt_json_begin_object(json);
  put_text(json, "name", tensor->name);
  put_text(json, "type", lrt_type_name(tensor->type));
  put_ints(json, "shape", tensor->shape.dims, tensor->shape.rank);
  put_ints(json, "shape_signature", tensor->shape_signature.dims, tensor->shape_signature.rank);
  put_quant(json, &tensor->quant);
  lrt_json_key(json, "constant");
  lrt_json_bool(json, tensor->data != NULL);
  if (tensor->data != NULL) put_int(json, "bytes", (int64_t)tensor->bytes);
  lrt_json_key(json, "variable");
  lrt_json_bool(json, tensor->is_variable != 0);
  lrt_json_key(json, "sparse");
  lrt_json_bool(json, tensor->is_sparse != 0);
  lrt_json_end_object(json);
}

static void put_node(lrt_json_writer *json, const lrt_model *model, int32_t subgraph, int32_t index,
                     const lrt_node_info *node) {
  char options[4096] = "";
  lrt_model_node_options(model, subgraph, index, options, sizeof options);
  lrt_json_begin_object(json);
  put_text(json, "operator", node->name);
  put_int(json, "version", node->version);
  lrt_json_key(json, "supported");
  lrt_json_bool(json, node->is_supported != 0);
  put_ints(json, "inputs", node->inputs, node->input_count);
  put_ints(json, "outputs", node->outputs, node->output_count);
  put_text(json, "options", options);
  lrt_json_end_object(json);
}

/* [[before, after], …] */
static void put_control_edges(lrt_json_writer *json, const lrt_model *model, int32_t subgraph) {
  int32_t edge[2];
  lrt_json_key(json, "control_dependencies");
  lrt_json_begin_array(json);
  for (int32_t i = 0; lrt_model_control_edge(model, subgraph, i, &edge[0], &edge[1]) == LRT_OK; i++) {
    lrt_json_begin_array(json);
    lrt_json_int(json, edge[0]);
    lrt_json_int(json, edge[1]);
    lrt_json_end_array(json);
  }
  lrt_json_end_array(json);
}

static void put_subgraph(lrt_json_writer *json, const lrt_model *model, int32_t subgraph) {
  lrt_subgraph_info info;
  if (lrt_model_subgraph(model, subgraph, &info) != LRT_OK) return;
  lrt_json_begin_object(json);
  put_text(json, "name", info.name);
  put_ints(json, "inputs", info.inputs, info.input_count);
  put_ints(json, "outputs", info.outputs, info.output_count);
  lrt_json_key(json, "tensors");
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < info.tensor_count; i++) {
    lrt_tensor_info tensor;
    if (lrt_model_tensor(model, subgraph, i, &tensor) == LRT_OK) put_tensor(json, &tensor);
  }
  lrt_json_end_array(json);
  lrt_json_key(json, "nodes");
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < info.node_count; i++) {
    lrt_node_info node;
    if (lrt_model_node(model, subgraph, i, &node) == LRT_OK) put_node(json, model, subgraph, i, &node);
  }
  lrt_json_end_array(json);
  put_control_edges(json, model, subgraph);
  lrt_json_end_object(json);
}

/* {"name": tensor index, …} */
static void put_ports(lrt_json_writer *json, const lrt_model *model, int32_t signature, int32_t count,
                      bool outputs) {
  lrt_json_key(json, outputs ? "outputs" : "inputs");
  lrt_json_begin_object(json);
  for (int32_t i = 0; i < count; i++) {
    const char *name = NULL;
    int32_t tensor = -1;
    const lrt_status status = outputs ? lrt_model_signature_output(model, signature, i, &name, &tensor)
                                      : lrt_model_signature_input(model, signature, i, &name, &tensor);
    if (status == LRT_OK) put_int(json, name, tensor);
  }
  lrt_json_end_object(json);
}

static void put_signatures(lrt_json_writer *json, const lrt_model *model) {
  lrt_json_key(json, "signatures");
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < lrt_model_signature_count(model); i++) {
    lrt_signature_info info;
    if (lrt_model_signature(model, i, &info) != LRT_OK) continue;
    lrt_json_begin_object(json);
    put_text(json, "key", info.key);
    put_int(json, "subgraph", info.subgraph);
    put_ports(json, model, i, info.input_count, false);
    put_ports(json, model, i, info.output_count, true);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

static void put_metadata(lrt_json_writer *json, const lrt_model *model) {
  lrt_json_key(json, "metadata");
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < lrt_model_metadata_count(model); i++) {
    const char *name = NULL;
    const void *data = NULL;
    uint64_t bytes = 0;
    if (lrt_model_metadata(model, i, &name, &data, &bytes) != LRT_OK) continue;
    lrt_json_begin_object(json);
    put_text(json, "name", name);
    put_int(json, "bytes", (int64_t)bytes);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

static void put_numbers(lrt_json_writer *json, const char *key, const float *values, int count) {
  lrt_json_key(json, key);
  lrt_json_begin_array(json);
  for (int i = 0; i < count; i++) lrt_json_float(json, values[i]);
  lrt_json_end_array(json);
}

static void put_described(lrt_json_writer *json, const uint8_t *record, int is_output, uint32_t count) {
  lrt_json_key(json, is_output ? "outputs" : "inputs");
  lrt_json_begin_array(json);
  for (uint32_t i = 0; i < count; i++) {
    lrt_tensor_metadata about;
    lrt_model_metadata_tensor(record, is_output, i, &about);
    lrt_json_begin_object(json);
    put_text(json, "name", about.name);
    put_text(json, "description", about.description);
    if (about.mean_count > 0) {
      put_numbers(json, "mean", about.mean, about.mean_count);
      put_numbers(json, "std", about.std, about.mean_count);
    }
    put_text(json, "labels", lrt_model_metadata_file(record, is_output, i, LRT_ASSOCIATED_AXIS_LABELS));
    lrt_json_key(json, "calibrated");
    lrt_json_bool(json, about.has_calibration != 0);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

/* What TFLITE_METADATA says; null where there is none. */
static lrt_status put_about(cli *c, lrt_json_writer *json, lrt_model *model) {
  cli_meta meta;
  lrt_model_metadata_info info;
  LRT_TRY(cli_meta_find(c, model, &meta));
  lrt_json_key(json, "about");
  if (meta.record == NULL) {
    lrt_json_null(json);
    return LRT_OK;
  }
  lrt_model_metadata_read(meta.record, &info);
  lrt_json_begin_object(json);
  put_text(json, "name", info.name);
  put_text(json, "description", info.description);
  put_text(json, "version", info.version);
  put_text(json, "author", info.author);
  put_text(json, "license", info.license);
  put_described(json, meta.record, 0, info.input_count);
  put_described(json, meta.record, 1, info.output_count);
  lrt_json_end_object(json);
  return LRT_OK;
}

static lrt_status put_parts(cli *c, lrt_json_writer *json, lrt_model *model) {
  lrt_parts *parts = NULL;
  lrt_part_info info;
  LRT_TRY(lrt_parts_create(model, &parts, &c->error));
  lrt_json_key(json, "parts");
  lrt_json_begin_array(json);
  for (int32_t i = 0; lrt_parts_info(parts, i, &info) == LRT_OK; i++) {
    lrt_json_begin_object(json);
    put_text(json, "name", info.name);
    put_text(json, "kind", info.kind);
    put_int(json, "bytes", (int64_t)info.bytes);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
  lrt_parts_destroy(parts);
  return LRT_OK;
}

static void put_ops(lrt_json_writer *json, const cli_op_count *ops, int32_t count) {
  lrt_json_key(json, "operators");
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < count; i++) {
    lrt_json_begin_object(json);
    put_text(json, "name", ops[i].name);
    put_int(json, "version", ops[i].version);
    put_int(json, "nodes", ops[i].nodes);
    lrt_json_key(json, "custom");
    lrt_json_bool(json, ops[i].is_custom);
    lrt_json_key(json, "supported");
    lrt_json_bool(json, ops[i].is_supported);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

lrt_status cli_inspect_json(cli *c, lrt_model *model, const cli_op_count *ops, int32_t op_count) {
  lrt_json_writer json;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  put_text(&json, "model", lrt_model_name(model));
  put_int(&json, "bytes", (int64_t)lrt_model_file_bytes(model));
  put_text(&json, "description", lrt_model_description(model));
  put_ops(&json, ops, op_count);
  put_signatures(&json, model);
  put_metadata(&json, model);
  LRT_TRY(put_about(c, &json, model));
  LRT_TRY(put_parts(c, &json, model));
  LRT_TRY(cli_language_meta_json(c, &json, model));
  lrt_json_key(&json, "subgraphs");
  lrt_json_begin_array(&json);
  for (int32_t g = 0; g < lrt_model_subgraph_count(model); g++) put_subgraph(&json, model, g);
  lrt_json_end_array(&json);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
  return lrt_str_check(&c->out, &c->error);
}
