/* cli_result.h: outputs of a run: printed, summed up, written to files. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_RESULT_H
#define LRT_CLI_RESULT_H

#include "cli_session.h"

typedef struct cli_result_options {
  const char *folder; /* NULL: write nothing */
  const char *labels; /* file, NULL = none given */
  bool as_picture;
} cli_result_options;

typedef struct cli_result {
  double seconds; /* of the run */
} cli_result;

/* Prints the outputs into c->out and writes them where that is wanted. */
lrt_status cli_result_report(cli *c, const cli_session *session, const cli_result_options *options,
                             const cli_result *result);

#endif
