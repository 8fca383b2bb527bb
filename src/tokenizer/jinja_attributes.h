/* jinja_attributes.h: what filters on sequences share: attributes by path, letter case that is looked through. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TOKENIZER_JINJA_ATTRIBUTES_H
#define LRT_TOKENIZER_JINJA_ATTRIBUTES_H

#include "tokenizer/jinja_value.h"

/* object["a"]["0"]… for the path "a.0"; `otherwise` (may be NULL) where that is undefined. */
lrt_status jinja_get_path(jinja_run *run, const jinja_value *object, const jinja_value *path,
                          const jinja_value *otherwise, jinja_value *out);
/* Strings in lower case, unless case matters. */
lrt_status jinja_fold_case(jinja_run *run, bool case_sensitive, jinja_value *value);

#endif
