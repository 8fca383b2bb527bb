/* cmd_import.c: litert import: a file becomes a model of the store. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "base/json.h"
#include "cli_flags.h"
#include "litert/zoo.h"

lrt_status cmd_import(cli *c, int argc, char **argv) {
  const char *file = NULL, *name = NULL;
  char path[4096];
  const cli_flag flags[] = {
      {"name", CLI_TEXT, &name, 0, "NAME", "name of the model (default: that of the file, without suffix)"}};
  const cli_syntax syntax = {
      "FILE", "Copies a model file into the store, where commands find it by name.", flags, 1, 1, 1, NULL};
  LRT_TRY(cli_parse(c, &syntax, argc, argv, &file));
  if (c->done) return LRT_OK;
  LRT_TRY(lrt_zoo_import(file, name, path, &c->error));
  if (c->json) {
    lrt_json_writer json;
    lrt_json_writer_init(&json, &c->out);
    lrt_json_begin_object(&json);
    lrt_json_key(&json, "path");
    lrt_json_text(&json, path);
    lrt_json_end_object(&json);
    lrt_str_add_text(&c->out, "\n");
  } else {
    lrt_str_format(&c->out, "%s\n", path);
  }
  return LRT_OK;
}
