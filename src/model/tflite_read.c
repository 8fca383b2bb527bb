/* tflite_read.c: the reader of .tflite files: subgraphs, nodes, signatures, metadata. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/tflite_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "model/control_edges.h"
#include "model/tflite_options.h"
#include "model/tflite_parts.h"

/* The flatbuffer itself ends before this; data behind it is reached through buffer offsets. */
#define MAX_FLATBUFFER ((uint64_t)1 << 32)

/* Copies tensor indices and checks each against [least, count). */
static lrt_status read_indices(lrt_tflite_reader *reader, lrt_fb_vector from, int32_t least, int32_t count,
                               const char *where, const int32_t **out, int32_t *out_count) {
  int32_t *indices = lrt_arena_array(&reader->model->arena, (size_t)from.count + 1, sizeof *indices);
  if (indices == NULL) return lrt_tflite_no_memory(reader);
  for (uint32_t i = 0; i < from.count; i++) {
    indices[i] = lrt_fb_at_i32(from, i);
    if (indices[i] < least || indices[i] >= count)
      return lrt_fail(reader->err, LRT_INVALID_MODEL, "%s names tensor %d, the subgraph has %d", where,
                      indices[i], count);
  }
  *out = indices;
  *out_count = (int32_t)from.count;
  return LRT_OK;
}

/* The options of whichever union holds the operator's table; another table is ignored where the operator has no
 * options of its own. */
static lrt_status read_options(lrt_tflite_reader *reader, lrt_fb_table from, const char *where,
                               lrt_node *out) {
  const lrt_op_info *info = lrt_op_info_of(out->code);
  if (info == NULL || info->options->union_number == 0) return LRT_OK;
  const unsigned slot = info->options->union_number == 1 ? (unsigned)LRT_TFL_Operator_builtin_options
                                                         : (unsigned)LRT_TFL_Operator_builtin_options_2;
  const unsigned member = lrt_fb_get_union_type(from, slot);
  lrt_fb_table table = {NULL};
  if (member == info->options->member)
    table = lrt_fb_get_union_table(from, slot);
  else if (member != 0 && info->options->count > 0)
    return lrt_fail(reader->err, LRT_INVALID_MODEL,
                    "%s is %s but carries other options (kind %u, expected %s)", where, info->name, member,
                    info->options->schema);
  out->options = lrt_tflite_read_options(info->options, table, &reader->model->arena);
  return out->options != NULL ? LRT_OK : lrt_tflite_no_memory(reader);
}

static lrt_status read_custom_options(lrt_tflite_reader *reader, lrt_fb_table from, const char *where,
                                      lrt_node *out) {
  const uint64_t offset = lrt_fb_get_u64(from, LRT_TFL_Operator_large_custom_options_offset, 0);
  const uint64_t size = lrt_fb_get_u64(from, LRT_TFL_Operator_large_custom_options_size, 0);
  const lrt_fb_vector options = lrt_fb_get_vector(from, LRT_TFL_Operator_custom_options);
  out->custom_options = options.data;
  out->custom_options_size = options.count;
  if (offset <= 1 || size == 0) return LRT_OK;
  const void *data = NULL;
  if (lrt_source_view(reader->model->source, offset, size, &data, NULL) != LRT_OK)
    return lrt_fail(reader->err, LRT_INVALID_MODEL, "the custom options of %s lie outside the file", where);
  out->custom_options = data;
  out->custom_options_size = size;
  return LRT_OK;
}

