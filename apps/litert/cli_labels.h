/* cli_labels.h: the best classes of an output, by the names of a label file. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_LABELS_H
#define LRT_CLI_LABELS_H

#include "cli_file.h"
#include "cli_session.h"

#define CLI_LABELS_BEST 5

typedef struct cli_class {
  const char *label; /* [length], not NUL-ended */
  size_t length;
  int64_t index;
  double score; /* real value of the output, calibrated where the metadata says how */
} cli_class;

typedef struct cli_labels {
  cli_file file; /* holds the names */
  cli_class best[CLI_LABELS_BEST];
  int best_count; /* 0 = there is no label file for this output */
} cli_labels;

/* Reads the label file `path`, without one that of the metadata, and picks the five best classes of the output where it
 * has one value per label; scores are calibrated where the metadata says how. Errors: those of reading the files;
 * INVALID_MODEL when `path` fits no output. */
lrt_status cli_labels_read(cli *c, const cli_session *session, int32_t output, const lrt_tensor_view *view,
                           const char *path, cli_labels *out);
void cli_labels_clear(cli_labels *labels);

#endif
