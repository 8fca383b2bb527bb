/* test_weight_cache.c: files of packed weights: made, used, damaged, foreign, unwritable, raced for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build_model.h"
#include "litert/counters.h"

enum { ROWS = 16, WIDE = 96 };

static build_subgraph graph;
static char folder[64], model_path[96], cache_path[96];
static float weights[2][WIDE * WIDE], expected[ROWS * WIDE];

/* y = x w0 w1 over [16,96]; the bytes go to `path`. `seed` changes the weights. */
static void write_model(const char *path, int seed) {
  static const lrt_fully_connected_options product = {0};
  build_model m = {0};
  memset(&graph, 0, sizeof graph);
  int32_t last = build_tensor(&graph, LRT_FLOAT32, build_shape(2, ROWS, WIDE));
  build_input(&graph, last);
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < WIDE * WIDE; i++) weights[k][i] = (float)((i * 37 + k * 11 + seed) % 29 - 14) / 16;
    const int32_t w = build_constant(&graph, LRT_FLOAT32, build_shape(2, WIDE, WIDE), weights[k]);
    const int32_t y = build_tensor(&graph, LRT_FLOAT32, build_shape(2, ROWS, WIDE));
    build_node(&graph, LRT_OP_FULLY_CONNECTED, &product, 3, (int32_t[]){last, w, -1}, 1, &y);
    last = y;
  }
  build_output(&graph, last);
  CHECK_INT(build_finish(&m, (build_subgraph *[]){&graph}, 1), LRT_OK);
  FILE *file = fopen(path, "wb");
  REQUIRE(file != NULL);
  CHECK_INT(fwrite(m.bytes, 1, m.size, file), m.size);
  fclose(file);
  build_clear(&m);
}

typedef struct outcome {
  lrt_status status;
  lrt_weight_cache_info cache;
  char path[200];
  uint64_t packed, made;
  float y[ROWS * WIDE];
} outcome;

static uint64_t packs_made(void) {
  uint64_t all[LRT_COUNTER_COUNT] = {0};
  lrt_counters_read(all, LRT_COUNTER_COUNT);
  return all[LRT_COUNTER_PACKS_MADE];
}

/* Opens, allocates and runs with a cache at `cache` (NULL = none). */
static outcome run_with(const char *cache, int copy) {
  const lrt_model_options options = {.copy = copy, .weight_cache = cache};
  outcome o = {.status = LRT_OK};
  build_session s = {NULL, NULL};
  lrt_error err = {LRT_OK, ""};
  const uint64_t before = packs_made();
  o.status = lrt_model_open(model_path, &options, &s.model, &err);
  if (o.status == LRT_OK) o.status = lrt_interpreter_create(s.model, NULL, &s.it, &err);
  if (o.status == LRT_OK) o.status = lrt_interpreter_allocate(s.it, 0, &err);
  if (o.status == LRT_OK) {
    float *x = build_view(&s, 0).data;
    for (int i = 0; i < ROWS * WIDE; i++) x[i] = (float)(i % 17 - 8) / 8;
    o.status = lrt_interpreter_invoke(s.it, 0, &err);
    memcpy(o.y, build_view(&s, 4).data, sizeof o.y);
    o.packed = lrt_model_packed_bytes(s.model);
    lrt_model_weight_cache(s.model, &o.cache);
    if (o.cache.path != NULL) snprintf(o.path, sizeof o.path, "%s", o.cache.path);
  } else {
    snprintf(o.cache.state, sizeof o.cache.state, "%s", err.message);
  }
  build_close(&s);
  o.made = packs_made() - before;
  return o;
}

static bool is_right(const outcome *o) {
  return o->status == LRT_OK && memcmp(o->y, expected, sizeof expected) == 0;
}

static bool says(const outcome *o, const char *words) {
  if (strstr(o->cache.state, words) != NULL) return true;
  fprintf(stderr, "state: \"%s\", expected \"%s\"\n", o->cache.state, words);
  return false;
}

