/* pipeline.c: two models, one after the other: output 0 of the first is input 0 of the second. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <litert/interpreter.h>
#include <stdio.h>
#include <string.h>

/* A model ready to run. */
typedef struct stage {
  lrt_model *model;
  lrt_interpreter *interpreter;
  lrt_tensor_view input, output;
} stage;

static lrt_status open_stage(stage *s, const char *path, lrt_threads *team, lrt_error *err) {
  lrt_interpreter_options options = {0};
  lrt_subgraph_info graph;
  options.threads = team; /* both stages share the same worker threads */
  lrt_status status = lrt_model_open(path, NULL, &s->model, err);
  if (status == LRT_OK) status = lrt_interpreter_create(s->model, &options, &s->interpreter, err);
  if (status == LRT_OK) status = lrt_interpreter_allocate(s->interpreter, 0, err);
  if (status == LRT_OK) status = lrt_model_subgraph(s->model, 0, &graph);
  if (status == LRT_OK) status = lrt_interpreter_tensor(s->interpreter, 0, graph.inputs[0], &s->input, err);
  if (status == LRT_OK) status = lrt_interpreter_tensor(s->interpreter, 0, graph.outputs[0], &s->output, err);
  return status;
}

static void close_stage(stage *s) {
  lrt_interpreter_destroy(s->interpreter);
  lrt_model_destroy(s->model);
}

int main(int argc, char **argv) {
  stage first = {0}, second = {0};
  lrt_threads *team = NULL;
  lrt_error err = {LRT_OK, ""};

  if (argc != 3) {
    fprintf(stderr, "usage: pipeline FIRST.tflite SECOND.tflite\n");
    return 2;
  }
  lrt_status status = lrt_threads_create(2, &team, &err);
  if (status == LRT_OK) status = open_stage(&first, argv[1], team, &err);
  if (status == LRT_OK) status = open_stage(&second, argv[2], team, &err);
  if (status == LRT_OK && first.output.bytes != second.input.bytes) {
    fprintf(stderr, "pipeline: %zu bytes do not fit an input of %zu\n", first.output.bytes,
            second.input.bytes);
    return 1;
  }
  if (status == LRT_OK) memset(first.input.data, 0, first.input.bytes);
  if (status == LRT_OK) status = lrt_interpreter_invoke(first.interpreter, 0, &err);
  if (status == LRT_OK) memcpy(second.input.data, first.output.data, first.output.bytes);
  if (status == LRT_OK) status = lrt_interpreter_invoke(second.interpreter, 0, &err);
  if (status == LRT_OK)
    printf("the second model gave %zu bytes\n", second.output.bytes);
  else
    fprintf(stderr, "pipeline: %s\n", err.message);
  close_stage(&first);
  close_stage(&second);
  lrt_threads_destroy(team);
  return status == LRT_OK ? 0 : 1;
}
