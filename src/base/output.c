/* output.c: buffered appends to a temporary file; fsync and rename at the end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/str.h"

#define BUFFER_BYTES 65536

struct lrt_output {
  int fd;
  char *path, *temporary;
  uint64_t flushed; /* bytes in the file; those of the buffer follow */
  size_t buffered;
  uint8_t buffer[BUFFER_BYTES];
};

static lrt_status cannot(const lrt_output *output, const char *doing, int reason, lrt_error *err) {
  return lrt_fail(err, LRT_IO, "cannot %s %s: %s", doing, output->path, strerror(reason));
}

/* "PATH.<process>.<number>.tmp": no other writer of this machine has it. */
static lrt_status name_files(lrt_output *output, const char *path, lrt_alloc *alloc, lrt_error *err) {
  static atomic_uint serial;
  lrt_str text;
  lrt_str_init(&text, alloc, 0);
  lrt_str_add_text(&text, path);
  lrt_status status = lrt_str_check(&text, err);
  output->path = lrt_str_take(&text);
  if (status != LRT_OK) return status;
  lrt_str_format(&text, "%s.%ld.%u.tmp", path, (long)getpid(), atomic_fetch_add(&serial, 1));
  status = lrt_str_check(&text, err);
  output->temporary = lrt_str_take(&text);
  return status;
}

static void release(lrt_output *output) {
  if (output->fd >= 0) close(output->fd);
  lrt_alloc_free(output->path);
  lrt_alloc_free(output->temporary);
  lrt_alloc_free(output);
}

lrt_status lrt_output_create(const char *path, lrt_alloc *alloc, lrt_output **out, lrt_error *err) {
  lrt_output *output = lrt_alloc_get(alloc, sizeof *output);
  *out = NULL;
  if (output == NULL) return lrt_alloc_fail(err, alloc, sizeof *output, path);
  output->fd = -1;
  output->path = output->temporary = NULL;
  output->flushed = output->buffered = 0;
  lrt_status status = name_files(output, path, alloc, err);
  if (status == LRT_OK) {
    output->fd = open(output->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (output->fd < 0) {
      status = cannot(output, "write", errno, err);
      if (errno == ENOENT || errno == ENOTDIR) status = LRT_NOT_FOUND;
    }
  }
  if (status != LRT_OK) {
    if (err != NULL) err->code = status;
    release(output);
    return status;
  }
  *out = output;
  return LRT_OK;
}

static lrt_status write_all(lrt_output *output, uint64_t offset, const uint8_t *bytes, size_t length,
                            lrt_error *err) {
  for (size_t done = 0; done < length;) {
    const ssize_t wrote = pwrite(output->fd, bytes + done, length - done, (off_t)(offset + done));
    if (wrote > 0)
      done += (size_t)wrote;
    else if (wrote == 0 || errno != EINTR)
      return cannot(output, "write", wrote == 0 ? ENOSPC : errno, err);
  }
  return LRT_OK;
}

static lrt_status flush(lrt_output *output, lrt_error *err) {
  LRT_TRY(write_all(output, output->flushed, output->buffer, output->buffered, err));
  output->flushed += output->buffered;
  output->buffered = 0;
  return LRT_OK;
}

lrt_status lrt_output_write(lrt_output *output, const void *bytes, size_t length, lrt_error *err) {
  if (length > BUFFER_BYTES - output->buffered) LRT_TRY(flush(output, err));
  if (length > BUFFER_BYTES) {
    LRT_TRY(write_all(output, output->flushed, bytes, length, err));
    output->flushed += length;
    return LRT_OK;
  }
  if (length > 0) memcpy(output->buffer + output->buffered, bytes, length);
  output->buffered += length;
  return LRT_OK;
}

lrt_status lrt_output_pad(lrt_output *output, uint64_t multiple, lrt_error *err) {
  static const uint8_t zeros[4096];
  uint64_t left = (multiple - lrt_output_length(output) % multiple) % multiple;
  for (; left > 0; left -= left < sizeof zeros ? left : sizeof zeros)
    LRT_TRY(lrt_output_write(output, zeros, left < sizeof zeros ? (size_t)left : sizeof zeros, err));
  return LRT_OK;
}

lrt_status lrt_output_patch(lrt_output *output, uint64_t offset, const void *bytes, size_t length,
                            lrt_error *err) {
  LRT_TRY(flush(output, err));
  if (offset > output->flushed || length > output->flushed - offset)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "%s: bytes %llu to %llu were not written yet", output->path,
                    (unsigned long long)offset, (unsigned long long)(offset + length));
  return write_all(output, offset, bytes, length, err);
}

uint64_t lrt_output_length(const lrt_output *output) {
  return output->flushed + output->buffered;
}

void lrt_output_sync_folder(const char *path) {
  char folder[4096];
  const char *slash = strrchr(path, '/');
  const size_t length = slash == NULL ? 0 : (size_t)(slash - path);
  if (length >= sizeof folder) return;
  memcpy(folder, path, length);
  folder[length] = 0;
  const int fd = open(slash == NULL ? "." : length == 0 ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  (void)!fsync(fd);
  close(fd);
}

lrt_status lrt_output_commit(lrt_output *output, lrt_error *err) {
  lrt_status status = flush(output, err);
  if (status == LRT_OK && fsync(output->fd) != 0 && errno != EINVAL && errno != EROFS)
    status = cannot(output, "write", errno, err);
  /* A full disk or quota may only show here. */
  if (close(output->fd) != 0 && status == LRT_OK) status = cannot(output, "write", errno, err);
  output->fd = -1;
  if (status == LRT_OK && rename(output->temporary, output->path) != 0)
    status = cannot(output, "replace", errno, err);
  if (status == LRT_OK)
    lrt_output_sync_folder(output->path);
  else
    unlink(output->temporary);
  release(output);
  return status;
}

void lrt_output_discard(lrt_output *output) {
  if (output == NULL) return;
  unlink(output->temporary);
  release(output);
}
