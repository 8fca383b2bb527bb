/* cli_progress.h: what a download tells a person: a bar on a terminal, plain lines elsewhere. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_PROGRESS_H
#define LRT_CLI_PROGRESS_H

#include "cli.h"
#include "litert/zoo.h"

/* All of it goes to standard error. */
typedef struct cli_progress {
  bool bar, drawn;    /* a bar is wanted; one stands on the line */
  bool begun;         /* the first bytes of this file were told */
  double began, told; /* seconds */
  uint64_t first;     /* bytes that were there when it began */
  uint64_t done;      /* bytes when it was told last */
} cli_progress;

/* Sets the transfer's callback; the progress must outlive it. */
void cli_progress_attach(cli_progress *progress, lrt_zoo_transfer *transfer);
/* Wipes the bar; messages may follow. */
void cli_progress_end(cli_progress *progress);

/* Flags of every command that downloads; put CLI_TRANSFER_FLAGS(transfer) into its table, check after parsing. */
typedef struct cli_transfer {
  int64_t retries;
  double retry_seconds, stall_seconds;
  bool offline;
} cli_transfer;
#define CLI_TRANSFER_FLAGS(t)                                                                                \
  {"offline", CLI_SWITCH, &(t).offline, 0, NULL, "open no connection"},                                      \
      {"retries", CLI_INT, &(t).retries, 0, "N", "tries after the first one that failed (default 5)"},       \
      {"retry-wait",                                                                                         \
       CLI_REAL,                                                                                             \
       &(t).retry_seconds,                                                                                   \
       0,                                                                                                    \
       "S",                                                                                                  \
       "seconds before the second try, then doubled (default 1)"},                                           \
  {                                                                                                          \
    "stall-timeout", CLI_REAL, &(t).stall_seconds, 1, "S",                                                   \
        "a try that gets no byte for so long has failed (default 30)"                                        \
  }
void cli_transfer_init(cli_transfer *flags);
/* What the flags say, with the progress attached. */
lrt_zoo_transfer cli_transfer_options(const cli_transfer *flags, cli_progress *progress);

#endif
