/* test_distance.c: edit distances that can be counted by hand. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/distance.h"
#include "check.h"

static void distances(void) {
  char longest[LRT_DISTANCE_LONGEST + 2];
  CHECK_INT(lrt_distance("", ""), 0);
  CHECK_INT(lrt_distance("abc", ""), 3);
  CHECK_INT(lrt_distance("", "abc"), 3);
  CHECK_INT(lrt_distance("kitten", "sitting"), 3);
  CHECK_INT(lrt_distance("num_Threads", "num-threads"), 0);
  CHECK_INT(lrt_distance("int4", "int8"), 1);
  memset(longest, 'x', sizeof longest);
  longest[LRT_DISTANCE_LONGEST] = 0;
  CHECK_INT(lrt_distance(longest, longest), 0);
  longest[LRT_DISTANCE_LONGEST] = 'x';
  longest[LRT_DISTANCE_LONGEST + 1] = 0;
  CHECK_INT(lrt_distance("x", longest), LRT_DISTANCE_LONGEST + 1);
}

int main(int argc, char **argv) {
  RUN(distances);
  DONE();
}
