/* cmd_describe.c: litert describe: what is known about one model of the zoo. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "cli_flags.h"
#include "cli_table.h"
#include "cli_zoo.h"
#include "cli_zoo_model.h"

static void put_line(cli *c, const char *key, const char *text) {
  if (text != NULL && text[0] != 0) lrt_str_format(&c->out, "%-13s %s\n", key, text);
}

static void print_text(cli *c, const lrt_zoo_model *model) {
  char size[CLI_TEXT_BYTES];
  put_line(c, "name", model->name);
  put_line(c, "about", model->summary);
  put_line(c, "task", model->task);
  put_line(c, "licence", model->licence);
  put_line(c, "weights", model->quantization);
  put_line(c, "from", model->source);
  if (model->download_bytes > 0) put_line(c, "download", cli_bytes_text(model->download_bytes, size));
  put_line(c, "file", model->path != NULL ? model->path : "not on this machine");
  put_line(c, "size", cli_bytes_text(model->bytes, size));
  put_line(c, "SHA-256", model->sha256);
  if (model->outdated) put_line(c, "outdated", "litert download brings the new one");
}

lrt_status cmd_describe(cli *c, int argc, char **argv) {
  const char *name = NULL;
  const lrt_zoo_model *model = NULL;
  lrt_zoo_models *models = NULL;
  const cli_syntax syntax = {"NAME", "Tells what is known about a model of litert list.", NULL, 0, 1, 1,
                             NULL};
  LRT_TRY(cli_parse(c, &syntax, argc, argv, &name));
  if (c->done) return LRT_OK;
  LRT_TRY(lrt_zoo_models_create(&models, &c->error));
  const lrt_status status = cli_zoo_find(c, models, name, &model);
  if (status == LRT_OK && c->json) {
    lrt_json_writer json;
    lrt_json_writer_init(&json, &c->out);
    cli_zoo_write_json(model, &json);
    lrt_str_add_text(&c->out, "\n");
  } else if (status == LRT_OK) {
    print_text(c, model);
  }
  lrt_zoo_models_destroy(models);
  return status;
}
