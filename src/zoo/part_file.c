/* part_file.c: the part, its lock, its digest, and the file beside it that names the server's version. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "zoo/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/output.h"
#include "base/sha256.h"
#include "base/str.h"

#define VERSION_BYTES 256

struct lrt_part_file {
  int fd;
  char *path, *part, *beside; /* the file to be, PATH.part, PATH.part.version */
  bool locked;
  uint64_t length;
  lrt_sha256 hash; /* of the first `length` bytes, where `hashed` */
  bool hashed;
  char version[VERSION_BYTES];
};

static lrt_status cannot(const lrt_part_file *part, const char *doing, int reason, lrt_error *err) {
  return lrt_fail(err, LRT_IO, "cannot %s %s: %s", doing, part->part, strerror(reason));
}

static lrt_status name_file(const char *path, const char *suffix, lrt_alloc *alloc, char **out,
                            lrt_error *err) {
  lrt_str text;
  lrt_str_init(&text, alloc, 0);
  lrt_str_add_text(&text, path);
  lrt_str_add_text(&text, suffix);
  const lrt_status status = lrt_str_check(&text, err);
  *out = lrt_str_take(&text);
  return status;
}

static void read_version(lrt_part_file *part) {
  FILE *file = fopen(part->beside, "rbe");
  size_t length = 0;
  if (file != NULL) {
    length = fread(part->version, 1, sizeof part->version - 1, file);
    fclose(file);
  }
  part->version[length] = 0;
}

/* The lock is on a file that the holder may rename or delete meanwhile: then it is not the part any more. */
static bool is_still_named(const lrt_part_file *part) {
  struct stat mine, named;
  return fstat(part->fd, &mine) == 0 && stat(part->part, &named) == 0 && mine.st_ino == named.st_ino &&
         mine.st_dev == named.st_dev;
}

static lrt_status open_locked(lrt_part_file *part, lrt_error *err) {
  for (;;) {
    part->fd = open(part->part, O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0666);
    if (part->fd < 0) {
      const lrt_status status = cannot(part, "write", errno, err);
      if (errno != ENOENT && errno != ENOTDIR) return status;
      if (err != NULL) err->code = LRT_NOT_FOUND;
      return LRT_NOT_FOUND;
    }
    if (flock(part->fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK || errno == EINTR) return LRT_OK;
      return cannot(part, "lock", errno, err);
    }
    if (is_still_named(part)) break;
    close(part->fd);
  }
  part->locked = true;
  return LRT_OK;
}

lrt_status lrt_part_file_open(const char *path, lrt_alloc *alloc, lrt_part_file **out, lrt_error *err) {
  lrt_part_file *part = lrt_alloc_zero(alloc, sizeof *part);
  struct stat info;
  *out = NULL;
  if (part == NULL) return lrt_alloc_fail(err, alloc, sizeof *part, path);
  part->fd = -1;
  lrt_status status = name_file(path, "", alloc, &part->path, err);
  if (status == LRT_OK) status = name_file(path, ".part", alloc, &part->part, err);
  if (status == LRT_OK) status = name_file(path, ".part.version", alloc, &part->beside, err);
  if (status == LRT_OK) status = open_locked(part, err);
  if (status == LRT_OK && part->locked && fstat(part->fd, &info) != 0)
    status = cannot(part, "read", errno, err);
  if (status != LRT_OK || !part->locked) {
    lrt_part_file_close(part);
    return status;
  }
  part->length = (uint64_t)info.st_size;
  read_version(part);
  lrt_sha256_init(&part->hash);
  part->hashed = part->length == 0;
  *out = part;
  return LRT_OK;
}

bool lrt_part_file_is_present(const char *path, uint64_t bytes, uint64_t *size) {
  struct stat info;
  if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  if (size != NULL) *size = (uint64_t)info.st_size;
  return bytes == 0 || bytes == (uint64_t)info.st_size;
}

static void wait_a_little(void) {
  const struct timespec pause = {0, 100000000};
  nanosleep(&pause, NULL);
}

lrt_status lrt_part_file_claim(const char *path, uint64_t bytes, bool replace, const char *name,
                               const lrt_zoo_transfer *transfer, lrt_part_file **out, lrt_error *err) {
  const lrt_zoo_event locked = {
      .stage = LRT_ZOO_LOCKED, .name = name, .note = "another process downloads it"};
  *out = NULL;
  for (bool told = false;; told = true) {
    if (!replace && lrt_part_file_is_present(path, bytes, NULL)) return LRT_OK;
    LRT_TRY(lrt_part_file_open(path, lrt_alloc_default(), out, err));
    if (*out != NULL) break;
    if (!told && transfer->progress != NULL) transfer->progress(transfer->user, &locked);
    wait_a_little();
  }
  if (replace || !lrt_part_file_is_present(path, bytes, NULL)) return LRT_OK;
  lrt_part_file_close(*out); /* it came between the look and the lock */
  *out = NULL;
  return LRT_OK;
}

