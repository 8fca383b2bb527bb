/* test_team.c: runs on teams of all sizes: who takes part, barriers, several callers, nesting, fork. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/team.h"
#include "check.h"
#include "litert/counters.h"

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif

enum { MOST = 8, PHASES = 20 };

typedef struct ring {
  int cell[2][MOST]; /* plain memory: the barriers alone order the accesses */
  atomic_int visits[MOST];
  atomic_int wrong;
  int count;
} ring;

/* Each phase every worker adds its left neighbour's value of the phase before. */
static void walk(void *arg, const lrt_worker *w) {
  ring *r = arg;
  if (w->index == 0) r->count = w->count;
  atomic_fetch_add(&r->visits[w->index], 1);
  r->cell[0][w->index] = w->index;
  lrt_team_barrier(w);
  for (int phase = 0; phase < PHASES; phase++) {
    const int *from = r->cell[phase % 2];
    r->cell[(phase + 1) % 2][w->index] = from[(w->index + w->count - 1) % w->count];
    lrt_team_barrier(w);
  }
  const int expected = (w->index + w->count * PHASES - PHASES) % w->count;
  if (r->cell[PHASES % 2][w->index] != expected) atomic_fetch_add(&r->wrong, 1);
}

static void check_walks(lrt_threads *team, int workers, int runs) {
  ring r = {.count = 0};
  for (int i = 0; i < runs; i++) lrt_team_run(team, walk, &r, true);
  CHECK_INT(r.wrong, 0);
  CHECK_INT(r.count, workers);
  for (int i = 0; i < MOST; i++) CHECK_INT(r.visits[i], i < workers ? runs : 0);
}

/* The cases that count workers must not meet a team that has shrunk because the machine is busy. */
static lrt_status create_rigid(int count, lrt_threads **out) {
  const lrt_status status = lrt_threads_create(count, out, NULL);
  if (status == LRT_OK) lrt_team_keep_all(*out);
  return status;
}

static lrt_status share_rigid(int count, lrt_threads **out) {
  const lrt_status status = lrt_threads_shared(count, out, NULL);
  if (status == LRT_OK) lrt_team_keep_all(*out);
  return status;
}

static void every_worker_takes_part_once(void) {
  for (int count = 1; count <= MOST; count++) {
    lrt_threads *team = NULL;
    REQUIRE(create_rigid(count, &team) == LRT_OK);
    CHECK_INT(lrt_threads_count(team), count);
    check_walks(team, count, count <= 2 ? 300 : 40);
    lrt_threads_destroy(team);
  }
  check_walks(NULL, 1, 3);
}

static void sleeping_workers_wake(void) {
  lrt_threads *team = NULL;
  REQUIRE(create_rigid(3, &team) == LRT_OK);
  for (int i = 0; i < 10; i++) {
    check_walks(team, 3, 1);
    usleep(2000);
  }
  lrt_threads_destroy(team);
}

static void shared_teams_are_one_per_count(void) {
  lrt_threads *a = NULL, *b = NULL, *c = NULL, *own = NULL;
  REQUIRE(share_rigid(2, &a) == LRT_OK && share_rigid(2, &b) == LRT_OK);
  REQUIRE(share_rigid(3, &c) == LRT_OK && create_rigid(2, &own) == LRT_OK);
  CHECK(a == b);
  CHECK(a != c);
  CHECK(a != own);
  lrt_threads_destroy(a);
  check_walks(b, 2, 5);
  CHECK(lrt_threads_retain(b) == b);
  lrt_threads_destroy(b);
  check_walks(b, 2, 5);
  lrt_threads_destroy(b);
  lrt_threads_destroy(c);
  lrt_threads_destroy(own);
  lrt_threads_destroy(NULL);
}

static void odd_counts_are_refused(void) {
  lrt_threads *team = NULL;
  lrt_error err;
  CHECK_INT(lrt_threads_create(-1, &team, &err), LRT_INVALID_ARGUMENT);
  CHECK(strstr(err.message, "-1") != NULL);
  CHECK_INT(lrt_threads_create(1 << 20, &team, &err), LRT_INVALID_ARGUMENT);
  REQUIRE(lrt_threads_create(0, &team, &err) == LRT_OK);
  CHECK_INT(lrt_threads_count(team), lrt_cpu_cores());
  lrt_threads_destroy(team);
}

