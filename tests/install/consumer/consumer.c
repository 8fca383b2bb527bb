/* consumer.c: the smallest program on top of an installed litert. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "litert/status.h"

int main(void) {
  return strcmp(lrt_status_name(LRT_OK), "OK") == 0 ? 0 : 1;
}
