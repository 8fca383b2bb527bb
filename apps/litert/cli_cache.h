/* cli_cache.h: what became of the weight cache, for explain and plan. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CACHE_H
#define CLI_CACHE_H

#include "base/json.h"
#include "cli.h"
#include "litert/model.h"

/* One line, where there is a cache. */
void cli_cache_print(cli *c, const lrt_model *model);
/* "weight_cache": {"path", "state", "read_bytes"}, or null. */
void cli_cache_json(lrt_json_writer *json, const lrt_model *model);

#endif
