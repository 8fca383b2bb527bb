/* model_object.c: opens model files of any known kind and answers questions about them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "interp/model_object.h"

#include <stdio.h>
#include <string.h>

#include "base/counter.h"
#include "base/fail.h"
#include "base/log.h"
#include "model/model_pick.h"

static lrt_source_policy policy_of(const lrt_model_options *options) {
  return options != NULL && options->copy ? LRT_SOURCE_COPY : LRT_SOURCE_MAP;
}

static lrt_status fill(lrt_model *model, lrt_source *file, const lrt_model_options *options, lrt_error *err) {
  lrt_source *picked = NULL;
  model->file = file;
  LRT_TRY(lrt_model_pick(file, model->alloc, &picked, err));
  lrt_status status = lrt_tflite_read(picked, model->alloc, &model->tflite, err);
  if (status == LRT_OK) status = lrt_weights_create(model->alloc, &model->weights, err);
  if (status == LRT_OK && options != NULL && options->weight_cache != NULL)
    status = lrt_weights_cache_open(options->weight_cache, file, picked, policy_of(options),
                                    &model->tflite->graph, model->weights, model->alloc, &model->cache, err);
  lrt_source_destroy(picked);
  return status;
}

/* Takes over `file`. */
static lrt_status create(lrt_source *file, lrt_alloc *account, const lrt_model_options *options,
                         lrt_model **out, lrt_error *err) {
  lrt_model *model = lrt_alloc_zero(account, sizeof *model);
  if (model == NULL) {
    lrt_source_destroy(file);
    const lrt_status refused = lrt_alloc_fail(err, account, sizeof *model, "the model");
    lrt_alloc_destroy(account);
    return refused;
  }
  atomic_init(&model->references, 1);
  model->alloc = account;
  model->operators = lrt_op_set_use(options != NULL ? options->operators : NULL);
  const lrt_status status = fill(model, file, options, err);
  if (status != LRT_OK) {
    lrt_model_destroy(model);
    return status;
  }
  lrt_counter_add(LRT_COUNTER_MODELS_LOADED, 1);
  lrt_log(LRT_LOG_INFO, "interp", "model_opened", "name=\"%s\" bytes=%llu subgraphs=%d signatures=%d",
          lrt_source_name(file), (unsigned long long)lrt_source_length(file),
          model->tflite->graph.subgraph_count, model->tflite->graph.signature_count);
  *out = model;
  return LRT_OK;
}

static lrt_status account_of(const lrt_model_options *options, lrt_alloc **out, lrt_error *err) {
  return lrt_alloc_create(options != NULL ? options->limits.bytes : 0, out, err);
}

lrt_status lrt_model_open(const char *path, const lrt_model_options *options, lrt_model **out,
                          lrt_error *err) {
  lrt_alloc *account = NULL;
  lrt_source *file = NULL;
  if (path == NULL || out == NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "a model needs a path");
  LRT_TRY(account_of(options, &account, err));
  const lrt_status status = lrt_source_open(path, policy_of(options), account, &file, err);
  if (status == LRT_OK) return create(file, account, options, out, err);
  lrt_alloc_destroy(account);
  return status;
}

lrt_status lrt_model_open_memory(const void *bytes, uint64_t length, const lrt_model_options *options,
                                 lrt_model **out, lrt_error *err) {
  lrt_alloc *account = NULL;
  lrt_source *file = NULL;
  if (bytes == NULL || out == NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "a model needs bytes");
  LRT_TRY(account_of(options, &account, err));
  const lrt_status status = lrt_source_wrap(bytes, length, NULL, NULL, account, &file, err);
  if (status == LRT_OK) return create(file, account, options, out, err);
  lrt_alloc_destroy(account);
  return status;
}

lrt_status lrt_model_open_fd(int fd, uint64_t offset, uint64_t length, const lrt_model_options *options,
                             lrt_model **out, lrt_error *err) {
  lrt_alloc *account = NULL;
  lrt_source *file = NULL;
  if (out == NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "a model needs a place to go");
  LRT_TRY(account_of(options, &account, err));
  const lrt_status status = lrt_source_from_fd(fd, offset, length, policy_of(options), account, &file, err);
  if (status == LRT_OK) return create(file, account, options, out, err);
  lrt_alloc_destroy(account);
  return status;
}

