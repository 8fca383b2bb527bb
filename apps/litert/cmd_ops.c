/* cmd_ops.c: litert ops: every operator of the format, its versions, and whether it runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli_flags.h"
#include "cli_table.h"
#include "litert/op.h"
#include "litert/tensor.h"

typedef enum ops_choice { OPS_ALL = 0, OPS_SUPPORTED, OPS_MISSING } ops_choice;

static bool is_chosen(const lrt_operator_info *info, int choice) {
  if (choice == OPS_SUPPORTED) return info->is_supported;
  /* Operators that no interpreter runs are not missing here. */
  return choice == OPS_ALL || (!info->is_supported && info->version_max > 0);
}

static void print_text(cli *c, int choice) {
  cli_table table;
  int supported = 0, runnable = 0;
  lrt_operator_info info;
  cli_table_begin(&table, "rlll");
  for (int32_t i = 0; lrt_operator_at(i, &info) == LRT_OK; i++) {
    char versions[CLI_TEXT_BYTES] = "";
    supported += info.is_supported != 0;
    runnable += info.version_max > 0 || info.is_custom;
    if (!is_chosen(&info, choice)) continue;
    if (info.version_max > 0)
      snprintf(versions, sizeof versions, info.version_max > 1 ? "version 1-%d" : "version %d",
               (int)info.version_max);
    cli_table_cell(&table, "%d", (int)info.code);
    cli_table_cell(&table, "%s", info.name);
    cli_table_cell(&table, "%s", info.is_custom ? "custom" : versions);
    cli_table_cell(&table, "%s",
                   info.is_supported      ? "runs"
                   : info.version_max > 0 ? "not supported"
                                          : "in the schema only");
  }
  cli_table_end(&table, 0, &c->out);
  lrt_str_format(&c->out, "%d of %d operators run\n", supported, runnable);
}

static void json_words(lrt_json_writer *json, const char *key, const char *text) {
  lrt_json_key(json, key);
  lrt_json_begin_array(json);
  for (size_t n; *text != '\0'; text += n + (text[n] == ' ')) {
    char word[CLI_TEXT_BYTES];
    n = strcspn(text, " ");
    snprintf(word, sizeof word, "%.*s", (int)n, text);
    lrt_json_text(json, word);
  }
  lrt_json_end_array(json);
}

/* Whether `forms` has a type as one of its words' parts: "int8" is in "int8q*int4q:channel>int8". */
static bool has_type(const char *forms, const char *type) {
  const size_t length = strlen(type);
  for (const char *p = forms; (p = strstr(p, type)) != NULL; p += length) {
    const char after = p[length] == 'q' ? p[length + 1] : p[length];
    const bool begins = p == forms || strchr(" *>,", p[-1]) != NULL;
    if (begins && (after == '\0' || strchr(" *>,:", after) != NULL)) return true;
  }
  return false;
}

/* The plain element types that an operator's forms are made of. */
static void json_types(lrt_json_writer *json, const char *forms) {
  lrt_json_key(json, "types");
  lrt_json_begin_array(json);
#define TYPE(name, number, text, bits)                                                                       \
  if (has_type(forms, text)) lrt_json_text(json, text);
  LRT_TYPE_LIST(TYPE)
#undef TYPE
  lrt_json_end_array(json);
}

static void print_json(cli *c, int choice) {
  lrt_json_writer json;
  lrt_operator_info info;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "operators");
  lrt_json_begin_array(&json);
  for (int32_t i = 0; lrt_operator_at(i, &info) == LRT_OK; i++) {
    if (!is_chosen(&info, choice)) continue;
    lrt_json_begin_object(&json);
    lrt_json_key(&json, "name");
    lrt_json_text(&json, info.name);
    lrt_json_key(&json, "code");
    lrt_json_int(&json, info.code);
    lrt_json_key(&json, "version_min");
    lrt_json_int(&json, info.version_min);
    lrt_json_key(&json, "version_max");
    lrt_json_int(&json, info.version_max);
    lrt_json_key(&json, "custom");
    lrt_json_bool(&json, info.is_custom != 0);
    lrt_json_key(&json, "supported");
    lrt_json_bool(&json, info.is_supported != 0);
    if (!info.is_custom) {
      json_types(&json, info.forms);
      json_words(&json, "forms", info.forms);
    }
    lrt_json_end_object(&json);
  }
  lrt_json_end_array(&json);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

lrt_status cmd_ops(cli *c, int argc, char **argv) {
  int choice = OPS_ALL;
  const cli_flag flags[] = {
      {"show", CLI_CHOICE, &choice, 0, "all|supported|missing", "which operators (default all)"},
  };
  const cli_syntax syntax = {
      "",    "Lists the operators of the .tflite format by code, and the custom ones known here.",
      flags, 1,
      0,     0,
      NULL};
  const char *none = NULL;
  const lrt_status status = cli_parse(c, &syntax, argc, argv, &none);
  if (status != LRT_OK || c->done) return status;
  if (c->json)
    print_json(c, choice);
  else
    print_text(c, choice);
  return LRT_OK;
}