void lrt_part_file_close(lrt_part_file *part) {
  if (part == NULL) return;
  /* An empty part is worth nothing; while the lock is held, nobody else can have begun to fill it. */
  if (part->locked && part->length == 0 && is_still_named(part)) {
    unlink(part->part);
    unlink(part->beside);
  }
  if (part->fd >= 0) close(part->fd);
  lrt_alloc_free(part->path);
  lrt_alloc_free(part->part);
  lrt_alloc_free(part->beside);
  lrt_alloc_free(part);
}

uint64_t lrt_part_file_length(const lrt_part_file *part) {
  return part->length;
}

const char *lrt_part_file_version(const lrt_part_file *part) {
  return part->version;
}

/* A version half-written is no version of the server's, so nothing is continued by it. */
static lrt_status write_version(lrt_part_file *part, lrt_error *err) {
  if (part->version[0] == 0) {
    unlink(part->beside);
    return LRT_OK;
  }
  FILE *file = fopen(part->beside, "wbe");
  const bool put = file != NULL && fputs(part->version, file) >= 0;
  if ((file != NULL && fclose(file) != 0) || !put) return cannot(part, "write", errno, err);
  return LRT_OK;
}

lrt_status lrt_part_file_restart(lrt_part_file *part, const char *version, lrt_error *err) {
  const size_t length = strlen(version);
  if (ftruncate(part->fd, 0) != 0) return cannot(part, "write", errno, err);
  part->length = 0;
  part->hashed = true;
  lrt_sha256_init(&part->hash);
  if (length < sizeof part->version)
    memcpy(part->version, version, length + 1);
  else
    part->version[0] = 0;
  return write_version(part, err);
}

/* Where the process is told that it may write no more, what it wrote stays for the next try. */
lrt_status lrt_part_file_add(lrt_part_file *part, const void *bytes, size_t length, lrt_error *err) {
  for (size_t done = 0; done < length;) {
    const ssize_t wrote = write(part->fd, (const uint8_t *)bytes + done, length - done);
    if (wrote > 0) {
      if (part->hashed) lrt_sha256_add(&part->hash, (const uint8_t *)bytes + done, (size_t)wrote);
      done += (size_t)wrote;
      part->length += (uint64_t)wrote;
    } else if (wrote == 0 || errno != EINTR) {
      return cannot(part, "write", wrote == 0 ? ENOSPC : errno, err);
    }
  }
  return LRT_OK;
}

lrt_status lrt_part_file_check_room(const lrt_part_file *part, uint64_t bytes, lrt_error *err) {
  struct statvfs disk;
  if (fstatvfs(part->fd, &disk) != 0 || disk.f_blocks == 0) return LRT_OK; /* not a disk that tells */
  const uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
  if (room >= bytes) return LRT_OK;
  return lrt_fail(err, LRT_IO, "cannot write %s: it takes %llu bytes more, and the disk has room for %llu",
                  part->part, (unsigned long long)bytes, (unsigned long long)room);
}

/* What an earlier try left is read once, when the digest is asked for. */
static lrt_status hash_from_disk(lrt_part_file *part, lrt_error *err) {
  uint8_t bytes[65536];
  lrt_sha256_init(&part->hash);
  for (uint64_t at = 0; at < part->length;) {
    const ssize_t got = pread(part->fd, bytes, sizeof bytes, (off_t)at);
    if (got == 0 || (got < 0 && errno != EINTR)) return cannot(part, "read", got == 0 ? EIO : errno, err);
    if (got < 0) continue;
    lrt_sha256_add(&part->hash, bytes, (size_t)got);
    at += (uint64_t)got;
  }
  part->hashed = true;
  return LRT_OK;
}

lrt_status lrt_part_file_digest(lrt_part_file *part, char text[65], lrt_error *err) {
  if (!part->hashed) LRT_TRY(hash_from_disk(part, err));
  lrt_sha256 hash = part->hash;
  lrt_sha256_finish_text(&hash, text);
  return LRT_OK;
}

lrt_status lrt_part_file_commit(lrt_part_file *part, lrt_error *err) {
  if (fsync(part->fd) != 0 && errno != EINVAL && errno != EROFS) return cannot(part, "write", errno, err);
  if (rename(part->part, part->path) != 0)
    return lrt_fail(err, LRT_IO, "cannot replace %s: %s", part->path, strerror(errno));
  unlink(part->beside);
  lrt_output_sync_folder(part->path);
  return LRT_OK;
}