static uint8_t *slurp(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = malloc(1 << 20);
  *size = file != NULL && bytes != NULL ? fread(bytes, 1, 1 << 20, file) : 0;
  if (file != NULL) fclose(file);
  return bytes;
}

static void spill(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  REQUIRE(file != NULL);
  CHECK_INT(fwrite(bytes, 1, size, file), size);
  fclose(file);
}

static int files_in_folder(void) {
  char command[160];
  int count = -1;
  snprintf(command, sizeof command, "ls -A %s | wc -l", folder);
  FILE *pipe = popen(command, "r");
  if (pipe != NULL && fscanf(pipe, "%d", &count) != 1) count = -1;
  if (pipe != NULL) pclose(pipe);
  return count;
}

static void made_once_then_mapped(void) {
  const outcome none = run_with(NULL, 0);
  memcpy(expected, none.y, sizeof expected);
  CHECK_INT(none.status, LRT_OK);
  CHECK(none.cache.path == NULL);
  if (none.packed == 0) SKIP("the kernels of this level pack nothing");
  unlink(cache_path);
  const outcome first = run_with(cache_path, 0);
  CHECK(is_right(&first) && says(&first, "written by this process"));
  CHECK_INT(first.cache.read_bytes, 0);
  CHECK(first.made > 0);
  for (int copy = 0; copy < 2; copy++) {
    const outcome second = run_with(cache_path, copy);
    CHECK(is_right(&second) && says(&second, "are read from it"));
    CHECK_INT(second.made, 0);
    CHECK_INT(second.packed, first.packed);
    CHECK_INT(second.cache.read_bytes, first.packed);
  }
  CHECK_INT(files_in_folder(), 2);
}

static void another_model_replaces_it(void) {
  const struct timespec times[2] = {{1000, 0}, {1000, 5}};
  CHECK(is_right(&(outcome[]){run_with(cache_path, 0)}[0]));
  CHECK_INT(utimensat(AT_FDCWD, model_path, times, 0), 0);
  outcome o = run_with(cache_path, 0);
  CHECK(is_right(&o) && says(&o, "written by this process"));
  CHECK(o.made > 0);
  o = run_with(cache_path, 0);
  CHECK(is_right(&o) && says(&o, "are read from it"));
  write_model(model_path, 5);
  o = run_with(cache_path, 0);
  CHECK_INT(o.status, LRT_OK);
  CHECK(memcmp(o.y, expected, sizeof expected) != 0);
  write_model(model_path, 0);
  o = run_with(cache_path, 0);
  CHECK(is_right(&o));
}

/* Whatever a file looks like: results are right, and the next process finds a good file. */
static void damaged_files_are_replaced(void) {
  size_t size = 0;
  outcome o = run_with(cache_path, 0);
  uint8_t *good = slurp(cache_path, &size);
  REQUIRE(good != NULL && size > 1000);
  for (size_t cut = 0; cut < size; cut += cut < 300 ? 23 : size / 9) {
    spill(cache_path, good, cut);
    o = run_with(cache_path, (int)(cut % 2));
    if (cut >= 8 || cut == 0)
      CHECK(is_right(&o) && o.made > 0);
    else
      CHECK_INT(o.status, LRT_INVALID_ARGUMENT);
  }
  for (size_t at = 8; at < size; at += at < 600 || at > size - 300 ? 19 : size / 40) {
    good[at] ^= 0x10;
    spill(cache_path, good, size);
    o = run_with(cache_path, 0);
    CHECK(is_right(&o));
    good[at] ^= 0x10;
    o = run_with(cache_path, 0);
    CHECK(is_right(&o) && o.made == 0);
  }
  free(good);
}

