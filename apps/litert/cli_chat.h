/* cli_chat.h: a chat in the terminal: a line is read, an answer is written, lines that begin with / are commands. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_CHAT_H
#define LRT_CLI_CHAT_H

#include "cli.h"
#include "litert/llm.h"

typedef struct cli_chat_options {
  const char *model;  /* for the first line */
  const char *system; /* or NULL */
  lrt_generate_options generate;
} cli_chat_options;

/* Chats until /exit, Ctrl-D or two Ctrl-C. A turn that fails is told and taken back; the chat goes on. */
lrt_status cli_chat_run(cli *c, lrt_engine *engine, const cli_chat_options *options);

#endif
