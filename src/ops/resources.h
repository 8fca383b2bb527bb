/* resources.h: variables that VAR_HANDLE names, owned by an interpreter and shared by its subgraphs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_RESOURCES_H
#define LRT_RESOURCES_H

#include <stdbool.h>

#include "base/alloc.h"
#include "litert/status.h"
#include "litert/tensor.h"

typedef struct lrt_resources lrt_resources;

/* One variable; `data` NULL until it is assigned. */
typedef struct lrt_resource {
  lrt_type type;
  lrt_shape shape;
  void *data;
  size_t bytes, capacity;
} lrt_resource;

lrt_status lrt_resources_create(lrt_alloc *alloc, lrt_resources **out, lrt_error *err);
void lrt_resources_destroy(lrt_resources *resources);
/* The number (>= 0) of the variable of that container and name, made when new. Names may be NULL. */
lrt_status lrt_resources_find(lrt_resources *resources, const char *container, const char *name, int32_t *id,
                              lrt_error *err);
/* The variable of that number, NULL when there is none. Valid until the next lrt_resources_find. */
lrt_resource *lrt_resources_get(lrt_resources *resources, int32_t id);
/* Copies contents into a variable. */
lrt_status lrt_resource_assign(lrt_resources *resources, int32_t id, lrt_type type, const lrt_shape *shape,
                               const void *data, size_t bytes, lrt_error *err);
/* Fills a variable with zeros. */
lrt_status lrt_resource_clear(lrt_resources *resources, int32_t id, lrt_type type, const lrt_shape *shape,
                              lrt_error *err);

#endif
