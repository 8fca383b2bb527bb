/* main.c: the command litert: picks the subcommand, hands on log lines, ends with the exit code. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/environment.h"
#include "base/fail.h"
#include "cli.h"
#include "cli_checkpoint.h"
#include "cli_flags.h"
#include "litert/log.h"

static const struct {
  const char *name;
  cli_command *run;
  const char *about;
} commands[] = {
#define COMMAND(name, about) {#name, cmd_##name, about},
#include "commands.def"
#undef COMMAND
};

#define COMMAND_COUNT ((int)(sizeof commands / sizeof commands[0]))

/* `user` is not NULL where lines are JSON. */
static void write_log(const lrt_log_record *record, void *user) {
  char line[2048];
  lrt_log_format(record, user != NULL, line, sizeof line);
  fprintf(stderr, "%s\n", line);
}

static void start_log(void) {
  static int as_json;
  const char *format = lrt_environment("LITERT_LOG_FORMAT");
  lrt_log_set_callback(write_log, format != NULL && strcmp(format, "json") == 0 ? &as_json : NULL);
}

static void write_usage(lrt_str *out) {
  lrt_str_add_text(
      out,
      "Usage: litert COMMAND …\n\nRuns quantized edge models: .tflite, .litertlm, .task.\n\nCommands:\n");
  for (int i = 0; i < COMMAND_COUNT; i++)
    lrt_str_format(out, "  %-10s  %s\n", commands[i].name, commands[i].about);
  lrt_str_add_text(
      out, "\nlitert COMMAND --help lists the flags of a command; in their names - and _ are the same.\n"
           "Environment: LITERT_LOG=error|warn|info|debug, LITERT_LOG_FORMAT=text|json,\n"
           "LITERT_CPU=generic|avx2|avx512|… lowers the instruction set, LITERT_MODE=fast|ref.\n"
           "LITERT_HOME is where models are kept.\n"
           "Exit codes: 0 ok, 1 the run failed, 2 usage, 65 bad model or data, 66 no such file,\n"
           "69 a needed component is not built in, 75 out of a given memory or time budget.\n");
}

static int find_command(const char *name) {
  for (int i = 0; i < COMMAND_COUNT; i++)
    if (strcmp(commands[i].name, name) == 0) return i;
  return -1;
}

static lrt_status unknown_command(cli *c, const char *name) {
  const char *names[COMMAND_COUNT];
  for (int i = 0; i < COMMAND_COUNT; i++) names[i] = commands[i].name;
  const char *near = cli_nearest(name, names, COMMAND_COUNT);
  if (near != NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "there is no command '%s'; did you mean '%s'?", name,
                    near);
  return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "there is no command '%s'; see litert --help", name);
}

/* Commands that open models take checkpoints too; those that are about files and names want to see them as they are. */
static bool opens_models(const char *command) {
  static const char *const others[] = {"convert", "download", "list", "describe", "import", "delete"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcmp(command, others[i]) == 0) return false;
  return true;
}

static lrt_status run_command(cli *c, int index, int argc, char **argv) {
  char **made = NULL;
  lrt_status status = LRT_OK;
  if (opens_models(commands[index].name)) {
    made = lrt_alloc_array(lrt_alloc_default(), (size_t)argc + 1, sizeof *made);
    if (made == NULL) return lrt_alloc_fail(&c->error, lrt_alloc_default(), 0, "the command line");
    status = cli_checkpoint_replace(c, &argc, argv, made);
  }
  if (status == LRT_OK) status = commands[index].run(c, argc, argv);
  for (int i = 0; made != NULL && made[i] != NULL; i++) lrt_alloc_free(made[i]);
  lrt_alloc_free(made);
  return status;
}

static lrt_status dispatch(cli *c, int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "";
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || (strcmp(name, "help") == 0 && argc == 2)) {
    write_usage(&c->out);
    return LRT_OK;
  }
  if (strcmp(name, "help") == 0) { /* litert help run = litert run --help */
    static char help[] = "--help";
    char *words[] = {argv[2], help, NULL};
    const int asked = find_command(argv[2]);
    c->command = argv[2];
    return asked < 0 ? unknown_command(c, argv[2]) : commands[asked].run(c, 2, words);
  }
  if (strcmp(name, "--version") == 0) name = "version";
  if (name[0] == '\0')
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "no command is given; see litert --help");
  const int index = find_command(name);
  if (index < 0) return unknown_command(c, name);
  c->command = commands[index].name;
  return run_command(c, index, argc - 1, argv + 1);
}

int main(int argc, char **argv) {
  cli c = {.command = "litert"};
  lrt_str_init(&c.out, lrt_alloc_default(), 0);
  /* Writing to a closed pipe or beyond a size limit is reported by the call, not by a signal. */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--json") == 0) c.json = true; /* also where a flag before it is wrong */
  start_log();
  lrt_status status = dispatch(&c, argc, argv);
  if (status == LRT_OK) status = cli_flush(&c);
  if (status != LRT_OK) cli_report_error(&c, status);
  lrt_str_clear(&c.out);
  return status == LRT_OK ? c.verdict : cli_exit_code(status);
}
