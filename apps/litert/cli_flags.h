/* cli_flags.h: command lines read by a table of flags, which also gives the help text. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_FLAGS_H
#define LRT_CLI_FLAGS_H

#include <stdint.h>

#include "cli.h"

typedef enum cli_flag_kind {
  CLI_SWITCH, /* bool *; --flag, --flag=true, --flag=false */
  CLI_INT,    /* int64_t * */
  CLI_REAL,   /* double * */
  CLI_BYTES,  /* uint64_t *; 500000, 64k, 1.5G (powers of 1024) */
  CLI_TEXT,   /* const char ** */
  CLI_CHOICE, /* int *: index of the word in `hint`, "fast|ref" */
  CLI_LIST,   /* cli_list *: may be given again and again */
  CLI_ABSENT, /* a switch for a component that does not exist: false is fine, true is NOT_BUILT_IN */
  CLI_IGNORED /* a flag of another tool that means nothing here; its value is skipped */
} cli_flag_kind;

#define CLI_LIST_MAX 64

typedef struct cli_list {
  const char *items[CLI_LIST_MAX];
  int count;
} cli_list;

typedef struct cli_flag {
  const char *name; /* "num-threads", which also stands for num_threads */
  cli_flag_kind kind;
  void *value;
  double least;     /* INT, REAL: smallest value */
  const char *hint; /* "N" */
  const char *help; /* NULL: understood and not shown */
} cli_flag;

typedef struct cli_syntax {
  const char *operands; /* "MODEL" */
  const char *about;    /* one sentence */
  const cli_flag *flags;
  int flag_count;
  int least_operands, most_operands;
  const char *notes; /* behind the flags; NULL = none */
} cli_syntax;

/* Reads argv[1…] into the flags' values and operand[0…]; `most_operands` entries, NULL where absent. --json and --help
 * are known to every command, --no-download to those that take a MODEL: where an operand of that kind is no path but the name
 * of a model, it becomes the path of that model (cli_zoo.h). After --help, c->done is set. Errors: INVALID_ARGUMENT,
 * NOT_BUILT_IN; those of downloads. */
lrt_status cli_parse(cli *c, const cli_syntax *syntax, int argc, char **argv, const char **operand);
/* The name most like `wanted` of `count`; NULL when none is near. */
const char *cli_nearest(const char *wanted, const char *const *names, int count);

#endif
