/* cli_checkpoint.h: a GGUF file where a model is wanted: converted once, into the user's cache. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_CHECKPOINT_H
#define LRT_CLI_CHECKPOINT_H

#include "cli.h"

/* Replaces each operand of argv: [argc] that is a GGUF file by the bundle it was converted to, which is made first where
 * the cache ($XDG_CACHE_HOME/litert/converted, or below ~/.cache) does not have it; says so on standard error. The flag
 * --no-convert is taken out of argv and makes a GGUF file an error (UNSUPPORTED). *made: the texts that argv points to, to be
 * freed by the caller when argv is done with. */
lrt_status cli_checkpoint_replace(cli *c, int *argc, char **argv, char **made);

#endif
