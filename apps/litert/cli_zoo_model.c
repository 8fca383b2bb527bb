/* cli_zoo_model.c: writes what is known about a model. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_zoo_model.h"

static void put_text(lrt_json_writer *json, const char *key, const char *text) {
  lrt_json_key(json, key);
  lrt_json_text(json, text != NULL && text[0] != 0 ? text : NULL);
}

static void put_bytes(lrt_json_writer *json, const char *key, uint64_t bytes) {
  lrt_json_key(json, key);
  if (bytes > 0)
    lrt_json_uint(json, bytes);
  else
    lrt_json_null(json);
}

void cli_zoo_write_json(const lrt_zoo_model *model, lrt_json_writer *json) {
  lrt_json_begin_object(json);
  put_text(json, "name", model->name);
  put_text(json, "path", model->path);
  put_bytes(json, "bytes", model->bytes);
  put_text(json, "sha256", model->sha256);
  put_text(json, "source", model->source);
  put_text(json, "summary", model->summary);
  put_text(json, "task", model->task);
  put_text(json, "licence", model->licence);
  put_text(json, "quantization", model->quantization);
  put_bytes(json, "download_bytes", model->download_bytes);
  lrt_json_key(json, "outdated");
  lrt_json_bool(json, model->outdated);
  lrt_json_end_object(json);
}
