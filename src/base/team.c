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
#include "base/clock.h"
#include "base/counter.h"
#include "base/cpu.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/park.h"
#include "base/team_health.h"

#define MOST_WORKERS 1024
/* Pauses before sleeping, some 20 to 100 microseconds: longer than the imbalance of a typical step, shorter than
 * what sleeping and waking cost. While the process runs more workers than it has cores, in one team or in several,
 * spinning only keeps others from running. */
#define SPIN_PAUSES 2000
#define SPIN_PAUSES_CROWDED 20
#define LINE 64
#define RESTING (-1)

/* A word that threads wait on: passed when it leaves the value they have seen. */
typedef struct gate {
  _Alignas(LINE) _Atomic uint32_t value;
  _Alignas(LINE) atomic_uint sleepers;
  _Atomic double opened; /* the last time that somebody slept */
} gate;

/* What all workers of a run share; the barrier is sense-reversing, its sense being the value of `turn`. */
struct lrt_team_run {
  lrt_team_fn fn;
  void *arg;
  int count;
  int spin;
  uint64_t float_mode;    /* of the caller, so that results do not depend on who computes them */
  lrt_worker_time *times; /* [count] */
  _Alignas(LINE) atomic_int arrived;
  gate turn;
};

/* A thread of a team. Those that take part are workers 1 … active - 1. One that rests waits at the gate `recall`; it may
 * learn of both, its retirement and its return, only much later, which is why `after` says from which run on it is
 * expected again. */
typedef struct member {
  pthread_t thread;
  lrt_threads *team;
  atomic_int worker;      /* its index in the runs; RESTING */
  _Atomic uint32_t after; /* value of the start gate before the first run it has not seen */
} member;

struct lrt_threads {
  int refs; /* under the registry lock */
  int count;
  bool shared;  /* found by lrt_threads_shared */
  bool started; /* under `busy` */
  atomic_bool stopping;
  bool rigid; /* never shrinks */
  int cores;  /* that this process could use when the threads were made */
  int live;   /* threads that exist: fewer than count - 1 where the system refused some */
  int active; /* workers of the next run: live + 1 without those that rest */
  struct lrt_threads *next;
  member *members; /* [count - 1] */
  pthread_mutex_t busy;
  struct lrt_team_run run;
  lrt_team_health health;
  gate start, recall;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static lrt_threads *registry; /* every team of the process */
static _Thread_local bool inside_run;
static atomic_int workers_running; /* in all runs of the process */

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

/* Waits until the gate's value is not `seen` any more and returns the new one. Adds the time asleep to *parked (may be
 * NULL), but not the time between the opening of the gate and the moment the system runs this thread again. */
static uint32_t pass_gate(gate *g, uint32_t seen, int spin, double *parked) {
  uint32_t value = atomic_load_explicit(&g->value, memory_order_acquire);
  for (int i = 0; value == seen && i < spin; i++) {
    lrt_park_pause();
    value = atomic_load_explicit(&g->value, memory_order_acquire);
  }
  if (value != seen) return value;
  const double since = parked != NULL ? lrt_clock_seconds() : 0;
  /* Sequentially consistent: either the opener sees the sleeper, or the sleeper sees the new value. */
  atomic_fetch_add(&g->sleepers, 1);
  while ((value = atomic_load(&g->value)) == seen) lrt_park_wait(&g->value, seen);
  atomic_fetch_sub(&g->sleepers, 1);
  if (parked == NULL) return value;
  const double opened = atomic_load_explicit(&g->opened, memory_order_relaxed);
  *parked += (opened > since ? opened : lrt_clock_seconds()) - since;
  return value;
}

static void open_gate(gate *g) {
  if (atomic_load_explicit(&g->sleepers, memory_order_relaxed) != 0)
    atomic_store_explicit(&g->opened, lrt_clock_seconds(), memory_order_relaxed);
  atomic_fetch_add(&g->value, 1);
  if (atomic_load(&g->sleepers) != 0) lrt_park_wake(&g->value);
}

static void meet(const lrt_worker *worker, double *parked) {
  if (worker->count <= 1) return;
  struct lrt_team_run *run = worker->run;
  /* Plain fields are read before arriving: the last one to leave a run may meet the next run's writes. */
  const int spin = run->spin;
  const uint32_t turn = atomic_load_explicit(&run->turn.value, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&run->arrived, 1, memory_order_acq_rel) + 1 == worker->count) {
    atomic_store_explicit(&run->arrived, 0, memory_order_relaxed);
    open_gate(&run->turn);
  } else {
    pass_gate(&run->turn, turn, spin, parked);
  }
}

