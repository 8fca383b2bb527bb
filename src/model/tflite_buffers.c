/* tflite_buffers.c: where the bytes of each buffer are: in the flatbuffer, behind it, or in another file. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "model/tflite_parts.h"

/* Offset 1 is what writers put there before they know the real one. */
#define PLACEHOLDER_OFFSET 1

static lrt_status locate(lrt_tflite_reader *reader, lrt_fb_table from, uint32_t index,
                         lrt_tflite_buffer *out) {
  const uint64_t offset = lrt_fb_get_u64(from, LRT_TFL_Buffer_offset, 0);
  const uint64_t size = lrt_fb_get_u64(from, LRT_TFL_Buffer_size, 0);
  if (offset > PLACEHOLDER_OFFSET && size > 0) {
    if (lrt_source_view(reader->model->source, offset, size, &out->data, NULL) != LRT_OK)
      return lrt_fail(reader->err, LRT_INVALID_MODEL,
                      "buffer %u lies outside the file (offset %llu, %llu bytes)", index,
                      (unsigned long long)offset, (unsigned long long)size);
    out->bytes = size;
    return LRT_OK;
  }
  const lrt_fb_vector data = lrt_fb_get_vector(from, LRT_TFL_Buffer_data);
  out->data = data.count > 0 ? data.data : NULL;
  out->bytes = data.count;
  return LRT_OK;
}

/* A plain file name: no folder parts, so a model can only name its neighbours. */
static bool is_plain(const char *name) {
  return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL && strchr(name, '\\') == NULL;
}

static lrt_status open_group(lrt_tflite_reader *reader, uint32_t group, lrt_source **out) {
  lrt_tflite *model = reader->model;
  const lrt_fb_vector groups = lrt_fb_get_vector(reader->root, LRT_TFL_Model_external_buffer_groups);
  if (group >= groups.count)
    return lrt_fail(reader->err, LRT_INVALID_MODEL, "an external buffer names group %u of %u", group,
                    groups.count);
  if (model->external[group] != NULL) {
    *out = model->external[group];
    return LRT_OK;
  }
  const lrt_fb_string name =
      lrt_fb_get_string(lrt_fb_at_table(groups, group), LRT_TFL_ExternalBufferGroup_name);
  if (name.text == NULL || strlen(name.text) != name.length || !is_plain(name.text))
    return lrt_fail(reader->err, LRT_INVALID_MODEL,
                    "external buffer group %u does not name a file of the model's folder", group);
  const char *path = lrt_source_name(model->source);
  const char *slash = strrchr(path, '/');
  const size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
  char *full = lrt_arena_get(&model->arena, folder + name.length + 1);
  if (full == NULL) return lrt_tflite_no_memory(reader);
  memcpy(full, path, folder);
  memcpy(full + folder, name.text, name.length);
  LRT_TRY(lrt_source_open(full, LRT_SOURCE_MAP, model->arena.alloc, &model->external[group], reader->err));
  *out = model->external[group];
  return LRT_OK;
}

static lrt_status read_external(lrt_tflite_reader *reader) {
  lrt_tflite *model = reader->model;
  const lrt_fb_vector groups = lrt_fb_get_vector(reader->root, LRT_TFL_Model_external_buffer_groups);
  const lrt_fb_vector buffers = lrt_fb_get_vector(reader->root, LRT_TFL_Model_external_buffers);
  model->external = lrt_arena_array(&model->arena, (size_t)groups.count + 1, sizeof *model->external);
  reader->external = lrt_arena_array(&model->arena, (size_t)buffers.count + 1, sizeof *reader->external);
  reader->external_ids =
      lrt_arena_array(&model->arena, (size_t)buffers.count + 1, sizeof *reader->external_ids);
  if (model->external == NULL || reader->external == NULL || reader->external_ids == NULL)
    return lrt_tflite_no_memory(reader);
  model->external_count = (int32_t)groups.count;
  for (uint32_t i = 0; i < buffers.count; i++) {
    const lrt_fb_table from = lrt_fb_at_table(buffers, i);
    const uint64_t offset = lrt_fb_get_u64(from, LRT_TFL_ExternalBuffer_offset, 0);
    const uint64_t length = lrt_fb_get_u64(from, LRT_TFL_ExternalBuffer_length, 0);
    lrt_source *source = NULL;
    LRT_TRY(open_group(reader, lrt_fb_get_u32(from, LRT_TFL_ExternalBuffer_group, 0), &source));
    LRT_TRY(lrt_source_view(source, offset, length, &reader->external[i].data, reader->err));
    reader->external[i].bytes = length;
    reader->external_ids[i] = lrt_fb_get_u32(from, LRT_TFL_ExternalBuffer_id, 0);
  }
  reader->external_count = buffers.count;
  return LRT_OK;
}

lrt_status lrt_tflite_read_buffers(lrt_tflite_reader *reader) {
  const lrt_fb_vector buffers = lrt_fb_get_vector(reader->root, LRT_TFL_Model_buffers);
  reader->buffers =
      lrt_arena_array(&reader->model->arena, (size_t)buffers.count + 1, sizeof *reader->buffers);
  if (reader->buffers == NULL) return lrt_tflite_no_memory(reader);
  reader->buffer_count = buffers.count;
  for (uint32_t i = 0; i < buffers.count; i++)
    LRT_TRY(locate(reader, lrt_fb_at_table(buffers, i), i, &reader->buffers[i]));
  return read_external(reader);
}
