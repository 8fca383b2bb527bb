/* test_output.c: files appear whole or not at all, whatever goes wrong. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/output.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "shared_files.h"

static char folder[] = "/tmp/litert-output-XXXXXX";
static char target[sizeof folder + 16];

static void count_file(const char *path, void *total) {
  (void)path;
  ++*(int *)total;
}

/* Files in the folder, temporary ones included. */
static int files(void) {
  int total = 0;
  for_each_file(folder, "", count_file, &total);
  return total;
}

static void written_whole(void) {
  static uint8_t big[200000];
  lrt_output *output = NULL;
  size_t size = 0;
  for (size_t i = 0; i < sizeof big; i++) big[i] = (uint8_t)(i * 7 >> 3);
  REQUIRE(lrt_output_create(target, lrt_alloc_default(), &output, NULL) == LRT_OK);
  CHECK_INT(lrt_output_write(output, "head", 4, NULL), LRT_OK);
  CHECK_INT(lrt_output_pad(output, 10000, NULL), LRT_OK);
  CHECK_INT(lrt_output_length(output), 10000);
  CHECK_INT(lrt_output_pad(output, 10000, NULL), LRT_OK);
  for (size_t at = 0; at < sizeof big; at += 40000)
    CHECK_INT(lrt_output_write(output, big + at, 40000, NULL), LRT_OK);
  CHECK_INT(lrt_output_write(output, big, sizeof big, NULL), LRT_OK);
  CHECK_INT(lrt_output_patch(output, 1, "EA", 2, NULL), LRT_OK);
  CHECK_INT(lrt_output_patch(output, 410000, "x", 1, NULL), LRT_INVALID_ARGUMENT);
  CHECK_INT(access(target, F_OK), -1);
  CHECK_INT(lrt_output_commit(output, NULL), LRT_OK);
  CHECK_INT(files(), 1);
  uint8_t *bytes = read_whole_file(target, &size);
  REQUIRE(bytes != NULL);
  CHECK_INT(size, 410000);
  CHECK(memcmp(bytes, "hEAd\0\0", 6) == 0 && memcmp(bytes + 10000, big, sizeof big) == 0);
  CHECK(memcmp(bytes + 210000, big, sizeof big) == 0);
  free(bytes);
}

static void write_text(const char *text) {
  lrt_output *output = NULL;
  REQUIRE(lrt_output_create(target, lrt_alloc_default(), &output, NULL) == LRT_OK);
  CHECK_INT(lrt_output_write(output, text, strlen(text), NULL), LRT_OK);
  CHECK_INT(lrt_output_commit(output, NULL), LRT_OK);
}

/* The old file stays until the new one is whole. */
static void old_file_kept(void) {
  lrt_output *output = NULL;
  size_t size = 0;
  write_text("old");
  REQUIRE(lrt_output_create(target, lrt_alloc_default(), &output, NULL) == LRT_OK);
  CHECK_INT(lrt_output_write(output, "new and longer", 14, NULL), LRT_OK);
  lrt_output_discard(output);
  uint8_t *bytes = read_whole_file(target, &size);
  CHECK(bytes != NULL && size == 3 && memcmp(bytes, "old", 3) == 0);
  free(bytes);
  write_text("new");
  CHECK_INT(files(), 1);
  lrt_output_discard(NULL);
}

static void no_folder(void) {
  lrt_error err = {LRT_OK, ""};
  lrt_output *output = NULL;
  CHECK_INT(lrt_output_create("/tmp/litert-no-such-folder/x", lrt_alloc_default(), &output, &err),
            LRT_NOT_FOUND);
  CHECK(output == NULL && err.code == LRT_NOT_FOUND &&
        strstr(err.message, "litert-no-such-folder/x") != NULL);
}

/* A limit of file size stands for a full disk. */
static void full_disk(void) {
  struct rlimit old, small;
  static uint8_t big[200000];
  lrt_error err = {LRT_OK, ""};
  lrt_output *output = NULL;
  write_text("old");
  REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
  small = old;
  small.rlim_cur = 100000;
  signal(SIGXFSZ, SIG_IGN);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  CHECK_INT(lrt_output_create(target, lrt_alloc_default(), &output, NULL), LRT_OK);
  CHECK_INT(lrt_output_write(output, big, sizeof big, &err), LRT_IO);
  CHECK(strstr(err.message, target) != NULL);
  lrt_output_discard(output);
  CHECK_INT(lrt_output_create(target, lrt_alloc_default(), &output, NULL), LRT_OK);
  CHECK_INT(lrt_output_write(output, big, 60000, NULL), LRT_OK);
  CHECK_INT(lrt_output_write(output, big, 60000, NULL), LRT_OK);
  CHECK_INT(lrt_output_commit(output, &err), LRT_IO); /* shows only when the buffer is flushed */
  setrlimit(RLIMIT_FSIZE, &old);
  CHECK_INT(files(), 1);
}

static void refused_memory(void) {
  for (uint64_t nth = 1; nth < 4; nth++) {
    lrt_output *output = NULL;
    lrt_alloc_fail_from(lrt_alloc_default(), nth);
    CHECK_INT(lrt_output_create(target, lrt_alloc_default(), &output, NULL), LRT_OUT_OF_MEMORY);
    lrt_alloc_fail_from(lrt_alloc_default(), 0);
  }
  CHECK_INT(files(), 1);
}

int main(int argc, char **argv) {
  if (mkdtemp(folder) == NULL) SKIP("no folder for temporary files");
  snprintf(target, sizeof target, "%s/out.bin", folder);
  RUN(written_whole);
  RUN(old_file_kept);
  RUN(no_folder);
  RUN(full_disk);
  RUN(refused_memory);
  unlink(target);
  rmdir(folder);
  DONE();
}