static void *call_team(void *arg) {
  check_walks(arg, 3, 50);
  return NULL;
}

static void several_callers_take_turns(void) {
  lrt_threads *team = NULL;
  pthread_t callers[4];
  REQUIRE(share_rigid(3, &team) == LRT_OK);
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&callers[i], NULL, call_team, team) == 0);
  for (int i = 0; i < 4; i++) pthread_join(callers[i], NULL);
  lrt_threads_destroy(team);
}

typedef struct outer {
  lrt_threads *team;
  atomic_int inner_counts;
  atomic_int busy_count;
} outer;

static void count_inner(void *arg, const lrt_worker *w) {
  outer *o = arg;
  atomic_fetch_add(&o->inner_counts, w->count);
}

static void run_inside(void *arg, const lrt_worker *w) {
  outer *o = arg;
  lrt_team_run(o->team, count_inner, o, w->index % 2 == 0);
  lrt_team_barrier(w);
}

static void nested_runs_are_alone(void) {
  outer o = {.team = NULL};
  REQUIRE(create_rigid(4, &o.team) == LRT_OK);
  lrt_team_run(o.team, run_inside, &o, true);
  CHECK_INT(o.inner_counts, 4);
  lrt_threads_destroy(o.team);
}

static void note_count(void *arg, const lrt_worker *w) {
  if (w->index == 0) atomic_store((atomic_int *)arg, w->count);
}

static void *call_busy_team(void *arg) {
  outer *o = arg;
  lrt_team_run(o->team, note_count, &o->busy_count, false);
  return NULL;
}

static void occupy(void *arg, const lrt_worker *w) {
  pthread_t other;
  if (w->index == 0 && pthread_create(&other, NULL, call_busy_team, arg) == 0) pthread_join(other, NULL);
}

static void busy_team_can_be_passed_by(void) {
  outer o = {.team = NULL};
  REQUIRE(create_rigid(2, &o.team) == LRT_OK);
  lrt_team_run(o.team, occupy, &o, true);
  CHECK_INT(o.busy_count, 1);
  lrt_team_run(o.team, note_count, &o.busy_count, false);
  CHECK_INT(o.busy_count, 2);
  lrt_threads_destroy(o.team);
}

static void note_signals(void *arg, const lrt_worker *w) {
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, NULL, &blocked);
  if (w->index > 0 && sigismember(&blocked, SIGINT) == 1 && sigismember(&blocked, SIGUSR1) == 1)
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void workers_get_no_signals(void) {
  lrt_threads *team = NULL;
  atomic_int blocked = 0;
  sigset_t mine;
  REQUIRE(create_rigid(3, &team) == LRT_OK);
  lrt_team_run(team, note_signals, &blocked, true);
  CHECK_INT(blocked, 2);
  pthread_sigmask(SIG_SETMASK, NULL, &mine);
  CHECK_INT(sigismember(&mine, SIGUSR1), 0);
  lrt_threads_destroy(team);
}

#if defined(__SSE__)
static void multiply_small(void *arg, const lrt_worker *w) {
  volatile float tiny = 1e-38f, tenth = 0.1f;
  ((float *)arg)[w->index] = tiny * tenth;
}

static void workers_compute_like_the_caller(void) {
  lrt_threads *team = NULL;
  float products[2] = {1, 1};
  const unsigned mode = __builtin_ia32_stmxcsr();
  REQUIRE(create_rigid(2, &team) == LRT_OK);
  lrt_team_run(team, multiply_small, products, true);
  CHECK(products[0] > 0 && products[1] > 0);
  __builtin_ia32_ldmxcsr(mode | 0x8000u); /* flush to zero */
  lrt_team_run(team, multiply_small, products, true);
  __builtin_ia32_ldmxcsr(mode);
  CHECK(products[0] == 0 && products[1] == 0);
  lrt_team_run(team, multiply_small, products, true);
  CHECK(products[0] > 0 && products[1] > 0);
  lrt_threads_destroy(team);
}
#endif