lrt_status lrt_model_take_source(lrt_source *file, const lrt_model_options *options, lrt_model **out,
                                 lrt_error *err) {
  lrt_alloc *account = NULL;
  const lrt_status status = account_of(options, &account, err);
  if (status == LRT_OK) return create(file, account, options, out, err);
  lrt_source_destroy(file);
  return status;
}

lrt_model *lrt_model_retain(lrt_model *model) {
  atomic_fetch_add_explicit(&model->references, 1, memory_order_relaxed);
  return model;
}

void lrt_model_destroy(lrt_model *model) {
  if (model == NULL) return;
  if (atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) != 1) return;
  lrt_alloc *account = model->alloc;
  if (model->cache != NULL) lrt_weights_cache_save(model->cache);
  lrt_weights_destroy(model->weights);
  lrt_weights_cache_destroy(model->cache);
  lrt_tflite_destroy(model->tflite);
  lrt_source_destroy(model->file);
  lrt_op_set_destroy(model->operators);
  lrt_alloc_free(model);
  lrt_alloc_destroy(account);
}

const char *lrt_model_name(const lrt_model *model) {
  return lrt_source_name(model->file);
}

const char *lrt_model_description(const lrt_model *model) {
  return model->tflite->graph.description;
}

uint64_t lrt_model_file_bytes(const lrt_model *model) {
  return lrt_source_length(model->file);
}

uint64_t lrt_model_packed_bytes(const lrt_model *model) {
  return lrt_weights_bytes(model->weights);
}

void lrt_model_weight_cache(const lrt_model *model, lrt_weight_cache_info *out) {
  memset(out, 0, sizeof *out);
  if (model->cache == NULL) return;
  out->path = lrt_weights_cache_path(model->cache);
  out->read_bytes = lrt_weights_found_bytes(model->weights);
  lrt_weights_cache_describe(model->cache, out->state, sizeof out->state);
}

int32_t lrt_model_subgraph_count(const lrt_model *model) {
  return model->tflite->graph.subgraph_count;
}

static const lrt_subgraph *subgraph_at(const lrt_model *model, int32_t subgraph) {
  const lrt_graph *graph = &model->tflite->graph;
  return subgraph >= 0 && subgraph < graph->subgraph_count ? &graph->subgraphs[subgraph] : NULL;
}

lrt_status lrt_model_subgraph(const lrt_model *model, int32_t subgraph, lrt_subgraph_info *out) {
  const lrt_subgraph *from = subgraph_at(model, subgraph);
  if (from == NULL) return LRT_NOT_FOUND;
  *out = (lrt_subgraph_info){from->name,         from->tensor_count, from->node_count, from->input_count,
                             from->output_count, from->inputs,       from->outputs};
  return LRT_OK;
}

lrt_status lrt_model_tensor(const lrt_model *model, int32_t subgraph, int32_t tensor, lrt_tensor_info *out) {
  const lrt_subgraph *from = subgraph_at(model, subgraph);
  if (from == NULL || tensor < 0 || tensor >= from->tensor_count) return LRT_NOT_FOUND;
  const lrt_tensor *t = &from->tensors[tensor];
  const lrt_shape signature = t->shape_signature.rank < 0 ? t->shape : t->shape_signature;
  *out =
      (lrt_tensor_info){t->name, t->type, t->shape, signature, t->quant, t->is_variable, t->sparsity != NULL,
                        t->data, t->bytes};
  return LRT_OK;
}

static const lrt_sparsity *sparsity_at(const lrt_model *model, int32_t subgraph, int32_t tensor) {
  const lrt_subgraph *from = subgraph_at(model, subgraph);
  return from != NULL && tensor >= 0 && tensor < from->tensor_count ? from->tensors[tensor].sparsity : NULL;
}

lrt_status lrt_model_sparsity(const lrt_model *model, int32_t subgraph, int32_t tensor,
                              lrt_sparsity_info *out) {
  const lrt_sparsity *from = sparsity_at(model, subgraph, tensor);
  if (from == NULL) return LRT_NOT_FOUND;
  *out = (lrt_sparsity_info){(int32_t)from->dimension_count, (int32_t)from->traversal_count,
                             (int32_t)from->block_count, from->traversal_order, from->block_map};
  return LRT_OK;
}

