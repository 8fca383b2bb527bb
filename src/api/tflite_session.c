/* tflite_session.c: builds the tensors and nodes that a TFLite delegate sees from a subgraph. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/tflite_host.h"
#include "api/tflite_types.h"
#include "base/fail.h"

#define HEAD_ROOM 16 /* tensors that can be added without moving the others */

static lrt_status no_memory(const tfl_session *s, lrt_error *err) {
  return lrt_alloc_fail(err, s->alloc, 0, "a delegate's view of the model");
}

void lrt_tfl_report(tfl_session *s, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(s->message, sizeof s->message, format, args);
  va_end(args);
}

/* ---- tensors ---- */

static void *grown(const tfl_session *s, void *block, int32_t count, int32_t capacity, size_t size) {
  void *bigger = lrt_alloc_array(s->alloc, (size_t)capacity, size);
  if (bigger == NULL) return NULL;
  if (count > 0) memcpy(bigger, block, (size_t)count * size);
  lrt_alloc_free(block);
  return bigger;
}

static bool get_dims(tfl_session *s, int32_t first, int32_t count) {
  for (int32_t t = first; t < first + count; t++) {
    s->extras[t].dims = lrt_arena_get(&s->arena, sizeof *s->extras[t].dims);
    if (s->extras[t].dims == NULL) return false;
    s->context.tensors[t].dims = (TfLiteIntArray *)(void *)s->extras[t].dims;
    s->context.tensors[t].buffer_handle = kTfLiteNullBufferHandle;
    s->context.tensors[t].allocation_type = kTfLiteArenaRw;
    s->context.tensors[t].name = "";
  }
  return true;
}

bool lrt_tfl_grow_tensors(tfl_session *s, int32_t more) {
  const int32_t count = (int32_t)s->context.tensors_size;
  if (more < 0 || more > INT32_MAX / 4 - count) return false;
  if (count + more > s->tensor_capacity || s->context.tensors == NULL) {
    const int32_t capacity = count + more + HEAD_ROOM + count / 2;
    void *block = grown(s, s->context.tensors, count, capacity, sizeof *s->context.tensors);
    if (block == NULL) return false;
    s->context.tensors = block;
    if ((block = grown(s, s->extras, count, capacity, sizeof *s->extras)) == NULL) return false;
    s->extras = block;
    if ((block = grown(s, s->eval_tensors, count, capacity, sizeof *s->eval_tensors)) == NULL) return false;
    s->eval_tensors = block;
    s->tensor_capacity = capacity;
  }
  if (!get_dims(s, count, more)) return false;
  s->context.tensors_size += (size_t)more;
  return true;
}

TfLiteStatus lrt_tfl_show_shape(tfl_session *s, int32_t t, int rank, const int *dims) {
  TfLiteTensor *tensor = &s->context.tensors[t];
  lrt_shape shape = {rank, {0}};
  const lrt_type type = lrt_tflite_type_back(tensor->type);
  if (rank < 0 || rank > LRT_MAX_RANK) {
    lrt_tfl_report(s, "tensor \"%s\" would get %d dimensions", tensor->name, rank);
    return kTfLiteError;
  }
  for (int i = 0; i < rank; i++) shape.dims[i] = dims[i];
  const bool sized = type != LRT_TYPE_COUNT && lrt_type_bits(type) > 0;
  const int64_t bytes = sized ? lrt_shape_bytes(&shape, type) : 0;
  if (bytes < 0 || lrt_shape_count(&shape) < 0) {
    lrt_tfl_report(s, "tensor \"%s\" would get an impossible shape", tensor->name);
    return kTfLiteError;
  }
  s->extras[t].dims->size = rank;
  memcpy(s->extras[t].dims->data, shape.dims, (size_t)rank * sizeof(int));
  tensor->dims = (TfLiteIntArray *)(void *)s->extras[t].dims;
  if (sized) tensor->bytes = (size_t)bytes; /* of text, the contents decide */
  return kTfLiteOk;
}

TfLiteStatus lrt_tfl_set_shape(tfl_session *s, int32_t t, int rank, const int *dims) {
  TfLiteTensor *tensor = &s->context.tensors[t];
  if (lrt_tfl_show_shape(s, t, rank, dims) != kTfLiteOk) return kTfLiteError;
  if (tensor->allocation_type != kTfLiteDynamic || tensor->type == kTfLiteString) return kTfLiteOk;
  void *data = lrt_foreign_resize(s->extras[t].foreign, tensor->bytes);
  if (data == NULL) {
    lrt_tfl_report(s, "no memory left for tensor \"%s\"", tensor->name);
    return kTfLiteError;
  }
  tensor->data.data = data;
  s->extras[t].foreign = data;
  return kTfLiteOk;
}

