/* tflite_write.c: the writer of .tflite files: buffers, tensors, nodes, signatures, metadata. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/tflite_write.h"

#include <string.h>

#include "base/fail.h"
#include "formats/tflite_schema.h"

#define BUFFER_ALIGN 16
#define APART_ALIGN 64

typedef struct writer {
  const lrt_graph *graph;
  lrt_fb_builder *b;
  lrt_arena arena;
  const void **data; /* [buffer_count] contents of the buffers, entry 0 empty */
  uint64_t *bytes;
  uint32_t buffer_count, buffer_capacity;
  const lrt_node **codes; /* [code_count] one node of each operator code */
  uint32_t code_count;
  bool failed;                      /* memory was refused */
  uintptr_t apart_begin, apart_end; /* addresses of contents that stand behind the flatbuffer */
  const lrt_tflite_apart *apart;    /* where they stand, in the order of their buffers; NULL: not known yet */
} writer;

static void *array_of(writer *w, size_t count, size_t size) {
  void *array = lrt_arena_array(&w->arena, count + 1, size);
  w->failed |= array == NULL;
  return array;
}

static uint32_t buffer_of(writer *w, const void *data, uint64_t bytes) {
  if (data == NULL) return 0;
  for (uint32_t i = 1; i < w->buffer_count; i++)
    if (w->data[i] == data && w->bytes[i] == bytes) return i;
  w->data[w->buffer_count] = data;
  w->bytes[w->buffer_count] = bytes;
  return w->buffer_count++;
}

static bool same_code(const lrt_node *a, const lrt_node *b) {
  if (a->code != b->code || a->version != b->version) return false;
  return a->code != LRT_OP_CUSTOM || strcmp(a->custom_name, b->custom_name) == 0;
}

static uint32_t code_of(writer *w, const lrt_node *node) {
  for (uint32_t i = 0; i < w->code_count; i++)
    if (same_code(w->codes[i], node)) return i;
  w->codes[w->code_count] = node;
  return w->code_count++;
}

static lrt_fb_ref i32_vector(writer *w, const int32_t *values, int32_t count) {
  return lrt_fb_add_vector(w->b, LRT_FB_I32, values, (size_t)count, 0);
}

