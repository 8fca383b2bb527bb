/* regex_compile.c: from the tree of a pattern to its program. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/regex_parse.h"
#include "tokenizer/unicode.h"

#define OPS_MAX 20000u
/* Chains of CAT and ALT lean to the left, one level per member. */
#define LEVELS_MAX 2000

typedef struct emitter {
  lrt_regex_parser *parser;
  lrt_regex_op *ops; /* [OPS_MAX at most] */
  uint32_t count;
} emitter;

static bool is_single(const lrt_regex_node *n) {
  return n->kind == REGEX_NODE_CHAR || n->kind == REGEX_NODE_SET;
}

static int levels(const lrt_regex_node *n, int depth) {
  if (n == NULL || depth > LEVELS_MAX) return depth;
  const int left = levels(n->left, depth + 1), right = levels(n->right, depth + 1);
  return left > right ? left : right;
}

static uint32_t limited(uint64_t ops) {
  return ops > OPS_MAX ? OPS_MAX + 1 : (uint32_t)ops;
}

/* Operations that emit() will write, OPS_MAX + 1 when too many. */
static uint32_t size_of(const lrt_regex_node *n) {
  uint64_t body;
  switch (n->kind) {
  case REGEX_NODE_EMPTY: return 0;
  case REGEX_NODE_CAT: return limited((uint64_t)size_of(n->left) + size_of(n->right));
  case REGEX_NODE_ALT: return limited((uint64_t)size_of(n->left) + size_of(n->right) + 2);
  case REGEX_NODE_LOOK:
  case REGEX_NODE_ATOMIC: return limited((uint64_t)size_of(n->left) + 2);
  case REGEX_NODE_REPEAT:
    if (is_single(n->left)) return 1;
    body = (uint64_t)size_of(n->left) + 2;
    return limited(body * (n->max == LRT_REGEX_NO_LIMIT ? (uint64_t)n->min + 1 : n->max) + 2);
  default: return 1;
  }
}

static bool can_be_empty(const lrt_regex_node *n) {
  switch (n->kind) {
  case REGEX_NODE_CHAR:
  case REGEX_NODE_SET: return false;
  case REGEX_NODE_CAT: return can_be_empty(n->left) && can_be_empty(n->right);
  case REGEX_NODE_ALT: return can_be_empty(n->left) || can_be_empty(n->right);
  case REGEX_NODE_REPEAT: return n->min == 0 || can_be_empty(n->left);
  case REGEX_NODE_ATOMIC: return can_be_empty(n->left);
  default: return true;
  }
}

static void add_set(const lrt_regex_set *set, uint64_t first[4]) {
  first[0] |= set->ascii[0];
  first[1] |= set->ascii[1];
  first[2] = first[3] = UINT64_MAX; /* any longer sequence */
}

/* Bytes a match of the node can begin with; false when that says nothing because it may be empty. */
static bool first_bytes(const lrt_regex_node *n, uint64_t first[4]) {
  char bytes[4];
  switch (n->kind) {
  case REGEX_NODE_CHAR:
    if (lrt_utf8_encode(n->code, bytes) == 0) return false;
    first[(uint8_t)bytes[0] >> 6] |= UINT64_C(1) << (bytes[0] & 63);
    return true;
  case REGEX_NODE_SET: add_set(n->set, first); return true;
  case REGEX_NODE_CAT: return first_bytes(n->left, first) || first_bytes(n->right, first);
  case REGEX_NODE_ALT: {
    const bool left = first_bytes(n->left, first), right = first_bytes(n->right, first);
    return left && right;
  }
  case REGEX_NODE_REPEAT: return first_bytes(n->left, first) && n->min > 0;
  case REGEX_NODE_ATOMIC: return first_bytes(n->left, first);
  default: return false;
  }
}

