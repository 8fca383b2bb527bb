/* test_inside.c: looking into a model and a plan: parts of the file, the list of operators, single steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "build_model.h"
#include "format_samples.h"
#include "litert/devices.h"
#include "litert/op.h"
#include "litert/parts.h"
#include "litert/version.h"

static const lrt_add_options plain_add = {.pot_scale_int16 = 1};
static build_subgraph graph;

/* y = (x + x) + x over [1,4] */
static void make_sum(build_model *m) {
  memset(&graph, 0, sizeof graph);
  memset(m, 0, sizeof *m);
  const int32_t x = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 4));
  const int32_t twice = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 4));
  const int32_t y = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 1, 4));
  build_input(&graph, x);
  build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){x, x}, 1, (int32_t[]){twice});
  build_node(&graph, LRT_OP_ADD, &plain_add, 2, (int32_t[]){twice, x}, 1, (int32_t[]){y});
  build_output(&graph, y);
  CHECK_INT(build_finish(m, (build_subgraph *[]){&graph}, 1), LRT_OK);
}

static void a_model_alone_has_no_parts(void) {
  build_model m;
  lrt_model *model = NULL;
  lrt_parts *parts = NULL;
  lrt_part_info info;
  make_sum(&m);
  CHECK_INT(lrt_model_open_memory(m.bytes, m.size, NULL, &model, NULL), LRT_OK);
  CHECK_INT(lrt_parts_create(model, &parts, NULL), LRT_OK);
  lrt_model_destroy(model); /* the list keeps it */
  CHECK_INT(lrt_parts_count(parts), 0);
  CHECK_INT(lrt_parts_info(parts, 0, &info), LRT_NOT_FOUND);
  CHECK_INT(lrt_parts_find(parts, "labels.txt"), -1);
  CHECK_INT(lrt_parts_read(parts, 0, NULL, NULL), LRT_NOT_FOUND);
  lrt_parts_destroy(parts);
  lrt_parts_destroy(NULL);
  build_clear(&m);
}

static void an_archive_behind_the_model(void) {
  build_model m;
  lrt_model *model = NULL;
  lrt_parts *parts = NULL;
  lrt_part_info info = {NULL, NULL, 0};
  static uint8_t file[1 << 14], contents[1 << 12];
  make_sum(&m);
  REQUIRE(m.size + sizeof sample_zip <= sizeof file);
  memcpy(file, m.bytes, m.size);
  memcpy(file + m.size, sample_zip, sizeof sample_zip);
  CHECK_INT(lrt_model_open_memory(file, m.size + sizeof sample_zip, NULL, &model, NULL), LRT_OK);
  CHECK_INT(lrt_parts_create(model, &parts, NULL), LRT_OK);
  REQUIRE(lrt_parts_count(parts) == 2);
  for (int32_t i = 0; i < 2; i++) {
    CHECK_INT(lrt_parts_info(parts, i, &info), LRT_OK);
    CHECK_TEXT(info.kind, "file");
    CHECK_INT(lrt_parts_find(parts, info.name), i);
    REQUIRE(info.bytes <= sizeof contents);
    CHECK_INT(lrt_parts_read(parts, i, contents, NULL), LRT_OK);
  }
  lrt_parts_destroy(parts);
  lrt_model_destroy(model);
  build_clear(&m);
}

static void single_steps(void) {
  const lrt_interpreter_options options = {.preserve_all_tensors = 1};
  build_model m;
  build_session s;
  lrt_error err = {LRT_OK, ""};
  make_sum(&m);
  CHECK_INT(build_open(&m, &options, &s, &err), LRT_OK);
  REQUIRE(s.it != NULL);
  float *x = build_view(&s, 0).data, *twice = build_view(&s, 1).data;
  const float *y = build_view(&s, 2).data;
  x[0] = 3;
  CHECK_INT(lrt_interpreter_invoke_steps(s.it, 0, 0, 1, &err), LRT_OK);
  CHECK_NEAR(twice[0], 6, 0);
  CHECK_NEAR(y[0], 0, 0); /* not run */
  twice[0] = 100;
  CHECK_INT(lrt_interpreter_invoke_steps(s.it, 0, 1, 1, &err), LRT_OK);
  CHECK_NEAR(y[0], 103, 0);
  CHECK_INT(lrt_interpreter_invoke_steps(s.it, 0, 0, 2, &err), LRT_OK);
  CHECK_NEAR(y[0], 9, 0);
  CHECK_INT(lrt_interpreter_invoke_steps(s.it, 0, 1, 2, &err), LRT_NOT_FOUND);
  CHECK_INT(lrt_interpreter_invoke_steps(s.it, 0, -1, 1, &err), LRT_NOT_FOUND);
  CHECK_INT(lrt_interpreter_invoke_steps(s.it, 5, 0, 1, &err), LRT_NOT_FOUND);
  build_close(&s);
  CHECK_INT(build_open(&m, NULL, &s, &err), LRT_OK);
  CHECK_INT(lrt_interpreter_invoke_steps(s.it, 0, 0, 1, &err), LRT_WRONG_STATE);
  build_close(&s);
  build_clear(&m);
}

static void lists_operators(void) {
  lrt_operator_info info;
  const int32_t count = lrt_operator_count();
  int32_t last = -1;
  CHECK(count > 200);
  for (int32_t i = 0; i < count; i++) {
    CHECK_INT(lrt_operator_at(i, &info), LRT_OK);
    CHECK(info.name != NULL && info.name[0] != '\0');
    CHECK(info.is_custom == (info.code == LRT_OP_CUSTOM));
    CHECK(info.is_custom || info.code > last);
    last = info.code;
  }
  CHECK_INT(lrt_operator_at(0, &info), LRT_OK);
  CHECK_TEXT(info.name, "ADD");
  CHECK(info.is_supported);
  CHECK_INT(lrt_operator_at(count, &info), LRT_NOT_FOUND);
  CHECK_INT(lrt_operator_at(-1, &info), LRT_NOT_FOUND);
}

static void describes_the_processor(void) {
  lrt_cpu_description cpu;
  lrt_cpu_describe(&cpu);
  CHECK(cpu.cores >= 1);
  CHECK_TEXT(lrt_cpu_usable_level(0), "generic");
  int count = 0;
  while (lrt_cpu_usable_level(count) != NULL) count++;
  CHECK(count >= 1 && count < 32);
  CHECK(lrt_cpu_usable_level(-1) == NULL);
  CHECK(lrt_version()[0] >= '0' && lrt_version()[0] <= '9');
}

int main(int argc, char **argv) {
  RUN(a_model_alone_has_no_parts);
  RUN(an_archive_behind_the_model);
  RUN(single_steps);
  RUN(lists_operators);
  RUN(describes_the_processor);
  DONE();
}