/* ---- stalls ---- */

#define PATIENCE 20.0

typedef struct toil {
  double milliseconds;      /* of work per run, shared by the workers */
  atomic_bool stalls;       /* the last worker of several is kept from running */
  atomic_int last;          /* workers of the run before */
  atomic_bool shrank, grew; /* seen since they were reset */
  atomic_int sum;
  int cell[MOST];
} toil;

static double thread_seconds(void) {
  struct timespec used = {0, 0};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

/* Work between two barriers; then everybody adds up what all have written. */
static void do_toil(void *arg, const lrt_worker *w) {
  toil *t = arg;
  const double until = thread_seconds() + t->milliseconds * 1e-3 / w->count;
  int sum = 0;
  t->cell[w->index] = w->index + 1;
  while (thread_seconds() < until) continue;
  if (atomic_load(&t->stalls) && w->index > 0 && w->index == w->count - 1) usleep(8000);
  lrt_team_barrier(w);
  for (int i = 0; i < w->count; i++) sum += t->cell[i];
  atomic_fetch_add(&t->sum, sum == w->count * (w->count + 1) / 2);
  lrt_team_barrier(w);
  if (w->index != 0) return;
  CHECK_INT(atomic_load(&t->sum), w->count);
  atomic_store(&t->sum, 0);
  if (w->count < atomic_load(&t->last)) atomic_store(&t->shrank, true);
  if (w->count > atomic_load(&t->last)) atomic_store(&t->grew, true);
  atomic_store(&t->last, w->count);
}

static uint64_t shrinks(void) {
  uint64_t all[LRT_COUNTER_COUNT] = {0};
  lrt_counters_read(all, LRT_COUNTER_COUNT);
  return all[LRT_COUNTER_TEAM_SHRINKS];
}

/* A sleeping worker is one that the system does not run: it rests after some runs, and comes back when it is well. */
static void stalled_workers_rest_and_come_back(void) {
  for (int count = 2; count <= 4; count += 2) {
    lrt_threads *team = NULL;
    toil t = {.milliseconds = 2, .stalls = true, .last = count};
    const uint64_t before = shrinks();
    REQUIRE(lrt_threads_create(count, &team, NULL) == LRT_OK);
    double end = lrt_clock_seconds() + PATIENCE;
    while (!atomic_load(&t.shrank) && lrt_clock_seconds() < end) lrt_team_run(team, do_toil, &t, true);
    CHECK(atomic_load(&t.shrank));
    CHECK(shrinks() > before);
    atomic_store(&t.stalls, false);
    atomic_store(&t.grew, false);
    end = lrt_clock_seconds() + PATIENCE;
    while (!atomic_load(&t.grew) && lrt_clock_seconds() < end) lrt_team_run(team, do_toil, &t, true);
    CHECK(atomic_load(&t.grew));
    lrt_threads_destroy(team);
  }
}

static void *compete(void *arg) {
  while (!atomic_load((atomic_bool *)arg)) continue;
  return NULL;
}

/* Three workers and two strangers on one core. */
static void competing_load_shrinks_a_team(void) {
  cpu_set_t all, one;
  pthread_t strangers[2];
  atomic_bool end = false;
  lrt_threads *team = NULL;
  toil t = {.milliseconds = 3, .stalls = false, .last = 3};
  const uint64_t before = shrinks();
  REQUIRE(sched_getaffinity(0, sizeof all, &all) == 0);
  CPU_ZERO(&one);
  for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  for (int i = 0; i < 2; i++) CHECK(pthread_create(&strangers[i], NULL, compete, &end) == 0);
  REQUIRE(lrt_threads_create(3, &team, NULL) == LRT_OK);
  const double stop = lrt_clock_seconds() + PATIENCE;
  while (shrinks() == before && lrt_clock_seconds() < stop) lrt_team_run(team, do_toil, &t, true);
  CHECK(shrinks() > before);
  for (int i = 0; i < 20; i++) lrt_team_run(team, do_toil, &t, true);
  atomic_store(&end, true);
  for (int i = 0; i < 2; i++) pthread_join(strangers[i], NULL);
  lrt_threads_destroy(team);
  sched_setaffinity(0, sizeof all, &all);
}

static void *toil_alone(void *arg) {
  lrt_threads *team = NULL;
  toil t = {.milliseconds = 0.2, .stalls = false, .last = 4};
  if (lrt_threads_create(4, &team, NULL) != LRT_OK) return NULL;
  for (int i = 0; i < 300; i++) lrt_team_run(team, do_toil, &t, true);
  lrt_threads_destroy(team);
  return arg;
}

/* Sixteen workers in four teams: whatever shrinks and comes back meanwhile, every run is whole. */
static void more_teams_than_cores(void) {
  pthread_t callers[4];
  char mark;
  int done = 0;
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&callers[i], NULL, toil_alone, &mark) == 0);
  for (int i = 0; i < 4; i++) {
    void *result = NULL;
    pthread_join(callers[i], &result);
    done += result == &mark;
  }
  CHECK_INT(done, 4);
}