/* The table of first bytes in the arena; NULL where any byte may come. */
static lrt_status make_first(emitter *e, const lrt_regex_node *n, const uint64_t **out) {
  uint64_t first[4] = {0};
  *out = NULL;
  if (!first_bytes(n, first)) return LRT_OK;
  uint64_t *copy = lrt_arena_array(e->parser->arena, 4, sizeof *copy);
  if (copy == NULL) return lrt_regex_no_memory(e->parser);
  memcpy(copy, first, sizeof first);
  *out = copy;
  return LRT_OK;
}

/* A set of one code point, for loops. */
static lrt_status single_set(emitter *e, const lrt_regex_node *n, const lrt_regex_set **out) {
  *out = n->set;
  if (n->kind == REGEX_NODE_SET) return LRT_OK;
  lrt_regex_set *set = lrt_arena_get(e->parser->arena, sizeof *set);
  lrt_regex_item *item = lrt_arena_get(e->parser->arena, sizeof *item);
  if (set == NULL || item == NULL) return lrt_regex_no_memory(e->parser);
  *item = (lrt_regex_item){.kind = REGEX_RANGE, .low = n->code, .high = n->code};
  set->items = item;
  if (n->code < 128) set->ascii[n->code >> 6] = UINT64_C(1) << (n->code & 63);
  *out = set;
  return LRT_OK;
}

/* Code points a look-behind goes back; -1 when matches differ in that. */
static int64_t width(const lrt_regex_node *n) {
  int64_t left, right;
  switch (n->kind) {
  case REGEX_NODE_CHAR:
  case REGEX_NODE_SET: return 1;
  case REGEX_NODE_CAT:
    left = width(n->left);
    right = width(n->right);
    return left < 0 || right < 0 ? -1 : left + right;
  case REGEX_NODE_ALT: left = width(n->left); return left == width(n->right) ? left : -1;
  case REGEX_NODE_REPEAT: left = width(n->left); return n->min == n->max && left >= 0 ? left * n->min : -1;
  case REGEX_NODE_ATOMIC: return width(n->left);
  default: return 0;
  }
}

static lrt_status emit(emitter *e, const lrt_regex_node *n);

static lrt_regex_op *add_op(emitter *e, lrt_regex_op_kind kind) {
  lrt_regex_op *op = &e->ops[e->count++];
  op->kind = kind;
  return op;
}

static lrt_status emit_alternatives(emitter *e, const lrt_regex_node *n) {
  lrt_regex_op *split = add_op(e, REGEX_OP_SPLIT);
  LRT_TRY(make_first(e, n->left, &split->first));
  split->to = e->count;
  LRT_TRY(emit(e, n->left));
  lrt_regex_op *jump = add_op(e, REGEX_OP_JUMP);
  split->other = e->count;
  LRT_TRY(emit(e, n->right));
  jump->to = e->count;
  return LRT_OK;
}

/* One optional round of a loop; `again` jumps back to it. */
static lrt_status emit_round(emitter *e, const lrt_regex_node *n, bool again) {
  const uint32_t start = e->count;
  lrt_regex_op *split = add_op(e, REGEX_OP_SPLIT);
  const uint32_t body = e->count;
  if (n->mode != REGEX_LAZY) LRT_TRY(make_first(e, n->left, &split->first));
  LRT_TRY(emit(e, n->left));
  if (again) add_op(e, REGEX_OP_JUMP)->to = start;
  split->to = n->mode == REGEX_LAZY ? e->count : body;
  split->other = n->mode == REGEX_LAZY ? body : e->count;
  return LRT_OK;
}

static lrt_status emit_rounds(emitter *e, const lrt_regex_node *n) {
  if (n->max == LRT_REGEX_NO_LIMIT && can_be_empty(n->left))
    return lrt_regex_refuse(e->parser, "an expression that may match nothing is repeated");
  for (uint32_t i = 0; i < n->min; i++) LRT_TRY(emit(e, n->left));
  if (n->max == LRT_REGEX_NO_LIMIT) return emit_round(e, n, true);
  const uint32_t start = e->count;
  for (uint32_t i = n->min; i < n->max; i++) LRT_TRY(emit_round(e, n, false));
  /* A round that is not taken ends the loop. */
  for (uint32_t i = start; n->max - n->min > 1 && i < e->count;) {
    lrt_regex_op *split = &e->ops[i];
    uint32_t *out = n->mode == REGEX_LAZY ? &split->to : &split->other;
    i = *out;
    *out = e->count;
  }
  return LRT_OK;
}

