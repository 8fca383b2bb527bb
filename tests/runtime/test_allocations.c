/* test_allocations.c: every single allocation of load, plan and run refused in turn: an error, no crash, no leak. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "build_model.h"

/* Opens, plans and runs a model once. */
static lrt_status use_model(const char *path, const build_model *built, lrt_error *err) {
  lrt_model *model = NULL;
  lrt_interpreter *it = NULL;
  lrt_status status = path != NULL ? lrt_model_open(path, NULL, &model, err)
                                   : lrt_model_open_memory(built->bytes, built->size, NULL, &model, err);
  const lrt_interpreter_options options = {.num_threads = 2, .limits = {.seconds = 20}};
  if (status == LRT_OK) status = lrt_interpreter_create(model, &options, &it, err);
  if (status == LRT_OK) status = lrt_interpreter_allocate(it, 0, err);
  lrt_subgraph_info graph;
  if (status == LRT_OK) status = lrt_model_subgraph(model, 0, &graph);
  for (int32_t i = 0; status == LRT_OK && i < graph.input_count; i++) {
    lrt_tensor_view view;
    status = lrt_interpreter_tensor(it, 0, graph.inputs[i], &view, err);
    if (status == LRT_OK && view.bytes > 0 && view.data != NULL) memset(view.data, 0, view.bytes);
  }
  if (status == LRT_OK) status = lrt_interpreter_invoke(it, 0, err);
  lrt_interpreter_destroy(it);
  lrt_model_destroy(model);
  return status;
}

/* Fails the n-th allocation and all later ones, for every n (a stride keeps large models short). */
static void sweep(const char *path, const build_model *built) {
  lrt_error err = {LRT_OK, ""};
  const uint64_t before = lrt_alloc_calls(lrt_alloc_default());
  CHECK_INT(use_model(path, built, &err), LRT_OK);
  if (err.code != LRT_OK) fprintf(stderr, "%s\n", err.message);
  const uint64_t calls = lrt_alloc_calls(lrt_alloc_default()) - before;
  const uint64_t stride = calls / 150 + 1;
  for (uint64_t n = 1; n <= calls; n += stride) {
    err = (lrt_error){LRT_OK, ""};
    lrt_alloc_fail_from(lrt_alloc_default(), n);
    const lrt_status status = use_model(path, built, &err);
    lrt_alloc_fail_from(lrt_alloc_default(), 0);
    CHECK(status == LRT_OUT_OF_MEMORY || status == LRT_OK);
    CHECK(status == LRT_OK || err.message[0] != '\0');
  }
  printf("%s: %llu allocations, each refused once (stride %llu)\n", path != NULL ? path : "built model",
         (unsigned long long)calls, (unsigned long long)stride);
}

static build_subgraph graph;

static void built_model(void) {
  static const lrt_add_options add = {.pot_scale_int16 = 1};
  build_model m = {0};
  const int32_t x = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 3, 5)),
                y = build_tensor(&graph, LRT_FLOAT32, build_shape(2, 3, 5));
  build_node(&graph, LRT_OP_ADD, &add, 2, (int32_t[]){x, x}, 1, (int32_t[]){y});
  build_input(&graph, x), build_output(&graph, y);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
  sweep(NULL, &m);
  build_clear(&m);
}

static void real_model(const char *name) {
  char path[1000];
  snprintf(path, sizeof path, "%s/models/tflite/%s", LRT_SHARED_DIR, name);
  if (access(path, R_OK) != 0)
    printf("skipped: %s is not there\n", path);
  else if (getenv("LRT_EMULATED") != NULL)
    printf("skipped: %s takes too long under an emulator\n", path);
  else
    sweep(path, NULL);
}

static void int8_network(void) {
  real_model("made/ds_cnn_kws.int8.tflite");
}
static void float_network(void) {
  real_model("made/resnet8_cifar.fp32.tflite");
}
static void loops(void) {
  real_model("made/rnn_mix.drq.tflite");
}

int main(int argc, char **argv) {
  RUN(built_model);
  RUN(int8_network);
  RUN(float_network);
  RUN(loops);
  DONE();
}
