/* cli_chat.c: the loop of a chat and its commands. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_chat.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/fail.h"
#include "base/json.h"
#include "cli_answer.h"
#include "cli_file.h"
#include "cli_line.h"

typedef struct chat {
  cli *c;
  lrt_engine *engine;
  lrt_conversation *conversation;
  const lrt_generate_options *generate;
  char *system; /* block, or NULL */
  cli_line line;
  bool leaves;
} chat;

/* What the chat itself says goes to standard error, dimmed where that is a terminal with colours. */
static void say(const char *text) {
  const char *term = lrt_environment("TERM");
  const bool colours = isatty(STDERR_FILENO) && lrt_environment("NO_COLOR") == NULL && term != NULL &&
                       strcmp(term, "dumb") != 0;
  fprintf(stderr, "%s%s%s\n", colours ? "\x1b[2m" : "", text, colours ? "\x1b[0m" : "");
}

static void say_error(chat *h) {
  fprintf(stderr, "litert: %s\n", h->c->error.message);
  h->c->error.message[0] = '\0';
}

/* ---- the conversation ---- */

static lrt_status set_system(chat *h, const char *text) {
  const size_t bytes = text == NULL ? 0 : strlen(text) + 1;
  char *copy = bytes == 0 ? NULL : lrt_alloc_get(lrt_alloc_default(), bytes);
  if (bytes > 0 && copy == NULL) return lrt_alloc_fail(&h->c->error, lrt_alloc_default(), bytes, "a message");
  if (bytes > 0) memcpy(copy, text, bytes);
  lrt_alloc_free(h->system);
  h->system = copy;
  return LRT_OK;
}

/* Begins anew; the old conversation stays where that fails. */
static lrt_status restart(chat *h, const char *system) {
  const lrt_conversation_options options = {.system = system};
  lrt_conversation *fresh = NULL;
  LRT_TRY(lrt_conversation_create(h->engine, &options, &fresh, &h->c->error));
  lrt_conversation_destroy(h->conversation);
  h->conversation = fresh;
  return LRT_OK;
}

static lrt_status answer(chat *h, const char *text, size_t length, cli_answer *a) {
  LRT_TRY(lrt_conversation_add(h->conversation, "user", text, length, &h->c->error));
  return cli_answer_run(h->c, a);
}

/* One turn; a failed one leaves the conversation as it was before. */
static void take_turn(chat *h, const char *text, size_t length) {
  const size_t before = lrt_conversation_count(h->conversation);
  cli_answer a = {.conversation = h->conversation, .options = h->generate, .stoppable = true};
  a.session = lrt_conversation_session(h->conversation);
  const lrt_status status = answer(h, text, length, &a);
  lrt_answer told;
  lrt_session_answer(a.session, &told);
  cli_answer_write("\n", told.text_length > 0 && told.text[told.text_length - 1] == '\n' ? 0 : 1);
  if (status != LRT_OK) {
    say_error(h);
    lrt_conversation_rewind(h->conversation, before, NULL);
    if (status == LRT_OVER_BUDGET || status == LRT_INVALID_ARGUMENT)
      say("This turn is taken back; /reset begins anew.");
    return;
  }
  if (a.stopped) say("(stopped)");
  if (told.finish == LRT_FINISH_LENGTH) say("(cut off by --max-tokens)");
}

/* ---- commands ---- */

static lrt_status command_help(chat *h, const char *argument);

static lrt_status command_system(chat *h, const char *argument) {
  if (argument[0] == '\0') {
    say(h->system == NULL ? "There is no system message." : h->system);
    return LRT_OK;
  }
  LRT_TRY(restart(h, argument));
  say("A new chat begins with this system message.");
  return set_system(h, argument);
}

static lrt_status command_reset(chat *h, const char *argument) {
  (void)argument;
  LRT_TRY(restart(h, h->system));
  say("A new chat begins.");
  return LRT_OK;
}

static lrt_status need_file(chat *h, const char *argument, const char *name) {
  if (argument[0] != '\0') return LRT_OK;
  return lrt_fail(&h->c->error, LRT_INVALID_ARGUMENT, "%s needs the name of a file", name);
}

static lrt_status command_save(chat *h, const char *argument) {
  char *messages = NULL;
  size_t length = 0;
  LRT_TRY(need_file(h, argument, "/save"));
  LRT_TRY(lrt_conversation_messages(h->conversation, &messages, &length, &h->c->error));
  const lrt_status status = cli_file_write(argument, messages, length, "\n", 1, &h->c->error);
  lrt_text_free(messages);
  if (status == LRT_OK) say("Saved.");
  return status;
}

/* The system message among loaded ones, which /system shows and /reset keeps. */
static lrt_status adopt_system(chat *h, const lrt_json *messages) {
  const lrt_json *first = lrt_json_at(messages, 0), *role = lrt_json_get(first, "role");
  const lrt_json *content = lrt_json_get(first, "content");
  const bool is_system = role != NULL && role->kind == LRT_JSON_TEXT && strcmp(role->as.text, "system") == 0;
  const bool is_text = is_system && content != NULL && content->kind == LRT_JSON_TEXT;
  return set_system(h, is_text ? content->as.text : NULL);
}