static lrt_status read_code(lrt_tflite_reader *reader, lrt_fb_table from, const char *where, lrt_node *out) {
  const lrt_fb_vector codes = lrt_fb_get_vector(reader->root, LRT_TFL_Model_operator_codes);
  const uint32_t index = lrt_fb_get_u32(from, LRT_TFL_Operator_opcode_index, 0);
  if (index >= codes.count)
    return lrt_fail(reader->err, LRT_INVALID_MODEL, "%s names operator code %u of %u", where, index,
                    codes.count);
  const lrt_fb_table code = lrt_fb_at_table(codes, index);
  const int32_t old = lrt_fb_get_i8(code, LRT_TFL_OperatorCode_deprecated_builtin_code, 0);
  const int32_t new = lrt_fb_get_i32(code, LRT_TFL_OperatorCode_builtin_code, 0);
  out->code = old > new ? old : new;
  out->version = lrt_fb_get_i32(code, LRT_TFL_OperatorCode_version, 1);
  if (lrt_op_info_of(out->code) == NULL)
    return lrt_fail(reader->err, LRT_INVALID_MODEL, "%s has the unknown operator code %d", where, out->code);
  if (out->code != LRT_OP_CUSTOM) return LRT_OK;
  out->custom_name = lrt_tflite_text(reader, lrt_fb_get_string(code, LRT_TFL_OperatorCode_custom_code));
  if (out->custom_name == NULL) return lrt_tflite_no_memory(reader);
  return LRT_OK;
}

static lrt_status read_node(lrt_tflite_reader *reader, lrt_fb_table from, int32_t tensor_count,
                            const char *where, lrt_node *out) {
  LRT_TRY(read_code(reader, from, where, out));
  LRT_TRY(read_options(reader, from, where, out));
  LRT_TRY(read_custom_options(reader, from, where, out));
  LRT_TRY(read_indices(reader, lrt_fb_get_vector(from, LRT_TFL_Operator_inputs), -1, tensor_count, where,
                       &out->inputs, &out->input_count));
  LRT_TRY(read_indices(reader, lrt_fb_get_vector(from, LRT_TFL_Operator_outputs), -1, tensor_count, where,
                       &out->outputs, &out->output_count));
  return read_indices(reader, lrt_fb_get_vector(from, LRT_TFL_Operator_intermediates), -1, tensor_count,
                      where, &out->intermediates, &out->intermediate_count);
}

static lrt_status read_subgraph(lrt_tflite_reader *reader, lrt_fb_table from, int32_t index,
                                lrt_subgraph *out) {
  char where[64];
  lrt_arena *arena = &reader->model->arena;
  const lrt_fb_vector tensors = lrt_fb_get_vector(from, LRT_TFL_SubGraph_tensors);
  const lrt_fb_vector nodes = lrt_fb_get_vector(from, LRT_TFL_SubGraph_operators);
  lrt_tensor *tensor_rows = lrt_arena_array(arena, (size_t)tensors.count + 1, sizeof *tensor_rows);
  lrt_node *node_rows = lrt_arena_array(arena, (size_t)nodes.count + 1, sizeof *node_rows);
  out->name = lrt_tflite_text(reader, lrt_fb_get_string(from, LRT_TFL_SubGraph_name));
  if (tensor_rows == NULL || node_rows == NULL || out->name == NULL) return lrt_tflite_no_memory(reader);
  out->tensors = tensor_rows;
  out->nodes = node_rows;
  out->tensor_count = (int32_t)tensors.count;
  out->node_count = (int32_t)nodes.count;
  for (int32_t i = 0; i < out->tensor_count; i++) {
    snprintf(where, sizeof where, "tensor %d of subgraph %d", i, index);
    LRT_TRY(lrt_tflite_read_tensor(reader, lrt_fb_at_table(tensors, (uint32_t)i), out->tensor_count, where,
                                   &tensor_rows[i]));
  }
  snprintf(where, sizeof where, "subgraph %d", index);
  LRT_TRY(read_indices(reader, lrt_fb_get_vector(from, LRT_TFL_SubGraph_inputs), 0, out->tensor_count, where,
                       &out->inputs, &out->input_count));
  LRT_TRY(read_indices(reader, lrt_fb_get_vector(from, LRT_TFL_SubGraph_outputs), 0, out->tensor_count, where,
                       &out->outputs, &out->output_count));
  for (int32_t i = 0; i < out->node_count; i++) {
    snprintf(where, sizeof where, "node %d of subgraph %d", i, index);
    LRT_TRY(read_node(reader, lrt_fb_at_table(nodes, (uint32_t)i), out->tensor_count, where, &node_rows[i]));
  }
  return LRT_OK;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const lrt_signature_entry *)a)->name, ((const lrt_signature_entry *)b)->name);
}

