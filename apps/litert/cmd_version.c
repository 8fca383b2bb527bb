/* cmd_version.c: litert version: the version, what this machine offers, and which components are built in. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json.h"
#include "cli.h"
#include "cli_flags.h"
#include "litert/version.h"

static const struct {
  const char *name;
  int built_in;
  const char *lacks;
} components[] = {
    {"png", LRT_HAVE_PNG, "PNG pictures: not built in (libpng was missing)"},
    {"jpeg", LRT_HAVE_JPEG, "JPEG pictures: not built in (libjpeg was missing)"},
    {"downloads", LRT_HAVE_CURL, "downloads of models: not built in (libcurl was missing)"},
};

static void write_json(cli *c) {
  lrt_json_writer json;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "version");
  lrt_json_text(&json, LRT_VERSION);
  lrt_json_key(&json, "library");
  lrt_json_text(&json, lrt_version());
  lrt_json_key(&json, "components");
  lrt_json_begin_object(&json);
  for (size_t i = 0; i < sizeof components / sizeof components[0]; i++) {
    lrt_json_key(&json, components[i].name);
    lrt_json_bool(&json, components[i].built_in != 0);
  }
  lrt_json_end_object(&json);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

static void write_text(cli *c) {
  lrt_str_format(&c->out, "litert %s\n", LRT_VERSION);
  if (strcmp(LRT_VERSION, lrt_version()) != 0) lrt_str_format(&c->out, "liblitert %s\n", lrt_version());
  for (size_t i = 0; i < sizeof components / sizeof components[0]; i++)
    if (!components[i].built_in) lrt_str_format(&c->out, "%s\n", components[i].lacks);
}

lrt_status cmd_version(cli *c, int argc, char **argv) {
  const cli_syntax syntax = {
      "", "Prints the version, and which optional components this build lacks.", NULL, 0, 0, 0, NULL};
  const char *none = NULL;
  const lrt_status status = cli_parse(c, &syntax, argc, argv, &none);
  if (status != LRT_OK || c->done) return status;
  if (c->json)
    write_json(c);
  else
    write_text(c);
  return LRT_OK;
}
