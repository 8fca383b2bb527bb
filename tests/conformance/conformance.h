/* conformance.h: runs one model on stored inputs and judges its outputs; each in a process of its own. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_CONFORMANCE_H
#define LRT_TESTS_CONFORMANCE_H

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare.h"
#include "litert/interpreter.h"
#include "npz.h"

/* Sanitized builds and emulators run nets a hundred times slower: they take the small models only. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFORMANCE_MAX_BYTES 320000
#else
#define CONFORMANCE_MAX_BYTES (1 << 30)
#endif

static inline bool is_too_large(const char *path) {
  struct stat info;
  const long most = getenv("LRT_EMULATED") != NULL ? 320000 : CONFORMANCE_MAX_BYTES;
  return stat(path, &info) == 0 && info.st_size > most;
}

/* Emulated runs, and those where LRT_PART is set, take a tenth of the cases, the one that LRT_SEED names, unless LRT_FULL
 * is set. */
static inline bool is_wanted(const char *name) {
  const char *seed = getenv("LRT_SEED");
  unsigned hash = 0;
  if (getenv("LRT_FULL") != NULL || (getenv("LRT_EMULATED") == NULL && getenv("LRT_PART") == NULL))
    return true;
  for (const char *c = name; *c != '\0'; c++) hash = hash * 31 + (unsigned char)*c;
  return hash % 10 == (seed == NULL ? 1 : (unsigned)abs(atoi(seed)) % 10);
}

/* The thread sanitizer, slower still, takes a seeded eighth of what is left (LRT_SEED), and nothing that is large in the
 * running. */
static inline bool is_left_out(const char *name) {
#if defined(__SANITIZE_THREAD__)
  const char *seed = getenv("LRT_SEED");
  unsigned hash = seed != NULL ? (unsigned)atoi(seed) : 1;
  for (const char *c = name; *c != 0; c++) hash = hash * 31 + (unsigned char)*c;
  return strstr(name, "huge") != NULL || (hash >> 4) % 8 != 0;
#else
  (void)name;
  return false;
#endif
}

enum { VERDICT_OK = 0, VERDICT_DIFFERS = 10, VERDICT_ERROR = 11, VERDICT_SKIPPED = 12 };

typedef struct session {
  lrt_model *model;
  lrt_interpreter *it;
  lrt_subgraph_info graph;
} session;

static inline lrt_status session_open(session *s, const char *path, lrt_mode mode, lrt_error *err) {
  const lrt_interpreter_options options = {.num_threads = 2, .mode = mode, .limits = {.seconds = 100}};
  memset(s, 0, sizeof *s);
  lrt_status status = lrt_model_open(path, NULL, &s->model, err);
  if (status == LRT_OK) status = lrt_interpreter_create(s->model, &options, &s->it, err);
  if (status == LRT_OK) status = lrt_model_subgraph(s->model, 0, &s->graph);
  return status;
}

static inline void session_close(session *s) {
  lrt_interpreter_destroy(s->it);
  lrt_model_destroy(s->model);
}

/* Resizes to the stored inputs' shapes, copies them in and runs. `prefix` + "in" + number names an input. */
static inline lrt_status session_run(session *s, npz *file, const char *prefix, lrt_error *err) {
  lrt_npy inputs[64];
  char key[64];
  for (int32_t i = 0; i < s->graph.input_count && i < 64; i++) {
    snprintf(key, sizeof key, "%sin%d", prefix, i);
    lrt_status status = npz_get(file, key, &inputs[i], err);
    if (status == LRT_OK)
      status = lrt_interpreter_resize_input(s->it, 0, s->graph.inputs[i], &inputs[i].shape, 0, err);
    if (status != LRT_OK) return status;
  }
  lrt_status status = lrt_interpreter_allocate(s->it, 0, err);
  for (int32_t i = 0; status == LRT_OK && i < s->graph.input_count; i++) {
    lrt_tensor_view view;
    status = lrt_interpreter_tensor(s->it, 0, s->graph.inputs[i], &view, err);
    if (status == LRT_OK && view.bytes != inputs[i].bytes) {
      snprintf(err->message, sizeof err->message, "input %d holds %zu bytes, stored are %zu", i, view.bytes,
               inputs[i].bytes);
      return LRT_INVALID_ARGUMENT;
    }
    if (status == LRT_OK && view.bytes > 0) memcpy(view.data, inputs[i].data, view.bytes);
  }
  return status == LRT_OK ? lrt_interpreter_invoke(s->it, 0, err) : status;
}

/* Runs `body(path, name, mode)` in a child and returns its verdict; a crash is VERDICT_ERROR. */
typedef int (*conformance_body)(const char *path, const char *name, lrt_mode mode);

static inline int in_child(conformance_body body, const char *path, const char *name, lrt_mode mode) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const int verdict = body(path, name, mode);
    fflush(stdout);
    _exit(verdict);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  printf("%s: ended by signal %d\n", name, WTERMSIG(status));
  return VERDICT_ERROR;
}

/* Counts of one run over many files. */
typedef struct tally {
  int run, passed, excepted, skipped, failed;
} tally;

static inline void count_verdict(tally *t, int verdict, const char *name, const char *mode,
                                 const char *table) {
  const char *reason = compare_exception(table, name, mode);
  t->run++;
  if (verdict == VERDICT_SKIPPED)
    t->skipped++;
  else if (verdict == VERDICT_OK && reason == NULL)
    t->passed++;
  else if (verdict == VERDICT_OK) {
    t->failed++;
    printf("FAIL %s (%s): passes, but is listed as an exception (%s)\n", name, mode, reason);
  } else if (reason != NULL) {
    t->excepted++;
    printf("exception %s (%s): %s\n", name, mode, reason);
  } else {
    t->failed++;
    printf("FAIL %s (%s)\n", name, mode);
  }
}

#endif
