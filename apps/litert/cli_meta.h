/* cli_meta.h: what a model's metadata says about its inputs and outputs, and the files it refers to. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_META_H
#define LRT_CLI_META_H

#include "cli.h"
#include "cli_file.h"
#include "cli_picture.h"
#include "formats/model_metadata.h"
#include "litert/parts.h"

typedef struct cli_meta {
  lrt_model *model;      /* borrowed */
  const uint8_t *record; /* verified; NULL where the model has no such metadata */
} cli_meta;

/* Finds and checks the record. Errors: INVALID_MODEL. */
lrt_status cli_meta_find(cli *c, lrt_model *model, cli_meta *out);
/* The record's normalisation of an input, into rules that have none yet; true where there is one. */
bool cli_meta_rules(const cli_meta *meta, int32_t input, cli_picture_rules *rules);
/* The file of a kind that belongs to an output. An empty `out` where there is none, or it is not in the model's archive.
 * Errors: those of reading the archive. */
lrt_status cli_meta_output_file(cli *c, const cli_meta *meta, int32_t output, lrt_associated_file kind,
                                cli_file *out);

#endif
