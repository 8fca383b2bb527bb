/* cli_zoo.h: models by name where a command takes a model file. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_ZOO_H
#define LRT_CLI_ZOO_H

#include "cli.h"
#include "litert/zoo.h"

/* Where *operand is no path, but the name of a model: writes the model's path into `path` ([4096]) and points *operand
 * there. A model that is not on this machine is downloaded, after saying so on standard error, unless --no-download is
 * given (then NOT_FOUND). An existing path wins; what is neither stays as it is. */
lrt_status cli_zoo_resolve(cli *c, char *path, const char **operand);
/* Whether a word is no path, and the name of a language model. */
bool cli_zoo_is_language(const char *word);
/* Whether a word is no path, and the name of a model on this machine, whose path goes into `path`. */
bool cli_zoo_find_here(const char *word, char *path, size_t size);
/* The model of that name, on this machine or not. NOT_FOUND names the nearest. */
lrt_status cli_zoo_find(cli *c, const lrt_zoo_models *models, const char *name, const lrt_zoo_model **out);

#endif
