/* test_cpu.c: levels against what the system reports, LITERT_CPU, cores under affinity and control groups. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cpu.h"
#include "base/log.h"
#include "check.h"

static void generic_is_always_there(void) {
  CHECK(lrt_cpu_has(LRT_CPU_GENERIC));
  CHECK(lrt_cpu_usable() & 1u);
  CHECK(!lrt_cpu_has(LRT_CPU_COUNT));
  CHECK_TEXT(lrt_cpu_level_name(LRT_CPU_NEONI8MM), "neoni8mm");
  CHECK_TEXT(lrt_cpu_level_name(LRT_CPU_COUNT), "unknown");
}

static void levels_agree_with_the_compiler(void) {
  if (getenv("LITERT_CPU") != NULL) SKIP("LITERT_CPU lowers the level");
#if defined(__x86_64__)
  /* The compiler's run-time library asks the processor on its own. */
  __builtin_cpu_init();
  CHECK_INT(lrt_cpu_has(LRT_CPU_AVX2), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
  CHECK_INT(lrt_cpu_has(LRT_CPU_AVX512), __builtin_cpu_supports("avx512bw") != 0);
  CHECK_INT(lrt_cpu_has(LRT_CPU_AVX512VNNI),
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni"));
  CHECK(!lrt_cpu_has(LRT_CPU_NEON));
#elif defined(__aarch64__)
  CHECK(lrt_cpu_has(LRT_CPU_NEON));
  CHECK(!lrt_cpu_has(LRT_CPU_AVX2));
#endif
}

static int warnings;

static void count_warnings(const lrt_log_record *record, void *user) {
  (void)user;
  warnings += record->level == LRT_LOG_WARN && strcmp(record->event, "cpu_level_unknown") == 0;
}

typedef struct probed {
  unsigned levels;
  int warned;
} probed;

/* The probe runs once, so each value needs a process of its own that has not probed yet. */
static probed levels_under(const char *value) {
  probed result = {0, -1};
  int ends[2];
  if (pipe(ends) != 0) return result;
  const pid_t child = fork();
  if (child == 0) {
    setenv("LITERT_CPU", value, 1);
    lrt_log_set_callback(count_warnings, NULL);
    result.levels = lrt_cpu_usable();
    result.warned = warnings;
    _exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
  }
  close(ends[1]);
  if (read(ends[0], &result, sizeof result) != (ssize_t)sizeof result) result.warned = -1;
  close(ends[0]);
  waitpid(child, NULL, 0);
  return result;
}

static void environment_lowers_the_level(void) {
  const probed generic = levels_under("generic"), pentium = levels_under("pentium"),
               avx2 = levels_under("avx2"), amx = levels_under("amx"), neon = levels_under("neon"),
               neoni8mm = levels_under("neoni8mm"), none = levels_under("");
  const unsigned usable = none.levels;
  CHECK_INT(none.warned, 0);
  CHECK_INT(generic.levels, 1);
  CHECK_INT(generic.warned, 0);
  CHECK_INT(pentium.levels, usable);
  CHECK_INT(pentium.warned, 1);
#if defined(__x86_64__)
  CHECK_INT(avx2.levels, usable & 3u);
  CHECK_INT(amx.levels, usable);
  CHECK_INT(avx2.warned + amx.warned, 0);
  CHECK_INT(neon.levels, usable);
  CHECK_INT(neon.warned + neoni8mm.warned, 2);
#elif defined(__aarch64__)
  CHECK_INT(neon.levels, 1u | 1u << LRT_CPU_NEON);
  CHECK_INT(neoni8mm.levels, usable);
  CHECK_INT(neon.warned + neoni8mm.warned, 0);
  CHECK_INT(amx.levels, usable);
  CHECK_INT(avx2.warned + amx.warned, 2);
#endif
}

static void cores_follow_the_affinity(void) {
  cpu_set_t before, one;
  const int cores = lrt_cpu_cores();
  CHECK(cores >= 1);
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  CHECK(cores <= CPU_COUNT(&before));
  CPU_ZERO(&one);
  for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) return;
  CHECK_INT(lrt_cpu_cores(), 1);
  sched_setaffinity(0, sizeof before, &before);
}

static void caches_look_sane(void) {
  const lrt_cpu_caches *c = lrt_cpu_cache_sizes();
  CHECK(c->l1d == 0 || (c->l1d >= 4096 && c->l1d <= 1u << 20));
  CHECK(c->l2 == 0 || c->l2 >= c->l1d);
}

static char root[64];

static void write_text(const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", root, name);
  for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
  }
  FILE *file = fopen(path, "w");
  REQUIRE(file != NULL);
  fputs(text, file);
  fclose(file);
}

static int cores_with(const char *list) {
  char path[128];
  write_text("list", list);
  snprintf(path, sizeof path, "%s/list", root);
  return lrt_cgroup_cores(path, root);
}

static void quotas_of_control_groups(void) {
  char command[128];
  snprintf(root, sizeof root, "/tmp/test_cpu_XXXXXX");
  REQUIRE(mkdtemp(root) != NULL);
  CHECK_INT(cores_with("0::/a/b\n"), 0);
  write_text("a/cpu.max", "max 100000\n");
  CHECK_INT(cores_with("0::/a/b\n"), 0);
  write_text("a/b/cpu.max", "350000 100000\n");
  CHECK_INT(cores_with("0::/a/b\n"), 4);
  write_text("a/cpu.max", "150000 100000\n");
  CHECK_INT(cores_with("0::/a/b\n"), 2);
  CHECK_INT(cores_with("0::/a/missing/deeper\n"), 2);
  CHECK_INT(cores_with("0::/\n"), 0);
  write_text("cpu,cpuacct/x/cpu.cfs_quota_us", "-1\n");
  write_text("cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
  CHECK_INT(cores_with("9:name=systemd:/x\n4:cpu,cpuacct:/x\n"), 0);
  write_text("cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
  write_text("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  CHECK_INT(cores_with("4:cpu,cpuacct:/x\n3:cpuset:/\n"), 1);
  write_text("cpu/cpu.cfs_quota_us", "600000\n");
  write_text("cpu/cpu.cfs_period_us", "100000\n");
  CHECK_INT(cores_with("4:cpuacct,cpu:/not/here\n"), 6);
  CHECK_INT(cores_with("garbage\n:\n::\n\n"), 0);
  CHECK_INT(lrt_cgroup_cores("/no/such/list", root), 0);
  snprintf(command, sizeof command, "rm -r %s", root);
  CHECK(system(command) == 0);
}

int main(int argc, char **argv) {
  RUN(environment_lowers_the_level); /* first: the others probe */
  RUN(generic_is_always_there);
  RUN(levels_agree_with_the_compiler);
  RUN(cores_follow_the_affinity);
  RUN(caches_look_sane);
  RUN(quotas_of_control_groups);
  DONE();
}
