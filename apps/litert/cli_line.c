/* cli_line.c: the editor on the terminal: raw mode, drawing, what keys do. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_line.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/utf8.h"
#include "cli_width.h"

static struct termios cooked;

static void put(const char *text, size_t length) {
  while (length > 0) {
    const ssize_t written = write(STDERR_FILENO, text, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

static void put_text(const char *text) {
  put(text, strlen(text));
}

static void on_resize(int signal_number) {
  (void)signal_number; /* interrupts the wait for keys */
}

/* Signals that end the process must not leave the terminal raw. */
static const int endings[] = {SIGHUP, SIGTERM, SIGQUIT};

static void on_ending(int signal_number) {
  static const char off[] = "\x1b[?2004l\r\n";
  const ssize_t written = write(STDERR_FILENO, off, sizeof off - 1);
  (void)written;
  tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

static void set_handler(int signal_number, void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  sigaction(signal_number, &action, NULL);
}

/* ---- the terminal ---- */

static void begin_raw(void) {
  struct termios raw = cooked;
  raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
  raw.c_cflag |= CS8;
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  set_handler(SIGWINCH, on_resize);
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) set_handler(endings[i], on_ending);
  put_text("\x1b[?2004h"); /* pasted text comes between marks */
}

static void end_raw(void) {
  put_text("\x1b[?2004l");
  tcsetattr(STDIN_FILENO, TCSADRAIN, &cooked);
  set_handler(SIGWINCH, SIG_DFL);
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) set_handler(endings[i], SIG_DFL);
}

static int terminal_columns(void) {
  struct winsize size;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col < 4 ? 4 : size.ws_col;
}

/* ---- drawing ---- */

/* The text with the wraps and indents that cli_edit_place counts on; control characters become '?'. */
static void add_text(lrt_str *out, const char *text, size_t length, int prompt_columns, int columns) {
  int column = prompt_columns;
  for (size_t at = 0; at < length;) {
    uint32_t code = 0xfffd;
    const size_t bytes = lrt_utf8_decode(text + at, length - at, &code);
    const int width = code == '\n' ? 0 : cli_width(code);
    if (code == '\n' || column + width > columns) {
      lrt_str_add(out, "\r\n", 2);
      column = code == '\n' ? prompt_columns : 0;
      for (int i = 0; i < column; i++) lrt_str_add(out, " ", 1);
    }
    if (code != '\n') {
      const bool is_shown = bytes > 0 && code >= 0x20 && code != 0x7f && !(code >= 0x80 && code < 0xa0);
      lrt_str_add(out, is_shown ? text + at : "?", is_shown ? bytes : 1);
    }
    column += width;
    at += bytes == 0 ? 1 : bytes;
  }
  if (column >= columns) lrt_str_add(out, "\r\n", 2);
}

/* Draws everything again from the prompt's row, and puts the cursor where byte `cursor` stands. */
static void draw(cli_line *line, const char *prompt, const char *text, size_t length, size_t cursor) {
  const int columns = terminal_columns(), indent = cli_edit_columns(prompt, strlen(prompt)) % columns;
  int row, column, last_row, last_column;
  lrt_str out;
  lrt_str_init(&out, lrt_alloc_default(), 0);
  if (line->row > 0) lrt_str_format(&out, "\x1b[%dA", line->row);
  lrt_str_add_text(&out, "\r\x1b[J");
  lrt_str_add_text(&out, prompt);
  add_text(&out, text, length, indent, columns);
  cli_edit_place(text, length, cursor, indent, columns, &row, &column);
  cli_edit_place(text, length, length, indent, columns, &last_row, &last_column);
  if (last_row > row) lrt_str_format(&out, "\x1b[%dA", last_row - row);
  lrt_str_add(&out, "\r", 1);
  if (column > 0) lrt_str_format(&out, "\x1b[%dC", column);
  put(out.text, out.length);
  lrt_str_clear(&out);
  line->row = row;
}

