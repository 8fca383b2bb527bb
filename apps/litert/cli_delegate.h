/* cli_delegate.h: the flags about delegates: opening one, and telling what it runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_DELEGATE_H
#define LRT_CLI_DELEGATE_H

#include "base/json.h"
#include "cli.h"
#include "litert/interpreter.h"

/* As on the command line; path NULL = no delegate. */
typedef struct cli_delegate_options {
  const char *path;
  const char *options; /* "key:value;key:value", as benchmark_model takes them; may be NULL */
  int64_t max_groups, min_nodes;
  bool fallback;
} cli_delegate_options;

/* Entries of a flag table, for a cli_delegate_options `o`. */
#define CLI_DELEGATE_FLAGS(o)                                                                                \
  {"external-delegate-path", CLI_TEXT, &(o).path, 0, "LIBRARY", "run what this delegate claims on it"},      \
      {"external-delegate-options", CLI_TEXT, &(o).options, 0, "K:V;K:V", "options for the delegate"},       \
      {"max-delegated-partitions",                                                                           \
       CLI_INT,                                                                                              \
       &(o).max_groups,                                                                                      \
       0,                                                                                                    \
       "N",                                                                                                  \
       "largest groups that the delegate gets, 0 = all"},                                                    \
      {"min-nodes-per-partition", CLI_INT, &(o).min_nodes, 0, "N", "smallest group that it gets"}, {         \
    "delegate-fallback", CLI_SWITCH, &(o).fallback, 0, NULL,                                                 \
        "run without the delegate when it refuses the model"                                                 \
  }

/* *out is NULL where no path is given. Errors: those of lrt_delegate_open, INVALID_ARGUMENT for bad options. */
lrt_status cli_delegate_open(cli *c, const cli_delegate_options *options, lrt_delegate **out);
/* What the delegates of an allocated subgraph run, a line each, behind an empty line; nothing without delegates. */
void cli_delegate_print(cli *c, const lrt_interpreter *interpreter, int32_t subgraph);
/* The same as the member "delegates". */
void cli_delegate_json(lrt_json_writer *json, const lrt_interpreter *interpreter, int32_t subgraph);
/* Appends what explain remarks about a step: the nodes of a group, or why no delegate runs it. */
void cli_delegate_remark(lrt_str *out, const lrt_step_info *step);

#endif
