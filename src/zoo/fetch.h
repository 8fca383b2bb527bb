/* fetch.h: files and short texts over HTTP: resumed, tried again, checked, whole or not at all. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_ZOO_FETCH_H
#define LRT_ZOO_FETCH_H

#include "base/str.h"
#include "litert/zoo.h"

typedef struct lrt_fetch_request {
  const char *url;    /* http or https */
  const char *what;   /* how the user called it, for messages; NULL = the URL */
  const char *token;  /* bearer token, sent to the host of `url` and to no other; NULL = none */
  const char *gate;   /* what to say when the server refuses access; NULL = nothing more than that */
  const char *sha256; /* hexadecimal digest the file must have; NULL = any */
  uint64_t bytes;     /* size the file must have; 0 = any */
  bool replace;       /* download although there is a file at the path */
} lrt_fetch_request;

typedef struct lrt_fetch_report {
  uint64_t bytes;   /* of the file */
  uint64_t resumed; /* of these, bytes that an earlier call had left */
  bool present;     /* the file was there before, or another process has brought it */
  char sha256[65];  /* "" where present */
} lrt_fetch_report;

/* Downloads to `path`, whose folder exists. While it is on its way, the file is PATH.part (part_file.h); another
 * process that wants the same file waits. Transient failures (429, 5xx, timeouts, dropped connections) are tried again.
 * `report` may be NULL. Errors, one sentence with `what` and the reason: NOT_FOUND (404, 410), INVALID_MODEL (not the
 * size or digest), IO (refused, unreachable, disk), INVALID_ARGUMENT (no such URL), NOT_BUILT_IN (no libcurl). */
lrt_status lrt_fetch_file(const lrt_fetch_request *request, const char *path,
                          const lrt_zoo_transfer *transfer, lrt_fetch_report *report, lrt_error *err);
/* A short text into `out`, which bounds it (OVER_BUDGET); request->bytes and sha256 are not looked at. */
lrt_status lrt_fetch_text(const lrt_fetch_request *request, const lrt_zoo_transfer *transfer, lrt_str *out,
                          lrt_error *err);

#endif
