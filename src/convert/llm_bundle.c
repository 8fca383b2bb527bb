/* llm_bundle.c: the sections of the bundle, and weights encoded while they are written. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/llm_bundle.h"

#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "formats/litertlm_write.h"
#include "formats/protobuf_write.h"
#include "formats/zlib_store.h"
#include "model/tflite_write.h"

/* Weights widened at a time. */
#define CHUNK_ELEMENTS ((int64_t)1 << 18)

typedef struct bundler {
  const lrt_llm_source *source;
  const lrt_llm_bundle_options *options;
  lrt_alloc *alloc;
  lrt_arena arena;
  lrt_llm_graph graph;
  lrt_fb_builder builder;
  const uint8_t *structure; /* [structure_bytes] the flatbuffer */
  size_t structure_bytes;
  const lrt_tflite_apart *parts; /* [part_count] contents behind it */
  size_t part_count;
  uint16_t *block_scales; /* of the matrix written last */
  lrt_llm_bundle_result *result;
} bundler;

/* ---- weights ---- */

/* Room for a stretch of a matrix: rows as floats, and their codes. */
typedef struct stretch {
  int64_t rows; /* at a time */
  float *floats;
  uint8_t *codes;
} stretch;

static lrt_status get_stretch(const bundler *b, const lrt_llm_matrix *m, stretch *s, lrt_error *err) {
  s->rows = CHUNK_ELEMENTS / m->columns > 0 ? CHUNK_ELEMENTS / m->columns : 1;
  if (s->rows > m->rows) s->rows = m->rows;
  s->floats = lrt_alloc_array(b->alloc, (size_t)(s->rows * m->columns), sizeof *s->floats);
  s->codes = lrt_alloc_get(b->alloc, (size_t)lrt_weight_code_bytes(&m->format, s->rows, m->columns));
  if (s->floats != NULL && s->codes != NULL) return LRT_OK;
  lrt_alloc_free(s->floats);
  lrt_alloc_free(s->codes);
  return lrt_alloc_fail(err, b->alloc, 0, "rows of weights");
}

static lrt_status name_matrix(const lrt_llm_matrix *m, lrt_error *err, lrt_status status) {
  lrt_error inner;
  if (status == LRT_OK || err == NULL) return status;
  inner = *err;
  return m->layer < 0
             ? lrt_fail(err, status, "%s matrix: %.400s", lrt_llm_weight_name(m->weight), inner.message)
             : lrt_fail(err, status, "layer %d, %s matrix: %.400s", (int)m->layer,
                        lrt_llm_weight_name(m->weight), inner.message);
}

/* Encodes all rows; with an output, appends the codes to it. scales: [rows] or [rows][blocks]. */
static lrt_status encode_matrix(const bundler *b, const lrt_llm_matrix *m, lrt_output *output, void *scales,
                                lrt_weight_error *error, lrt_error *err) {
  const uint64_t row_scales = lrt_weight_scale_bytes(&m->format, 1, m->columns);
  stretch s;
  LRT_TRY(get_stretch(b, m, &s, err));
  lrt_status status = LRT_OK;
  for (int64_t first = 0; status == LRT_OK && first < m->rows; first += s.rows) {
    const int64_t count = m->rows - first < s.rows ? m->rows - first : s.rows;
    status = lrt_llm_matrix_rows(b->source, m, first, count, s.floats, err);
    if (status == LRT_OK)
      status = name_matrix(m, err,
                           lrt_weight_encode(&m->format, s.floats, NULL, count, m->columns, s.codes,
                                             (uint8_t *)scales + (uint64_t)first * row_scales, error, err));
    if (status == LRT_OK && output != NULL)
      status = lrt_output_write(output, s.codes, (size_t)lrt_weight_code_bytes(&m->format, count, m->columns),
                                err);
  }
  lrt_alloc_free(s.floats);
  lrt_alloc_free(s.codes);
  return status;
}

/* Scales of rows are part of the structure, so they are needed before it is written. */
static lrt_status find_row_scales(bundler *b, lrt_error *err) {
  for (int32_t i = 0; i < b->graph.matrix_count; i++) {
    const lrt_llm_matrix *m = &b->graph.matrices[i];
    lrt_weight_error unused = {0, 0};
    if (m->row_scales != NULL) LRT_TRY(encode_matrix(b, m, NULL, m->row_scales, &unused, err));
  }
  return LRT_OK;
}