static lrt_status read_entries(lrt_tflite_reader *reader, lrt_fb_vector from, const lrt_subgraph *subgraph,
                               const char *key, const lrt_signature_entry **out, int32_t *out_count) {
  lrt_signature_entry *entries =
      lrt_arena_array(&reader->model->arena, (size_t)from.count + 1, sizeof *entries);
  if (entries == NULL) return lrt_tflite_no_memory(reader);
  for (uint32_t i = 0; i < from.count; i++) {
    const lrt_fb_table entry = lrt_fb_at_table(from, i);
    const uint32_t tensor = lrt_fb_get_u32(entry, LRT_TFL_TensorMap_tensor_index, 0);
    entries[i].name = lrt_tflite_text(reader, lrt_fb_get_string(entry, LRT_TFL_TensorMap_name));
    entries[i].tensor = (int32_t)tensor;
    entries[i].place = (int32_t)i;
    if (entries[i].name == NULL) return lrt_tflite_no_memory(reader);
    if (tensor >= (uint32_t)subgraph->tensor_count)
      return lrt_fail(reader->err, LRT_INVALID_MODEL, "signature \"%s\" names tensor %u, its subgraph has %d",
                      key, tensor, subgraph->tensor_count);
  }
  if (from.count > 1) qsort(entries, from.count, sizeof *entries, by_name);
  *out = entries;
  *out_count = (int32_t)from.count;
  return LRT_OK;
}

static lrt_status read_signatures(lrt_tflite_reader *reader) {
  lrt_graph *graph = &reader->model->graph;
  const lrt_fb_vector from = lrt_fb_get_vector(reader->root, LRT_TFL_Model_signature_defs);
  lrt_signature *rows = lrt_arena_array(&reader->model->arena, (size_t)from.count + 1, sizeof *rows);
  if (rows == NULL) return lrt_tflite_no_memory(reader);
  graph->signatures = rows;
  graph->signature_count = (int32_t)from.count;
  for (uint32_t i = 0; i < from.count; i++) {
    const lrt_fb_table entry = lrt_fb_at_table(from, i);
    const uint32_t subgraph = lrt_fb_get_u32(entry, LRT_TFL_SignatureDef_subgraph_index, 0);
    rows[i].key = lrt_tflite_text(reader, lrt_fb_get_string(entry, LRT_TFL_SignatureDef_signature_key));
    if (rows[i].key == NULL) return lrt_tflite_no_memory(reader);
    if (subgraph >= (uint32_t)graph->subgraph_count)
      return lrt_fail(reader->err, LRT_INVALID_MODEL,
                      "signature \"%s\" names subgraph %u, which does not exist", rows[i].key, subgraph);
    rows[i].subgraph = (int32_t)subgraph;
    const lrt_subgraph *target = &graph->subgraphs[subgraph];
    LRT_TRY(read_entries(reader, lrt_fb_get_vector(entry, LRT_TFL_SignatureDef_inputs), target, rows[i].key,
                         &rows[i].inputs, &rows[i].input_count));
    LRT_TRY(read_entries(reader, lrt_fb_get_vector(entry, LRT_TFL_SignatureDef_outputs), target, rows[i].key,
                         &rows[i].outputs, &rows[i].output_count));
  }
  return LRT_OK;
}

static lrt_status read_metadata(lrt_tflite_reader *reader) {
  lrt_graph *graph = &reader->model->graph;
  const lrt_fb_vector from = lrt_fb_get_vector(reader->root, LRT_TFL_Model_metadata);
  lrt_metadata_entry *rows = lrt_arena_array(&reader->model->arena, (size_t)from.count + 1, sizeof *rows);
  if (rows == NULL) return lrt_tflite_no_memory(reader);
  graph->metadata = rows;
  graph->metadata_count = (int32_t)from.count;
  for (uint32_t i = 0; i < from.count; i++) {
    const lrt_fb_table entry = lrt_fb_at_table(from, i);
    const uint32_t buffer = lrt_fb_get_u32(entry, LRT_TFL_Metadata_buffer, 0);
    rows[i].name = lrt_tflite_text(reader, lrt_fb_get_string(entry, LRT_TFL_Metadata_name));
    if (rows[i].name == NULL) return lrt_tflite_no_memory(reader);
    if (buffer >= reader->buffer_count)
      return lrt_fail(reader->err, LRT_INVALID_MODEL, "metadata \"%s\" names buffer %u of %u", rows[i].name,
                      buffer, reader->buffer_count);
    rows[i].data = reader->buffers[buffer].data;
    rows[i].bytes = reader->buffers[buffer].bytes;
    if (strcmp(rows[i].name, LRT_CONTROL_EDGES_NAME) == 0)
      LRT_TRY(lrt_control_edges_read(rows[i].data, rows[i].bytes, reader->subgraphs, graph->subgraph_count,
                                     &reader->model->arena, reader->err));
  }
  return LRT_OK;
}

