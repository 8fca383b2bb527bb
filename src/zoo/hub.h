/* hub.h: files of model hubs that speak Hugging Face's protocol, in the cache that huggingface_hub shares. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_ZOO_HUB_H
#define LRT_ZOO_HUB_H

#include "base/arena.h"
#include "litert/zoo.h"

/* Whether a source begins with "hf:". */
bool lrt_hub_is_source(const char *source);
/* Brings the file that "hf:org/repo[/file][@revision]" names to `path`, or where that is NULL into the cache:
 * models--org--repo/{blobs,refs,snapshots} in HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. Without a file,
 * the only model of the repository is taken. HF_ENDPOINT names the hub; HF_TOKEN (or the file token of HF_HOME) is sent to
 * it and to no other host. Offline, what the cache has is taken. Writes all of `result`. Errors: INVALID_ARGUMENT (the
 * source; several models), NOT_FOUND (names the nearest files), IO, INVALID_MODEL, NOT_BUILT_IN. */
lrt_status lrt_hub_get(const char *source, const char *path, bool replace, const lrt_zoo_transfer *transfer,
                       lrt_zoo_result *result, lrt_error *err);

#endif
