/* resources.c: the list of an interpreter's variables. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/resources.h"

#include <string.h>

#include "base/fail.h"

typedef struct entry {
  lrt_resource resource;
  char *name; /* container, 0x1f, name */
} entry;

struct lrt_resources {
  lrt_alloc *alloc;
  entry *entries;
  int32_t count, capacity;
};

lrt_status lrt_resources_create(lrt_alloc *alloc, lrt_resources **out, lrt_error *err) {
  lrt_resources *resources = lrt_alloc_zero(alloc, sizeof *resources);
  if (resources == NULL) return lrt_alloc_fail(err, alloc, sizeof *resources, "the variables");
  resources->alloc = alloc;
  *out = resources;
  return LRT_OK;
}

void lrt_resources_destroy(lrt_resources *resources) {
  if (resources == NULL) return;
  for (int32_t i = 0; i < resources->count; i++) {
    lrt_alloc_free(resources->entries[i].resource.data);
    lrt_alloc_free(resources->entries[i].name);
  }
  lrt_alloc_free(resources->entries);
  lrt_alloc_free(resources);
}

static bool is_named(const entry *e, const char *container, const char *name) {
  const size_t prefix = strlen(container);
  return strncmp(e->name, container, prefix) == 0 && e->name[prefix] == '\x1f' &&
         strcmp(e->name + prefix + 1, name) == 0;
}

lrt_status lrt_resources_find(lrt_resources *resources, const char *container, const char *name, int32_t *id,
                              lrt_error *err) {
  if (container == NULL) container = "";
  if (name == NULL) name = "";
  for (int32_t i = 0; i < resources->count; i++) {
    if (is_named(&resources->entries[i], container, name)) {
      *id = i;
      return LRT_OK;
    }
  }
  if (resources->count == resources->capacity) {
    const int32_t capacity = resources->capacity == 0 ? 8 : resources->capacity * 2;
    entry *grown = lrt_alloc_resize(resources->alloc, resources->entries, (size_t)capacity * sizeof *grown);
    if (grown == NULL)
      return lrt_alloc_fail(err, resources->alloc, (size_t)capacity * sizeof *grown, "variables");
    resources->entries = grown;
    resources->capacity = capacity;
  }
  const size_t first = strlen(container), second = strlen(name);
  char *text = lrt_alloc_zero(resources->alloc, first + second + 2);
  if (text == NULL) return lrt_alloc_fail(err, resources->alloc, first + second + 2, "a variable's name");
  memcpy(text, container, first);
  text[first] = '\x1f';
  memcpy(text + first + 1, name, second);
  entry *e = &resources->entries[resources->count];
  memset(e, 0, sizeof *e);
  e->name = text;
  *id = resources->count++;
  return LRT_OK;
}

lrt_resource *lrt_resources_get(lrt_resources *resources, int32_t id) {
  return id >= 0 && id < resources->count ? &resources->entries[id].resource : NULL;
}

/* Memory for `bytes` of a variable; its contents are lost when they have to move. */
static lrt_status make_room(lrt_resources *resources, lrt_resource *resource, size_t bytes, lrt_error *err) {
  if (bytes <= resource->capacity && resource->data != NULL) return LRT_OK;
  void *grown = lrt_alloc_get(resources->alloc, bytes);
  if (grown == NULL) return lrt_alloc_fail(err, resources->alloc, bytes, "a variable");
  lrt_alloc_free(resource->data);
  resource->data = grown;
  resource->capacity = bytes;
  return LRT_OK;
}

lrt_status lrt_resource_clear(lrt_resources *resources, int32_t id, lrt_type type, const lrt_shape *shape,
                              lrt_error *err) {
  lrt_resource *resource = lrt_resources_get(resources, id);
  const int64_t bytes = lrt_shape_bytes(shape, type);
  if (resource == NULL || bytes < 0)
    return lrt_fail(err, LRT_RUN_FAILED, "variable %d cannot be cleared", id);
  LRT_TRY(make_room(resources, resource, (size_t)bytes, err));
  if (bytes > 0) memset(resource->data, 0, (size_t)bytes);
  resource->type = type;
  resource->shape = *shape;
  resource->bytes = (size_t)bytes;
  return LRT_OK;
}

lrt_status lrt_resource_assign(lrt_resources *resources, int32_t id, lrt_type type, const lrt_shape *shape,
                               const void *data, size_t bytes, lrt_error *err) {
  lrt_resource *resource = lrt_resources_get(resources, id);
  if (resource == NULL) return lrt_fail(err, LRT_RUN_FAILED, "variable %d does not exist", id);
  if (data == NULL && bytes > 0)
    return lrt_fail(err, LRT_RUN_FAILED, "the tensor for variable %d was never given contents", id);
  LRT_TRY(make_room(resources, resource, bytes, err));
  if (bytes > 0) memcpy(resource->data, data, bytes);
  resource->type = type;
  resource->shape = *shape;
  resource->bytes = bytes;
  return LRT_OK;
}
