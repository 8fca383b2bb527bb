/* version.c: the version the build gave the library. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "litert/version.h"

const char *lrt_version(void) {
  return LRT_VERSION;
}
