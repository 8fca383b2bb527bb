/* tflite_tensor.c: one tensor of a .tflite file: shape, constant contents, quantization, sparsity. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "model/tflite_parts.h"

typedef struct tensor_reader {
  lrt_tflite_reader *reader;
  lrt_fb_table from;
  int32_t tensor_count; /* of the subgraph, for references between tensors */
  const char *where;
  lrt_tensor *out;
} tensor_reader;

static lrt_arena *arena_of(const tensor_reader *t) {
  return &t->reader->model->arena;
}

static lrt_status invalid(const tensor_reader *t, const char *what) {
  return lrt_fail(t->reader->err, LRT_INVALID_MODEL, "%s \"%s\": %s", t->where, t->out->name, what);
}

static lrt_status read_dims(const tensor_reader *t, unsigned slot, int32_t least, lrt_shape *out) {
  const lrt_fb_vector dims = lrt_fb_get_vector(t->from, slot);
  if (dims.count > LRT_MAX_RANK) return invalid(t, "more than 8 dimensions");
  out->rank = (int32_t)dims.count;
  for (uint32_t i = 0; i < dims.count; i++) {
    out->dims[i] = lrt_fb_at_i32(dims, i);
    if (out->dims[i] < least) return invalid(t, "a dimension is negative");
  }
  return LRT_OK;
}

static lrt_status read_shape(const tensor_reader *t) {
  lrt_tensor *out = t->out;
  LRT_TRY(read_dims(t, LRT_TFL_Tensor_shape, -1, &out->shape));
  for (int i = 0; i < out->shape.rank; i++)
    if (out->shape.dims[i] < 0) out->shape.dims[i] = 1; /* unknown: as if one */
  out->shape_signature.rank = -1;
  if (lrt_fb_has(t->from, LRT_TFL_Tensor_shape_signature))
    LRT_TRY(read_dims(t, LRT_TFL_Tensor_shape_signature, -1, &out->shape_signature));
  out->has_rank = lrt_fb_get_bool(t->from, LRT_TFL_Tensor_has_rank, false);
  if (lrt_shape_count(&out->shape) < 0) return invalid(t, "the number of elements overflows");
  return LRT_OK;
}

/* A string tensor holds a count, count + 1 offsets and the bytes; all of it is checked. */
static bool is_string_data(const uint8_t *data, uint64_t bytes, int64_t elements) {
  if (bytes < 4) return false;
  const uint32_t count = lrt_fb_load_u32(data);
  if ((int64_t)count != elements || count > (bytes - 4) / 4) return false;
  const uint64_t table = 4 + 4 * ((uint64_t)count + 1);
  if (table > bytes) return false;
  uint32_t before = (uint32_t)table;
  for (uint32_t i = 0; i <= count; i++) {
    const uint32_t offset = lrt_fb_load_u32(data + 4 + 4 * (size_t)i);
    if (offset < before || offset > bytes) return false;
    before = offset;
  }
  return true;
}

/* Kernels read elements in place: data that is not aligned for its type is copied once. */
static lrt_status align_data(const tensor_reader *t) {
  lrt_tensor *out = t->out;
  unsigned align = lrt_type_bits(out->type) / 8;
  if (out->type == LRT_COMPLEX64 || out->type == LRT_COMPLEX128) align /= 2;
  if (align < 2 || (uintptr_t)out->data % align == 0) return LRT_OK;
  void *copy = lrt_arena_get(arena_of(t), (size_t)out->bytes);
  if (copy == NULL) return lrt_tflite_no_memory(t->reader);
  memcpy(copy, out->data, (size_t)out->bytes);
  out->data = copy;
  return LRT_OK;
}

