/* shared_files.h: finds and reads the models, cases and files that tests share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_TESTS_SHARED_FILES_H
#define LRT_TESTS_SHARED_FILES_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Path of something below the shared folder, in a buffer that the next call overwrites. */
static inline const char *shared_path(const char *relative) {
  static char path[1024];
  const char *root = getenv("LRT_SHARED_DIR");
  snprintf(path, sizeof path, "%s/%s", root != NULL && root[0] != 0 ? root : LRT_SHARED_DIR, relative);
  return path;
}

/* A whole file in a block of exactly its size, so that sanitizers see every overrun; NULL when unreadable. */
static inline uint8_t *read_whole_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  const long length = ftell(file);
  rewind(file);
  uint8_t *bytes = length < 0 ? NULL : malloc((size_t)length + (length == 0));
  if (bytes != NULL && fread(bytes, 1, (size_t)length, file) != (size_t)length) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  *size = bytes == NULL ? 0 : (size_t)length;
  return bytes;
}

/* Calls visit(path, arg) for each file of a folder whose name ends in `suffix`; returns how many there were. */
static inline int for_each_file(const char *folder, const char *suffix,
                                void (*visit)(const char *path, void *arg), void *arg) {
  int count = 0;
  char path[1400];
  DIR *dir = opendir(folder);
  if (dir == NULL) return 0;
  for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
    const size_t length = strlen(entry->d_name), tail = strlen(suffix);
    if (entry->d_name[0] == '.' || length < tail || strcmp(entry->d_name + length - tail, suffix) != 0)
      continue;
    if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path) continue;
    visit(path, arg);
    count++;
  }
  closedir(dir);
  return count;
}

#endif
