/* cmd_run.c: litert run: fills the inputs, runs a model once, prints and writes the outputs; language models answer. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/json.h"
#include "cli_feed.h"
#include "cli_language.h"
#include "cli_result.h"
#include "cli_table.h"

typedef struct run_options {
  cli_session_options session;
  cli_feed_options feed;
  cli_result_options result;
  const char *mean, *std;
  int resize;
} run_options;

/* "127.5" or "0.485,0.456,0.406" into `out`; *count is how many. */
static lrt_status read_channels(cli *c, const char *flag, const char *text, float *out, int *count) {
  *count = 0;
  for (const char *at = text;; at++) {
    char *end = NULL;
    const float value = strtof(at, &end);
    if (end == at || *count == CLI_PICTURE_CHANNELS || (*end != '\0' && *end != ','))
      return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "--%s takes one number or one per channel, not '%s'",
                      flag, text);
    out[(*count)++] = value;
    if (*end == '\0') return LRT_OK;
    at = end;
  }
}

static void spread(float *values, int *count, int wanted) {
  for (int i = *count; i < wanted; i++) values[i] = values[0];
  *count = wanted > *count ? wanted : *count;
}

/* Flags override the rules of the metadata. */
static lrt_status read_rules(cli *c, const run_options *o, cli_picture_rules *rules) {
  float mean[CLI_PICTURE_CHANNELS] = {0}, std[CLI_PICTURE_CHANNELS] = {255};
  int means = 1, stds = 1;
  rules->resize = (cli_resize)o->resize;
  if (o->mean == NULL && o->std == NULL) return LRT_OK;
  if (o->mean != NULL) LRT_TRY(read_channels(c, "mean", o->mean, mean, &means));
  if (o->std != NULL) LRT_TRY(read_channels(c, "std", o->std, std, &stds));
  spread(mean, &means, stds);
  spread(std, &stds, means);
  for (int i = 0; i < stds; i++)
    if (std[i] == 0.0f) return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "--std must not be 0");
  rules->count = stds;
  memcpy(rules->mean, mean, sizeof mean);
  memcpy(rules->std, std, sizeof std);
  return LRT_OK;
}

static lrt_status run_once(cli *c, cli_session *session, run_options *o, cli_result *result) {
  LRT_TRY(read_rules(c, o, &o->feed.rules));
  LRT_TRY(cli_feed(c, session, &o->feed));
  const double began = lrt_clock_seconds();
  LRT_TRY(lrt_interpreter_invoke(session->interpreter, session->subgraph, &c->error));
  result->seconds = lrt_clock_seconds() - began;
  return cli_result_report(c, session, &o->result, result);
}

lrt_status cmd_run(cli *c, int argc, char **argv) {
  run_options o = {.session = CLI_SESSION_DEFAULTS, .feed.seed = -1};
  const cli_flag flags[] = {
      {"input", CLI_LIST, &o.feed.inputs, 0, "[NAME=]FILE",
       "contents of an input: .npy, .png, .jpg or raw bytes"},
      {"seed", CLI_INT, &o.feed.seed, 0, "N", "random contents for inputs without --input"},
      {"output-dir", CLI_TEXT, &o.result.folder, 0, "DIR", "write each output there as NAME.npy"},
      {"as-picture", CLI_SWITCH, &o.result.as_picture, 0, NULL,
       "write outputs that are pictures as NAME.png"},
      {"labels", CLI_TEXT, &o.result.labels, 0, "FILE", "names of the classes, one per line"},
      {"mean", CLI_TEXT, &o.mean, 0, "M[,M…]", "pictures: subtract M from 0…255 (default 0)"},
      {"std", CLI_TEXT, &o.std, 0, "S[,S…]", "pictures: then divide by S (default 255)"},
      {"resize", CLI_CHOICE, &o.resize, 0, "stretch|fit|crop", "pictures: how they get the input's size"},
      {"allow-resize", CLI_SWITCH, &o.feed.allow_resize, 0, NULL,
       "give inputs the shape of the array whatever the file says"},
      CLI_SESSION_FLAGS(o.session),
  };
  const cli_syntax syntax = {"MODEL",
                             "Runs a model once and prints its outputs.",
                             flags,
                             sizeof flags / sizeof flags[0],
                             1,
                             1,
                             "Inputs without NAME= are taken in the order of the model. A string input takes "
                             "its text itself, or the\n"
                             "lines of a file as @FILE. A language model answers prompts instead: litert run "
                             "MODEL.litertlm --help lists its flags."};
  const char *path = NULL;
  cli_session session;
  cli_result result = {0};
  if (cli_language_wanted(argc, argv)) return cli_language_run(c, argc, argv);
  lrt_status status = cli_parse(c, &syntax, argc, argv, &path);
  if (status != LRT_OK || c->done) return status;
  if (o.result.as_picture && o.result.folder == NULL)
    return lrt_fail(&c->error, LRT_INVALID_ARGUMENT, "--as-picture needs --output-dir DIR");
  LRT_TRY(cli_session_open(c, path, &o.session, &session));
  status = run_once(c, &session, &o, &result);
  cli_session_close(&session);
  return status;
}
