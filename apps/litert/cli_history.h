/* cli_history.h: what was typed before, kept in a file between calls. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_HISTORY_H
#define LRT_CLI_HISTORY_H

#include <stddef.h>

#include "litert/status.h"

#define CLI_HISTORY_MAX 1000

/* Entries may have several lines; in the file each takes one, with \n and \\ for line breaks and backslashes. */
typedef struct cli_history {
  char *entries[CLI_HISTORY_MAX]; /* [count], oldest first; blocks of base/alloc.h */
  size_t count;
  char *path; /* NULL: not kept */
} cli_history;

/* Reads $XDG_STATE_HOME/litert/history, or that below ~/.local/state; an absent file is an empty history. A file that
 * cannot be read gives an empty one too: it is no reason to refuse a chat. */
void cli_history_open(cli_history *history);
void cli_history_close(cli_history *history);
/* Adds an entry, unless it repeats the last one, and appends it to the file. */
void cli_history_add(cli_history *history, const char *text);

#endif