#ifndef UNDER_TSAN /* it cannot start threads in the child of a process with several */
static void child_of_fork_gets_new_threads(void) {
  lrt_threads *team = NULL;
  int result = -1;
  REQUIRE(share_rigid(3, &team) == LRT_OK);
  check_walks(team, 3, 5);
  const pid_t child = fork();
  if (child == 0) {
    check_failures = 0;
    check_walks(team, 3, 5);
    lrt_threads *again = NULL;
    CHECK(share_rigid(3, &again) == LRT_OK && again == team);
    lrt_threads_destroy(again);
    lrt_threads_destroy(team);
    _exit(check_failures == 0 ? 0 : 1);
  }
  REQUIRE(child > 0);
  waitpid(child, &result, 0);
  CHECK(WIFEXITED(result) && WEXITSTATUS(result) == 0);
  check_walks(team, 3, 5);
  lrt_threads_destroy(team);
}
typedef struct held {
  lrt_threads *team;
  atomic_int running, release;
} held;

static void hold(void *arg, const lrt_worker *w) {
  held *h = arg;
  lrt_team_barrier(w);
  atomic_store(&h->running, 1);
  while (!atomic_load(&h->release)) usleep(100);
}

static void *hold_team(void *arg) {
  held *h = arg;
  lrt_team_run(h->team, hold, h, true);
  return NULL;
}

static void child_of_fork_during_a_run_finds_the_team_free(void) {
  held h = {.team = NULL};
  pthread_t holder;
  int result = -1;
  REQUIRE(create_rigid(2, &h.team) == LRT_OK);
  REQUIRE(pthread_create(&holder, NULL, hold_team, &h) == 0);
  while (!atomic_load(&h.running)) usleep(100);
  const pid_t child = fork();
  if (child == 0) {
    check_failures = 0;
    check_walks(h.team, 2, 5);
    lrt_threads_destroy(h.team);
    _exit(check_failures == 0 ? 0 : 1);
  }
  waitpid(child, &result, 0);
  atomic_store(&h.release, 1);
  pthread_join(holder, NULL);
  CHECK(WIFEXITED(result) && WEXITSTATUS(result) == 0);
  check_walks(h.team, 2, 5);
  lrt_threads_destroy(h.team);
}
#endif

int main(int argc, char **argv) {
  RUN(every_worker_takes_part_once);
  RUN(sleeping_workers_wake);
  RUN(shared_teams_are_one_per_count);
  RUN(odd_counts_are_refused);
  RUN(several_callers_take_turns);
  RUN(nested_runs_are_alone);
  RUN(busy_team_can_be_passed_by);
  RUN(workers_get_no_signals);
#if defined(__SSE__)
  RUN(workers_compute_like_the_caller);
#endif
  RUN(stalled_workers_rest_and_come_back);
  RUN(competing_load_shrinks_a_team);
  RUN(more_teams_than_cores);
#ifndef UNDER_TSAN
  if (getenv("LRT_EMULATED") == NULL) {
    RUN(child_of_fork_gets_new_threads);
    RUN(child_of_fork_during_a_run_finds_the_team_free);
  } else {
    printf("skipped child_of_fork cases: qemu-user cannot start threads in a forked child\n");
  }
#endif
  DONE();
}
