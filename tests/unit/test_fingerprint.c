/* test_fingerprint.c: fingerprints of every range of lengths against those of the Python package pyfarmhash 0.5.1. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fingerprint.h"
#include "check.h"

static void known_fingerprints(void) {
  static const struct {
    size_t length;
    uint64_t value;
  } known[] = {{0, 0x9ae16a3b2f90404f},   {1, 0xbec09cc447469d8b},   {3, 0x40b4412e33eefd64},
               {4, 0xf3c7ee05197a7b92},   {7, 0x4fef0b39c12aa9a4},   {8, 0x0c97ecbc1e9d2626},
               {16, 0x7eda0ed8c837a168},  {17, 0xc9518fe63ebf6127},  {32, 0xa53f806f23a314e8},
               {33, 0xc24f9d7ce864f0e9},  {64, 0x0566266cb579eca2},  {65, 0x77e0867714e6b0e4},
               {128, 0x666823960b3ac271}, {129, 0x98206b8579bca083}, {300, 0xdfbced116079af13}};
  uint8_t bytes[301];
  for (int i = 0; i < 301; i++) bytes[i] = (uint8_t)((i - 1) * 7 + 3);
  /* From an odd address, so that nothing counts on alignment. */
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    CHECK(lrt_fingerprint64(bytes + 1, known[i].length) == known[i].value);
}

int main(int argc, char **argv) {
  RUN(known_fingerprints);
  DONE();
}
