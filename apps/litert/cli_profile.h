/* cli_profile.h: the time of a plan's steps, summed by operator and kernel. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_PROFILE_H
#define LRT_CLI_PROFILE_H

#include "base/json.h"
#include "cli_session.h"

/* All steps of one operator with one kernel. Texts belong to the interpreter. */
typedef struct cli_profile_row {
  const char *op;
  const char *kernel; /* "" where nothing runs, or the operator names none */
  int32_t nodes;
  uint64_t calls;
  double seconds; /* 0 without profiling */
} cli_profile_row;

typedef struct cli_profile {
  cli_profile_row *rows; /* [count], slowest first */
  int32_t count;
  double seconds; /* of all rows */
} cli_profile;

/* The kernel's name without the prefix of the library's symbols. */
const char *cli_kernel_name(const char *kernel);
lrt_status cli_profile_collect(cli *c, const cli_session *session, cli_profile *out);
void cli_profile_clear(cli_profile *profile);
/* A table: operator, kernel, nodes, time per run, share. */
void cli_profile_print(const cli_profile *profile, lrt_str *out);
/* The same as an array of objects. */
void cli_profile_json(const cli_profile *profile, lrt_json_writer *json);
/* An object: kernel → number of nodes. */
void cli_profile_json_kernels(const cli_profile *profile, lrt_json_writer *json);

#endif