static lrt_status read_subgraphs(lrt_tflite_reader *reader) {
  lrt_graph *graph = &reader->model->graph;
  const lrt_fb_vector from = lrt_fb_get_vector(reader->root, LRT_TFL_Model_subgraphs);
  if (from.count == 0) return lrt_fail(reader->err, LRT_INVALID_MODEL, "the model has no subgraph");
  lrt_subgraph *rows = lrt_arena_array(&reader->model->arena, from.count, sizeof *rows);
  if (rows == NULL) return lrt_tflite_no_memory(reader);
  graph->subgraphs = reader->subgraphs = rows;
  graph->subgraph_count = (int32_t)from.count;
  for (uint32_t i = 0; i < from.count; i++)
    LRT_TRY(read_subgraph(reader, lrt_fb_at_table(from, i), (int32_t)i, &rows[i]));
  return LRT_OK;
}

static lrt_status read_model(lrt_tflite_reader *reader) {
  const lrt_fb_schema schema = lrt_tfl_schema(lrt_tflite_option_union(1), lrt_tflite_option_union(2));
  lrt_source *source = reader->model->source;
  const uint64_t whole = lrt_source_length(source);
  const uint64_t length = whole < MAX_FLATBUFFER ? whole : MAX_FLATBUFFER;
  const void *bytes = NULL;
  if (whole < 8)
    return lrt_fail(reader->err, LRT_INVALID_MODEL, "%s is not a .tflite model: it has %llu bytes",
                    lrt_source_name(source), (unsigned long long)whole);
  LRT_TRY(lrt_source_view(source, 0, length, &bytes, reader->err));
  LRT_TRY(lrt_fb_verify(bytes, length, &schema, reader->err));
  reader->root = lrt_fb_root(bytes);
  const uint32_t version = lrt_fb_get_u32(reader->root, LRT_TFL_Model_version, 0);
  if (version != LRT_TFL_VERSION)
    return lrt_fail(reader->err, LRT_INVALID_MODEL, "the model has schema version %u, expected %d", version,
                    LRT_TFL_VERSION);
  reader->model->graph.description =
      lrt_tflite_text(reader, lrt_fb_get_string(reader->root, LRT_TFL_Model_description));
  if (reader->model->graph.description == NULL) return lrt_tflite_no_memory(reader);
  LRT_TRY(lrt_tflite_read_buffers(reader));
  LRT_TRY(read_subgraphs(reader));
  LRT_TRY(read_signatures(reader));
  return read_metadata(reader);
}

lrt_status lrt_tflite_read(lrt_source *source, lrt_alloc *alloc, lrt_tflite **out, lrt_error *err) {
  lrt_tflite *model = lrt_alloc_zero(alloc, sizeof *model);
  if (model == NULL) return lrt_alloc_fail(err, alloc, sizeof *model, "the model");
  lrt_arena_init(&model->arena, alloc);
  model->source = lrt_source_retain(source);
  lrt_tflite_reader reader = {.model = model, .err = err};
  const lrt_status status = read_model(&reader);
  if (status != LRT_OK) {
    lrt_tflite_destroy(model);
    return status;
  }
  *out = model;
  return LRT_OK;
}

void lrt_tflite_destroy(lrt_tflite *model) {
  if (model == NULL) return;
  for (int32_t i = 0; i < model->external_count; i++) lrt_source_destroy(model->external[i]);
  lrt_source_destroy(model->source);
  lrt_arena_clear(&model->arena);
  lrt_alloc_free(model);
}
