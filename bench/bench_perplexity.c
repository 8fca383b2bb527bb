/* bench_perplexity.c: perplexity of a language model on a text, by the library's own scoring; one JSON line. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "litert/llm.h"

/* Windows of WINDOW tokens, the cache empty at the beginning of each; the first SKIPPED of a window are context only. */
enum { WINDOW = 1024, SKIPPED = 256 };

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  const long size = ftell(file);
  rewind(file);
  char *text = size > 0 ? malloc((size_t)size) : NULL;
  *length = text != NULL ? fread(text, 1, (size_t)size, file) : 0;
  fclose(file);
  return text;
}

/* Adds the negative log-likelihood of one window. */
static lrt_status score_window(lrt_session *session, const int32_t *ids, float *logprobs, double *sum,
                               lrt_error *err) {
  lrt_status status = lrt_session_set(session, NULL, 0, err);
  if (status == LRT_OK) status = lrt_session_append(session, ids, SKIPPED, err);
  if (status == LRT_OK) status = lrt_session_score(session, ids + SKIPPED, WINDOW - SKIPPED, logprobs, err);
  for (int i = 0; status == LRT_OK && i < WINDOW - SKIPPED; i++) *sum -= (double)logprobs[i];
  return status;
}

static lrt_status run(const char *model, const char *path, long windows, int threads, lrt_error *err) {
  const lrt_engine_options options = {.num_threads = threads};
  lrt_engine *engine = NULL;
  lrt_session *session = NULL;
  lrt_token_list ids = {0};
  float logprobs[WINDOW];
  double sum = 0;
  size_t length = 0;
  char *text = read_file(path, &length);
  if (text == NULL) {
    snprintf(err->message, sizeof err->message, "%s: %s", path, strerror(errno));
    return LRT_NOT_FOUND;
  }
  lrt_status status = lrt_engine_open(model, &options, &engine, err);
  if (status == LRT_OK) status = lrt_session_create(engine, NULL, &session, err);
  if (status == LRT_OK)
    status = lrt_tokenizer_encode(lrt_engine_tokenizer(engine), text, length, 0, &ids, err);
  if ((long)(ids.count / WINDOW) < windows) windows = (long)(ids.count / WINDOW);
  for (long w = 0; status == LRT_OK && w < windows; w++) {
    status = score_window(session, ids.ids + w * WINDOW, logprobs, &sum, err);
    fprintf(stderr, "window %ld of %ld\n", w + 1, windows);
  }
  const double scored = (double)windows * (WINDOW - SKIPPED);
  if (status == LRT_OK && windows > 0)
    printf("{\"tokens\":%.0f,\"nll\":%.9g,\"perplexity\":%.9g}\n", scored, sum / scored, exp(sum / scored));
  lrt_token_list_clear(&ids);
  lrt_session_destroy(session);
  lrt_engine_destroy(engine);
  free(text);
  return status;
}

int main(int argc, char **argv) {
  lrt_error err = {LRT_OK, ""};
  if (argc < 3) {
    fprintf(stderr, "usage: bench_perplexity MODEL TEXT [WINDOWS [THREADS]]\n");
    return 2;
  }
  const long windows = argc > 3 ? strtol(argv[3], NULL, 10) : 6;
  const int threads = argc > 4 ? atoi(argv[4]) : 0;
  if (run(argv[1], argv[2], windows, threads, &err) == LRT_OK) return 0;
  fprintf(stderr, "bench_perplexity: %s\n", err.message);
  return 1;
}