lrt_status lrt_model_sparsity_dimension(const lrt_model *model, int32_t subgraph, int32_t tensor,
                                        int32_t dimension, lrt_sparsity_dimension *out) {
  const lrt_sparsity *from = sparsity_at(model, subgraph, tensor);
  if (from == NULL || dimension < 0 || dimension >= (int32_t)from->dimension_count) return LRT_NOT_FOUND;
  const lrt_sparse_dimension *d = &from->dimensions[dimension];
  *out = (lrt_sparsity_dimension){
      d->sparse, d->dense_size, (int32_t)d->segment_count, (int32_t)d->index_count, d->segments, d->indices};
  return LRT_OK;
}

static const lrt_node *node_at(const lrt_model *model, int32_t subgraph, int32_t node) {
  const lrt_subgraph *from = subgraph_at(model, subgraph);
  return from != NULL && node >= 0 && node < from->node_count ? &from->nodes[node] : NULL;
}

lrt_status lrt_model_node(const lrt_model *model, int32_t subgraph, int32_t node, lrt_node_info *out) {
  const lrt_node *from = node_at(model, subgraph, node);
  if (from == NULL) return LRT_NOT_FOUND;
  *out = (lrt_node_info){.name = lrt_node_name(from),
                         .code = from->code,
                         .version = from->version,
                         .is_custom = from->code == LRT_OP_CUSTOM,
                         .is_supported = lrt_op_find(model->operators, from) != NULL,
                         .input_count = from->input_count,
                         .output_count = from->output_count,
                         .intermediate_count = from->intermediate_count,
                         .inputs = from->inputs,
                         .outputs = from->outputs,
                         .intermediates = from->intermediates,
                         .custom_options = from->custom_options,
                         .custom_options_bytes = from->custom_options_size};
  return LRT_OK;
}

int32_t lrt_model_control_edge_count(const lrt_model *model, int32_t subgraph) {
  const lrt_subgraph *from = subgraph_at(model, subgraph);
  return from != NULL ? from->control_edge_count : 0;
}

lrt_status lrt_model_control_edge(const lrt_model *model, int32_t subgraph, int32_t index, int32_t *before,
                                  int32_t *after) {
  if (index < 0 || index >= lrt_model_control_edge_count(model, subgraph)) return LRT_NOT_FOUND;
  const lrt_control_edge *edge = &subgraph_at(model, subgraph)->control_edges[index];
  *before = edge->before;
  *after = edge->after;
  return LRT_OK;
}

static int print_vector(char *text, size_t size, const lrt_option_field *field, const void *at) {
  lrt_option_bytes vector;
  memcpy(&vector, at, sizeof vector);
  size_t used = (size_t)snprintf(text, size, "[");
  for (uint32_t i = 0; i < vector.count && used < size; i++) {
    long long value;
    switch ((lrt_option_kind)field->kind) {
    case LRT_OPTION_VEC_I32: value = ((const int32_t *)(const void *)vector.data)[i]; break;
    case LRT_OPTION_VEC_U32: value = ((const uint32_t *)(const void *)vector.data)[i]; break;
    case LRT_OPTION_VEC_I64: value = ((const int64_t *)(const void *)vector.data)[i]; break;
    default: value = vector.data[i]; break;
    }
    const char *comma = i > 0 ? "," : "";
    if (field->kind == LRT_OPTION_VEC_F32)
      used += (size_t)snprintf(text + used, size - used, "%s%g", comma,
                               (double)((const float *)(const void *)vector.data)[i]);
    else
      used += (size_t)snprintf(text + used, size - used, "%s%lld", comma, value);
  }
  if (used < size) used += (size_t)snprintf(text + used, size - used, "]");
  return (int)used;
}

static int print_field(char *text, size_t size, const lrt_option_field *field, const void *at) {
  switch ((lrt_option_kind)field->kind) {
  case LRT_OPTION_BOOL: return snprintf(text, size, "%s", *(const uint8_t *)at != 0 ? "true" : "false");
  case LRT_OPTION_U8: return snprintf(text, size, "%d", *(const uint8_t *)at);
  case LRT_OPTION_I8: return snprintf(text, size, "%d", *(const int8_t *)at);
  case LRT_OPTION_I32: return snprintf(text, size, "%d", *(const int32_t *)at);
  case LRT_OPTION_U32: return snprintf(text, size, "%u", *(const uint32_t *)at);
  case LRT_OPTION_I64: return snprintf(text, size, "%lld", (long long)*(const int64_t *)at);
  case LRT_OPTION_F32: return snprintf(text, size, "%g", (double)*(const float *)at);
  case LRT_OPTION_STR: return snprintf(text, size, "\"%s\"", *(const char *const *)at);
  default: return print_vector(text, size, field, at);
  }
}

