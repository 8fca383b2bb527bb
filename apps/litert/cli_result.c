/* cli_result.c: prints outputs as a table or JSON, names the best classes, writes arrays and pictures. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_result.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/json.h"
#include "cli_file.h"
#include "cli_labels.h"
#include "cli_picture.h"
#include "cli_table.h"
#include "cli_value.h"
#include "formats/npy.h"

/* Outputs of at most so many elements are printed whole. */
#define WHOLE_ELEMENTS 16

typedef struct output {
  const cli_port *port;
  lrt_tensor_view view;
  cli_summary summary;
  cli_labels labels;
  lrt_str file; /* path written, "" = none */
} output;

/* ---- strings ---- */

static int32_t load_i32(const uint8_t *at) {
  int32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

/* The layout of string tensors: count, count + 1 offsets, bytes. 0 where the bytes are no such thing: an output may be
 * a constant as it stands in the file. */
static int32_t string_count(const lrt_tensor_view *view) {
  const uint8_t *data = view->data;
  if (data == NULL || view->bytes < 8) return 0;
  const int32_t count = load_i32(data);
  if (count < 0 || (size_t)count > view->bytes / 4 - 2) return 0;
  int64_t before = 4 * ((int64_t)count + 2);
  for (int32_t i = 0; i <= count; i++) {
    const int32_t offset = load_i32(data + 4 + 4 * (size_t)i);
    if (offset < before || (size_t)offset > view->bytes) return 0;
    before = offset;
  }
  return count;
}

/* String `index` below string_count. */
static const char *string_at(const lrt_tensor_view *view, int32_t index, size_t *length) {
  const uint8_t *data = view->data, *ends = data + 4 + 4 * (size_t)index;
  *length = (size_t)(load_i32(ends + 4) - load_i32(ends));
  return (const char *)data + load_i32(ends);
}

/* ---- files ---- */

/* FOLDER/NAME.SUFFIX with everything in NAME that is not plain replaced by `_`. */
static lrt_status name_file(cli *c, const char *folder, const output *outputs, int32_t index,
                            const char *suffix, lrt_str *out) {
  lrt_str_format(out, "%s/", folder);
  const char *name = outputs[index].port->name;
  for (; *name != '\0'; name++) {
    const bool plain = (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'z') ||
                       (*name >= 'A' && *name <= 'Z') || strchr("-_.", *name) != NULL;
    lrt_str_add(out, plain ? name : "_", 1);
  }
  for (int32_t i = 0; i < index; i++)
    if (strcmp(outputs[i].port->name, outputs[index].port->name) == 0) {
      lrt_str_format(out, "_%d", (int)index);
      break;
    }
  lrt_str_add_text(out, suffix);
  return lrt_str_check(out, &c->error);
}

static lrt_status write_strings(const char *path, const lrt_tensor_view *view, lrt_error *err) {
  lrt_str text;
  lrt_str_init(&text, lrt_alloc_default(), 0);
  for (int32_t i = 0; i < string_count(view); i++) {
    size_t length = 0;
    const char *bytes = string_at(view, i, &length);
    lrt_str_add(&text, bytes, length);
    lrt_str_add_text(&text, "\n");
  }
  lrt_status status = lrt_str_check(&text, err);
  if (status == LRT_OK) status = cli_file_write(path, text.text, text.length, NULL, 0, err);
  lrt_str_clear(&text);
  return status;
}

static lrt_status write_picture(const char *path, const output *o, lrt_error *err) {
  cli_picture picture = {0};
  uint8_t *bytes = NULL;
  size_t length = 0;
  LRT_TRY(cli_picture_from_tensor(&o->view, &o->port->info.quant, &picture, err));
  lrt_status status = cli_picture_write_png(&picture, &bytes, &length, err);
  if (status == LRT_OK) status = cli_file_write(path, bytes, length, NULL, 0, err);
  lrt_alloc_free(bytes);
  cli_picture_clear(&picture);
  return status;
}

/* numpy has no types of fewer than 8 bits and no bfloat16: those are widened to int8 and float32. */
static lrt_status write_widened(const char *path, const lrt_tensor_view *view, lrt_error *err) {
  const int64_t count = lrt_shape_count(&view->shape);
  lrt_tensor_view wide = *view;
  wide.type = lrt_type_bits(view->type) < 8 ? LRT_INT8 : LRT_FLOAT32;
  wide.bytes = (size_t)lrt_shape_bytes(&view->shape, wide.type);
  wide.data = lrt_alloc_get(lrt_alloc_default(), wide.bytes);
  if (wide.data == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), wide.bytes, "an output");
  for (int64_t i = 0; i < count; i++) cli_value_store(&wide, NULL, i, cli_value_raw(view, i));
  char header[LRT_NPY_HEADER_BYTES];
  size_t length = 0;
  lrt_status status = lrt_npy_header(wide.type, &wide.shape, header, &length, err);
  if (status == LRT_OK) status = cli_file_write(path, header, length, wide.data, wide.bytes, err);
  lrt_alloc_free(wide.data);
  return status;
}

