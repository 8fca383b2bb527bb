/* cgroup.c: reads cpu.max (v2) or cpu.cfs_quota_us and cpu.cfs_period_us (v1) of a process's groups. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 1024
#define LIST_BYTES 8192

/* Contents of a small file as text; false when it cannot be read. */
static bool read_text(const char *path, char *out, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t length = 0;
  ssize_t got = 0;
  while (length + 1 < size && (got = read(fd, out + length, size - 1 - length)) > 0) length += (size_t)got;
  close(fd);
  out[length] = '\0';
  return got >= 0;
}

static bool read_file_of(const char *group, const char *name, char *out, size_t size) {
  char path[PATH_BYTES + 64];
  snprintf(path, sizeof path, "%s/%s", group, name);
  return read_text(path, out, size);
}

/* Cores from microseconds of quota per period; 0 = unlimited. */
static int cores_from(long long quota, long long period) {
  if (quota <= 0 || period <= 0) return 0;
  const long long cores = quota / period + (quota % period != 0);
  return cores > INT_MAX ? INT_MAX : (int)cores;
}

/* Quota of one group folder. */
static int group_cores(const char *group, bool v2) {
  char text[64], period[64];
  if (v2) {
    long long numbers[2] = {0, 0};
    if (!read_file_of(group, "cpu.max", text, sizeof text)) return 0;
    return sscanf(text, "%lld %lld", &numbers[0], &numbers[1]) == 2 ? cores_from(numbers[0], numbers[1]) : 0;
  }
  if (!read_file_of(group, "cpu.cfs_quota_us", text, sizeof text) ||
      !read_file_of(group, "cpu.cfs_period_us", period, sizeof period))
    return 0;
  return cores_from(strtoll(text, NULL, 10), strtoll(period, NULL, 10));
}

/* The strictest quota of a group and its ancestors up to the root of the hierarchy. In a container the path of the
 * list may not exist below the mount point; then the ancestors' folders, the mount point last, still count. */
static int path_cores(const char *root, const char *path, bool v2) {
  char group[PATH_BYTES];
  int best = 0;
  const int length = snprintf(group, sizeof group, "%s%s", root, path);
  if (length < 0 || (size_t)length >= sizeof group) return 0;
  for (;;) {
    const int cores = group_cores(group, v2);
    if (cores > 0 && (best == 0 || cores < best)) best = cores;
    char *slash = strrchr(group, '/');
    if (slash == NULL || slash < group + strlen(root)) return best;
    *slash = '\0';
  }
}

static bool names_controller(const char *controllers, const char *wanted) {
  const size_t length = strlen(wanted);
  for (const char *at = controllers; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
    if (strcspn(at, ",") == length && strncmp(at, wanted, length) == 0) return true;
  return false;
}

/* One line of the list: "number:controllers:/path"; v2 has number 0 and no controllers. */
static int line_cores(char *line, const char *mount) {
  char root[PATH_BYTES];
  char *controllers = strchr(line, ':');
  char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
  if (path == NULL) return 0;
  *controllers++ = '\0';
  *path++ = '\0';
  if (path[0] == '/' && path[1] == '\0') path++;
  if (controllers[0] == '\0') {
    const int cores = path_cores(mount, path, true);
    snprintf(root, sizeof root, "%s/unified", mount);
    return cores > 0 ? cores : path_cores(root, path, true);
  }
  if (!names_controller(controllers, "cpu")) return 0;
  snprintf(root, sizeof root, "%s/%s", mount, controllers);
  const int cores = path_cores(root, path, false);
  snprintf(root, sizeof root, "%s/cpu", mount);
  return cores > 0 ? cores : path_cores(root, path, false);
}

int lrt_cgroup_cores(const char *list, const char *mount) {
  char text[LIST_BYTES];
  int best = 0;
  if (!read_text(list, text, sizeof text)) return 0;
  for (char *line = text; line != NULL && *line != '\0';) {
    char *end = strchr(line, '\n');
    if (end != NULL) *end++ = '\0';
    const int cores = line_cores(line, mount);
    if (cores > 0 && (best == 0 || cores < best)) best = cores;
    line = end;
  }
  return best;
}
