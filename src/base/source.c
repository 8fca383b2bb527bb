/* source.c: views of files and memory; ranges of files are mapped or read on demand and kept until the end. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/fail.h"

/* Windows start and end on multiples of these (file offsets), so that neighbouring views share one. */
#define MAP_GRAIN ((uint64_t)(sizeof(void *) == 8 ? 64 << 20 : 1 << 20))
#define COPY_GRAIN ((uint64_t)64 << 10)
/* After this many windows the rest of the file is mapped in one piece where addresses are plenty. */
#define MANY_WINDOWS 64

/* A range of the file in memory. Windows are only ever added until the source dies. */
typedef struct window {
  struct window *next;
  unsigned number; /* windows behind this one in the list */
  uint64_t offset; /* in the file */
  uint64_t length;
  char *bytes;
} window;

typedef enum source_kind { FROM_FILE, FROM_MEMORY, FROM_PARENT } source_kind;

struct lrt_source {
  atomic_uint refs;
  source_kind kind;
  lrt_alloc *alloc;
  uint64_t base; /* FROM_FILE: file offset of byte 0; FROM_PARENT: offset in the parent */
  uint64_t length;
  char *name; /* lies behind the struct; FROM_PARENT: the parent's */
  /* FROM_FILE */
  int fd;
  lrt_source_policy policy;
  _Atomic(window *) windows;
  /* FROM_MEMORY */
  const char *bytes;
  void (*free_fn)(void *cookie);
  void *cookie;
  /* FROM_PARENT */
  lrt_source *parent;
};

static lrt_status make_source(source_kind kind, const char *name, lrt_alloc *alloc, lrt_source **out,
                              lrt_error *err) {
  const size_t name_bytes = name == NULL ? 0 : strlen(name) + 1;
  lrt_source *source = lrt_alloc_zero(alloc, sizeof *source + name_bytes);
  if (source == NULL) return lrt_alloc_fail(err, alloc, sizeof *source + name_bytes, "a byte source");
  atomic_init(&source->refs, 1);
  atomic_init(&source->windows, NULL);
  source->kind = kind;
  source->alloc = alloc;
  source->fd = -1;
  if (name != NULL) {
    source->name = (char *)(source + 1);
    memcpy(source->name, name, name_bytes);
  }
  *out = source;
  return LRT_OK;
}

/* Size of a regular file; anything else is refused. */
static lrt_status file_size(int fd, const char *name, uint64_t *size, lrt_error *err) {
  struct stat info;
  if (fstat(fd, &info) != 0) return lrt_fail(err, LRT_IO, "%s: %s", name, strerror(errno));
  if (S_ISDIR(info.st_mode)) return lrt_fail(err, LRT_IO, "%s is a directory, not a file", name);
  if (!S_ISREG(info.st_mode)) return lrt_fail(err, LRT_IO, "%s is not a regular file", name);
  *size = info.st_size < 0 ? 0 : (uint64_t)info.st_size;
  return LRT_OK;
}

/* Takes over `fd`, also on failure. */
static lrt_status take_fd(int fd, const char *name, uint64_t base, uint64_t length, lrt_source_policy policy,
                          lrt_alloc *alloc, lrt_source **out, lrt_error *err) {
  uint64_t size = 0;
  lrt_status status = file_size(fd, name, &size, err);
  if (status == LRT_OK && (base > size || length > size - base))
    status =
        lrt_fail(err, LRT_INVALID_ARGUMENT, "%s: %llu bytes from offset %llu leave the file of %llu bytes",
                 name, (unsigned long long)length, (unsigned long long)base, (unsigned long long)size);
  lrt_source *source = NULL;
  if (status == LRT_OK) status = make_source(FROM_FILE, name, alloc, &source, err);
  if (status != LRT_OK) {
    close(fd);
    return status;
  }
  source->fd = fd;
  source->policy = policy;
  source->base = base;
  source->length = length == 0 ? size - base : length;
  *out = source;
  return LRT_OK;
}

lrt_status lrt_source_open(const char *path, lrt_source_policy policy, lrt_alloc *alloc, lrt_source **out,
                           lrt_error *err) {
  *out = NULL;
  if (path == NULL || path[0] == '\0') return lrt_fail(err, LRT_INVALID_ARGUMENT, "no file name given");
  /* Not blocking: a pipe without a writer is refused below instead of being waited for. */
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const int missing = errno == ENOENT || errno == ENOTDIR;
    return lrt_fail(err, missing ? LRT_NOT_FOUND : LRT_IO, "%s: %s", path, strerror(errno));
  }
  return take_fd(fd, path, 0, 0, policy, alloc, out, err);
}