static lrt_status write_codes(bundler *b, const lrt_llm_matrix *m, lrt_output *output, lrt_error *err) {
  void *scales = m->row_scales;
  if (m->format.block > 0) {
    const uint64_t bytes = lrt_weight_scale_bytes(&m->format, m->rows, m->columns);
    lrt_alloc_free(b->block_scales);
    scales = b->block_scales = lrt_alloc_get(b->alloc, (size_t)bytes);
    if (scales == NULL) return lrt_alloc_fail(err, b->alloc, bytes, "scales of weights");
  }
  b->result->parameters += (uint64_t)(m->rows * m->columns);
  return encode_matrix(b, m, output, scales, m->layer < 0 ? &b->result->embedding : &b->result->linear, err);
}

/* One part; the scales of blocks follow their codes, as their tensors do. */
static lrt_status write_apart(bundler *b, const lrt_tflite_apart *part, lrt_output *output, lrt_error *err) {
  const size_t index =
      (size_t)((const char *)part->data - (const char *)b->graph.matrices) / sizeof *b->graph.matrices;
  const lrt_llm_matrix *m = &b->graph.matrices[index];
  if (part->data == &m->codes) return write_codes(b, m, output, err);
  return lrt_output_write(output, b->block_scales, (size_t)part->bytes, err);
}

static lrt_status write_model(void *cookie, lrt_output *output, lrt_error *err) {
  static const uint8_t zeros[64];
  bundler *b = cookie;
  uint64_t at = b->structure_bytes;
  LRT_TRY(lrt_output_write(output, b->structure, b->structure_bytes, err));
  for (size_t i = 0; i < b->part_count; i++) {
    LRT_TRY(lrt_output_write(output, zeros, (size_t)(b->parts[i].offset - at), err));
    LRT_TRY(write_apart(b, &b->parts[i], output, err));
    at = b->parts[i].offset + b->parts[i].bytes;
  }
  return LRT_OK;
}

static lrt_status make_structure(bundler *b, lrt_error *err) {
  LRT_TRY(lrt_llm_graph_build(b->source, &b->options->graph, &b->arena, &b->graph, err));
  LRT_TRY(find_row_scales(b, err));
  return lrt_tflite_write_apart(&b->graph.graph, b->graph.matrices, b->graph.matrices + b->graph.matrix_count,
                                &b->arena, &b->builder, &b->structure, &b->structure_bytes, &b->parts,
                                &b->part_count, err);
}

/* ---- metadata: the messages of formats/llm_metadata.h ---- */

/* TokenUnion with one id. */
static void put_token(lrt_str *out, uint32_t number, int64_t id) {
  lrt_str ids, token;
  lrt_str_init(&ids, out->alloc, 0);
  lrt_str_init(&token, out->alloc, 0);
  lrt_pb_put_varint(&ids, 1, (uint64_t)id);
  lrt_pb_put_message(&token, 1, &ids);
  lrt_pb_put_message(out, number, &token);
}

/* LlmModelType: which of the vendor's families the model belongs to. */
static uint32_t model_type_field(const char *architecture) {
  static const struct {
    const char *architecture;
    uint32_t field;
  } types[] = {{"gemma3", 4}, {"qwen2", 7}, {"qwen3", 5}};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i].architecture, architecture) == 0) return types[i].field;
  return 1; /* generic_model */
}

static void put_metadata(const bundler *b, lrt_str *out) {
  const lrt_llm_bundle_options *o = b->options;
  lrt_str empty, type;
  lrt_str_init(&empty, out->alloc, 0);
  lrt_str_init(&type, out->alloc, 0);
  if (o->start_token >= 0) put_token(out, 1, o->start_token);
  for (size_t i = 0; i < o->stop_token_count; i++) put_token(out, 2, o->stop_tokens[i]);
  lrt_pb_put_varint(out, 5, (uint64_t)o->graph.context);
  lrt_pb_put_message(&type, model_type_field(b->source->spec.architecture), &empty);
  lrt_pb_put_message(out, 6, &type);
  if (o->chat_template != NULL) lrt_pb_put_bytes(out, 7, o->chat_template, o->chat_template_length);
}

/* A cache by the names it has in both signatures, and the axis that counts positions. */
static void put_state(lrt_str *out, char kind, int32_t layer, int32_t context) {
  char name[40];
  lrt_str state;
  lrt_str_init(&state, out->alloc, 0);
  snprintf(name, sizeof name, "kv_cache_%c_%d", kind, (int)layer);
  for (uint32_t field = 1; field <= 4; field++) lrt_pb_put_text(&state, field, name);
  lrt_pb_put_varint(&state, 6, kind == 'k' ? 1 : 2);
  lrt_pb_put_varint(&state, 7, kind == 'k' ? 2 : 3);
  lrt_pb_put_varint(&state, 8, (uint64_t)context);
  lrt_pb_put_varint(&state, 9, (uint64_t)context);
  lrt_pb_put_message(out, 2, &state);
}

