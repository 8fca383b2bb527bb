/* cmd_delete.c: litert delete: a model of the store goes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "base/json.h"
#include "cli_flags.h"
#include "cli_table.h"
#include "litert/zoo.h"

lrt_status cmd_delete(cli *c, int argc, char **argv) {
  const char *name = NULL;
  uint64_t freed = 0;
  char size[CLI_TEXT_BYTES];
  const cli_syntax syntax = {"NAME", "Deletes a model of the store, with all its files.", NULL, 0, 1, 1,
                             NULL};
  LRT_TRY(cli_parse(c, &syntax, argc, argv, &name));
  if (c->done) return LRT_OK;
  LRT_TRY(lrt_zoo_delete(name, &freed, &c->error));
  if (c->json) {
    lrt_json_writer json;
    lrt_json_writer_init(&json, &c->out);
    lrt_json_begin_object(&json);
    lrt_json_key(&json, "name");
    lrt_json_text(&json, name);
    lrt_json_key(&json, "freed_bytes");
    lrt_json_uint(&json, freed);
    lrt_json_end_object(&json);
    lrt_str_add_text(&c->out, "\n");
  } else {
    lrt_str_format(&c->out, "%s: deleted, %s\n", name, cli_bytes_text(freed, size));
  }
  return LRT_OK;
}
