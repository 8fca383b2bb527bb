/* curl_library.h: libcurl, loaded when the first download begins: its thirty libraries would slow every start. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_ZOO_CURL_LIBRARY_H
#define LRT_ZOO_CURL_LIBRARY_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "litert/status.h"

#define LRT_CURL_FUNCTIONS(X)                                                                                \
  X(global_init)                                                                                             \
  X(easy_init)                                                                                               \
  X(easy_cleanup)                                                                                            \
  X(easy_setopt)                                                                                             \
  X(easy_perform)                                                                                            \
  X(easy_getinfo)                                                                                            \
  X(easy_strerror)                                                                                           \
  X(slist_append)                                                                                            \
  X(slist_free_all)

/* curl->easy_perform is curl_easy_perform, and so on; types are those of the header. */
typedef struct lrt_curl {
#define LRT_CURL_FIELD(name) __typeof__(curl_##name) *name;
  LRT_CURL_FUNCTIONS(LRT_CURL_FIELD)
#undef LRT_CURL_FIELD
} lrt_curl;

/* The process's one; NOT_BUILT_IN where the library is not on this machine or lacks a function. */
lrt_status lrt_curl_load(const lrt_curl **out, lrt_error *err);

#endif