static lrt_status write_array(const char *path, const lrt_tensor_view *view, lrt_error *err) {
  char header[LRT_NPY_HEADER_BYTES];
  size_t length = 0;
  const bool narrow = lrt_type_bits(view->type) < 8 || view->type == LRT_BFLOAT16 ||
                      view->type == LRT_FLOAT8_E4M3FN || view->type == LRT_FLOAT8_E5M2;
  if (narrow && cli_value_is_number(view->type)) return write_widened(path, view, err);
  LRT_TRY(lrt_npy_header(view->type, &view->shape, header, &length, err));
  return cli_file_write(path, header, length, view->data, view->bytes, err);
}

static bool is_picture(const output *o) {
  int height, width, channels;
  return cli_value_is_number(o->view.type) && cli_picture_shape(&o->view.shape, &height, &width, &channels) &&
         height >= 8 && width >= 8;
}

static lrt_status write_file(cli *c, const cli_result_options *options, output *outputs, int32_t index) {
  output *o = &outputs[index];
  const size_t length = strlen(o->port->name);
  const bool named_png = length > 4 && strcmp(o->port->name + length - 4, ".png") == 0;
  const bool picture = named_png || (options->as_picture && is_picture(o));
  const char *suffix = o->view.type == LRT_STRING ? ".txt" : named_png ? "" : picture ? ".png" : ".npy";
  LRT_TRY(name_file(c, options->folder, outputs, index, suffix, &o->file));
  if (o->view.type == LRT_STRING) return write_strings(o->file.text, &o->view, &c->error);
  return picture ? write_picture(o->file.text, o, &c->error) : write_array(o->file.text, &o->view, &c->error);
}

/* ---- text ---- */

static void add_number(lrt_str *out, double value) {
  lrt_str_format(out, value == floor(value) && fabs(value) < 1e15 ? "%.0f" : "%.6g", value);
}

static void add_values(lrt_str *out, const output *o) {
  const int64_t count = lrt_shape_count(&o->view.shape);
  for (int64_t i = 0; i < count; i++) {
    lrt_str_add_text(out, i > 0 ? " " : "");
    if (o->view.type == LRT_STRING) {
      size_t length = 0;
      const char *text = string_at(&o->view, (int32_t)i, &length);
      lrt_str_add(out, text, length);
    } else {
      add_number(out, cli_value_real(&o->view, &o->port->info.quant, i));
    }
  }
}

/* "min -1.2  mean 0.1  max 3.4", or the values themselves where they are few. */
static void add_contents(lrt_str *out, const output *o) {
  const int64_t count = lrt_shape_count(&o->view.shape);
  if (o->view.data == NULL || count == 0) {
    lrt_str_add_text(out, "empty");
  } else if (o->view.type == LRT_STRING ? string_count(&o->view) == count && count <= WHOLE_ELEMENTS
                                        : count <= WHOLE_ELEMENTS && o->summary.count > 0) {
    add_values(out, o);
  } else if (o->view.type == LRT_STRING) {
    lrt_str_format(out, "%d strings", (int)string_count(&o->view));
  } else if (o->summary.count > 0) {
    lrt_str_format(out, "min %.5g  mean %.5g  max %.5g", o->summary.least, o->summary.mean, o->summary.most);
    if (o->summary.not_finite > 0) lrt_str_format(out, "  %lld not finite", (long long)o->summary.not_finite);
  }
}

static void print_text(cli *c, const output *outputs, int32_t count) {
  cli_table table;
  cli_table_begin(&table, "llll");
  for (int32_t i = 0; i < count; i++) {
    char shape[CLI_TEXT_BYTES];
    lrt_str contents;
    lrt_str_init(&contents, lrt_alloc_default(), 1000);
    add_contents(&contents, &outputs[i]);
    cli_table_cell(&table, "%s", outputs[i].port->name);
    cli_table_cell(&table, "%s", lrt_type_name(outputs[i].view.type));
    cli_table_cell(&table, "%s", cli_shape_text(&outputs[i].view.shape, shape));
    cli_table_cell(&table, "%s", contents.text);
    lrt_str_clear(&contents);
  }
  cli_table_end(&table, 0, &c->out);
  for (int32_t i = 0; i < count; i++) {
    const cli_labels *labels = &outputs[i].labels;
    if (labels->best_count == 0) continue;
    cli_table_begin(&table, "rrl");
    for (int k = 0; k < labels->best_count; k++) {
      cli_table_cell(&table, "%d", k + 1);
      cli_table_cell(&table, "%.4f", labels->best[k].score);
      cli_table_cell(&table, "%.*s", (int)labels->best[k].length, labels->best[k].label);
    }
    cli_table_end(&table, 2, &c->out);
  }
}

/* ---- JSON ---- */

static void json_shape(lrt_json_writer *json, const lrt_shape *shape) {
  lrt_json_key(json, "shape");
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < shape->rank; i++) lrt_json_int(json, shape->dims[i]);
  lrt_json_end_array(json);
}

