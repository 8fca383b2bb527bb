/* cli_profile.c: sums the steps of a plan by operator and kernel, and prints them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_profile.h"

#include <string.h>

#include "base/alloc.h"
#include "cli_table.h"

const char *cli_kernel_name(const char *kernel) {
  return strncmp(kernel, "lrt_", 4) == 0 ? kernel + 4 : kernel;
}

static cli_profile_row *row_of(cli_profile *profile, const lrt_step_info *step) {
  for (int32_t i = 0; i < profile->count; i++)
    if (strcmp(profile->rows[i].op, step->name) == 0 &&
        strcmp(profile->rows[i].kernel, cli_kernel_name(step->kernel)) == 0)
      return &profile->rows[i];
  cli_profile_row *row = &profile->rows[profile->count++];
  row->op = step->name;
  row->kernel = cli_kernel_name(step->kernel);
  return row;
}

/* Slowest first; without times the most frequent. */
static bool comes_before(const cli_profile_row *a, const cli_profile_row *b) {
  return a->seconds > b->seconds || (!(a->seconds < b->seconds) && a->nodes > b->nodes);
}

static void sort_rows(cli_profile *profile) {
  for (int32_t i = 1; i < profile->count; i++) {
    const cli_profile_row moved = profile->rows[i];
    int32_t at = i;
    for (; at > 0 && comes_before(&moved, &profile->rows[at - 1]); at--)
      profile->rows[at] = profile->rows[at - 1];
    profile->rows[at] = moved;
  }
}

lrt_status cli_profile_collect(cli *c, const cli_session *session, cli_profile *out) {
  const int32_t steps = lrt_interpreter_step_count(session->interpreter, session->subgraph);
  memset(out, 0, sizeof *out);
  out->rows = lrt_alloc_array(lrt_alloc_default(), (size_t)steps + 1, sizeof *out->rows);
  if (out->rows == NULL)
    return lrt_alloc_fail(&c->error, lrt_alloc_default(), (uint64_t)steps, "the profile");
  for (int32_t i = 0; i < steps; i++) {
    lrt_step_info step;
    if (lrt_interpreter_step(session->interpreter, session->subgraph, i, &step) != LRT_OK) continue;
    cli_profile_row *row = row_of(out, &step);
    row->nodes++;
    row->seconds += step.seconds;
    if (step.calls > row->calls) row->calls = step.calls;
    out->seconds += step.seconds;
  }
  sort_rows(out);
  return LRT_OK;
}

void cli_profile_clear(cli_profile *profile) {
  lrt_alloc_free(profile->rows);
}

void cli_profile_print(const cli_profile *profile, lrt_str *out) {
  cli_table table;
  char time[CLI_TEXT_BYTES];
  cli_table_begin(&table, "rrrll");
  cli_table_cell(&table, "per run");
  cli_table_cell(&table, "share");
  cli_table_cell(&table, "nodes");
  cli_table_cell(&table, "operator");
  cli_table_cell(&table, "kernel");
  for (int32_t i = 0; i < profile->count; i++) {
    const cli_profile_row *row = &profile->rows[i];
    if (row->calls == 0) continue;
    cli_table_cell(&table, "%s", cli_seconds_text(row->seconds / (double)row->calls, time));
    cli_table_cell(&table, "%.1f %%", profile->seconds > 0 ? 100 * row->seconds / profile->seconds : 0);
    cli_table_cell(&table, "%d", (int)row->nodes);
    cli_table_cell(&table, "%s", row->op);
    cli_table_cell(&table, "%s", row->kernel);
  }
  lrt_str_add_text(out, "\n");
  cli_table_end(&table, 0, out);
}

void cli_profile_json(const cli_profile *profile, lrt_json_writer *json) {
  lrt_json_begin_array(json);
  for (int32_t i = 0; i < profile->count; i++) {
    const cli_profile_row *row = &profile->rows[i];
    lrt_json_begin_object(json);
    lrt_json_key(json, "operator");
    lrt_json_text(json, row->op);
    lrt_json_key(json, "kernel");
    lrt_json_text(json, row->kernel);
    lrt_json_key(json, "nodes");
    lrt_json_int(json, row->nodes);
    lrt_json_key(json, "calls");
    lrt_json_uint(json, row->calls);
    lrt_json_key(json, "ms_per_run");
    lrt_json_double(json, row->calls > 0 ? row->seconds * 1e3 / (double)row->calls : 0);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

void cli_profile_json_kernels(const cli_profile *profile, lrt_json_writer *json) {
  lrt_json_begin_object(json);
  for (int32_t i = 0; i < profile->count; i++) {
    const char *kernel = profile->rows[i].kernel;
    int32_t nodes = 0;
    bool seen = kernel[0] == '\0';
    for (int32_t k = 0; k < i && !seen; k++) seen = strcmp(profile->rows[k].kernel, kernel) == 0;
    if (seen) continue; /* another operator with this kernel has counted it */
    for (int32_t k = i; k < profile->count; k++)
      if (strcmp(profile->rows[k].kernel, kernel) == 0) nodes += profile->rows[k].nodes;
    lrt_json_key(json, kernel);
    lrt_json_int(json, nodes);
  }
  lrt_json_end_object(json);
}
