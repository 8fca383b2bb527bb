/* fuzz_npy.c: any bytes as a .npy file; the ends of the elements are read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/npy.h"
#include "fuzz_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static volatile uint64_t sink;
  lrt_npy array;
  if (lrt_npy_read(bytes, length, &array, NULL) == LRT_OK && array.bytes > 0)
    sink = sink + array.data[0] + array.data[array.bytes - 1];
  return 0;
}
