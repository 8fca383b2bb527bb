/* edit_lines.c: reads lines with the command's editor and tells on standard output what it got, for check_line.py. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/json.h"
#include "cli_line.h"

int main(void) {
  static const char *const names[] = {"text", "interrupted", "end"};
  cli_line_result result = CLI_LINE_TEXT;
  cli_line line;
  cli_line_open(&line);
  while (result != CLI_LINE_END) {
    lrt_str out;
    result = cli_line_read(&line, ">> ");
    lrt_str_init(&out, lrt_alloc_default(), 0);
    lrt_json_writer json;
    lrt_json_writer_init(&json, &out);
    lrt_json_text_bytes(&json, line.edit.text.text, line.edit.text.length);
    printf("%s %s\n", names[result], out.text);
    fflush(stdout);
    if (result == CLI_LINE_TEXT) cli_history_add(&line.history, line.edit.text.text);
    lrt_str_clear(&out);
  }
  cli_line_close(&line);
  return 0;
}
