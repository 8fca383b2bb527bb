/* cmd_convert.c: litert convert: a model of another format becomes a file that runs here. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/fail.h"
#include "base/json.h"
#include "cli_flags.h"
#include "cli_table.h"
#include "litert/convert.h"

#define MOST_SIZES 16

/* "16,128,512" */
static lrt_status parse_sizes(cli *c, const char *text, int32_t *sizes, int32_t *count) {
  for (*count = 0; text != NULL && *text != 0;) {
    char *end = NULL;
    const long value = strtol(text, &end, 10);
    if (end == text || (*end != 0 && *end != ',') || value < 1 || value > 1 << 20 || *count == MOST_SIZES)
      return lrt_fail(&c->error, LRT_INVALID_ARGUMENT,
                      "--prefill takes up to %d numbers with commas between them, not \"%s\"", MOST_SIZES,
                      text);
    sizes[(*count)++] = (int32_t)value;
    text = *end == ',' ? end + 1 : end;
  }
  return LRT_OK;
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void print_text(cli *c, const char *path, const lrt_convert_report *r, double seconds) {
  char from[CLI_TEXT_BYTES], to[CLI_TEXT_BYTES], peak[CLI_TEXT_BYTES];
  lrt_str_format(&c->out, "%s: %s from %s, %s, %.0f million weights as %s\n", path,
                 cli_bytes_text(r->bytes, to), cli_bytes_text(r->source_bytes, from), r->architecture,
                 (double)r->parameters * 1e-6, r->recipe);
  lrt_str_format(&c->out, "relative squared error: layers %.3g, embedding %.3g\n", r->linear_error,
                 r->embedding_error);
  lrt_str_format(&c->out, "%.2f s of CPU time, %s allocated at once\n", seconds,
                 cli_bytes_text(r->peak_bytes, peak));
}

static void put_number(lrt_json_writer *json, const char *key, double value) {
  lrt_json_key(json, key);
  lrt_json_double(json, value);
}

static void put_count(lrt_json_writer *json, const char *key, uint64_t value) {
  lrt_json_key(json, key);
  lrt_json_uint(json, value);
}

static void print_json(cli *c, const char *path, const lrt_convert_report *r, double seconds) {
  lrt_json_writer json;
  lrt_json_writer_init(&json, &c->out);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "model");
  lrt_json_text(&json, path);
  lrt_json_key(&json, "architecture");
  lrt_json_text(&json, r->architecture);
  lrt_json_key(&json, "recipe");
  lrt_json_text(&json, r->recipe);
  put_count(&json, "source_bytes", r->source_bytes);
  put_count(&json, "bytes", r->bytes);
  put_count(&json, "parameters", r->parameters);
  put_number(&json, "linear_error", r->linear_error);
  put_number(&json, "embedding_error", r->embedding_error);
  put_number(&json, "cpu_s", seconds);
  put_count(&json, "peak_bytes", r->peak_bytes);
  lrt_json_end_object(&json);
  lrt_str_add_text(&c->out, "\n");
}

/* The recipes, as lines behind the flags. */
static const char *recipe_notes(char *text, size_t size) {
  lrt_recipe_info info;
  size_t used = (size_t)snprintf(text, size, "Recipes:\n");
  for (size_t i = 0; lrt_convert_recipe(i, &info) == LRT_OK && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "  %-24s %s\n", info.name, info.summary);
  return text;
}

lrt_status cmd_convert(cli *c, int argc, char **argv) {
  const char *output = NULL, *sizes_text = NULL, *operand = NULL;
  char notes[2000];
  int64_t context = 0;
  int32_t sizes[MOST_SIZES];
  lrt_convert_options options = {0};
  lrt_convert_report report;
  const cli_flag flags[] = {
      {"output", CLI_TEXT, &output, 0, "FILE", "where to write the model (also -o)"},
      {"o", CLI_TEXT, &output, 0, "FILE", NULL},
      {"quantize", CLI_TEXT, &options.recipe, 0, "RECIPE", "how to store the weights (default int4)"},
      {"context", CLI_INT, &context, 1, "N",
       "positions of the caches (default 4096, or fewer where the model has fewer)"},
      {"prefill", CLI_TEXT, &sizes_text, 0, "N[,N…]", "tokens per pass of a prompt (default 16,128,512)"},
      {"memory-limit", CLI_BYTES, &options.limits.bytes, 0, "BYTES", "most memory to allocate"},
  };
  const cli_syntax syntax = {"SOURCE",
                             "Converts a language model in a GGUF file to a .litertlm bundle.",
                             flags,
                             sizeof flags / sizeof flags[0],
                             1,
                             1,
                             recipe_notes(notes, sizeof notes)};
  LRT_TRY(cli_parse(c, &syntax, argc, argv, &operand));
  if (c->done) return LRT_OK;
  if (output == NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "convert needs -o FILE, where to write the model");
  LRT_TRY(parse_sizes(c, sizes_text, sizes, &options.prefill_count));
  if (options.prefill_count > 0) options.prefill_sizes = sizes;
  options.context = context > 1 << 24 ? 1 << 24 : (int32_t)context;
  LRT_TRY(lrt_convert_llm(operand, output, &options, &report, &c->error));
  if (c->json)
    print_json(c, output, &report, cpu_seconds());
  else
    print_text(c, output, &report, cpu_seconds());
  return LRT_OK;
}
