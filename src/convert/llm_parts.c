/* llm_parts.c: weights and tables are made once, however many signatures use them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/llm_parts.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "formats/flexbuffer.h"

/* Matrices of a layer, and those outside of layers. */
enum { LAYER_MATRICES = 5, OTHER_MATRICES = 2 };

static lrt_status no_memory(const lrt_llm_parts *parts, lrt_error *err) {
  return lrt_alloc_fail(err, parts->arena->alloc, 0, "the graph of the new model");
}

static void *room(lrt_llm_parts *parts, size_t count, size_t size) {
  void *block = lrt_arena_array(parts->arena, count, size);
  if (block == NULL && parts->status == LRT_OK) parts->status = no_memory(parts, &parts->error);
  return block;
}

/* The attribute map of the composite: {"epsilon": float}. */
static lrt_status make_norm_attributes(lrt_llm_parts *parts, lrt_error *err) {
  lrt_flex_writer w;
  const uint8_t *bytes = NULL;
  size_t size = 0;
  lrt_flex_writer_init(&w, parts->arena->alloc);
  const size_t mark = lrt_flex_begin(&w);
  lrt_flex_put_key(&w, "epsilon");
  lrt_flex_put_float(&w, (double)parts->source->spec.norm_epsilon);
  lrt_flex_end_map(&w, mark);
  lrt_status status = lrt_flex_finish(&w, &bytes, &size, err);
  uint8_t *copy = status == LRT_OK ? lrt_arena_get(parts->arena, size) : NULL;
  if (status == LRT_OK && copy == NULL) status = no_memory(parts, err);
  if (status == LRT_OK) {
    memcpy(copy, bytes, size);
    parts->norm_attributes = copy;
    parts->norm_attribute_bytes = (uint32_t)size;
  }
  lrt_flex_writer_clear(&w);
  return status;
}

static lrt_status check_options(const lrt_llm_graph_options *options, lrt_error *err) {
  if (options->context < 1 || options->context > 1 << 24)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a context of %d positions", (int)options->context);
  for (int32_t i = 0; i < options->prefill_count; i++) {
    const int32_t size = options->prefill_sizes[i];
    if (size < 1 || size > options->context || (i > 0 && size <= options->prefill_sizes[i - 1]))
      return lrt_fail(err, LRT_INVALID_ARGUMENT,
                      "prefill sizes must grow from 1 to at most the context of %d; number %d is %d",
                      (int)options->context, (int)i + 1, (int)size);
  }
  return LRT_OK;
}

lrt_status lrt_llm_parts_init(lrt_llm_parts *parts, const lrt_llm_source *source,
                              const lrt_llm_graph_options *options, lrt_arena *arena, lrt_error *err) {
  const size_t layers = (size_t)source->spec.layers, slots = (layers + 1) * LRT_LLM_WEIGHT_COUNT;
  memset(parts, 0, sizeof *parts);
  parts->source = source;
  parts->options = options;
  parts->arena = arena;
  parts->signature_count = options->prefill_count + 1;
  LRT_TRY(check_options(options, err));
  parts->vectors = lrt_arena_array(arena, slots, sizeof *parts->vectors);
  parts->matrix_of = lrt_arena_array(arena, slots, sizeof *parts->matrix_of);
  parts->matrices = lrt_arena_array(arena, layers * LAYER_MATRICES + OTHER_MATRICES, sizeof *parts->matrices);
  parts->subgraphs =
      lrt_arena_array(arena, (size_t)parts->signature_count + LRT_LLM_MAX_NORMS, sizeof *parts->subgraphs);
  parts->signatures = lrt_arena_array(arena, (size_t)parts->signature_count, sizeof *parts->signatures);
  if (parts->vectors == NULL || parts->matrix_of == NULL || parts->matrices == NULL ||
      parts->subgraphs == NULL || parts->signatures == NULL)
    return no_memory(parts, err);
  return make_norm_attributes(parts, err);
}

