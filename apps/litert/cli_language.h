/* cli_language.h: litert run on a language model: one answer to a prompt, or a chat. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_LANGUAGE_H
#define LRT_CLI_LANGUAGE_H

#include "cli.h"

/* The command line names a bundle with a language model (told by its bytes), or gives a model its tokenizer with
 * --tokenizer. Flags that fill inputs of a graph (--input, --signature, --output-dir) say otherwise. */
bool cli_language_wanted(int argc, char **argv);
lrt_status cli_language_run(cli *c, int argc, char **argv);

#endif
