/* cli_language_meta.c: LlmMetadata as lines and as JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_language_meta.h"

#include <string.h>

#include "base/fail.h"
#include "formats/llm_metadata.h"
#include "litert/parts.h"

typedef struct meta {
  lrt_arena arena;
  lrt_llm_metadata about;
  bool found;
  lrt_error problem; /* older bundles have another message there: told, and no reason to show nothing else */
} meta;

static lrt_status read_part(cli *c, const lrt_parts *parts, int32_t index, uint64_t bytes, meta *out) {
  if (bytes > SIZE_MAX)
    return lrt_fail(&c->error, LRT_UNSUPPORTED, "the metadata is too large for this machine");
  uint8_t *data = lrt_alloc_get(lrt_alloc_default(), (size_t)bytes);
  if (data == NULL) return lrt_alloc_fail(&c->error, lrt_alloc_default(), bytes, "the metadata");
  lrt_status status = lrt_parts_read(parts, index, data, &c->error);
  if (status == LRT_OK)
    status = lrt_llm_metadata_read(data, (size_t)bytes, &out->arena, &out->about, &out->problem);
  lrt_alloc_free(data);
  out->found = status == LRT_OK || status == LRT_INVALID_MODEL;
  if (status == LRT_INVALID_MODEL && out->problem.code != LRT_OK) return LRT_OK;
  return status != LRT_OK && out->problem.code != LRT_OK
             ? lrt_fail(&c->error, status, "%s", out->problem.message)
             : status;
}

/* The first section of metadata; `out` is cleared by its arena, also after a failure. */
static lrt_status read_meta(cli *c, lrt_model *model, meta *out) {
  lrt_parts *parts = NULL;
  lrt_part_info info;
  lrt_status status = LRT_OK;
  memset(out, 0, sizeof *out);
  lrt_arena_init(&out->arena, lrt_alloc_default());
  LRT_TRY(lrt_parts_create(model, &parts, &c->error));
  for (int32_t i = 0; status == LRT_OK && !out->found && lrt_parts_info(parts, i, &info) == LRT_OK; i++)
    if (strcmp(info.kind, "llm_metadata") == 0) status = read_part(c, parts, i, info.bytes, out);
  lrt_parts_destroy(parts);
  return status;
}

/* ---- JSON; the lines use its quoting ---- */

static void put_text(lrt_json_writer *json, const char *key, const char *text) {
  lrt_json_key(json, key);
  lrt_json_text(json, text);
}

/* A text, or a list of ids. */
static void put_token(lrt_json_writer *json, const lrt_token_union *token) {
  if (token->text != NULL) {
    lrt_json_text(json, token->text);
    return;
  }
  lrt_json_begin_array(json);
  for (size_t i = 0; i < token->count; i++) lrt_json_int(json, token->ids[i]);
  lrt_json_end_array(json);
}

static void put_stops(lrt_json_writer *json, const lrt_llm_metadata *about) {
  lrt_json_begin_array(json);
  for (size_t i = 0; i < about->stop_token_count; i++) put_token(json, &about->stop_tokens[i]);
  lrt_json_end_array(json);
}

static void put_affixes(lrt_json_writer *json, const char *role, const lrt_prompt_affixes *affixes) {
  if (!affixes->is_set) return;
  lrt_json_key(json, role);
  lrt_json_begin_object(json);
  put_text(json, "prefix", affixes->prefix == NULL ? "" : affixes->prefix);
  put_text(json, "suffix", affixes->suffix == NULL ? "" : affixes->suffix);
  lrt_json_end_object(json);
}

static const char *sampler_name(int32_t type) {
  switch (type) {
  case LRT_SAMPLER_TOP_K: return "top_k";
  case LRT_SAMPLER_TOP_P: return "top_p";
  case LRT_SAMPLER_GREEDY: return "greedy";
  default: return "unspecified";
  }
}

static void put_sampler(lrt_json_writer *json, const lrt_sampler_parameters *sampler) {
  lrt_json_begin_object(json);
  put_text(json, "type", sampler_name(sampler->type));
  lrt_json_key(json, "k");
  lrt_json_int(json, sampler->k);
  lrt_json_key(json, "p");
  lrt_json_float(json, sampler->p);
  lrt_json_key(json, "temperature");
  lrt_json_float(json, sampler->temperature);
  if (sampler->has_seed) lrt_json_key(json, "seed");
  if (sampler->has_seed) lrt_json_int(json, sampler->seed);
  lrt_json_end_object(json);
}

static void put_trait(lrt_json_writer *json, const lrt_llm_trait *trait) {
  lrt_json_key(json, trait->name);
  switch (trait->kind) {
  case LRT_LLM_TRAIT_TEXT: lrt_json_text(json, trait->text); break;
  case LRT_LLM_TRAIT_NUMBER: lrt_json_double(json, trait->number); break;
  case LRT_LLM_TRAIT_TOKEN: put_token(json, &trait->token); break;
  }
}

