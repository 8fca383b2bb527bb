/* curl_library.c: finds libcurl and the functions that are used of it. */
/* SPDX-License-Identifier: Apache-2.0 */
#if LRT_HAVE_CURL

#include "zoo/curl_library.h"

#include <pthread.h>

#include "base/fail.h"
#include "base/library.h"

static lrt_curl curl;
static lrt_error failure; /* code LRT_OK: it is loaded */

static void load(void) {
  static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"};
  lrt_library *library = NULL; /* never closed: libcurl keeps threads and memory until the process ends */
  lrt_status status = LRT_NOT_FOUND;
  for (size_t i = 0; i < sizeof names / sizeof *names && status != LRT_OK; i++)
    status = lrt_library_open(names[i], &library, NULL);
  if (status != LRT_OK) {
    lrt_fail(&failure, LRT_NOT_BUILT_IN,
             "downloads need libcurl (libcurl.so.4), which is not on this machine");
    return;
  }
#define FIND(name)                                                                                           \
  curl.name = (__typeof__(curl_##name) *)lrt_library_function(library, "curl_" #name);                       \
  if (curl.name == NULL) lrt_fail(&failure, LRT_NOT_BUILT_IN, "this libcurl has no function curl_%s", #name);
  LRT_CURL_FUNCTIONS(FIND)
#undef FIND
  if (failure.code == LRT_OK && curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    lrt_fail(&failure, LRT_NOT_BUILT_IN, "libcurl does not start");
}

lrt_status lrt_curl_load(const lrt_curl **out, lrt_error *err) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  *out = &curl;
  return failure.code == LRT_OK ? LRT_OK : lrt_fail(err, failure.code, "%s", failure.message);
}

#else

typedef int lrt_curl_absent; /* a translation unit holds something */

#endif