static lrt_fb_ref write_block_details(writer *w, const lrt_quant *quant) {
  lrt_fb_begin_table(w->b);
  lrt_fb_put_integer(w->b, LRT_TFL_BlockwiseQuantization_scales, LRT_FB_I32, quant->scales_tensor, 0);
  lrt_fb_put_integer(w->b, LRT_TFL_BlockwiseQuantization_zero_points, LRT_FB_I32, quant->zero_points_tensor,
                     0);
  lrt_fb_put_integer(w->b, LRT_TFL_BlockwiseQuantization_block_size, LRT_FB_I32, quant->block_size, 0);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_quantization(writer *w, const lrt_quant *quant) {
  lrt_fb_ref scale = 0, zero = 0, details = 0;
  if (quant->kind == LRT_QUANT_AFFINE) {
    int64_t *wide = array_of(w, (size_t)quant->count, sizeof *wide);
    if (wide == NULL) return 0;
    for (int32_t i = 0; i < quant->count; i++) wide[i] = quant->zero_point[i];
    scale = lrt_fb_add_vector(w->b, LRT_FB_F32, quant->scale, (size_t)quant->count, 0);
    zero = lrt_fb_add_vector(w->b, LRT_FB_I64, wide, (size_t)quant->count, 0);
  } else if (quant->kind == LRT_QUANT_BLOCKWISE) {
    details = write_block_details(w, quant);
  } else {
    return 0;
  }
  lrt_fb_begin_table(w->b);
  lrt_fb_put_ref(w->b, LRT_TFL_QuantizationParameters_scale, scale);
  lrt_fb_put_ref(w->b, LRT_TFL_QuantizationParameters_zero_point, zero);
  lrt_fb_put_union(w->b, LRT_TFL_QuantizationParameters_details, details != 0 ? LRT_TFL_DETAILS_BLOCKWISE : 0,
                   details);
  lrt_fb_put_integer(w->b, LRT_TFL_QuantizationParameters_quantized_dimension, LRT_FB_I32, quant->dimension,
                     0);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_index(writer *w, const int32_t *values, uint32_t count) {
  const lrt_fb_ref vector = lrt_fb_add_vector(w->b, LRT_FB_I32, values, count, 0);
  lrt_fb_begin_table(w->b);
  lrt_fb_put_ref(w->b, LRT_TFL_Int32Vector_values, vector);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_sparse_dimension(writer *w, const lrt_sparse_dimension *dim) {
  lrt_fb_ref segments = 0, indices = 0;
  if (dim->sparse) {
    segments = write_index(w, dim->segments, dim->segment_count);
    indices = write_index(w, dim->indices, dim->index_count);
  }
  lrt_fb_begin_table(w->b);
  lrt_fb_put_integer(w->b, LRT_TFL_DimensionMetadata_format, LRT_FB_I8, dim->sparse, 0);
  lrt_fb_put_integer(w->b, LRT_TFL_DimensionMetadata_dense_size, LRT_FB_I32, dim->dense_size, 0);
  lrt_fb_put_union(w->b, LRT_TFL_DimensionMetadata_array_segments, dim->sparse ? LRT_TFL_INDEX_INT32 : 0,
                   segments);
  lrt_fb_put_union(w->b, LRT_TFL_DimensionMetadata_array_indices, dim->sparse ? LRT_TFL_INDEX_INT32 : 0,
                   indices);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_sparsity(writer *w, const lrt_sparsity *sparsity) {
  lrt_fb_ref *dims = sparsity != NULL ? array_of(w, sparsity->dimension_count, sizeof *dims) : NULL;
  if (dims == NULL) return 0;
  for (uint32_t i = 0; i < sparsity->dimension_count; i++)
    dims[i] = write_sparse_dimension(w, &sparsity->dimensions[i]);
  const lrt_fb_ref list = lrt_fb_add_references(w->b, dims, sparsity->dimension_count);
  const lrt_fb_ref order = i32_vector(w, sparsity->traversal_order, (int32_t)sparsity->traversal_count);
  const lrt_fb_ref map = i32_vector(w, sparsity->block_map, (int32_t)sparsity->block_count);
  lrt_fb_begin_table(w->b);
  lrt_fb_put_ref(w->b, LRT_TFL_SparsityParameters_traversal_order, order);
  lrt_fb_put_ref(w->b, LRT_TFL_SparsityParameters_block_map, map);
  lrt_fb_put_ref(w->b, LRT_TFL_SparsityParameters_dim_metadata, list);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_tensor(writer *w, const lrt_tensor *tensor) {
  const lrt_fb_ref name = lrt_fb_add_text(w->b, tensor->name);
  const lrt_fb_ref shape = i32_vector(w, tensor->shape.dims, tensor->shape.rank);
  const lrt_fb_ref quantization = write_quantization(w, &tensor->quant);
  const lrt_fb_ref sparsity = write_sparsity(w, tensor->sparsity);
  const lrt_fb_ref signature = tensor->shape_signature.rank > 0
                                   ? i32_vector(w, tensor->shape_signature.dims, tensor->shape_signature.rank)
                                   : 0;
  lrt_fb_begin_table(w->b);
  lrt_fb_put_ref(w->b, LRT_TFL_Tensor_shape, shape);
  lrt_fb_put_integer(w->b, LRT_TFL_Tensor_type, LRT_FB_I8, tensor->type, 0);
  lrt_fb_put_integer(w->b, LRT_TFL_Tensor_buffer, LRT_FB_U32, buffer_of(w, tensor->data, tensor->bytes), 0);
  lrt_fb_put_ref(w->b, LRT_TFL_Tensor_name, name);
  lrt_fb_put_ref(w->b, LRT_TFL_Tensor_quantization, quantization);
  lrt_fb_put_integer(w->b, LRT_TFL_Tensor_is_variable, LRT_FB_BOOL, tensor->is_variable, 0);
  lrt_fb_put_ref(w->b, LRT_TFL_Tensor_sparsity, sparsity);
  lrt_fb_put_ref(w->b, LRT_TFL_Tensor_shape_signature, signature);
  lrt_fb_put_integer(w->b, LRT_TFL_Tensor_has_rank, LRT_FB_BOOL, tensor->has_rank, 0);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_kind element_kind(uint8_t kind) {
  switch ((lrt_option_kind)kind) {
  case LRT_OPTION_VEC_BOOL: return LRT_FB_BOOL;
  case LRT_OPTION_VEC_I32: return LRT_FB_I32;
  case LRT_OPTION_VEC_U32: return LRT_FB_U32;
  case LRT_OPTION_VEC_I64: return LRT_FB_I64;
  case LRT_OPTION_VEC_F32: return LRT_FB_F32;
  default: return LRT_FB_U8;
  }
}

/* Strings and vectors must exist before the table that refers to them. */
static lrt_fb_ref option_child(writer *w, const lrt_option_field *field, const void *at) {
  if (field->kind == LRT_OPTION_STR) return lrt_fb_add_text(w->b, *(const char *const *)at);
  if (field->kind < LRT_OPTION_VEC_U8) return 0;
  lrt_option_bytes vector;
  memcpy(&vector, at, sizeof vector);
  return vector.count > 0 ? lrt_fb_add_vector(w->b, element_kind(field->kind), vector.data, vector.count, 0)
                          : 0;
}

static void put_option(writer *w, const lrt_option_field *field, const void *at, lrt_fb_ref child) {
  const int64_t dflt = (int64_t)field->value;
  switch ((lrt_option_kind)field->kind) {
  case LRT_OPTION_BOOL: lrt_fb_put_integer(w->b, field->slot, LRT_FB_BOOL, *(const uint8_t *)at, dflt); break;
  case LRT_OPTION_U8: lrt_fb_put_integer(w->b, field->slot, LRT_FB_U8, *(const uint8_t *)at, dflt); break;
  case LRT_OPTION_I8: lrt_fb_put_integer(w->b, field->slot, LRT_FB_I8, *(const int8_t *)at, dflt); break;
  case LRT_OPTION_I32: lrt_fb_put_integer(w->b, field->slot, LRT_FB_I32, *(const int32_t *)at, dflt); break;
  case LRT_OPTION_U32: lrt_fb_put_integer(w->b, field->slot, LRT_FB_U32, *(const uint32_t *)at, dflt); break;
  case LRT_OPTION_I64: lrt_fb_put_integer(w->b, field->slot, LRT_FB_I64, *(const int64_t *)at, dflt); break;
  case LRT_OPTION_F32:
    lrt_fb_put_float(w->b, field->slot, LRT_FB_F32, (double)*(const float *)at, field->value);
    break;
  default: lrt_fb_put_ref(w->b, field->slot, child); break;
  }
}

static lrt_fb_ref write_options(writer *w, const lrt_option_table *table, const void *options) {
  lrt_fb_ref children[LRT_FB_MAX_SLOTS] = {0};
  for (uint16_t i = 0; i < table->count; i++)
    children[i] = option_child(w, &table->fields[i], (const char *)options + table->fields[i].offset);
  lrt_fb_begin_table(w->b);
  for (uint16_t i = 0; i < table->count; i++)
    put_option(w, &table->fields[i], (const char *)options + table->fields[i].offset, children[i]);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_node(writer *w, const lrt_node *node) {
  const lrt_op_info *info = lrt_op_info_of(node->code);
  const lrt_option_table *table = info != NULL && node->options != NULL ? info->options : NULL;
  const lrt_fb_ref inputs = i32_vector(w, node->inputs, node->input_count);
  const lrt_fb_ref outputs = i32_vector(w, node->outputs, node->output_count);
  const lrt_fb_ref options =
      table != NULL && table->union_number > 0 ? write_options(w, table, node->options) : 0;
  const lrt_fb_ref custom =
      node->custom_options_size > 0
          ? lrt_fb_add_vector(w->b, LRT_FB_U8, node->custom_options, (size_t)node->custom_options_size, 0)
          : 0;
  const lrt_fb_ref intermediates =
      node->intermediate_count > 0 ? i32_vector(w, node->intermediates, node->intermediate_count) : 0;
  lrt_fb_begin_table(w->b);
  lrt_fb_put_integer(w->b, LRT_TFL_Operator_opcode_index, LRT_FB_U32, code_of(w, node), 0);
  lrt_fb_put_ref(w->b, LRT_TFL_Operator_inputs, inputs);
  lrt_fb_put_ref(w->b, LRT_TFL_Operator_outputs, outputs);
  if (options != 0)
    lrt_fb_put_union(w->b,
                     table->union_number == 1 ? (unsigned)LRT_TFL_Operator_builtin_options
                                              : (unsigned)LRT_TFL_Operator_builtin_options_2,
                     table->member, options);
  lrt_fb_put_ref(w->b, LRT_TFL_Operator_custom_options, custom);
  lrt_fb_put_ref(w->b, LRT_TFL_Operator_intermediates, intermediates);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_subgraph(writer *w, const lrt_subgraph *subgraph) {
  lrt_fb_ref *tensors = array_of(w, (size_t)subgraph->tensor_count, sizeof *tensors);
  lrt_fb_ref *nodes = array_of(w, (size_t)subgraph->node_count, sizeof *nodes);
  if (tensors == NULL || nodes == NULL) return 0;
  for (int32_t i = 0; i < subgraph->tensor_count; i++) tensors[i] = write_tensor(w, &subgraph->tensors[i]);
  for (int32_t i = 0; i < subgraph->node_count; i++) nodes[i] = write_node(w, &subgraph->nodes[i]);
  const lrt_fb_ref tensor_list = lrt_fb_add_references(w->b, tensors, (size_t)subgraph->tensor_count);
  const lrt_fb_ref node_list = lrt_fb_add_references(w->b, nodes, (size_t)subgraph->node_count);
  const lrt_fb_ref inputs = i32_vector(w, subgraph->inputs, subgraph->input_count);
  const lrt_fb_ref outputs = i32_vector(w, subgraph->outputs, subgraph->output_count);
  const lrt_fb_ref name = lrt_fb_add_text(w->b, subgraph->name);
  lrt_fb_begin_table(w->b);
  lrt_fb_put_ref(w->b, LRT_TFL_SubGraph_tensors, tensor_list);
  lrt_fb_put_ref(w->b, LRT_TFL_SubGraph_inputs, inputs);
  lrt_fb_put_ref(w->b, LRT_TFL_SubGraph_outputs, outputs);
  lrt_fb_put_ref(w->b, LRT_TFL_SubGraph_operators, node_list);
  lrt_fb_put_ref(w->b, LRT_TFL_SubGraph_name, name);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_entries(writer *w, const lrt_signature_entry *entries, int32_t count) {
  lrt_fb_ref *rows = array_of(w, (size_t)count, sizeof *rows);
  if (rows == NULL) return 0;
  for (int32_t i = 0; i < count; i++) {
    const lrt_fb_ref name = lrt_fb_add_text(w->b, entries[i].name);
    lrt_fb_begin_table(w->b);
    lrt_fb_put_ref(w->b, LRT_TFL_TensorMap_name, name);
    lrt_fb_put_integer(w->b, LRT_TFL_TensorMap_tensor_index, LRT_FB_U32, entries[i].tensor, 0);
    rows[i] = lrt_fb_end_table(w->b);
  }
  return lrt_fb_add_references(w->b, rows, (size_t)count);
}

static lrt_fb_ref write_signatures(writer *w) {
  const int32_t count = w->graph->signature_count;
  lrt_fb_ref *rows = count > 0 ? array_of(w, (size_t)count, sizeof *rows) : NULL;
  if (rows == NULL) return 0;
  for (int32_t i = 0; i < count; i++) {
    const lrt_signature *signature = &w->graph->signatures[i];
    const lrt_fb_ref inputs = write_entries(w, signature->inputs, signature->input_count);
    const lrt_fb_ref outputs = write_entries(w, signature->outputs, signature->output_count);
    const lrt_fb_ref key = lrt_fb_add_text(w->b, signature->key);
    lrt_fb_begin_table(w->b);
    lrt_fb_put_ref(w->b, LRT_TFL_SignatureDef_inputs, inputs);
    lrt_fb_put_ref(w->b, LRT_TFL_SignatureDef_outputs, outputs);
    lrt_fb_put_ref(w->b, LRT_TFL_SignatureDef_signature_key, key);
    lrt_fb_put_integer(w->b, LRT_TFL_SignatureDef_subgraph_index, LRT_FB_U32, signature->subgraph, 0);
    rows[i] = lrt_fb_end_table(w->b);
  }
  return lrt_fb_add_references(w->b, rows, (size_t)count);
}

static lrt_fb_ref write_metadata(writer *w) {
  const int32_t count = w->graph->metadata_count;
  lrt_fb_ref *rows = count > 0 ? array_of(w, (size_t)count, sizeof *rows) : NULL;
  if (rows == NULL) return 0;
  for (int32_t i = 0; i < count; i++) {
    const lrt_metadata_entry *entry = &w->graph->metadata[i];
    const lrt_fb_ref name = lrt_fb_add_text(w->b, entry->name);
    lrt_fb_begin_table(w->b);
    lrt_fb_put_ref(w->b, LRT_TFL_Metadata_name, name);
    lrt_fb_put_integer(w->b, LRT_TFL_Metadata_buffer, LRT_FB_U32, buffer_of(w, entry->data, entry->bytes), 0);
    rows[i] = lrt_fb_end_table(w->b);
  }
  return lrt_fb_add_references(w->b, rows, (size_t)count);
}

static lrt_fb_ref write_codes(writer *w) {
  lrt_fb_ref *rows = array_of(w, w->code_count, sizeof *rows);
  if (rows == NULL) return 0;
  for (uint32_t i = 0; i < w->code_count; i++) {
    const lrt_node *node = w->codes[i];
    const lrt_fb_ref custom = node->code == LRT_OP_CUSTOM ? lrt_fb_add_text(w->b, node->custom_name) : 0;
    lrt_fb_begin_table(w->b);
    /* Old readers look at the 8-bit field only: 127 tells them that the number is elsewhere. */
    lrt_fb_put_integer(w->b, LRT_TFL_OperatorCode_deprecated_builtin_code, LRT_FB_I8,
                       node->code < 127 ? node->code : 127, 0);
    lrt_fb_put_ref(w->b, LRT_TFL_OperatorCode_custom_code, custom);
    lrt_fb_put_integer(w->b, LRT_TFL_OperatorCode_version, LRT_FB_I32, node->version, 1);
    lrt_fb_put_integer(w->b, LRT_TFL_OperatorCode_builtin_code, LRT_FB_I32, node->code, 0);
    rows[i] = lrt_fb_end_table(w->b);
  }
  return lrt_fb_add_references(w->b, rows, w->code_count);
}

static bool is_apart(const writer *w, uint32_t buffer) {
  const uintptr_t at = (uintptr_t)w->data[buffer];
  return buffer > 0 && at >= w->apart_begin && at < w->apart_end;
}

/* Until the places are known, offset 1 stands for each: a table does not change its size with a number in it. */
static lrt_fb_ref write_apart_buffer(writer *w, uint32_t buffer, size_t *next) {
  const uint64_t offset = w->apart == NULL ? 1 : w->apart[(*next)++].offset;
  lrt_fb_begin_table(w->b);
  lrt_fb_put_integer(w->b, LRT_TFL_Buffer_offset, LRT_FB_U64, (int64_t)offset, 0);
  lrt_fb_put_integer(w->b, LRT_TFL_Buffer_size, LRT_FB_U64, (int64_t)w->bytes[buffer], 0);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_inner_buffer(writer *w, uint32_t buffer) {
  const lrt_fb_ref data = buffer == 0 ? 0
                                      : lrt_fb_add_vector(w->b, LRT_FB_U8, w->data[buffer],
                                                          (size_t)w->bytes[buffer], BUFFER_ALIGN);
  lrt_fb_begin_table(w->b);
  lrt_fb_put_ref(w->b, LRT_TFL_Buffer_data, data);
  return lrt_fb_end_table(w->b);
}

static lrt_fb_ref write_buffers(writer *w) {
  size_t next = 0;
  lrt_fb_ref *rows = array_of(w, w->buffer_count, sizeof *rows);
  if (rows == NULL) return 0;
  for (uint32_t i = 0; i < w->buffer_count; i++)
    rows[i] = is_apart(w, i) ? write_apart_buffer(w, i, &next) : write_inner_buffer(w, i);
  return lrt_fb_add_references(w->b, rows, w->buffer_count);
}

static bool init(writer *w) {
  size_t tensors = (size_t)w->graph->metadata_count, nodes = 0;
  for (int32_t s = 0; s < w->graph->subgraph_count; s++) {
    tensors += (size_t)w->graph->subgraphs[s].tensor_count;
    nodes += (size_t)w->graph->subgraphs[s].node_count;
  }
  w->data = array_of(w, tensors + 1, sizeof *w->data);
  w->bytes = array_of(w, tensors + 1, sizeof *w->bytes);
  w->codes = array_of(w, nodes, sizeof *w->codes);
  w->buffer_count = 1;
  return !w->failed;
}

static lrt_fb_ref write_model(writer *w) {
  const int32_t count = w->graph->subgraph_count;
  lrt_fb_ref *rows = array_of(w, (size_t)count, sizeof *rows);
  if (rows == NULL) return 0;
  for (int32_t i = 0; i < count; i++) rows[i] = write_subgraph(w, &w->graph->subgraphs[i]);
  const lrt_fb_ref subgraphs = lrt_fb_add_references(w->b, rows, (size_t)count);
  const lrt_fb_ref signatures = write_signatures(w), metadata = write_metadata(w);
  const lrt_fb_ref codes = write_codes(w), buffers = write_buffers(w);
  const lrt_fb_ref description = lrt_fb_add_text(w->b, w->graph->description);
  lrt_fb_begin_table(w->b);
  lrt_fb_put_integer(w->b, LRT_TFL_Model_version, LRT_FB_U32, LRT_TFL_VERSION, 0);
  lrt_fb_put_ref(w->b, LRT_TFL_Model_operator_codes, codes);
  lrt_fb_put_ref(w->b, LRT_TFL_Model_subgraphs, subgraphs);
  lrt_fb_put_ref(w->b, LRT_TFL_Model_description, description);
  lrt_fb_put_ref(w->b, LRT_TFL_Model_buffers, buffers);
  lrt_fb_put_ref(w->b, LRT_TFL_Model_metadata, metadata);
  lrt_fb_put_ref(w->b, LRT_TFL_Model_signature_defs, signatures);
  return lrt_fb_end_table(w->b);
}

static lrt_status write_all(writer *w, const uint8_t **bytes, size_t *size, lrt_error *err) {
  lrt_arena_init(&w->arena, w->b->alloc);
  const lrt_fb_ref root = init(w) ? write_model(w) : 0;
  if (w->failed) return lrt_alloc_fail(err, w->b->alloc, 0, "the model's structure");
  return lrt_fb_finish(w->b, root, LRT_TFL_IDENTIFIER, bytes, size, err);
}

lrt_status lrt_tflite_write(const lrt_graph *graph, lrt_fb_builder *builder, const uint8_t **bytes,
                            size_t *size, lrt_error *err) {
  writer w = {.graph = graph, .b = builder};
  const lrt_status status = write_all(&w, bytes, size, err);
  lrt_arena_clear(&w.arena);
  return status;
}

/* Lays the parts out behind a flatbuffer of `size` bytes. */
static lrt_status place_parts(const writer *w, size_t size, lrt_arena *arena, const lrt_tflite_apart **out,
                              size_t *count, lrt_error *err) {
  lrt_tflite_apart *parts = lrt_arena_array(arena, w->buffer_count, sizeof *parts);
  uint64_t at = size;
  *count = 0;
  if (parts == NULL) return lrt_alloc_fail(err, arena->alloc, 0, "the model's structure");
  for (uint32_t i = 1; i < w->buffer_count; i++) {
    if (!is_apart(w, i)) continue;
    at = (at + APART_ALIGN - 1) / APART_ALIGN * APART_ALIGN;
    parts[(*count)++] = (lrt_tflite_apart){w->data[i], w->bytes[i], at};
    at += w->bytes[i];
  }
  *out = parts;
  return LRT_OK;
}

lrt_status lrt_tflite_write_apart(const lrt_graph *graph, const void *begin, const void *end,
                                  lrt_arena *arena, lrt_fb_builder *builder, const uint8_t **bytes,
                                  size_t *size, const lrt_tflite_apart **parts, size_t *part_count,
                                  lrt_error *err) {
  writer w = {.graph = graph, .b = builder, .apart_begin = (uintptr_t)begin, .apart_end = (uintptr_t)end};
  lrt_alloc *alloc = builder->alloc;
  lrt_status status = write_all(&w, bytes, size, err);
  if (status == LRT_OK) status = place_parts(&w, *size, arena, parts, part_count, err);
  lrt_arena_clear(&w.arena);
  if (status != LRT_OK) return status;
  lrt_fb_builder_clear(builder);
  lrt_fb_builder_init(builder, alloc);
  w = (writer){.graph = graph,
               .b = builder,
               .apart_begin = (uintptr_t)begin,
               .apart_end = (uintptr_t)end,
               .apart = *parts};
  status = write_all(&w, bytes, size, err);
  lrt_arena_clear(&w.arena);
  return status;
}
