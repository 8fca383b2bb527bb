/* cli_feed.h: from --input flags to the contents of input tensors. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_FEED_H
#define LRT_CLI_FEED_H

#include "cli_picture.h"
#include "cli_session.h"

typedef struct cli_feed_options {
  cli_list inputs; /* NAME=FILE or FILE */
  int64_t seed;    /* below 0: inputs without a value are an error */
  bool allow_resize;
  cli_picture_rules rules;
} cli_feed_options;

/* Resizes inputs to what they are given, allocates, and fills every input. Errors: INVALID_ARGUMENT for names,
 * NOT_FOUND for files, INVALID_MODEL for contents that do not fit. */
lrt_status cli_feed(cli *c, cli_session *session, const cli_feed_options *options);

#endif
