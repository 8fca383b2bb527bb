/* batch.c: run N samples at once by resizing the first dimension of the input. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <litert/interpreter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  lrt_model *model = NULL;
  lrt_interpreter *interpreter = NULL;
  lrt_subgraph_info graph;
  lrt_tensor_info info;
  lrt_tensor_view input, output;
  lrt_error err = {LRT_OK, ""};

  if (argc != 3) {
    fprintf(stderr, "usage: batch MODEL.tflite N\n");
    return 2;
  }
  lrt_status status = lrt_model_open(argv[1], NULL, &model, &err);
  if (status == LRT_OK) status = lrt_interpreter_create(model, NULL, &interpreter, &err);
  if (status == LRT_OK) status = lrt_model_subgraph(model, 0, &graph);
  if (status == LRT_OK) status = lrt_model_tensor(model, 0, graph.inputs[0], &info);
  if (status == LRT_OK) {
    lrt_shape shape = info.shape;
    shape.dims[0] = atoi(argv[2]);
    status = lrt_interpreter_resize_input(interpreter, 0, graph.inputs[0], &shape, 0, &err);
  }
  if (status == LRT_OK) status = lrt_interpreter_allocate(interpreter, 0, &err);
  if (status == LRT_OK) status = lrt_interpreter_tensor(interpreter, 0, graph.inputs[0], &input, &err);
  if (status == LRT_OK) memset(input.data, 0, input.bytes);
  if (status == LRT_OK) status = lrt_interpreter_invoke(interpreter, 0, &err);
  if (status == LRT_OK) status = lrt_interpreter_tensor(interpreter, 0, graph.outputs[0], &output, &err);
  if (status == LRT_OK) {
    printf("output 0 has the shape [");
    for (int i = 0; i < output.shape.rank; i++) printf("%s%d", i > 0 ? "," : "", output.shape.dims[i]);
    printf("]\n");
  } else {
    fprintf(stderr, "batch: %s\n", err.message);
  }
  lrt_interpreter_destroy(interpreter);
  lrt_model_destroy(model);
  return status == LRT_OK ? 0 : 1;
}
