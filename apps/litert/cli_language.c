/* cli_language.c: flags of a language model, where its prompt comes from, one answer. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_language.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fail.h"
#include "cli_answer.h"
#include "cli_chat.h"
#include "cli_file.h"
#include "cli_flags.h"
#include "cli_zoo.h"
#include "formats/file_kind.h"
#include "litert/parts.h"

typedef struct request {
  const char *prompt, *system, *tokenizer, *chat_template;
  int64_t max_tokens, max_context, top_k, seed, threads; /* top_k, seed -1: not given */
  double temperature, top_p, min_p;                      /* -1: not given */
  cli_list stops;
  uint64_t memory_limit;
  int mode;
  bool no_template;
} request;

/* ---- is it a language model? ---- */

static lrt_file_kind kind_of(const char *path) {
  uint8_t head[LRT_FILE_KIND_BYTES];
  FILE *file = fopen(path, "rb");
  if (file == NULL) return LRT_FILE_UNKNOWN;
  const size_t got = fread(head, 1, sizeof head, file);
  fclose(file);
  return lrt_file_kind_of(head, got, got);
}

/* Model files may be zip archives too; a language model has metadata or a tokenizer beside its graph. */
static bool has_language_parts(const char *path) {
  lrt_model *model = NULL;
  lrt_parts *parts = NULL;
  lrt_part_info info;
  bool found = false;
  if (lrt_model_open(path, NULL, &model, NULL) == LRT_OK && lrt_parts_create(model, &parts, NULL) == LRT_OK)
    for (int32_t i = 0; !found && lrt_parts_info(parts, i, &info) == LRT_OK; i++)
      found = strcmp(info.kind, "llm_metadata") == 0 || strstr(info.kind, "tokenizer") != NULL;
  lrt_parts_destroy(parts);
  lrt_model_destroy(model);
  return found;
}

/* An absent file is a language model where its name says so: the error is then about the file, not about flags. */
static bool is_absent_bundle(const char *path) {
  const size_t length = strlen(path);
  return length > 9 && strcmp(path + length - 9, ".litertlm") == 0 && access(path, F_OK) != 0;
}

static bool is_flag(const char *word, const char *name) {
  const size_t length = strlen(name);
  if (strncmp(word, "--", 2) != 0) return false;
  for (size_t i = 0; i < length; i++)
    if (word[i + 2] != name[i] && !(word[i + 2] == '_' && name[i] == '-')) return false;
  return word[length + 2] == '\0' || word[length + 2] == '=';
}

bool cli_language_wanted(int argc, char **argv) {
  static const char *const graph[] = {"input", "signature", "output-dir", "external-delegate-path"};
  bool wanted = false;
  for (int i = 1; i < argc; i++) {
    for (size_t j = 0; j < sizeof graph / sizeof *graph; j++)
      if (is_flag(argv[i], graph[j])) return false;
    if (is_flag(argv[i], "tokenizer")) wanted = true;
  }
  for (int i = 1; i < argc && !wanted; i++) {
    const lrt_file_kind kind = argv[i][0] == '-' ? LRT_FILE_UNKNOWN : kind_of(argv[i]);
    wanted = kind == LRT_FILE_LITERTLM || is_absent_bundle(argv[i]) || cli_zoo_is_language(argv[i]) ||
             (kind == LRT_FILE_ZIP && has_language_parts(argv[i]));
  }
  return wanted;
}

/* ---- options ---- */

static void set_sampling(const lrt_engine *engine, const request *r, lrt_sampling *out) {
  lrt_engine_sampling(engine, out);
  if (r->temperature >= 0) out->temperature = (float)r->temperature;
  if (r->top_k >= 0) out->top_k = (int32_t)r->top_k;
  if (r->top_p >= 0) out->top_p = (float)r->top_p;
  if (r->min_p >= 0) out->min_p = (float)r->min_p;
  /* without a seed, each call draws otherwise */
  if (r->seed >= 0)
    out->seed = (uint64_t)r->seed;
  else if (out->seed == 0 && getrandom(&out->seed, sizeof out->seed, 0) < 0)
    out->seed = (uint64_t)getpid();
}

