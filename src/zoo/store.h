/* store.h: folders of the models of this machine, and the record model.json in each. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_ZOO_STORE_H
#define LRT_ZOO_STORE_H

#include "base/arena.h"
#include "base/str.h"
#include "litert/zoo.h"

/* A name of letters, digits and . _ - that does not begin with a dot: a folder of that name is inside the store. */
bool lrt_store_is_name(const char *name);
/* INVALID_ARGUMENT where it is none. */
lrt_status lrt_store_check_name(const char *name, lrt_error *err);
/* Whether a file's suffix says that it is a model that runs here, or can be converted. */
bool lrt_store_is_model_file(const char *name);
/* The name that a file or URL suggests: its last part without suffix, other letters as '-'; false where nothing is left. */
bool lrt_store_suggest_name(const char *path, char *name, size_t size);
/* Appends the folder of a model ("" = the folder of all). Errors: IO where neither LITERT_HOME nor HOME is set. */
lrt_status lrt_store_add_folder(lrt_str *out, const char *name, lrt_error *err);
/* Makes a folder and those above it. */
lrt_status lrt_store_make_folder(const char *path, lrt_error *err);
/* Writes model.json, last of all: from now on the model is there. `path` is stored relative to the folder if inside. */
lrt_status lrt_store_write(const lrt_zoo_model *model, lrt_error *err);
/* Reads it. *found is false where there is none, or its file is gone. */
lrt_status lrt_store_read(const char *name, lrt_arena *arena, lrt_zoo_model *out, bool *found,
                          lrt_error *err);

#endif
