/* test_team.c: runs on teams of all sizes: who takes part, barriers, several callers, nesting, fork. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/team.h"
#include "check.h"

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

static void every_worker_takes_part_once(void) {
  for (int count = 1; count <= MOST; count++) {
    lrt_threads *team = NULL;
    REQUIRE(lrt_threads_create(count, &team, NULL) == LRT_OK);
    CHECK_INT(lrt_threads_count(team), count);
    check_walks(team, count, count <= 2 ? 300 : 40);
    lrt_threads_destroy(team);
  }
  check_walks(NULL, 1, 3);
}

static void sleeping_workers_wake(void) {
  lrt_threads *team = NULL;
  REQUIRE(lrt_threads_create(3, &team, NULL) == LRT_OK);
  for (int i = 0; i < 10; i++) {
    check_walks(team, 3, 1);
    usleep(2000);
  }
  lrt_threads_destroy(team);
}

static void shared_teams_are_one_per_count(void) {
  lrt_threads *a = NULL, *b = NULL, *c = NULL, *own = NULL;
  REQUIRE(lrt_threads_shared(2, &a, NULL) == LRT_OK && lrt_threads_shared(2, &b, NULL) == LRT_OK);
  REQUIRE(lrt_threads_shared(3, &c, NULL) == LRT_OK && lrt_threads_create(2, &own, NULL) == LRT_OK);
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
  REQUIRE(lrt_threads_shared(3, &team, NULL) == LRT_OK);
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
  REQUIRE(lrt_threads_create(4, &o.team, NULL) == LRT_OK);
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
  REQUIRE(lrt_threads_create(2, &o.team, NULL) == LRT_OK);
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
  REQUIRE(lrt_threads_create(3, &team, NULL) == LRT_OK);
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
  REQUIRE(lrt_threads_create(2, &team, NULL) == LRT_OK);
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

#ifndef UNDER_TSAN /* it cannot start threads in the child of a process with several */
static void child_of_fork_gets_new_threads(void) {
  lrt_threads *team = NULL;
  int result = -1;
  REQUIRE(lrt_threads_shared(3, &team, NULL) == LRT_OK);
  check_walks(team, 3, 5);
  const pid_t child = fork();
  if (child == 0) {
    check_failures = 0;
    check_walks(team, 3, 5);
    lrt_threads *again = NULL;
    CHECK(lrt_threads_shared(3, &again, NULL) == LRT_OK && again == team);
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
  REQUIRE(lrt_threads_create(2, &h.team, NULL) == LRT_OK);
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