static lrt_status open_engine(cli *c, const char *path, const request *r, lrt_engine **out) {
  lrt_engine_options options = {.tokenizer = r->tokenizer, .num_threads = (int)r->threads};
  cli_file text = {NULL, 0};
  lrt_str chat;
  options.max_context = (int32_t)r->max_context;
  options.limits.bytes = r->memory_limit;
  if (r->mode >= 0) options.mode = (lrt_mode)(r->mode + 1);
  if (r->chat_template != NULL) LRT_TRY(cli_file_read(r->chat_template, &text, &c->error));
  lrt_str_init(&chat, lrt_alloc_default(), 0);
  lrt_str_add(&chat, (const char *)text.bytes, text.length);
  cli_file_clear(&text);
  if (r->chat_template != NULL) options.chat_template = chat.text;
  lrt_status status = lrt_str_check(&chat, &c->error);
  if (status == LRT_OK) status = lrt_engine_open(path, &options, out, &c->error);
  lrt_str_clear(&chat);
  return status;
}

/* ---- the prompt ---- */

static lrt_status read_input(cli *c, lrt_str *out) {
  char block[65536];
  size_t got;
  while ((got = fread(block, 1, sizeof block, stdin)) > 0) lrt_str_add(out, block, got);
  if (ferror(stdin)) return lrt_fail(&c->error, LRT_IO, "standard input cannot be read");
  if (out->length > 0 && out->text[out->length - 1] == '\n') lrt_str_cut(out, out->length - 1);
  return lrt_str_check(out, &c->error);
}

/* --prompt, the second operand ("-": standard input), or standard input where it is no terminal. *chats: none of them. */
static lrt_status find_prompt(cli *c, const request *r, const char *operand, lrt_str *out, bool *chats) {
  const char *given = r->prompt != NULL ? r->prompt : operand;
  if (r->prompt != NULL && operand != NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "there are two prompts: --prompt and '%.60s'", operand);
  *chats = given == NULL && isatty(STDIN_FILENO);
  if (*chats) return LRT_OK;
  if (given != NULL && strcmp(given, "-") != 0)
    lrt_str_add_text(out, given);
  else
    LRT_TRY(read_input(c, out));
  if (out->length == 0) return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "the prompt is empty");
  return lrt_str_check(out, &c->error);
}

/* ---- one answer ---- */

static lrt_status open_answer(cli *c, lrt_engine *engine, const request *r, const lrt_str *prompt,
                              cli_answer *a) {
  const lrt_conversation_options options = {.system = r->system};
  if (r->no_template) {
    LRT_TRY(lrt_session_create(engine, NULL, &a->session, &c->error));
    return lrt_session_append_text(a->session, prompt->text, prompt->length, &c->error);
  }
  LRT_TRY(lrt_conversation_create(engine, &options, &a->conversation, &c->error));
  a->session = lrt_conversation_session(a->conversation);
  return lrt_conversation_add(a->conversation, "user", prompt->text, prompt->length, &c->error);
}

static lrt_status answer_once(cli *c, lrt_engine *engine, const request *r,
                              const lrt_generate_options *generate, const lrt_str *prompt) {
  cli_answer a = {.options = generate, .silent = c->json};
  lrt_engine_info info;
  lrt_answer told;
  lrt_engine_describe(engine, &info);
  lrt_status status = open_answer(c, engine, r, prompt, &a);
  if (status == LRT_OK) status = cli_answer_run(c, &a);
  if (status == LRT_OK && c->json) status = cli_answer_report(c, &a, info.load_seconds);
  if (a.session != NULL && !c->json) {
    lrt_session_answer(a.session, &told);
    if (told.text_length > 0 && told.text[told.text_length - 1] != '\n') cli_answer_write("\n", 1);
  }
  if (a.conversation == NULL) lrt_session_destroy(a.session);
  lrt_conversation_destroy(a.conversation);
  return status;
}