static void draw_edit(cli_line *line, const char *prompt) {
  draw(line, prompt, line->edit.text.text, line->edit.text.length, line->edit.cursor);
}

/* Leaves the cursor below the text. */
static void finish(cli_line *line, const char *prompt) {
  draw(line, prompt, line->edit.text.text, line->edit.text.length, line->edit.text.length);
  put_text("\r\n");
  line->row = 0;
}

/* ---- history ---- */

/* Index of the newest entry before `from` that has `wanted` in it; history.count when there is none. */
static size_t find_entry(const cli_history *history, const char *wanted, size_t from) {
  while (from-- > 0)
    if (strstr(history->entries[from], wanted) != NULL) return from;
  return history->count;
}

/* Ctrl-R: searches backwards while a part of the entry is typed. Returns the key that ended it. */
static cli_key search(cli_line *line) {
  lrt_str wanted, prompt;
  size_t found = line->history.count;
  cli_key key = CLI_KEY_NONE;
  lrt_str_init(&wanted, lrt_alloc_default(), 200);
  lrt_str_init(&prompt, lrt_alloc_default(), 300);
  for (bool more = true; more;) {
    const char *entry = found < line->history.count ? line->history.entries[found] : "";
    const char *place = strstr(entry, wanted.text);
    lrt_str_cut(&prompt, 0);
    lrt_str_format(&prompt, "(search: %s) ", wanted.text);
    draw(line, prompt.text, entry, strlen(entry), place == NULL ? 0 : (size_t)(place - entry));
    key = cli_keys_next(&line->keys);
    size_t from = found < line->history.count ? found + 1 : line->history.count;
    if (key == CLI_KEY_TEXT) {
      lrt_str_add(&wanted, line->keys.text, line->keys.text_length);
    } else if (key == CLI_KEY_CONTROL && (line->keys.letter == '?' || line->keys.letter == 'H')) {
      size_t length = wanted.length;
      while (length > 0 && ((unsigned char)wanted.text[--length] & 0xc0) == 0x80) continue;
      lrt_str_cut(&wanted, length);
      from = line->history.count;
    } else if (key == CLI_KEY_CONTROL && line->keys.letter == 'R') {
      from = found < line->history.count ? found : line->history.count;
    } else if (key != CLI_KEY_RESIZED) {
      more = false;
    }
    if (!more || key == CLI_KEY_RESIZED) continue;
    const size_t next =
        wanted.length == 0 ? line->history.count : find_entry(&line->history, wanted.text, from);
    if (next < line->history.count || key != CLI_KEY_CONTROL || line->keys.letter != 'R') found = next;
  }
  const bool gives_up = key == CLI_KEY_CONTROL && (line->keys.letter == 'C' || line->keys.letter == 'G');
  if (found < line->history.count && !gives_up)
    cli_edit_set(&line->edit, line->history.entries[found], strlen(line->history.entries[found]));
  lrt_str_clear(&wanted);
  lrt_str_clear(&prompt);
  return gives_up ? CLI_KEY_NONE : key;
}

/* What is typed stays while older entries are looked at. */
typedef struct recall {
  size_t at; /* history.count = the typed text */
  char *typed;
} recall;

static void recall_entry(cli_line *line, recall *r, bool older) {
  if (older ? r->at == 0 : r->at == line->history.count) return;
  if (r->at == line->history.count) {
    lrt_str copy;
    lrt_str_init(&copy, lrt_alloc_default(), 0);
    lrt_str_add(&copy, line->edit.text.text, line->edit.text.length);
    lrt_alloc_free(r->typed);
    r->typed = lrt_str_take(&copy);
  }
  r->at = older ? r->at - 1 : r->at + 1;
  const char *text = r->at < line->history.count ? line->history.entries[r->at] : r->typed;
  if (text != NULL) cli_edit_set(&line->edit, text, strlen(text));
}

