/* model_metadata.c: the tables of the TFLite metadata schema (identifier M001) that a runner needs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/model_metadata.h"

#include <string.h>

#include "base/fail.h"
#include "formats/flatbuffer.h"

#define COUNT(array) ((uint16_t)(sizeof(array) / sizeof(array)[0]))
#define TEXT(field, at)                                                                                      \
  { .name = #field, .slot = at, .kind = LRT_FB_STRING }
#define NUMBER(field, at, of)                                                                                \
  { .name = #field, .slot = at, .kind = of }
#define NUMBERS(field, at, of)                                                                               \
  { .name = #field, .slot = at, .kind = LRT_FB_VECTOR, .element = of }
#define LIST(field, at, of)                                                                                  \
  { .name = #field, .slot = at, .kind = LRT_FB_TABLES, .type = &of }

enum { FILE_NAME = 0, FILE_TYPE = 2 };
static const lrt_fb_field file_fields[] = {TEXT(name, FILE_NAME), TEXT(description, 1),
                                           NUMBER(type, FILE_TYPE, LRT_FB_I8)};
static const lrt_fb_type file_type = {"AssociatedFile", file_fields, COUNT(file_fields), 0, 0};

enum { NORMALIZATION_MEAN = 0, NORMALIZATION_STD = 1 };
static const lrt_fb_field normalization_fields[] = {NUMBERS(mean, NORMALIZATION_MEAN, LRT_FB_F32),
                                                    NUMBERS(std, NORMALIZATION_STD, LRT_FB_F32)};
static const lrt_fb_type normalization_type = {"NormalizationOptions", normalization_fields,
                                               COUNT(normalization_fields), 0, 0};

enum { CALIBRATION_TRANSFORM = 0, CALIBRATION_DEFAULT = 1 };
static const lrt_fb_field calibration_fields[] = {
    NUMBER(score_transformation, CALIBRATION_TRANSFORM, LRT_FB_I8),
    NUMBER(default_score, CALIBRATION_DEFAULT, LRT_FB_F32)};
static const lrt_fb_type calibration_type = {"ScoreCalibrationOptions", calibration_fields,
                                             COUNT(calibration_fields), 0, 0};

/* Further members (thresholds, tokenizers) are not looked into. */
enum { OPTIONS_NORMALIZATION = 1, OPTIONS_CALIBRATION = 2, UNIT_OPTIONS = 0 };
static const lrt_fb_type *const option_members[] = {NULL, &normalization_type, &calibration_type};
static const lrt_fb_union option_union = {"ProcessUnitOptions", option_members, COUNT(option_members)};
static const lrt_fb_field unit_fields[] = {
    {.name = "options", .slot = UNIT_OPTIONS, .kind = LRT_FB_UNION, .members = &option_union}};
static const lrt_fb_type unit_type = {"ProcessUnit", unit_fields, COUNT(unit_fields), 0, 0};

enum { TENSOR_NAME = 0, TENSOR_DESCRIPTION = 1, TENSOR_UNITS = 4, TENSOR_FILES = 6 };
static const lrt_fb_field tensor_fields[] = {TEXT(name, TENSOR_NAME), TEXT(description, TENSOR_DESCRIPTION),
                                             LIST(process_units, TENSOR_UNITS, unit_type),
                                             LIST(associated_files, TENSOR_FILES, file_type)};
static const lrt_fb_type tensor_type = {"TensorMetadata", tensor_fields, COUNT(tensor_fields), 0, 0};

enum { GRAPH_INPUTS = 2, GRAPH_OUTPUTS = 3 };
static const lrt_fb_field graph_fields[] = {LIST(input_tensor_metadata, GRAPH_INPUTS, tensor_type),
                                            LIST(output_tensor_metadata, GRAPH_OUTPUTS, tensor_type)};
static const lrt_fb_type graph_type = {"SubGraphMetadata", graph_fields, COUNT(graph_fields), 0, 0};

enum { MODEL_NAME = 0, MODEL_DESCRIPTION, MODEL_VERSION, MODEL_GRAPHS, MODEL_AUTHOR, MODEL_LICENSE };
static const lrt_fb_field model_fields[] = {
    TEXT(name, MODEL_NAME),       TEXT(description, MODEL_DESCRIPTION),
    TEXT(version, MODEL_VERSION), LIST(subgraph_metadata, MODEL_GRAPHS, graph_type),
    TEXT(author, MODEL_AUTHOR),   TEXT(license, MODEL_LICENSE)};
static const lrt_fb_type model_type = {"ModelMetadata", model_fields, COUNT(model_fields), 0, 0};
static const lrt_fb_schema schema = {&model_type, "M001", {NULL}};