lrt_status lrt_llm_parts_status(const lrt_llm_parts *parts, lrt_error *err) {
  return parts->status == LRT_OK ? LRT_OK : lrt_fail(err, parts->status, "%s", parts->error.message);
}

static size_t slot_of(const lrt_llm_parts *parts, lrt_llm_weight weight, int32_t layer) {
  const int32_t row = layer < 0 ? parts->source->spec.layers : layer;
  return (size_t)row * LRT_LLM_WEIGHT_COUNT + weight;
}

/* ---- matrices ---- */

/* Rows and columns in the file: queries, keys and values are one matrix. */
static void stored_size(const lrt_llm_spec *spec, lrt_llm_weight weight, int64_t *rows, int64_t *columns) {
  lrt_llm_weight_size(spec, weight, rows, columns);
  if (weight == LRT_LLM_QUERY) *rows += 2 * (int64_t)spec->kv_heads * spec->head_dim;
}

static lrt_llm_matrix *matrix_record(lrt_llm_parts *parts, lrt_llm_weight weight, int32_t layer) {
  lrt_llm_matrix **slot = &parts->matrix_of[slot_of(parts, weight, layer)];
  if (*slot != NULL) return *slot;
  lrt_llm_matrix *m = &parts->matrices[parts->matrix_count];
  m->weight = weight;
  m->layer = layer;
  m->format = layer < 0 ? parts->options->embedding : parts->options->linear;
  stored_size(&parts->source->spec, weight, &m->rows, &m->columns);
  if (parts->status == LRT_OK) parts->status = lrt_weight_format_check(&m->format, m->columns, &parts->error);
  if (m->format.block == 0 && lrt_type_bits(m->format.type) <= 8) {
    m->row_scales = room(parts, (size_t)m->rows, sizeof *m->row_scales);
    m->zero_points = room(parts, (size_t)m->rows, sizeof *m->zero_points);
  }
  if (parts->status != LRT_OK) return NULL;
  parts->matrix_count++;
  return *slot = m;
}

/* Gives the tensor of codes its scales: a list, or a tensor of float16 behind it. */
static void set_scales(lrt_build *b, lrt_llm_matrix *m, int32_t tensor) {
  if (m->row_scales != NULL) {
    b->tensors[tensor].quant = (lrt_quant){.kind = LRT_QUANT_AFFINE,
                                           .count = (int32_t)m->rows,
                                           .scale = m->row_scales,
                                           .zero_point = m->zero_points,
                                           .scales_tensor = -1,
                                           .zero_points_tensor = -1};
  } else if (m->format.block > 0) {
    const int32_t blocks = (int32_t)(m->columns / m->format.block);
    const int32_t scales =
        lrt_build_constant(b, "scales", LRT_FLOAT16, LRT_DIMS((int32_t)m->rows, blocks), &m->block_scales);
    if (b->failed) return;
    b->tensors[tensor].quant = (lrt_quant){.kind = LRT_QUANT_BLOCKWISE,
                                           .block_size = m->format.block,
                                           .scales_tensor = scales,
                                           .zero_points_tensor = -1};
  }
}

int32_t lrt_llm_parts_matrix(lrt_llm_parts *parts, lrt_build *b, lrt_llm_weight weight, int32_t layer,
                             int64_t *rows) {
  lrt_llm_matrix *m = matrix_record(parts, weight, layer);
  *rows = m == NULL ? 1 : m->rows;
  if (m == NULL) return 0;
  /* The embedding may be the output matrix too: one tensor for both. */
  for (int32_t i = 0; i < b->tensor_count; i++)
    if (b->tensors[i].data == &m->codes && m->format.type != LRT_FLOAT16) return i;
  const lrt_shape shape = {2, {(int32_t)m->rows, (int32_t)m->columns}};
  const int32_t tensor =
      lrt_build_constant(b, lrt_llm_weight_name(weight), m->format.type, &shape, &m->codes);
  if (b->failed) return 0;
  set_scales(b, m, tensor);
  if (m->format.type != LRT_FLOAT16) return tensor;
  return LRT_NODE(b, DEQUANTIZE, 1, LRT_NO_OPTIONS, LRT_FLOAT32, &shape, tensor);
}

