/* team_health.h: notices workers that the system does not run while a team waits for them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_TEAM_HEALTH_H
#define LRT_BASE_TEAM_HEALTH_H

#include <stdbool.h>

/* One worker's times in seconds, written by itself while a run lasts. */
typedef struct lrt_worker_time {
  _Alignas(64) double parked; /* asleep in this run, waiting for others */
  double before;              /* processor time of its thread when it joined the run */
  double busy;                /* processor time spent in this run */
  double lost;                /* neither busy nor waiting: kept off its core */
  double busy_sum, lost_sum;  /* of the runs under observation */
} lrt_worker_time;

/* Runs are observed over windows of time; team_health.c has the rule. Moments are of lrt_clock_seconds. */
typedef struct lrt_team_health {
  double began;    /* the present run */
  double observed; /* seconds of the runs under observation */
  int runs;        /* their number */
  double rate; /* of the team that has just become smaller: processor seconds per second; 0 = not on trial */
  double back_at;      /* when a resting worker may come back */
  double rest;         /* how long the next one rests */
  double shrink_after; /* a trial has failed: no other before */
  double patience;     /* how long after the next failed one */
  bool probation;      /* a worker has come back in this window */
} lrt_team_health;

typedef enum lrt_team_verdict { LRT_TEAM_KEEP = 0, LRT_TEAM_RETIRE, LRT_TEAM_RECALL } lrt_team_verdict;

void lrt_team_health_reset(lrt_team_health *health, lrt_worker_time *times, int count);
/* Worker 0, before the others start. */
void lrt_team_health_begin(lrt_team_health *health);
/* Each worker, when it joins the run and when it has nothing left to do. */
void lrt_worker_time_join(lrt_worker_time *time);
void lrt_worker_time_leave(const lrt_team_health *health, lrt_worker_time *time);
/* Worker 0, after a run of `count` workers. RETIRE: *worker (>= 1) rests from now on; RECALL: one that rests comes
 * back. */
lrt_team_verdict lrt_team_health_judge(lrt_team_health *health, lrt_worker_time *times, int count,
                                       int resting, int *worker);

#endif
