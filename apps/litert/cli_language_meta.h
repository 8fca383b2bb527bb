/* cli_language_meta.h: what a bundle's metadata says about its language model, for litert inspect. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_LANGUAGE_META_H
#define LRT_CLI_LANGUAGE_META_H

#include "base/json.h"
#include "cli.h"
#include "litert/model.h"

/* Adds lines to c->out; nothing for models without such metadata. */
lrt_status cli_language_meta_print(cli *c, lrt_model *model);
/* Adds the member "language_model": {"type","max_tokens","start","stops","prompts","sampler","template",…}. */
lrt_status cli_language_meta_json(cli *c, lrt_json_writer *json, lrt_model *model);
/* The Jinja template alone; INVALID_MODEL where the metadata has none. */
lrt_status cli_language_meta_template(cli *c, lrt_model *model);

#endif
