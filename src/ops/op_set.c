/* op_set.c: registers custom operators, finds them by name and version, keeps the states of their nodes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/op_set.h"

#include <stdatomic.h>
#include <string.h>

#include "base/library.h"
#include "litert/version.h"

typedef struct entry {
  lrt_custom_op op;
  struct entry *next; /* added before */
} entry;

typedef struct opened {
  lrt_library *library;
  struct opened *next;
} opened;

struct lrt_op_set {
  char version
      [16]; /* of the library that made the set: a plug-in may bring a second copy of it, of another version */
  atomic_int references;
  atomic_bool in_use;
  lrt_arena arena;
  entry *entries; /* the last one added first */
  opened *libraries;
};

lrt_status lrt_op_set_create(lrt_op_set **out, lrt_error *err) {
  if (out == NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "a set of operators needs a place to go");
  lrt_op_set *set = lrt_alloc_zero(lrt_alloc_default(), sizeof *set);
  if (set == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), sizeof *set, "a set of operators");
  strncpy(set->version, lrt_version(), sizeof set->version - 1);
  atomic_init(&set->references, 1);
  atomic_init(&set->in_use, false);
  lrt_arena_init(&set->arena, lrt_alloc_default());
  *out = set;
  return LRT_OK;
}

lrt_op_set *lrt_op_set_retain(lrt_op_set *set) {
  atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
  return set;
}

void lrt_op_set_destroy(lrt_op_set *set) {
  if (set == NULL) return;
  if (atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1) return;
  for (const opened *o = set->libraries; o != NULL; o = o->next) lrt_library_close(o->library);
  lrt_arena_clear(&set->arena);
  lrt_alloc_free(set);
}

lrt_op_set *lrt_op_set_use(lrt_op_set *set) {
  if (set == NULL) return NULL;
  atomic_store(&set->in_use, true);
  return lrt_op_set_retain(set);
}

static lrt_status check_open(const lrt_op_set *set, lrt_error *err) {
  if (set == NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "there is no set of operators");
  if (strncmp(set->version, lrt_version(), sizeof set->version - 1) != 0)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a library of operators uses litert %s, not %s", lrt_version(),
                    set->version);
  if (!atomic_load(&set->in_use)) return LRT_OK;
  return lrt_fail(err, LRT_WRONG_STATE, "the set of operators is in use; add to it before models get it");
}

static lrt_status check_op(const lrt_custom_op *op, lrt_error *err) {
  if (op == NULL || op->abi != LRT_CUSTOM_OP_ABI)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a custom operator was built for contract %d, this is %d",
                    op != NULL ? op->abi : 0, LRT_CUSTOM_OP_ABI);
  if (op->name == NULL || op->name[0] == '\0')
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a custom operator needs a name");
  if (op->prepare == NULL || op->eval == NULL)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "custom operator %s lacks prepare or eval", op->name);
  if (op->version_min > op->version_max)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "custom operator %s takes versions %d to %d", op->name,
                    op->version_min, op->version_max);
  return LRT_OK;
}

lrt_status lrt_op_set_add(lrt_op_set *set, const lrt_custom_op *op, lrt_error *err) {
  LRT_TRY(check_open(set, err));
  LRT_TRY(check_op(op, err));
  entry *e = lrt_arena_get(&set->arena, sizeof *e);
  char *name = lrt_arena_text(&set->arena, op->name, strlen(op->name));
  if (e == NULL || name == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), 0, "a custom operator");
  e->op = *op;
  e->op.name = name;
  e->next = set->entries;
  set->entries = e;
  return LRT_OK;
}

