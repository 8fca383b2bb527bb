/* cli_edit.h: the text of a line editor and its cursor: what keys do to them, without any terminal. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_EDIT_H
#define LRT_CLI_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* The text is UTF-8, the cursor stands between characters (marks of no width belong to what they follow). */
typedef struct cli_edit {
  lrt_str text;
  size_t cursor; /* byte offset */
  lrt_str cut;   /* what was cut last, for yank */
} cli_edit;

void cli_edit_init(cli_edit *edit);
void cli_edit_clear(cli_edit *edit); /* frees */
/* Replaces everything; the cursor goes to the end. */
void cli_edit_set(cli_edit *edit, const char *text, size_t length);
void cli_edit_insert(cli_edit *edit, const char *bytes, size_t length);

typedef enum cli_move {
  CLI_MOVE_LEFT,
  CLI_MOVE_RIGHT,
  CLI_MOVE_WORD_LEFT,
  CLI_MOVE_WORD_RIGHT,
  CLI_MOVE_START, /* of the line in a text of several */
  CLI_MOVE_END,
  CLI_MOVE_UP, /* false (nothing happens) in the first line */
  CLI_MOVE_DOWN
} cli_move;

/* True when the cursor moved. */
bool cli_edit_move(cli_edit *edit, cli_move move);
/* Deletes from the cursor to where the move goes; `keeps` for yank. */
void cli_edit_delete(cli_edit *edit, cli_move move, bool keeps);
void cli_edit_yank(cli_edit *edit);

/* Where a character of [length] bytes ends up: rows and columns from the upper left, when `prompt_columns` stand before
 * the first row, further lines are indented by as much, and a row has `columns`. *row, *column: of byte `offset`. */
void cli_edit_place(const char *text, size_t length, size_t offset, int prompt_columns, int columns, int *row,
                    int *column);
/* Columns of a text without line breaks. */
int cli_edit_columns(const char *text, size_t length);

#endif
