/* cli_flags.c: reads command lines by a table of flags and writes the help text from it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_flags.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/distance.h"
#include "base/fail.h"
#include "cli_table.h"
#include "cli_zoo.h"

#define NAME_MAX_LENGTH 48

static size_t least_of(size_t a, size_t b) {
  return a < b ? a : b;
}

static char plain(char c) {
  if (c == '_') return '-';
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

const char *cli_nearest(const char *wanted, const char *const *names, int count) {
  const char *best = NULL;
  size_t least = strlen(wanted) / 3 + 2; /* further off is another word */
  for (int i = 0; i < count; i++) {
    const size_t d = lrt_distance(wanted, names[i]);
    if (d < least) {
      least = d;
      best = names[i];
    }
  }
  return best;
}

/* `name` is [length] characters of the command line. */
static bool same_name(const char *flag, const char *name, size_t length) {
  if (strlen(flag) != length) return false;
  for (size_t i = 0; i < length; i++)
    if (flag[i] != (name[i] == '_' ? '-' : name[i])) return false;
  return true;
}

static lrt_status unknown_flag(cli *c, const cli_syntax *syntax, const char *name, size_t length) {
  const char *names[CLI_LIST_MAX];
  char wanted[NAME_MAX_LENGTH + 1];
  int count = 0;
  for (int i = 0; i < syntax->flag_count && count < CLI_LIST_MAX - 2; i++)
    if (syntax->flags[i].help != NULL) names[count++] = syntax->flags[i].name;
  names[count++] = "json";
  names[count++] = "help";
  length = least_of(length, NAME_MAX_LENGTH);
  memcpy(wanted, name, length);
  wanted[length] = '\0';
  const char *near = cli_nearest(wanted, names, count);
  if (near != NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s has no flag --%s; did you mean --%s?", c->command,
                    wanted, near);
  return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s has no flag --%s; see litert %s --help", c->command,
                  wanted, c->command);
}

/* One letter has one dash, as it is written. */
static const char *dashes(const char *name) {
  return name[1] == '\0' ? "-" : "--";
}

static lrt_status bad_value(cli *c, const cli_flag *flag, const char *text, const char *wanted) {
  return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s%s takes %s, not '%s'", dashes(flag->name), flag->name,
                  wanted, text);
}

static lrt_status read_number(cli *c, const cli_flag *flag, const char *text) {
  char *end = NULL;
  const double value = strtod(text, &end);
  const bool whole = flag->kind == CLI_INT;
  if (end == text || *end != '\0' || !isfinite(value) ||
      (whole && (value != floor(value) || fabs(value) > 9e15)))
    return bad_value(c, flag, text, whole ? "a whole number" : "a number");
  if (value < flag->least)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s%s must be at least %g, not %s", dashes(flag->name),
                    flag->name, flag->least, text);
  if (whole)
    *(int64_t *)flag->value = (int64_t)value;
  else
    *(double *)flag->value = value;
  return LRT_OK;
}

static lrt_status read_bytes(cli *c, const cli_flag *flag, const char *text) {
  static const char units[] = "kmgt";
  char *end = NULL;
  double value = strtod(text, &end);
  if (end != text && *end != '\0') {
    const char *unit = strchr(units, plain(*end));
    if (unit == NULL || end[1] != '\0') end = (char *)text;
    for (const char *u = units; unit != NULL && u <= unit; u++) value *= 1024;
  }
  if (end == text || !(value >= 0 && value < 9e18))
    return bad_value(c, flag, text, "bytes such as 500000, 64k or 1.5G");
  *(uint64_t *)flag->value = (uint64_t)value;
  return LRT_OK;
}

static lrt_status read_choice(cli *c, const cli_flag *flag, const char *text) {
  int index = 0;
  for (const char *word = flag->hint;; index++) {
    const size_t length = strcspn(word, "|");
    if (strlen(text) == length && strncmp(text, word, length) == 0) {
      *(int *)flag->value = index;
      return LRT_OK;
    }
    if (word[length] == '\0') return bad_value(c, flag, text, flag->hint);
    word += length + 1;
  }
}

static lrt_status read_switch(cli *c, const cli_flag *flag, const char *text) {
  const bool yes = text == NULL || strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
  if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
    return bad_value(c, flag, text, "true or false");
  *(bool *)flag->value = yes;
  return LRT_OK;
}

static lrt_status read_absent(cli *c, const cli_flag *flag, const char *text) {
  bool wanted = false;
  const cli_flag asked = {flag->name, CLI_SWITCH, &wanted, 0, NULL, NULL};
  LRT_TRY(read_switch(c, &asked, text));
  if (!wanted) return LRT_OK;
  return lrt_fail(&c->error, LRT_NOT_BUILT_IN,
                  "--%s asks for a component that is not built in; models run on the CPU", flag->name);
}

