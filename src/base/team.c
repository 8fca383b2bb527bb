/* team.c: worker threads that spin briefly, then sleep; barriers; shared teams; a fresh start after fork. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/team.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/counter.h"
#include "base/cpu.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/park.h"

#define MOST_WORKERS 1024
/* Pauses before sleeping, some 20 to 100 microseconds: longer than the imbalance of a typical step, shorter than
 * what sleeping and waking cost. With more workers than cores, spinning only keeps others from running. */
#define SPIN_PAUSES 2000
#define SPIN_PAUSES_CROWDED 20
#define LINE 64

/* A word that threads wait on: passed when it leaves the value they have seen. */
typedef struct gate {
  _Alignas(LINE) _Atomic uint32_t value;
  _Alignas(LINE) atomic_uint sleepers;
} gate;

/* What all workers of a run share; the barrier is sense-reversing, its sense being the value of `turn`. */
struct lrt_team_run {
  lrt_team_fn fn;
  void *arg;
  int count;
  int spin;
  uint64_t float_mode; /* of the caller, so that results do not depend on who computes them */
  _Alignas(LINE) atomic_int arrived;
  gate turn;
};

typedef struct member {
  pthread_t thread;
  lrt_threads *team;
  int index;
  uint32_t seen; /* value of the start gate when the thread was made */
} member;

