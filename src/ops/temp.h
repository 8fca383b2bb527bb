/* temp.h: a node's temporary as the planner finds it behind lrt_prepare. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TEMP_H
#define LRT_TEMP_H

#include "ops/op.h"

typedef struct lrt_temp {
  lrt_value value;
  struct lrt_temp *next;
} lrt_temp;

#endif