/* ---- vectors and tables ---- */

static const float *vector_of(lrt_llm_parts *parts, lrt_llm_weight weight, int32_t layer, int64_t *columns) {
  const float **slot = &parts->vectors[slot_of(parts, weight, layer)];
  int64_t rows = 0;
  lrt_llm_weight_size(&parts->source->spec, weight, &rows, columns);
  if (*slot != NULL || parts->status != LRT_OK) return *slot;
  float *values = room(parts, (size_t)*columns, sizeof *values);
  if (values == NULL) return NULL;
  parts->status = parts->source->rows(parts->source->cookie, weight, layer, 0, 1, values, &parts->error);
  for (int64_t i = 0; parts->status == LRT_OK && i < *columns; i++)
    if (!isfinite(values[i]))
      parts->status = lrt_fail(&parts->error, LRT_INVALID_MODEL, "layer %d, %s: element %lld is %g",
                               (int)layer, lrt_llm_weight_name(weight), (long long)i, (double)values[i]);
  return *slot = values;
}

int32_t lrt_llm_parts_vector(lrt_llm_parts *parts, lrt_build *b, lrt_llm_weight weight, int32_t layer) {
  int64_t columns = 0;
  const float *values = vector_of(parts, weight, layer, &columns);
  if (parts->status != LRT_OK) return 0;
  return lrt_build_constant(b, lrt_llm_weight_name(weight), LRT_FLOAT32, LRT_DIMS((int32_t)columns), values);
}

static const float *fuse_biases(lrt_llm_parts *parts, int32_t layer, int64_t count) {
  const lrt_llm_spec *s = &parts->source->spec;
  int64_t unused = 0;
  const float *q = vector_of(parts, LRT_LLM_QUERY_BIAS, layer, &unused);
  const float *k = vector_of(parts, LRT_LLM_KEY_BIAS, layer, &unused);
  const float *v = vector_of(parts, LRT_LLM_VALUE_BIAS, layer, &unused);
  float *fused = room(parts, (size_t)count, sizeof *fused), *out = fused;
  const size_t head = (size_t)s->head_dim, group = (size_t)(s->heads / s->kv_heads) * head;
  if (parts->status != LRT_OK) return NULL;
  for (int32_t i = 0; i < s->kv_heads; i++, q += group, k += head, v += head) {
    memcpy(out, q, group * sizeof *q), out += group;
    memcpy(out, k, head * sizeof *k), out += head;
    memcpy(out, v, head * sizeof *v), out += head;
  }
  return fused;
}

int32_t lrt_llm_parts_fused_bias(lrt_llm_parts *parts, lrt_build *b, int32_t layer) {
  int64_t rows = 0, columns = 0;
  stored_size(&parts->source->spec, LRT_LLM_QUERY, &rows, &columns);
  const float *fused = fuse_biases(parts, layer, rows);
  if (fused == NULL) return 0;
  return lrt_build_constant(b, "bias", LRT_FLOAT32, LRT_DIMS((int32_t)rows), fused);
}

int32_t lrt_llm_parts_frequencies(lrt_llm_parts *parts, lrt_build *b, float theta, float factor) {
  const lrt_llm_spec *s = &parts->source->spec;
  const int32_t half = s->head_dim / 2;
  const float **slot = &parts->frequencies[theta != s->rope_theta || factor != s->rope_factor];
  if (*slot == NULL) {
    float *values = room(parts, (size_t)half, sizeof *values);
    if (values == NULL) return 0;
    for (int32_t i = 0; i < half; i++)
      values[i] = (float)(pow((double)theta, -2.0 * i / s->head_dim) / (double)factor);
    *slot = values;
  }
  return lrt_build_constant(b, "frequencies", LRT_FLOAT32, LRT_DIMS(1, 1, half), *slot);
}