static lrt_status run(cli *c, const char *path, const request *r, const lrt_str *prompt, bool chats) {
  lrt_engine *engine = NULL;
  LRT_TRY(open_engine(c, path, r, &engine));
  cli_chat_options options = {.model = path, .system = r->system};
  options.generate.max_tokens = (int32_t)r->max_tokens;
  options.generate.stop_texts = r->stops.items;
  options.generate.stop_text_count = (size_t)r->stops.count;
  set_sampling(engine, r, &options.generate.sampling);
  const lrt_status status =
      chats ? cli_chat_run(c, engine, &options) : answer_once(c, engine, r, &options.generate, prompt);
  lrt_engine_destroy(engine);
  return status;
}

static lrt_status check(cli *c, const request *r, bool chats) {
  if (r->no_template && r->system != NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT,
                    "--system needs the chat template that --no-template leaves out");
  if (chats && (c->json || r->no_template))
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s needs a prompt",
                    c->json ? "--json" : "--no-template");
  return LRT_OK;
}

lrt_status cli_language_run(cli *c, int argc, char **argv) {
  request r = {.top_k = -1, .seed = -1, .temperature = -1, .top_p = -1, .min_p = -1, .mode = -1};
  const cli_flag flags[] = {
      {"prompt", CLI_TEXT, &r.prompt, 0, "TEXT",
       "what to answer; else PROMPT, else standard input, else a chat"},
      {"system", CLI_TEXT, &r.system, 0, "TEXT", "system message"},
      {"max-tokens", CLI_INT, &r.max_tokens, 0, "N", "longest answer (default: until the model stops)"},
      {"temperature", CLI_REAL, &r.temperature, 0, "T",
       "0 = the most probable token (default: what the model recommends)"},
      {"top-k", CLI_INT, &r.top_k, 0, "K", "choose among the K most probable tokens; 0 = all"},
      {"top-p", CLI_REAL, &r.top_p, 0, "P", "among the fewest that have P of the probability"},
      {"min-p", CLI_REAL, &r.min_p, 0, "P", "among those at least P times as probable as the best"},
      {"seed", CLI_INT, &r.seed, 0, "N", "of the random numbers; the same seed gives the same text"},
      {"stop", CLI_LIST, &r.stops, 0, "TEXT", "ends the answer where TEXT would come; may be given again"},
      {"no-template", CLI_SWITCH, &r.no_template, 0, NULL,
       "continue the prompt as it is, without a chat template"},
      {"chat-template", CLI_TEXT, &r.chat_template, 0, "FILE", "a Jinja template instead of the bundle's"},
      {"tokenizer", CLI_TEXT, &r.tokenizer, 0, "FILE",
       "tokenizer.json or a SentencePiece model instead of the bundle's"},
      {"max-context", CLI_INT, &r.max_context, 0, "N", "use at most N positions of the context"},
      {"num-threads", CLI_INT, &r.threads, 0, "N", "threads, 0 = all usable cores (default 0)"},
      {"mode", CLI_CHOICE, &r.mode, 0, "fast|ref", "numerics (default: LITERT_MODE, else fast)"},
      {"memory-limit", CLI_BYTES, &r.memory_limit, 0, "BYTES", "give up above this much memory (64k, 1.5G)"},
  };
  const cli_syntax syntax = {
      "MODEL [PROMPT]",
      "Answers a prompt with a language model, or chats.",
      flags,
      sizeof flags / sizeof flags[0],
      1,
      2,
      "Without a prompt, and with a terminal to type in, a chat begins; /help there lists its commands."};
  const char *operand[2] = {NULL, NULL};
  bool chats = false;
  lrt_str prompt;
  lrt_status status = cli_parse(c, &syntax, argc, argv, operand);
  if (status != LRT_OK || c->done) return status;
  lrt_str_init(&prompt, lrt_alloc_default(), 0);
  status = find_prompt(c, &r, operand[1], &prompt, &chats);
  if (status == LRT_OK) status = check(c, &r, chats);
  if (status == LRT_OK) status = run(c, operand[0], &r, &prompt, chats);
  lrt_str_clear(&prompt);
  return status;
}