lrt_status lrt_source_from_fd(int fd, uint64_t base, uint64_t length, lrt_source_policy policy,
                              lrt_alloc *alloc, lrt_source **out, lrt_error *err) {
  char name[32];
  *out = NULL;
  snprintf(name, sizeof name, "<file descriptor %d>", fd);
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return lrt_fail(err, LRT_INVALID_ARGUMENT, "%s: %s", name, strerror(errno));
  return take_fd(own, name, base, length, policy, alloc, out, err);
}

lrt_status lrt_source_wrap(const void *bytes, uint64_t length, void (*free_fn)(void *cookie), void *cookie,
                           lrt_alloc *alloc, lrt_source **out, lrt_error *err) {
  *out = NULL;
  if (length > PTRDIFF_MAX || (bytes == NULL && length != 0))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "there cannot be %llu bytes at address %p",
                    (unsigned long long)length, bytes);
  LRT_TRY(make_source(FROM_MEMORY, "<memory>", alloc, out, err));
  (*out)->bytes = bytes;
  (*out)->length = length;
  (*out)->free_fn = free_fn;
  (*out)->cookie = cookie;
  return LRT_OK;
}

static lrt_status check_range(const lrt_source *source, uint64_t offset, uint64_t length, lrt_error *err) {
  if (offset <= source->length && length <= source->length - offset) return LRT_OK;
  return lrt_fail(err, LRT_INVALID_MODEL, "%s: %llu bytes at offset %llu lie outside its %llu bytes",
                  lrt_source_name(source), (unsigned long long)length, (unsigned long long)offset,
                  (unsigned long long)source->length);
}

lrt_status lrt_source_slice(lrt_source *parent, uint64_t offset, uint64_t length, lrt_source **out,
                            lrt_error *err) {
  *out = NULL;
  LRT_TRY(check_range(parent, offset, length, err));
  /* A slice of a slice refers to the root, so that chains do not grow. */
  lrt_source *root = parent->kind == FROM_PARENT ? parent->parent : parent;
  LRT_TRY(make_source(FROM_PARENT, NULL, parent->alloc, out, err));
  (*out)->parent = lrt_source_retain(root);
  (*out)->base = parent->kind == FROM_PARENT ? parent->base + offset : offset;
  (*out)->length = length;
  return LRT_OK;
}

lrt_source *lrt_source_retain(lrt_source *source) {
  atomic_fetch_add_explicit(&source->refs, 1, memory_order_relaxed);
  return source;
}

static void drop_window(lrt_source_policy policy, window *w) {
  if (policy == LRT_SOURCE_MAP) {
    if (w->bytes != NULL) munmap(w->bytes, (size_t)w->length);
  } else {
    lrt_alloc_free(w->bytes);
  }
  lrt_alloc_free(w);
}

void lrt_source_destroy(lrt_source *source) {
  if (source == NULL || atomic_fetch_sub_explicit(&source->refs, 1, memory_order_acq_rel) != 1) return;
  window *w = atomic_load_explicit(&source->windows, memory_order_acquire);
  while (w != NULL) {
    window *next = w->next;
    drop_window(source->policy, w);
    w = next;
  }
  if (source->fd >= 0) close(source->fd);
  if (source->free_fn != NULL) source->free_fn(source->cookie);
  lrt_source_destroy(source->parent);
  lrt_alloc_free(source);
}

uint64_t lrt_source_length(const lrt_source *source) {
  return source->length;
}

const char *lrt_source_name(const lrt_source *source) {
  return source->kind == FROM_PARENT ? source->parent->name : source->name;
}

/* Address of the file's bytes [offset, offset + length) when a window holds them all. */
static const char *find_bytes(const window *w, uint64_t offset, uint64_t length) {
  for (; w != NULL; w = w->next) {
    if (offset >= w->offset && offset - w->offset <= w->length && length <= w->length - (offset - w->offset))
      return w->bytes + (offset - w->offset);
  }
  return NULL;
}

static lrt_status map_window(const lrt_source *source, window *w, lrt_error *err) {
  void *bytes = mmap(NULL, (size_t)w->length, PROT_READ, MAP_SHARED, source->fd, (off_t)w->offset);
  if (bytes != MAP_FAILED) {
    w->bytes = bytes;
    lrt_counter_add(LRT_COUNTER_BYTES_MAPPED, w->length);
    return LRT_OK;
  }
  return lrt_fail(err, errno == ENOMEM ? LRT_OUT_OF_MEMORY : LRT_IO,
                  "%s: mapping %llu bytes at offset %llu: %s", source->name, (unsigned long long)w->length,
                  (unsigned long long)w->offset, strerror(errno));
}

