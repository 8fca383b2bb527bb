/* cli_inspect.h: a model file as JSON, and its operators counted. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_INSPECT_H
#define LRT_CLI_INSPECT_H

#include "cli_session.h"

/* All nodes of one operator and version. Names belong to the model. */
typedef struct cli_op_count {
  const char *name;
  int version, nodes;
  bool is_custom, is_supported;
} cli_op_count;

/* Counts over all subgraphs, most frequent first. *out is a block of base/alloc.h. */
lrt_status cli_inspect_count_ops(cli *c, const lrt_model *model, cli_op_count **out, int32_t *count);
/* Writes everything into c->out. */
lrt_status cli_inspect_json(cli *c, lrt_model *model, const cli_op_count *ops, int32_t op_count);

#endif
