/* team_health.c: how much of the runs each worker was kept off its core, and what follows from it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/team_health.h"

#include <time.h>

#include "base/clock.h"

/* A window is long enough that one slice of somebody else's (3 to 10 ms) does not decide. */
#define WINDOW_SECONDS 0.05
#define WINDOW_RUNS 4
/* Rests, and pauses after failed trials, double each time up to a bound. */
#define SHORTEST 0.2
#define LONGEST 6.4

static double thread_seconds(void) {
  struct timespec used = {0, 0};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

static double doubled(double seconds) {
  return seconds < LONGEST ? 2 * seconds : seconds;
}

static void new_window(lrt_team_health *health, lrt_worker_time *times, int count) {
  health->observed = 0;
  health->runs = 0;
  health->probation = false;
  for (int i = 0; i < count; i++) times[i].busy_sum = times[i].lost_sum = 0;
}

void lrt_team_health_reset(lrt_team_health *health, lrt_worker_time *times, int count) {
  *health = (lrt_team_health){.rest = SHORTEST, .patience = SHORTEST};
  new_window(health, times, count);
}

void lrt_team_health_begin(lrt_team_health *health) {
  health->began = lrt_clock_seconds();
}

void lrt_worker_time_join(lrt_worker_time *time) {
  time->parked = 0;
  time->before = thread_seconds();
}

void lrt_worker_time_leave(const lrt_team_health *health, lrt_worker_time *time) {
  time->busy = thread_seconds() - time->before;
  const double lost = lrt_clock_seconds() - health->began - time->busy - time->parked;
  time->lost = lost > 0 ? lost : 0;
}

/* A team of n that is held up for the share s of its time does as much as n - 1 that are not when s = 1/n. Stalls of
 * worker 0 count: it has more of its core when the team is smaller. 0 = no worker is to blame for half of that. */
static int find_stalled(const lrt_team_health *health, const lrt_worker_time *times, int count) {
  const double share = count < 4 ? 1.0 / count : 0.25;
  int worst = 1;
  double all = 0;
  for (int i = 0; i < count; i++) {
    all += times[i].lost_sum;
    if (i > 1 && times[i].lost_sum > times[worst].lost_sum) worst = i;
  }
  if (count < 2 || all < share * health->observed) return 0;
  return 2 * times[worst].lost_sum > share * health->observed ? worst : 0;
}

/* Among many strangers a second thread also gets a second share of the machine, which may be worth its stalls: a smaller
 * team stays only if it gets as much processor time out of a second as the larger one did. */
static lrt_team_verdict decide(lrt_team_health *health, const lrt_worker_time *times, int count, int resting,
                               double now, int *worker) {
  double busy = 0;
  for (int i = 0; i < count; i++) busy += times[i].busy_sum;
  const double rate = busy / health->observed, before = health->rate;
  health->rate = 0;
  if (before > 0) {
    if (rate < before) {
      health->shrink_after = now + health->patience;
      health->patience = doubled(health->patience);
      return LRT_TEAM_RECALL;
    }
    health->patience = SHORTEST;
  }
  *worker = now >= health->shrink_after ? find_stalled(health, times, count) : 0;
  if (*worker > 0) {
    if (health->probation) health->rest = doubled(health->rest);
    health->rate = rate;
    health->back_at = now + health->rest;
    return LRT_TEAM_RETIRE;
  }
  if (resting == 0) health->rest = SHORTEST;
  if (resting == 0 || now < health->back_at) return LRT_TEAM_KEEP;
  health->back_at = now + health->rest;
  return LRT_TEAM_RECALL;
}

lrt_team_verdict lrt_team_health_judge(lrt_team_health *health, lrt_worker_time *times, int count,
                                       int resting, int *worker) {
  const double now = lrt_clock_seconds();
  health->observed += now - health->began;
  health->runs++;
  for (int i = 0; i < count; i++) {
    times[i].busy_sum += times[i].busy;
    times[i].lost_sum += times[i].lost;
  }
  if (health->observed < WINDOW_SECONDS || health->runs < WINDOW_RUNS) return LRT_TEAM_KEEP;
  const lrt_team_verdict verdict = decide(health, times, count, resting, now, worker);
  new_window(health, times, count + resting);
  health->probation = verdict == LRT_TEAM_RECALL;
  return verdict;
}