/* ---- keys ---- */

/* Everything up to the end mark, line breaks as they are. */
static void paste(cli_line *line) {
  for (;;) {
    const cli_key key = cli_keys_next(&line->keys);
    const char letter = line->keys.letter;
    if (key == CLI_KEY_PASTE_END || key == CLI_KEY_END_OF_INPUT) return;
    if (key == CLI_KEY_TEXT) cli_edit_insert(&line->edit, line->keys.text, line->keys.text_length);
    const bool after_return = line->edit.cursor > 0 && line->edit.text.text[line->edit.cursor - 1] == '\n';
    if (key == CLI_KEY_CONTROL && letter == 'M') cli_edit_insert(&line->edit, "\n", 1);
    /* terminals send Return for a line break; "\r\n" is one */
    if (key == CLI_KEY_CONTROL && letter == 'J' && !after_return) cli_edit_insert(&line->edit, "\n", 1);
    if (key == CLI_KEY_CONTROL && letter == 'I') cli_edit_insert(&line->edit, "\t", 1);
  }
}

static void suspend(cli_line *line, const char *prompt) {
  finish(line, prompt);
  end_raw();
  raise(SIGTSTP);
  tcgetattr(STDIN_FILENO, &cooked);
  begin_raw();
}

static void move_or_recall(cli_line *line, recall *r, bool up) {
  if (!cli_edit_move(&line->edit, up ? CLI_MOVE_UP : CLI_MOVE_DOWN)) recall_entry(line, r, up);
}

static void control_key(cli_line *line, recall *r, const char *prompt) {
  cli_edit *edit = &line->edit;
  switch (line->keys.letter) {
  case 'A': cli_edit_move(edit, CLI_MOVE_START); break;
  case 'E': cli_edit_move(edit, CLI_MOVE_END); break;
  case 'B': cli_edit_move(edit, CLI_MOVE_LEFT); break;
  case 'F': cli_edit_move(edit, CLI_MOVE_RIGHT); break;
  case 'P': move_or_recall(line, r, true); break;
  case 'N': move_or_recall(line, r, false); break;
  case 'D': cli_edit_delete(edit, CLI_MOVE_RIGHT, false); break;
  case 'H':
  case '?': cli_edit_delete(edit, CLI_MOVE_LEFT, false); break;
  case 'K': cli_edit_delete(edit, CLI_MOVE_END, true); break;
  case 'U': cli_edit_delete(edit, CLI_MOVE_START, true); break;
  case 'W': cli_edit_delete(edit, CLI_MOVE_WORD_LEFT, true); break;
  case 'Y': cli_edit_yank(edit); break;
  case 'I': cli_edit_insert(edit, "\t", 1); break;
  case 'L':
    put_text("\x1b[H\x1b[2J");
    line->row = 0;
    break;
  case 'Z': suspend(line, prompt); break;
  default: break;
  }
}

static void alt_key(cli_line *line) {
  switch (line->keys.letter) {
  case 'b':
  case 'B': cli_edit_move(&line->edit, CLI_MOVE_WORD_LEFT); break;
  case 'f':
  case 'F': cli_edit_move(&line->edit, CLI_MOVE_WORD_RIGHT); break;
  case 'd':
  case 'D': cli_edit_delete(&line->edit, CLI_MOVE_WORD_RIGHT, true); break;
  case 0x7f: cli_edit_delete(&line->edit, CLI_MOVE_WORD_LEFT, true); break;
  case '\r':
  case '\n': cli_edit_insert(&line->edit, "\n", 1); break;
  default: break;
  }
}

