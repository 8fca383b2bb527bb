/* inference.c: load a model, fill its first input with zeros, run it once, print the first outputs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <litert/interpreter.h>
#include <stdio.h>
#include <string.h>

static int fail(const lrt_error *err) {
  fprintf(stderr, "inference: %s\n", err->message);
  return 1;
}

int main(int argc, char **argv) {
  lrt_model *model = NULL;
  lrt_interpreter *interpreter = NULL;
  lrt_subgraph_info graph;
  lrt_tensor_view input, output;
  lrt_error err = {LRT_OK, ""};

  if (argc != 2) {
    fprintf(stderr, "usage: inference MODEL.tflite\n");
    return 2;
  }
  if (lrt_model_open(argv[1], NULL, &model, &err) != LRT_OK) return fail(&err);
  if (lrt_interpreter_create(model, NULL, &interpreter, &err) != LRT_OK) return fail(&err);
  if (lrt_interpreter_allocate(interpreter, 0, &err) != LRT_OK) return fail(&err);

  lrt_model_subgraph(model, 0, &graph);
  if (graph.input_count > 0) {
    if (lrt_interpreter_tensor(interpreter, 0, graph.inputs[0], &input, &err) != LRT_OK) return fail(&err);
    memset(input.data, 0, input.bytes);
  }
  if (lrt_interpreter_invoke(interpreter, 0, &err) != LRT_OK) return fail(&err);
  if (lrt_interpreter_tensor(interpreter, 0, graph.outputs[0], &output, &err) != LRT_OK) return fail(&err);

  printf("output 0: %s, %zu bytes\n", lrt_type_name(output.type), output.bytes);
  if (output.type == LRT_FLOAT32)
    for (size_t i = 0; i < output.bytes / sizeof(float) && i < 5; i++)
      printf("  [%zu] %g\n", i, (double)((const float *)output.data)[i]);
  lrt_interpreter_destroy(interpreter);
  lrt_model_destroy(model);
  return 0;
}
