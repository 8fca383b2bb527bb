/* tflite_operators.c: operators that an application brings along, run as a delegate that claims their nodes one by one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/tflite_host.h"
#include "api/tflite_plugin.h"
#include "base/fail.h"

typedef struct operators {
  lrt_delegate base;
  int32_t count;
  tfl_operator list[];
} operators;

static const tfl_operator *find(const operators *self, const lrt_node *node) {
  for (int32_t i = self->count - 1; i >= 0; i--) { /* a later one replaces an earlier one */
    const tfl_operator *one = &self->list[i];
    if (one->code != node->code || node->version < one->min_version || node->version > one->max_version)
      continue;
    if (node->code != LRT_OP_CUSTOM || strcmp(one->name, node->custom_name) == 0) return one;
  }
  return NULL;
}

/* Makes the kernel of a node, as TFLite does: custom operators get their stored bytes, builtin ones their options. */
static void make(tfl_session *s, tfl_node *node, const TfLiteRegistration *registration) {
  const int32_t code = node->registration.builtin_code, version = node->registration.version;
  const char *name = node->registration.custom_name;
  node->registration = *registration;
  node->registration.builtin_code = code;
  node->registration.version = version;
  node->registration.custom_name = name;
  node->made = true;
  if (registration->init == NULL) return;
  s->current = node;
  s->phase = TFL_PREPARE;
  node->node.user_data = code == LRT_OP_CUSTOM
                             ? registration->init(&s->context, node->node.custom_initial_data,
                                                  (size_t)node->node.custom_initial_data_size)
                             : registration->init(&s->context, node->node.builtin_data, 0);
  s->phase = TFL_IDLE;
  s->current = NULL;
}

static bool is_taken(const lrt_partition *p, int32_t node) {
  for (const lrt_group *g = p->groups; g != NULL; g = g->next)
    for (int32_t i = 0; i < g->node_count; i++)
      if (g->nodes[i] == node) return true;
  return false;
}

static lrt_status claim(lrt_delegate *delegate, lrt_partition *partition, void **session, lrt_error *err) {
  const operators *self = (const operators *)delegate;
  LRT_TRY(lrt_tfl_session_open(partition, NULL, delegate->name, session, err));
  tfl_session *s = *session;
  s->runs_nodes = true;
  for (int32_t n = 0; n < s->subgraph->node_count; n++) {
    const tfl_operator *one = find(self, &s->subgraph->nodes[n]);
    lrt_group *group = NULL;
    if (one == NULL || is_taken(partition, n)) continue;
    LRT_TRY(lrt_partition_group(partition, &n, 1, true, &group, err));
    if (group != NULL) make(s, s->nodes[n], one->registration);
  }
  return LRT_OK;
}

static void destroy(lrt_delegate *delegate) {
  lrt_alloc_free(delegate);
}

static const lrt_delegate_class operators_class = {claim, lrt_tfl_session_prepare, lrt_tfl_session_eval,
                                                   lrt_tfl_session_close, destroy};

lrt_status lrt_tfl_operators_create(const tfl_operator *list, int32_t count, lrt_delegate **out,
                                    lrt_error *err) {
  const size_t bytes = sizeof(operators) + (size_t)count * sizeof *list;
  operators *self = lrt_alloc_zero(lrt_alloc_default(), bytes);
  if (self == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), bytes, "operators");
  self->base.type = &operators_class;
  self->base.name = "operators of the application";
  self->base.reusable = true;
  atomic_init(&self->base.references, 1);
  self->count = count;
  memcpy(self->list, list, (size_t)count * sizeof *list);
  *out = &self->base;
  return LRT_OK;
}
