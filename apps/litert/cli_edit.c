/* cli_edit.c: moving, deleting, and the layout of a text on a terminal's rows. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_edit.h"

#include <string.h>

#include "base/utf8.h"
#include "cli_width.h"

/* Nobody types more. */
#define MAX_TEXT ((size_t)1 << 20)

void cli_edit_init(cli_edit *edit) {
  lrt_str_init(&edit->text, lrt_alloc_default(), MAX_TEXT);
  lrt_str_init(&edit->cut, lrt_alloc_default(), MAX_TEXT);
  edit->cursor = 0;
}

void cli_edit_clear(cli_edit *edit) {
  lrt_str_clear(&edit->text);
  lrt_str_clear(&edit->cut);
  edit->cursor = 0;
}

/* Empty, with errors forgotten: a paste that was too long has been refused, what follows has not. */
static void empty(lrt_str *str) {
  lrt_str_cut(str, 0);
  if (str->status != LRT_OK) lrt_str_clear(str);
}

void cli_edit_set(cli_edit *edit, const char *text, size_t length) {
  empty(&edit->text);
  lrt_str_add(&edit->text, text, length);
  edit->cursor = edit->text.length;
}

void cli_edit_insert(cli_edit *edit, const char *bytes, size_t length) {
  const size_t behind = edit->text.length - edit->cursor;
  const lrt_status before = edit->text.status;
  lrt_str_add(&edit->text, bytes, length);
  if (edit->text.status != LRT_OK) { /* stays as it was */
    edit->text.status = before;
    return;
  }
  memmove(edit->text.text + edit->cursor + length, edit->text.text + edit->cursor, behind);
  memcpy(edit->text.text + edit->cursor, bytes, length);
  edit->cursor += length;
}

/* ---- places ---- */

static size_t step(const char *text, size_t length, size_t at, uint32_t *code) {
  const size_t bytes = lrt_utf8_decode(text + at, length - at, code);
  if (bytes > 0) return bytes;
  *code = 0xfffd;
  return 1;
}

static size_t next_character(const cli_edit *edit, size_t at) {
  uint32_t code;
  const char *text = edit->text.text;
  if (at >= edit->text.length) return at;
  at += step(text, edit->text.length, at, &code);
  while (at < edit->text.length) {
    const size_t bytes = step(text, edit->text.length, at, &code);
    if (code == '\n' || cli_width(code) > 0) break;
    at += bytes;
  }
  return at;
}

static size_t character_before(const cli_edit *edit, size_t at) {
  uint32_t code;
  while (at > 0) {
    do at--;
    while (at > 0 && ((unsigned char)edit->text.text[at] & 0xc0) == 0x80);
    step(edit->text.text, edit->text.length, at, &code);
    if (code == '\n' || cli_width(code) > 0) break;
  }
  return at;
}

static bool is_word(const cli_edit *edit, size_t at) {
  const char c = edit->text.text[at];
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (unsigned char)c > 127;
}

static size_t word_left(const cli_edit *edit, size_t at) {
  while (at > 0 && !is_word(edit, character_before(edit, at))) at = character_before(edit, at);
  while (at > 0 && is_word(edit, character_before(edit, at))) at = character_before(edit, at);
  return at;
}

static size_t word_right(const cli_edit *edit, size_t at) {
  while (at < edit->text.length && !is_word(edit, at)) at = next_character(edit, at);
  while (at < edit->text.length && is_word(edit, at)) at = next_character(edit, at);
  return at;
}

static size_t line_start(const cli_edit *edit, size_t at) {
  while (at > 0 && edit->text.text[at - 1] != '\n') at--;
  return at;
}

static size_t line_end(const cli_edit *edit, size_t at) {
  while (at < edit->text.length && edit->text.text[at] != '\n') at++;
  return at;
}

/* The place in the line that begins at `start` which is as many columns from its start. */
static size_t same_column(const cli_edit *edit, size_t start, int columns) {
  size_t at = start;
  const size_t end = line_end(edit, start);
  while (at < end && cli_edit_columns(edit->text.text + start, at - start) < columns)
    at = next_character(edit, at);
  return at;
}

static size_t target_of(const cli_edit *edit, cli_move move) {
  const size_t at = edit->cursor, start = line_start(edit, at), end = line_end(edit, at);
  const int columns = cli_edit_columns(edit->text.text + start, at - start);
  switch (move) {
  case CLI_MOVE_LEFT: return character_before(edit, at);
  case CLI_MOVE_RIGHT: return next_character(edit, at);
  case CLI_MOVE_WORD_LEFT: return word_left(edit, at);
  case CLI_MOVE_WORD_RIGHT: return word_right(edit, at);
  case CLI_MOVE_START: return start;
  case CLI_MOVE_END: return end;
  case CLI_MOVE_UP: return start == 0 ? at : same_column(edit, line_start(edit, start - 1), columns);
  case CLI_MOVE_DOWN: break;
  }
  return end == edit->text.length ? at : same_column(edit, end + 1, columns);
}

bool cli_edit_move(cli_edit *edit, cli_move move) {
  const size_t before = edit->cursor;
  edit->cursor = target_of(edit, move);
  if (move == CLI_MOVE_UP) return line_start(edit, before) > 0;
  if (move == CLI_MOVE_DOWN) return line_end(edit, before) < edit->text.length;
  return edit->cursor != before;
}

void cli_edit_delete(cli_edit *edit, cli_move move, bool keeps) {
  const size_t target = target_of(edit, move);
  const size_t from = target < edit->cursor ? target : edit->cursor;
  const size_t to = target < edit->cursor ? edit->cursor : target;
  if (keeps && to > from) {
    empty(&edit->cut);
    lrt_str_add(&edit->cut, edit->text.text + from, to - from);
  }
  memmove(edit->text.text + from, edit->text.text + to, edit->text.length - to);
  lrt_str_cut(&edit->text, edit->text.length - (to - from));
  edit->cursor = from;
}

void cli_edit_yank(cli_edit *edit) {
  cli_edit_insert(edit, edit->cut.text, edit->cut.length);
}

/* ---- layout ---- */

int cli_edit_columns(const char *text, size_t length) {
  int columns = 0;
  for (size_t at = 0; at < length;) {
    uint32_t code;
    at += step(text, length, at, &code);
    columns += cli_width(code);
  }
  return columns;
}

void cli_edit_place(const char *text, size_t length, size_t offset, int prompt_columns, int columns, int *row,
                    int *column) {
  *row = 0;
  *column = prompt_columns;
  for (size_t at = 0; at < length && at < offset;) {
    uint32_t code;
    at += step(text, length, at, &code);
    const int width = code == '\n' ? 0 : cli_width(code);
    if (code == '\n' || *column + width > columns) {
      ++*row;
      *column = code == '\n' ? prompt_columns : 0;
    }
    *column += width;
  }
  if (*column >= columns) { /* the cursor needs a cell of its own */
    ++*row;
    *column = 0;
  }
}
