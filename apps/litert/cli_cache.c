/* cli_cache.c: what became of the weight cache, for explain and plan. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_cache.h"

#include "cli_table.h"

void cli_cache_print(cli *c, const lrt_model *model) {
  lrt_weight_cache_info cache;
  char size[CLI_TEXT_BYTES];
  lrt_model_weight_cache(model, &cache);
  if (cache.path == NULL) return;
  lrt_str_format(&c->out, "weight cache %s: %s (%s mapped)\n", cache.path, cache.state,
                 cli_bytes_text(cache.read_bytes, size));
}

void cli_cache_json(lrt_json_writer *json, const lrt_model *model) {
  lrt_weight_cache_info cache;
  lrt_model_weight_cache(model, &cache);
  lrt_json_key(json, "weight_cache");
  if (cache.path == NULL) {
    lrt_json_null(json);
    return;
  }
  lrt_json_begin_object(json);
  lrt_json_key(json, "path");
  lrt_json_text(json, cache.path);
  lrt_json_key(json, "state");
  lrt_json_text(json, cache.state);
  lrt_json_key(json, "read_bytes");
  lrt_json_uint(json, cache.read_bytes);
  lrt_json_end_object(json);
}