static void other_key(cli_line *line, recall *r, cli_key key, const char *prompt) {
  cli_edit *edit = &line->edit;
  switch (key) {
  case CLI_KEY_TEXT: cli_edit_insert(edit, line->keys.text, line->keys.text_length); break;
  case CLI_KEY_CONTROL: control_key(line, r, prompt); break;
  case CLI_KEY_ALT: alt_key(line); break;
  case CLI_KEY_UP: move_or_recall(line, r, true); break;
  case CLI_KEY_DOWN: move_or_recall(line, r, false); break;
  case CLI_KEY_LEFT: cli_edit_move(edit, CLI_MOVE_LEFT); break;
  case CLI_KEY_RIGHT: cli_edit_move(edit, CLI_MOVE_RIGHT); break;
  case CLI_KEY_WORD_LEFT: cli_edit_move(edit, CLI_MOVE_WORD_LEFT); break;
  case CLI_KEY_WORD_RIGHT: cli_edit_move(edit, CLI_MOVE_WORD_RIGHT); break;
  case CLI_KEY_HOME: cli_edit_move(edit, CLI_MOVE_START); break;
  case CLI_KEY_END: cli_edit_move(edit, CLI_MOVE_END); break;
  case CLI_KEY_DELETE: cli_edit_delete(edit, CLI_MOVE_RIGHT, false); break;
  case CLI_KEY_PASTE_BEGIN: paste(line); break;
  default: break;
  }
}

/* True when the key ends the line, with *result. */
static bool ends_line(cli_line *line, cli_key key, cli_line_result *result) {
  const bool is_control = key == CLI_KEY_CONTROL;
  const char letter = line->keys.letter;
  *result = CLI_LINE_TEXT;
  if (is_control && (letter == 'M' || letter == 'J')) return true;
  *result = CLI_LINE_INTERRUPTED;
  if (is_control && letter == 'C') return true;
  *result = CLI_LINE_END;
  return key == CLI_KEY_END_OF_INPUT || (is_control && letter == 'D' && line->edit.text.length == 0);
}

static cli_line_result edit_line(cli_line *line, const char *prompt) {
  recall r = {line->history.count, NULL};
  cli_line_result result = CLI_LINE_TEXT;
  for (;;) {
    if (line->keys.from == line->keys.to) draw_edit(line, prompt); /* not for each byte of a burst */
    cli_key key = cli_keys_next(&line->keys);
    if (key == CLI_KEY_CONTROL && line->keys.letter == 'R') key = search(line);
    if (ends_line(line, key, &result)) break;
    other_key(line, &r, key, prompt);
  }
  lrt_alloc_free(r.typed);
  finish(line, prompt);
  return result;
}

/* ---- without a terminal ---- */

static cli_line_result read_plain(cli_line *line, const char *prompt) {
  bool any = false;
  if (isatty(STDIN_FILENO)) put_text(prompt);
  for (;;) {
    char c;
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) return CLI_LINE_INTERRUPTED;
    if (got <= 0) return any ? CLI_LINE_TEXT : CLI_LINE_END;
    any = true;
    if (c == '\n') return CLI_LINE_TEXT;
    if (c != '\r') cli_edit_insert(&line->edit, &c, 1);
  }
}

void cli_line_open(cli_line *line) {
  const char *term = lrt_environment("TERM");
  memset(line, 0, sizeof *line);
  cli_edit_init(&line->edit);
  line->keys.fd = STDIN_FILENO;
  line->is_terminal = term != NULL && strcmp(term, "dumb") != 0 && isatty(STDIN_FILENO) &&
                      isatty(STDERR_FILENO) && tcgetattr(STDIN_FILENO, &cooked) == 0;
  if (isatty(STDIN_FILENO)) cli_history_open(&line->history);
}

void cli_line_close(cli_line *line) {
  cli_edit_clear(&line->edit);
  cli_history_close(&line->history);
}

cli_line_result cli_line_read(cli_line *line, const char *prompt) {
  cli_edit_set(&line->edit, "", 0);
  if (!line->is_terminal) return read_plain(line, prompt);
  tcgetattr(STDIN_FILENO, &cooked);
  begin_raw();
  const cli_line_result result = edit_line(line, prompt);
  end_raw();
  return result;
}