int32_t lrt_llm_parts_count_up(lrt_llm_parts *parts, lrt_build *b, int32_t count) {
  if (parts->count_up == NULL) {
    float *values = room(parts, (size_t)count, sizeof *values);
    if (values == NULL) return 0;
    for (int32_t i = 0; i < count; i++) values[i] = (float)i;
    parts->count_up = values;
  }
  return lrt_build_constant(b, "indices", LRT_FLOAT32, LRT_DIMS(1, 1, 1, count), parts->count_up);
}

/* ---- norms ---- */

lrt_stablehlo_composite_options lrt_llm_parts_norm(lrt_llm_parts *parts, const lrt_shape *shape) {
  int32_t i = 0;
  while (i < parts->norm_count && memcmp(&parts->norm_shapes[i], shape, sizeof *shape) != 0) i++;
  if (i == LRT_LLM_MAX_NORMS)
    parts->status =
        lrt_fail(&parts->error, LRT_UNSUPPORTED, "more than %d kinds of norms", LRT_LLM_MAX_NORMS);
  else if (i == parts->norm_count)
    parts->norm_shapes[parts->norm_count++] = *shape;
  return (lrt_stablehlo_composite_options){
      .name = "odml.rms_norm",
      .decomposition_subgraph_index = parts->signature_count + i,
      .composite_attributes = {parts->norm_attributes, parts->norm_attribute_bytes}};
}

/* x * rsqrt(mean(x^2) + epsilon) * scale over the last dimension. */
static lrt_status build_norm(lrt_llm_parts *parts, int32_t number, lrt_error *err) {
  lrt_build b;
  const lrt_shape shape = parts->norm_shapes[number];
  lrt_shape mean = shape;
  const int32_t last = shape.rank - 1;
  const lrt_mul_options mul = {0};
  const lrt_add_options add = {.pot_scale_int16 = 1};
  const lrt_reducer_options keep = {.keep_dims = 1};
  mean.dims[last] = 1;
  lrt_build_begin(&b, parts->arena, "odml.rms_norm", 2);
  const int32_t x = lrt_build_input(&b, "x", LRT_FLOAT32, &shape);
  const int32_t scale = lrt_build_input(&b, "scale", LRT_FLOAT32, LRT_DIMS(shape.dims[last]));
  const int32_t axis = LRT_INTEGERS(&b, last),
                epsilon = lrt_build_float(&b, parts->source->spec.norm_epsilon);
  const int32_t square = LRT_NODE(&b, MUL, 1, &mul, LRT_FLOAT32, &shape, x, x);
  const int32_t average = LRT_NODE(&b, MEAN, 1, &keep, LRT_FLOAT32, &mean, square, axis);
  const int32_t raised = LRT_NODE(&b, ADD, 1, &add, LRT_FLOAT32, &mean, average, epsilon);
  const int32_t inverse = LRT_NODE(&b, RSQRT, 1, LRT_NO_OPTIONS, LRT_FLOAT32, &mean, raised);
  const int32_t unit = LRT_NODE(&b, MUL, 1, &mul, LRT_FLOAT32, &shape, x, inverse);
  lrt_build_output(&b, "y", LRT_NODE(&b, MUL, 1, &mul, LRT_FLOAT32, &shape, unit, scale));
  return lrt_build_finish(&b, NULL, 0, &parts->subgraphs[parts->signature_count + number], NULL, err);
}

lrt_status lrt_llm_parts_finish(lrt_llm_parts *parts, lrt_llm_graph *out, lrt_error *err) {
  for (int32_t i = 0; i < parts->norm_count; i++) LRT_TRY(build_norm(parts, i, err));
  LRT_TRY(lrt_llm_parts_status(parts, err));
  out->graph = (lrt_graph){.description = parts->source->spec.architecture,
                           .subgraph_count = parts->signature_count + parts->norm_count,
                           .signature_count = parts->signature_count,
                           .subgraphs = parts->subgraphs,
                           .signatures = parts->signatures};
  out->matrices = parts->matrices;
  out->matrix_count = parts->matrix_count;
  return LRT_OK;
}