struct lrt_threads {
  int refs; /* under the registry lock */
  int count;
  bool shared;  /* found by lrt_threads_shared */
  bool started; /* under `busy` */
  bool stopping;
  int live; /* threads that exist: fewer than count - 1 where the system refused some */
  struct lrt_threads *next;
  member *members; /* [count - 1] */
  pthread_mutex_t busy;
  struct lrt_team_run run;
  gate start;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static lrt_threads *registry; /* every team of the process */
static _Thread_local bool inside_run;

/* Rounding and subnormal handling of the calling thread. */
static uint64_t read_float_mode(void) {
#if defined(__SSE__)
  return __builtin_ia32_stmxcsr() & ~0x3fu; /* without the exception flags */
#elif defined(__aarch64__)
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
#else
  return 0;
#endif
}

static void write_float_mode(uint64_t mode) {
#if defined(__SSE__)
  __builtin_ia32_ldmxcsr((unsigned)mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
  (void)mode;
#endif
}

/* Waits until the gate's value is not `seen` any more and returns the new one. */
static uint32_t pass_gate(gate *g, uint32_t seen, int spin) {
  uint32_t value = atomic_load_explicit(&g->value, memory_order_acquire);
  for (int i = 0; value == seen && i < spin; i++) {
    lrt_park_pause();
    value = atomic_load_explicit(&g->value, memory_order_acquire);
  }
  if (value != seen) return value;
  /* Sequentially consistent: either the opener sees the sleeper, or the sleeper sees the new value. */
  atomic_fetch_add(&g->sleepers, 1);
  while ((value = atomic_load(&g->value)) == seen) lrt_park_wait(&g->value, seen);
  atomic_fetch_sub(&g->sleepers, 1);
  return value;
}

static void open_gate(gate *g) {
  atomic_fetch_add(&g->value, 1);
  if (atomic_load(&g->sleepers) != 0) lrt_park_wake(&g->value);
}

void lrt_team_barrier(const lrt_worker *worker) {
  if (worker->count <= 1) return;
  struct lrt_team_run *run = worker->run;
  /* Plain fields are read before arriving: the last one to leave a run may meet the next run's writes. */
  const int spin = run->spin;
  const uint32_t turn = atomic_load_explicit(&run->turn.value, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&run->arrived, 1, memory_order_acq_rel) + 1 == worker->count) {
    atomic_store_explicit(&run->arrived, 0, memory_order_relaxed);
    open_gate(&run->turn);
  } else {
    pass_gate(&run->turn, turn, spin);
  }
}

static void *work(void *arg) {
  const member *me = arg;
  lrt_threads *team = me->team;
  uint32_t seen = me->seen;
  inside_run = true;
  for (;;) {
    seen = pass_gate(&team->start, seen, team->run.spin);
    if (team->stopping) return NULL;
    const lrt_worker worker = {.index = me->index, .count = team->run.count, .run = &team->run};
    if (read_float_mode() != team->run.float_mode) write_float_mode(team->run.float_mode);
    team->run.fn(team->run.arg, &worker);
    lrt_team_barrier(&worker);
  }
}

/* Signals of the process are for its own threads. The new threads inherit the caller's affinity. */
static void start_members(lrt_threads *team) {
  sigset_t all, before;
  sigfillset(&all);
  const uint32_t seen = atomic_load(&team->start.value);
  /* Set before the first thread reads it. */
  team->run.spin = team->count <= lrt_cpu_cores() ? SPIN_PAUSES : SPIN_PAUSES_CROWDED;
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (team->live = 0; team->live < team->count - 1; team->live++) {
    member *m = &team->members[team->live];
    *m = (member){.team = team, .index = team->live + 1, .seen = seen};
    if (pthread_create(&m->thread, NULL, work, m) != 0) break;
#if defined(__linux__)
    pthread_setname_np(m->thread, "litert");
#endif
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  team->started = true;
  if (team->live < team->count - 1)
    lrt_log(LRT_LOG_WARN, "base", "team_incomplete", "wanted=%d running=%d", team->count, team->live + 1);
}

static void run_alone(lrt_team_fn fn, void *arg) {
  const lrt_worker worker = {.index = 0, .count = 1, .run = NULL};
  fn(arg, &worker);
}

static void run_together(lrt_threads *team, lrt_team_fn fn, void *arg) {
  team->run.fn = fn;
  team->run.arg = arg;
  team->run.count = team->live + 1;
  team->run.float_mode = read_float_mode();
  const lrt_worker worker = {.index = 0, .count = team->run.count, .run = &team->run};
  inside_run = true;
  open_gate(&team->start);
  fn(arg, &worker);
  lrt_team_barrier(&worker);
  inside_run = false;
}

void lrt_team_run(lrt_threads *team, lrt_team_fn fn, void *arg, bool wait_if_busy) {
  if (team == NULL || team->count == 1 || inside_run) {
    run_alone(fn, arg);
    return;
  }
  if ((wait_if_busy ? pthread_mutex_lock(&team->busy) : pthread_mutex_trylock(&team->busy)) != 0) {
    lrt_counter_add(LRT_COUNTER_RUNS_ALONE, 1);
    run_alone(fn, arg);
    return;
  }
  if (!team->started) start_members(team);
  lrt_counter_add(team->live > 0 ? LRT_COUNTER_TEAM_RUNS : LRT_COUNTER_RUNS_ALONE, 1);
  if (team->live > 0)
    run_together(team, fn, arg);
  else
    run_alone(fn, arg);
  pthread_mutex_unlock(&team->busy);
}

/* The state of a team without threads. */
static void reset_team(lrt_threads *team) {
  pthread_mutex_init(&team->busy, NULL);
  team->started = false;
  team->stopping = false;
  team->live = 0;
  atomic_init(&team->run.arrived, 0);
  atomic_init(&team->run.turn.value, 0);
  atomic_init(&team->run.turn.sleepers, 0);
  atomic_init(&team->start.value, 0);
  atomic_init(&team->start.sleepers, 0);
}

static void before_fork(void) {
  pthread_mutex_lock(&registry_lock);
}

static void in_parent(void) {
  pthread_mutex_unlock(&registry_lock);
}

/* Only the forking thread lives in the child: teams lose their threads, and a lock may have been held by one that
 * is gone. */
static void in_child(void) {
  pthread_mutex_init(&registry_lock, NULL);
  for (lrt_threads *team = registry; team != NULL; team = team->next) reset_team(team);
  inside_run = false;
}

static void watch_forks(void) {
  pthread_atfork(before_fork, in_parent, in_child);
}

/* Called with the registry locked. */
static lrt_status make_team(int count, bool shared, lrt_threads **out, lrt_error *err) {
  lrt_threads *team = lrt_alloc_zero(NULL, sizeof *team);
  member *members = lrt_alloc_array(NULL, (size_t)count, sizeof *members);
  if (team == NULL || members == NULL) {
    lrt_alloc_free(team);
    lrt_alloc_free(members);
    return lrt_alloc_fail(err, NULL, sizeof *team + (size_t)count * sizeof *members, "a thread team");
  }
  team->refs = 1;
  team->count = count;
  team->shared = shared;
  team->members = members;
  reset_team(team);
  team->next = registry;
  registry = team;
  *out = team;
  return LRT_OK;
}

static lrt_threads *find_shared(int count) {
  lrt_threads *team = registry;
  while (team != NULL && !(team->shared && team->count == count)) team = team->next;
  if (team != NULL) team->refs++;
  return team;
}

static lrt_status get_team(int count, bool shared, lrt_threads **out, lrt_error *err) {
  *out = NULL;
  if (count < 0 || count > MOST_WORKERS)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "a team of %d threads is not possible, 0 to %d are", count,
                    MOST_WORKERS);
  const int cores = count == 0 ? lrt_cpu_cores() : count,
            workers = cores < MOST_WORKERS ? cores : MOST_WORKERS;
  pthread_once(&once, watch_forks);
  pthread_mutex_lock(&registry_lock);
  if (shared) *out = find_shared(workers);
  const lrt_status status = *out != NULL ? LRT_OK : make_team(workers, shared, out, err);
  pthread_mutex_unlock(&registry_lock);
  return status;
}

lrt_status lrt_threads_create(int count, lrt_threads **out, lrt_error *err) {
  return get_team(count, false, out, err);
}

lrt_status lrt_threads_shared(int count, lrt_threads **out, lrt_error *err) {
  return get_team(count, true, out, err);
}

lrt_threads *lrt_threads_retain(lrt_threads *threads) {
  if (threads == NULL) return NULL;
  pthread_mutex_lock(&registry_lock);
  threads->refs++;
  pthread_mutex_unlock(&registry_lock);
  return threads;
}

/* True when this was the last reference; the team is out of the registry then. */
static bool drop_team(lrt_threads *team) {
  pthread_mutex_lock(&registry_lock);
  const bool last = --team->refs == 0;
  for (lrt_threads **link = &registry; last && *link != NULL; link = &(*link)->next) {
    if (*link == team) {
      *link = team->next;
      break;
    }
  }
  pthread_mutex_unlock(&registry_lock);
  return last;
}

void lrt_threads_destroy(lrt_threads *threads) {
  if (threads == NULL || !drop_team(threads)) return;
  if (threads->live > 0) {
    threads->stopping = true;
    open_gate(&threads->start);
    for (int i = 0; i < threads->live; i++) pthread_join(threads->members[i].thread, NULL);
  }
  pthread_mutex_destroy(&threads->busy);
  lrt_alloc_free(threads->members);
  lrt_alloc_free(threads);
}

int lrt_threads_count(const lrt_threads *threads) {
  return threads == NULL ? 1 : threads->count;
}