static lrt_status emit_repeat(emitter *e, const lrt_regex_node *n) {
  if (is_single(n->left)) {
    lrt_regex_op *op = add_op(e, REGEX_OP_LOOP);
    op->min = n->min;
    op->max = n->max;
    op->mode = n->mode;
    return single_set(e, n->left, &op->set);
  }
  if (n->mode != REGEX_POSSESSIVE) return emit_rounds(e, n);
  lrt_regex_op *atomic = add_op(e, REGEX_OP_ATOMIC);
  LRT_TRY(emit_rounds(e, n));
  add_op(e, REGEX_OP_END);
  atomic->to = e->count;
  return LRT_OK;
}

static lrt_status emit_body(emitter *e, const lrt_regex_node *n) {
  lrt_regex_op *op = add_op(e, n->kind == REGEX_NODE_LOOK ? REGEX_OP_LOOK : REGEX_OP_ATOMIC);
  op->negate = n->negate;
  if (n->behind) {
    const int64_t back = width(n->left);
    if (back <= 0) return lrt_regex_refuse(e->parser, "a look-behind without a fixed width");
    op->behind = (uint32_t)back;
  }
  LRT_TRY(emit(e, n->left));
  add_op(e, REGEX_OP_END);
  op->to = e->count;
  return LRT_OK;
}

static lrt_status emit(emitter *e, const lrt_regex_node *n) {
  lrt_regex_op *op;
  switch (n->kind) {
  case REGEX_NODE_EMPTY: return LRT_OK;
  case REGEX_NODE_CHAR:
    op = add_op(e, REGEX_OP_CHAR);
    op->length = (uint32_t)lrt_utf8_encode(n->code, op->bytes);
    return LRT_OK;
  case REGEX_NODE_SET: add_op(e, REGEX_OP_SET)->set = n->set; return LRT_OK;
  case REGEX_NODE_CAT: LRT_TRY(emit(e, n->left)); return emit(e, n->right);
  case REGEX_NODE_ALT: return emit_alternatives(e, n);
  case REGEX_NODE_REPEAT: return emit_repeat(e, n);
  case REGEX_NODE_LOOK:
  case REGEX_NODE_ATOMIC: return emit_body(e, n);
  case REGEX_NODE_ASSERT: add_op(e, REGEX_OP_ASSERT)->assertion = n->assertion; return LRT_OK;
  }
  return LRT_OK;
}

lrt_status lrt_regex_compile(const char *pattern, size_t length, lrt_arena *arena, const lrt_regex **out,
                             lrt_error *err) {
  lrt_regex_parser parser = {pattern, length, 0, false, 0, arena, err};
  const lrt_regex_node *root = NULL;
  lrt_unicode_prepare();
  LRT_TRY(lrt_regex_parse(&parser, &root));
  if (levels(root, 0) > LEVELS_MAX || size_of(root) > OPS_MAX)
    return lrt_regex_refuse(&parser, "more operations than a tokenizer needs");
  emitter e = {&parser, lrt_arena_array(arena, (size_t)size_of(root) + 8, sizeof *e.ops), 0};
  lrt_regex *regex = lrt_arena_get(arena, sizeof *regex);
  if (e.ops == NULL || regex == NULL) return lrt_regex_no_memory(&parser);
  LRT_TRY(emit(&e, root));
  add_op(&e, REGEX_OP_END);
  regex->ops = e.ops;
  regex->count = e.count;
  *out = regex;
  return LRT_OK;
}
