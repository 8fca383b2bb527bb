/* test_source.c: views of files, descriptors, memory and slices, and what is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/source.h"
#include "check.h"

#define FILE_BYTES 300000u

static char path[64];

static unsigned char byte_at(uint64_t offset) {
  return (unsigned char)((offset * 131 + offset / 251) & 0xff);
}

static int make_file(uint64_t length) {
  snprintf(path, sizeof path, "/tmp/test_source_XXXXXX");
  const int fd = mkstemp(path);
  unsigned char *bytes = malloc(length + 1);
  for (uint64_t i = 0; i < length; i++) bytes[i] = byte_at(i);
  CHECK(write(fd, bytes, length) == (ssize_t)length);
  free(bytes);
  return fd;
}

static void check_view(lrt_source *s, uint64_t offset, uint64_t length, uint64_t origin) {
  const void *view = NULL;
  lrt_error err = {LRT_OK, ""};
  CHECK_INT(lrt_source_view(s, offset, length, &view, &err), LRT_OK);
  CHECK_TEXT(err.message, "");
  REQUIRE(view != NULL);
  for (uint64_t i = 0; i < length; i++)
    REQUIRE(((const unsigned char *)view)[i] == byte_at(origin + offset + i));
}

static void check_refused(lrt_source *s, uint64_t offset, uint64_t length) {
  const void *view = &view;
  lrt_error err;
  CHECK_INT(lrt_source_view(s, offset, length, &view, &err), LRT_INVALID_MODEL);
  CHECK(view == NULL);
  CHECK(strstr(err.message, lrt_source_name(s)) != NULL);
}

static void check_whole(lrt_source *s, uint64_t length, uint64_t origin) {
  CHECK_INT(lrt_source_length(s), length);
  check_view(s, 0, length, origin);
  check_view(s, 1, length - 1, origin);
  check_view(s, length - 1, 1, origin);
  check_view(s, length, 0, origin);
  check_refused(s, 0, length + 1);
  check_refused(s, length, 1);
  check_refused(s, length + 1, 0);
  check_refused(s, UINT64_MAX, 2);
  check_refused(s, 2, UINT64_MAX);
}

static void files_by_path(void) {
  close(make_file(FILE_BYTES));
  for (int policy = LRT_SOURCE_MAP; policy <= LRT_SOURCE_COPY; policy++) {
    lrt_source *s = NULL;
    REQUIRE(lrt_source_open(path, (lrt_source_policy)policy, NULL, &s, NULL) == LRT_OK);
    CHECK_TEXT(lrt_source_name(s), path);
    for (uint64_t i = 0; i < FILE_BYTES; i += 20011) check_view(s, i, 9973, 0);
    check_whole(s, FILE_BYTES, 0);
    lrt_source_destroy(s);
  }
  unlink(path);
}

static void descriptors_with_a_base(void) {
  const int fd = make_file(FILE_BYTES);
  for (int policy = LRT_SOURCE_MAP; policy <= LRT_SOURCE_COPY; policy++) {
    lrt_source *s = NULL, *rest = NULL, *none = NULL;
    lrt_error err;
    REQUIRE(lrt_source_from_fd(fd, 70001, 1000, (lrt_source_policy)policy, NULL, &s, &err) == LRT_OK);
    check_whole(s, 1000, 70001);
    REQUIRE(lrt_source_from_fd(fd, 299000, 0, (lrt_source_policy)policy, NULL, &rest, &err) == LRT_OK);
    check_whole(rest, 1000, 299000);
    CHECK_INT(lrt_source_from_fd(fd, 299000, 1001, (lrt_source_policy)policy, NULL, &none, &err),
              LRT_INVALID_ARGUMENT);
    CHECK_INT(lrt_source_from_fd(fd, FILE_BYTES + 1, 0, (lrt_source_policy)policy, NULL, &none, &err),
              LRT_INVALID_ARGUMENT);
    CHECK(none == NULL);
    lrt_source_destroy(s);
    lrt_source_destroy(rest);
  }
  close(fd);
  lrt_source *s = NULL;
  CHECK_INT(lrt_source_from_fd(-1, 0, 0, LRT_SOURCE_MAP, NULL, &s, NULL), LRT_INVALID_ARGUMENT);
  unlink(path);
}

static void views_survive_the_descriptor_and_the_name(void) {
  const int fd = make_file(FILE_BYTES);
  lrt_source *s = NULL;
  REQUIRE(lrt_source_from_fd(fd, 0, 0, LRT_SOURCE_MAP, NULL, &s, NULL) == LRT_OK);
  close(fd);
  unlink(path);
  check_whole(s, FILE_BYTES, 0);
  lrt_source_destroy(s);
}

static void slices_hold_their_parent(void) {
  close(make_file(FILE_BYTES));
  lrt_source *s = NULL, *slice = NULL, *inner = NULL, *none = NULL;
  REQUIRE(lrt_source_open(path, LRT_SOURCE_COPY, NULL, &s, NULL) == LRT_OK);
  REQUIRE(lrt_source_slice(s, 1000, 5000, &slice, NULL) == LRT_OK);
  REQUIRE(lrt_source_slice(slice, 100, 200, &inner, NULL) == LRT_OK);
  CHECK_INT(lrt_source_slice(slice, 4999, 2, &none, NULL), LRT_INVALID_MODEL);
  CHECK(none == NULL);
  CHECK_TEXT(lrt_source_name(inner), path);
  lrt_source_destroy(s);
  check_whole(slice, 5000, 1000);
  lrt_source_destroy(slice);
  check_whole(inner, 200, 1100);
  lrt_source_destroy(inner);
  unlink(path);
}

static void note_free(void *cookie) {
  ++*(int *)cookie;
}

static void memory_is_borrowed(void) {
  unsigned char bytes[500];
  int freed = 0;
  lrt_source *s = NULL, *slice = NULL;
  const void *view = NULL;
  for (unsigned i = 0; i < sizeof bytes; i++) bytes[i] = byte_at(i);
  REQUIRE(lrt_source_wrap(bytes, sizeof bytes, note_free, &freed, NULL, &s, NULL) == LRT_OK);
  CHECK_TEXT(lrt_source_name(s), "<memory>");
  check_whole(s, sizeof bytes, 0);
  CHECK(lrt_source_view(s, 7, 3, &view, NULL) == LRT_OK && view == bytes + 7);
  REQUIRE(lrt_source_slice(s, 10, 20, &slice, NULL) == LRT_OK);
  check_whole(slice, 20, 10);
  CHECK(lrt_source_retain(s) == s);
  lrt_source_destroy(s);
  lrt_source_destroy(s);
  CHECK_INT(freed, 0);
  lrt_source_destroy(slice);
  CHECK_INT(freed, 1);
  CHECK_INT(lrt_source_wrap(NULL, 1, NULL, NULL, NULL, &s, NULL), LRT_INVALID_ARGUMENT);
  REQUIRE(lrt_source_wrap(NULL, 0, NULL, NULL, NULL, &s, NULL) == LRT_OK);
  CHECK(lrt_source_view(s, 0, 0, &view, NULL) == LRT_OK && view != NULL);
  lrt_source_destroy(s);
  lrt_source_destroy(NULL);
}

static void what_cannot_be_opened(void) {
  lrt_source *s = NULL;
  lrt_error err;
  CHECK_INT(lrt_source_open("/tmp/no/such/file", LRT_SOURCE_MAP, NULL, &s, &err), LRT_NOT_FOUND);
  CHECK(strstr(err.message, "/tmp/no/such/file") != NULL);
  CHECK_INT(lrt_source_open("/tmp", LRT_SOURCE_MAP, NULL, &s, &err), LRT_IO);
  CHECK_TEXT(err.message, "/tmp is a directory, not a file");
  CHECK_INT(lrt_source_open("/dev/null", LRT_SOURCE_MAP, NULL, &s, &err), LRT_IO);
  CHECK_INT(lrt_source_open("", LRT_SOURCE_MAP, NULL, &s, &err), LRT_INVALID_ARGUMENT);
  CHECK_INT(lrt_source_open(NULL, LRT_SOURCE_MAP, NULL, &s, &err), LRT_INVALID_ARGUMENT);
  CHECK(s == NULL);
  close(make_file(10));
  unlink(path);
  REQUIRE(mkfifo(path, 0600) == 0);
  CHECK_INT(lrt_source_open(path, LRT_SOURCE_MAP, NULL, &s, &err), LRT_IO);
  unlink(path);
}

static void empty_files_have_no_bytes(void) {
  close(make_file(0));
  for (int policy = LRT_SOURCE_MAP; policy <= LRT_SOURCE_COPY; policy++) {
    lrt_source *s = NULL;
    REQUIRE(lrt_source_open(path, (lrt_source_policy)policy, NULL, &s, NULL) == LRT_OK);
    check_view(s, 0, 0, 0);
    check_refused(s, 0, 1);
    lrt_source_destroy(s);
  }
  unlink(path);
}

static void shrunk_files_are_noticed(void) {
  for (int policy = LRT_SOURCE_MAP; policy <= LRT_SOURCE_COPY; policy++) {
    const int fd = make_file(FILE_BYTES);
    lrt_source *s = NULL;
    lrt_error err;
    const void *view = NULL;
    REQUIRE(lrt_source_open(path, (lrt_source_policy)policy, NULL, &s, NULL) == LRT_OK);
    CHECK(ftruncate(fd, 100) == 0);
    CHECK_INT(lrt_source_view(s, 0, 200000, &view, &err), LRT_IO);
    CHECK(strstr(err.message, "longer when it was opened") != NULL);
    lrt_source_destroy(s);
    close(fd);
    unlink(path);
  }
}

static void copies_are_charged(void) {
  close(make_file(FILE_BYTES));
  lrt_alloc *account = NULL;
  lrt_source *s = NULL;
  lrt_error err;
  const void *view = NULL;
  REQUIRE(lrt_alloc_create(100000, &account, NULL) == LRT_OK);
  REQUIRE(lrt_source_open(path, LRT_SOURCE_COPY, account, &s, &err) == LRT_OK);
  check_view(s, 1000, 2000, 0);
  CHECK_INT(lrt_source_view(s, 0, 200000, &view, &err), LRT_OVER_BUDGET);
  lrt_source_destroy(s);
  CHECK_INT(lrt_alloc_in_use(account), 0);
  for (uint64_t nth = 1; nth <= 3; nth++) {
    lrt_alloc_fail_from(account, nth);
    const lrt_status opened = lrt_source_open(path, LRT_SOURCE_COPY, account, &s, &err);
    CHECK_INT(opened == LRT_OK ? lrt_source_view(s, 0, 10, &view, &err) : opened, LRT_OUT_OF_MEMORY);
    lrt_source_destroy(s);
    CHECK_INT(lrt_alloc_in_use(account), 0);
  }
  lrt_alloc_destroy(account);
  unlink(path);
}

static void offsets_beyond_four_gib(void) {
  const int fd = make_file(10);
  const uint64_t far = ((uint64_t)5 << 30) + 3;
  const unsigned char byte = byte_at(far);
  if (pwrite(fd, &byte, 1, (off_t)far) != 1) SKIP("no sparse files of 5 GiB here");
  for (int policy = LRT_SOURCE_MAP; policy <= LRT_SOURCE_COPY; policy++) {
    lrt_source *s = NULL;
    REQUIRE(lrt_source_open(path, (lrt_source_policy)policy, NULL, &s, NULL) == LRT_OK);
    CHECK_INT(lrt_source_length(s), far + 1);
    check_view(s, far, 1, 0);
    for (uint64_t i = 1; i < 80; i++) {
      const void *view = NULL;
      CHECK_INT(lrt_source_view(s, i << 26, 1, &view, NULL), LRT_OK);
    }
    lrt_source_destroy(s);
  }
  close(fd);
  unlink(path);
}

static void *view_all(void *arg) {
  for (uint64_t i = 0; i < FILE_BYTES - 5000; i += 7919) check_view(arg, i, 5000, 0);
  return NULL;
}

static void threads_share_a_source(void) {
  close(make_file(FILE_BYTES));
  for (int policy = LRT_SOURCE_MAP; policy <= LRT_SOURCE_COPY; policy++) {
    lrt_source *s = NULL;
    pthread_t threads[4];
    REQUIRE(lrt_source_open(path, (lrt_source_policy)policy, NULL, &s, NULL) == LRT_OK);
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, view_all, s) == 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    lrt_source_destroy(s);
  }
  unlink(path);
}

int main(int argc, char **argv) {
  RUN(files_by_path);
  RUN(descriptors_with_a_base);
  RUN(views_survive_the_descriptor_and_the_name);
  RUN(slices_hold_their_parent);
  RUN(memory_is_borrowed);
  RUN(what_cannot_be_opened);
  RUN(empty_files_have_no_bytes);
  RUN(shrunk_files_are_noticed);
  RUN(copies_are_charged);
  RUN(offsets_beyond_four_gib);
  RUN(threads_share_a_source);
  DONE();
}
