/* cli.c: exit codes, error sentences, and the way results reach standard output. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"

static const struct {
  lrt_status status;
  int code;
} exit_codes[] = {
    {LRT_OK, CLI_EXIT_OK},
    {LRT_INVALID_ARGUMENT, CLI_EXIT_USAGE},
    {LRT_INVALID_MODEL, CLI_EXIT_DATA},
    {LRT_NOT_FOUND, CLI_EXIT_NO_FILE},
    {LRT_IO, CLI_EXIT_FAILED},
    {LRT_UNSUPPORTED, CLI_EXIT_DATA},
    {LRT_UNRESOLVED_OP, CLI_EXIT_UNAVAILABLE},
    {LRT_OUT_OF_MEMORY, CLI_EXIT_FAILED},
    {LRT_OVER_BUDGET, CLI_EXIT_BUDGET},
    {LRT_CANCELLED, CLI_EXIT_FAILED},
    {LRT_WRONG_STATE, CLI_EXIT_FAILED},
    {LRT_RUN_FAILED, CLI_EXIT_FAILED},
    {LRT_NOT_BUILT_IN, CLI_EXIT_UNAVAILABLE},
};

int cli_exit_code(lrt_status status) {
  for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++)
    if (exit_codes[i].status == status) return exit_codes[i].code;
  return CLI_EXIT_FAILED;
}

void cli_report_error(const cli *c, lrt_status status) {
  const char *sentence = c->error.message[0] != '\0' ? c->error.message : lrt_status_text(status);
  lrt_json_writer json;
  lrt_str text;
  fprintf(stderr, "litert: %s\n", sentence);
  if (!c->json) return;
  lrt_str_init(&text, lrt_alloc_default(), 0);
  lrt_json_writer_init(&json, &text);
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "error");
  lrt_json_begin_object(&json);
  lrt_json_key(&json, "code");
  lrt_json_text(&json, lrt_status_name(status));
  lrt_json_key(&json, "message");
  lrt_json_text(&json, sentence);
  lrt_json_end_object(&json);
  lrt_json_end_object(&json);
  printf("%s\n", text.text);
  fflush(stdout);
  lrt_str_clear(&text);
}

lrt_status cli_flush(cli *c) {
  LRT_TRY(lrt_str_check(&c->out, &c->error));
  errno = 0;
  const bool written = fwrite(c->out.text, 1, c->out.length, stdout) == c->out.length && fflush(stdout) == 0;
  lrt_str_cut(&c->out, 0);
  if (written || errno == EPIPE) return LRT_OK; /* `litert … | head` is no failure */
  return lrt_fail(&c->error, LRT_IO, "cannot write to standard output: %s", strerror(errno));
}
