/* test_sparse.c: DENSIFY and FULLY_CONNECTED read sparse constants, damaged ones are refused, and others refuse all. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "one_op.h"

/* [[0,1],[2,0]] as rows of sparse columns. */
static const int32_t order[2] = {0, 1}, segments[3] = {0, 1, 2}, indices[2] = {1, 0};
static const int32_t values[2] = {1, 2};

typedef struct sparse_model {
  one_op o;
  lrt_sparse_dimension dimensions[2];
  lrt_sparsity sparsity;
} sparse_model;

static void begin(sparse_model *s) {
  memset(s, 0, sizeof *s);
  s->dimensions[0] = (lrt_sparse_dimension){.sparse = false, .dense_size = 2};
  s->dimensions[1] = (lrt_sparse_dimension){true, 0, 3, 2, segments, indices};
  s->sparsity = (lrt_sparsity){2, 0, 2, order, NULL, s->dimensions};
}

static lrt_status run(sparse_model *s, int32_t code, uint64_t bytes) {
  build_subgraph *b = &s->o.subgraph;
  const int32_t in = build_constant(b, LRT_INT32, build_shape(2, 2, 2), values);
  b->tensors[in].bytes = bytes;
  b->tensors[in].sparsity = &s->sparsity;
  const int32_t out = build_tensor(b, LRT_INT32, build_shape(2, 2, 2));
  build_node(b, code, NULL, 1, &in, 1, &out);
  build_output(b, out);
  s->o.inputs = 1;
  CHECK_INT(build_finish(&s->o.model, &b, 1), LRT_OK);
  LRT_TRY(build_open(&s->o.model, NULL, &s->o.session, &s->o.error));
  return lrt_interpreter_invoke(s->o.session.it, 0, &s->o.error);
}

static void test_densify(void) {
  sparse_model s;
  begin(&s);
  CHECK_INT(run(&s, LRT_OP_DENSIFY, 8), LRT_OK);
  CHECK(one_op_gave(&s.o, 0, build_shape(2, 2, 2), (int32_t[]){0, 1, 2, 0}));
  one_op_close(&s.o);
}

/* 1 x 2 blocks: block row 0 holds block column 0. */
static void test_blocks(void) {
  static const int32_t by_block[3] = {0, 1, 2}, map[1] = {1}, one[3] = {0, 1, 1}, first[1] = {0};
  sparse_model s;
  begin(&s);
  lrt_sparse_dimension dimensions[3] = {{.dense_size = 2}, {true, 0, 3, 1, one, first}, {.dense_size = 2}};
  s.sparsity = (lrt_sparsity){3, 1, 3, by_block, map, dimensions};
  CHECK_INT(run(&s, LRT_OP_DENSIFY, 8), LRT_OK);
  CHECK(one_op_gave(&s.o, 0, build_shape(2, 2, 2), (int32_t[]){1, 2, 0, 0}));
  one_op_close(&s.o);
}

static void test_damaged(void) {
  static const int32_t twice[2] = {1, 1}, falls[3] = {0, 2, 1}, far[2] = {1, 2}, many[3] = {0, 1, 5};
  for (int damage = 0; damage < 7; damage++) {
    sparse_model s;
    begin(&s);
    uint64_t bytes = 8;
    switch (damage) {
    case 0: s.sparsity.traversal_order = twice; break;
    case 1: s.dimensions[1].segments = falls; break;
    case 2: s.dimensions[1].indices = far; break;
    case 3: s.dimensions[1].segments = many; break;
    case 4: s.dimensions[1].segment_count = 2; break;
    case 5: s.dimensions[0].dense_size = 3; break;
    default: bytes = 4; break;
    }
    CHECK(run(&s, LRT_OP_DENSIFY, bytes) != LRT_OK);
    one_op_close(&s.o);
  }
}

/* y = x W with the sparse W above: (x1, 2 x0) + bias. */
static void test_sparse_weights(void) {
  static const float w[2] = {1, 2}, bias[2] = {0.5f, -1};
  static const int32_t twice[2] = {1, 1};
  static const lrt_fully_connected_options options = {0};
  for (int mode = LRT_MODE_FAST; mode <= LRT_MODE_REF; mode++) {
    for (int damaged = 0; damaged < 2; damaged++) {
      sparse_model s;
      begin(&s);
      build_subgraph *b = &s.o.subgraph;
      if (damaged) s.sparsity.traversal_order = twice;
      const int32_t x = build_tensor(b, LRT_FLOAT32, build_shape(2, 1, 2));
      const int32_t weights = build_constant(b, LRT_FLOAT32, build_shape(2, 2, 2), w);
      b->tensors[weights].bytes = sizeof w;
      b->tensors[weights].sparsity = &s.sparsity;
      const int32_t c = build_constant(b, LRT_FLOAT32, build_shape(1, 2), bias);
      const int32_t y = build_tensor(b, LRT_FLOAT32, build_shape(2, 1, 2));
      build_node(b, LRT_OP_FULLY_CONNECTED, &options, 3, (int32_t[]){x, weights, c}, 1, &y)->version = 8;
      build_input(b, x), build_output(b, y);
      CHECK_INT(build_finish(&s.o.model, &b, 1), LRT_OK);
      const lrt_interpreter_options settings = {.mode = (lrt_mode)mode};
      const lrt_status status = build_open(&s.o.model, &settings, &s.o.session, &s.o.error);
      CHECK_INT(status, damaged ? LRT_INVALID_MODEL : LRT_OK);
      if (status == LRT_OK) {
        memcpy(build_view(&s.o.session, x).data, (float[]){3, 5}, 8);
        CHECK_INT(lrt_interpreter_invoke(s.o.session.it, 0, &s.o.error), LRT_OK);
        const float *got = build_view(&s.o.session, y).data;
        CHECK(got[0] == 5.5f && got[1] == 5);
      }
      one_op_close(&s.o);
    }
  }
}

static void test_elsewhere(void) {
  sparse_model s;
  begin(&s);
  CHECK(run(&s, LRT_OP_SQUEEZE, 8) != LRT_OK);
  one_op_close(&s.o);
}

int main(int argc, char **argv) {
  RUN(test_densify);
  RUN(test_blocks);
  RUN(test_damaged);
  RUN(test_sparse_weights);
  RUN(test_elsewhere);
  DONE();
}