void lrt_team_barrier(const lrt_worker *worker) {
  if (worker->count > 1) meet(worker, &worker->run->times[worker->index].parked);
}

/* One worker's part of a run: its function, then the barrier that ends the run. */
static void take_part(lrt_threads *team, int index) {
  const lrt_worker worker = {.index = index, .count = team->run.count, .run = &team->run};
  lrt_worker_time *time = &team->run.times[index];
  lrt_worker_time_join(time);
  team->run.fn(team->run.arg, &worker);
  lrt_worker_time_leave(&team->health, time);
  meet(&worker, NULL); /* the next run may give the times to another thread before this one is awake */
}

static void *work(void *arg) {
  member *me = arg;
  lrt_threads *team = me->team;
  int spin = 0;
  inside_run = true;
  for (;;) {
    pass_gate(&team->start, atomic_load(&me->after), spin, NULL);
    const uint32_t recall = atomic_load(&team->recall.value);
    const int index = atomic_load(&me->worker);
    if (atomic_load(&team->stopping)) return NULL;
    if (index == RESTING) {
      pass_gate(&team->recall, recall, 0, NULL);
      continue;
    }
    /* Again: it may have rested and been recalled since, for a run that has not begun. */
    atomic_store(&me->after, pass_gate(&team->start, atomic_load(&me->after), spin, NULL));
    if (atomic_load(&team->stopping)) return NULL;
    spin = team->run.spin;
    if (read_float_mode() != team->run.float_mode) write_float_mode(team->run.float_mode);
    take_part(team, index);
  }
}