static lrt_status find_data(const tensor_reader *t, lrt_tflite_buffer *found) {
  lrt_tflite_reader *reader = t->reader;
  lrt_tensor *out = t->out;
  out->buffer = lrt_fb_get_u32(t->from, LRT_TFL_Tensor_buffer, 0);
  out->external_buffer = lrt_fb_get_u32(t->from, LRT_TFL_Tensor_external_buffer, 0);
  *found = (lrt_tflite_buffer){NULL, 0};
  if (out->external_buffer != 0) {
    for (uint32_t i = 0; i < reader->external_count; i++) {
      if (reader->external_ids[i] != out->external_buffer) continue;
      *found = reader->external[i];
      return LRT_OK;
    }
    return invalid(t, "its external buffer does not exist");
  }
  if (out->buffer >= reader->buffer_count && out->buffer != 0) return invalid(t, "its buffer does not exist");
  if (out->buffer != 0) *found = reader->buffers[out->buffer];
  return LRT_OK;
}

static lrt_status read_data(const tensor_reader *t) {
  lrt_tensor *out = t->out;
  lrt_tflite_buffer found;
  LRT_TRY(find_data(t, &found));
  if (found.bytes == 0 || out->is_variable) return LRT_OK;
  if (out->type == LRT_RESOURCE || out->type == LRT_VARIANT) return LRT_OK; /* made by nodes only */
  out->data = found.data;
  out->bytes = found.bytes;
  if (out->type == LRT_STRING)
    return is_string_data(found.data, found.bytes, lrt_shape_count(&out->shape))
               ? align_data(t)
               : invalid(t, "its strings are damaged");
  if (out->sparsity != NULL) return LRT_OK;
  const int64_t wanted = lrt_shape_bytes(&out->shape, out->type);
  if (wanted < 0 || (uint64_t)wanted > found.bytes)
    return lrt_fail(t->reader->err, LRT_INVALID_MODEL, "%s \"%s\" needs %lld bytes, its buffer holds %llu",
                    t->where, out->name, (long long)wanted, (unsigned long long)found.bytes);
  out->bytes = (uint64_t)wanted;
  return align_data(t);
}

/* All-zero zero points, the common case, share one array. */
static const int32_t *zero_points(const tensor_reader *t, lrt_fb_vector from, uint32_t count) {
  lrt_tflite_reader *reader = t->reader;
  bool zero = true;
  for (uint32_t i = 0; i < from.count && zero; i++) zero = lrt_fb_at_i64(from, i) == 0;
  if (zero && count <= reader->zeros_count) return reader->zeros;
  int32_t *out = lrt_arena_array(arena_of(t), count, sizeof *out);
  if (out == NULL) return NULL;
  if (zero) {
    reader->zeros = out;
    reader->zeros_count = count;
    return out;
  }
  for (uint32_t i = 0; i < count; i++) {
    const int64_t value = lrt_fb_at_i64(from, from.count == 1 ? 0 : i);
    out[i] = value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : (int32_t)value;
  }
  return out;
}

/* Kernels subtract zero points from elements and multiply the differences in 32 bits: they must be as small as elements. */
static bool zero_points_fit(const lrt_tensor *tensor) {
  const unsigned bits = lrt_type_bits(tensor->type);
  const int32_t low = bits <= 8 ? INT8_MIN : INT16_MIN, high = bits <= 8 ? UINT8_MAX : UINT16_MAX;
  for (int32_t i = 0; bits > 0 && bits <= 16 && i < tensor->quant.count; i++)
    if (tensor->quant.zero_point[i] < low || tensor->quant.zero_point[i] > high) return false;
  return true;
}

