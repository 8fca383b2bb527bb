/* recipe.c: the table of recipes and looking one up. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "quant/recipe.h"

#include <stdio.h>
#include <string.h>

#include "base/fail.h"

static const lrt_recipe recipes[] = {
#define RECIPE(name, type, block, search, embedding, embedding_block, embedding_search, summary)             \
  {#name, summary, {LRT_##type, block, search}, {LRT_##embedding, embedding_block, embedding_search}},
#include "quant/recipe.def"
};
#define COUNT (sizeof recipes / sizeof recipes[0])

const lrt_recipe *lrt_recipes(size_t *count) {
  *count = COUNT;
  return recipes;
}

lrt_status lrt_recipe_find(const char *name, const lrt_recipe **out, lrt_error *err) {
  char names[300];
  size_t used = 0;
  for (size_t i = 0; i < COUNT; i++) {
    if (name == NULL || strcmp(recipes[i].name, name) == 0) {
      *out = &recipes[i];
      return LRT_OK;
    }
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i == 0 ? "" : ", ", recipes[i].name);
  }
  return lrt_fail(err, LRT_INVALID_ARGUMENT, "there is no recipe %.60s; there are: %s", name, names);
}
