/* recipe.h: named ways to store the weights of a model. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_QUANT_RECIPE_H
#define LRT_QUANT_RECIPE_H

#include <stddef.h>

#include "quant/weight_format.h"

typedef struct lrt_recipe {
  const char *name, *summary;
  lrt_weight_format linear, embedding;
} lrt_recipe;

/* The list, the default first. */
const lrt_recipe *lrt_recipes(size_t *count);
/* The recipe of that name, NULL = the default; INVALID_ARGUMENT lists the names there are. */
lrt_status lrt_recipe_find(const char *name, const lrt_recipe **out, lrt_error *err);

#endif