static lrt_status read_value(cli *c, const cli_flag *flag, const char *text) {
  cli_list *list = flag->value;
  switch (flag->kind) {
  case CLI_SWITCH: return read_switch(c, flag, text);
  case CLI_INT:
  case CLI_REAL: return read_number(c, flag, text);
  case CLI_BYTES: return read_bytes(c, flag, text);
  case CLI_CHOICE: return read_choice(c, flag, text);
  case CLI_TEXT: *(const char **)flag->value = text; return LRT_OK;
  case CLI_ABSENT: return read_absent(c, flag, text);
  case CLI_IGNORED: return LRT_OK;
  case CLI_LIST: break;
  }
  if (list->count == CLI_LIST_MAX)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "--%s may be given %d times", flag->name, CLI_LIST_MAX);
  list->items[list->count++] = text;
  return LRT_OK;
}

static void write_flag(cli *c, const char *name, const char *hint, const char *help, int width) {
  const int length = cli_text_width(name) + (hint != NULL ? cli_text_width(hint) + 1 : 0);
  lrt_str_format(&c->out, "  --%s%s%s%*s  %s\n", name, hint != NULL ? " " : "", hint != NULL ? hint : "",
                 width > length ? width - length : 0, "", help);
}

/* How many operands, from the first one on, name models: the word MODEL, or A and B. */
static int model_operands(const cli_syntax *syntax) {
  if (strcmp(syntax->operands, "A [B]") == 0) return 2;
  return strncmp(syntax->operands, "MODEL", 5) == 0 || strncmp(syntax->operands, "[MODEL]", 7) == 0;
}

static void write_help(cli *c, const cli_syntax *syntax) {
  int width = 0;
  lrt_str_format(&c->out, "Usage: litert %s%s%s [flags]\n\n%s\n\nFlags:\n", c->command,
                 syntax->operands[0] != '\0' ? " " : "", syntax->operands, syntax->about);
  for (int i = 0; i < syntax->flag_count; i++) {
    const cli_flag *flag = &syntax->flags[i];
    const int length = cli_text_width(flag->name) + (flag->hint != NULL ? cli_text_width(flag->hint) + 1 : 0);
    if (flag->help != NULL && length > width) width = length;
  }
  if (model_operands(syntax) > 0 && width < (int)strlen("no-download")) width = (int)strlen("no-download");
  for (int i = 0; i < syntax->flag_count; i++)
    if (syntax->flags[i].help != NULL)
      write_flag(c, syntax->flags[i].name, syntax->flags[i].hint, syntax->flags[i].help, width);
  if (model_operands(syntax) > 0)
    write_flag(c, "no-download", NULL, "do not download a model that is named and not here", width);
  write_flag(c, "json", NULL, "print one JSON object", width);
  write_flag(c, "help", NULL, "print this text", width);
  if (syntax->notes != NULL) lrt_str_format(&c->out, "\n%s\n", syntax->notes);
}

/* Reads the flag argv[*at], and its value where that is the next word. */
static lrt_status read_flag(cli *c, const cli_syntax *syntax, int argc, char **argv, int *at) {
  const char *name = argv[*at] + (argv[*at][1] == '-' ? 2 : 1);
  const size_t length = strcspn(name, "=");
  const char *value = name[length] == '=' ? name + length + 1 : NULL;
  const cli_flag json = {"json", CLI_SWITCH, &c->json, 0, NULL, NULL};
  const cli_flag no_download = {"no-download", CLI_SWITCH, &c->no_download, 0, NULL, NULL};
  const cli_flag *flag = same_name(json.name, name, length) ? &json : NULL;
  if (model_operands(syntax) > 0 && same_name(no_download.name, name, length)) flag = &no_download;
  if (same_name("help", name, length) || same_name("h", name, length)) {
    c->done = true;
    return LRT_OK;
  }
  for (int i = 0; i < syntax->flag_count && flag == NULL; i++)
    if (same_name(syntax->flags[i].name, name, length)) flag = &syntax->flags[i];
  if (flag == NULL) return unknown_flag(c, syntax, name, length);
  if (value == NULL && flag->kind != CLI_SWITCH && flag->kind != CLI_ABSENT) {
    if (*at + 1 >= argc)
      return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s%s needs a value%s%s", dashes(flag->name),
                      flag->name, flag->hint != NULL ? ": " : "", flag->hint != NULL ? flag->hint : "");
    value = argv[++*at];
  }
  return read_value(c, flag, value);
}

lrt_status cli_parse(cli *c, const cli_syntax *syntax, int argc, char **argv, const char **operand) {
  int count = 0;
  bool only_operands = false;
  for (int i = 0; i < syntax->most_operands; i++) operand[i] = NULL;
  for (int i = 1; i < argc && !c->done; i++) {
    if (!only_operands && strcmp(argv[i], "--") == 0) {
      only_operands = true;
    } else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
      LRT_TRY(read_flag(c, syntax, argc, argv, &i));
    } else if (count == syntax->most_operands) {
      return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s takes nothing more than %s; '%s' is left over",
                      c->command, syntax->most_operands > 0 ? syntax->operands : "flags", argv[i]);
    } else {
      operand[count++] = argv[i];
    }
  }
  if (c->done) {
    write_help(c, syntax);
    return LRT_OK;
  }
  for (int i = 0; i < count && i < model_operands(syntax); i++)
    LRT_TRY(cli_zoo_resolve(c, c->models[i], &operand[i]));
  if (count >= syntax->least_operands) return LRT_OK;
  return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s needs %s; see litert %s --help", c->command,
                  syntax->operands, c->command);
}