static lrt_status load_messages(chat *h, const cli_file *file, lrt_arena *arena) {
  const char *text = (const char *)file->bytes;
  const lrt_json *json = NULL;
  lrt_conversation *kept = h->conversation;
  LRT_TRY(lrt_json_parse(text, file->length, arena, &json, &h->c->error));
  h->conversation = NULL;
  lrt_status status = restart(h, NULL);
  if (status == LRT_OK) status = lrt_conversation_add_json(h->conversation, text, file->length, &h->c->error);
  if (status == LRT_OK) status = adopt_system(h, json);
  lrt_conversation_destroy(status == LRT_OK ? kept : h->conversation);
  if (status != LRT_OK) h->conversation = kept;
  return status;
}

static lrt_status command_load(chat *h, const char *argument) {
  cli_file file;
  lrt_arena arena;
  char told[100];
  LRT_TRY(need_file(h, argument, "/load"));
  LRT_TRY(cli_file_read(argument, &file, &h->c->error));
  lrt_arena_init(&arena, lrt_alloc_default());
  const lrt_status status = load_messages(h, &file, &arena);
  lrt_arena_clear(&arena);
  cli_file_clear(&file);
  if (status != LRT_OK) return status;
  snprintf(told, sizeof told, "%zu messages are loaded.", lrt_conversation_count(h->conversation));
  say(told);
  return LRT_OK;
}

static lrt_status command_exit(chat *h, const char *argument) {
  (void)argument;
  h->leaves = true;
  return LRT_OK;
}

static const struct command {
  const char *name, *argument, *about;
  lrt_status (*run)(chat *h, const char *argument);
} commands[] = {
    {"help", "", "this list", command_help},
    {"system", "[TEXT]", "begins anew with a system message; without TEXT, shows it", command_system},
    {"reset", "", "begins anew, the system message stays", command_reset},
    {"save", "FILE", "writes the messages as JSON", command_save},
    {"load", "FILE", "goes on with saved messages", command_load},
    {"exit", "", "leaves, as Ctrl-D does", command_exit}};

static lrt_status command_help(chat *h, const char *argument) {
  (void)h;
  (void)argument;
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    char text[120];
    snprintf(text, sizeof text, "/%-6s %-7s %s", commands[i].name, commands[i].argument, commands[i].about);
    say(text);
  }
  say("Ctrl-C stops an answer. Alt-Enter begins a new line. Ctrl-R searches what was typed before.\n"
      "A line that begins with // is a message that begins with /.");
  return LRT_OK;
}

/* "name argument" behind the slash. */
static void run_command(chat *h, const char *text) {
  const size_t length = strcspn(text, " \t\n");
  const char *argument = text + length + strspn(text + length, " \t\n");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (strlen(commands[i].name) != length || memcmp(commands[i].name, text, length) != 0) continue;
    if (commands[i].run(h, argument) != LRT_OK) say_error(h);
    return;
  }
  fprintf(stderr, "litert: there is no command /%.*s; /help lists them\n", length > 40 ? 40 : (int)length,
          text);
}

static void take_line(chat *h) {
  const char *text = h->line.edit.text.text;
  size_t length = h->line.edit.text.length;
  if (text[strspn(text, " \t\n")] == '\0') return;
  cli_history_add(&h->line.history, text);
  if (text[0] == '/' && text[1] != '/') {
    run_command(h, text + 1);
    return;
  }
  if (text[0] == '/') {
    text++;
    length--;
  }
  take_turn(h, text, length);
}

static void greet(const chat *h, const char *model) {
  const char *slash = strrchr(model, '/');
  lrt_engine_info info;
  char text[300];
  lrt_engine_describe(h->engine, &info);
  snprintf(text, sizeof text, "%.200s, a context of %d tokens. /help lists the commands, Ctrl-D leaves.",
           slash == NULL ? model : slash + 1, (int)info.context);
  say(text);
}

static void loop(chat *h) {
  bool interrupted = false;
  while (!h->leaves) {
    const cli_line_result result = cli_line_read(&h->line, ">>> ");
    if (result == CLI_LINE_END || (result == CLI_LINE_INTERRUPTED && interrupted)) return;
    if (result == CLI_LINE_INTERRUPTED && h->line.edit.text.length == 0) {
      say("Ctrl-C once more, or Ctrl-D, leaves.");
      interrupted = true;
      continue;
    }
    interrupted = false;
    if (result == CLI_LINE_TEXT) take_line(h);
  }
}

lrt_status cli_chat_run(cli *c, lrt_engine *engine, const cli_chat_options *options) {
  chat h = {.c = c, .engine = engine, .generate = &options->generate};
  lrt_status status = set_system(&h, options->system);
  if (status == LRT_OK) status = restart(&h, h.system);
  if (status == LRT_OK) {
    cli_line_open(&h.line);
    greet(&h, options->model);
    loop(&h);
    cli_line_close(&h.line);
  }
  lrt_conversation_destroy(h.conversation);
  lrt_alloc_free(h.system);
  return status;
}
