/* cli_delegate.c: the flags about delegates: opening one, and telling what it runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_delegate.h"

#include <string.h>

#include "base/fail.h"

#define MAX_OPTIONS 256

typedef struct pairs {
  const char *keys[MAX_OPTIONS], *values[MAX_OPTIONS];
  int32_t count;
} pairs;

/* Cuts "key:value;key:value" where it stands. */
static lrt_status split(cli *c, char *text, pairs *out) {
  for (char *next; text != NULL && *text != '\0'; text = next) {
    char *end = strchr(text, ';'), *colon;
    next = end != NULL ? end + 1 : NULL;
    if (end != NULL) *end = '\0';
    if (*text == '\0') continue;
    colon = strchr(text, ':');
    if (colon == NULL || colon == text)
      return lrt_fail(&c->error, LRT_INVALID_ARGUMENT,
                      "--external-delegate-options: '%s' is not of the form key:value", text);
    if (out->count == MAX_OPTIONS)
      return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "--external-delegate-options: more than %d options",
                      MAX_OPTIONS);
    *colon = '\0';
    out->keys[out->count] = text;
    out->values[out->count++] = colon + 1;
  }
  return LRT_OK;
}

static lrt_status check(cli *c, const cli_delegate_options *options) {
  if (options->max_groups > INT32_MAX || options->min_nodes > INT32_MAX)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "a limit of the delegate is too large");
  if (options->path != NULL || (options->options == NULL && !options->fallback)) return LRT_OK;
  return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "%s needs --external-delegate-path",
                  options->fallback ? "--delegate-fallback" : "--external-delegate-options");
}

lrt_status cli_delegate_open(cli *c, const cli_delegate_options *options, lrt_delegate **out) {
  const lrt_delegate_limits limits = {(int32_t)options->max_groups, (int32_t)options->min_nodes};
  static pairs found;
  lrt_str copy;
  *out = NULL;
  LRT_TRY(check(c, options));
  if (options->path == NULL) return LRT_OK;
  lrt_str_init(&copy, lrt_alloc_default(), 0);
  lrt_str_add_text(&copy, options->options != NULL ? options->options : "");
  lrt_status status = lrt_str_check(&copy, &c->error);
  found.count = 0;
  if (status == LRT_OK) status = split(c, copy.text, &found);
  if (status == LRT_OK)
    status = lrt_delegate_open(options->path, found.keys, found.values, found.count, &limits, out, &c->error);
  lrt_str_clear(&copy);
  return status;
}

void cli_delegate_print(cli *c, const lrt_interpreter *interpreter, int32_t subgraph) {
  lrt_delegation_info info;
  for (int32_t d = 0; lrt_interpreter_delegation(interpreter, subgraph, d, &info) == LRT_OK; d++) {
    if (d == 0) lrt_str_add_text(&c->out, "\ndelegates\n");
    if (info.refused[0] != '\0')
      lrt_str_format(&c->out, "  %s: left out: %s\n", info.name, info.refused);
    else
      lrt_str_format(&c->out, "  %s: %d node%s in %d group%s\n", info.name, (int)info.node_count,
                     info.node_count == 1 ? "" : "s", (int)info.group_count,
                     info.group_count == 1 ? "" : "s");
  }
}

void cli_delegate_json(lrt_json_writer *json, const lrt_interpreter *interpreter, int32_t subgraph) {
  lrt_delegation_info info;
  lrt_json_key(json, "delegates");
  lrt_json_begin_array(json);
  for (int32_t d = 0; lrt_interpreter_delegation(interpreter, subgraph, d, &info) == LRT_OK; d++) {
    lrt_json_begin_object(json);
    lrt_json_key(json, "name");
    lrt_json_text(json, info.name);
    lrt_json_key(json, "nodes");
    lrt_json_int(json, info.node_count);
    lrt_json_key(json, "groups");
    lrt_json_int(json, info.group_count);
    lrt_json_key(json, "refused");
    lrt_json_text(json, info.refused[0] != '\0' ? info.refused : NULL);
    lrt_json_end_object(json);
  }
  lrt_json_end_array(json);
}

void cli_delegate_remark(lrt_str *out, const lrt_step_info *step) {
  if (step->delegate == NULL) {
    if (step->left[0] != '\0') lrt_str_format(out, "%s%s", out->length > 0 ? "; " : "", step->left);
    return;
  }
  lrt_str_add_text(out, step->node_count == 1 ? "runs node" : "runs nodes");
  for (int32_t i = 0; i < step->node_count; i++) {
    int32_t last = i; /* neighbours as a range */
    while (last + 1 < step->node_count && step->nodes[last + 1] == step->nodes[last] + 1) last++;
    lrt_str_format(out, "%s %d", i > 0 ? "," : "", (int)step->nodes[i]);
    if (last > i) lrt_str_format(out, "-%d", (int)step->nodes[last]);
    i = last;
  }
}
