/* cli_file.c: reads whole files; writes under a temporary name and renames. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/str.h"

static lrt_status system_failure(const char *verb, const char *path, lrt_error *err) {
  const lrt_status status = errno == ENOENT || errno == ENOTDIR ? LRT_NOT_FOUND : LRT_IO;
  return lrt_fail(err, status, "cannot %s %s: %s", verb, path, strerror(errno));
}

static lrt_status read_all(int fd, const char *path, cli_file *out, lrt_error *err) {
  size_t capacity = 0;
  for (;;) {
    if (out->length == capacity) {
      capacity = capacity == 0 ? 1 << 16 : capacity * 2;
      uint8_t *grown = lrt_alloc_resize(lrt_alloc_default(), out->bytes, capacity);
      if (grown == NULL) return lrt_alloc_fail(err, lrt_alloc_default(), capacity, path);
      out->bytes = grown;
    }
    const ssize_t got = read(fd, out->bytes + out->length, capacity - out->length);
    if (got == 0) return LRT_OK;
    if (got < 0 && errno != EINTR) return system_failure("read", path, err);
    if (got > 0) out->length += (size_t)got;
  }
}

lrt_status cli_file_read(const char *path, cli_file *out, lrt_error *err) {
  out->bytes = NULL;
  out->length = 0;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_failure("open", path, err);
  const lrt_status status = read_all(fd, path, out, err);
  close(fd);
  if (status != LRT_OK) cli_file_clear(out);
  return status;
}

void cli_file_clear(cli_file *file) {
  lrt_alloc_free(file->bytes);
  file->bytes = NULL;
  file->length = 0;
}

static bool write_all(int fd, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    const ssize_t put = write(fd, bytes, length);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes += put;
    length -= (size_t)put;
  }
  return true;
}

/* Opens `name`, writes both parts and closes; errno says why not. */
static bool fill_file(const char *name, int flags, const void *head, size_t head_length, const void *body,
                      size_t body_length) {
  const int fd = open(name, O_WRONLY | O_CLOEXEC | flags, 0666);
  if (fd < 0) return false;
  const bool written = write_all(fd, head, head_length) && write_all(fd, body, body_length);
  const int reason = errno;
  if (close(fd) != 0) return false; /* some file systems report a full disk only now */
  errno = reason;
  return written;
}

lrt_status cli_file_write(const char *path, const void *head, size_t head_length, const void *body,
                          size_t body_length, lrt_error *err) {
  struct stat there;
  lrt_str name;
  if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
    if (fill_file(path, 0, head, head_length, body, body_length)) return LRT_OK;
    return lrt_fail(err, LRT_IO, "cannot write %s: %s", path, strerror(errno));
  }
  lrt_str_init(&name, lrt_alloc_default(), 0);
  lrt_str_format(&name, "%s.%ld.part", path, (long)getpid());
  lrt_status status = lrt_str_check(&name, err);
  if (status == LRT_OK && (!fill_file(name.text, O_CREAT | O_TRUNC, head, head_length, body, body_length) ||
                           rename(name.text, path) != 0)) {
    status = lrt_fail(err, LRT_IO, "cannot write %s: %s", path, strerror(errno));
    unlink(name.text);
  }
  lrt_str_clear(&name);
  return status;
}

lrt_status cli_file_make_folder(const char *path, lrt_error *err) {
  struct stat there;
  if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &there) == 0 && S_ISDIR(there.st_mode)))
    return LRT_OK;
  return lrt_fail(err, LRT_IO, "cannot make the folder %s: %s", path, strerror(errno));
}

void cli_file_make_folders_above(char *path, unsigned mode) {
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, mode);
    *slash = '/';
  }
}