static void put_channels(lrt_json_writer *json, const lrt_llm_metadata *about) {
  lrt_json_begin_array(json);
  for (size_t i = 0; i < about->channel_count; i++) {
    lrt_json_begin_object(json);
    put_text(json, "name", about->channels[i].name);
    put_text(json, "start", about->channels[i].start);
    put_text(json, "end", about->channels[i].end);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

static void put_about(lrt_json_writer *json, const lrt_llm_metadata *about) {
  lrt_json_key(json, "language_model");
  lrt_json_begin_object(json);
  put_text(json, "type", lrt_llm_type_name(about->model_type));
  lrt_json_key(json, "max_tokens");
  lrt_json_int(json, about->max_num_tokens);
  lrt_json_key(json, "start");
  put_token(json, &about->start_token);
  lrt_json_key(json, "stops");
  put_stops(json, about);
  lrt_json_key(json, "prompts");
  lrt_json_begin_object(json);
  put_affixes(json, "system", &about->system);
  put_affixes(json, "user", &about->user);
  put_affixes(json, "model", &about->model);
  lrt_json_end_object(json);
  if (about->sampler.is_set) lrt_json_key(json, "sampler");
  if (about->sampler.is_set) put_sampler(json, &about->sampler);
  put_text(json, "template", about->jinja_template);
  lrt_json_key(json, "channels");
  put_channels(json, about);
  lrt_json_key(json, "thinking");
  lrt_json_bool(json, about->supports_thinking);
  lrt_json_key(json, "function_calling");
  lrt_json_bool(json, about->supports_function_calling);
  put_text(json, "min_runtime_version", about->min_runtime_version);
  lrt_json_key(json, "traits");
  lrt_json_begin_object(json);
  for (size_t i = 0; i < about->trait_count; i++) put_trait(json, &about->traits[i]);
  lrt_json_end_object(json);
  lrt_json_end_object(json);
}

lrt_status cli_language_meta_json(cli *c, lrt_json_writer *json, lrt_model *model) {
  meta m;
  const lrt_status status = read_meta(c, model, &m);
  if (status == LRT_OK && m.found && m.problem.code != LRT_OK) {
    lrt_json_key(json, "language_model");
    lrt_json_begin_object(json);
    put_text(json, "error", m.problem.message);
    lrt_json_end_object(json);
  } else if (status == LRT_OK && m.found) {
    put_about(json, &m.about);
  }
  lrt_arena_clear(&m.arena);
  return status;
}

/* ---- lines ---- */

static void begin_line(cli *c, const char *title, lrt_json_writer *json) {
  lrt_str_format(&c->out, "  %-9s ", title);
  lrt_json_writer_init(json, &c->out);
}

static void print_token(cli *c, const char *title, const lrt_token_union *token) {
  lrt_json_writer json;
  if (token->text == NULL && token->count == 0) return;
  begin_line(c, title, &json);
  put_token(&json, token);
  lrt_str_add(&c->out, "\n", 1);
}

static void print_affixes(cli *c, const char *title, const lrt_prompt_affixes *affixes) {
  lrt_json_writer json;
  if (!affixes->is_set) return;
  begin_line(c, title, &json);
  lrt_json_text(&json, affixes->prefix == NULL ? "" : affixes->prefix);
  lrt_str_add_text(&c->out, " … ");
  lrt_json_writer_init(&json, &c->out);
  lrt_json_text(&json, affixes->suffix == NULL ? "" : affixes->suffix);
  lrt_str_add(&c->out, "\n", 1);
}

static void print_about(cli *c, const lrt_llm_metadata *about) {
  lrt_json_writer json;
  const lrt_sampler_parameters *sampler = &about->sampler;
  lrt_str_format(&c->out, "Language model\n  %-9s %s\n", "type", lrt_llm_type_name(about->model_type));
  if (about->max_num_tokens > 0)
    lrt_str_format(&c->out, "  %-9s %d tokens\n", "context", (int)about->max_num_tokens);
  print_token(c, "start", &about->start_token);
  begin_line(c, "stops", &json);
  put_stops(&json, about);
  lrt_str_add(&c->out, "\n", 1);
  print_affixes(c, "system", &about->system);
  print_affixes(c, "user", &about->user);
  print_affixes(c, "model", &about->model);
  if (sampler->is_set)
    lrt_str_format(&c->out, "  %-9s %s, k %d, p %g, temperature %g\n", "sampler", sampler_name(sampler->type),
                   (int)sampler->k, (double)sampler->p, (double)sampler->temperature);
  if (about->jinja_template != NULL)
    lrt_str_format(&c->out, "  %-9s %zu bytes of Jinja (--template prints it)\n", "template",
                   strlen(about->jinja_template));
}

lrt_status cli_language_meta_print(cli *c, lrt_model *model) {
  meta m;
  const lrt_status status = read_meta(c, model, &m);
  if (status == LRT_OK && m.found && m.problem.code != LRT_OK)
    lrt_str_format(&c->out, "Language model\n  not understood: %s\n", m.problem.message);
  else if (status == LRT_OK && m.found)
    print_about(c, &m.about);
  lrt_arena_clear(&m.arena);
  return status;
}

lrt_status cli_language_meta_template(cli *c, lrt_model *model) {
  meta m;
  lrt_status status = read_meta(c, model, &m);
  if (status == LRT_OK && m.problem.code != LRT_OK)
    status = lrt_fail(&c->error, LRT_INVALID_MODEL, "%s", m.problem.message);
  else if (status == LRT_OK && m.about.jinja_template == NULL)
    status = lrt_fail(&c->error, LRT_INVALID_MODEL, "%s has no chat template", lrt_model_name(model));
  if (status == LRT_OK) lrt_str_format(&c->out, "%s\n", m.about.jinja_template);
  lrt_arena_clear(&m.arena);
  return status == LRT_OK ? lrt_str_check(&c->out, &c->error) : status;
}
