/* jinja_json.h: values of a template from parsed JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_JSON_H
#define LRT_TOKENIZER_JINJA_JSON_H

#include "base/json.h"
#include "tokenizer/jinja_value.h"

/* Texts are borrowed from `json`. */
lrt_status jinja_from_json(jinja_run *run, const lrt_json *json, jinja_value *out);

#endif
