/* cli_session.h: a model opened for running: interpreter, chosen signature, inputs and outputs by name. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_SESSION_H
#define LRT_CLI_SESSION_H

#include "cli.h"
#include "cli_delegate.h"
#include "cli_flags.h"
#include "cli_meta.h"
#include "litert/interpreter.h"

/* An input or output of the subgraph that runs. Names belong to the model. */
typedef struct cli_port {
  const char *name; /* of the signature; without one, of the tensor */
  const char *tensor_name;
  int32_t tensor;
  lrt_tensor_info info;
} cli_port;

/* What a command line may say about running; CLI_SESSION_FLAGS binds flags to it. */
typedef struct cli_session_options {
  int64_t threads;
  int mode; /* lrt_mode - 1: fast, ref; -1 = not given */
  const char *signature;
  uint64_t memory_limit;
  int64_t step_limit;
  double time_limit;
  bool preserve, profile;
  const char *weight_cache;
  cli_delegate_options delegate;
  cli_list libraries; /* of custom operators */
} cli_session_options;

#define CLI_SESSION_DEFAULTS                                                                                 \
  {                                                                                                          \
    1, -1, NULL, 0, 0, 0, false, false, NULL, {NULL, NULL, 0, 0, false}, {                                   \
      {NULL}, 0                                                                                              \
    }                                                                                                        \
  }

/* The flag that names libraries of custom operators, also for commands that run nothing. */
#define CLI_LIBRARY_FLAG(o)                                                                                  \
  { "custom-op-library", CLI_LIST, &(o).libraries, 0, "FILE", "shared library of custom operators" }

/* Entries of a flag table, for a cli_session_options `o`. */
#define CLI_SESSION_FLAGS(o)                                                                                 \
  {"signature", CLI_TEXT, &(o).signature, 0, "KEY", "signature to run (default: subgraph 0)"},               \
      {"num-threads", CLI_INT, &(o).threads, 0, "N", "threads, 0 = all usable cores (default 1)"},           \
      {"mode", CLI_CHOICE, &(o).mode, 0, "fast|ref", "numerics (default: LITERT_MODE, else fast)"},          \
      {"memory-limit",    CLI_BYTES,                                                                         \
       &(o).memory_limit, 0,                                                                                 \
       "BYTES",           "give up above this much memory (64k, 1.5G)"},                                     \
      {"weight-cache",    CLI_TEXT,                                                                          \
       &(o).weight_cache, 0,                                                                                 \
       "PATH|DIR",        "keep packed weights in this file, or in one of this folder"},                     \
      CLI_DELEGATE_FLAGS((o).delegate),                                                                      \
      {"time-limit", CLI_REAL, &(o).time_limit, 0, "S", "give up when planning or one run takes longer"},    \
      {"step-limit", CLI_INT, &(o).step_limit, 0, "N", "give up after this many steps in one run"},          \
      CLI_LIBRARY_FLAG(o)

typedef struct cli_session {
  lrt_model *model;
  lrt_interpreter *interpreter;
  lrt_delegate *delegate; /* or NULL */
  cli_meta meta;          /* about the inputs and outputs of subgraph 0; empty for the others */
  int32_t subgraph;
  const char *signature; /* key, or NULL */
  cli_port *inputs;      /* [input_count], in the order of the subgraph */
  cli_port *outputs;     /* [output_count] */
  int32_t input_count, output_count;
  int threads;
  lrt_mode mode;
  double load_seconds; /* opening the model and making the interpreter */
} cli_session;

/* Opens only the model. Errors: those of lrt_model_open. */
lrt_status cli_session_open_model(cli *c, const char *path, const cli_session_options *options,
                                  lrt_model **out);
/* Opens, picks the signature, and makes the interpreter; nothing is allocated yet. */
lrt_status cli_session_open(cli *c, const char *path, const cli_session_options *options, cli_session *out);
void cli_session_close(cli_session *session);
/* Inputs and outputs of a subgraph, named by the signature (index, or -1). Blocks of base/alloc.h. */
lrt_status cli_session_list_ports(cli *c, const lrt_model *model, int32_t subgraph, int32_t signature,
                                  bool outputs, cli_port **out, int32_t *count);
/* "fast" or "ref". */
const char *cli_mode_name(lrt_mode mode);

#endif