static lrt_status read_affine(const tensor_reader *t, lrt_fb_table from) {
  lrt_quant *quant = &t->out->quant;
  const lrt_fb_vector scale = lrt_fb_get_vector(from, LRT_TFL_QuantizationParameters_scale);
  const lrt_fb_vector zero = lrt_fb_get_vector(from, LRT_TFL_QuantizationParameters_zero_point);
  if (scale.count == 0) return LRT_OK;
  if (zero.count == 0) return invalid(t, "it has scales but no zero points");
  if (zero.count != scale.count && zero.count != 1)
    return invalid(t, "scales and zero points differ in number");
  if (scale.count > INT32_MAX) return invalid(t, "too many scales");
  quant->kind = LRT_QUANT_AFFINE;
  quant->count = (int32_t)scale.count;
  quant->dimension = lrt_fb_get_i32(from, LRT_TFL_QuantizationParameters_quantized_dimension, 0);
  const int32_t dimension = quant->dimension;
  if (scale.count > 1 && (dimension < 0 || dimension >= t->out->shape.rank))
    return invalid(t, "its quantized dimension does not exist");
  if (scale.count > 1 && t->out->shape.dims[dimension] != quant->count)
    return invalid(t, "its quantized dimension has another size than its scales");
  float *copy = lrt_arena_array(arena_of(t), scale.count, sizeof *copy);
  if (copy == NULL) return lrt_tflite_no_memory(t->reader);
  for (uint32_t i = 0; i < scale.count; i++) copy[i] = lrt_fb_at_f32(scale, i);
  quant->scale = copy;
  quant->zero_point = zero_points(t, zero, scale.count);
  if (quant->zero_point == NULL) return lrt_tflite_no_memory(t->reader);
  return zero_points_fit(t->out) ? LRT_OK : invalid(t, "a zero point is outside every type of its size");
}

static lrt_status check_reference(const tensor_reader *t, int32_t tensor, bool optional) {
  if (tensor >= (optional ? -1 : 0) && tensor < t->tensor_count) return LRT_OK;
  return invalid(t, "its scales or zero points name a tensor that does not exist");
}

static lrt_status read_quantization(const tensor_reader *t) {
  const lrt_fb_table from = lrt_fb_get_table(t->from, LRT_TFL_Tensor_quantization);
  lrt_quant *quant = &t->out->quant;
  quant->scales_tensor = quant->zero_points_tensor = -1;
  if (from.at == NULL) return LRT_OK;
  const unsigned details = lrt_fb_get_union_type(from, LRT_TFL_QuantizationParameters_details);
  const lrt_fb_table table = lrt_fb_get_union_table(from, LRT_TFL_QuantizationParameters_details);
  if (details == LRT_TFL_DETAILS_CUSTOM) {
    quant->kind = LRT_QUANT_CUSTOM;
    return LRT_OK;
  }
  if (details != LRT_TFL_DETAILS_BLOCKWISE && details != LRT_TFL_DETAILS_MULTI_AXIS)
    return read_affine(t, from);
  /* Both tables begin with the same three fields. */
  quant->kind = details == LRT_TFL_DETAILS_BLOCKWISE ? LRT_QUANT_BLOCKWISE : LRT_QUANT_MULTI_AXIS;
  quant->scales_tensor = lrt_fb_get_i32(table, LRT_TFL_BlockwiseQuantization_scales, 0);
  quant->zero_points_tensor = lrt_fb_get_i32(table, LRT_TFL_BlockwiseQuantization_zero_points, 0);
  quant->block_size = lrt_fb_get_i32(table, LRT_TFL_BlockwiseQuantization_block_size, 0);
  quant->dimension = lrt_fb_get_i32(from, LRT_TFL_QuantizationParameters_quantized_dimension, 0);
  if (quant->block_size < 1) return invalid(t, "its quantization block size is not positive");
  LRT_TRY(check_reference(t, quant->scales_tensor, false));
  return check_reference(t, quant->zero_points_tensor, true);
}

static const int32_t *copy_i32(const tensor_reader *t, lrt_fb_vector from) {
  int32_t *out = lrt_arena_array(arena_of(t), (size_t)from.count + 1, sizeof *out);
  for (uint32_t i = 0; out != NULL && i < from.count; i++) out[i] = lrt_fb_at_i32(from, i);
  return out;
}