static void put_executor_metadata(const bundler *b, lrt_str *out) {
  const lrt_llm_spec *s = &b->source->spec;
  lrt_str llm, mask;
  lrt_str_init(&llm, out->alloc, 0);
  lrt_str_init(&mask, out->alloc, 0);
  for (int32_t i = 0; i < s->layers; i++) {
    put_state(&llm, 'k', i, b->options->graph.context);
    put_state(&llm, 'v', i, b->options->graph.context);
  }
  lrt_pb_put_varint(&mask, 1, 1); /* causal */
  lrt_pb_put_message(&llm, 3, &mask);
  lrt_pb_put_message(out, 1, &llm);
}

/* ---- the bundle ---- */

static lrt_status put_tokenizer(const lrt_llm_bundle_options *o, lrt_str *out, lrt_bundle_part *part) {
  char size[8];
  *part = (lrt_bundle_part){.kind = o->tokenizer_kind, .bytes = o->tokenizer, .length = o->tokenizer_length};
  if (o->tokenizer_kind != LRT_SECTION_HF_TOKENIZER_ZLIB) return LRT_OK;
  for (int i = 0; i < 8; i++) size[i] = (char)((uint64_t)o->tokenizer_length >> 8 * i & 255);
  lrt_str_add(out, size, sizeof size);
  lrt_zlib_store(out, o->tokenizer, o->tokenizer_length);
  part->bytes = out->text;
  part->length = out->length;
  return lrt_str_check(out, NULL);
}

static lrt_status write_sections(bundler *b, lrt_output *output, lrt_str texts[3], lrt_error *err) {
  static const lrt_section_item model_type = {"model_type", "tf_lite_prefill_decode", 0};
  lrt_bundle_part parts[4];
  size_t count = 0;
  put_metadata(b, &texts[0]);
  put_executor_metadata(b, &texts[1]);
  for (int i = 0; i < 2; i++) LRT_TRY(lrt_str_check(&texts[i], err));
  parts[count++] =
      (lrt_bundle_part){.kind = LRT_SECTION_LLM_METADATA, .bytes = texts[0].text, .length = texts[0].length};
  if (b->options->tokenizer_kind != LRT_SECTION_NONE) {
    if (put_tokenizer(b->options, &texts[2], &parts[count++]) != LRT_OK) return lrt_str_check(&texts[2], err);
  }
  parts[count++] = (lrt_bundle_part){
      .kind = LRT_SECTION_TFLITE, .items = &model_type, .item_count = 1, .write = write_model, .cookie = b};
  parts[count++] = (lrt_bundle_part){
      .kind = LRT_SECTION_EXECUTOR_METADATA, .bytes = texts[1].text, .length = texts[1].length};
  return lrt_litertlm_write(output, parts, count, NULL, 0, b->alloc, err);
}

static lrt_status write_bundle(bundler *b, const char *path, lrt_error *err) {
  lrt_output *output = NULL;
  lrt_str texts[3];
  LRT_TRY(lrt_output_create(path, b->alloc, &output, err));
  for (int i = 0; i < 3; i++) lrt_str_init(&texts[i], b->alloc, 0);
  lrt_status status = write_sections(b, output, texts, err);
  for (int i = 0; i < 3; i++) lrt_str_clear(&texts[i]);
  b->result->bytes = lrt_output_length(output);
  if (status == LRT_OK) return lrt_output_commit(output, err);
  lrt_output_discard(output);
  return status;
}

lrt_status lrt_llm_bundle_write(const char *path, const lrt_llm_source *source,
                                const lrt_llm_bundle_options *options, lrt_alloc *alloc,
                                lrt_llm_bundle_result *result, lrt_error *err) {
  bundler b = {.source = source, .options = options, .alloc = alloc, .result = result};
  memset(result, 0, sizeof *result);
  lrt_arena_init(&b.arena, alloc);
  lrt_fb_builder_init(&b.builder, alloc);
  lrt_status status = make_structure(&b, err);
  if (status == LRT_OK) status = write_bundle(&b, path, err);
  lrt_alloc_free(b.block_scales);
  lrt_fb_builder_clear(&b.builder);
  lrt_arena_clear(&b.arena);
  return status;
}