lrt_status lrt_model_node_options(const lrt_model *model, int32_t subgraph, int32_t node, char *text,
                                  size_t size) {
  const lrt_node *from = node_at(model, subgraph, node);
  if (from == NULL) return LRT_NOT_FOUND;
  if (size == 0) return LRT_INVALID_ARGUMENT;
  text[0] = '\0';
  const lrt_op_info *info = lrt_op_info_of(from->code);
  if (from->options == NULL || info == NULL) return LRT_OK;
  size_t used = 0;
  for (uint16_t i = 0; i < info->options->count && used < size; i++) {
    const lrt_option_field *field = &info->options->fields[i];
    used += (size_t)snprintf(text + used, size - used, "%s%s=", i > 0 ? " " : "", field->name);
    if (used >= size) break;
    used += (size_t)print_field(text + used, size - used, field, (const char *)from->options + field->offset);
  }
  return LRT_OK;
}

int32_t lrt_model_signature_count(const lrt_model *model) {
  return model->tflite->graph.signature_count;
}

static const lrt_signature *signature_at(const lrt_model *model, int32_t index) {
  const lrt_graph *graph = &model->tflite->graph;
  return index >= 0 && index < graph->signature_count ? &graph->signatures[index] : NULL;
}

lrt_status lrt_model_signature(const lrt_model *model, int32_t index, lrt_signature_info *out) {
  const lrt_signature *from = signature_at(model, index);
  if (from == NULL) return LRT_NOT_FOUND;
  *out = (lrt_signature_info){from->key, from->subgraph, from->input_count, from->output_count};
  return LRT_OK;
}

int32_t lrt_model_find_signature(const lrt_model *model, const char *key) {
  const lrt_signature *found = lrt_graph_signature(&model->tflite->graph, key);
  return found != NULL ? (int32_t)(found - model->tflite->graph.signatures) : -1;
}

static lrt_status entry_at(const lrt_signature_entry *entries, int32_t count, int32_t index,
                           const char **name, int32_t *tensor) {
  if (index < 0 || index >= count) return LRT_NOT_FOUND;
  *name = entries[index].name;
  *tensor = entries[index].tensor;
  return LRT_OK;
}

lrt_status lrt_model_signature_input(const lrt_model *model, int32_t signature, int32_t index,
                                     const char **name, int32_t *tensor) {
  const lrt_signature *from = signature_at(model, signature);
  return from != NULL ? entry_at(from->inputs, from->input_count, index, name, tensor) : LRT_NOT_FOUND;
}

lrt_status lrt_model_signature_output(const lrt_model *model, int32_t signature, int32_t index,
                                      const char **name, int32_t *tensor) {
  const lrt_signature *from = signature_at(model, signature);
  return from != NULL ? entry_at(from->outputs, from->output_count, index, name, tensor) : LRT_NOT_FOUND;
}

int32_t lrt_model_signature_place(const lrt_model *model, int32_t signature, int is_output, int32_t index) {
  const lrt_signature *from = signature_at(model, signature);
  if (from == NULL || index < 0 || index >= (is_output ? from->output_count : from->input_count)) return -1;
  return (is_output ? from->outputs : from->inputs)[index].place;
}

int32_t lrt_model_metadata_count(const lrt_model *model) {
  return model->tflite->graph.metadata_count;
}

lrt_status lrt_model_metadata(const lrt_model *model, int32_t index, const char **name, const void **data,
                              uint64_t *bytes) {
  const lrt_graph *graph = &model->tflite->graph;
  if (index < 0 || index >= graph->metadata_count) return LRT_NOT_FOUND;
  *name = graph->metadata[index].name;
  *data = graph->metadata[index].data;
  *bytes = graph->metadata[index].bytes;
  return LRT_OK;
}