/* Signals of the process are for its own threads. The new threads inherit the caller's affinity. */
static void start_members(lrt_threads *team) {
  sigset_t all, before;
  sigfillset(&all);
  const uint32_t seen = atomic_load(&team->start.value);
  team->cores = lrt_cpu_cores();
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (team->live = 0; team->live < team->count - 1; team->live++) {
    member *m = &team->members[team->live];
    m->team = team;
    atomic_init(&m->worker, team->live + 1);
    atomic_init(&m->after, seen);
    if (pthread_create(&m->thread, NULL, work, m) != 0) break;
#if defined(__linux__)
    pthread_setname_np(m->thread, "litert");
#endif
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  team->started = true;
  team->active = team->live + 1;
  lrt_team_health_reset(&team->health, team->run.times, team->count);
  if (team->live < team->count - 1)
    lrt_log(LRT_LOG_WARN, "base", "team_incomplete", "wanted=%d running=%d", team->count, team->live + 1);
}

static void run_alone(lrt_team_fn fn, void *arg) {
  const lrt_worker worker = {.index = 0, .count = 1, .run = NULL};
  fn(arg, &worker);
}

/* Worker `index` rests; those behind it move up. Between two runs. */
static void retire(lrt_threads *team, int index) {
  for (int i = 0; i < team->live; i++) {
    atomic_int *worker = &team->members[i].worker;
    const int now = atomic_load(worker);
    if (now == index) atomic_store(worker, RESTING);
    if (now > index) atomic_store(worker, now - 1);
  }
  team->active--;
  lrt_counter_add(LRT_COUNTER_TEAM_SHRINKS, 1);
  lrt_log(LRT_LOG_DEBUG, "base", "team_shrunk", "workers=%d of=%d reason=stalled", team->active, team->count);
}

/* One that rests comes back as the last worker, from the next run on. */
static void recall(lrt_threads *team) {
  member *m = team->members;
  while (atomic_load(&m->worker) != RESTING) m++;
  atomic_store(&m->after, atomic_load(&team->start.value));
  atomic_store(&m->worker, team->active++);
  open_gate(&team->recall);
}

/* The team becomes smaller or larger when the last runs say so. */
static void look_back(lrt_threads *team) {
  int worker = 0;
  switch (lrt_team_health_judge(&team->health, team->run.times, team->active, team->live + 1 - team->active,
                                &worker)) {
  case LRT_TEAM_RETIRE: retire(team, worker); break;
  case LRT_TEAM_RECALL: recall(team); break;
  case LRT_TEAM_KEEP: break;
  }
}

static void run_together(lrt_threads *team, lrt_team_fn fn, void *arg) {
  const int running = atomic_fetch_add(&workers_running, team->active) + team->active;
  team->run.fn = fn;
  team->run.arg = arg;
  team->run.count = team->active;
  team->run.spin = running <= team->cores ? SPIN_PAUSES : SPIN_PAUSES_CROWDED;
  team->run.float_mode = read_float_mode();
  lrt_counter_add(team->active > 1 ? LRT_COUNTER_TEAM_RUNS : LRT_COUNTER_RUNS_ALONE, 1);
  lrt_team_health_begin(&team->health);
  if (team->active > 1) open_gate(&team->start);
  take_part(team, 0);
  atomic_fetch_sub(&workers_running, team->run.count);
  if (team->live > 0 && !team->rigid) look_back(team);
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
  inside_run = true;
  run_together(team, fn, arg);
  inside_run = false;
  pthread_mutex_unlock(&team->busy);
}

/* The state of a team without threads. */
static void reset_team(lrt_threads *team) {
  pthread_mutex_init(&team->busy, NULL);
  team->started = false;
  atomic_init(&team->stopping, false);
  team->live = 0;
  team->active = 1;
  atomic_init(&team->run.arrived, 0);
  atomic_init(&team->run.turn.value, 0);
  atomic_init(&team->run.turn.sleepers, 0);
  atomic_init(&team->start.value, 0);
  atomic_init(&team->start.sleepers, 0);
  atomic_init(&team->recall.value, 0);
  atomic_init(&team->recall.sleepers, 0);
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
  atomic_init(&workers_running, 0);
}

static void watch_forks(void) {
  pthread_atfork(before_fork, in_parent, in_child);
}

/* Called with the registry locked. */
static lrt_status make_team(int count, bool shared, lrt_threads **out, lrt_error *err) {
  lrt_threads *team = lrt_alloc_zero(NULL, sizeof *team);
  member *members = lrt_alloc_array(NULL, (size_t)count, sizeof *members);
  lrt_worker_time *times = lrt_alloc_array(NULL, (size_t)count, sizeof *times);
  if (team == NULL || members == NULL || times == NULL) {
    lrt_alloc_free(team);
    lrt_alloc_free(members);
    lrt_alloc_free(times);
    return lrt_alloc_fail(err, NULL, sizeof *team + (size_t)count * (sizeof *members + sizeof *times),
                          "a thread team");
  }
  team->refs = 1;
  team->count = count;
  team->shared = shared;
  team->members = members;
  team->run.times = times;
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
    atomic_store(&threads->stopping, true);
    open_gate(&threads->start);
    open_gate(&threads->recall);
    for (int i = 0; i < threads->live; i++) pthread_join(threads->members[i].thread, NULL);
  }
  pthread_mutex_destroy(&threads->busy);
  lrt_alloc_free(threads->members);
  lrt_alloc_free(threads->run.times);
  lrt_alloc_free(threads);
}

void lrt_team_keep_all(lrt_threads *team) {
  team->rigid = true;
}

int lrt_threads_count(const lrt_threads *threads) {
  return threads == NULL ? 1 : threads->count;
}
