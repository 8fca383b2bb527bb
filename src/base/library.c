/* library.c: opens shared libraries with the system's loader. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/library.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"

lrt_status lrt_library_open(const char *path, lrt_library **out, lrt_error *err) {
  if (strchr(path, '/') != NULL && access(path, F_OK) != 0)
    return lrt_fail(err, LRT_NOT_FOUND, "%s: no such file", path);
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    const char *why = dlerror();
    return lrt_fail(err, LRT_IO, "%s", why != NULL ? why : path);
  }
  *out = handle;
  return LRT_OK;
}

void lrt_library_close(lrt_library *library) {
  if (library != NULL) dlclose(library);
}

void (*lrt_library_function(const lrt_library *library, const char *name))(void) {
  void *symbol = dlsym((void *)(uintptr_t)library, name);
  void (*function)(void) = NULL;
  memcpy(&function, &symbol, sizeof function); /* POSIX: both have one representation */
  return function;
}