static void other_files_are_left_alone(void) {
  static const char text[] = "what somebody wrote about something else";
  char back[sizeof text] = "";
  spill(cache_path, text, sizeof text);
  const outcome o = run_with(cache_path, 0);
  CHECK_INT(o.status, LRT_INVALID_ARGUMENT);
  CHECK(says(&o, "is not a file of packed weights"));
  FILE *file = fopen(cache_path, "rb");
  REQUIRE(file != NULL);
  CHECK_INT(fread(back, 1, sizeof back, file), sizeof back);
  fclose(file);
  CHECK_TEXT(back, text);
  CHECK_INT(run_with(model_path, 0).status, LRT_INVALID_ARGUMENT); /* the model itself, by mistake */
  unlink(cache_path);
}

static void unwritable_places_cost_nothing_but_time(void) {
  outcome o = run_with("/no/such/folder/cache", 0);
  CHECK(is_right(&o) && says(&o, "could not be written"));
  const int before = files_in_folder();
  const pid_t child = fork();
  if (child == 0) {
    check_failures = 0;
    const struct rlimit small = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    o = run_with(cache_path, 0);
    CHECK(is_right(&o) && says(&o, "could not be written"));
    _exit(check_failures == 0 ? 0 : 1);
  }
  int result = -1;
  waitpid(child, &result, 0);
  CHECK(WIFEXITED(result) && WEXITSTATUS(result) == 0);
  CHECK_INT(files_in_folder(), before); /* nothing half written */
  if (geteuid() == 0) return;           /* to root no folder is read-only */
  CHECK_INT(chmod(folder, 0500), 0);
  o = run_with(cache_path, 0);
  CHECK(is_right(&o) && says(&o, "could not be written"));
  CHECK_INT(chmod(folder, 0700), 0);
}

static void folders_hold_a_file_per_model(void) {
  outcome o = run_with(folder, 0);
  CHECK(is_right(&o) && says(&o, "written by this process"));
  CHECK(strstr(o.path, "/m.tflite.") != NULL && strstr(o.path, ".packs") != NULL);
  o = run_with(folder, 0);
  CHECK(is_right(&o) && o.made == 0);
  unlink(o.path);
}

static void processes_may_race(void) {
  pid_t children[6];
  for (int i = 0; i < 6; i++) {
    children[i] = fork();
    if (children[i] != 0) continue;
    check_failures = 0;
    for (int round = 0; round < 8; round++) {
      const outcome o = run_with(cache_path, 0);
      CHECK(is_right(&o));
      if (i % 3 == 0) unlink(cache_path);
    }
    _exit(check_failures == 0 ? 0 : 1);
  }
  for (int i = 0; i < 6; i++) {
    int result = -1;
    waitpid(children[i], &result, 0);
    CHECK(WIFEXITED(result) && WEXITSTATUS(result) == 0);
  }
  run_with(cache_path, 0);
  const outcome o = run_with(cache_path, 0);
  CHECK(is_right(&o) && o.made == 0);
}

static void models_in_memory_have_none(void) {
  lrt_model *model = NULL;
  lrt_error err = {LRT_OK, ""};
  size_t size = 0;
  uint8_t *bytes = slurp(model_path, &size);
  const lrt_model_options options = {.weight_cache = cache_path};
  CHECK_INT(lrt_model_open_memory(bytes, size, &options, &model, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "needs a model in a file") != NULL);
  free(bytes);
}

int main(int argc, char **argv) {
  snprintf(folder, sizeof folder, "/tmp/test_weight_cache_XXXXXX");
  if (mkdtemp(folder) == NULL) SKIP("no temporary folder");
  snprintf(model_path, sizeof model_path, "%s/m.tflite", folder);
  snprintf(cache_path, sizeof cache_path, "%s/cache", folder);
  write_model(model_path, 0);
  RUN(made_once_then_mapped);
  RUN(another_model_replaces_it);
  RUN(damaged_files_are_replaced);
  RUN(other_files_are_left_alone);
  RUN(unwritable_places_cost_nothing_but_time);
  RUN(folders_hold_a_file_per_model);
  RUN(processes_may_race);
  RUN(models_in_memory_have_none);
  unlink(cache_path);
  unlink(model_path);
  CHECK_INT(rmdir(folder), 0);
  DONE();
}
