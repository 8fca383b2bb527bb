/* cli_history.c: the history's file: read at the start, appended to by each entry, shortened when it has grown long. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_history.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/str.h"
#include "cli_file.h"

static void drop_first(cli_history *history) {
  lrt_alloc_free(history->entries[0]);
  history->count--;
  memmove(history->entries, history->entries + 1, history->count * sizeof *history->entries);
}

static void keep(cli_history *history, lrt_str *text) {
  char *entry = lrt_str_take(text);
  if (entry == NULL) return;
  if (history->count == CLI_HISTORY_MAX) drop_first(history);
  history->entries[history->count++] = entry;
}

static void read_entry(cli_history *history, const char *line, size_t length) {
  lrt_str text;
  lrt_str_init(&text, lrt_alloc_default(), 0);
  for (size_t i = 0; i < length; i++) {
    const bool escaped = line[i] == '\\' && i + 1 < length;
    if (escaped) i++;
    lrt_str_add(&text, escaped && line[i] == 'n' ? "\n" : &line[i], 1);
  }
  if (text.length > 0) keep(history, &text);
  lrt_str_clear(&text);
}

static void put_entry(lrt_str *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '\n' || *text == '\\')
      lrt_str_add_text(out, *text == '\n' ? "\\n" : "\\\\");
    else
      lrt_str_add(out, text, 1);
  }
  lrt_str_add(out, "\n", 1);
}

static char *history_path(void) {
  const char *state = lrt_environment("XDG_STATE_HOME"), *home = lrt_environment("HOME");
  lrt_str path;
  lrt_str_init(&path, lrt_alloc_default(), 0);
  if (state != NULL && state[0] == '/')
    lrt_str_format(&path, "%s/litert/history", state);
  else if (home != NULL && home[0] == '/')
    lrt_str_format(&path, "%s/.local/state/litert/history", home);
  return path.length == 0 ? NULL : lrt_str_take(&path);
}

static void rewrite(const cli_history *history) {
  lrt_str text;
  lrt_str_init(&text, lrt_alloc_default(), 0);
  for (size_t i = 0; i < history->count; i++) put_entry(&text, history->entries[i]);
  const mode_t before = umask(077); /* for this user alone, as the file was */
  if (text.status == LRT_OK) cli_file_write(history->path, NULL, 0, text.text, text.length, NULL);
  umask(before);
  lrt_str_clear(&text);
}

void cli_history_open(cli_history *history) {
  cli_file file;
  size_t lines = 0;
  memset(history, 0, sizeof *history);
  history->path = history_path();
  if (history->path == NULL || cli_file_read(history->path, &file, NULL) != LRT_OK) return;
  for (size_t at = 0, end; at < file.length; at = end + 1, lines++) {
    const uint8_t *newline = memchr(file.bytes + at, '\n', file.length - at);
    end = newline == NULL ? file.length : (size_t)(newline - file.bytes);
    read_entry(history, (const char *)file.bytes + at, end - at);
  }
  cli_file_clear(&file);
  if (lines > 2 * CLI_HISTORY_MAX) rewrite(history);
}

void cli_history_close(cli_history *history) {
  while (history->count > 0) lrt_alloc_free(history->entries[--history->count]);
  lrt_alloc_free(history->path);
  history->path = NULL;
}

/* One write to a file opened for appending: several chats at a time do not mix their lines. */
static void append(cli_history *history, const char *text) {
  lrt_str line;
  cli_file_make_folders_above(history->path, 0700); /* for this user alone */
  const int fd = open(history->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  lrt_str_init(&line, lrt_alloc_default(), 0);
  put_entry(&line, text);
  if (line.status == LRT_OK && write(fd, line.text, line.length) < 0) line.status = LRT_IO;
  lrt_str_clear(&line);
  close(fd);
}

void cli_history_add(cli_history *history, const char *text) {
  lrt_str entry;
  if (text[0] == '\0') return;
  if (history->count > 0 && strcmp(history->entries[history->count - 1], text) == 0) return;
  lrt_str_init(&entry, lrt_alloc_default(), 0);
  lrt_str_add_text(&entry, text);
  keep(history, &entry);
  lrt_str_clear(&entry);
  if (history->path != NULL) append(history, text);
}