static lrt_status read_window(const lrt_source *source, window *w, lrt_error *err) {
  w->bytes = lrt_alloc_get(source->alloc, (size_t)w->length);
  if (w->bytes == NULL) return lrt_alloc_fail(err, source->alloc, w->length, source->name);
  uint64_t done = 0;
  while (done < w->length) {
    const ssize_t got =
        pread(source->fd, w->bytes + done, (size_t)(w->length - done), (off_t)(w->offset + done));
    if (got > 0) {
      done += (uint64_t)got;
      lrt_counter_add(LRT_COUNTER_BYTES_READ, (uint64_t)got);
    } else if (got == 0) {
      return lrt_fail(err, LRT_IO, "%s: the file ends at byte %llu now, it was longer when it was opened",
                      source->name, (unsigned long long)(w->offset + done));
    } else if (errno != EINTR) {
      return lrt_fail(err, LRT_IO, "%s: reading at byte %llu: %s", source->name,
                      (unsigned long long)(w->offset + done), strerror(errno));
    }
  }
  return LRT_OK;
}

/* The range of the file that a new window for [offset, offset + length) should hold. */
static void choose_window(const lrt_source *source, const window *newest, uint64_t offset, uint64_t length,
                          window *w) {
  const uint64_t grain = source->policy == LRT_SOURCE_MAP ? MAP_GRAIN : COPY_GRAIN;
  const uint64_t file_end = source->base + source->length;
  uint64_t start = offset - offset % grain, end = offset + length;
  end = file_end - end < grain ? file_end : (end + grain - 1) / grain * grain;
  w->number = newest == NULL ? 0 : newest->number + 1;
  if (source->policy == LRT_SOURCE_MAP && w->number >= MANY_WINDOWS && sizeof(void *) == 8) {
    start = 0;
    end = file_end;
  }
  if (end > file_end) end = file_end;
  w->offset = start;
  w->length = end - start;
}

static lrt_status fill_window(const lrt_source *source, window *w, lrt_error *err) {
  uint64_t size = 0;
  if (w->length > PTRDIFF_MAX)
    return lrt_fail(err, LRT_OUT_OF_MEMORY, "%s: %llu bytes at once do not fit the address space",
                    source->name, (unsigned long long)w->length);
  if (source->policy == LRT_SOURCE_COPY) return read_window(source, w, err);
  LRT_TRY(file_size(source->fd, source->name, &size, err));
  if (size < w->offset + w->length)
    return lrt_fail(err, LRT_IO, "%s: the file has %llu bytes now, it was longer when it was opened",
                    source->name, (unsigned long long)size);
  return map_window(source, w, err);
}

/* View of a file: offset counts from the start of the file. */
static lrt_status view_file(lrt_source *source, uint64_t offset, uint64_t length, const void **out,
                            lrt_error *err) {
  window *newest = atomic_load_explicit(&source->windows, memory_order_acquire);
  *out = find_bytes(newest, offset, length);
  if (*out != NULL) return LRT_OK;
  window *w = lrt_alloc_zero(source->alloc, sizeof *w);
  if (w == NULL) return lrt_alloc_fail(err, source->alloc, sizeof *w, source->name);
  choose_window(source, newest, offset, length, w);
  const lrt_status status = fill_window(source, w, err);
  if (status != LRT_OK) {
    drop_window(source->policy, w);
    return status;
  }
  w->next = newest;
  /* No lock (a fork would copy it locked): whoever finds that another thread was faster uses its window. */
  while (!atomic_compare_exchange_weak_explicit(&source->windows, &w->next, w, memory_order_acq_rel,
                                                memory_order_acquire)) {
    *out = find_bytes(w->next, offset, length);
    if (*out != NULL) {
      drop_window(source->policy, w);
      return LRT_OK;
    }
  }
  *out = w->bytes + (offset - w->offset);
  return LRT_OK;
}

lrt_status lrt_source_view(lrt_source *source, uint64_t offset, uint64_t length, const void **out,
                           lrt_error *err) {
  static const char nothing[1];
  *out = NULL;
  LRT_TRY(check_range(source, offset, length, err));
  if (length == 0) {
    *out = nothing;
    return LRT_OK;
  }
  if (source->kind == FROM_PARENT) {
    offset += source->base;
    source = source->parent;
  }
  if (source->kind == FROM_FILE) return view_file(source, source->base + offset, length, out, err);
  *out = source->bytes + offset;
  return LRT_OK;
}

lrt_status lrt_source_stamp(const lrt_source *source, uint64_t *modified, uint64_t *inode, lrt_error *err) {
  struct stat info;
  while (source->kind == FROM_PARENT) source = source->parent;
  if (source->kind != FROM_FILE)
    return lrt_fail(err, LRT_NOT_FOUND, "%s is not a file", lrt_source_name(source));
  if (fstat(source->fd, &info) != 0)
    return lrt_fail(err, LRT_IO, "%s: %s", lrt_source_name(source), strerror(errno));
#if defined(__APPLE__)
  const struct timespec when = info.st_mtimespec;
#else
  const struct timespec when = info.st_mtim;
#endif
  *modified = (uint64_t)when.tv_sec * 1000000000u + (uint64_t)when.tv_nsec;
  *inode = (uint64_t)info.st_ino;
  return LRT_OK;
}
