/* cli_meta.c: looks things up in a model's metadata and in the archive behind the model. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_meta.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"

lrt_status cli_meta_find(cli *c, lrt_model *model, cli_meta *out) {
  out->model = model;
  out->record = NULL;
  for (int32_t i = 0; i < lrt_model_metadata_count(model); i++) {
    const char *name = NULL;
    const void *data = NULL;
    uint64_t bytes = 0;
    if (lrt_model_metadata(model, i, &name, &data, &bytes) != LRT_OK ||
        strcmp(name, LRT_MODEL_METADATA_NAME) != 0)
      continue;
    LRT_TRY(lrt_model_metadata_verify(data, bytes, &c->error));
    out->record = data;
    return LRT_OK;
  }
  return LRT_OK;
}

bool cli_meta_rules(const cli_meta *meta, int32_t input, cli_picture_rules *rules) {
  lrt_tensor_metadata about;
  if (meta->record == NULL || rules->count > 0) return false;
  lrt_model_metadata_tensor(meta->record, 0, (uint32_t)input, &about);
  rules->count = about.mean_count;
  for (int i = 0; i < about.mean_count && i < CLI_PICTURE_CHANNELS; i++) {
    rules->mean[i] = about.mean[i];
    rules->std[i] = about.std[i];
  }
  return rules->count > 0;
}

/* Reads part `index` into a file of base/alloc.h. */
static lrt_status read_part(cli *c, const lrt_parts *parts, int32_t index, cli_file *out) {
  lrt_part_info info;
  LRT_TRY(lrt_parts_info(parts, index, &info));
  out->bytes = lrt_alloc_get(lrt_alloc_default(), (size_t)info.bytes + 1);
  if (out->bytes == NULL) return lrt_alloc_fail(&c->error, lrt_alloc_default(), info.bytes, info.name);
  out->length = (size_t)info.bytes;
  const lrt_status status = lrt_parts_read(parts, index, out->bytes, &c->error);
  if (status != LRT_OK) cli_file_clear(out);
  return status;
}

lrt_status cli_meta_output_file(cli *c, const cli_meta *meta, int32_t output, lrt_associated_file kind,
                                cli_file *out) {
  lrt_parts *parts = NULL;
  lrt_status status = LRT_OK;
  out->bytes = NULL;
  out->length = 0;
  if (meta->record == NULL) return LRT_OK;
  const char *name = lrt_model_metadata_file(meta->record, 1, (uint32_t)output, kind);
  if (name == NULL) return LRT_OK;
  LRT_TRY(lrt_parts_create(meta->model, &parts, &c->error));
  const int32_t index = lrt_parts_find(parts, name);
  if (index >= 0) status = read_part(c, parts, index, out);
  lrt_parts_destroy(parts);
  return status;
}
