/* cmd_list.c: litert list: the models of this machine, and those known by name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "cli_flags.h"
#include "cli_table.h"
#include "cli_zoo_model.h"

static void print_json(cli *c, const lrt_zoo_models *models, bool remote) {
  lrt_json_writer json;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "models");
  lrt_json_begin_array(&json);
  for (size_t i = 0; i < lrt_zoo_models_count(models); i++) {
    const lrt_zoo_model *model = lrt_zoo_models_at(models, i);
    if (remote || model->path != NULL) cli_zoo_write_json(model, &json);
  }
  lrt_json_end_array(&json);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

static const char *state_of(const lrt_zoo_model *model) {
  if (model->path == NULL) return "to download";
  return model->outdated ? "here, outdated" : "here";
}

static void print_text(cli *c, const lrt_zoo_models *models, bool remote) {
  char size[CLI_TEXT_BYTES];
  cli_table table;
  cli_table_begin(&table, remote ? "lrlll" : "lrl");
  for (size_t i = 0; i < lrt_zoo_models_count(models); i++) {
    const lrt_zoo_model *model = lrt_zoo_models_at(models, i);
    if (!remote && model->path == NULL) continue;
    cli_table_cell(&table, "%s", model->name);
    cli_table_cell(&table, "%s",
                   cli_bytes_text(model->path != NULL ? model->bytes : model->download_bytes, size));
    if (remote) {
      cli_table_cell(&table, "%s", state_of(model));
      cli_table_cell(&table, "%s", model->licence);
      cli_table_cell(&table, "%s", model->summary);
    } else {
      cli_table_cell(&table, "%s%s", model->path,
                     model->outdated ? " (outdated: litert download brings the new one)" : "");
    }
  }
  cli_table_end(&table, 0, &c->out);
}

lrt_status cmd_list(cli *c, int argc, char **argv) {
  bool remote = false;
  const char *none = NULL;
  lrt_zoo_models *models = NULL;
  const cli_flag flags[] = {
      {"remote", CLI_SWITCH, &remote, 0, NULL, "also those that can be downloaded by name"}};
  const cli_syntax syntax = {"", "Lists the models of this machine.", flags, 1, 0, 0, NULL};
  LRT_TRY(cli_parse(c, &syntax, argc, argv, &none));
  if (c->done) return LRT_OK;
  LRT_TRY(lrt_zoo_models_create(&models, &c->error));
  if (c->json)
    print_json(c, models, remote);
  else
    print_text(c, models, remote);
  lrt_zoo_models_destroy(models);
  return LRT_OK;
}