lrt_status lrt_model_metadata_verify(const uint8_t *record, uint64_t length, lrt_error *err) {
  lrt_error inner = {LRT_OK, ""};
  const lrt_status status = lrt_fb_verify(record, length, &schema, &inner);
  return status == LRT_OK ? LRT_OK : lrt_fail(err, status, "the model's metadata: %s", inner.message);
}

static lrt_fb_vector tensors_of(const uint8_t *record, int is_output) {
  const lrt_fb_vector graphs = lrt_fb_get_vector(lrt_fb_root(record), MODEL_GRAPHS);
  const lrt_fb_vector none = {NULL, 0};
  if (graphs.count == 0) return none;
  return lrt_fb_get_vector(lrt_fb_at_table(graphs, 0), is_output ? GRAPH_OUTPUTS : GRAPH_INPUTS);
}

static const char *text_of(lrt_fb_table table, unsigned slot) {
  return lrt_fb_get_string(table, slot).text;
}

void lrt_model_metadata_read(const uint8_t *record, lrt_model_metadata_info *out) {
  const lrt_fb_table model = lrt_fb_root(record);
  out->name = text_of(model, MODEL_NAME);
  out->description = text_of(model, MODEL_DESCRIPTION);
  out->version = text_of(model, MODEL_VERSION);
  out->author = text_of(model, MODEL_AUTHOR);
  out->license = text_of(model, MODEL_LICENSE);
  out->input_count = tensors_of(record, 0).count;
  out->output_count = tensors_of(record, 1).count;
}

/* One mean and one deviation, or as many as channels; anything else is no rule that could be applied. */
static void read_normalization(lrt_fb_table options, lrt_tensor_metadata *out) {
  const lrt_fb_vector mean = lrt_fb_get_vector(options, NORMALIZATION_MEAN);
  const lrt_fb_vector std = lrt_fb_get_vector(options, NORMALIZATION_STD);
  if (mean.count == 0 || mean.count != std.count || mean.count > LRT_MODEL_METADATA_CHANNELS) return;
  for (uint32_t i = 0; i < mean.count; i++) {
    out->mean[i] = lrt_fb_at_f32(mean, i);
    out->std[i] = lrt_fb_at_f32(std, i);
    if (!(out->std[i] != 0.0f)) return;
  }
  out->mean_count = (int)mean.count;
}

static void read_calibration(lrt_fb_table options, lrt_tensor_metadata *out) {
  const int8_t transform = lrt_fb_get_i8(options, CALIBRATION_TRANSFORM, LRT_SCORE_IDENTITY);
  out->has_calibration = 1;
  out->default_score = lrt_fb_get_f32(options, CALIBRATION_DEFAULT, 0.0f);
  if (transform == LRT_SCORE_LOG || transform == LRT_SCORE_INVERSE_LOGISTIC)
    out->transform = (lrt_score_transform)transform;
}

void lrt_model_metadata_tensor(const uint8_t *record, int is_output, uint32_t index,
                               lrt_tensor_metadata *out) {
  const lrt_fb_vector tensors = tensors_of(record, is_output);
  memset(out, 0, sizeof *out);
  if (index >= tensors.count) return;
  const lrt_fb_table tensor = lrt_fb_at_table(tensors, index);
  const lrt_fb_vector units = lrt_fb_get_vector(tensor, TENSOR_UNITS);
  out->name = text_of(tensor, TENSOR_NAME);
  out->description = text_of(tensor, TENSOR_DESCRIPTION);
  for (uint32_t i = 0; i < units.count; i++) {
    const lrt_fb_table unit = lrt_fb_at_table(units, i);
    const unsigned member = lrt_fb_get_union_type(unit, UNIT_OPTIONS);
    if (member == OPTIONS_NORMALIZATION) read_normalization(lrt_fb_get_union_table(unit, UNIT_OPTIONS), out);
    if (member == OPTIONS_CALIBRATION) read_calibration(lrt_fb_get_union_table(unit, UNIT_OPTIONS), out);
  }
}

const char *lrt_model_metadata_file(const uint8_t *record, int is_output, uint32_t index,
                                    lrt_associated_file kind) {
  const lrt_fb_vector tensors = tensors_of(record, is_output);
  if (index >= tensors.count) return NULL;
  const lrt_fb_vector files = lrt_fb_get_vector(lrt_fb_at_table(tensors, index), TENSOR_FILES);
  for (uint32_t i = 0; i < files.count; i++) {
    const lrt_fb_table file = lrt_fb_at_table(files, i);
    if (lrt_fb_get_i8(file, FILE_TYPE, LRT_ASSOCIATED_UNKNOWN) == (int8_t)kind)
      return text_of(file, FILE_NAME);
  }
  return NULL;
}
