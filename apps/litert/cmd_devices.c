/* cmd_devices.c: litert devices: processors and accelerators that models can run on here. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli_flags.h"
#include "cli_table.h"
#include "litert/devices.h"

static void print_text(cli *c, const lrt_cpu_description *cpu) {
  char l1[CLI_TEXT_BYTES], l2[CLI_TEXT_BYTES], l3[CLI_TEXT_BYTES];
  lrt_str_format(&c->out, "cpu  %d core%s, instruction sets", cpu->cores, cpu->cores == 1 ? "" : "s");
  for (int i = 0; lrt_cpu_usable_level(i) != NULL; i++)
    lrt_str_format(&c->out, " %s", lrt_cpu_usable_level(i));
  if (cpu->l1_data_bytes > 0)
    lrt_str_format(&c->out, ", caches %s, %s, %s", cli_bytes_text(cpu->l1_data_bytes, l1),
                   cli_bytes_text(cpu->l2_bytes, l2), cli_bytes_text(cpu->l3_bytes, l3));
  lrt_str_add_text(&c->out, "\n");
}

static void print_json(cli *c, const lrt_cpu_description *cpu) {
  lrt_json_writer json;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "devices");
  lrt_json_begin_array(&json);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "name");
  lrt_json_text(&json, "cpu");
  lrt_json_key(&json, "cores");
  lrt_json_int(&json, cpu->cores);
  lrt_json_key(&json, "levels");
  lrt_json_begin_array(&json);
  for (int i = 0; lrt_cpu_usable_level(i) != NULL; i++) lrt_json_text(&json, lrt_cpu_usable_level(i));
  lrt_json_end_array(&json);
  lrt_json_key(&json, "cache_bytes");
  lrt_json_begin_array(&json);
  lrt_json_uint(&json, cpu->l1_data_bytes);
  lrt_json_uint(&json, cpu->l2_bytes);
  lrt_json_uint(&json, cpu->l3_bytes);
  lrt_json_end_array(&json);
  lrt_json_end_object(&json);
  lrt_json_end_array(&json);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

lrt_status cmd_devices(cli *c, int argc, char **argv) {
  const cli_syntax syntax = {
      "", "Lists what models can run on here: usable cores, instruction sets, caches.", NULL, 0, 0, 0, NULL};
  const char *none = NULL;
  lrt_cpu_description cpu;
  const lrt_status status = cli_parse(c, &syntax, argc, argv, &none);
  if (status != LRT_OK || c->done) return status;
  lrt_cpu_describe(&cpu);
  if (c->json)
    print_json(c, &cpu);
  else
    print_text(c, &cpu);
  return LRT_OK;
}
