/* benchmark_loop.c: time a model: the first run apart from the best and the middle of many. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <litert/interpreter.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS 50

static double now_ms(void) {
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static int fail(const lrt_error *err) {
  fprintf(stderr, "benchmark_loop: %s\n", err->message);
  return 1;
}

int main(int argc, char **argv) {
  lrt_interpreter_options options = {0};
  lrt_model *model = NULL;
  lrt_interpreter *interpreter = NULL;
  lrt_error err = {LRT_OK, ""};
  double times[RUNS];

  if (argc < 2) {
    fprintf(stderr, "usage: benchmark_loop MODEL.tflite [THREADS]\n");
    return 2;
  }
  options.num_threads = argc > 2 ? atoi(argv[2]) : 1;
  const double start = now_ms();
  if (lrt_model_open(argv[1], NULL, &model, &err) != LRT_OK) return fail(&err);
  if (lrt_interpreter_create(model, &options, &interpreter, &err) != LRT_OK) return fail(&err);
  if (lrt_interpreter_allocate(interpreter, 0, &err) != LRT_OK) return fail(&err);
  const double loaded = now_ms();
  if (lrt_interpreter_invoke(interpreter, 0, &err) != LRT_OK) return fail(&err);
  const double first = now_ms();
  for (int i = 0; i < RUNS; i++) {
    const double before = now_ms();
    if (lrt_interpreter_invoke(interpreter, 0, &err) != LRT_OK) return fail(&err);
    times[i] = now_ms() - before;
  }
  qsort(times, RUNS, sizeof times[0], ascending);
  printf("load %.3f ms, first run %.3f ms, best %.3f ms, median %.3f ms\n", loaded - start, first - loaded,
         times[0], times[RUNS / 2]);
  lrt_interpreter_destroy(interpreter);
  lrt_model_destroy(model);
  return 0;
}
