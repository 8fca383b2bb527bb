/* cached_model.h: a small model in a folder of its own, run with a file of packed weights. For fuzz programs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_CACHED_MODEL_H
#define LRT_TESTS_CACHED_MODEL_H

#include <unistd.h>

#include "build_model.h"
#include "shared_files.h"

enum { CACHED_ROWS = 16, CACHED_WIDE = 32, CACHED_NUMBERS = CACHED_ROWS * CACHED_WIDE };

typedef struct cached_model {
  char folder[64], model[96], cache[96];
} cached_model;

typedef struct cached_outcome {
  lrt_status status;
  bool was_read; /* the state says that packed weights came from the file */
  uint64_t packed, read;
  float y[CACHED_NUMBERS];
} cached_outcome;

/* y = x w0 w1 over [16,32], with 32-bit floats. */
static inline bool write_cached_model(const char *path) {
  static const lrt_fully_connected_options product = {0};
  static build_subgraph graph;
  static float weights[2][CACHED_WIDE * CACHED_WIDE];
  build_model m = {0};
  int32_t last = build_tensor(&graph, LRT_FLOAT32, build_shape(2, CACHED_ROWS, CACHED_WIDE));
  build_input(&graph, last);
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < CACHED_WIDE * CACHED_WIDE; i++)
      weights[k][i] = (float)((i * 37 + k * 11) % 29 - 14) / 16;
    const int32_t w =
        build_constant(&graph, LRT_FLOAT32, build_shape(2, CACHED_WIDE, CACHED_WIDE), weights[k]);
    const int32_t y = build_tensor(&graph, LRT_FLOAT32, build_shape(2, CACHED_ROWS, CACHED_WIDE));
    build_node(&graph, LRT_OP_FULLY_CONNECTED, &product, 3, (int32_t[]){last, w, -1}, 1, &y);
    last = y;
  }
  build_output(&graph, last);
  if (build_finish(&m, (build_subgraph *[]){&graph}, 1) != LRT_OK) return false;
  FILE *file = fopen(path, "wb");
  const bool written = file != NULL && fwrite(m.bytes, 1, m.size, file) == m.size;
  build_clear(&m);
  return file != NULL && fclose(file) == 0 && written;
}

static inline bool make_cached_model(cached_model *c) {
  /* In memory where that can be: files are flushed to the medium before they replace others. */
  snprintf(c->folder, sizeof c->folder, "/dev/shm/fuzz_weight_cache_XXXXXX");
  if (mkdtemp(c->folder) == NULL) {
    snprintf(c->folder, sizeof c->folder, "/tmp/fuzz_weight_cache_XXXXXX");
    if (mkdtemp(c->folder) == NULL) return false;
  }
  snprintf(c->model, sizeof c->model, "%s/m.tflite", c->folder);
  snprintf(c->cache, sizeof c->cache, "%s/cache", c->folder);
  return write_cached_model(c->model);
}

static inline void remove_cached_model(const cached_model *c) {
  unlink(c->cache);
  unlink(c->model);
  rmdir(c->folder);
}

/* Opens, allocates and runs with the file of packed weights as it is; NULL: without one. */
static inline void run_cached_model(const cached_model *c, const char *cache, bool copy,
                                    cached_outcome *out) {
  const lrt_model_options options = {.copy = copy, .weight_cache = cache};
  build_session s = {NULL, NULL};
  lrt_error err = {LRT_OK, ""};
  memset(out, 0, sizeof *out);
  out->status = lrt_model_open(c->model, &options, &s.model, &err);
  if (out->status == LRT_OK) out->status = lrt_interpreter_create(s.model, NULL, &s.it, &err);
  if (out->status == LRT_OK) out->status = lrt_interpreter_allocate(s.it, 0, &err);
  if (out->status == LRT_OK) {
    lrt_weight_cache_info info;
    float *x = build_view(&s, 0).data;
    for (int i = 0; i < CACHED_NUMBERS; i++) x[i] = (float)(i % 17 - 8) / 8;
    out->status = lrt_interpreter_invoke(s.it, 0, &err);
    memcpy(out->y, build_view(&s, 4).data, sizeof out->y);
    lrt_model_weight_cache(s.model, &info);
    out->packed = lrt_model_packed_bytes(s.model);
    out->read = info.read_bytes;
    out->was_read = strstr(info.state, "are read from it") != NULL;
  }
  build_close(&s);
}

#endif
