/* cgroup.h: processor quota that Linux control groups (v1 and v2) grant to this process. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_CGROUP_H
#define LRT_BASE_CGROUP_H

/* Whole cores granted, rounded up; 0 = no quota found. `list` is normally "/proc/self/cgroup",
 * `mount` "/sys/fs/cgroup". */
int lrt_cgroup_cores(const char *list, const char *mount);

#endif
