/* cli.h: what every subcommand works with: its output, its error, exit codes. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_H
#define LRT_CLI_H

#include <stdbool.h>

#include "base/str.h"
#include "litert/status.h"

/* Exit codes, after sysexits.h where it has one. */
enum {
  CLI_EXIT_OK = 0,
  CLI_EXIT_FAILED = 1,       /* the run failed */
  CLI_EXIT_USAGE = 2,        /* wrong flags or names */
  CLI_EXIT_DATA = 65,        /* bad model or data */
  CLI_EXIT_NO_FILE = 66,     /* no such file */
  CLI_EXIT_UNAVAILABLE = 69, /* a needed component is not built in */
  CLI_EXIT_BUDGET = 75       /* out of a given memory or time budget */
};

/* One call of the command. A subcommand collects its results in `out`; main writes them when it has ended well,
 * so that a failure leaves nothing half-written on standard output. */
typedef struct cli {
  const char *command; /* "run" */
  bool json;
  bool done;            /* the flags asked for help, which stands in `out`: nothing is left to do */
  bool no_download;     /* --no-download: a model that is not on this machine is an error */
  char models[2][4096]; /* paths of operands that were names of models */
  int verdict;          /* exit code of a command that worked; not 0 where the answer is "no" */
  lrt_str out;
  lrt_error error;
} cli;

/* A command returns LRT_OK, or a status with the sentence in cli->error. */
typedef lrt_status cli_command(cli *c, int argc, char **argv);

#define COMMAND(name, about) cli_command cmd_##name;
#include "commands.def"
#undef COMMAND

/* Exit code of a status: INVALID_ARGUMENT is a usage error, INVALID_MODEL any bad data, NOT_FOUND a missing file. */
int cli_exit_code(lrt_status status);
/* Writes "litert: …" on standard error, with JSON also {"error":{"code","message"}} on standard output. */
void cli_report_error(const cli *c, lrt_status status);
/* Writes cli->out; fails with IO where standard output takes no more. */
lrt_status cli_flush(cli *c);

#endif