lrt_status lrt_op_set_load(lrt_op_set *set, const char *path, lrt_error *err) {
  lrt_library *library = NULL;
  lrt_op_library_entry add = NULL;
  LRT_TRY(check_open(set, err));
  if (path == NULL) return lrt_fail(err, LRT_INVALID_ARGUMENT, "a library of operators needs a path");
  opened *o = lrt_arena_get(&set->arena, sizeof *o);
  if (o == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), sizeof *o, "a library of operators");
  LRT_TRY(lrt_library_open(path, &library, err));
  o->library = library; /* stays open whatever follows: entries may point into it */
  o->next = set->libraries;
  set->libraries = o;
  void (*const function)(void) = lrt_library_function(library, LRT_OP_LIBRARY_ENTRY);
  if (function == NULL)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "%s has no function %s", path, LRT_OP_LIBRARY_ENTRY);
  memcpy(&add, &function, sizeof add);
  lrt_error inner = {LRT_OK, ""};
  const lrt_status status = add(set, &inner);
  if (status == LRT_OK) return LRT_OK;
  return lrt_fail(err, status, "%s: %s", path,
                  inner.message[0] != '\0' ? inner.message : lrt_status_text(status));
}

const lrt_custom_op *lrt_op_set_find(const lrt_op_set *set, const lrt_node *node) {
  if (set == NULL || node->code != LRT_OP_CUSTOM) return NULL;
  for (const entry *e = set->entries; e != NULL; e = e->next) {
    const lrt_custom_op *op = &e->op;
    const bool any = op->version_min == 0 && op->version_max == 0;
    if (strcmp(op->name, node->custom_name) == 0 &&
        (any || (node->version >= op->version_min && node->version <= op->version_max)))
      return op;
  }
  return NULL;
}

const lrt_op *lrt_op_find(const lrt_op_set *set, const lrt_node *node) {
  return lrt_op_set_find(set, node) != NULL ? &lrt_op_registered : lrt_op_of(node);
}

/* ---- states ---- */

typedef struct node_state {
  const lrt_custom_op *op;
  const lrt_node *origin;
  void *state;
  struct node_state *next;
} node_state;

struct lrt_custom_states {
  lrt_op_set *set;
  lrt_arena arena;
  node_state *first;
};

lrt_status lrt_custom_states_create(lrt_alloc *alloc, lrt_op_set *set, lrt_custom_states **out,
                                    lrt_error *err) {
  lrt_custom_states *states = lrt_alloc_zero(alloc, sizeof *states);
  if (states == NULL) return lrt_alloc_fail(err, alloc, sizeof *states, "the interpreter");
  lrt_arena_init(&states->arena, alloc);
  states->set = lrt_op_set_use(set);
  *out = states;
  return LRT_OK;
}

void lrt_custom_states_destroy(lrt_custom_states *states) {
  if (states == NULL) return;
  for (const node_state *s = states->first; s != NULL; s = s->next)
    if (s->op->init != NULL && s->op->free != NULL) s->op->free(s->op->cookie, s->state);
  lrt_arena_clear(&states->arena);
  lrt_op_set_destroy(states->set);
  lrt_alloc_free(states);
}

const lrt_op_set *lrt_custom_states_set(const lrt_custom_states *states) {
  return states != NULL ? states->set : NULL;
}

lrt_status lrt_custom_states_get(lrt_custom_states *states, const lrt_custom_op *op, const lrt_node *origin,
                                 void **out, lrt_error *err) {
  *out = NULL;
  if (op->init == NULL) return LRT_OK;
  for (const node_state *s = states->first; s != NULL; s = s->next) {
    if (s->origin != origin) continue;
    *out = s->state;
    return LRT_OK;
  }
  node_state *made = lrt_arena_get(&states->arena, sizeof *made);
  if (made == NULL) return lrt_alloc_fail(err, states->arena.alloc, sizeof *made, "a custom operator");
  lrt_error inner = {LRT_OK, ""};
  const lrt_status status =
      op->init(op->cookie, origin->custom_options, (size_t)origin->custom_options_size, out, &inner);
  if (status != LRT_OK)
    return lrt_fail(err, status, "%s: %s", op->name,
                    inner.message[0] != '\0' ? inner.message : lrt_status_text(status));
  *made = (node_state){op, origin, *out, states->first};
  states->first = made;
  return LRT_OK;
}