/* An index vector of 8, 16 or 32 bits, widened. */
static lrt_status read_index(const tensor_reader *t, lrt_fb_table from, unsigned slot, const int32_t **out,
                             uint32_t *count) {
  const unsigned kind = lrt_fb_get_union_type(from, slot);
  const lrt_fb_vector values =
      lrt_fb_get_vector(lrt_fb_get_union_table(from, slot), LRT_TFL_Int32Vector_values);
  if (kind < LRT_TFL_INDEX_INT32 || kind > LRT_TFL_INDEX_UINT8)
    return invalid(t, "a sparse dimension lacks its index");
  int32_t *wide = lrt_arena_array(arena_of(t), (size_t)values.count + 1, sizeof *wide);
  if (wide == NULL) return lrt_tflite_no_memory(t->reader);
  for (uint32_t i = 0; i < values.count; i++) {
    if (kind == LRT_TFL_INDEX_INT32)
      wide[i] = lrt_fb_at_i32(values, i);
    else if (kind == LRT_TFL_INDEX_UINT16)
      wide[i] = lrt_fb_load_u16(values.data + 2 * (size_t)i);
    else
      wide[i] = values.data[i];
  }
  *out = wide;
  *count = values.count;
  return LRT_OK;
}

static lrt_status read_sparsity(const tensor_reader *t) {
  const lrt_fb_table from = lrt_fb_get_table(t->from, LRT_TFL_Tensor_sparsity);
  if (from.at == NULL) return LRT_OK;
  const lrt_fb_vector order = lrt_fb_get_vector(from, LRT_TFL_SparsityParameters_traversal_order);
  const lrt_fb_vector map = lrt_fb_get_vector(from, LRT_TFL_SparsityParameters_block_map);
  const lrt_fb_vector dims = lrt_fb_get_vector(from, LRT_TFL_SparsityParameters_dim_metadata);
  lrt_sparsity *out = lrt_arena_get(arena_of(t), sizeof *out);
  lrt_sparse_dimension *dimensions = lrt_arena_array(arena_of(t), (size_t)dims.count + 1, sizeof *dimensions);
  if (out == NULL || dimensions == NULL) return lrt_tflite_no_memory(t->reader);
  *out = (lrt_sparsity){order.count, map.count, dims.count, copy_i32(t, order), copy_i32(t, map), dimensions};
  if (out->traversal_order == NULL || out->block_map == NULL) return lrt_tflite_no_memory(t->reader);
  for (uint32_t i = 0; i < dims.count; i++) {
    const lrt_fb_table dim = lrt_fb_at_table(dims, i);
    dimensions[i].sparse = lrt_fb_get_i8(dim, LRT_TFL_DimensionMetadata_format, 0) != 0;
    dimensions[i].dense_size = lrt_fb_get_i32(dim, LRT_TFL_DimensionMetadata_dense_size, 0);
    if (!dimensions[i].sparse) continue;
    LRT_TRY(read_index(t, dim, LRT_TFL_DimensionMetadata_array_segments, &dimensions[i].segments,
                       &dimensions[i].segment_count));
    LRT_TRY(read_index(t, dim, LRT_TFL_DimensionMetadata_array_indices, &dimensions[i].indices,
                       &dimensions[i].index_count));
  }
  t->out->sparsity = out;
  return LRT_OK;
}

lrt_status lrt_tflite_read_tensor(lrt_tflite_reader *reader, lrt_fb_table from, int32_t tensor_count,
                                  const char *where, lrt_tensor *out) {
  const tensor_reader t = {reader, from, tensor_count, where, out};
  const int8_t type = lrt_fb_get_i8(from, LRT_TFL_Tensor_type, 0);
  out->name = lrt_tflite_text(reader, lrt_fb_get_string(from, LRT_TFL_Tensor_name));
  if (out->name == NULL) return lrt_tflite_no_memory(reader);
  if (type < 0 || type >= LRT_TYPE_COUNT) return invalid(&t, "its element type is unknown");
  out->type = (lrt_type)type;
  out->is_variable = lrt_fb_get_bool(from, LRT_TFL_Tensor_is_variable, false);
  LRT_TRY(read_shape(&t));
  LRT_TRY(read_quantization(&t));
  LRT_TRY(read_sparsity(&t));
  return read_data(&t);
}