static TfLiteFloatArray *scales_of(tfl_session *s, const lrt_quant *quant) {
  TfLiteFloatArray *list =
      lrt_arena_get(&s->arena, sizeof *list + (size_t)quant->count * sizeof list->data[0]);
  if (list == NULL) return NULL;
  list->size = quant->count;
  memcpy(list->data, quant->scale, (size_t)quant->count * sizeof list->data[0]);
  return list;
}

static bool show_affine(tfl_session *s, TfLiteTensor *tensor, const lrt_quant *quant) {
  TfLiteAffineQuantization *affine = lrt_arena_get(&s->arena, sizeof *affine);
  if (affine == NULL) return false;
  affine->scale = scales_of(s, quant);
  affine->zero_point = lrt_tflite_list(&s->arena, quant->zero_point, quant->count);
  affine->quantized_dimension = quant->dimension;
  tensor->quantization = (TfLiteQuantization){kTfLiteAffineQuantization, affine};
  if (quant->count == 1) tensor->params = (TfLiteQuantizationParams){quant->scale[0], quant->zero_point[0]};
  return affine->scale != NULL && affine->zero_point != NULL;
}

static bool show_blocks(tfl_session *s, TfLiteTensor *tensor, const lrt_quant *quant) {
  TfLiteBlockwiseQuantization *blocks = lrt_arena_get(&s->arena, sizeof *blocks);
  if (blocks == NULL) return false;
  *blocks = (TfLiteBlockwiseQuantization){quant->scales_tensor, quant->zero_points_tensor, quant->block_size,
                                          quant->dimension};
  tensor->quantization = (TfLiteQuantization){kTfLiteBlockwiseQuantization, blocks};
  return true;
}

static bool show_tensor(tfl_session *s, int32_t t) {
  const lrt_tensor *from = &s->subgraph->tensors[t];
  TfLiteTensor *tensor = &s->context.tensors[t];
  tensor->type = lrt_tflite_type(from->type);
  tensor->name = from->name;
  tensor->is_variable = from->is_variable;
  if (from->data != NULL) {
    tensor->allocation_type = kTfLiteMmapRo;
    tensor->data.raw_const = from->data;
  } else if (from->is_variable) {
    tensor->allocation_type = kTfLiteArenaRwPersistent;
  }
  if (from->shape_signature.rank >= 0) {
    tensor->dims_signature =
        lrt_tflite_list(&s->arena, from->shape_signature.dims, from->shape_signature.rank);
    if (tensor->dims_signature == NULL) return false;
  }
  if (lrt_tfl_show_shape(s, t, from->shape.rank, from->shape.dims) != kTfLiteOk)
    s->extras[t].dims->size = 0; /* a shape the file leaves open; found before anything runs */
  if (from->data != NULL) tensor->bytes = (size_t)from->bytes;
  if (from->quant.kind == LRT_QUANT_AFFINE && from->quant.count > 0)
    return show_affine(s, tensor, &from->quant);
  return from->quant.kind != LRT_QUANT_BLOCKWISE || show_blocks(s, tensor, &from->quant);
}

void lrt_tfl_session_show_shapes(tfl_session *s) {
  const lrt_partition *p = s->partition;
  for (int32_t t = 0; t < p->subgraph->tensor_count; t++) {
    TfLiteTensor *tensor = &s->context.tensors[t];
    if (tensor->allocation_type == kTfLiteMmapRo || tensor->is_variable) continue;
    lrt_foreign_free(s->extras[t].foreign);
    s->extras[t].foreign = NULL;
    tensor->data.data = NULL;
    if (lrt_tfl_show_shape(s, t, p->shapes[t].rank, p->shapes[t].dims) != kTfLiteOk)
      s->extras[t].dims->size = 0;
    const bool dynamic = !p->known[t] || tensor->type == kTfLiteString;
    tensor->allocation_type = dynamic ? kTfLiteDynamic : kTfLiteArenaRw;
  }
  s->version = p->version;
  s->message[0] = 0;
}

/* ---- nodes ---- */

static tfl_node *add_node(tfl_session *s) {
  if (s->node_count == s->node_capacity) {
    const int32_t capacity = s->node_capacity * 2 + 8;
    void *bigger = grown(s, s->nodes, s->node_count, capacity, sizeof(tfl_node *));
    if (bigger == NULL) return NULL;
    s->nodes = bigger;
    s->node_capacity = capacity;
  }
  tfl_node *node = lrt_arena_get(&s->arena, sizeof *node);
  if (node != NULL) s->nodes[s->node_count++] = node;
  return node;
}

static bool set_operands(tfl_session *s, tfl_node *to, const lrt_node *from) {
  to->node.inputs = lrt_tflite_list(&s->arena, from->inputs, from->input_count);
  to->node.outputs = lrt_tflite_list(&s->arena, from->outputs, from->output_count);
  to->node.intermediates = lrt_tflite_list(&s->arena, from->intermediates, from->intermediate_count);
  /* Kernels free this list and set another. */
  to->node.temporaries = lrt_foreign_resize(NULL, TfLiteIntArrayGetSizeInBytes(0));
  if (to->node.temporaries != NULL) to->node.temporaries->size = 0;
  return to->node.inputs != NULL && to->node.outputs != NULL && to->node.intermediates != NULL &&
         to->node.temporaries != NULL;
}

