/* cpu.c: asks processor and system once which instruction sets may be used; cache sizes; cores. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/log.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#include <sys/syscall.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

static const char *const level_names[LRT_CPU_COUNT] = {
#define NAME(name, text) text,
    LRT_CPU_LIST(NAME)
#undef NAME
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned usable;
static lrt_cpu_caches caches;

#define BIT(level) (1u << LRT_CPU_##level)
#define X86_LEVELS (BIT(AVX2) | BIT(AVXVNNI) | BIT(AVX512) | BIT(AVX512VNNI) | BIT(AVX512BF16) | BIT(AMX))
#define ARM_LEVELS (BIT(NEON) | BIT(NEONDOT) | BIT(NEONI8MM))

#if defined(__x86_64__) || defined(__i386__)
#define OWN_LEVELS X86_LEVELS

static unsigned has(unsigned word, int bit) {
  return word >> bit & 1u;
}

/* Register state that the system saves (XCR0); only valid where OSXSAVE is set. */
static unsigned saved_state(void) {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

/* Linux hands out the AMX tile registers on request only (ARCH_REQ_XCOMP_PERM of XFEATURE_XTILEDATA). */
static bool tiles_granted(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
  return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
  return false;
#endif
}

/* Intel SDM volume 2, CPUID leaves 1 and 7; volume 1, section 13 (XCR0 bits). `allowed` spares the request for
 * tile registers when the level is masked. */
static unsigned probe_levels(unsigned allowed) {
  unsigned a1, b1, c1, d1, a7, b7, c7, d7, a71 = 0, unused_b, unused_c, unused_d, levels = 0;
  if (!__get_cpuid(1, &a1, &b1, &c1, &d1) || !has(c1, 27) || !__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7))
    return 0;
  if (a7 >= 1) __get_cpuid_count(7, 1, &a71, &unused_b, &unused_c, &unused_d);
  const unsigned state = saved_state();
  const bool ymm = (state & 0x6) == 0x6, zmm = (state & 0xe6) == 0xe6, tiles = (state & 0x60000) == 0x60000;
  const bool avx2 = ymm && has(c1, 28) && has(c1, 12) && has(c1, 29) && has(b7, 5) && has(b7, 8);
  const bool avx512 = avx2 && zmm && has(b7, 16) && has(b7, 17) && has(b7, 28) && has(b7, 30) && has(b7, 31);
  const bool vnni = avx512 && has(c7, 11);
  if (avx2) levels |= BIT(AVX2);
  if (avx2 && has(a71, 4)) levels |= BIT(AVXVNNI);
  if (avx512) levels |= BIT(AVX512);
  if (vnni) levels |= BIT(AVX512VNNI);
  if (vnni && has(a71, 5)) levels |= BIT(AVX512BF16);
  if (vnni && tiles && has(d7, 22) && has(d7, 24) && has(d7, 25) && (allowed & BIT(AMX)) && tiles_granted())
    levels |= BIT(AMX);
  return levels;
}
#elif defined(__aarch64__)
#define OWN_LEVELS ARM_LEVELS

static unsigned probe_levels(unsigned allowed) {
  (void)allowed;
#if defined(__linux__)
  /* HWCAP_ASIMD, HWCAP_ASIMDDP, HWCAP2_I8MM of Linux' asm/hwcap.h. */
  const unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
  const bool neon = first >> 1 & 1, dot = neon && (first >> 20 & 1), i8mm = dot && (second >> 13 & 1);
  return (neon ? BIT(NEON) : 0) | (dot ? BIT(NEONDOT) : 0) | (i8mm ? BIT(NEONI8MM) : 0);
#else
  return BIT(NEON);
#endif
}
#else
#define OWN_LEVELS 0u

static unsigned probe_levels(unsigned allowed) {
  return allowed & OWN_LEVELS;
}
#endif

/* Levels that LITERT_CPU leaves: those of this architecture up to the named one. */
static unsigned allowed_levels(void) {
  const unsigned own = OWN_LEVELS | BIT(GENERIC);
  const char *name = getenv("LITERT_CPU");
  if (name == NULL || name[0] == '\0') return own;
  for (int i = 0; i < LRT_CPU_COUNT; i++)
    if (strcmp(name, level_names[i]) == 0 && (own >> i & 1u)) return own & ((2u << i) - 1u);
  lrt_log(LRT_LOG_WARN, "base", "cpu_level_unknown", "LITERT_CPU=\"%.40s\" effect=ignored", name);
  return own;
}

/* One cache of core 0 as Linux describes it. */
static void read_cache(int index, lrt_cpu_caches *out) {
  static const char *const files[] = {"level", "type", "size"};
  char text[3][32] = {"", "", ""};
  for (int i = 0; i < 3; i++) {
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, files[i]);
    FILE *file = fopen(path, "re");
    if (file == NULL) return;
    if (fgets(text[i], sizeof text[i], file) == NULL) text[i][0] = '\0';
    fclose(file);
  }
  char *unit = NULL;
  unsigned long size = strtoul(text[2], &unit, 10);
  if (*unit == 'K') size <<= 10;
  if (*unit == 'M') size <<= 20;
  if (text[0][0] == '1' && text[1][0] == 'D') out->l1d = (unsigned)size;
  if (text[0][0] == '2' && text[1][0] != 'I') out->l2 = (unsigned)size;
  if (text[0][0] == '3') out->l3 = (unsigned)size;
}

static unsigned cache_from_libc(int name) {
  const long size = sysconf(name);
  return size > 0 && size <= 0x7fffffffL ? (unsigned)size : 0;
}

static void probe_caches(lrt_cpu_caches *out) {
  for (int i = 0; i < 8; i++) read_cache(i, out);
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  if (out->l1d == 0) out->l1d = cache_from_libc(_SC_LEVEL1_DCACHE_SIZE);
  if (out->l2 == 0) out->l2 = cache_from_libc(_SC_LEVEL2_CACHE_SIZE);
  if (out->l3 == 0) out->l3 = cache_from_libc(_SC_LEVEL3_CACHE_SIZE);
#endif
}

static void probe(void) {
  const unsigned allowed = allowed_levels();
  usable = (probe_levels(allowed) & allowed) | BIT(GENERIC);
  probe_caches(&caches);
}

unsigned lrt_cpu_usable(void) {
  pthread_once(&once, probe);
  return usable;
}

bool lrt_cpu_has(lrt_cpu_level level) {
  return (unsigned)level < LRT_CPU_COUNT && (lrt_cpu_usable() >> level & 1u) != 0;
}

const char *lrt_cpu_level_name(lrt_cpu_level level) {
  return (unsigned)level < LRT_CPU_COUNT ? level_names[level] : "unknown";
}

const lrt_cpu_caches *lrt_cpu_cache_sizes(void) {
  pthread_once(&once, probe);
  return &caches;
}

static int affinity_cores(void) {
#if defined(__linux__)
  cpu_set_t sets[8]; /* 8192 processors, the most that Linux knows */
  memset(sets, 0, sizeof sets);
  if (sched_getaffinity(0, sizeof sets, sets) == 0) return CPU_COUNT_S(sizeof sets, sets);
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 && online < 8192 ? (int)online : 1;
}

int lrt_cpu_cores(void) {
  const int cores = affinity_cores(), quota = lrt_cgroup_cores("/proc/self/cgroup", "/sys/fs/cgroup");
  const int least = quota > 0 && quota < cores ? quota : cores;
  return least > 0 ? least : 1;
}