static void json_values(lrt_json_writer *json, const output *o) {
  const int64_t count = lrt_shape_count(&o->view.shape);
  const bool strings = o->view.type == LRT_STRING;
  if (count > WHOLE_ELEMENTS || o->view.data == NULL || (strings && string_count(&o->view) != count) ||
      (!strings && o->summary.count == 0))
    return;
  lrt_json_key(json, "values");
  lrt_json_begin_array(json);
  for (int64_t i = 0; i < count; i++) {
    size_t length = 0;
    const char *text = strings ? string_at(&o->view, (int32_t)i, &length) : NULL;
    if (strings)
      lrt_json_text_bytes(json, text, length);
    else
      lrt_json_double(json, cli_value_real(&o->view, &o->port->info.quant, i));
  }
  lrt_json_end_array(json);
}

static void json_labels(lrt_json_writer *json, const cli_labels *labels) {
  lrt_json_key(json, "labels");
  lrt_json_begin_array(json);
  for (int k = 0; k < labels->best_count; k++) {
    lrt_json_begin_object(json);
    lrt_json_key(json, "label");
    lrt_json_text_bytes(json, labels->best[k].label, labels->best[k].length);
    lrt_json_key(json, "index");
    lrt_json_int(json, labels->best[k].index);
    lrt_json_key(json, "score");
    lrt_json_double(json, labels->best[k].score);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

static void json_output(lrt_json_writer *json, const output *o) {
  lrt_json_begin_object(json);
  lrt_json_key(json, "name");
  lrt_json_text(json, o->port->name);
  lrt_json_key(json, "type");
  lrt_json_text(json, lrt_type_name(o->view.type));
  json_shape(json, &o->view.shape);
  if (o->summary.count > 0) {
    lrt_json_key(json, "min");
    lrt_json_double(json, o->summary.least);
    lrt_json_key(json, "mean");
    lrt_json_double(json, o->summary.mean);
    lrt_json_key(json, "max");
    lrt_json_double(json, o->summary.most);
    lrt_json_key(json, "not_finite");
    lrt_json_int(json, o->summary.not_finite);
  }
  json_values(json, o);
  if (o->labels.best_count > 0) json_labels(json, &o->labels);
  if (o->file.length > 0) {
    lrt_json_key(json, "file");
    lrt_json_text(json, o->file.text);
  }
  lrt_json_end_object(json);
}

static void print_json(cli *c, const cli_session *session, const output *outputs, int32_t count,
                       const cli_result *result) {
  lrt_json_writer json;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "model");
  lrt_json_text(&json, lrt_model_name(session->model));
  lrt_json_key(&json, "signature");
  lrt_json_text(&json, session->signature);
  lrt_json_key(&json, "mode");
  lrt_json_text(&json, cli_mode_name(session->mode));
  lrt_json_key(&json, "load_s");
  lrt_json_double(&json, session->load_seconds);
  lrt_json_key(&json, "run_s");
  lrt_json_double(&json, result->seconds);
  lrt_json_key(&json, "outputs");
  lrt_json_begin_array(&json);
  for (int32_t i = 0; i < count; i++) json_output(&json, &outputs[i]);
  lrt_json_end_array(&json);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

/* ---- all of it ---- */

static lrt_status collect(cli *c, const cli_session *session, const cli_result_options *options,
                          output *outputs) {
  if (options->folder != NULL) LRT_TRY(cli_file_make_folder(options->folder, &c->error));
  for (int32_t i = 0; i < session->output_count; i++) {
    output *o = &outputs[i];
    o->port = &session->outputs[i];
    lrt_str_init(&o->file, lrt_alloc_default(), 0);
    LRT_TRY(lrt_interpreter_tensor(session->interpreter, session->subgraph, o->port->tensor, &o->view,
                                   &c->error));
    cli_value_summary(&o->view, &o->port->info.quant, &o->summary);
    LRT_TRY(cli_labels_read(c, session, i, &o->view, options->labels, &o->labels));
    if (options->folder != NULL) LRT_TRY(write_file(c, options, outputs, i));
  }
  return LRT_OK;
}

lrt_status cli_result_report(cli *c, const cli_session *session, const cli_result_options *options,
                             const cli_result *result) {
  const int32_t count = session->output_count;
  output *outputs = lrt_alloc_array(lrt_alloc_default(), (size_t)count + 1, sizeof *outputs);
  if (outputs == NULL) return lrt_alloc_fail(&c->error, lrt_alloc_default(), sizeof *outputs, "outputs");
  const lrt_status status = collect(c, session, options, outputs);
  if (status == LRT_OK && c->json)
    print_json(c, session, outputs, count, result);
  else if (status == LRT_OK)
    print_text(c, outputs, count);
  for (int32_t i = 0; i < count; i++) {
    cli_labels_clear(&outputs[i].labels);
    if (outputs[i].file.alloc != NULL) lrt_str_clear(&outputs[i].file);
  }
  lrt_alloc_free(outputs);
  return status;
}
