/* cli_line.h: a line editor: reads a line, or several, from a terminal, with history, search and pasting. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_LINE_H
#define LRT_CLI_LINE_H

#include "cli_edit.h"
#include "cli_history.h"
#include "cli_keys.h"

typedef enum cli_line_result {
  CLI_LINE_TEXT,
  CLI_LINE_INTERRUPTED, /* Ctrl-C */
  CLI_LINE_END          /* Ctrl-D in an empty line, or the input ended */
} cli_line_result;

typedef struct cli_line {
  cli_edit edit;
  cli_history history;
  cli_keys keys;
  bool is_terminal; /* standard input and error are terminals that can place a cursor */
  int row;          /* of the cursor below the prompt's first row, as drawn last */
} cli_line;

/* Standard input is read, prompts and editing go to standard error. Where either is no terminal, or TERM is unset or
 * "dumb", lines are read plainly, and the prompt is written only when a terminal asks. */
void cli_line_open(cli_line *line);
void cli_line_close(cli_line *line);
/* Reads one text; it stays in line->edit.text until the next call. Keys: arrows, Home, End, Delete, Ctrl-A E B F P N,
 * Alt-B F, Ctrl-K U W Y, Ctrl-L, Ctrl-R to search the history, Alt-Enter for a line break, Ctrl-Z. */
cli_line_result cli_line_read(cli_line *line, const char *prompt);

#endif
