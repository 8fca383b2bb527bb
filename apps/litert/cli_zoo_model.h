/* cli_zoo_model.h: one model of the zoo as JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_CLI_ZOO_MODEL_H
#define LRT_CLI_ZOO_MODEL_H

#include "base/json.h"
#include "litert/zoo.h"

/* {"name","path",…}; null where something is not known. */
void cli_zoo_write_json(const lrt_zoo_model *model, lrt_json_writer *json);

#endif