tfl_node *lrt_tfl_add_group(tfl_session *s, const lrt_group *group) {
  tfl_node *node = add_node(s);
  if (node == NULL || !set_operands(s, node, &group->node)) return NULL;
  node->group = group;
  node->registration.builtin_code = LRT_OP_DELEGATE;
  node->registration.custom_name = s->partition->runtime->delegates[group->delegate]->name;
  node->registration.version = 1;
  return node;
}

static lrt_status show_node(tfl_session *s, const lrt_node *from, lrt_error *err) {
  const lrt_op *op = lrt_op_find(lrt_custom_states_set(s->partition->runtime->customs), from);
  tfl_node *node = add_node(s);
  if (node == NULL || !set_operands(s, node, from)) return no_memory(s, err);
  node->registration.builtin_code = from->code;
  node->registration.version = from->version;
  node->registration.custom_name = from->code == LRT_OP_CUSTOM ? from->custom_name : NULL;
  node->node.might_have_side_effect = op != NULL && op->side_effects;
  if (from->code == LRT_OP_CUSTOM) {
    node->node.custom_initial_data = from->custom_options;
    node->node.custom_initial_data_size =
        from->custom_options_size > INT32_MAX ? 0 : (int)from->custom_options_size;
  }
  return lrt_tflite_params(from, &s->arena, &node->node.builtin_data, err);
}

lrt_status lrt_tfl_session_fill_tensors(tfl_session *s, lrt_error *err) {
  s->context.impl_ = s;
  if (!lrt_tfl_grow_tensors(s, s->subgraph->tensor_count)) return no_memory(s, err);
  for (int32_t t = 0; t < s->subgraph->tensor_count; t++)
    if (!show_tensor(s, t)) return no_memory(s, err);
  s->message[0] = 0;
  return LRT_OK;
}

lrt_status lrt_tfl_session_fill(tfl_session *s, lrt_error *err) {
  const lrt_partition *p = s->partition;
  s->context.recommended_num_threads = p->runtime->workers;
  lrt_tfl_set_functions(&s->context);
  LRT_TRY(lrt_tfl_session_fill_tensors(s, err));
  lrt_tfl_session_show_shapes(s);
  for (int32_t n = 0; n < p->subgraph->node_count; n++) LRT_TRY(show_node(s, &p->subgraph->nodes[n], err));
  for (const lrt_group *g = p->groups; g != NULL; g = g->next) /* of the delegates asked before */
    if (lrt_tfl_add_group(s, g) == NULL) return no_memory(s, err);
  return LRT_OK;
}

/* ---- the end ---- */

void lrt_tfl_drop_scratch(tfl_session *s, const tfl_node *owner) {
  for (int32_t i = 0; i < s->scratch_count; i++) {
    if (owner != NULL && s->scratch[i].owner != owner) continue;
    lrt_alloc_free(s->scratch[i].block);
    s->scratch[i] = (tfl_scratch){NULL, NULL};
  }
}

static void free_buffer(tfl_session *s, TfLiteTensor *tensor) {
  if (s->plugin == NULL) return;
  const TfLiteOpaqueDelegateBuilder *builder = s->plugin->opaque_delegate_builder;
  if (tensor->buffer_handle == kTfLiteNullBufferHandle || tensor->delegate != s->plugin) return;
  if (builder != NULL && builder->FreeBufferHandle != NULL)
    builder->FreeBufferHandle((TfLiteOpaqueContext *)&s->context, s->plugin, builder->data,
                              &tensor->buffer_handle);
  else if (s->plugin->FreeBufferHandle != NULL)
    s->plugin->FreeBufferHandle(&s->context, s->plugin, &tensor->buffer_handle);
}

void lrt_tfl_session_clear(tfl_session *s) {
  for (int32_t n = s->node_count - 1; n >= 0; n--) {
    const tfl_node *node = s->nodes[n];
    if (node->made && node->registration.free != NULL && node->node.user_data != NULL)
      node->registration.free(&s->context, node->node.user_data);
    lrt_foreign_free(node->node.temporaries);
  }
  for (size_t t = 0; t < s->context.tensors_size; t++) {
    free_buffer(s, &s->context.tensors[t]);
    lrt_foreign_free(s->extras[t].foreign);
    lrt_alloc_free(s->extras[t].block);
  }
  lrt_tfl_drop_scratch(s, NULL);
  lrt_alloc_free(s->scratch);
  lrt_alloc_free(s->context.tensors);
  lrt_alloc_free(s->extras);
  lrt_alloc_free(s->eval_tensors);
  lrt_alloc_free(s->nodes);
  lrt_arena_clear(&s->arena);
}
